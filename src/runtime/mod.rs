//! Instances of modules: processes and containers, their start, output and end.
//!
//! [`start`] gives each instance a task of its own that owns it from its first moment to its last and tells what
//! happens in the same few [`InstanceEvent`]s for both kinds. Nothing here decides when an instance runs (that is
//! `agent`) or what is in its environment (that is `simulator`).
//!
//! A process is the leader of a process group; when it ends, what is left of the group is killed, as a container's
//! processes are. [`Ledger`], [`clear_processes`] and [`clear_containers`] deal with what a killed edgectl left behind.

mod container;
mod leftovers;
mod lines;
mod meter;
mod process;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::engine::container::ContainerSpec;
use crate::failure::Failure;
use crate::identity::ModuleId;

pub use crate::engine::container::{OutputStream, Share, Usage};
pub use leftovers::{Ledger, Removed, clear_containers, clear_processes};
pub use lines::MAX_LINE;
pub use meter::{Meter, processors, read_usage};

/// How long output may still come after the end of an instance: something that escaped it may keep a pipe open.
const DRAIN: Duration = Duration::from_secs(2);

/// What is to be started.
#[derive(Debug, Clone)]
pub struct InstanceSpec {
    /// Whose instance it is.
    pub module: ModuleId,
    /// How it is run.
    pub how: How,
}

/// How an instance is run.
#[derive(Debug, Clone)]
pub enum How {
    /// As a process of this machine.
    Process(ProcessSpec),
    /// As a container.
    Container {
        /// Where.
        engine: Engine,
        /// What.
        container: Box<ContainerSpec>,
    },
}

/// A process to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSpec {
    /// The program and its arguments; a program without `/` is looked for in the environment's `PATH`.
    pub command: Vec<String>,
    /// The folder it runs in.
    pub folder: PathBuf,
    /// Its whole environment (nothing is inherited), but for `EDGECTL_RUN_ID`, which is added.
    pub environment: Vec<(String, String)>,
    /// How many files it may have open, if that is not what this process may.
    pub descriptors: Option<u64>,
}

/// What happens to an instance.
///
/// [`Started`](Self::Started) comes at most once and before any output; [`Exited`](Self::Exited),
/// [`StartFailed`](Self::StartFailed) or [`Lost`](Self::Lost) comes exactly once and last.
#[derive(Debug)]
pub enum InstanceEvent {
    /// It runs.
    Started {
        /// The process, if it is one of this machine.
        pid: Option<u32>,
        /// The id of the image that it is made of, if it is a container.
        image: Option<String>,
        /// What it uses of the machine is read by this.
        meter: Meter,
    },
    /// It has written a line.
    Output {
        /// Where to.
        stream: OutputStream,
        /// The line without its end, at most [`MAX_LINE`] bytes of it, with replacement characters for what is no UTF-8.
        line: String,
    },
    /// It has ended, and so has its output.
    Exited {
        /// Its exit code, if it ended by itself or is a container.
        code: Option<i32>,
        /// The signal that ended it, if it is a process and one did.
        signal: Option<i32>,
    },
    /// It could not be started.
    StartFailed(Failure),
    /// The engine went away: nobody knows how it is.
    Lost(Failure),
}

/// An instance on its way, running or ended. Dropping this leaves the instance alone.
#[derive(Debug)]
pub struct Instance {
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Stop { grace: Duration },
    Kill,
}

type Orders = mpsc::UnboundedReceiver<Order>;
type Sink = Box<dyn Fn(InstanceEvent) + Send + Sync>;

/// Starts an instance; everything that happens to it goes to `sink`.
///
/// While `sink` waits, the instance's output does: it may do so by [`tokio::task::block_in_place`] alone.
///
/// # Panics
///
/// Outside a tokio runtime.
pub fn start(
    spec: InstanceSpec,
    ledger: &Arc<Ledger>,
    sink: impl Fn(InstanceEvent) + Send + Sync + 'static,
) -> Instance {
    let (orders, receiver) = mpsc::unbounded_channel();
    let sink: Sink = Box::new(sink);
    match spec.how {
        How::Process(process) => {
            let ledger = Arc::clone(ledger);
            tokio::spawn(process::run(spec.module, process, ledger, receiver, sink));
        }
        How::Container { engine, container } => {
            tokio::spawn(container::run(spec.module, engine, *container, receiver, sink));
        }
    }
    Instance { orders }
}

impl Instance {
    /// Asks the instance to end, and kills it after `grace`.
    pub fn stop(&self, grace: Duration) {
        self.order(Order::Stop { grace });
    }

    /// Kills the instance.
    pub fn kill(&self) {
        self.order(Order::Kill);
    }

    fn order(&self, order: Order) {
        // An instance that has ended takes no orders, and needs none.
        let _ = self.orders.send(order);
    }
}

#[cfg(test)]
mod tests;
