//! The real parts that these tests use, as `tests/run` names them; a solution to build with them.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::Folder;
use crate::support::parts::part;

/// A base image with a shell and little else.
pub(crate) const BASE: &str = "edgectl-tests/base:1";

/// Both builders, as `--builder` names them.
pub(crate) const BUILDERS: [&str; 2] = ["buildkit", "classic"];

/// Says whether the real engine is there, with the base image in it.
pub(crate) fn engine() -> bool {
    static BASE_MADE: OnceLock<()> = OnceLock::new();
    let is_there = part("EDGECTL_TEST_ENGINE").is_some();
    if is_there {
        BASE_MADE.get_or_init(import_base);
    }
    is_there
}

/// Once for all runs on this engine: a base that another run imported anew would be another base.
fn import_base() {
    let lock = File::create(std::env::temp_dir().join("edgectl-tests-base.lock")).expect("a file can be made");
    lock.lock().expect("nobody keeps it for long");
    if !docker(&["image", "ls", "--quiet", BASE]).is_empty() {
        return;
    }
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_path_with_name("/bin/busybox", "bin/busybox").expect("busybox-static is installed");
    for name in ["cat", "echo", "find", "ls", "seq", "sh", "sleep", "touch"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, format!("bin/{name}"), "busybox").expect("memory is there");
    }
    docker_with_input(&["import", "-", BASE], &archive.into_inner().expect("memory is there"));
}

/// Names of images that no other test has, and no other run on the same engine. What the engine has under them goes
/// with it.
pub(crate) struct Own(String);

impl Own {
    /// Names of this engine's alone.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("edgectl-tests/{}-{number}", std::process::id()))
    }

    /// Names in a registry.
    pub(crate) fn of(registry: &str) -> Self {
        Self(format!("{registry}/{}", Self::new().0))
    }

    /// Returns the name of an image, or of a repository.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    /// Returns the name of the image that [`Own::solution`] makes.
    pub(crate) fn image(&self) -> String {
        self.name("filter:1-amd64")
    }

    /// Returns a solution with one module, `filter`; the Dockerfile begins with the base image.
    pub(crate) fn solution(&self, dockerfile: &str) -> Folder {
        solution(&self.0, dockerfile)
    }

    /// Returns a `module.json` of another image than [`Own::solution`] has; the platforms are members of JSON.
    pub(crate) fn module(&self, name: &str, platforms: &str) -> String {
        module_json(&self.name(name), platforms)
    }

    /// Asks the registry for the digest of a tag, as any client would.
    pub(crate) fn digest(&self, tag: &str) -> Option<String> {
        let (registry, path) = self.0.split_once('/').expect("it is in a registry");
        digest_in(registry, &format!("{path}/filter"), tag)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let filter = format!("reference={}/*", self.0);
        let format = "{{.Repository}} {{.Tag}} {{.Digest}}";
        let listed = docker(&["image", "ls", "--digests", "--filter", &filter, "--format", format]);
        for line in String::from_utf8(listed).expect("names are text").lines() {
            let name = match line.split(' ').collect::<Vec<_>>()[..] {
                [repository, "<none>", digest] => format!("{repository}@{digest}"),
                [repository, tag, _] => format!("{repository}:{tag}"),
                _ => panic!("docker lists `{line}`"),
            };
            docker(&["image", "rm", "--force", &name]);
        }
    }
}

/// Runs the docker CLI and returns its stdout.
pub(crate) fn docker(arguments: &[&str]) -> Vec<u8> {
    docker_with_input(arguments, b"")
}

fn docker_with_input(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("docker");
    command.args(arguments).env("DOCKER_BUILDKIT", "0");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the docker CLI starts");
    child.stdin.take().expect("stdin is piped").write_all(input).expect("docker reads its input");
    let output = child.wait_with_output().expect("docker ends");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A solution with one module, `filter`, in this registry; the Dockerfile begins with the base image.
pub(crate) fn solution(registry: &str, dockerfile: &str) -> Folder {
    let module = module_json(&format!("{registry}/filter"), r#""amd64": "./Dockerfile""#);
    let dockerfile = format!("FROM {BASE}\n{dockerfile}\n");
    Folder::new().file("modules/filter/module.json", &module).file("modules/filter/Dockerfile", &dockerfile)
}

/// A `module.json`; the platforms are members of JSON.
pub(crate) fn module_json(repository: &str, platforms: &str) -> String {
    format!(r#"{{"image": {{"repository": "{repository}", "tag": {{"version": "1", "platforms": {{{platforms}}}}}}}}}"#)
}

/// Adds docker's own configuration with one login.
pub(crate) fn logged_in(folder: Folder, registry: &str, user: &str, password: &str) -> Folder {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    folder.file("../.docker/config.json", &format!(r#"{{"auths": {{"{registry}": {{"auth": "{auth}"}}}}}}"#))
}

/// Asks a registry for the digest of a tag, as any client would.
pub(crate) fn digest_in(registry: &str, repository: &str, tag: &str) -> Option<String> {
    let mut stream = TcpStream::connect(registry).expect("the registry listens");
    let accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";
    let request = format!(
        "HEAD /v2/{repository}/manifests/{tag} HTTP/1.1\r\nHost: {registry}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("the registry reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the registry answers");
    answer.lines().find_map(|line| line.strip_prefix("Docker-Content-Digest: ")).map(str::to_owned)
}
