//! A document taken apart for the checks: modules and routes wherever they stand, createOptions opened.

use std::collections::BTreeMap;

use serde_json::Value;

use super::options::Options;
use crate::document::{Document, Node};
use crate::identity::ModuleId;
use crate::manifest::{routes, shape};
use crate::route::Route;
use crate::text::Pointer;

/// What a module is to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The agent itself.
    Agent,
    /// The hub.
    Hub,
    /// A module that users write.
    User,
}

/// A module of the document.
#[derive(Debug)]
pub(super) struct Part<'d> {
    /// Its name in the manifest: `filter`, `edgeHub`.
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) node: Node<'d>,
    /// The image as it is deployed.
    pub(super) image: Option<Node<'d>>,
    /// The createOptions, if there are some and they are JSON.
    pub(super) options: Option<Options<'d>>,
}

impl Part<'_> {
    /// Says whether the agent is to start it.
    pub(super) fn is_running(&self) -> bool {
        self.node.get("status").is_none_or(|status| status.value() != "stopped")
    }

    /// Returns the name as messages tell it.
    pub(super) fn image_name(&self) -> Option<&str> {
        self.image.as_ref()?.value().as_str()
    }
}

/// A route that compiles.
#[derive(Debug)]
pub(super) struct Way<'d> {
    /// Where its text stands.
    pub(super) place: Node<'d>,
    pub(super) route: Route,
}

/// A document taken apart.
#[derive(Debug)]
pub(super) struct Parts<'d> {
    /// The object that holds the twins.
    pub(super) content: Node<'d>,
    /// The agent's desired properties, unless this is a layer.
    pub(super) agent: Option<Node<'d>>,
    /// The hub's desired properties, unless this is a layer.
    pub(super) hub: Option<Node<'d>>,
    pub(super) modules: Vec<Part<'d>>,
    pub(super) routes: Vec<Way<'d>>,
    /// The desired properties that the document sets as a whole, by the name of the twin.
    pub(super) twins: BTreeMap<&'d str, Node<'d>>,
}

impl<'d> Parts<'d> {
    /// Takes a document apart; what cannot be read is left out, since reading it has told.
    pub(super) fn of(document: &'d Document, content: &Pointer) -> Self {
        let root = document.value();
        let node = document.node(content).unwrap_or_else(|| document.root());
        let desired = |name: &str| document.node(&shape::desired(root, content, name)?);
        let twins = node.members().unwrap_or_default().into_iter();
        let agent = node.get(ModuleId::EDGE_AGENT);
        let of_agent = |part: &'static str, is_system| {
            let members = agent.iter().flat_map(move |agent| shape::members_of(agent, &[part]));
            members.filter_map(move |(name, node)| read_part(name, &node, is_system))
        };
        Self {
            agent: desired(ModuleId::EDGE_AGENT),
            hub: desired(ModuleId::EDGE_HUB),
            modules: of_agent("systemModules", true).chain(of_agent("modules", false)).collect(),
            routes: node.get(ModuleId::EDGE_HUB).iter().flat_map(ways).collect(),
            twins: twins.filter_map(|(name, _)| Some((name, desired(name)?))).collect(),
            content: node,
        }
    }

    /// Returns the modules that users write.
    pub(super) fn user_modules(&self) -> impl Iterator<Item = &Part<'d>> {
        self.modules.iter().filter(|module| module.role == Role::User)
    }

    /// Says whether a layer over another deployment is looked at, whose modules are not all here.
    pub(super) fn is_layer(&self) -> bool {
        self.agent.is_none() || self.hub.is_none() || shape::layer_key(&self.content).is_some()
    }
}

fn read_part<'d>(name: &str, node: &Node<'d>, is_system: bool) -> Option<Part<'d>> {
    let Value::Object(_) = node.value() else { return None };
    let role = match name {
        "edgeAgent" if is_system => Role::Agent,
        "edgeHub" if is_system => Role::Hub,
        // Nobody reads others; that is told of their names.
        _ if is_system => return None,
        _ => Role::User,
    };
    let settings = node.get("settings");
    let image = settings.as_ref().and_then(|settings| settings.get("image"));
    let options = settings.as_ref().and_then(Options::open);
    Some(Part { name: name.to_owned(), role, node: node.clone(), image, options })
}

fn ways<'d>(hub: &Node<'d>) -> Vec<Way<'d>> {
    let read = |(name, node): (&str, Node<'d>)| {
        let (place, spec) = routes::read_route(name, &node, "1.1").ok()?;
        let route = Route::parse(&spec.text).ok()?;
        Some(Way { place, route })
    };
    shape::members_of(hub, &["routes"]).into_iter().filter_map(read).collect()
}
