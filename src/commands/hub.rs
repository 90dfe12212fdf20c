//! Which IoT Hub a command calls, and as whom: from flags, variables, or the `az` that is logged in.

use super::Context;
use super::input::parse_seconds;
use crate::azure::{Credential, Hub, HubHost, Patience, entra_token};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{ConnectionString, Proof};
use crate::net::Proxies;
use crate::solution::Variables;
use std::time::Duration;

const VARIABLE: &str = "IOTHUB_CONNECTION_STRING";

/// How a hub is called.
#[derive(Debug, clap::Args)]
pub(super) struct HubArgs {
    /// Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]
    ///
    /// Other people on this machine can read a command line: the variable, in the environment or in `.env`, is safer.
    /// Without either, `az account get-access-token` is asked for a token.
    #[arg(long, value_name = "TEXT")]
    hub_connection_string: Option<String>,
    /// How long the hub may take to answer [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    timeout: Option<f64>,
}

/// A connection string and whether the flag gave it.
struct Given {
    text: ConnectionString,
    is_flag: bool,
}

impl HubArgs {
    /// Prepares calls to the hub that `named` names, or else the connection string.
    pub(super) fn open(&self, cx: &Context, variables: &Variables, named: Option<&str>) -> Outcome<Hub> {
        let named = named.map(parse_host).transpose()?;
        let given = self.connection_string(variables)?;
        let (host, credential) = match (named, given) {
            (named, Some(given)) => {
                let host = parse_host(&given.text.host_name)?;
                match named.filter(|named| *named != host) {
                    None => (host, credential_of(given.text)?),
                    Some(named) if given.is_flag => {
                        return Err(Failure::usage(format!(
                            "`--hub` is `{named}`, and the connection string is of `{host}`"
                        ))
                        .hint("leave `--hub` out, or pass the connection string of that hub"));
                    }
                    // A variable for every day doesn't stop anybody from naming another hub.
                    Some(named) => (named, self.entra(cx)?),
                }
            }
            (Some(named), None) => (named, self.entra(cx)?),
            (None, None) => return Err(no_hub()),
        };
        let proxies = Proxies::of(cx.environment());
        let proxy = proxies.find(host.name(), host.port()).or_fail(Kind::Request, || "cannot use the proxy");
        let proxy = proxy.map_err(|failure| failure.hint("correct the variable, or name the hub in `NO_PROXY`"))?;
        if let Some(proxy) = proxy {
            cx.ui().detail(format!("calling `{host}` through the proxy `{}`", proxy.address()));
        }
        let ui = *cx.ui();
        let told = move |waiting: &crate::azure::Waiting| {
            ui.warn(format!("{}; trying again in {} s", waiting.why, waiting.pause.as_secs()));
        };
        Ok(Hub::new(host, credential, proxy.cloned(), self.patience(), cx.clock(), told)?)
    }

    fn connection_string(&self, variables: &Variables) -> Outcome<Option<Given>> {
        let is_flag = self.hub_connection_string.is_some();
        let text = self.hub_connection_string.as_deref().or_else(|| variables.setting(VARIABLE));
        let Some(text) = text else { return Ok(None) };
        let (kind, source) = if is_flag { (Kind::Usage, "--hub-connection-string") } else { (Kind::Request, VARIABLE) };
        let parsed = ConnectionString::parse(text.trim_matches(['"', '\'']));
        let parsed = parsed.or_fail(kind, || format!("`{source}` holds no connection string of a hub"));
        let remedy = "copy it from `az iot hub connection-string show --hub-name NAME`";
        let text = parsed.map_err(|failure| failure.hint(remedy))?;
        if text.identity.is_some() {
            return Err(Failure::new(kind, format!("`{source}` is the connection string of a device, not of a hub"))
                .hint(remedy));
        }
        Ok(Some(Given { text, is_flag }))
    }

    fn entra(&self, cx: &Context) -> Outcome<Credential> {
        cx.ui().detail("asking `az account get-access-token` for a token");
        cx.block_on(async { Ok(Credential::Bearer(entra_token().await?)) })
    }

    fn patience(&self) -> Patience {
        let usual = Patience::default();
        match self.timeout {
            None => usual,
            Some(seconds) => {
                let answer = Duration::from_secs_f64(seconds.clamp(0.1, 3600.0));
                Patience { answer, connect: usual.connect.min(answer), ..usual }
            }
        }
    }
}

fn parse_host(text: &str) -> Outcome<HubHost> {
    let parsed = HubHost::parse(text).map_err(Failure::usage);
    parsed.map_err(|failure| failure.hint("name it as `NAME.azure-devices.net`"))
}

fn credential_of(text: ConnectionString) -> Outcome<Credential> {
    match (text.proof, text.policy) {
        (Proof::Key(key), Some(name)) => Ok(Credential::Policy { name, key }),
        (Proof::Token(token), _) => Ok(Credential::Token(token)),
        _ => Err(Failure::request("the connection string of the hub has no key of a policy")
            .hint("copy it from `az iot hub connection-string show --hub-name NAME`")),
    }
}

fn no_hub() -> Failure {
    Failure::usage("no IoT Hub is named").hint(format!(
        "set `{VARIABLE}` in the environment or in `.env`, or pass `--hub NAME.azure-devices.net` when `az` is logged in"
    ))
}
