//! The proxy that the environment names, and the way through it (`CONNECT`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::HubHost;
use crate::environment::Environment;

/// The longest head of an answer that is read from a proxy.
const LONGEST_HEAD: usize = 16 * 1024;

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `host:port`.
    address: String,
    /// `user:password`. A secret.
    login: Option<String>,
}

/// A variable names a proxy that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no proxy of the form `http://host:port`")]
pub struct ProxyError(pub &'static str);

/// The first that is set counts.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

impl Proxy {
    /// Returns the proxy that the environment names for this hub, if any.
    pub fn for_hub(environment: &Environment, host: &HubHost) -> Result<Option<Self>, ProxyError> {
        let set = |name: &str| environment.get(name).map(str::trim).filter(|value| !value.is_empty());
        let except = ["NO_PROXY", "no_proxy"].into_iter().find_map(set).unwrap_or_default();
        if is_excepted(host.name(), except) {
            return Ok(None);
        }
        let Some((name, text)) = VARIABLES.into_iter().find_map(|name| Some((name, set(name)?))) else {
            return Ok(None);
        };
        Self::parse(text).map(Some).ok_or(ProxyError(name))
    }

    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let (login, address) = match rest.rsplit_once('@') {
            Some((login, address)) => (Some(percent_decode_str(login).decode_utf8().ok()?.into_owned()), address),
            None => (None, rest),
        };
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
        let is_usable = !host.is_empty() && !host.contains(['/', ' ']) && port.parse::<u16>().is_ok();
        is_usable.then(|| Self { address: format!("{host}:{port}"), login })
    }

    /// Returns `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks for a way to the hub; afterwards the stream leads there.
    pub(super) async fn connect<S>(&self, stream: &mut S, host: &HubHost) -> Result<(), String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let target = format!("{}:{}", host.name(), host.port());
        let login =
            self.login.as_ref().map(|login| format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(login)));
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", login.unwrap_or_default());
        stream.write_all(head.as_bytes()).await.map_err(|error| error.to_string())?;
        let head = read_head(stream).await?;
        let status = head.split_whitespace().nth(1).unwrap_or_default();
        match status {
            "200" => Ok(()),
            "407" => Err("it wants a login; write it as `http://USER:PASSWORD@HOST:PORT`".to_owned()),
            _ => Err(format!("it answered `{}`", head.lines().next().unwrap_or_default().trim())),
        }
    }
}

/// Leaves the login out.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Byte by byte: what follows the head belongs to TLS.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<String, String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST_HEAD {
            return Err("its answer has no end".to_owned());
        }
        head.push(stream.read_u8().await.map_err(|_| "it closed the connection".to_owned())?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// `NO_PROXY`: names and suffixes of names, with commas between; `*` is everything.
fn is_excepted(host: &str, except: &str) -> bool {
    except.split(',').map(|name| name.trim().trim_start_matches("*.").trim_start_matches('.')).any(|name| {
        let name = name.to_ascii_lowercase();
        name == "*" || (!name.is_empty() && (host == name || host.ends_with(&format!(".{name}"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<Option<String>, ProxyError> {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let host = HubHost::parse("factory").expect("a host");
        Proxy::for_hub(&pairs.collect(), &host).map(|proxy| proxy.map(|proxy| proxy.address().to_owned()))
    }

    #[test]
    fn the_environment_names_the_proxy_and_who_is_reached_without() {
        assert_eq!(found(&[]), Ok(None));
        assert_eq!(found(&[("HTTPS_PROXY", "http://proxy:3128/")]), Ok(Some("proxy:3128".to_owned())));
        assert_eq!(found(&[("https_proxy", "proxy")]), Ok(Some("proxy:80".to_owned())));
        assert_eq!(found(&[("ALL_PROXY", "socks5://proxy:1080")]), Err(ProxyError("ALL_PROXY")));
        for except in ["*", "azure-devices.net", "a, .azure-devices.net", "factory.azure-devices.net", "*.net"] {
            assert_eq!(found(&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", except)]), Ok(None), "{except}");
        }
        let other = [("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "devices.net,other")];
        assert_eq!(found(&other), Ok(Some("p:1".to_owned())));
    }

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let proxy = Proxy::parse("http://me:p%40ss@proxy:3128").expect("a proxy");
        assert_eq!(proxy.login.as_deref(), Some("me:p@ss"));
        assert_eq!(format!("{proxy:?}"), "Proxy { address: \"proxy:3128\", .. }");
    }
}
