//! Ctrl-C and `SIGTERM`, from the first moment of a simulation to its last.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Failure, Kind, OrFail, Outcome};

/// The wishes to end that come from outside; none that comes after [`Interrupts::listen`] is missed.
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    pub(super) fn listen() -> Outcome<Self> {
        let listen = |kind| signal(kind).or_fail(Kind::Machine, || "cannot listen to signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does work that may be given up at any time: an interrupt drops it, and with it what it asked an engine for.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        tokio::select! {
            done = work => done,
            () = self.next() => Err(Failure::interrupted()),
        }
    }
}
