//! The container engine: which one is used, and why that one.

use super::{Area, Check, Status};
use crate::engine::{About, Engine};
use crate::environment::Environment;

/// Without an engine modules still run as processes, so that is a warning.
pub(super) async fn check(environment: &Environment) -> Check {
    let about = async { Engine::connect(environment).await?.about(environment).await };
    match about.await {
        Ok(about) => Check::ok(Area::Engine, describe(&about)),
        Err(failure) => Check::of_failure(Area::Engine, Status::Warning, &failure),
    }
}

fn describe(about: &About) -> String {
    let why = match &about.named_by {
        Some(named_by) => format!("named by {named_by}"),
        None => "the first socket found".to_owned(),
    };
    let rootless = if about.rootless { ", rootless" } else { "" };
    format!(
        "{} at {} ({why}): API {}, {}{rootless}, builds with {}",
        about.name, about.endpoint, about.api, about.platform, about.builder
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_told_with_the_reason_for_it() {
        let about = About {
            name: "Docker Engine 20.10.24".into(),
            endpoint: "`/var/run/docker.sock`".into(),
            named_by: None,
            api: "1.41".into(),
            platform: "linux/amd64".into(),
            rootless: false,
            builder: "buildkit".into(),
        };
        let expected = "Docker Engine 20.10.24 at `/var/run/docker.sock` (the first socket found): API 1.41, \
            linux/amd64, builds with buildkit";
        assert_eq!(describe(&about), expected);
        let other = About { named_by: Some("docker context `lab`".into()), rootless: true, ..about };
        assert!(describe(&other).contains("(named by docker context `lab`): API 1.41, linux/amd64, rootless,"));
    }
}
