//! edgectl: scaffold, build, deploy and simulate Azure IoT Edge modules.
//!
//! # The map
//!
//! Dependencies point down this page only; `tests/tidy.rs` reads the sources and holds the borders.
//!
//! ```text
//! command line   cli        the root parser, the global flags, the exit code
//!                commands   one file a subcommand: its arguments, its help, its run
//!                ui         everything said to a person or a pipe
//!                failure    every failure: kind, words, hints, exit code
//!
//! applications   simulator  one dispatcher that owns the cores and the children
//!                doctor     what stands between a user and a running simulation
//!                demo       the solution inside the binary, and its two modules
//!
//! adapters       engine     containers, images, registries (bollard)
//!                runtime    instances of modules: processes and containers
//!                net        TLS, TCP, unix sockets, HTTP, WebSockets
//!                store      durable queues and state files
//!                client     a module's side of the wire, used by `demo`
//!                azure      a real IoT Hub by its REST API
//!
//! cores          edgehub    clients, routing, queues, twins' edge side, methods
//!                iothub     the simulated cloud: twins and what arrived upstream
//!                agent      which instance should run when
//!                mqtt       MQTT 3.1.1: codec, topics, one connection's session
//!                amqp       AMQP 1.0: engine, messages, one connection's links
//!                workload   the workload API, from request to response
//!
//! domain         solution   what lies in a solution's folder
//!                template   scaffolds: plan, render, write
//!                manifest   deployment templates and manifests
//!                image      names, tags and build contexts of images
//!                route      the routing language
//!                twin       twin documents: merge, metadata, limits
//!                identity   names, keys, SAS tokens, certificates
//!                message    a message as the hub sees it
//!                metrics    what is counted, and its text for Prometheus
//!                clock, environment   points in time and variables as data
//!                document   a JSON or YAML file: its values and their places
//!                json, yaml text with places, to values and back
//!                text       a wrong place in a file, as it is shown
//! ```
//!
//! `protocol.md`, beside this file, holds the wire contracts with their evidence; comments name its sections, and
//! `tests/tidy/protocol.rs` the tests that hold its facts.
//!
//! # The rules
//!
//! * Domain code is synchronous and touches the world only through files that its caller names.
//! * Cores have no socket, no clock, no task: `handle(now, input)`, then drain `poll()`. A deadline is data.
//! * One library, one owner: `bollard` is known to `engine` alone, `handlebars` to `template`, YAML to `yaml`, `clap` to
//!   `cli` and `commands`, `rustls` to `net` (and `client`, `azure`), `serde_amqp` to `amqp`, `rcgen` to `identity`,
//!   `ring` to `identity` (and `net`, for the handshake of WebSockets, and `image`, for the hash of what an image is made
//!   of), `regex-lite`, `flate2` and `zip` to `agent` (the first to `template` as well).
//! * Only `cli` and [`commands::Context`] read the environment and the clock, only `ui` prints, only `main` exits.
//! * A file has at most 400 lines; a function fits on a screen: 40 lines (`clippy.toml`).

#![warn(clippy::too_many_lines)]

pub mod cli;
pub mod commands;
pub mod failure;
pub mod ui;

pub mod demo;
pub mod doctor;
pub mod simulator;

pub mod azure;
pub mod client;
pub mod engine;
pub mod net;
pub mod runtime;
pub mod store;

pub mod agent;
pub mod amqp;
pub mod edgehub;
pub mod iothub;
pub mod mqtt;
pub mod workload;

pub mod clock;
pub mod document;
pub mod environment;
pub mod identity;
pub mod image;
pub mod json;
pub mod manifest;
pub mod message;
pub mod metrics;
pub mod route;
pub mod solution;
pub mod template;
pub mod text;
pub mod twin;
pub mod yaml;
