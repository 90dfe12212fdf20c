//! SAS tokens: what a client shows as its password. Parses, checks and makes them; an error never holds a token.

mod audience;

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Identity, Key};

/// What the clocks of client and hub may differ by (protocol.md §3.3).
pub const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// The longest token that is looked at; real ones have about 200 bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Which rule a token breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SasError {
    /// It does not start with `SharedAccessSignature` and one blank.
    #[error("the password is no SAS token: it has to start with `SharedAccessSignature ` and `sr=`, `sig=`, `se=`")]
    NotAToken,
    /// It is longer than any client makes.
    #[error("the SAS token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// A field has no `=`.
    #[error("the SAS token has a field without `=`")]
    FieldWithoutValue,
    /// A field is missing.
    #[error("the SAS token has no `{0}`")]
    Missing(&'static str),
    /// A field stands there twice.
    #[error("the SAS token has `{0}` twice")]
    Twice(&'static str),
    /// The expiry is no number of seconds.
    #[error("the `se` of the SAS token is no number of seconds since 1970")]
    Expiry,
    /// The signature is no base64.
    #[error("the `sig` of the SAS token is no URL-encoded base64")]
    Signature,
    /// It is too old.
    #[error("the SAS token expired {0} s ago, which is more than the 300 s that clocks may differ")]
    Expired(u64),
    /// It was signed with another key, or something was changed after signing.
    #[error("the SAS token is not signed with the key of this identity")]
    Forged,
    /// The audience has another shape.
    #[error("the `sr` of the SAS token has not the form `host/devices/id` or `host/devices/id/modules/id`")]
    AudienceForm,
    /// The audience names another hub.
    #[error("the `sr` of the SAS token names another host than this hub or its gateway")]
    AudienceHost,
    /// The audience names another device or module.
    #[error("the `sr` of the SAS token names another device or module")]
    AudienceIdentity,
}

/// A SAS token taken apart (protocol.md §3.1). Nothing is proved by having one; see [`Token::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    resource: String,
    signature: Vec<u8>,
    expiry_text: String,
    expiry: Duration,
    policy: Option<String>,
}

impl Token {
    /// Takes a token apart: fields in any order, names in any case, unknown ones ignored.
    ///
    /// `sr` is kept as it stands, since clients encode it never, once or twice and sign what they wrote. All else is
    /// URL-decoded once, a `+` to a blank as the real hub does; so a client that forgot to encode its signature fails
    /// here as it would there.
    pub fn parse(text: &str) -> Result<Self, SasError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(SasError::TooLong);
        }
        let fields = text.strip_prefix("SharedAccessSignature ").ok_or(SasError::NotAToken)?;
        let fields = Fields::parse(fields)?;
        let expiry_text = decode(fields.expiry.ok_or(SasError::Missing("se"))?);
        let signature = decode(fields.signature.ok_or(SasError::Missing("sig"))?);
        Ok(Self {
            resource: fields.resource.ok_or(SasError::Missing("sr"))?.to_owned(),
            signature: STANDARD.decode(signature.as_bytes()).map_err(|_| SasError::Signature)?,
            expiry: parse_expiry(&expiry_text)?,
            expiry_text,
            policy: fields.policy.map(decode).filter(|name| !name.is_empty()),
        })
    }

    /// Returns the point in time (since 1970) from which the token is old.
    pub fn expiry(&self) -> Duration {
        self.expiry
    }

    /// Returns the name of the shared access policy, which only tokens of services have.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// Returns who the token says its bearer is, which proves nothing: the audience, decoded as often as it can be.
    pub fn bearer(&self) -> Result<Identity, SasError> {
        audience::named(&self.resource)
    }

    /// Proves that the bearer is `identity`: not expired, signed with one of `keys`, for one of `hosts`.
    ///
    /// `hosts` are the hub's name and its gateway's. A device's audience serves for its modules too, never the other
    /// way round (protocol.md §3.2–3.3).
    pub fn verify(&self, unix: Duration, keys: &[&Key], hosts: &[&str], identity: &Identity) -> Result<(), SasError> {
        let age = unix.saturating_sub(self.expiry);
        if age > CLOCK_SKEW {
            return Err(SasError::Expired(age.as_secs()));
        }
        let signed = format!("{}\n{}", self.resource, self.expiry_text);
        // Every key is tried, so that the time taken does not tell which one was right.
        let matches = keys.iter().filter(|key| key.verify(signed.as_bytes(), &self.signature)).count();
        if matches == 0 {
            return Err(SasError::Forged);
        }
        audience::check(&self.resource, hosts, identity)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// Makes a token as the Python and Node SDKs do: `resource` is encoded once.
pub fn create(resource: &str, key: &Key, expiry: Duration, policy: Option<&str>) -> String {
    let signature = key.sign(signed_text(resource, expiry).as_bytes());
    assemble(resource, &signature, expiry, policy)
}

/// Returns what is signed for [`assemble`]: the text that a module sends to the workload API.
pub fn signed_text(resource: &str, expiry: Duration) -> String {
    format!("{}\n{}", encode(resource), expiry.as_secs())
}

/// Makes a token of a signature that someone else made over [`signed_text`].
pub fn assemble(resource: &str, signature: &[u8], expiry: Duration, policy: Option<&str>) -> String {
    let (resource, signature) = (encode(resource), STANDARD.encode(signature));
    let policy = policy.map(|name| format!("&skn={}", encode(name))).unwrap_or_default();
    format!("SharedAccessSignature sr={resource}&sig={}&se={}{policy}", encode(&signature), expiry.as_secs())
}

fn encode(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, UNRESERVED)
}

#[derive(Default)]
struct Fields<'a> {
    resource: Option<&'a str>,
    signature: Option<&'a str>,
    expiry: Option<&'a str>,
    policy: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn parse(text: &'a str) -> Result<Self, SasError> {
        let mut fields = Self::default();
        for field in text.split('&').filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once('=').ok_or(SasError::FieldWithoutValue)?;
            let (slot, name) = match name.to_ascii_lowercase().as_str() {
                "sr" => (&mut fields.resource, "sr"),
                "sig" => (&mut fields.signature, "sig"),
                "se" => (&mut fields.expiry, "se"),
                "skn" => (&mut fields.policy, "skn"),
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(SasError::Twice(name));
            }
        }
        Ok(fields)
    }
}

/// Reads seconds; some programs write them with a fraction, which does not matter.
fn parse_expiry(text: &str) -> Result<Duration, SasError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(SasError::Expiry);
    }
    whole.parse().map(Duration::from_secs).map_err(|_| SasError::Expiry)
}

/// Decodes once, `+` to a blank.
fn decode(text: &str) -> String {
    audience::decode_percent(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DeviceId, ModuleId};

    /// 32 bytes, 0 to 31; the signatures below were made with it by another program.
    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const EXPIRY: Duration = Duration::from_secs(1_700_003_600);
    const HOSTS: [&str; 2] = ["hub.example", "gateway.local"];

    fn key() -> Key {
        Key::parse(KEY).expect("a key")
    }

    fn identity(device: &str, module: Option<&str>) -> Identity {
        Identity {
            device: DeviceId::parse(device).expect("a device id"),
            module: module.map(|module| ModuleId::parse(module).expect("a module id")),
        }
    }

    fn verify(token: &str, unix: Duration, identity: &Identity) -> Result<(), SasError> {
        Token::parse(token)?.verify(unix, &[&key()], &HOSTS, identity)
    }

    /// Signs any resource text as it stands, as clients of every habit do.
    fn raw_token(resource: &str) -> String {
        let signature = STANDARD.encode(key().sign(format!("{resource}\n1700003600").as_bytes()));
        format!("SharedAccessSignature sr={resource}&sig={}&se=1700003600", encode(&signature))
    }

    #[test]
    fn tokens_of_other_programs_are_proved() {
        let (before, filter) = (EXPIRY - Duration::from_secs(3600), identity("d", Some("filter")));
        let python = "SharedAccessSignature sr=hub.example%2Fdevices%2Fd%2Fmodules%2Ffilter\
            &sig=0Yg5VbNeVRMUrHCllBeLyaC%2BUP2Z1ks3x1TNWu96aPc%3D&se=1700003600";
        assert_eq!(verify(python, before, &filter), Ok(()));
        let c = "SharedAccessSignature sr=hub.example/devices/d/modules/filter\
            &sig=zN4r9A9XqbwYzQGFXSuYcymr3ws2mlKomjG4uM1RYt4%3D&se=1700003600&skn=";
        assert_eq!(verify(c, before, &filter), Ok(()));
        let csharp = "SharedAccessSignature sr=hub.example%2Fdevices%2Fd%2Fmodules%2F%2524edgeAgent\
            &sig=W9ri7QDhSday967kYtQ2Vb6FAX4VQ99LUUJoSW9h7z0%3D&se=1700003600";
        assert_eq!(verify(csharp, before, &identity("d", Some("$edgeAgent"))), Ok(()));
    }

    #[test]
    fn a_created_token_reads_like_the_one_of_python() {
        let token = create("hub.example/devices/d/modules/filter", &key(), EXPIRY, None);
        assert_eq!(
            token,
            "SharedAccessSignature sr=hub.example%2Fdevices%2Fd%2Fmodules%2Ffilter\
             &sig=0Yg5VbNeVRMUrHCllBeLyaC%2BUP2Z1ks3x1TNWu96aPc%3D&se=1700003600"
        );
        let service = create("hub.example", &key(), EXPIRY, Some("iothubowner"));
        assert_eq!(Token::parse(&service).expect("a token").policy(), Some("iothubowner"));
    }

    #[test]
    fn fields_come_in_any_order_and_names_in_any_case() {
        let token = "SharedAccessSignature SE=1700003600&x=1&Sig=0Yg5VbNeVRMUrHCllBeLyaC%2BUP2Z1ks3x1TNWu96aPc%3D\
            &SR=hub.example%2Fdevices%2Fd%2Fmodules%2Ffilter";
        assert_eq!(verify(token, EXPIRY, &identity("d", Some("filter"))), Ok(()));
    }

    #[test]
    fn clocks_may_differ_by_five_minutes() {
        let (token, device) = (raw_token("hub.example/devices/d"), identity("d", None));
        assert_eq!(verify(&token, EXPIRY + Duration::from_secs(300), &device), Ok(()));
        assert_eq!(verify(&token, EXPIRY + Duration::from_secs(301), &device), Err(SasError::Expired(301)));
    }

    #[test]
    fn the_signature_counts_before_the_audience() {
        let foreign = create("hub.example/devices/other", &Key::generate().expect("random"), EXPIRY, None);
        assert_eq!(verify(&foreign, EXPIRY, &identity("d", None)), Err(SasError::Forged));
        let changed = raw_token("hub.example/devices/d").replace("se=1700003600", "se=1700003601");
        assert_eq!(verify(&changed, EXPIRY, &identity("d", None)), Err(SasError::Forged));
    }

    #[test]
    fn any_of_the_keys_will_do() {
        let token = Token::parse(&raw_token("hub.example/devices/d")).expect("a token");
        let other = Key::generate().expect("random");
        assert_eq!(token.verify(EXPIRY, &[&other, &key()], &HOSTS, &identity("d", None)), Ok(()));
        assert_eq!(token.verify(EXPIRY, &[], &HOSTS, &identity("d", None)), Err(SasError::Forged));
    }

    #[test]
    fn the_audience_is_compared_after_up_to_three_decodings() {
        let module = identity("d", Some("$m+1"));
        let check = |resource: &str, expected| assert_eq!(verify(&raw_token(resource), EXPIRY, &module), expected);
        check("hub.example/devices/d/modules/$m+1", Ok(()));
        check("hub.example%2Fdevices%2Fd%2Fmodules%2F%24m%2B1", Ok(()));
        check("hub.example%2fdevices%2fd%2fmodules%2f%2524m%252B1", Ok(()));
        check("hub.example%252Fdevices%252Fd%252Fmodules%252F%252524m%25252B1", Ok(()));
        check("hub.example%252Fdevices%252Fd%252Fmodules%252F%25252524m%2525252B1", Err(SasError::AudienceIdentity));
    }

    #[test]
    fn the_audience_names_hub_or_gateway_and_the_identity_in_any_case() {
        let module = identity("d", Some("filter"));
        let check = |resource: &str, expected| assert_eq!(verify(&raw_token(resource), EXPIRY, &module), expected);
        check("HUB.example/devices/D/modules/Filter", Ok(()));
        check("Gateway.Local%2Fdevices%2Fd%2Fmodules%2Ffilter", Ok(()));
        check("else.example/devices/d/modules/filter", Err(SasError::AudienceHost));
        check("hub.example/devices/d/modules/other", Err(SasError::AudienceIdentity));
        check("hub.example/devices/e/modules/filter", Err(SasError::AudienceIdentity));
        check("hub.example/devices/d/modules", Err(SasError::AudienceForm));
        check("hub.example/devices/d/modules/filter/x", Err(SasError::AudienceForm));
        check("hub.example", Err(SasError::AudienceForm));
    }

    #[test]
    fn a_device_audience_serves_its_modules_but_not_the_other_way_round() {
        let (of_device, of_module) = (raw_token("hub.example/devices/d"), raw_token("hub.example/devices/d/modules/m"));
        assert_eq!(verify(&of_device, EXPIRY, &identity("d", Some("m"))), Ok(()));
        assert_eq!(verify(&of_module, EXPIRY, &identity("d", None)), Err(SasError::AudienceIdentity));
    }

    #[test]
    fn a_plus_in_the_signature_is_a_blank_as_on_the_real_hub() {
        let token = "SharedAccessSignature sr=h&sig=0Yg5VbNeVRMUrHCllBeLyaC+UP2Z1ks3x1TNWu96aPc=&se=1";
        assert_eq!(Token::parse(token), Err(SasError::Signature));
    }

    #[test]
    fn what_is_no_token_is_told_by_its_rule_and_never_shown() {
        let check = |text: &str, expected| assert_eq!(Token::parse(text), Err(expected), "{text}");
        check("", SasError::NotAToken);
        check("SharedAccessSignature", SasError::NotAToken);
        check("SharedAccessSignature  sr=a&sig=AA%3D%3D&se=1", SasError::Missing("sr"));
        check("SharedAccessSignature sr=a&sig=AA%3D%3D", SasError::Missing("se"));
        check("SharedAccessSignature sr=a&se=1", SasError::Missing("sig"));
        check("SharedAccessSignature sr=a&sr=b&sig=AA%3D%3D&se=1", SasError::Twice("sr"));
        check("SharedAccessSignature sr", SasError::FieldWithoutValue);
        check("SharedAccessSignature sr=a&sig=AA%3D%3D&se=soon", SasError::Expiry);
        check("SharedAccessSignature sr=a&sig=AA%3D%3D&se=-1", SasError::Expiry);
        check(&format!("SharedAccessSignature sr={}", "a".repeat(9000)), SasError::TooLong);
        let token = Token::parse("SharedAccessSignature sr=a&sig=AA%3D%3D&se=1.5").expect("a token");
        assert_eq!(format!("{token:?}"), "Token { expiry: 1s, .. }");
    }

    #[test]
    fn the_bearer_is_read_however_often_the_audience_is_encoded() {
        // protocol.md §3.1
        for resource in
            ["h/devices/d/modules/$m", "h%2Fdevices%2Fd%2Fmodules%2F%24m", "h%2Fdevices%2Fd%2Fmodules%2F%2524m"]
        {
            let token =
                Token::parse(&format!("SharedAccessSignature sr={resource}&sig=AA%3D%3D&se=1")).expect(resource);
            assert_eq!(token.bearer().map(|bearer| bearer.to_string()), Ok("d/$m".to_owned()), "{resource}");
        }
        let service = Token::parse("SharedAccessSignature sr=h&sig=AA%3D%3D&se=1&skn=service").expect("a token");
        assert_eq!(service.bearer(), Err(SasError::AudienceForm));
    }
}
