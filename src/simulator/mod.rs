//! The simulator: one dispatcher that owns the cores and the children.
//!
//! ```text
//! start       from a solution to a running simulation, and to its end
//!   lock, interrupts           one simulation at a time, and its end at any moment
//!   fleet, subject, cores, state, cloud_folder, kept  what is simulated, with what the last run left
//!   machine, choose            what modules can be run with here, and how each one is
//!   debug                      the images with a debugger, and the way to it
//!   prepare, errands, setup    images and packages made ready, side by side
//!   planner, plan              its identity, environment, container or process
//!   site, gateway              one edge device with its cores, and where it listens
//!   containers, bridge         what the engine keeps for us, and the network that containers share
//! dispatcher  owns the edge devices with their cores and children (edges), and the cloud
//!   event, ending              everything that can happen to it, and how all of it ends
//!   asked, alarm, clocks       who waits for an answer, deadlines that are put off again and again, what time it is
//!   settle, uplink, system, deployer  the cores speak to each other, to the cloud, to the agent, which gets deployments
//!   heads, doors, workloads, control, test_port  what comes in: clients, the workload API, other commands, test messages
//!   refusals                   who is not let in, how late that is said and how often
//!   to_heads, children, storage  what goes out: to clients, to instances, to the store
//!   answers, audience, naming, devices, nested, report, module_record, taps, feedback, logs  what people see
//!   metrics, host, resources   what Prometheus sees: of the cores, of this machine, and of what modules use of it
//! ```

mod alarm;
mod answers;
mod asked;
mod audience;
mod bridge;
mod children;
mod choose;
mod clocks;
mod cloud_folder;
mod containers;
pub mod control;
mod cores;
mod debug;
mod deployer;
pub mod devices;
mod dispatcher;
mod doors;
mod edges;
mod ending;
mod errands;
mod event;
mod feedback;
mod fleet;
mod gateway;
mod heads;
mod host;
mod interrupts;
mod kept;
mod lock;
mod logs;
mod machine;
mod metrics;
mod module_record;
mod naming;
mod nested;
mod options;
mod plan;
mod planner;
mod prepare;
mod refusals;
mod report;
mod resources;
mod settle;
mod setup;
mod site;
mod start;
mod state;
mod storage;
mod subject;
mod system;
mod taps;
mod test_port;
mod to_heads;
mod uplink;
mod workloads;

pub use ending::FailOn;
pub use gateway::PORTS;
pub use lock::{check_free, hold};
pub use options::{Address, METRICS_PORT, Metrics, Options, Permission, State, Subject};
pub use start::run;
