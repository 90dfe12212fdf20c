//! Whatever comes, nothing panics, and what comes out keeps its promises. Inputs are valid ones with a few changes: most
//! random bytes would fall at the first check.
//!
//! `PROPTEST_CASES` says how many inputs each test tries; `tests/run --fuzz MINUTES` tries new ones for so long.

#[path = "fuzz/agent.rs"]
mod agent;
#[path = "fuzz/amqp.rs"]
mod amqp;
#[path = "fuzz/answers.rs"]
mod answers;
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
#[path = "fuzz/images.rs"]
mod images;
#[path = "fuzz/json.rs"]
mod json;
#[path = "fuzz/manifests.rs"]
mod manifests;
#[path = "fuzz/metrics.rs"]
mod metrics;
#[path = "fuzz/mqtt.rs"]
mod mqtt;
#[path = "fuzz/mutation.rs"]
mod mutation;
#[path = "fuzz/route.rs"]
mod route;
#[path = "fuzz/solution.rs"]
mod solution;
#[path = "fuzz/template.rs"]
mod template;
#[path = "fuzz/twin.rs"]
mod twin;
#[path = "fuzz/websocket.rs"]
mod websocket;
#[path = "fuzz/words.rs"]
mod words;
#[path = "fuzz/yaml.rs"]
mod yaml;
