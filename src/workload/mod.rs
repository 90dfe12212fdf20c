//! The workload API, from request to response (protocol.md §2.1, §2.2). A core: no socket.
//!
//! Who calls is given by the caller of [`Workload::handle`], who knows on which door the request came; nothing in a
//! request can make a module act as another. Signing *is* the module's proof of identity, so every use is reported
//! as an [`Audit`].

mod details;
mod request;
mod route;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::clock::{Now, iso_seconds};
use crate::identity::{Authority, CertificateError, CertifiedKey, DeviceId, Key, MasterKey, ModuleId};

pub use details::{Exit, ModuleDetails, RuntimeStatus};
use request::{Refusal, decode_body, json_response, refuse_verb};
pub use request::{Request, Response};
use route::{Operation, Route, check_version, parse_route};

/// What the workload API knows of modules.
pub trait Modules {
    /// Returns the primary key of a module's identity.
    fn primary_key(&self, module: &ModuleId) -> Option<Key>;

    /// Returns the device's modules, for `GET /modules`.
    fn details(&self) -> Vec<ModuleDetails>;
}

/// The workload API of one device; made of borrowed parts for as long as one request takes.
#[derive(Clone, Copy)]
pub struct Workload<'a> {
    /// The device.
    pub device: &'a DeviceId,
    /// The host name of its hub, which stands in identity certificates.
    pub hub_host: &'a str,
    /// Issues the certificates.
    pub authority: &'a Authority,
    /// Encrypts for all modules of the device.
    pub master_key: &'a MasterKey,
    /// Knows the modules.
    pub modules: &'a dyn Modules,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The answer.
    pub response: Response,
    /// What the log should say, if anything.
    pub audit: Option<Audit>,
}

/// A use of a module's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Who called.
    pub module: ModuleId,
    /// What it did.
    pub action: Action,
}

/// What a module did by the workload API; shown as `sign (workload API)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It had something signed with its key: the proof for a SAS token, usually.
    Sign,
    /// It had something encrypted.
    Encrypt,
    /// It had something decrypted.
    Decrypt,
    /// It got a server certificate.
    ServerCertificate,
    /// It got a client certificate.
    IdentityCertificate,
    /// It got the CA certificates to trust.
    TrustBundle,
    /// It tried to act as someone else and was refused.
    Forbidden {
        /// The name that it used.
        name: String,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Sign => "sign",
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::ServerCertificate => "server certificate",
            Self::IdentityCertificate => "identity certificate",
            Self::TrustBundle => "trust bundle",
            Self::Forbidden { name } => return write!(f, "refused to act as `{name}` (workload API)"),
        };
        write!(f, "{what} (workload API)")
    }
}

#[derive(Deserialize)]
struct SignBody {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncryptBody {
    plaintext: String,
    initialization_vector: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DecryptBody {
    ciphertext: String,
    initialization_vector: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerCertificateBody {
    common_name: String,
}

type Answer = Result<Response, Refusal>;

impl Workload<'_> {
    /// Answers a request that came by the door of the module `caller`.
    pub fn handle(&self, caller: &ModuleId, now: Now, request: &Request) -> Handled {
        let (answer, action) = match check_version(request).and_then(|()| parse_route(request)) {
            Err(refusal) => (Err(refusal), None),
            Ok(Route::Modules) => (self.list(request), None),
            Ok(Route::TrustBundle) => (self.trust_bundle(request), Some(Action::TrustBundle)),
            Ok(Route::ManifestTrustBundle) => (empty_bundle(request), None),
            Ok(Route::Module { name, generation, operation }) => {
                let me = Me { caller, name: &name, generation: &generation };
                (self.act(&me, operation, now, request), Some(action_of(operation)))
            }
        };
        let action = match &answer {
            Ok(_) => action,
            Err(Refusal::Forbidden(name)) => Some(Action::Forbidden { name: name.clone() }),
            Err(Refusal::Status(..)) => None,
        };
        Handled {
            response: answer.unwrap_or_else(Response::from),
            audit: action.map(|action| Audit { module: caller.clone(), action }),
        }
    }

    fn list(&self, request: &Request) -> Answer {
        only("GET", request)?;
        let modules: Vec<_> = self.modules.details().iter().map(ModuleDetails::to_json).collect();
        Ok(json_response(200, &json!({ "modules": modules })))
    }

    fn trust_bundle(&self, request: &Request) -> Answer {
        only("GET", request)?;
        Ok(json_response(200, &json!({ "certificate": self.authority.trust_bundle() })))
    }

    fn act(&self, me: &Me<'_>, operation: Operation, now: Now, request: &Request) -> Answer {
        only("POST", request)?;
        match operation {
            Operation::Sign => self.sign(me, decode_body(request)?),
            Operation::Encrypt => self.encrypt(me, decode_body(request)?),
            Operation::Decrypt => self.decrypt(me, decode_body(request)?),
            Operation::ServerCertificate => self.server_certificate(me, now, decode_body(request)?),
            Operation::IdentityCertificate => {
                // The body is looked at only to refuse what is no JSON, as the product does.
                let _: Option<IgnoredAny> = decode_body(request)?;
                self.identity_certificate(me, now)
            }
        }
    }

    fn sign(&self, me: &Me<'_>, body: Option<SignBody>) -> Answer {
        let caller = me.check()?;
        let body = body.ok_or_else(|| Refusal::bad_request("missing parameter: request body"))?;
        let data = decode_base64(&body.data)?;
        let key = self.modules.primary_key(caller);
        let key = key.ok_or_else(|| Refusal::failed(format!("module `{caller}` has no identity")))?;
        Ok(json_response(200, &json!({ "digest": STANDARD.encode(key.sign(&data)) })))
    }

    fn encrypt(&self, me: &Me<'_>, body: Option<EncryptBody>) -> Answer {
        me.check()?;
        let body = body.ok_or_else(missing_body)?;
        let (plaintext, vector) = (decode_base64(&body.plaintext)?, decode_base64(&body.initialization_vector)?);
        let sealed = self.master_key.seal(&vector, &me.context(), &plaintext).map_err(Refusal::failed)?;
        Ok(json_response(200, &json!({ "ciphertext": STANDARD.encode(sealed) })))
    }

    fn decrypt(&self, me: &Me<'_>, body: Option<DecryptBody>) -> Answer {
        me.check()?;
        let body = body.ok_or_else(missing_body)?;
        let (ciphertext, vector) = (decode_base64(&body.ciphertext)?, decode_base64(&body.initialization_vector)?);
        let opened = self.master_key.open(&vector, &me.context(), &ciphertext).map_err(Refusal::failed)?;
        Ok(json_response(200, &json!({ "plaintext": STANDARD.encode(opened) })))
    }

    fn server_certificate(&self, me: &Me<'_>, now: Now, body: Option<ServerCertificateBody>) -> Answer {
        let caller = me.check()?;
        let body = body.ok_or_else(missing_body)?;
        certificate_response(self.authority.module_server_certificate(caller, &body.common_name, now.unix))
    }

    fn identity_certificate(&self, me: &Me<'_>, now: Now) -> Answer {
        let caller = me.check()?;
        let uri = format!("azureiot://{}/devices/{}/modules/{caller}", self.hub_host, self.device);
        certificate_response(self.authority.identity_certificate(caller, &uri, now.unix))
    }
}

/// The refusal of everything but `sign`, which words it in its own way (protocol.md §2.2).
fn missing_body() -> Refusal {
    Refusal::bad_request("missing request body")
}

/// Who a request speaks for, and who really speaks.
struct Me<'a> {
    caller: &'a ModuleId,
    name: &'a str,
    generation: &'a str,
}

impl<'a> Me<'a> {
    /// Returns the caller if it speaks for itself.
    fn check(&self) -> Result<&'a ModuleId, Refusal> {
        if self.name == self.caller.as_str() {
            return Ok(self.caller);
        }
        Err(Refusal::Forbidden(self.name.to_owned()))
    }

    /// What a ciphertext is bound to.
    fn context(&self) -> Vec<u8> {
        [self.name, self.generation].concat().into_bytes()
    }
}

fn action_of(operation: Operation) -> Action {
    match operation {
        Operation::Sign => Action::Sign,
        Operation::Encrypt => Action::Encrypt,
        Operation::Decrypt => Action::Decrypt,
        Operation::ServerCertificate => Action::ServerCertificate,
        Operation::IdentityCertificate => Action::IdentityCertificate,
    }
}

fn only(verb: &str, request: &Request) -> Result<(), Refusal> {
    if request.method == verb { Ok(()) } else { Err(refuse_verb(request)) }
}

/// No signed manifests are simulated, so there is nothing to trust.
fn empty_bundle(request: &Request) -> Answer {
    only("GET", request)?;
    Ok(json_response(200, &json!({ "certificate": "" })))
}

fn decode_base64(text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text).map_err(|error| Refusal::bad_request(format!("invalid parameter: {error}")))
}

fn certificate_response(issued: Result<CertifiedKey, CertificateError>) -> Answer {
    let issued = issued.map_err(|error| match error {
        CertificateError::Name(_) => Refusal::bad_request(format!("invalid parameter: {error}")),
        CertificateError::Signing(_) => Refusal::failed(error),
    })?;
    let body = json!({
        "privateKey": { "type": "key", "bytes": issued.key },
        "certificate": issued.chain,
        "expiration": iso_seconds(issued.expires),
    });
    Ok(json_response(201, &body))
}
