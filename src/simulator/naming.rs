//! Whom commands mean by a name: a module without a device is the main device's, else that of the one that has it.

use std::borrow::Cow;

use super::control::{ModuleName, TargetName};
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use crate::failure::{Failure, Outcome};
use crate::identity::{DeviceId, Identity, ModuleId};
use crate::text::did_you_mean;

/// Returns what a module is called: by its name alone on the main device, else with that of its device.
pub(super) fn called<'m>(main: &DeviceId, device: &DeviceId, module: &'m str) -> Cow<'m, str> {
    match device == main {
        true => module.into(),
        false => format!("{device}/{module}").into(),
    }
}

impl Dispatcher {
    /// Returns the edge device behind whose gateway an identity is; `None` where that is not simulated.
    pub(super) fn edge_of(&self, identity: &Identity) -> Option<EdgeNumber> {
        self.edges.find(&self.cloud.registry().edge_of(identity))
    }

    /// Returns the edge device of a name; without a name the main one.
    pub(super) fn find_edge(&self, device: Option<&DeviceId>) -> Outcome<EdgeNumber> {
        let Some(device) = device else { return Ok(EdgeNumber::MAIN) };
        self.edges.find(device).ok_or_else(|| {
            let known: Vec<&str> = self.edges.all().map(|edge| edge.device.as_str()).collect();
            let hint = did_you_mean(device.as_str(), known.iter().copied());
            Failure::request(format!("`{device}` is no edge device of the simulation"))
                .hint(hint.unwrap_or_else(|| format!("it has {}", listed(&known))))
        })
    }

    /// Returns the device whose module is meant.
    pub(super) fn find_module(&self, name: &ModuleName) -> Outcome<EdgeNumber> {
        let has_it = |edge: &EdgeNumber| self.edges[*edge].children.plan(&name.module).is_some();
        let candidates = match &name.device {
            Some(device) => vec![self.find_edge(Some(device))?],
            None => self.edges.numbers().collect(),
        };
        let found: Vec<EdgeNumber> = candidates.iter().copied().filter(has_it).collect();
        match found[..] {
            [EdgeNumber::MAIN, ..] => Ok(EdgeNumber::MAIN),
            [edge] => Ok(edge),
            [] => {
                let known: Vec<String> = candidates.into_iter().flat_map(|edge| self.names_of(edge)).collect();
                Err(unknown(&name.to_string(), "module", &known))
            }
            _ => Err(self.ambiguous(&name.module, &found)),
        }
    }

    /// Finds who is meant by a name: a module, else a device, or `device/module`.
    pub(super) fn resolve(&self, TargetName(name): &TargetName) -> Outcome<Identity> {
        let is_known = |identity: &Identity| self.cloud.twin(identity).is_some();
        let module = match ModuleId::parse(name) {
            Ok(module) => self.edge_with_twin(&module)?.map(|edge| self.edges[edge].identity(&module)),
            Err(_) => None,
        };
        match (module, Identity::parse(name).ok().filter(is_known)) {
            (Some(module), Some(_)) => Err(Failure::request(format!("`{name}` is a module and a device"))
                .hint(format!("write `{module}` for the module"))),
            (Some(identity), None) | (None, Some(identity)) => Ok(identity),
            (None, None) => {
                let modules = self.edges.numbers().flat_map(|edge| self.names_of(edge));
                let devices = self.cloud.registry().devices().map(|device| device.device_id.to_string());
                let kind = if self.cloud.registry().is_empty() { "module" } else { "module or device" };
                Err(unknown(name, kind, &modules.chain(devices).collect::<Vec<_>>()))
            }
        }
    }

    /// Returns the device whose module is meant, among those that are in the cloud: the agent and the hub, too.
    fn edge_with_twin(&self, module: &ModuleId) -> Outcome<Option<EdgeNumber>> {
        let has_it = |edge: &EdgeNumber| self.cloud.twin(&self.edges[*edge].identity(module)).is_some();
        let found: Vec<EdgeNumber> = self.edges.numbers().filter(has_it).collect();
        match found[..] {
            [] => Ok(None),
            [EdgeNumber::MAIN, ..] => Ok(Some(EdgeNumber::MAIN)),
            [edge] => Ok(Some(edge)),
            _ => Err(self.ambiguous(module, &found)),
        }
    }

    /// Returns what the modules of a device are called.
    fn names_of(&self, edge: EdgeNumber) -> impl Iterator<Item = String> + use<'_> {
        let device = &self.edges[edge];
        device.children.modules().map(move |module| match edge {
            EdgeNumber::MAIN => module.to_string(),
            _ => device.identity(module).to_string(),
        })
    }

    fn ambiguous(&self, module: &ModuleId, edges: &[EdgeNumber]) -> Failure {
        let names: Vec<String> = edges.iter().map(|edge| self.edges[*edge].identity(module).to_string()).collect();
        Failure::request(format!("several devices have a module `{module}`"))
            .hint(format!("write one of {}", listed(&names)))
    }
}

fn unknown(name: &str, kind: &str, known: &[String]) -> Failure {
    let failure = Failure::request(format!("the simulation has no {kind} `{name}`"));
    match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(hint) => failure.hint(hint),
        None => failure.hint("no module takes part in it; look at `modules` of the deployment template"),
    }
}

/// Lists names in back-ticks.
fn listed(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}
