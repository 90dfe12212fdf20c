//! Devices below a simulated edge device that ask it for identities, or register modules (protocol.md §6.2).
//!
//! What they ask for is answered without a link, too; what they change goes to the cloud and needs one.

use tokio::sync::oneshot;

use super::asked::Injector;
use super::devices::new_module;
use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use super::refusals::Turned;
use crate::clock::Now;
use crate::edgehub::{HttpAnswer, Link, NestedCall, ToStore};
use crate::iothub::{Hierarchy, ModuleChange};

impl Dispatcher {
    pub(super) fn handle_nested(
        &mut self,
        now: Now,
        edge: EdgeNumber,
        call: NestedCall,
        reply: oneshot::Sender<HttpAnswer>,
    ) {
        let hierarchy = self.hierarchy();
        // Each device dials its own gateway as its hub, and signs for that name wherever its parent listens.
        let hosts: Vec<String> = self.edges.all().flat_map(|edge| edge.hub.hosts().iter().cloned()).collect();
        if let Err(reason) = hierarchy.prove(now.unix, &hosts, &call) {
            let answer = HttpAnswer::refused(401, reason.clone());
            return self.turn_away(now, edge, Some(call.caller), &reason, Turned::Nested(reply, answer));
        }
        let answered = match new_module(now.unix) {
            Ok(fresh) => hierarchy.answer(&self.edges[edge].device, &call, fresh),
            Err(failure) => Err(HttpAnswer::refused(500, failure.message())),
        };
        match answered {
            Ok((answer, Some(change))) => self.change_module(now, edge, change, answer, reply),
            // Who asked may have gone.
            Ok((answer, None)) | Err(answer) => drop(reply.send(answer)),
        }
    }

    /// Returns everybody as they are now.
    fn hierarchy(&self) -> Hierarchy {
        let simulated = self.edges.all().map(|edge| (edge.place.parent.as_ref(), edge.hub.own_identities().collect()));
        Hierarchy::new(self.cloud.registry(), simulated)
    }

    /// Changes the registry; answered when that is stored.
    fn change_module(
        &mut self,
        now: Now,
        edge: EdgeNumber,
        change: ModuleChange,
        answer: HttpAnswer,
        reply: oneshot::Sender<HttpAnswer>,
    ) {
        if self.edges[edge].hub.link() == Link::Offline {
            return drop(reply.send(HttpAnswer::refused(500, "the registry is out of reach: there is no link")));
        }
        match change {
            ModuleChange::Put(identity, module) => self.cloud.put_module(identity, module),
            ModuleChange::Remove(identity) => self.cloud.remove_module(&identity),
        }
        self.settle_link(now);
        let ticket = self.asked.open_injection(Injector::Http(reply, answer));
        // The registry is kept by the main device's store.
        self.edges[EdgeNumber::MAIN].storage.send(ToStore::Confirm { ticket });
    }
}
