//! Links: what they are for, and what follows from their end.

use super::{Bound, ENVELOPE, Head, Notice, Output, Speaker, TOKEN_BYTES};
use crate::amqp::address::{self, Place, Purpose};
use crate::amqp::client::{Asker, Stream};
use crate::amqp::condition::Condition;
use crate::amqp::link::{Direction, LinkId, Wanted};
use crate::amqp::sasl::Login;
use crate::amqp::session::Outcome;
use crate::edgehub::{Credential, Feature, Guarantee, MAX_MESSAGE, Request};
use crate::identity::{AuthChain, Identity, ModuleId};

impl Head {
    pub(super) fn handle_wanted(&mut self, link: LinkId, wanted: Wanted) {
        match address::parse(&wanted.address, wanted.direction) {
            Some(Place::Cbs) => {
                self.connection.accept(link, TOKEN_BYTES);
                let bound = match wanted.direction {
                    Direction::FromClient => Bound::TokenRequests,
                    Direction::ToClient => Bound::TokenAnswers,
                };
                self.links.insert(link, bound);
            }
            Some(Place::Own(identity, purpose)) => self.attach_own(link, wanted, &identity, purpose),
            None => {
                let address: String = wanted.address.chars().take(200).collect();
                let fault = Condition::NotFound.because(format!("there is nothing at `{address}`"));
                self.connection.detach(link, &fault);
                match self.clients.keys().next() {
                    Some(speaker) => self.notice(*speaker, Notice::UnknownAddress(address)),
                    None => self.outputs.push_back(Output::Misfit(fault.reason)),
                }
            }
        }
    }

    /// Attaches a link of an identity that is in, or that may come in now.
    pub(super) fn attach_own(&mut self, link: LinkId, wanted: Wanted, identity: &Identity, purpose: Purpose) {
        let known = match self.find(identity) {
            Some(speaker) => Ok(speaker),
            None => self.enter(identity, wanted.chain.as_deref()),
        };
        let speaker = match known {
            Ok(speaker) => speaker,
            Err(reason) => {
                self.connection.detach(link, &Condition::Unauthorized.because(&reason));
                return self.outputs.push_back(Output::Misfit(reason));
            }
        };
        let Some(client) = self.clients.get_mut(&speaker) else { return };
        match client.is_in {
            true => self.attach(speaker, link, &wanted, purpose),
            false => client.waiting.push((link, wanted, purpose)),
        }
    }

    pub(super) fn find(&self, identity: &Identity) -> Option<Speaker> {
        let name = identity.to_string();
        let mut clients = self.clients.iter();
        clients.find(|(_, client)| client.identity.to_string().eq_ignore_ascii_case(&name)).map(|(speaker, _)| *speaker)
    }

    /// Asks the hub to let a client in that put no token of its own; the error says what is missing.
    fn enter(&mut self, identity: &Identity, chain: Option<&str>) -> Result<Speaker, String> {
        let credential = self.credential_of(identity, chain)?;
        self.authenticate(Login { identity: identity.clone(), credential }, Asker::Link);
        self.find(identity).ok_or_else(|| "there are too many identities on this connection".to_owned())
    }

    /// Finds what may serve for an identity: the token of the edge hub that speaks for it, its device's token
    /// (protocol.md §3.2), or the certificate of the connection.
    fn credential_of(&self, identity: &Identity, chain: Option<&str>) -> Result<Credential, String> {
        let chain = chain.map(AuthChain::parse).transpose().map_err(|error| format!("the auth chain: {error}"))?;
        if let Some(chain) = chain.flatten() {
            let hub = Identity::of_module(chain.actor.clone(), ModuleId::edge_hub());
            let token = self.lent.get(&hub).cloned();
            let missing = || format!("no token was put for `{hub}`, which speaks for `{identity}`");
            return token.map(|token| Credential::OnBehalf { chain, token }).ok_or_else(missing);
        }
        if let Some(token) = self.lent.get(identity) {
            return Ok(Credential::Sas(token.clone()));
        }
        let device = Identity::of_device(identity.device.clone());
        let of_device = self.find(&device).and_then(|device| self.clients.get(&device));
        match (&identity.module, of_device, &self.certificate) {
            (Some(_), Some(device), _) => Ok(device.credential.clone()),
            (_, _, Some(certificate)) => Ok(Credential::Certificate(certificate.clone())),
            _ => Err(format!("no token was put for `{identity}`")),
        }
    }

    pub(super) fn attach(&mut self, speaker: Speaker, link: LinkId, wanted: &Wanted, purpose: Purpose) {
        self.end_displaced(speaker, purpose, &wanted.pair);
        self.connection.accept(link, MAX_MESSAGE + ENVELOPE);
        self.links.insert(link, Bound::Own(speaker, purpose));
        if let Some(model) = wanted.model.clone() {
            self.request(speaker, Request::Announce { model });
        }
        let Some(client) = self.clients.get_mut(&speaker) else { return };
        client.set_link(purpose, link, &wanted.pair);
        let feature = match purpose {
            Purpose::Inputs => Feature::Inputs,
            Purpose::CloudToDevice => Feature::CloudToDevice,
            Purpose::MethodCalls => Feature::Methods,
            Purpose::TwinAnswers => Feature::TwinAnswers,
            Purpose::Telemetry | Purpose::MethodAnswers | Purpose::TwinRequests => return,
        };
        if matches!(purpose, Purpose::Inputs | Purpose::CloudToDevice) {
            client.set_stream(feature, Stream { link, largest: wanted.largest, received: 0, allowed: 0 });
            self.request(speaker, Request::Allow { feature, total: 0 });
        }
        let guarantee = if wanted.is_settled { Guarantee::AtMostOnce } else { Guarantee::AtLeastOnce };
        self.request(speaker, Request::Subscribe { feature, guarantee });
        self.tell_room(link);
    }

    /// Ends the links that a new one leaves no place for, as the real hub does; which closes them without a word.
    fn end_displaced(&mut self, speaker: Speaker, purpose: Purpose, pair: &str) {
        let displaced = self.clients.get(&speaker).map(|client| client.ended_by(purpose, pair));
        for link in displaced.unwrap_or_default() {
            let fault = Condition::Stolen.because("a link to the same address was attached, or one of another pair");
            self.connection.detach(link, &fault);
            self.forget_link(link);
        }
    }

    /// Tells the hub how many deliveries the client has room for.
    pub(super) fn tell_room(&mut self, link: LinkId) {
        let Some(Bound::Own(speaker, purpose)) = self.links.get(&link).copied() else { return };
        let feature = match purpose {
            Purpose::Inputs => Feature::Inputs,
            Purpose::CloudToDevice => Feature::CloudToDevice,
            _ => return,
        };
        let credit = self.connection.credit(link);
        let Some(stream) = self.clients.get_mut(&speaker).and_then(|client| client.stream(feature)) else { return };
        let total = stream.received + u64::from(credit);
        if stream.link == link && total != stream.allowed {
            stream.allowed = total;
            self.request(speaker, Request::Allow { feature, total });
        }
    }

    /// Takes the end of a link: what was under way on it comes again on the next.
    pub(super) fn forget_link(&mut self, link: LinkId) {
        let bound = self.links.remove(&link);
        let lost: Vec<u64> =
            self.deliveries.iter().filter(|(_, (_, on))| *on == link).map(|(delivery, _)| *delivery).collect();
        if let Some(Bound::Own(speaker, _)) = bound
            && let Some(client) = self.clients.get_mut(&speaker)
        {
            for feature in client.forget_link(link) {
                self.request(speaker, Request::Unsubscribe { feature });
            }
        }
        for client in self.clients.values_mut() {
            client.waiting.retain(|(waiting, ..)| *waiting != link);
        }
        for delivery in lost {
            self.handle_settled(delivery, Outcome::Released);
        }
    }
}
