//! The whole loop on real parts: the built program, real MQTT clients, and where they are here, the Azure SDKs, a
//! container engine and registries. What is not here is told and left out, except under `tests/run --install`.

mod containers;
mod demo;
mod engine;
mod faults;
mod loops;
mod mistakes;
mod parts;
mod program;
mod records;
mod sdk;
mod simulation;
mod solution;
#[path = "../support/mod.rs"]
mod support;
