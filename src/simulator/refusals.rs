//! Refused credentials: answered ever later when they repeat, and told once.
//!
//! Nothing here keeps anybody out: every credential is looked at, and a good one is let in at once, also while somebody
//! else tries the same identity from the same address with a bad one. An address says little here, since all processes
//! share 127.0.0.1, and guessing 256 bits needs no slowing down; what needs it is the honest module with a wrong key
//! that tries again in a tight loop, and the log that it would fill.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::edges::EdgeNumber;
use super::event::ToHead;
use crate::clock::Now;
use crate::edgehub::{Answer, ConnectionId, HttpAnswer, InvokeError, Refusal};
use crate::identity::Identity;

/// Refusals of one burst that are answered at once: somebody is trying out what is right.
const FREE: u32 = 5;
/// The delay of the first answer after those; each one doubles it.
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(8);
/// A burst ends when nothing of it came for so long, and is told again when it goes on for so long.
const QUIET: Duration = Duration::from_secs(60);
/// Identities that are told apart; made-up ones count as one after that.
const SUSPECTS: usize = 256;
/// Answers that wait. One more, and the first of them goes out early.
const WAITING: usize = 1024;

/// Who is refused: the identity that it claims to be; `None` for whoever has not said it in a readable way.
type Suspect = Option<Identity>;

/// Bursts of refusals, and answers that wait for their time.
#[derive(Debug)]
pub(super) struct Refusals<A> {
    bursts: HashMap<Suspect, Burst>,
    waiting: BTreeMap<(Duration, u64), A>,
    last: u64,
}

#[derive(Debug)]
struct Burst {
    count: u32,
    last: Duration,
    told: Duration,
    /// How many came since, of which nothing was told.
    untold: u64,
    /// The reason that was told last, without its numbers: some of them count seconds.
    reason: String,
}

/// An answer to somebody who is not let in.
#[derive(Debug)]
pub(super) enum Turned {
    Head(ConnectionId, Refusal),
    Http(tokio::sync::oneshot::Sender<Result<Answer, InvokeError>>, InvokeError),
    Nested(tokio::sync::oneshot::Sender<HttpAnswer>, HttpAnswer),
}

impl<A> Default for Refusals<A> {
    fn default() -> Self {
        Self { bursts: HashMap::new(), waiting: BTreeMap::new(), last: 0 }
    }
}

impl<A> Refusals<A> {
    /// Notes a refusal; returns the line for the log, if there has to be one.
    pub(super) fn note(&mut self, now: Duration, suspect: Suspect, reason: &str) -> Option<String> {
        self.count(now, suspect, reason).1
    }

    /// Notes a refusal whose answer comes out of [`Refusals::due`] in its time; returns the line for the log.
    pub(super) fn refuse(&mut self, now: Duration, suspect: Suspect, reason: &str, answer: A) -> Option<String> {
        let (count, line) = self.count(now, suspect, reason);
        self.last += 1;
        self.waiting.insert((now + delay(count), self.last), answer);
        line
    }

    /// Returns when [`Refusals::due`] has something, on the monotonic clock.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let ((first, _), _) = self.waiting.first_key_value()?;
        Some(if self.waiting.len() > WAITING { Duration::ZERO } else { *first })
    }

    /// Takes the next answer whose time has come.
    pub(super) fn due(&mut self, now: Duration) -> Option<A> {
        self.deadline().filter(|at| *at <= now)?;
        self.waiting.pop_first().map(|(_, answer)| answer)
    }

    fn count(&mut self, now: Duration, suspect: Suspect, reason: &str) -> (u32, Option<String>) {
        let suspect = self.place(now, suspect);
        let without_numbers: String = reason.chars().filter(|c| !c.is_ascii_digit()).collect();
        let new = || Burst { count: 0, last: now, told: now, untold: 0, reason: String::new() };
        let burst = self.bursts.entry(suspect).or_insert_with(new);
        burst.count += 1;
        burst.last = now;
        if burst.reason == without_numbers && now < burst.told + QUIET {
            burst.untold += 1;
            return (burst.count, None);
        }
        let line = match burst.untold {
            // What was not told had another reason.
            untold if untold > 0 && burst.reason == without_numbers => {
                format!("{reason} ({untold} more since the last line)")
            }
            _ => reason.to_owned(),
        };
        (burst.told, burst.untold, burst.reason) = (now, 0, without_numbers);
        (burst.count, Some(line))
    }

    /// Returns under which name a suspect is counted, and forgets bursts that are over.
    fn place(&mut self, now: Duration, suspect: Suspect) -> Suspect {
        if self.bursts.get(&suspect).is_some_and(|burst| burst.last + QUIET <= now) {
            self.bursts.remove(&suspect);
        }
        if self.bursts.contains_key(&suspect) || self.bursts.len() < SUSPECTS {
            return suspect;
        }
        self.bursts.retain(|_, burst| now < burst.last + QUIET);
        if self.bursts.len() < SUSPECTS { suspect } else { None }
    }
}

fn delay(count: u32) -> Duration {
    match count.checked_sub(FREE + 1) {
        None => Duration::ZERO,
        Some(doublings) => LONGEST_DELAY.min(FIRST_DELAY * (1 << doublings.min(10))),
    }
}

impl Dispatcher {
    /// Lets somebody wait who is not let in, and tells it the first time.
    pub(super) fn turn_away(&mut self, now: Now, edge: EdgeNumber, who: Suspect, reason: &str, turned: Turned) {
        let what = match turned {
            Turned::Head(..) => "connection",
            Turned::Http(..) => "call",
            Turned::Nested(..) => "request for identities",
        };
        let line = self.refusals.refuse(now.monotonic, who.clone(), &format!("{what} refused: {reason}"), turned);
        self.tell_refusal(now, edge, who, line);
        self.answer_turned_away(now);
    }

    /// Tells that somebody was refused, unless it was told a moment ago.
    pub(super) fn note_refusal(&mut self, now: Now, edge: EdgeNumber, who: Suspect, reason: &str) {
        let line = self.refusals.note(now.monotonic, who.clone(), reason);
        self.tell_refusal(now, edge, who, line);
    }

    /// Answers those who have waited long enough.
    pub(super) fn answer_turned_away(&mut self, now: Now) {
        while let Some(turned) = self.refusals.due(now.monotonic) {
            match turned {
                Turned::Head(connection, refusal) => self.heads.tell(connection, ToHead::Refused(refusal)),
                // A caller that went away needs no answer.
                Turned::Http(reply, error) => drop(reply.send(Err(error))),
                Turned::Nested(reply, answer) => drop(reply.send(answer)),
            }
        }
    }

    fn tell_refusal(&mut self, now: Now, edge: EdgeNumber, who: Suspect, line: Option<String>) {
        let Some(line) = line else { return };
        let hint = who.as_ref().and_then(|identity| self.explain_stranger(edge, identity));
        let device = &self.edges[edge];
        let own = who.filter(|identity| identity.device == device.device).and_then(|identity| identity.module);
        match own.filter(|module| device.children.plan(module).is_some()) {
            Some(module) => self.note(now, edge, module, line),
            None => self.report.warn(&line),
        }
        hint.iter().for_each(|hint| self.report.hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DeviceId, ModuleId};

    const SECOND: Duration = Duration::from_secs(1);

    fn module(name: &str) -> Suspect {
        let device = DeviceId::parse("d").expect("valid");
        Some(Identity::of_module(device, ModuleId::parse(name).expect("valid")))
    }

    /// Refuses `m` once and returns after how long it is answered.
    fn delay_at(refusals: &mut Refusals<()>, now: Duration) -> Duration {
        refusals.refuse(now, module("m"), "why", ());
        let at = refusals.deadline().expect("an answer waits");
        refusals.due(at).expect("its time has come");
        at - now
    }

    #[test]
    fn answers_come_ever_later_until_a_minute_was_quiet() {
        let mut refusals = Refusals::default();
        let delays: Vec<u128> = (0..12).map(|_| delay_at(&mut refusals, SECOND).as_millis()).collect();
        assert_eq!(delays, [0, 0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 8000, 8000]);
        assert_eq!(delay_at(&mut refusals, SECOND * 60), LONGEST_DELAY);
        assert_eq!(delay_at(&mut refusals, SECOND * 120), Duration::ZERO);
    }

    #[test]
    fn an_answer_comes_in_its_time_and_not_before() {
        let mut refusals = Refusals::default();
        (0..6).for_each(|number| assert_eq!(refusals.refuse(SECOND, None, "why", number).is_some(), number == 0));
        let at_once: Vec<_> = std::iter::from_fn(|| refusals.due(SECOND)).collect();
        assert_eq!(at_once, [0, 1, 2, 3, 4]);
        assert_eq!(refusals.deadline(), Some(SECOND + FIRST_DELAY));
        assert_eq!(refusals.due(SECOND + FIRST_DELAY), Some(5));
    }

    #[test]
    fn a_burst_is_told_once_a_minute_and_when_its_reason_changes() {
        let mut refusals = Refusals::<()>::default();
        let mut note = |second, reason| refusals.note(SECOND * second, module("m"), reason);
        assert_eq!(note(1, "expired 5 s ago").as_deref(), Some("expired 5 s ago"));
        assert_eq!(note(2, "expired 16 s ago"), None);
        assert_eq!(note(3, "forged").as_deref(), Some("forged"));
        assert_eq!(note(62, "forged"), None);
        assert_eq!(note(63, "forged").as_deref(), Some("forged (1 more since the last line)"));
    }

    #[test]
    fn a_crowd_of_made_up_names_is_one_burst() {
        let mut refusals = Refusals::<()>::default();
        let told = (0..10_000).filter(|n| refusals.note(SECOND, module(&format!("m{n}")), "unknown").is_some()).count();
        assert_eq!(told, SUSPECTS + 1);
        assert!(refusals.bursts.len() <= SUSPECTS + 1);
        assert!(refusals.note(SECOND * 100, module("m"), "unknown").is_some(), "bursts that are over are forgotten");
    }

    #[test]
    fn so_many_answers_wait_and_no_more() {
        let mut refusals = Refusals::default();
        (0..WAITING + 10).for_each(|number| drop(refusals.refuse(SECOND, None, "why", number)));
        let early: Vec<_> = std::iter::from_fn(|| refusals.due(Duration::ZERO)).collect();
        assert_eq!(early, (0..10).collect::<Vec<_>>());
        assert_eq!(refusals.waiting.len(), WAITING);
    }
}
