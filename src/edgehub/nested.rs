//! The identity APIs for edge devices below this one, as HTTPS carries them (protocol.md §6.2).
//!
//! Turns a request into a [`NestedCall`]. Whether the credential proves the caller, and for whom the caller may speak,
//! is for the cloud to find out.

#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::http::{HttpAnswer, HttpCall};
use super::port::Credential;
use crate::identity::{Authentication, DeviceId, Identity, Key, ModuleId, Thumbprint};

/// Identities in an answer to a request that names no number.
const PAGE: usize = 100;
/// The longest `managedBy`; real ones are `IotEdge` and empty.
const MANAGED_BY: usize = 128;

/// Somebody asks for identities, or wants modules registered.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedCall {
    /// Who asks: `$edgeHub` of a child edge device, or a device for itself.
    pub caller: Identity,
    /// What it showed.
    pub credential: Credential,
    /// The devices from the one that is asked for up to the caller's; empty where none was named.
    pub chain: Vec<DeviceId>,
    /// What it wants.
    pub question: Question,
}

/// What is wanted; all but [`Question::Identity`] is about the first device of the chain.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// The device, its modules and its children.
    Scope {
        /// How many at a time.
        page_size: usize,
        /// The last one of the page before.
        after: Option<Identity>,
    },
    /// One device, or one module and its device.
    Identity(Identity),
    /// The device's modules.
    Modules,
    /// One of them.
    Module(ModuleId),
    /// To register or change one.
    PutModule {
        /// Which.
        module: ModuleId,
        /// As what.
        wanted: WantedModule,
        /// `If-Match`, as it came: there has to be such a module already.
        condition: Option<String>,
    },
    /// To remove one.
    DeleteModule(ModuleId),
}

/// What a module shall be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedModule {
    /// Who looks after it.
    pub managed_by: Option<String>,
    /// What proves it; `None` leaves that to the registry.
    pub authentication: Option<Authentication>,
}

impl NestedCall {
    /// Returns the device that is asked for.
    pub fn target(&self) -> &DeviceId {
        match &self.question {
            Question::Identity(identity) => &identity.device,
            _ => self.chain.first().unwrap_or(&self.caller.device),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeBody {
    auth_chain: String,
    page_size: Option<i64>,
    continuation_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityBody {
    #[serde(default)]
    auth_chain: String,
    target_device_id: String,
    target_module_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChainBody {
    auth_chain: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleBody {
    auth_chain: String,
    #[serde(alias = "targetModuleId")]
    module_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutBody {
    auth_chain: String,
    module: ModuleDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleDocument {
    device_id: String,
    module_id: String,
    managed_by: Option<String>,
    authentication: Option<AuthenticationDocument>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct AuthenticationDocument {
    r#type: Option<String>,
    symmetric_key: Option<Keys>,
    #[serde(rename = "x509Thumbprint")]
    thumbprints: Option<Prints>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    primary_key: Option<String>,
    secondary_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prints {
    primary_thumbprint: Option<String>,
    secondary_thumbprint: Option<String>,
}

/// Reads a request of the identity APIs; `None` if it is none of them.
pub fn parse_nested(call: &HttpCall<'_>) -> Option<Result<NestedCall, HttpAnswer>> {
    let path = call.target.split('?').next().unwrap_or_default();
    let segments: Vec<String> =
        path.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(match segments[..] {
        ["", "devices", device, "modules"] => parse_own(call, device, None),
        ["", "devices", device, "modules", module] => parse_own(call, device, Some(module)),
        ["", "devices", actor, "modules", module, operation] => parse_on_behalf(call, actor, module, operation),
        _ => return None,
    })
}

/// A device asks for itself.
fn parse_own(call: &HttpCall<'_>, device: &str, module: Option<&str>) -> Result<NestedCall, HttpAnswer> {
    let device = parse_device(device)?;
    let id = module.map(parse_module).transpose()?;
    let question = match (call.method, id) {
        ("GET", None) => Question::Modules,
        ("GET", Some(module)) => Question::Module(module),
        ("DELETE", Some(module)) => Question::DeleteModule(module),
        ("PUT", Some(module)) => {
            let document: ModuleDocument = parse_body(call)?;
            if document.device_id != device.as_str() || document.module_id != module.as_str() {
                return Err(bad("Device Id or module Id doesn't match between request URI and body."));
            }
            parse_put(call, document)?
        }
        _ => return Err(HttpAnswer::refused(405, "method not allowed")),
    };
    let chain = vec![device.clone()];
    Ok(NestedCall { caller: Identity::of_device(device), credential: credential(call), chain, question })
}

/// A module of a child edge device asks for somebody below that.
fn parse_on_behalf(call: &HttpCall<'_>, actor: &str, module: &str, operation: &str) -> Result<NestedCall, HttpAnswer> {
    let caller = Identity::of_module(parse_device(actor)?, parse_module(module)?);
    let verb = if operation == "putModuleOnBehalfOf" { "PUT" } else { "POST" };
    let (chain, question) = match operation {
        _ if call.method != verb => return Err(HttpAnswer::refused(405, "method not allowed")),
        "devicesAndModulesInTargetDeviceScope" => parse_scope(call)?,
        "getDeviceAndModuleOnBehalfOf" => parse_identity(call)?,
        "getModulesOnTargetDevice" => (parse_chain(&parse_body::<ChainBody>(call)?.auth_chain)?, Question::Modules),
        "getModuleOnBehalfOf" => parse_named(call, Question::Module)?,
        "deleteModuleOnBehalfOf" => parse_named(call, Question::DeleteModule)?,
        "putModuleOnBehalfOf" => {
            let PutBody { auth_chain, module } = parse_body(call)?;
            let chain = parse_chain(&auth_chain)?;
            if chain.first().is_none_or(|target| target.as_str() != module.device_id) {
                return Err(bad("Target device Id does not match between auth chain and request body."));
            }
            (chain, parse_put(call, module)?)
        }
        _ => return Err(HttpAnswer::refused(404, "not found")),
    };
    Ok(NestedCall { caller, credential: credential(call), chain, question })
}

fn parse_scope(call: &HttpCall<'_>) -> Result<(Vec<DeviceId>, Question), HttpAnswer> {
    let body: ScopeBody = parse_body(call)?;
    let page_size = match body.page_size {
        None => PAGE,
        Some(size) => usize::try_from(size).ok().filter(|size| *size > 0).ok_or_else(|| bad("Invalid page size."))?,
    };
    let after = body.continuation_link.filter(|link| !link.trim().is_empty());
    let after = after.map(|link| Identity::parse(&link)).transpose();
    let after = after.map_err(|_| bad("Invalid continuation link."))?;
    Ok((parse_chain(&body.auth_chain)?, Question::Scope { page_size, after }))
}

fn parse_identity(call: &HttpCall<'_>) -> Result<(Vec<DeviceId>, Question), HttpAnswer> {
    let body: IdentityBody = parse_body(call)?;
    let device = parse_device(&body.target_device_id)?;
    let module = body.target_module_id.filter(|id| !id.trim().is_empty());
    let module = module.map(|id| parse_module(&id)).transpose()?;
    // The product does not look at this chain, and so does not miss it either.
    let chain = if body.auth_chain.is_empty() { Vec::new() } else { parse_chain(&body.auth_chain)? };
    Ok((chain, Question::Identity(Identity { device, module })))
}

fn parse_named(
    call: &HttpCall<'_>,
    question: impl Fn(ModuleId) -> Question,
) -> Result<(Vec<DeviceId>, Question), HttpAnswer> {
    let body: ModuleBody = parse_body(call)?;
    Ok((parse_chain(&body.auth_chain)?, question(parse_module(&body.module_id)?)))
}

fn parse_put(call: &HttpCall<'_>, document: ModuleDocument) -> Result<Question, HttpAnswer> {
    let module = parse_module(&document.module_id)?;
    if document.managed_by.as_ref().is_some_and(|by| by.len() > MANAGED_BY) {
        return Err(bad("managedBy is too long."));
    }
    let authentication = parse_authentication(document.authentication.unwrap_or_default())?;
    let wanted = WantedModule { managed_by: document.managed_by, authentication };
    Ok(Question::PutModule { module, wanted, condition: call.header("if-match").map(str::to_owned) })
}

fn parse_authentication(document: AuthenticationDocument) -> Result<Option<Authentication>, HttpAnswer> {
    let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    match document.r#type.as_deref() {
        None | Some("sas" | "none") => {
            let Some(Keys { primary_key, secondary_key }) = document.symmetric_key else { return Ok(None) };
            match (is_given(&primary_key), is_given(&secondary_key)) {
                (false, false) => Ok(None),
                (true, true) => {
                    let parse =
                        |text: Option<String>| Key::parse(&text.unwrap_or_default()).map_err(|e| bad(&e.to_string()));
                    let (primary_key, secondary_key) = (parse(primary_key)?, parse(secondary_key)?);
                    Ok(Some(Authentication::Sas { primary_key, secondary_key }))
                }
                _ => Err(bad("Both keys of a module have to be given, or none.")),
            }
        }
        Some("selfSigned") => {
            let prints = document.thumbprints.ok_or_else(|| bad("A certificate needs its thumbprint."))?;
            let parse = |text: &str| Thumbprint::parse(text).map_err(|error| bad(&error.to_string()));
            let primary_thumbprint = parse(prints.primary_thumbprint.as_deref().unwrap_or_default())?;
            let secondary = prints.secondary_thumbprint.filter(|text| !text.is_empty());
            let secondary_thumbprint = secondary.map(|text| parse(&text)).transpose()?;
            Ok(Some(Authentication::SelfSigned { primary_thumbprint, secondary_thumbprint }))
        }
        Some(_) => Err(bad("The authentication type has to be sas or selfSigned.")),
    }
}

/// Reads `target;…;actor`; the target may be a module, which stands for its device.
fn parse_chain(text: &str) -> Result<Vec<DeviceId>, HttpAnswer> {
    let ids = text.split(';').filter(|id| !id.is_empty());
    let devices = ids.map(|id| DeviceId::parse(id.split('/').next().unwrap_or_default()));
    let mut chain = devices.collect::<Result<Vec<_>, _>>().map_err(|_| bad("Invalid auth chain."))?;
    chain.dedup();
    if chain.is_empty() { Err(bad("Invalid auth chain.")) } else { Ok(chain) }
}

fn parse_body<T: DeserializeOwned>(call: &HttpCall<'_>) -> Result<T, HttpAnswer> {
    if !call.is_json() {
        return Err(HttpAnswer::refused(415, "the body has to be application/json"));
    }
    serde_json::from_slice(call.body).map_err(|error| bad(&error.to_string()))
}

fn parse_device(id: &str) -> Result<DeviceId, HttpAnswer> {
    DeviceId::parse(id).map_err(|_| bad("Invalid device Id."))
}

fn parse_module(id: &str) -> Result<ModuleId, HttpAnswer> {
    ModuleId::parse(id).map_err(|_| bad("Invalid module Id."))
}

fn credential(call: &HttpCall<'_>) -> Credential {
    call.header("authorization").map_or(Credential::None, |token| Credential::Sas(token.to_owned()))
}

fn bad(why: &str) -> HttpAnswer {
    HttpAnswer::refused(400, why)
}
