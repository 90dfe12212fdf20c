//! Which engine is meant: `DOCKER_HOST`, a docker context, or the sockets that engines use on this machine.
//!
//! Order and files are those of the docker CLI; Podman's sockets come last.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::environment::Environment;
use crate::failure::{Failure, Outcome};

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Unix(PathBuf),
    /// `host:port`, in the clear.
    Tcp(String),
    /// `host:port` over TLS, with `ca.pem`, `cert.pem` and `key.pem` in a folder.
    Tls {
        address: String,
        certificates: PathBuf,
    },
}

/// An endpoint and who named it, for messages: "`DOCKER_HOST`", "docker context `x`".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) endpoint: Endpoint,
    pub(super) named_by: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextFile {
    name: String,
    #[serde(default)]
    endpoints: ContextEndpoints,
}

#[derive(Debug, Default, Deserialize)]
struct ContextEndpoints {
    docker: Option<ContextEndpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEndpoint {
    host: String,
}

/// Returns docker's own configuration folder.
pub(super) fn config_folder(environment: &Environment) -> Option<PathBuf> {
    let given = environment.get("DOCKER_CONFIG").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    given.or_else(|| environment.get("HOME").map(|home| Path::new(home).join(".docker")))
}

/// Chooses the endpoint in the order of the docker CLI.
pub(super) fn choose(environment: &Environment) -> Outcome<Choice> {
    let folder = config_folder(environment);
    if let Some(host) = environment.get("DOCKER_HOST").filter(|host| !host.is_empty()) {
        let wants_tls = environment.get("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty());
        let named = environment.get("DOCKER_CERT_PATH").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let certificates = named.or(folder).filter(|_| wants_tls || host.starts_with("https:"));
        return parse_host(host, certificates, "`DOCKER_HOST`");
    }
    let context = match environment.get("DOCKER_CONTEXT").filter(|name| !name.is_empty()) {
        Some(name) => Some(name.to_owned()),
        None => folder.as_deref().and_then(current_context),
    };
    match (context.filter(|name| name != "default"), folder) {
        (Some(name), Some(folder)) => {
            let context = load_context(&folder, &name)?;
            parse_host(&context.host, context.certificates, &format!("docker context `{name}`"))
        }
        _ => Ok(Choice { endpoint: Endpoint::Unix(local_socket(environment)), named_by: None }),
    }
}

/// Reads `unix://PATH` or `tcp://HOST[:PORT]`; a folder of certificates asks for TLS.
fn parse_host(host: &str, certificates: Option<PathBuf>, named_by: &str) -> Outcome<Choice> {
    let refuse = |why: &str| Failure::machine(format!("cannot use the container engine at `{host}`")).cause(why);
    let (scheme, rest) = host.split_once("://").unwrap_or(("", host));
    let rest = rest.trim_end_matches('/');
    let with_port = |port: u16| if rest.contains(':') { rest.to_owned() } else { format!("{rest}:{port}") };
    let endpoint = match (scheme, certificates) {
        ("unix", _) => Endpoint::Unix(PathBuf::from(rest)),
        ("tcp" | "http" | "https", Some(certificates)) => Endpoint::Tls { address: with_port(2376), certificates },
        ("tcp" | "http", None) => Endpoint::Tcp(with_port(2375)),
        ("https", None) => {
            let hint = "name the folder of `ca.pem`, `cert.pem` and `key.pem` with `DOCKER_CERT_PATH`";
            return Err(refuse("it asks for TLS, and there is no folder of certificates").hint(hint));
        }
        ("ssh", _) => return Err(refuse("it asks for SSH").hint(TUNNEL)),
        _ => {
            let hint = "name it as `unix:///path/to/docker.sock` or `tcp://host:port`";
            return Err(refuse(&format!("{named_by} has no form that edgectl knows")).hint(hint));
        }
    };
    Ok(Choice { endpoint, named_by: Some(named_by.to_owned()) })
}

const TUNNEL: &str = "forward its socket with `ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock USER@HOST`, \
    and set `DOCKER_HOST=unix:///tmp/docker.sock`";

/// A configuration that cannot be read is told when its credentials are needed, not here.
fn current_context(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("config.json")).ok()?;
    let config: serde_json::Value = serde_json::from_str(&text).ok()?;
    config.get("currentContext")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// A context's engine, with the folder of its certificates if it has some.
struct LoadedContext {
    host: String,
    certificates: Option<PathBuf>,
}

/// The folders are named by a hash of the context's name; the name stands inside.
fn load_context(folder: &Path, name: &str) -> Outcome<LoadedContext> {
    let contexts = folder.join("contexts/meta");
    let entries = std::fs::read_dir(&contexts).into_iter().flatten().flatten();
    // Of a file that cannot be read nobody knows whose it is: it is told only if no other one is the one that is meant.
    let mut unreadable = None;
    for entry in entries {
        let path = entry.path().join("meta.json");
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let file: ContextFile = match serde_json::from_str(&text) {
            Ok(file) => file,
            Err(error) => {
                unreadable.get_or_insert((path, error));
                continue;
            }
        };
        if file.name != name {
            continue;
        }
        let docker = file.endpoints.docker.map(|endpoint| endpoint.host).filter(|host| !host.is_empty());
        let message = || Failure::machine(format!("docker context `{name}` names no container engine"));
        let host = docker.ok_or_else(|| message().hint("choose another with `docker context use NAME`"))?;
        let certificates = folder.join("contexts/tls").join(entry.file_name()).join("docker");
        return Ok(LoadedContext { host, certificates: Some(certificates).filter(|folder| folder.is_dir()) });
    }
    let failure = match unreadable {
        Some((path, error)) => {
            Failure::machine(format!("cannot read the docker context `{}`", path.display())).cause(error)
        }
        None => Failure::machine(format!("there is no docker context `{name}` in `{}`", contexts.display())),
    };
    Err(failure.hint("see `docker context ls`, then choose with `docker context use NAME`"))
}

/// The engine of the machine, else a rootless one, else Podman.
fn local_socket(environment: &Environment) -> PathBuf {
    let runtime = environment.get("XDG_RUNTIME_DIR").map(Path::new);
    let mut candidates = vec![PathBuf::from(DEFAULT_SOCKET)];
    candidates.extend(runtime.map(|folder| folder.join("docker.sock")));
    candidates.extend(environment.get("HOME").map(|home| Path::new(home).join(".docker/run/docker.sock")));
    candidates.extend(runtime.map(|folder| folder.join("podman/podman.sock")));
    candidates.push(PathBuf::from("/run/podman/podman.sock"));
    candidates.into_iter().find(|path| path.exists()).unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn chosen(pairs: &[(&str, &str)]) -> Choice {
        choose(&environment(pairs)).expect("an endpoint is named")
    }

    fn refused(pairs: &[(&str, &str)]) -> Failure {
        choose(&environment(pairs)).expect_err("the endpoint is refused")
    }

    #[test]
    fn docker_host_comes_first() {
        let cases = [
            ("unix:///a/docker.sock", Endpoint::Unix(PathBuf::from("/a/docker.sock"))),
            ("tcp://10.0.0.1:2375", Endpoint::Tcp("10.0.0.1:2375".to_owned())),
            ("tcp://engine", Endpoint::Tcp("engine:2375".to_owned())),
        ];
        for (host, endpoint) in cases {
            let choice = chosen(&[("DOCKER_HOST", host), ("DOCKER_CONTEXT", "other")]);
            assert_eq!(choice, Choice { endpoint, named_by: Some("`DOCKER_HOST`".to_owned()) });
        }
    }

    #[test]
    fn tls_takes_the_certificates_that_docker_would_take() {
        let tls = |address: &str, folder: &str| Endpoint::Tls {
            address: address.to_owned(),
            certificates: PathBuf::from(folder),
        };
        let verify = ("DOCKER_TLS_VERIFY", "1");
        let cases: [(&[_], _); 3] = [
            (&[("DOCKER_HOST", "tcp://a"), verify, ("DOCKER_CERT_PATH", "/c")], tls("a:2376", "/c")),
            (&[("DOCKER_HOST", "tcp://a:1"), verify, ("HOME", "/h")], tls("a:1", "/h/.docker")),
            (&[("DOCKER_HOST", "tcp://a:1"), ("DOCKER_CERT_PATH", "/c")], Endpoint::Tcp("a:1".to_owned())),
        ];
        for (pairs, endpoint) in cases {
            assert_eq!(chosen(pairs).endpoint, endpoint, "{pairs:?}");
        }
    }

    #[test]
    fn what_edgectl_cannot_reach_is_refused_with_a_way_out() {
        assert_eq!(refused(&[("DOCKER_HOST", "ssh://a@b")]).causes(), ["it asks for SSH"]);
        let tls = refused(&[("DOCKER_HOST", "https://a:2376")]);
        assert_eq!(tls.causes(), ["it asks for TLS, and there is no folder of certificates"]);
        assert_eq!(refused(&[("DOCKER_HOST", "docker")]).message(), "cannot use the container engine at `docker`");
    }

    #[test]
    fn the_current_context_is_followed_to_its_file() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let config = folder.path().to_str().expect("the path is text");
        std::fs::write(folder.path().join("config.json"), r#"{"currentContext":"lab"}"#).expect("it can be written");
        let meta = folder.path().join("contexts/meta/0123");
        std::fs::create_dir_all(&meta).expect("it can be made");
        let text =
            r#"{"Name":"lab","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://lab:2375","SkipTLSVerify":false}}}"#;
        std::fs::write(meta.join("meta.json"), text).expect("it can be written");
        let choice = chosen(&[("DOCKER_CONFIG", config)]);
        assert_eq!(choice.named_by.as_deref(), Some("docker context `lab`"));
        assert_eq!(choice.endpoint, Endpoint::Tcp("lab:2375".to_owned()));
        let certificates = folder.path().join("contexts/tls/0123/docker");
        std::fs::create_dir_all(&certificates).expect("it can be made");
        let with_tls = chosen(&[("DOCKER_CONFIG", config)]).endpoint;
        assert_eq!(with_tls, Endpoint::Tls { address: "lab:2375".to_owned(), certificates });
        assert_eq!(chosen(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "default")]).named_by, None);
        let failure = refused(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "x")]);
        assert_eq!(failure.message(), format!("there is no docker context `x` in `{config}/contexts/meta`"));
    }

    #[test]
    fn a_broken_context_stands_in_the_way_of_no_other() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let config = folder.path().to_str().expect("the path is text");
        let meta = |hash: &str, text: &str| {
            let meta = folder.path().join("contexts/meta").join(hash);
            std::fs::create_dir_all(&meta).expect("it can be made");
            std::fs::write(meta.join("meta.json"), text).expect("it can be written");
        };
        meta("0", "{");
        meta("1", r#"{"Name":"lab","Endpoints":{"docker":{"Host":"tcp://lab:2375"}}}"#);
        meta("2", "{");
        let named = |name| [("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", name)];
        assert_eq!(chosen(&named("lab")).endpoint, Endpoint::Tcp("lab:2375".to_owned()));
        let failure = refused(&named("x"));
        assert!(failure.message().starts_with("cannot read the docker context `"), "{failure:?}");
        assert_eq!(failure.hints(), ["see `docker context ls`, then choose with `docker context use NAME`"]);
    }
}
