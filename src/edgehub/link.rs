//! The link to the cloud: what comes over it, and what happens when it goes and comes back.

use super::hub::EdgeHub;
use super::port::Link;
use super::vocabulary::{Endpoint, FromCloud};
use crate::clock::Now;

impl EdgeHub {
    pub(super) fn handle_cloud(&mut self, now: Now, from_cloud: FromCloud) {
        match from_cloud {
            FromCloud::Taken { queue, offset } => self.finish(now, &queue, offset),
            FromCloud::Twin { identity, desired, reported } => self.handle_twin(identity, desired, reported),
            FromCloud::DesiredPatch { identity, patch } => self.handle_desired_patch(identity, patch),
            FromCloud::Scope { children } => self.handle_scope(children),
            FromCloud::DeviceBound { identity, lock, message } => self.handle_device_bound(identity, lock, message),
            FromCloud::Invoke { call, invocation } => self.handle_invoke(now, call, invocation),
        }
    }

    pub(super) fn handle_link(&mut self, link: Link) {
        if self.link == link {
            return;
        }
        self.link = link;
        match link {
            Link::Online => {
                self.sync_twins();
                self.tell_presences();
                self.ask_scope();
                self.review_receivers();
                self.stirred.insert(Endpoint::Upstream);
            }
            Link::Offline => {
                self.answer_askers_offline();
                self.lose_receivers();
                let upstream = self.queues.iter_mut().filter(|(id, _)| id.endpoint == Endpoint::Upstream);
                upstream.for_each(|(_, queue)| queue.take_back());
            }
        }
    }

    /// Says whether the cloud can be reached.
    pub fn link(&self) -> Link {
        self.link
    }
}
