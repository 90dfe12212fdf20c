//! Whatever comes, nothing panics, and what comes out keeps its promises. Inputs are valid ones with a few changes: most
//! random bytes would fall at the first check.
//!
//! `PROPTEST_CASES` says how many inputs each test tries; `tests/run --fuzz MINUTES` tries new ones for so long.

#[path = "fuzz/amqp.rs"]
mod amqp;
#[path = "fuzz/control.rs"]
mod control;
#[path = "fuzz/credentials.rs"]
mod credentials;
#[path = "fuzz/deep.rs"]
mod deep;
#[path = "fuzz/disk.rs"]
mod disk;
#[path = "fuzz/files.rs"]
mod files;
#[path = "fuzz/http.rs"]
mod http;
#[path = "fuzz/mqtt.rs"]
mod mqtt;
#[path = "fuzz/mutation.rs"]
mod mutation;
#[path = "fuzz/route.rs"]
mod route;
#[path = "fuzz/twin.rs"]
mod twin;
#[path = "fuzz/websocket.rs"]
mod websocket;
