//! `edgectl build` and `edgectl push`: against the real engine and real registries where they are, against an engine
//! of the test's own for what a real one cannot be made to do.

#[path = "build/big.rs"]
mod big;
#[path = "build/changes.rs"]
mod changes;
#[path = "build/debug.rs"]
mod debug;
#[path = "build/dockerignore.rs"]
mod dockerignore;
#[path = "build/fake.rs"]
mod fake;
#[path = "build/lists.rs"]
mod lists;
#[path = "build/lock.rs"]
mod lock;
#[path = "build/logins.rs"]
mod logins;
#[path = "build/options.rs"]
mod options;
#[path = "build/parts.rs"]
mod parts;
#[path = "build/podman.rs"]
mod podman;
#[path = "build/proxy.rs"]
mod proxy;
#[path = "build/pushes.rs"]
mod pushes;
#[path = "build/real.rs"]
mod real;
#[path = "build/registry.rs"]
mod registry;
mod support;
#[path = "build/tokens.rs"]
mod tokens;
