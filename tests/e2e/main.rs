//! The whole loop on real parts: the built program, real MQTT clients, and where they are here, the Azure SDKs, a
//! container engine and registries. What is not here is told and left out, except under `tests/run --install`.
//! What goes wrong is in `tests/faults.rs`.

mod children;
mod containers;
mod demo;
mod endurance;
mod engine;
mod loops;
mod peers;
mod program;
mod sdk;
mod sources;
#[path = "../support/mod.rs"]
mod support;
mod toolchain;
mod workload;
