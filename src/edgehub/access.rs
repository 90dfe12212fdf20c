//! Who may connect: the identities of this device and of its children, and the proof that they are who they say
//! (protocol.md §3.3, §3.6).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::port::Credential;
use crate::identity::{
    AuthChain, Authentication, DeviceId, Identity, IdentityStatus, ModuleId, Thumbprint, Thumbprints, sas,
};

/// An identity that the cloud has told the hub about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownIdentity {
    /// Who.
    pub identity: Identity,
    /// Tells it from an earlier identity of the same name.
    pub generation_id: String,
    /// Whether it may connect.
    pub status: IdentityStatus,
    /// What proves it.
    pub authentication: Authentication,
    /// The edge devices below this hub whose hubs may speak for it, the nearest first (protocol.md §3.6).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spoken_for_by: Vec<DeviceId>,
}

#[derive(Debug)]
pub(super) struct Access {
    hosts: Vec<String>,
    /// This device and its modules.
    own: BTreeMap<Identity, KnownIdentity>,
    /// The devices below this one with their modules, as the cloud told last.
    children: BTreeMap<Identity, KnownIdentity>,
}

impl Access {
    pub(super) fn new(hosts: Vec<String>, own: Vec<KnownIdentity>, children: Vec<KnownIdentity>) -> Self {
        Self { hosts, own: by_identity(own), children: by_identity(children) }
    }

    /// Takes the identities of this device anew; returns those that are gone.
    pub(super) fn replace_own(&mut self, own: Vec<KnownIdentity>) -> Vec<Identity> {
        let before = std::mem::replace(&mut self.own, by_identity(own));
        before.into_keys().filter(|identity| !self.own.contains_key(identity)).collect()
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.own.keys().chain(self.children.keys())
    }

    /// Says whether this very identity is known, and no later one of its name.
    pub(super) fn is_there(&self, known: &KnownIdentity) -> bool {
        let found = self.own.get(&known.identity).or_else(|| self.children.get(&known.identity));
        found.is_some_and(|found| found.generation_id == known.generation_id)
    }

    /// Returns the names that a SAS audience may have for the hub.
    pub(super) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Returns what is known of this device and its modules.
    pub(super) fn own(&self) -> impl Iterator<Item = &KnownIdentity> {
        self.own.values()
    }

    /// Returns what is known of the children.
    pub(super) fn children(&self) -> impl Iterator<Item = &KnownIdentity> {
        self.children.values()
    }

    /// Takes the children that the cloud tells; returns those that are gone or must prove themselves anew, as they were.
    pub(super) fn replace_children(&mut self, children: Vec<KnownIdentity>) -> Vec<KnownIdentity> {
        let mut children = by_identity(children);
        children.retain(|identity, _| !self.own.contains_key(identity));
        let before = std::mem::replace(&mut self.children, children);
        before.into_values().filter(|known| self.children.get(&known.identity) != Some(known)).collect()
    }

    /// Replaces the hosts that a SAS audience may name.
    pub(super) fn answer_to(&mut self, hosts: Vec<String>) {
        self.hosts = hosts;
    }

    /// Checks a credential; the error says which rule failed, without the credential.
    pub(super) fn check(&self, unix: Duration, identity: &Identity, credential: &Credential) -> Result<(), String> {
        let Some(known) = self.own.get(identity).or_else(|| self.children.get(identity)) else {
            return Err(format!("`{identity}` is neither an identity of this device nor a child of it"));
        };
        match credential {
            Credential::OnBehalf { chain, token } => self.check_actor(unix, known, chain, token),
            _ => known.check(unix, &self.hosts, credential),
        }
    }

    /// Checks whether an edge device speaks for somebody who is below it, and is who it says.
    fn check_actor(&self, unix: Duration, known: &KnownIdentity, chain: &AuthChain, token: &str) -> Result<(), String> {
        let (identity, AuthChain { target, actor }) = (&known.identity, chain);
        if target != identity {
            return Err(format!("the auth chain of `{identity}` begins with `{target}`"));
        }
        if known.status == IdentityStatus::Disabled {
            return Err(format!("`{identity}` is disabled"));
        }
        let hub = Identity::of_module(actor.clone(), ModuleId::edge_hub());
        let above = self.children.get(&hub).filter(|_| known.spoken_for_by.contains(actor));
        let Some(hub) = above else { return Err(format!("`{actor}` may not speak for `{identity}`")) };
        hub.check(unix, &self.hosts, &Credential::Sas(token.to_owned()))
    }
}

impl KnownIdentity {
    /// Checks whether a credential proves this identity to a hub that has one of the names `hosts`.
    ///
    /// The error says which rule failed, without the credential.
    pub fn check(&self, unix: Duration, hosts: &[String], credential: &Credential) -> Result<(), String> {
        let identity = &self.identity;
        if self.status == IdentityStatus::Disabled {
            return Err(format!("`{identity}` is disabled"));
        }
        match (&self.authentication, credential) {
            (Authentication::Sas { primary_key, secondary_key }, Credential::Sas(text)) => {
                let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
                sas::Token::parse(text)
                    .and_then(|token| token.verify(unix, &[primary_key, secondary_key], &hosts, identity))
                    .map_err(|error| format!("the SAS token of `{identity}` is refused: {error}"))
            }
            (Authentication::Sas { .. }, _) => Err(format!("`{identity}` showed no SAS token")),
            (
                Authentication::SelfSigned { primary_thumbprint, secondary_thumbprint },
                Credential::Certificate(shown),
            ) => check_certificate(identity, &[Some(primary_thumbprint), secondary_thumbprint.as_ref()], shown),
            (Authentication::SelfSigned { .. }, _) => Err(format!("`{identity}` showed no client certificate")),
        }
    }
}

fn check_certificate(
    identity: &Identity,
    registered: &[Option<&Thumbprint>],
    shown: &Thumbprints,
) -> Result<(), String> {
    match registered.iter().flatten().any(|thumbprint| shown.include(thumbprint)) {
        true => Ok(()),
        // A thumbprint is no secret, and whoever registered another one needs to see it.
        false => Err(format!("`{identity}` showed a certificate that is not registered: {}", shown.sha1)),
    }
}

fn by_identity(known: Vec<KnownIdentity>) -> BTreeMap<Identity, KnownIdentity> {
    known.into_iter().map(|known| (known.identity.clone(), known)).collect()
}
