//! `edgectl deploy --apply` and `edgectl deployment` against a hub that checks tokens and etags and can misbehave.

mod support;

#[path = "azure/device.rs"]
mod device;
#[path = "azure/fake.rs"]
mod fake;
#[path = "azure/fleet.rs"]
mod fleet;
#[path = "azure/pin.rs"]
mod pin;
#[path = "azure/way.rs"]
mod way;

use fake::{FakeHub, OWNER_KEY};
use support::{Folder, Run};

/// A solution whose connection string is that of a hub.
struct Site {
    hub: FakeHub,
    folder: Folder,
}

impl Site {
    fn new() -> Self {
        Self::around(Folder::copy_of(format!("{}/tests/data/ways/solution", env!("CARGO_MANIFEST_DIR"))))
    }

    fn around(solution: Folder) -> Self {
        let hub = FakeHub::start();
        let folder = solution
            .file("ca.pem", &hub.authority)
            .variable("IOTHUB_CONNECTION_STRING", &hub.connection_string("iothubowner", OWNER_KEY));
        let roots = folder.path("ca.pem").display().to_string();
        Self { hub, folder: folder.variable("SSL_CERT_FILE", &roots) }
    }

    /// Runs a command; in what it says the hub is `HUB`, and no secret may be there.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Run {
        let mut run = self.folder.run_args(arguments);
        for text in [&mut run.stdout, &mut run.stderr] {
            for secret in [OWNER_KEY, "s3cret", "hunter2", "sig="] {
                assert!(!text.contains(secret), "a secret is told: {text}");
            }
            *text = text.replace(&self.hub.host(), "HUB");
        }
        run
    }

    /// Returns the lines of the requests so far, and forgets them.
    fn calls(&self) -> Vec<String> {
        self.hub.take_seen().into_iter().map(|seen| seen.line).collect()
    }
}
