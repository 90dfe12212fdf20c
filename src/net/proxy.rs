//! The proxy that the environment names, who is reached without, and the way through it (`CONNECT`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::environment::Environment;

/// The longest head of an answer that is read from a proxy.
const LONGEST_HEAD: usize = 16 * 1024;

/// What the environment says of proxies for TLS; by default, that there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    named: Option<Result<Proxy, ProxyError>>,
    except: String,
}

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

impl Proxies {
    /// Reads the variables; one that names no proxy is told where it would be used.
    pub fn of(environment: &Environment) -> Self {
        let set = |name: &str| environment.get(name).map(str::trim).filter(|value| !value.is_empty());
        let except = ["NO_PROXY", "no_proxy"].into_iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
        let found = VARIABLES.into_iter().find_map(|name| Some((name, set(name)?)));
        Self { named: found.map(|(name, text)| Proxy::parse(text).ok_or(ProxyError(name))), except }
    }

    /// Returns the proxy for a host, if there is one. This machine is always reached without.
    pub fn find(&self, host: &str, port: u16) -> Result<Option<&Proxy>, ProxyError> {
        match &self.named {
            Some(named) if !is_here(host) && !is_excepted(&host.to_ascii_lowercase(), port, &self.except) => {
                named.as_ref().map(Some).map_err(|error| *error)
            }
            _ => Ok(None),
        }
    }
}

impl Proxy {
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

    /// Asks for a way to `host:port`; afterwards the stream leads there.
    ///
    /// # Errors
    ///
    /// Why the proxy has none, in its words.
    pub async fn connect<S>(&self, stream: &mut S, target: &str) -> Result<(), String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
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

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// `NO_PROXY`: names and suffixes of names, addresses and blocks of them, each perhaps with a port, with commas between;
/// `*` is everything.
fn is_excepted(host: &str, port: u16, except: &str) -> bool {
    except.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, only) = match entry.rsplit_once(':') {
            Some((name, only)) if !name.contains(':') => (name, only.parse().ok()),
            _ => (entry, None),
        };
        let name = name.trim_start_matches("*.").trim_start_matches('.');
        let is_name = name == "*" || host == name || host.ends_with(&format!(".{name}")) || is_in_block(host, name);
        is_name && only.is_none_or(|only: u16| only == port)
    })
}

/// Says whether an address is in a block such as `10.0.0.0/8`.
fn is_in_block(host: &str, block: &str) -> bool {
    let Some((first, length)) = block.split_once('/') else { return false };
    let (Ok(host), Ok(first), Ok(length)) =
        (host.parse::<Ipv4Addr>(), first.parse::<Ipv4Addr>(), length.parse::<u32>())
    else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
    (u32::from(host) ^ u32::from(first)) & mask == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<Option<String>, ProxyError> {
        found_for("factory.azure-devices.net", variables)
    }

    fn found_for(host: &str, variables: &[(&str, &str)]) -> Result<Option<String>, ProxyError> {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let proxies = Proxies::of(&pairs.collect());
        proxies.find(host, 443).map(|proxy| proxy.map(|proxy| proxy.address().to_owned()))
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
    fn addresses_and_ports_are_excepted_as_go_has_it() {
        let cases = [
            ("10.1.2.3", "10.0.0.0/8", false),
            ("11.1.2.3", "10.0.0.0/8", true),
            ("10.1.2.3", "10.1.2.3", false),
            ("10.1.2.3", "0.0.0.0/0", false),
            ("10.1.2.3", "10.0.0.0/99", true),
            ("registry.io", "registry.io:443", false),
            ("registry.io", "Registry.io:5000", true),
            ("localhost", "", false),
            ("127.1.2.3", "", false),
            ("::1", "", false),
        ];
        for (host, except, proxied) in cases {
            let found = found_for(host, &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", except)]).expect("a proxy is named");
            assert_eq!(found.is_some(), proxied, "{host} with {except}");
        }
    }

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let proxy = Proxy::parse("http://me:p%40ss@proxy:3128").expect("a proxy");
        assert_eq!(proxy.login.as_deref(), Some("me:p@ss"));
        assert_eq!(format!("{proxy:?}"), "Proxy { address: \"proxy:3128\", .. }");
    }
}
