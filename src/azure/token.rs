//! A token of Microsoft Entra ID, from the `az` that is installed and logged in.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::failure::Failure;

/// `az` starts slowly, and may ask the network for a new token.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not installed.
    #[error("there is no connection string, and `az` is not installed")]
    NoAz,
    /// It cannot be started.
    #[error("`az` cannot be started: {0}")]
    Start(String),
    /// It takes too long.
    #[error("`az account get-access-token` did not end within {} s", PATIENCE.as_secs())]
    TimedOut,
    /// It has no token for us, in its own words.
    #[error("`az account get-access-token` has no token: {0}")]
    Refused(String),
}

/// Asks `az` for a token for the data of IoT hubs.
pub async fn entra_token() -> Result<String, TokenError> {
    let mut command = Command::new("az");
    command.args(["account", "get-access-token", "--resource", "https://iothubs.azure.net"]);
    command.args(["--query", "accessToken", "--output", "tsv"]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.map_err(|_| TokenError::TimedOut)?;
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => TokenError::NoAz,
        _ => TokenError::Start(error.to_string()),
    })?;
    let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if output.status.success() && is_token {
        return Ok(token);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().map(str::trim).find(|line| !line.is_empty());
    Err(TokenError::Refused(first.unwrap_or("it said nothing").to_owned()))
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let failure = Failure::request(&error);
        match error {
            TokenError::NoAz => failure.hint(
                "set `IOTHUB_CONNECTION_STRING` in the environment or in `.env`, or install the Azure CLI and run `az \
                 login`",
            ),
            TokenError::Refused(_) => failure.hint("run `az login`, or set `IOTHUB_CONNECTION_STRING`"),
            TokenError::Start(_) | TokenError::TimedOut => failure.hint("set `IOTHUB_CONNECTION_STRING` instead"),
        }
    }
}
