//! What a client says of itself before AMQP begins (protocol.md §5.1).

use fe2o3_amqp_types::sasl::{SaslCode, SaslInit, SaslMechanisms, SaslOutcome};
use serde_amqp::primitives::{Array, Symbol};

use crate::edgehub::Credential;
use crate::identity::{DeviceId, Identity, ModuleId};

/// The mechanisms that are offered, what most clients take first.
const MECHANISMS: [&str; 4] = ["MSSBCBS", "ANONYMOUS", "PLAIN", "EXTERNAL"];

/// Who wants to be let in and how it proves itself; to be proved by the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who it says it is.
    pub identity: Identity,
    /// What proves it.
    pub credential: Credential,
}

/// How a client wants to prove who it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Later, by a token to `$cbs`.
    Later,
    /// Now.
    Now(Login),
    /// In a way that nobody can be let in by; why, for the log.
    Hopeless(String),
}

pub(super) fn mechanisms() -> SaslMechanisms {
    SaslMechanisms { sasl_server_mechanisms: Array::from(MECHANISMS.map(Symbol::from).to_vec()) }
}

pub(super) fn outcome(code: SaslCode) -> SaslOutcome {
    SaslOutcome { code, additional_data: None }
}

/// Reads a client's choice.
///
/// A client certificate (EXTERNAL) is not asked for, so whoever relies on one still needs a token.
pub(super) fn choose(init: &SaslInit) -> Choice {
    match init.mechanism.as_str() {
        "ANONYMOUS" | "MSSBCBS" | "EXTERNAL" => Choice::Later,
        "PLAIN" => match init.initial_response.as_ref().and_then(|response| parse_plain(response)) {
            Some(login) => Choice::Now(login),
            None => Choice::Hopeless(
                "the user name of SASL PLAIN has not the form `device@sas.hub` or `device/modules/module@sas.hub`"
                    .to_owned(),
            ),
        },
        // Its name is the client's text, which can be long.
        _ => Choice::Hopeless("the SASL mechanism is none of those offered".to_owned()),
    }
}

/// Reads `authzid NUL user NUL password`. The hub behind the `@` is not compared, as it is not for MQTT.
fn parse_plain(response: &[u8]) -> Option<Login> {
    let mut fields = response.splitn(3, |byte| *byte == 0).skip(1);
    let user = std::str::from_utf8(fields.next()?).ok()?;
    let password = std::str::from_utf8(fields.next()?).ok()?;
    let (name, _hub) = user.rsplit_once('@')?;
    let identity = match name.split_once("/modules/") {
        None => Identity::of_device(DeviceId::parse(name).ok()?),
        Some((device, module)) => Identity::of_module(DeviceId::parse(device).ok()?, ModuleId::parse(module).ok()?),
    };
    Some(Login { identity, credential: Credential::Sas(password.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(mechanism: &str, response: &str) -> SaslInit {
        SaslInit {
            mechanism: Symbol::from(mechanism),
            initial_response: Some(response.as_bytes().to_vec().into()),
            hostname: None,
        }
    }

    #[test]
    fn plain_names_a_device_or_a_module() {
        // protocol.md §5.1
        let named = |user: &str| match choose(&init("PLAIN", &format!("\0{user}\0token"))) {
            Choice::Now(login) => login.identity.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(named("d1@sas.hub"), "d1");
        assert_eq!(named("d1/modules/m@sas.hub"), "d1/m");
        assert_eq!(named("a@b@hub"), "a@b");
    }

    #[test]
    fn what_proves_nothing_now_is_proved_later() {
        // protocol.md §0.14
        for mechanism in ["ANONYMOUS", "MSSBCBS", "EXTERNAL"] {
            assert_eq!(choose(&init(mechanism, "")), Choice::Later);
        }
    }

    #[test]
    fn other_users_and_mechanisms_are_hopeless() {
        for (mechanism, response) in
            [("PLAIN", ""), ("PLAIN", "\0d1\0x"), ("PLAIN", "\0iothubowner@sas.root.h"), ("X", "")]
        {
            assert!(matches!(choose(&init(mechanism, response)), Choice::Hopeless(_)), "{mechanism} {response}");
        }
    }
}
