//! Who may connect: the identities of this device and the proof that they are who they say (protocol.md §3.3).

use std::collections::BTreeMap;
use std::time::Duration;

use super::port::Credential;
use crate::identity::{Identity, Key, sas};

/// An identity that the cloud has told the hub about.
#[derive(Debug, Clone)]
pub struct KnownIdentity {
    /// Who.
    pub identity: Identity,
    /// Either key proves it.
    pub primary: Key,
    /// Either key proves it.
    pub secondary: Key,
}

#[derive(Debug)]
pub(super) struct Access {
    hosts: Vec<String>,
    known: BTreeMap<Identity, KnownIdentity>,
}

impl Access {
    pub(super) fn new(hosts: Vec<String>, known: Vec<KnownIdentity>) -> Self {
        Self { hosts, known: known.into_iter().map(|known| (known.identity.clone(), known)).collect() }
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.known.keys()
    }

    /// Checks a credential; the error says which rule failed, without the credential.
    pub(super) fn check(&self, unix: Duration, identity: &Identity, credential: &Credential) -> Result<(), String> {
        let Some(known) = self.known.get(identity) else {
            return Err(format!("`{identity}` is no identity of this device"));
        };
        let Credential::Sas(text) = credential else {
            return Err(format!("`{identity}` showed no SAS token"));
        };
        let hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
        sas::Token::parse(text)
            .and_then(|token| token.verify(unix, &[&known.primary, &known.secondary], &hosts, identity))
            .map_err(|error| format!("the SAS token of `{identity}` is refused: {error}"))
    }
}
