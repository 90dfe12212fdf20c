//! What a CONNECT packet says about who connects (protocol.md §3.6).

use percent_encoding::percent_decode_str;

use crate::edgehub::{Credential, Session as Kept};
use crate::identity::{AuthChain, DeviceId, Identity, ModuleId, NameError};
use crate::mqtt::packet::Connect;

use super::shown;

/// Who wants to connect and how; to be proved by the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who it says it is.
    pub identity: Identity,
    /// What proves it.
    pub credential: Credential,
    /// Whether its subscriptions are kept.
    pub session: Kept,
    /// The model that it says it has.
    pub model_id: Option<String>,
    /// The SDK that it says it is made with.
    pub client_type: Option<String>,
}

/// Why a CONNECT cannot be let in, whatever its credential; answered with return code 5.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No user name.
    #[error("the user name is missing, expected `hub/device/module/?api-version=…`")]
    NoUsername,
    /// The user name has another form.
    #[error("the user name `{0}` has not the form `hub/device/?api-version=…` or `hub/device/module/?api-version=…`")]
    UsernameForm(String),
    /// The mandatory version is missing.
    #[error("the user name has no `api-version`")]
    NoApiVersion,
    /// A name in it is none.
    #[error("the user name holds a wrong name: {0}")]
    Name(#[from] NameError),
    /// The client id is another.
    #[error("the client id is `{found}`, expected `{expected}` as the user name says")]
    ClientId {
        /// What the client says.
        found: String,
        /// What follows from its user name.
        expected: String,
    },
    /// The password is no text.
    #[error("the password is no UTF-8, expected a SAS token")]
    Password,
    /// An edge hub that speaks for the client shows no token.
    #[error("the user name has an `auth-chain`, and there is no SAS token of the edge hub that speaks")]
    NoActor,
}

/// Reads a CONNECT packet.
pub(super) fn parse(connect: &Connect) -> Result<Login, LoginError> {
    let username = connect.username.as_deref().ok_or(LoginError::NoUsername)?;
    let (path, query) = split_username(username).ok_or_else(|| LoginError::UsernameForm(shown(username)))?;
    if query_value(query, "api-version").is_none() {
        return Err(LoginError::NoApiVersion);
    }
    let identity = parse_identity(path)?.ok_or_else(|| LoginError::UsernameForm(shown(username)))?;
    let expected = identity.to_string();
    if connect.client_id != expected {
        return Err(LoginError::ClientId { found: shown(&connect.client_id), expected });
    }
    Ok(Login {
        identity,
        credential: parse_credential(query, connect.password.as_deref())?,
        session: if connect.clean_session { Kept::Clean } else { Kept::Kept },
        model_id: query_value(query, "model-id"),
        client_type: query_value(query, "DeviceClientType"),
    })
}

/// Parts `hub/d/m/?query`; in an older form the query is the last segment, without a question mark.
fn split_username(username: &str) -> Option<(&str, &str)> {
    if let Some((path, query)) = username.split_once('?') {
        return Some((path.strip_suffix('/').unwrap_or(path), query));
    }
    username.rsplit_once('/').filter(|(_, query)| query.contains("api-version="))
}

/// Reads `hub/d` or `hub/d/m`. The hub's name is not compared with anything, as the real hub does not.
fn parse_identity(path: &str) -> Result<Option<Identity>, NameError> {
    let segments: Vec<&str> = path.splitn(4, '/').collect();
    Ok(match segments[..] {
        [_hub, device] => Some(Identity::of_device(DeviceId::parse(device)?)),
        [_hub, device, module] => Some(Identity::of_module(DeviceId::parse(device)?, ModuleId::parse(module)?)),
        _ => None,
    })
}

/// Reads the password, and for whom else it speaks.
fn parse_credential(query: &str, password: Option<&[u8]>) -> Result<Credential, LoginError> {
    let chain = query_value(query, "auth-chain").map(|chain| AuthChain::parse(&chain)).transpose()?.flatten();
    match (chain, parse_password(password)?) {
        (None, credential) => Ok(credential),
        (Some(chain), Credential::Sas(token)) => Ok(Credential::OnBehalf { chain, token }),
        (Some(_), _) => Err(LoginError::NoActor),
    }
}

fn parse_password(password: Option<&[u8]>) -> Result<Credential, LoginError> {
    match password {
        None | Some([]) => Ok(Credential::None),
        Some(bytes) => {
            let token = std::str::from_utf8(bytes).map_err(|_| LoginError::Password)?;
            Ok(Credential::Sas(token.to_owned()))
        }
    }
}

/// Returns a decoded value; of a key that stands there twice the first counts.
fn query_value(query: &str, name: &str) -> Option<String> {
    let fields = query.split('&').filter_map(|field| field.split_once('='));
    let (_, value) = fields.into_iter().find(|(key, _)| *key == name)?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const PYTHON: &str = "hub.example/d/m/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0\
        %283.11.7%3BLinux%3Bx86_64%3B%29";
    const NODE: &str =
        "hub.example/d/m/?api-version=2021-04-12&DeviceClientType=azure-iot-device%2F1.18.4%20%28node%29";

    fn connect(client_id: &str, username: &str) -> Connect {
        Connect {
            client_id: client_id.to_owned(),
            clean_session: false,
            keep_alive: 60,
            will: None,
            username: Some(username.to_owned()),
            password: Some(Bytes::from_static(b"SharedAccessSignature sr=a&sig=b&se=1")),
        }
    }

    fn refused(client_id: &str, username: &str) -> String {
        parse(&connect(client_id, username)).expect_err(username).to_string()
    }

    #[test]
    fn the_user_names_of_python_and_node_are_understood() {
        let python = parse(&connect("d/m", PYTHON)).expect("Python");
        assert_eq!(python.identity.to_string(), "d/m");
        assert_eq!(python.credential, Credential::Sas("SharedAccessSignature sr=a&sig=b&se=1".into()));
        assert_eq!(python.session, Kept::Kept);
        let sdk = "azure-iot-device-iothub-py/2.14.0(3.11.7;Linux;x86_64;)";
        assert_eq!(python.client_type.as_deref(), Some(sdk));
        let node = parse(&connect("d/m", NODE)).expect("Node");
        assert_eq!(node.client_type.as_deref(), Some("azure-iot-device/1.18.4 (node)"));
    }

    #[test]
    fn a_device_has_three_segments_and_may_name_a_model() {
        let username = "h/d/?api-version=2020-09-30&model-id=dtmi%3Acom%3Ax%3B1&model-id=second";
        let login = parse(&connect("d", username)).expect("a device");
        assert_eq!((login.identity.module, login.model_id.as_deref()), (None, Some("dtmi:com:x;1")));
    }

    #[test]
    fn the_older_user_name_without_question_mark_is_taken() {
        let login = parse(&connect("d/m", "h/d/m/api-version=2016-11-14&DeviceClientType=x")).expect("the old form");
        assert_eq!((login.identity.to_string().as_str(), login.client_type.as_deref()), ("d/m", Some("x")));
    }

    #[test]
    fn no_password_is_no_credential() {
        for password in [None, Some(Bytes::new())] {
            let login = parse(&Connect { password, ..connect("d", "h/d/?api-version=1") }).expect("a device");
            assert_eq!(login.credential, Credential::None);
        }
    }

    #[test]
    fn an_auth_chain_says_that_an_edge_hub_speaks() {
        // protocol.md §3.6
        let below = connect("leaf", "h/leaf/?api-version=1&auth-chain=leaf%3Bline3");
        let login = parse(&below).expect("on behalf");
        let token = "SharedAccessSignature sr=a&sig=b&se=1".to_owned();
        let chain = AuthChain::parse("leaf;line3").expect("a chain").expect("of two");
        assert_eq!(login.identity.to_string(), "leaf");
        assert_eq!(login.credential, Credential::OnBehalf { chain, token: token.clone() });
        let alone = parse(&connect("leaf", "h/leaf/?api-version=1&auth-chain=leaf")).expect("for itself");
        assert_eq!(alone.credential, Credential::Sas(token));
        assert_eq!(parse(&Connect { password: None, ..below }), Err(LoginError::NoActor));
    }

    #[test]
    fn the_client_id_is_the_identity_to_the_letter() {
        let expected = "the client id is `D/m`, expected `d/m` as the user name says";
        assert_eq!(refused("D/m", "h/d/m/?api-version=1"), expected);
        assert_eq!(refused("", "h/d/?api-version=1"), "the client id is ``, expected `d` as the user name says");
    }

    #[test]
    fn a_wrong_user_name_says_what_is_expected() {
        let form = |name: &str| {
            format!(
                "the user name `{name}` has not the form `hub/device/?api-version=…` or \
                 `hub/device/module/?api-version=…`"
            )
        };
        for name in ["h", "h/d/m", "h/?api-version=1", "h/d/m/x/?api-version=1"] {
            assert_eq!(refused("d", name), form(name));
        }
        assert_eq!(refused("d", "h/d/?DeviceClientType=x"), "the user name has no `api-version`");
        assert_eq!(
            refused("d", "h/d//?api-version=1"),
            "the user name holds a wrong name: a name needs at least one character"
        );
        assert_eq!(
            refused("d", "h/d/?api-version=1&auth-chain=%3B"),
            "the user name holds a wrong name: a name needs at least one character"
        );
        let pasted = "HostName=h;DeviceId=d;SharedAccessKey=AAECAw==";
        assert_eq!(refused("d", pasted), form("(hidden, since it seems to hold a secret)"));
        let long = format!("h/{}", "x".repeat(300));
        assert_eq!(refused("d", &long), form(&format!("{}…", &long[..200])));
    }
}
