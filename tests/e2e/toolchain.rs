//! The toolchains of the templates.

use std::path::Path;

use crate::support::parts::part;

/// The variables under which the template's toolchain works without network; `None` if it is not here.
pub(crate) fn toolchain(template: &str) -> Option<Vec<(&'static str, String)>> {
    match template {
        "python" => {
            let wheels = part("EDGECTL_TEST_WHEELS")?;
            Some(vec![("PIP_NO_INDEX", "1".into()), ("PIP_FIND_LINKS", wheels)])
        }
        "node" | "typescript" => {
            let node = part("EDGECTL_TEST_NODE")?;
            let cache = part("EDGECTL_TEST_NPM_CACHE")?;
            let folder = Path::new(&node).parent().expect("a program stands in a folder").display().to_string();
            let path = format!("{folder}:{}", variable("PATH"));
            Some(vec![("PATH", path), ("npm_config_cache", cache), ("npm_config_offline", "true".into())])
        }
        "go" => {
            let go = part("EDGECTL_TEST_GO")?;
            let cache = std::env::temp_dir().join("edgectl-go-cache").display().to_string();
            let path = format!("{go}:{}", variable("PATH"));
            Some(vec![("PATH", path), ("GOCACHE", cache), ("GOPROXY", "off".into()), ("GOFLAGS", "-mod=mod".into())])
        }
        _ => {
            let crates = part("EDGECTL_TEST_CARGO_HOME")?;
            let rustup = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{}/.rustup", variable("HOME")));
            Some(vec![("CARGO_HOME", crates), ("CARGO_NET_OFFLINE", "true".into()), ("RUSTUP_HOME", rustup)])
        }
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
