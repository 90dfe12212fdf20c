//! The devices below one cloud as a tree: who may speak for whom, and what edge devices that ask are answered
//! (protocol.md §6.2).
//!
//! A look at what is registered and simulated at one moment; nothing is changed here. A [`ModuleChange`] says what an
//! answer promises.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::registry::{Capabilities, Device, Module, Registry};
use crate::edgehub::{HttpAnswer, KnownIdentity, NestedCall, Question, WantedModule};
use crate::identity::{Authentication, DeviceId, Identity, IdentityStatus, ModuleId};
use crate::twin::edge_scope;

/// Modules that a device may have (protocol.md §12.2).
const MOST_MODULES: usize = 50;

/// All devices and modules below one cloud.
#[derive(Debug)]
pub struct Hierarchy(BTreeMap<DeviceId, Member>);

#[derive(Debug)]
struct Member {
    known: KnownIdentity,
    capabilities: Capabilities,
    parent: Option<DeviceId>,
    modules: BTreeMap<ModuleId, Part>,
}

#[derive(Debug)]
struct Part {
    module: Module,
    origin: Origin,
}

/// Where a module comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The deployment of a simulated device, which alone changes it.
    Deployment,
    /// The registry.
    Registry,
}

/// What becomes of a module in the registry.
#[derive(Debug, Clone, PartialEq)]
pub enum ModuleChange {
    /// It is there from now on, as this.
    Put(Identity, Module),
    /// It is gone.
    Remove(Identity),
}

/// An answer, and what has to be done before it is given.
type Answered = (HttpAnswer, Option<ModuleChange>);

impl Hierarchy {
    /// Takes what is registered, and each simulated edge device with its parent: itself and its modules.
    pub fn new<'a>(
        registry: &Registry,
        simulated: impl IntoIterator<Item = (Option<&'a DeviceId>, Vec<&'a KnownIdentity>)>,
    ) -> Self {
        let mut hierarchy = Self(BTreeMap::new());
        registry.devices().for_each(|device| hierarchy.add_registered(device));
        let simulated: Vec<_> = simulated.into_iter().collect();
        for (parent, known) in &simulated {
            known.iter().filter(|known| known.identity.module.is_none()).for_each(|known| {
                hierarchy.add_simulated(known, *parent);
            });
        }
        for (identity, module) in registry.modules() {
            hierarchy.add_module(identity, module.clone(), Origin::Registry);
        }
        for known in simulated.iter().flat_map(|(_, known)| known) {
            hierarchy.add_module(&known.identity, deployed(known), Origin::Deployment);
        }
        hierarchy
    }

    fn add_registered(&mut self, device: &Device) {
        let member = Member {
            known: device.known(),
            capabilities: device.capabilities,
            parent: Some(device.parent.clone()),
            modules: BTreeMap::new(),
        };
        self.0.insert(device.device_id.clone(), member);
    }

    fn add_simulated(&mut self, known: &KnownIdentity, parent: Option<&DeviceId>) {
        let capabilities = Capabilities { iot_edge: true };
        let member = Member { known: known.clone(), capabilities, parent: parent.cloned(), modules: BTreeMap::new() };
        self.0.insert(known.identity.device.clone(), member);
    }

    fn add_module(&mut self, identity: &Identity, module: Module, origin: Origin) {
        if let (Some(member), Some(id)) = (self.0.get_mut(&identity.device), &identity.module) {
            member.modules.insert(id.clone(), Part { module, origin });
        }
    }

    /// Checks that the caller is who it says, to hubs of these names; the error holds no secret.
    pub fn prove(&self, unix: Duration, hosts: &[String], call: &NestedCall) -> Result<(), String> {
        let caller = &call.caller;
        let unknown = || format!("`{caller}` is not registered");
        let member = self.0.get(&caller.device).ok_or_else(unknown)?;
        if member.known.status == IdentityStatus::Disabled {
            return Err(format!("`{}` is disabled", caller.device));
        }
        let Some(id) = &caller.module else { return member.known.check(unix, hosts, &call.credential) };
        let part = member.modules.get(id).ok_or_else(unknown)?;
        known(caller, &part.module).check(unix, hosts, &call.credential)
    }

    /// Answers a caller that has proved who it is, at the hub of `edge`; a new module is made of `fresh`.
    pub fn answer(&self, edge: &DeviceId, call: &NestedCall, fresh: Module) -> Result<Answered, HttpAnswer> {
        let target = call.target();
        let member = self.authorize(edge, call)?;
        let told = |answer| Ok((answer, None));
        match &call.question {
            Question::Scope { page_size, after } => told(self.scope(target, member, *page_size, after.as_ref())),
            Question::Identity(identity) => told(self.identity(identity, member)?),
            Question::Modules => {
                let modules = member.modules.iter().map(|(id, part)| registered(target, id, &part.module));
                told(HttpAnswer::of(200, &modules.collect()))
            }
            Question::Module(id) => {
                let part = member.modules.get(id).ok_or_else(|| no_module(target, id))?;
                told(HttpAnswer::of(200, &registered(target, id, &part.module)))
            }
            Question::PutModule { module, wanted, condition } => {
                let (status, put) = put(member, (target, module), wanted, condition.as_deref(), fresh)?;
                let answer = HttpAnswer::of(status, &registered(target, module, &put));
                Ok((answer, Some(ModuleChange::Put(Identity::of_module(target.clone(), module.clone()), put))))
            }
            Question::DeleteModule(id) => {
                let part = member.modules.get(id).ok_or_else(|| no_module(target, id))?;
                refuse_deployed(part, target, id)?;
                let gone = ModuleChange::Remove(Identity::of_module(target.clone(), id.clone()));
                Ok((HttpAnswer { status: 204, body: Vec::new() }, Some(gone)))
            }
        }
    }

    /// Says whether the caller may speak for the target, which is returned: itself, or below it and below `edge`.
    ///
    /// Somebody unknown is refused like somebody foreign.
    fn authorize(&self, edge: &DeviceId, call: &NestedCall) -> Result<&Member, HttpAnswer> {
        let (caller, target) = (&call.caller, call.target());
        let denied = || HttpAnswer::refused(401, format!("{caller} not authorized to act OnBehalfOf {target}"));
        let chain = self.chain(target, edge).ok_or_else(denied)?;
        let member = self.0.get(target).ok_or_else(denied)?;
        let Some(module) = &caller.module else {
            return if caller.device == *target { Ok(member) } else { Err(denied()) };
        };
        let place = chain.iter().position(|device| **device == caller.device).ok_or_else(denied)?;
        let is_child = caller.device != *edge && self.0.get(&caller.device).is_some_and(Member::is_edge);
        let claimed: Vec<&DeviceId> = call.chain.iter().collect();
        if *module == ModuleId::edge_hub() && is_child && chain[..=place].ends_with(&claimed) {
            return Ok(member);
        }
        Err(denied())
    }

    /// Returns the devices from `target` up to `edge`, if that is above it.
    fn chain<'a>(&'a self, target: &'a DeviceId, edge: &DeviceId) -> Option<Vec<&'a DeviceId>> {
        let mut chain = vec![target];
        while chain.last().is_some_and(|last| **last != *edge) {
            let above = self.0.get(*chain.last()?)?.parent.as_ref()?;
            if chain.contains(&above) {
                return None;
            }
            chain.push(above);
        }
        Some(chain)
    }

    /// Answers with a device, its modules and its children, in the order of their ids.
    fn scope(&self, target: &DeviceId, member: &Member, page_size: usize, after: Option<&Identity>) -> HttpAnswer {
        let children = self.0.iter().filter(|(_, other)| other.parent.as_ref() == Some(target)).map(|(id, _)| id);
        let devices = children.chain([target]).cloned().map(Identity::of_device);
        let modules = member.modules.keys().map(|id| Identity::of_module(target.clone(), id.clone()));
        let mut found: Vec<Identity> =
            devices.chain(modules).filter(|id| after.is_none_or(|after| id > after)).collect();
        found.sort();
        let has_more = found.len() > page_size;
        found.truncate(page_size);
        let next = found.last().filter(|_| has_more).map(ToString::to_string);
        self.document(&found, next)
    }

    fn identity(&self, identity: &Identity, member: &Member) -> Result<HttpAnswer, HttpAnswer> {
        let device = Identity::of_device(identity.device.clone());
        match &identity.module {
            None => Ok(self.document(&[device], None)),
            Some(id) if member.modules.contains_key(id) => Ok(self.document(&[identity.clone(), device], None)),
            Some(id) => Err(no_module(&identity.device, id)),
        }
    }

    fn document(&self, identities: &[Identity], next: Option<String>) -> HttpAnswer {
        let (mut devices, mut modules) = (Vec::new(), Vec::new());
        for Identity { device, module } in identities {
            let Some(member) = self.0.get(device) else { continue };
            match module {
                None => devices.push(self.device(device, member)),
                Some(id) => modules.extend(member.modules.get(id).map(|part| in_scope(device, id, &part.module))),
            }
        }
        HttpAnswer::of(200, &json!({ "devices": devices, "modules": modules, "continuationLink": next }))
    }

    fn device(&self, id: &DeviceId, member: &Member) -> Value {
        let parent = member.parent.as_ref().map(|parent| {
            let known = self.0.get(parent).map(|above| above.known.generation_id.as_str());
            edge_scope(parent, known.unwrap_or("0"))
        });
        let own = member.is_edge().then(|| edge_scope(id, &member.known.generation_id));
        json!({
            "deviceId": id,
            "generationId": member.known.generation_id,
            "status": member.known.status,
            "authentication": authentication(&member.known.authentication),
            "capabilities": member.capabilities,
            "deviceScope": own.or_else(|| parent.clone()),
            "parentScopes": parent.as_slice(),
        })
    }
}

impl Member {
    fn is_edge(&self) -> bool {
        self.capabilities.iot_edge
    }
}

/// Decides what a module becomes; with the status that says so.
fn put(
    member: &Member,
    (target, id): (&DeviceId, &ModuleId),
    wanted: &WantedModule,
    condition: Option<&str>,
    fresh: Module,
) -> Result<(u16, Module), HttpAnswer> {
    let changed = |module: Module| Module {
        managed_by: wanted.managed_by.clone().or(module.managed_by),
        authentication: wanted.authentication.clone().unwrap_or(module.authentication),
        ..module
    };
    match (member.modules.get(id), condition.map(|etag| etag.trim_matches('"'))) {
        (None, Some(_)) => Err(no_module(target, id)),
        (None, None) if member.modules.len() >= MOST_MODULES => {
            Err(HttpAnswer::refused(413, format!("{target} has {MOST_MODULES} modules already")))
        }
        (None, None) => Ok((201, changed(fresh))),
        (Some(part), condition) => {
            refuse_deployed(part, target, id)?;
            match condition {
                None => Err(HttpAnswer::refused(409, format!("Module {target}/{id} already exists"))),
                Some(known) if known == "*" || known == etag(&part.module) => {
                    let module = changed(part.module.clone());
                    Ok((200, Module { version: module.version + 1, ..module }))
                }
                Some(_) => Err(HttpAnswer::refused(412, format!("Module {target}/{id} was changed meanwhile"))),
            }
        }
    }
}

fn refuse_deployed(part: &Part, target: &DeviceId, id: &ModuleId) -> Result<(), HttpAnswer> {
    match part.origin {
        Origin::Registry => Ok(()),
        Origin::Deployment => {
            Err(HttpAnswer::refused(409, format!("Module {target}/{id} belongs to the deployment that is simulated")))
        }
    }
}

fn no_module(target: &DeviceId, id: &ModuleId) -> HttpAnswer {
    HttpAnswer::refused(404, format!("Module {target}/{id} not found"))
}

/// Returns a module of a simulated deployment as the registry would have it.
fn deployed(known: &KnownIdentity) -> Module {
    Module {
        generation_id: known.generation_id.clone(),
        version: 1,
        managed_by: Some("IotEdge".to_owned()),
        authentication: known.authentication.clone(),
    }
}

fn known(identity: &Identity, module: &Module) -> KnownIdentity {
    KnownIdentity {
        identity: identity.clone(),
        generation_id: module.generation_id.clone(),
        status: IdentityStatus::Enabled,
        authentication: module.authentication.clone(),
        spoken_for_by: Vec::new(),
    }
}

/// A module as scopes tell it.
fn in_scope(device: &DeviceId, id: &ModuleId, module: &Module) -> Value {
    json!({
        "moduleId": id,
        "deviceId": device,
        "generationId": module.generation_id,
        "authentication": authentication(&module.authentication),
    })
}

/// A module as the registry tells it (protocol.md §12.2).
fn registered(device: &DeviceId, id: &ModuleId, module: &Module) -> Value {
    let mut document = in_scope(device, id, module);
    document["managedBy"] = json!(module.managed_by);
    document["etag"] = json!(etag(module));
    document
}

fn etag(module: &Module) -> String {
    STANDARD.encode(module.version.to_string())
}

fn authentication(authentication: &Authentication) -> Value {
    let (keys, thumbprints) = match authentication {
        Authentication::Sas { primary_key, secondary_key } => ((Some(primary_key), Some(secondary_key)), (None, None)),
        Authentication::SelfSigned { primary_thumbprint, secondary_thumbprint } => {
            ((None, None), (Some(primary_thumbprint), secondary_thumbprint.as_ref()))
        }
    };
    json!({
        "type": authentication.word(),
        "symmetricKey": { "primaryKey": keys.0, "secondaryKey": keys.1 },
        "x509Thumbprint": { "primaryThumbprint": thumbprints.0, "secondaryThumbprint": thumbprints.1 },
    })
}
