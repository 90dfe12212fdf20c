//! Registries of the test's own: with TLS by its own CA, behind tokens, on a small disk, gone in the middle.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::parts::{Own, docker, engine, logged_in};
use crate::support::parts::part;
use crate::support::{Folder, Run};

/// Debian's `docker-registry` on a port of its own, until the test ends.
pub(crate) struct Registry {
    pub(crate) address: String,
    process: Child,
    /// Its files, and what it stores unless that is elsewhere.
    folder: tempfile::TempDir,
}

impl Registry {
    /// Starts one at an address; `http` and `extra` are parts of its configuration, `storage` is where it stores.
    pub(crate) fn start(ip: &str, http: &str, extra: &str, storage: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let storage = storage.map_or_else(|| folder.path().join("storage"), Path::to_owned);
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '{ip}:0', secret: tests{http}}}\n{extra}\n",
            storage.display()
        );
        let configuration = folder.path().join("registry.yml");
        fs::write(&configuration, text).expect("it can be written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&configuration).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("docker-registry is installed");
        let mut lines = BufReader::new(process.stderr.take().expect("stderr is piped")).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, rest) = line.split_once("msg=\"listening on ")?;
            rest.split(['"', ',']).next().map(str::to_owned)
        });
        // Nobody may leave a pipe full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { address: address.expect("it listens"), process, folder }
    }

    fn stop(&mut self) {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it ends");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may be gone, as a test wanted it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A certificate and its key, signed by an authority.
struct Signed {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// An authority for this test alone.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("valid");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed");
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("valid");
        Signed { certificate: params.signed_by(&key, &self.issuer).expect("signed"), key }
    }
}

/// What docker trusts a registry by, until the test ends.
struct Trusted(PathBuf);

impl Trusted {
    fn new(registry: &str, files: &[(&str, String)]) -> Self {
        let folder = Path::new("/etc/docker/certs.d").join(registry);
        fs::create_dir_all(&folder).expect("root may write there");
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("root may write there");
        }
        Self(folder)
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn check_refused(run: &Run, folder: &Folder, image: &str, cause: &str, hint: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (Some(4), ""), "{}", run.stderr);
    let mut told = run.stderr.lines().filter(|line| !line.starts_with("warning: "));
    let told: String =
        told.by_ref().skip_while(|line| !line.starts_with("error: ")).map(|line| format!("{line}\n")).collect();
    let expected = format!("error: cannot push `{image}`\n");
    assert!(told.starts_with(&expected), "{}", run.stderr);
    assert!(told.contains(cause) && told.ends_with(&format!("hint: {hint}\n")), "{}", run.stderr);
    assert!(!folder.list().contains(&"images.lock".to_owned()), "nothing is noted");
}

#[test]
fn a_registry_with_a_ca_of_its_own_is_trusted_as_docker_trusts_it() {
    if !engine() || part("EDGECTL_TEST_ROOT").is_none() || part("EDGECTL_TEST_REGISTRY").is_none() {
        return;
    }
    // Engines look at certificates everywhere but on loopback addresses.
    let ip = docker(&["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]);
    let ip = String::from_utf8(ip).expect("an address is text").trim().to_owned();
    let authority = Authority::new();
    let (server, client) = (authority.issue(&ip), authority.issue("client"));
    let files = tempfile::tempdir().expect("a temporary folder can be made");
    let file = |name: &str, text: String| {
        fs::write(files.path().join(name), text).expect("it can be written");
        files.path().join(name).display().to_string()
    };
    let (ca, certificate, key) = (
        file("ca.pem", authority.certificate.pem()),
        file("cert.pem", server.certificate.pem()),
        file("key.pem", server.key.serialize_pem()),
    );
    let tls = format!(", tls: {{certificate: {certificate}, key: {key}, clientcas: [{ca}]}}");
    let registry = Registry::start(&ip, &tls, "", None);
    let own = Own::of(&registry.address);
    let (folder, image) = (own.solution("RUN echo tls > /tls"), own.image());
    let ca = format!("put the registry's CA into `/etc/docker/certs.d/{}/ca.crt`", registry.address);
    check_refused(&folder.run("build --push"), &folder, &image, "certificate signed by unknown authority", &ca);

    let _trusted = Trusted::new(
        &registry.address,
        &[
            ("ca.crt", authority.certificate.pem()),
            ("client.cert", client.certificate.pem()),
            ("client.key", client.key.serialize_pem()),
        ],
    );
    let pushed = folder.run("build --push --json").json();
    docker(&["image", "rm", &image]);
    // edgectl itself asks now, with the same certificates.
    let again = folder.run("build --push --json").json();
    assert_eq!((&again[0]["digest"], &again[0]["cached"]), (&pushed[0]["digest"], &true.into()));
    assert_eq!(docker(&["image", "ls", "--quiet", &image]), b"", "nothing was built or pulled");
}

/// A disk of a megabyte, until the test ends.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(folder.path()).status();
        assert!(mount.expect("mount starts").success());
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// Adds a file that cannot be compressed.
fn with_noise(folder: Folder, megabytes: usize) -> Folder {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let noise: Vec<u8> = noise.take(megabytes << 17).flatten().collect();
    fs::write(folder.path("modules/filter/noise"), noise).expect("it can be written");
    folder
}

#[test]
fn a_registry_whose_disk_is_full_is_one_failure_and_nothing_is_noted() {
    if !engine() || part("EDGECTL_TEST_ROOT").is_none() || part("EDGECTL_TEST_REGISTRY").is_none() {
        return;
    }
    let disk = SmallDisk::mount();
    let registry = Registry::start("127.0.0.1", "", "", Some(disk.0.path()));
    let own = Own::of(&registry.address);
    let folder = with_noise(own.solution("COPY noise /"), 3);
    let hint = format!("ask the registry `{}` what it has against it", registry.address);
    check_refused(&folder.run("build --push"), &folder, &own.image(), "  caused by: ", &hint);
}

#[test]
fn a_registry_that_goes_away_in_the_middle_is_one_failure_and_nothing_is_noted() {
    if !engine() || part("EDGECTL_TEST_REGISTRY").is_none() {
        return;
    }
    let mut registry = Registry::start("127.0.0.1", "", "", None);
    let own = Own::of(&registry.address);
    let folder = with_noise(own.solution("COPY noise /"), 64);
    folder.run("build --quiet");
    let push = folder.command(&["push"]).spawn().expect("it starts");
    let repository = own.name("filter/_uploads").replace(&format!("{}/", registry.address), "");
    let uploads = registry.folder.path().join("storage/docker/registry/v2/repositories").join(repository);
    while !uploads.is_dir() {
        std::thread::yield_now();
    }
    registry.stop();
    let output = push.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    let run = Run { stdout: text(output.stdout), stderr: text(output.stderr), status: output.status.code() };
    let hint = format!("see whether the registry `{}` is up and can be reached from the engine", registry.address);
    check_refused(&run, &folder, &own.image(), "  caused by: ", &hint);
}

#[test]
fn a_repository_that_nobody_may_write_is_one_failure() {
    if !engine() || part("EDGECTL_TEST_REGISTRY").is_none() {
        return;
    }
    let registry = Registry::start("127.0.0.1", "", "", None);
    let proxy = crate::proxy::Proxy::denying(&registry.address);
    let own = Own::of(&proxy.address);
    let folder = logged_in(own.solution(""), &proxy.address, "u", "hunter2");
    let hint = format!("log in with `docker login {}`, as a user who may push this repository", proxy.address);
    let run = folder.run("build --push -vvv");
    check_refused(&run, &folder, &own.image(), "  caused by: denied\n", &hint);
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}
