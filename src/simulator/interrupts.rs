//! Ctrl-C, `SIGTERM` and a terminal that is closed, from the first moment of a simulation to its last.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Failure, Kind, OrFail, Outcome};

/// The wishes to end that come from outside; none that comes after [`Interrupts::listen`] is missed.
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Interrupts {
    pub(super) fn listen() -> Outcome<Self> {
        let listen = |kind| signal(kind).or_fail(Kind::Machine, || "cannot listen to signals");
        let hangup = match outlives_terminal() {
            true => None,
            false => Some(listen(SignalKind::hangup())?),
        };
        let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup })
    }

    /// Waits for the next one, and returns how it ends a simulation.
    pub(super) async fn next(&mut self) -> Failure {
        let hung_up = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Failure::interrupted(),
            _ = self.terminate.recv() => Failure::terminated(),
            _ = hung_up => Failure::terminated(),
        }
    }

    /// Does work that may be given up at any time: an interrupt drops it, and with it what it asked an engine for.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        tokio::select! {
            done = work => done,
            failure = self.next() => Err(failure),
        }
    }
}

/// Says whether SIGHUP is ignored, as `nohup` arranges it; listening to it would undo that.
fn outlives_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The lowest bit is that of signal 1.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
