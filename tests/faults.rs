//! What a user meets when something is wrong: bad files, a machine that is not ready, modules that fail, clients that
//! misbehave, a simulation that is killed. Each with its documented exit code and the exact words.

#[path = "faults/clients.rs"]
mod clients;
#[path = "faults/crowd.rs"]
mod crowd;
#[path = "faults/doors.rs"]
mod doors;
#[path = "faults/endings.rs"]
mod endings;
#[path = "faults/engine.rs"]
mod engine;
#[path = "faults/files.rs"]
mod files;
#[path = "faults/machine.rs"]
mod machine;
#[path = "faults/modules.rs"]
mod modules;
#[path = "faults/starts.rs"]
mod starts;
mod support;
