//! The simulator: one dispatcher that owns the cores and the children.
//!
//! ```text
//! start       from a solution to a running simulation, and to its end
//!   subject, cores, state, cloud_folder  what is simulated, with what the last run left
//!   choose, prepare, setup     how each module is run, and that made ready
//!   planner, plan              its identity, environment, container or process
//!   gateway, containers        where is listened, what containers share
//! dispatcher  owns the cores and the children; settle lets them speak to each other
//!   heads, workloads, control  what comes in: clients, the workload API, other commands
//!   to_heads, children, storage  what goes out: to clients, to instances, to the store
//!   answers, devices, report, taps, logs  what people see
//! ```

mod answers;
mod children;
mod choose;
mod cloud_folder;
mod containers;
pub mod control;
mod cores;
pub mod devices;
mod dispatcher;
mod event;
mod gateway;
mod heads;
mod logs;
mod options;
mod plan;
mod planner;
mod prepare;
mod report;
mod settle;
mod setup;
mod start;
mod state;
mod storage;
mod subject;
mod taps;
mod to_heads;
mod workloads;

pub use dispatcher::FailOn;
pub use options::{Address, Options, Permission, State, Subject};
pub use start::{check_free, run};
