//! Auth chains: on whose behalf an edge hub connects to the hub above it (protocol.md §3.6).

use super::name::{DeviceId, Identity, NameError};

/// Who speaks for whom: an edge device for a device or module below it, or for a module of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthChain {
    /// Who is spoken for.
    pub target: Identity,
    /// The edge device whose `$edgeHub` speaks.
    pub actor: DeviceId,
}

impl AuthChain {
    /// Reads `target;…;actor`; `None` if that is one name, of somebody who speaks for itself.
    ///
    /// What stands between the two is not looked at: the hub knows better who is below whom.
    pub fn parse(text: &str) -> Result<Option<Self>, NameError> {
        let mut ids = text.split(';').filter(|id| !id.is_empty());
        let target = Identity::parse(ids.next().unwrap_or_default())?;
        let actor = ids.next_back().map(DeviceId::parse).transpose()?;
        Ok(actor.map(|actor| Self { target, actor }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_begins_with_the_target_and_ends_with_the_actor() {
        // protocol.md §3.6
        let parsed = |text: &str| {
            let chain = AuthChain::parse(text).expect("names");
            chain.map(|chain| (chain.target.to_string(), chain.actor.to_string()))
        };
        let pair = |target: &str, actor: &str| Some((target.to_owned(), actor.to_owned()));
        assert_eq!(parsed("leaf;line3"), pair("leaf", "line3"));
        assert_eq!(parsed("line4/filter;line4;line3;"), pair("line4/filter", "line3"));
        assert_eq!(parsed("line3"), None, "it speaks for itself");
        assert_eq!(AuthChain::parse(";"), Err(NameError::Empty));
        assert!(AuthChain::parse("leaf;line3/$edgeHub").is_err(), "the actor is a device");
    }
}
