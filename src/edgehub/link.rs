//! The link to the cloud: what comes over it, and what happens when it goes and comes back.

use std::time::Duration;

use super::hub::EdgeHub;
use super::port::Link;
use super::vocabulary::{Endpoint, FromCloud};
use crate::clock::Now;

/// The first and the longest pause after messages that the cloud did not take in time (protocol.md §9.2).
const BACK_OFF: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// How the cloud takes messages: after a failure it is left alone for a while, twice as long each time.
#[derive(Debug, Default)]
pub(super) struct Upstream {
    pause: Option<Duration>,
    /// Until when nothing is sent, on the monotonic clock.
    pub(super) resumes: Option<Duration>,
}

impl Upstream {
    pub(super) fn is_ready(&self, now: Duration) -> bool {
        self.resumes.is_none_or(|at| at <= now)
    }

    pub(super) fn failed(&mut self, now: Duration) {
        let pause = self.pause.map_or(*BACK_OFF.start(), |pause| (pause * 2).min(*BACK_OFF.end()));
        (self.pause, self.resumes) = (Some(pause), Some(now + pause));
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Forgets a pause that is over, so that nothing waits for its end any more.
    pub(super) fn resume(&mut self, now: Duration) {
        self.resumes = self.resumes.filter(|at| *at > now);
    }
}

impl EdgeHub {
    pub(super) fn handle_cloud(&mut self, now: Now, from_cloud: FromCloud) {
        match from_cloud {
            FromCloud::Taken { queue, offset } => {
                self.upstream.succeeded();
                self.taken(now, &queue, offset);
            }
            FromCloud::Confirmed { identity } => self.handle_confirmed(&identity),
            FromCloud::Twin { identity, desired, reported } => self.handle_twin(identity, desired, reported),
            FromCloud::DesiredPatch { identity, patch } => self.handle_desired_patch(identity, patch),
            FromCloud::Scope { children } => self.handle_scope(now, children),
            FromCloud::DeviceBound { identity, lock, message } => self.handle_device_bound(identity, lock, message),
            FromCloud::Invoke { call, invocation } => self.handle_invoke(now, call, invocation),
        }
    }

    pub(super) fn handle_link(&mut self, link: Link) {
        if self.link == link {
            return;
        }
        self.metrics.link_changed(link);
        self.link = link;
        self.upstream.succeeded();
        match link {
            Link::Online => {
                self.report_start();
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
                upstream.for_each(|(_, queue)| queue.close());
            }
        }
    }

    /// Says whether the cloud can be reached.
    pub fn link(&self) -> Link {
        self.link
    }
}
