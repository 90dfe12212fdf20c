//! How a module proves who it is: tokens, signed by the workload API or with a key at hand.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;

use super::message::encode;
use super::settings::Settings;
use super::workload::Workload;

/// How long a token is good for.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// Where signatures and the certificates to trust come from.
#[derive(PartialEq, Eq)]
pub enum Credentials {
    /// The workload API, which keeps the key to itself.
    Workload(Workload),
    /// A key and a file of certificates.
    Key { key: Vec<u8>, ca_file: PathBuf },
}

impl Credentials {
    /// Returns the certificates to trust, as PEM text.
    pub fn trust_bundle(&self) -> io::Result<String> {
        match self {
            Self::Workload(workload) => workload.trust_bundle(),
            Self::Key { ca_file, .. } => std::fs::read_to_string(ca_file).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("cannot read `{}`: {error}", ca_file.display()),
                )
            }),
        }
    }

    /// Returns the signature over `text`, in base64.
    fn sign(&self, text: &str) -> io::Result<String> {
        match self {
            Self::Workload(workload) => workload.sign(text),
            Self::Key { key, .. } => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key);
                Ok(BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes())))
            }
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Workload(workload) => workload.fmt(f),
            Self::Key { .. } => f.write_str("a key that is not shown"),
        }
    }
}

/// Returns a token that is good for [`LIFETIME`] from `now`.
pub fn token(settings: &Settings, now: SystemTime) -> io::Result<String> {
    let Settings {
        hub,
        device,
        module,
        credentials,
        ..
    } = settings;
    let resource = encode(&format!("{hub}/devices/{device}/modules/{module}"));
    let expiry = (now + LIFETIME)
        .duration_since(UNIX_EPOCH)
        .map_err(io::Error::other)?
        .as_secs();
    let signature = encode(&credentials.sign(&format!("{resource}\n{expiry}"))?);
    Ok(format!(
        "SharedAccessSignature sr={resource}&sig={signature}&se={expiry}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_signed_over_the_resource_and_the_expiry() {
        let settings = Settings {
            hub: "h.example".to_owned(),
            device: "d".to_owned(),
            module: "m 1".to_owned(),
            gateway: "g".to_owned(),
            credentials: Credentials::Key {
                key: b"key".to_vec(),
                ca_file: PathBuf::new(),
            },
        };
        let token = token(&settings, UNIX_EPOCH + Duration::from_secs(1000)).expect("a key signs");
        let expected = "SharedAccessSignature sr=h.example%2Fdevices%2Fd%2Fmodules%2Fm%201&sig=sN8O5lADd7HFT%2Bv8IyoIryRjgEePxZf%2Fesv6riuclmI%3D&se=4600";
        assert_eq!(token, expected);
    }
}
