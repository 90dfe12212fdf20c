//! What `edgectl deploy` does besides expanding a template: secrets kept out, layers, merged and compared manifests.

mod support;

#[path = "ways/diff.rs"]
mod diff;
#[path = "ways/layers.rs"]
mod layers;
#[path = "ways/secrets.rs"]
mod secrets;

use support::Folder;

/// A solution of two modules, a registry with a password, and secrets in the module's environment and twin.
fn solution() -> Folder {
    Folder::copy_of(format!("{}/tests/data/ways/solution", env!("CARGO_MANIFEST_DIR")))
}
