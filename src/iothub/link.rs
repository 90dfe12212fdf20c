//! The link between the edge device and the cloud: it can be cut, for a time too, and be slow.
//!
//! What is on its way when the link is cut never arrives. Order is kept in both directions.

use std::collections::VecDeque;
use std::time::Duration;

use crate::edgehub::{FromCloud, Link, ToCloud};

/// The link; every time is monotonic.
#[derive(Debug)]
pub struct CloudLink {
    state: Link,
    /// When a cut link comes back by itself.
    returns: Option<Duration>,
    /// How long everything takes, each way.
    latency: Duration,
    up: VecDeque<(Duration, ToCloud)>,
    down: VecDeque<(Duration, FromCloud)>,
}

/// What a link is to be; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// Whether the cloud can be reached.
    pub state: Option<Link>,
    /// How long the link stays so before it is what it was; only a cut link comes back.
    pub lasts: Option<Duration>,
    /// How long everything takes, each way.
    pub latency: Option<Duration>,
}

/// What is known of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStatus {
    /// Whether the cloud can be reached.
    pub state: Link,
    /// How long everything takes, each way.
    pub latency: Duration,
    /// In how long a cut link comes back by itself.
    pub returns_in: Option<Duration>,
}

impl CloudLink {
    /// A link that takes no time.
    pub fn new(state: Link) -> Self {
        Self { state, returns: None, latency: Duration::ZERO, up: VecDeque::new(), down: VecDeque::new() }
    }

    /// Changes the link; cutting it loses what is on its way.
    pub fn change(&mut self, now: Duration, change: LinkChange) {
        self.latency = change.latency.unwrap_or(self.latency);
        let Some(state) = change.state else { return };
        self.state = state;
        self.returns = change.lasts.filter(|_| state == Link::Offline).map(|lasts| now.saturating_add(lasts));
        if state == Link::Offline {
            self.up.clear();
            self.down.clear();
        }
    }

    /// Returns how the link is.
    pub fn status(&self, now: Duration) -> LinkStatus {
        let returns_in = self.returns.map(|returns| returns.saturating_sub(now));
        LinkStatus { state: self.state, latency: self.latency, returns_in }
    }

    /// Says whether a cut link is to come back now.
    pub fn is_back(&self, now: Duration) -> bool {
        self.returns.is_some_and(|returns| returns <= now)
    }

    /// Puts something on its way to the cloud.
    pub fn send_up(&mut self, now: Duration, said: ToCloud) {
        if self.state == Link::Online {
            // What was sent before a latency was lowered still comes first.
            let earliest = self.up.back().map_or(Duration::ZERO, |(arrives, _)| *arrives);
            self.up.push_back((earliest.max(now + self.latency), said));
        }
    }

    /// Puts something on its way to the edge device.
    pub fn send_down(&mut self, now: Duration, said: FromCloud) {
        if self.state == Link::Online {
            let earliest = self.down.back().map_or(Duration::ZERO, |(arrives, _)| *arrives);
            self.down.push_back((earliest.max(now + self.latency), said));
        }
    }

    /// Returns what arrives at the cloud next, if it has by now.
    pub fn arrive_up(&mut self, now: Duration) -> Option<ToCloud> {
        let is_here = self.up.front().is_some_and(|(arrives, _)| *arrives <= now);
        is_here.then(|| self.up.pop_front()).flatten().map(|(_, said)| said)
    }

    /// Returns what arrives at the edge device next, if it has by now.
    pub fn arrive_down(&mut self, now: Duration) -> Option<FromCloud> {
        let is_here = self.down.front().is_some_and(|(arrives, _)| *arrives <= now);
        is_here.then(|| self.down.pop_front()).flatten().map(|(_, said)| said)
    }

    /// Returns when something arrives or the link comes back.
    pub fn deadline(&self) -> Option<Duration> {
        let arrivals = [self.up.front().map(|(at, _)| *at), self.down.front().map(|(at, _)| *at)];
        arrivals.into_iter().flatten().chain(self.returns).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DeviceId, Identity};

    fn said(name: &str) -> ToCloud {
        ToCloud::GetTwin { identity: Identity::of_device(DeviceId::parse(name).expect("valid")) }
    }

    fn answered(name: &str) -> FromCloud {
        FromCloud::Confirmed { identity: Identity::of_device(DeviceId::parse(name).expect("valid")) }
    }

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn latency(latency: u64) -> LinkChange {
        LinkChange { latency: Some(millis(latency)), ..LinkChange::default() }
    }

    fn cut(lasts: Option<Duration>) -> LinkChange {
        LinkChange { state: Some(Link::Offline), lasts, latency: None }
    }

    #[test]
    fn without_latency_everything_is_there_at_once_and_in_order() {
        let mut link = CloudLink::new(Link::Online);
        link.send_up(millis(5), said("a"));
        link.send_up(millis(5), said("b"));
        assert_eq!([link.arrive_up(millis(5)), link.arrive_up(millis(5))], [Some(said("a")), Some(said("b"))]);
        assert_eq!(link.deadline(), None);
    }

    #[test]
    fn each_way_takes_the_latency() {
        let mut link = CloudLink::new(Link::Online);
        link.change(millis(0), latency(200));
        link.send_up(millis(10), said("a"));
        link.send_down(millis(20), answered("a"));
        assert_eq!(link.deadline(), Some(millis(210)));
        assert_eq!((link.arrive_up(millis(209)), link.arrive_up(millis(210))), (None, Some(said("a"))));
        assert_eq!((link.arrive_down(millis(219)), link.arrive_down(millis(220))), (None, Some(answered("a"))));
    }

    #[test]
    fn a_lowered_latency_lets_nothing_overtake() {
        let mut link = CloudLink::new(Link::Online);
        link.change(millis(0), latency(200));
        link.send_up(millis(0), said("a"));
        link.change(millis(1), latency(0));
        link.send_up(millis(1), said("b"));
        assert_eq!(link.arrive_up(millis(199)), None);
        assert_eq!([link.arrive_up(millis(200)), link.arrive_up(millis(200))], [Some(said("a")), Some(said("b"))]);
    }

    #[test]
    fn a_cut_loses_what_is_on_its_way_and_lets_nothing_in() {
        let mut link = CloudLink::new(Link::Online);
        link.change(millis(0), latency(200));
        link.send_up(millis(0), said("a"));
        link.send_down(millis(0), answered("a"));
        link.change(millis(1), cut(None));
        link.send_up(millis(2), said("b"));
        link.change(millis(3), LinkChange { state: Some(Link::Online), ..LinkChange::default() });
        assert_eq!((link.arrive_up(millis(999)), link.arrive_down(millis(999)), link.deadline()), (None, None, None));
        assert_eq!(link.status(millis(3)).latency, millis(200), "it stays as slow as it was");
    }

    #[test]
    fn a_cut_for_a_time_says_when_it_is_over() {
        let mut link = CloudLink::new(Link::Online);
        link.change(millis(500), cut(Some(millis(1000))));
        let status = LinkStatus { state: Link::Offline, latency: millis(0), returns_in: Some(millis(900)) };
        assert_eq!((link.status(millis(600)), link.deadline()), (status, Some(millis(1500))));
        assert_eq!((link.is_back(millis(1499)), link.is_back(millis(1500))), (false, true));
        link.change(millis(700), cut(None));
        assert_eq!(link.deadline(), None, "the newer word counts");
    }
}
