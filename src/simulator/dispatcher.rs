//! The dispatcher: owns the cores, the children and everything a user may believe.
//!
//! One task, which awaits nothing but events: it takes what has happened in batches, applies each event without waiting
//! for anything, and then lets the cores speak to each other until they have nothing more to say. Codecs, TLS, files
//! and engines work elsewhere and send [`Event`]s.

use std::time::Duration;

use tokio::sync::mpsc;

use super::alarm::Alarm;
use super::asked::{Asked, CallReply};
use super::audience::Audience;
use super::clocks::Clock;
use super::edges::{EdgeDevice, EdgeDevices, EdgeNumber};
use super::ending::{Ended, Ending};
use super::event::{EdgeEvent, Event, FromHead};
use super::logs::Line;
use super::refusals::{Refusals, Turned};
use super::report::Report;
use super::storage::Stored;
use super::taps::Tapped;
use super::to_heads::ToHeads;
use crate::agent;
use crate::clock::Now;
use crate::edgehub::{self, Caller, ConnectionId, Refusal};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{Identity, ModuleId};
use crate::iothub::IotHub;
use crate::workload::{Action, Audit};

/// Events taken at once, at the most.
const BATCH: usize = 512;

/// The dispatcher.
pub(super) struct Dispatcher {
    pub(super) clock: Clock,
    pub(super) edges: EdgeDevices,
    pub(super) cloud: IotHub,
    pub(super) report: Report,
    pub(super) ending: Ending,
    pub(super) heads: ToHeads,
    pub(super) asked: Asked,
    pub(super) audience: Audience,
    pub(super) refusals: Refusals<Turned>,
    /// What routes took in this turn, to be shown once it is on its way.
    pub(super) passed: Vec<Tapped>,
}

impl Dispatcher {
    /// Runs until the simulation has ended and everything it was told is stored.
    pub(super) async fn run(mut self, mut events: mpsc::Receiver<Event>) -> Ended {
        let mut batch = Vec::with_capacity(BATCH);
        let mut alarm = Alarm::new(self.clock);
        loop {
            let now = self.clock.now();
            self.settle_cores(now);
            if let Some(turn) = self.heads.flush() {
                // Somebody waits for what the heads write, and the store's thread would take a processor from them.
                turn.wait().await;
            }
            self.flush_stores(now);
            self.look_back();
            if self.has_ended() {
                self.report_shutdown(self.clock.now());
                // The store thread may wait for room in this channel, and nobody takes from it any more.
                drop(events);
                return self.close();
            }
            let deadline = self.deadline();
            // Too late or woken by an event: both are looked at below.
            tokio::select! {
                _ = events.recv_many(&mut batch, BATCH) => {}
                () = alarm.wait(deadline) => {}
            }
            let now = self.clock.now();
            for event in batch.drain(..) {
                self.apply(now, event);
            }
            self.handle_deadlines(now);
        }
    }

    fn apply(&mut self, now: Now, event: Event) {
        match event {
            Event::Edge(edge, event) => self.apply_to_edge(now, edge, event),
            Event::Control(call) => self.handle_control(now, call),
            Event::Interrupt(failure) => self.handle_interrupt(now, failure),
        }
    }

    fn apply_to_edge(&mut self, now: Now, edge: EdgeNumber, event: EdgeEvent) {
        match event {
            EdgeEvent::Head { connection, event } => self.handle_head(now, edge, connection, event),
            EdgeEvent::Invoke { invocation, reply } => {
                let Caller::Module { identity: caller, .. } = &invocation.caller else { return };
                let call = self.asked.open_call(CallReply::Http { caller: caller.clone(), reply });
                self.edges[edge].hub.handle(now, edgehub::Input::Invoke { call, invocation });
            }
            EdgeEvent::Nested { call, reply } => self.handle_nested(now, edge, call, reply),
            EdgeEvent::Refused { reason } => self.note_refusal(now, edge, None, &reason),
            // Who asked may have gone.
            EdgeEvent::Metrics { page, reply } => drop(reply.send(self.edges[edge].metrics(now, page))),
            EdgeEvent::Workload(audit) => self.handle_audit(now, edge, audit),
            EdgeEvent::Instance { module, run, event } => self.handle_instance(now, edge, (module, run), event),
            EdgeEvent::Stored(stored) => self.handle_stored(now, edge, stored),
            EdgeEvent::Test(test) => self.handle_test(now, edge, test),
            EdgeEvent::Prepared(preparation) => self.handle_prepared(now, edge, *preparation),
            EdgeEvent::Uploaded { task, result } => {
                self.edges[edge].agent.handle(now, agent::Input::Uploaded { task, result });
            }
            EdgeEvent::Rebuilt { module, outcome, answers } => self.handle_rebuilt(now, edge, module, outcome, answers),
        }
    }

    fn handle_audit(&mut self, now: Now, edge: EdgeNumber, audit: Audit) {
        let text = audit.action.to_string();
        match audit.action {
            Action::Forbidden { .. } => {
                let identity = self.edges[edge].identity(&audit.module);
                self.note_refusal(now, edge, Some(identity), &text);
            }
            _ => self.note(now, edge, audit.module, text),
        }
    }

    fn handle_head(&mut self, now: Now, edge: EdgeNumber, connection: ConnectionId, event: FromHead) {
        match event {
            FromHead::Connect { identity, credential, session, head } => {
                self.heads.add(connection, head);
                self.edges[edge].hub.handle(now, edgehub::Input::Connect { connection, identity, credential, session });
            }
            FromHead::Misfit { reason, head } => {
                self.heads.add(connection, head);
                let refusal = Refusal::NotAuthorized(reason.clone());
                self.turn_away(now, edge, None, &reason, Turned::Head(connection, refusal));
            }
            FromHead::Requests { requests, room } => {
                let device = &mut self.edges[edge];
                device.storage.hold(room);
                for request in requests {
                    device.hub.handle(now, edgehub::Input::Request { connection, request });
                }
            }
            FromHead::Notice(text) => self.note_client(now, edge, connection, text),
            FromHead::Closed(why) => {
                let identity = self.edges[edge].hub.speaker(connection).cloned();
                self.note_client(now, edge, connection, format!("disconnected: {why}"));
                self.tell_speaker(edge, connection, false);
                self.heads.remove(connection);
                self.edges[edge].hub.handle(now, edgehub::Input::Disconnect { connection });
                self.tell_connection(edge, identity);
            }
        }
    }

    fn handle_stored(&mut self, now: Now, edge: EdgeNumber, stored: Stored) {
        match stored {
            Stored::Said(said) => self.edges[edge].hub.handle(now, edgehub::Input::Store(said)),
            Stored::Confirmed(ticket) => self.handle_injected(ticket, Ok(1)),
            Stored::Failed => {
                let outcome = self.close_storage();
                if let Err(failure) = &outcome {
                    // Their messages are among the rest.
                    self.asked.fail_injections(failure);
                }
                self.stop(now, outcome);
            }
        }
    }

    pub(super) fn close_storage(&mut self) -> Outcome {
        let closed = self.edges.all_mut().map(|device| device.storage.close());
        let Some(error) = closed.fold(None, |first, closed| first.or(closed.err())) else { return Ok(()) };
        let hint = match error.is_full() {
            true => "make room on the disk; what was acknowledged is kept, the rest will be sent again",
            false => "see that `.edgectl` is on a disk that works, or pass `--ephemeral`",
        };
        let stored: Outcome = Err(error).or_fail(Kind::Machine, || "cannot store messages any more");
        stored.map_err(|failure| failure.hint(hint))
    }

    fn deadline(&self) -> Option<Duration> {
        let until = self.ending.until.filter(|_| !self.is_stopping());
        let edges = self.edges.all().map(EdgeDevice::deadline);
        edges.chain([self.cloud.deadline(), self.refusals.deadline(), until]).flatten().min()
    }

    fn handle_deadlines(&mut self, now: Now) {
        let due = |deadline: Option<Duration>| deadline.is_some_and(|at| at <= now.monotonic);
        for edge in self.edges.numbers() {
            let device = &mut self.edges[edge];
            if due(device.hub.deadline()) {
                device.hub.handle(now, edgehub::Input::Timeout);
            }
            if due(device.agent.deadline()) {
                device.agent.handle(now, agent::Input::Timeout);
            }
            if due(device.link.deadline()) {
                self.handle_link_deadline(now, edge);
            }
        }
        if due(self.cloud.deadline()) {
            self.cloud.handle_timeout(now);
        }
        self.answer_turned_away(now);
        if due(self.ending.until) {
            self.stop(now, Ok(()));
        }
        if self.report.is_reader_gone() {
            self.stop(now, Err(Failure::new(Kind::ReaderGone, "nobody reads the records")));
        }
    }

    /// Tells a line about the client that speaks on a connection; of a module it is remembered, too.
    fn note_client(&mut self, now: Now, edge: EdgeNumber, connection: ConnectionId, text: String) {
        if let Some(identity) = self.edges[edge].hub.speaker(connection).cloned() {
            self.note_identity(now, edge, &identity, text);
        }
    }

    /// Tells a line about a module, or about somebody below the device.
    pub(super) fn note_identity(&mut self, now: Now, edge: EdgeNumber, identity: &Identity, text: String) {
        match self.edges[edge].own_module(identity).cloned() {
            Some(module) => self.note(now, edge, module, text),
            None => self.report.child_note(now.unix, identity, &text),
        }
    }

    /// Remembers and tells a line about a module.
    pub(super) fn note(&mut self, now: Now, edge: EdgeNumber, module: ModuleId, text: String) {
        self.tell_line(edge, Line { at: now.unix, module, stream: "edgectl", text });
    }

    /// Warns of something about somebody; of a module it is remembered, too.
    pub(super) fn warn(&mut self, now: Now, edge: EdgeNumber, about: &Identity, text: String) {
        self.report.warn(&text);
        if let Some(module) = self.edges[edge].own_module(about).cloned() {
            self.remember_line(edge, Line { at: now.unix, module, stream: "edgectl", text });
        }
    }

    pub(super) fn tell_line(&mut self, edge: EdgeNumber, line: Line) {
        self.report.line(&self.edges[edge].device, &line);
        self.remember_line(edge, line);
    }

    /// Shows a line to those who follow the logs, and keeps it for those who will ask.
    pub(super) fn remember_line(&mut self, edge: EdgeNumber, line: Line) {
        let device = &mut self.edges[edge];
        self.audience.followers.retain(|(modules, answers)| {
            let wanted = modules.is_empty() || modules.iter().any(|(at, module)| *at == edge && *module == line.module);
            if wanted { answers.record(&line.record(&device.device)) } else { !answers.is_gone() }
        });
        device.logs.remember(line);
    }
}
