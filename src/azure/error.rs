//! Every way in which a hub refuses or cannot be reached, in words with a way out (protocol.md §12.1).

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::call::{Answer, Call, Subject};
use super::host::HubHost;
use crate::failure::Failure;

/// The clocks of hub and machine may differ by this much before it is worth a word.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Why a call to a hub came to nothing. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AzureError {
    /// This machine trusts no authority at all.
    #[error("this machine has no certificates of authorities that it trusts: {0}")]
    NoRoots(String),
    /// There is no such host.
    #[error("there is no host `{host}`: {why}")]
    NoSuchHost {
        /// The host.
        host: String,
        /// The resolver's words.
        why: String,
    },
    /// Nobody listens there, or a firewall is between.
    #[error("cannot connect to `{host}`: {why}")]
    Connect {
        /// The host.
        host: String,
        /// The system's words.
        why: String,
    },
    /// The proxy does not let us through.
    #[error("the proxy `{proxy}` does not connect to the hub: {why}")]
    Proxy {
        /// The proxy, without its login.
        proxy: String,
        /// What it said.
        why: String,
    },
    /// The certificate is not one of that host, or of no authority that this machine trusts.
    #[error("the certificate of `{host}` is not trusted: {why}")]
    Untrusted {
        /// The host.
        host: String,
        /// The TLS library's words.
        why: String,
    },
    /// The connection ended before the answer did.
    #[error("the connection to `{host}` broke off before the answer")]
    Cut {
        /// The host.
        host: String,
    },
    /// No answer came.
    #[error("`{host}` did not answer within {} s", waited.as_secs_f64())]
    NoAnswer {
        /// The host.
        host: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The answer is not what the hub's API promises.
    #[error("`{host}` does not answer like an IoT Hub: {what}")]
    NotAHub {
        /// The host.
        host: String,
        /// What was wrong with it.
        what: String,
    },
    /// The hub understood and said no.
    #[error("{0}")]
    Refused(Box<Refusal>),
}

/// What a hub said no to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The hub's name for the error, such as `DeviceNotFound`; empty if it gave none.
    pub code: String,
    /// The hub's own sentence; empty if it gave none.
    pub text: String,
    host: HubHost,
    subject: Subject,
    /// How much later it is here than at the hub, in seconds, if that is worth a word.
    clock_ahead: Option<i64>,
}

/// What a hub means by a refusal, and what to do; `{host}`, `{subject}` and `{status}` are those of the call.
struct Meaning {
    by: Sign,
    message: &'static str,
    hint: &'static str,
}

/// What a meaning is known by.
enum Sign {
    Code(&'static str),
    Status(RangeInclusive<u16>),
}

/// What a status means that has no other meaning.
const OTHER_STATUS: (&str, &str) =
    ("`{host}` refused with status {status}", "see what it says, or ask for more with `--verbose`");

/// The first one that fits counts; 401 and 404 have words of their own.
const MEANINGS: [Meaning; 9] = [
    Meaning {
        by: Sign::Code("IotHubQuotaExceeded"),
        message: "`{host}` has used up its messages of today",
        hint: "wait for midnight UTC, or add units to the hub",
    },
    Meaning {
        by: Sign::Code("TooManyModulesOnDevice"),
        message: "the device has more modules than a hub allows (50)",
        hint: "take modules out of the deployment",
    },
    Meaning {
        by: Sign::Status(400..=400),
        message: "`{host}` does not take what it was sent",
        hint: "mend what it says, or look for it with `edgectl deploy --check`",
    },
    Meaning {
        by: Sign::Status(403..=403),
        message: "`{host}` does not permit this",
        hint: "use a policy that may write to the registry (`iothubowner`, `registryReadWrite`) or the role `IoT Hub \
               Data Contributor`, and see that the hub's IP filter lets this machine in",
    },
    Meaning {
        by: Sign::Status(409..=409),
        message: "{subject} exists already, or the hub has as many deployments as it may have",
        hint: "see `edgectl deployment list --hub {host}`",
    },
    Meaning {
        by: Sign::Status(412..=412),
        message: "somebody changed {subject} in the meantime",
        hint: "see what it is now, and run the same command again",
    },
    Meaning {
        by: Sign::Status(413..=413),
        message: "the manifest is larger than a hub takes",
        hint: "shorten it: the desired properties of each module may have 32 KB",
    },
    Meaning {
        by: Sign::Status(429..=429),
        message: "`{host}` is busy: more calls came than its size allows",
        hint: "wait a minute and run the same command again",
    },
    Meaning {
        by: Sign::Status(500..=u16::MAX),
        message: "`{host}` has a problem of its own (status {status})",
        hint: "run the same command again later; https://status.azure.com tells of outages",
    },
];

impl Meaning {
    fn is_of(&self, refusal: &Refusal) -> bool {
        match &self.by {
            Sign::Code(code) => refusal.code == *code,
            Sign::Status(statuses) => statuses.contains(&refusal.status),
        }
    }
}

impl Refusal {
    pub(super) fn of(answer: &Answer, call: &Call, host: &HubHost, unix: Duration) -> Self {
        let (code, text) = read_message(&answer.body);
        let code = answer.error_code.clone().or(code).unwrap_or_default();
        let ahead = answer.date.map(|date| unix.as_secs() as i64 - date.as_secs() as i64);
        let clock_ahead = ahead.filter(|ahead| ahead.unsigned_abs() > CLOCK_TOLERANCE.as_secs());
        let (host, subject) = (host.clone(), call.subject.clone());
        Self { status: answer.status, code, text, host, subject, clock_ahead }
    }

    /// What it means and what to do about it.
    fn words(&self) -> (String, String) {
        match self.status {
            401 => return self.words_of_401(),
            404 => return self.words_of_404(),
            _ => {}
        }
        let meaning = MEANINGS.iter().find(|meaning| meaning.is_of(self));
        let (message, hint) = meaning.map_or(OTHER_STATUS, |meaning| (meaning.message, meaning.hint));
        (self.filled_in(message), self.filled_in(hint))
    }

    /// Puts this call's host, subject and status into the words of a table.
    fn filled_in(&self, words: &str) -> String {
        let words = words.replace("{host}", &self.host.to_string()).replace("{subject}", &self.subject.to_string());
        words.replace("{status}", &self.status.to_string())
    }

    fn words_of_401(&self) -> (String, String) {
        let message = format!("`{}` does not accept the proof of who is calling", self.host);
        let hint = match self.clock_ahead {
            Some(_) => "set this machine's clock: a token is made for the time that it shows".to_owned(),
            None => format!(
                "copy the connection string anew: `az iot hub connection-string show --hub-name {} --policy-name \
                 iothubowner`",
                self.host.short()
            ),
        };
        (message, hint)
    }

    fn words_of_404(&self) -> (String, String) {
        let (host, name) = (&self.host, self.host.short());
        let message = format!("`{host}` has no {}", self.subject.noun());
        match &self.subject {
            Subject::Device(id) => (
                message,
                format!("create it with `az iot hub device-identity create --hub-name {name} --device-id {id} --ee`"),
            ),
            Subject::Deployment(_) => (message, format!("see `edgectl deployment list --hub {host}`")),
            Subject::Hub => (format!("`{host}` does not know this call"), "name an IoT Hub with `--hub`".to_owned()),
        }
    }
}

impl Subject {
    fn noun(&self) -> String {
        match self {
            Self::Hub => "such thing".to_owned(),
            Self::Device(id) => format!("device `{id}`"),
            Self::Deployment(id) => format!("deployment `{id}`"),
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hub => f.write_str("the hub"),
            other => f.write_str(&other.noun()),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words().0)
    }
}

impl From<AzureError> for Failure {
    fn from(error: AzureError) -> Self {
        let failure = Failure::refused(&error);
        match &error {
            AzureError::Refused(refusal) => told_refusal(failure, refusal),
            AzureError::NoRoots(_) => Failure::machine(&error)
                .hint("install the package `ca-certificates`, or name a file of certificates in `SSL_CERT_FILE`"),
            AzureError::NoSuchHost { .. } => {
                failure.hint("correct the name of the hub, and see that this machine is online")
            }
            AzureError::Connect { .. } => {
                failure.hint("see that this machine is online and may dial out; a proxy is named by `HTTPS_PROXY`")
            }
            AzureError::Proxy { .. } => {
                failure.hint("correct `HTTPS_PROXY`, or leave the proxy out for the hub with `NO_PROXY`")
            }
            AzureError::Untrusted { .. } => failure.hint(
                "name a file with the certificate of your company's authority in `SSL_CERT_FILE` if it opens TLS \
                 connections",
            ),
            AzureError::Cut { .. } | AzureError::NoAnswer { .. } => {
                failure.hint("run the same command again: it does nothing twice")
            }
            AzureError::NotAHub { .. } => {
                failure.hint("name an IoT Hub with `--hub`, such as `NAME.azure-devices.net`")
            }
        }
    }
}

fn told_refusal(mut failure: Failure, refusal: &Refusal) -> Failure {
    let said = [refusal.code.as_str(), refusal.text.as_str()].into_iter().filter(|text| !text.is_empty());
    let said: Vec<&str> = said.collect();
    if !said.is_empty() {
        failure = failure.cause(format!("the hub says: {}", said.join(": ")));
    }
    if let Some(ahead) = refusal.clock_ahead {
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        failure = failure.cause(format!("this machine's clock is {} s {direction} the hub's", ahead.unsigned_abs()));
    }
    failure.hint(refusal.words().1)
}

/// Reads `{"Message": "ErrorCode:DeviceNotFound;text", …}`; the code may be missing, and the whole may be no JSON.
fn read_message(body: &[u8]) -> (Option<String>, String) {
    const LONGEST: usize = 500;
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = document.get("Message").or_else(|| document.get("message")).and_then(Value::as_str);
    let plain = String::from_utf8_lossy(body);
    let message = message.unwrap_or(&plain);
    let (code, text) = match message.strip_prefix("ErrorCode:") {
        Some(rest) => rest.split_once(';').map_or((Some(rest), ""), |(code, text)| (Some(code), text)),
        None => (None, message),
    };
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (code.map(str::to_owned), words.chars().filter(|c| !c.is_control()).take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str, body: &str, subject: Subject, ahead: i64) -> Failure {
        let call = Call::new("GET", &["x"], subject);
        let host = HubHost::parse("factory").expect("a host");
        let now = Duration::from_secs(1_800_000_000);
        let answer = Answer {
            status,
            body: body.to_owned().into(),
            error_code: Some(code.to_owned()).filter(|code| !code.is_empty()),
            date: Some(Duration::from_secs((1_800_000_000 - ahead) as u64)),
            ..Answer::default()
        };
        AzureError::Refused(Box::new(Refusal::of(&answer, &call, &host, now))).into()
    }

    #[track_caller]
    fn check(failure: &Failure, message: &str, causes: &[&str], hint: &str) {
        assert_eq!((failure.message(), failure.hints()), (message, &[hint.to_owned()][..]));
        assert_eq!(
            (failure.causes(), failure.kind().exit_code()),
            (&causes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()[..], 4)
        );
    }

    // protocol.md §12.1
    #[test]
    fn the_code_comes_from_the_header_or_from_the_message() {
        let device = || Subject::Device("d".into());
        let hint = "create it with `az iot hub device-identity create --hub-name factory --device-id d --ee`";
        let message = "`factory.azure-devices.net` has no device `d`";
        let body =
            r#"{"Message":"ErrorCode:DeviceNotFound;Device d not\nregistered","ExceptionMessage":"Tracking ID:1"}"#;
        let said = ["the hub says: DeviceNotFound: Device d not registered"];
        check(&refused(404, "", body, device(), 0), message, &said, hint);
        check(&refused(404, "DeviceNotFound", "", device(), 0), message, &["the hub says: DeviceNotFound"], hint);
        check(&refused(404, "", "", device(), 0), message, &[], hint);
    }

    #[test]
    fn a_clock_that_is_wrong_is_what_a_refused_token_is_about() {
        let said = ["the hub says: IotHubUnauthorizedAccess", "this machine's clock is 900 s behind the hub's"];
        check(
            &refused(401, "IotHubUnauthorizedAccess", "", Subject::Hub, -900),
            "`factory.azure-devices.net` does not accept the proof of who is calling",
            &said,
            "set this machine's clock: a token is made for the time that it shows",
        );
        let right = refused(401, "", "", Subject::Hub, 10);
        assert!(right.causes().is_empty() && right.hints()[0].starts_with("copy the connection string anew"));
    }

    #[test]
    fn every_status_has_words_and_a_way_out() {
        let words = |status| refused(status, "", "", Subject::Deployment("x".into()), 0).message().to_owned();
        let hub = "`factory.azure-devices.net`";
        assert_eq!(words(400), format!("{hub} does not take what it was sent"));
        assert_eq!(words(403), format!("{hub} does not permit this"));
        assert_eq!(words(409), "deployment `x` exists already, or the hub has as many deployments as it may have");
        assert_eq!(words(412), "somebody changed deployment `x` in the meantime");
        assert_eq!(words(413), "the manifest is larger than a hub takes");
        assert_eq!(words(429), format!("{hub} is busy: more calls came than its size allows"));
        assert_eq!(words(503), format!("{hub} has a problem of its own (status 503)"));
        assert_eq!(words(302), format!("{hub} refused with status 302"));
        let quota = refused(403, "IotHubQuotaExceeded", "", Subject::Hub, 0);
        assert_eq!(quota.message(), format!("{hub} has used up its messages of today"));
    }

    #[test]
    fn an_endless_answer_is_cut() {
        let failure = refused(418, "", &"x".repeat(100_000), Subject::Hub, 0);
        assert_eq!(failure.causes()[0].len(), "the hub says: ".len() + 500);
    }
}
