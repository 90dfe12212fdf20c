//! Containers of the real engine. They run where `EDGECTL_TEST_ENGINE=1` is set.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::engine::container::{self, MODULE_LABEL, NetworkAttachment, SIMULATION_LABEL};
use crate::engine::network::{self, Addresses, Network};
use crate::environment::Environment;

/// Busybox and nothing else.
const IMAGE: &str = "edgectl-tests/busybox:1";

/// A simulation of its own on the real engine.
struct Simulation {
    engine: Engine,
    id: String,
    world: World,
}

impl Simulation {
    /// Returns `None`, and says so, where the tests are to do without an engine.
    async fn start() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if std::env::var_os("EDGECTL_TEST_ENGINE").is_none() {
            assert!(std::env::var_os("EDGECTL_TEST_PARTS").is_none(), "all parts are here, but for the engine");
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            // Printed as one piece, where the test harness does not hide it.
            writeln!(std::io::stderr(), "left out: {name} (set EDGECTL_TEST_ENGINE=1)").expect("stderr is open");
            return None;
        }
        let script = "docker image inspect \"$0\" >/dev/null 2>&1 || tar -C / -c bin/busybox | docker import - \"$0\"";
        let import = Command::new("sh").args(["-c", script, IMAGE]).stdout(Stdio::null()).status().expect("a shell");
        assert!(import.success(), "`docker import` makes the image");
        let engine = Engine::connect(&Environment::of_process()).await.expect("the engine answers");
        let id = format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(Self { engine, id, world: World::new() })
    }

    fn container(&self, module: &str, script: &str, create_options: Value) -> ContainerSpec {
        let mut spec = spec(create_options);
        spec.name = container::name("s", &self.id, module);
        spec.image = IMAGE.to_owned();
        spec.labels = vec![(SIMULATION_LABEL.into(), self.id.clone()), (MODULE_LABEL.into(), module.into())];
        spec.create_options.insert("Cmd".into(), json!(["/bin/busybox", "sh", "-c", script]));
        spec
    }

    fn run(&self, container: ContainerSpec) -> Started {
        self.world.start(How::Container { engine: self.engine.clone(), container: Box::new(container) })
    }

    fn shell(&self, script: &str) -> Started {
        self.run(self.container("filter", script, json!({ "HostConfig": { "NetworkMode": "none" } })))
    }

    fn labels(&self) -> network::Labels {
        network::Labels::from([(SIMULATION_LABEL.to_owned(), self.id.clone())])
    }

    async fn network(&self) -> Network {
        network::create(&self.engine, &format!("edgectl-{}", self.id), &self.labels(), Addresses::Engine)
            .await
            .expect("created")
    }

    /// Asks docker's own command line, not the code under test.
    fn docker(&self, arguments: &[&str]) -> String {
        let output = Command::new("docker").args(arguments).output().expect("docker is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Returns what of this simulation the engine still has.
    fn left(&self) -> String {
        let filter = format!("label={SIMULATION_LABEL}={}", self.id);
        self.docker(&["ps", "-aq", "--filter", &filter]) + &self.docker(&["network", "ls", "-q", "--filter", &filter])
    }
}

#[tokio::test]
async fn a_container_tells_its_output_and_how_it_ended() {
    let Some(simulation) = Simulation::start().await else { return };
    let told = simulation.shell("echo one; printf 'two\\r\\nthree'; exit 3").rest().await;
    assert_eq!(told, ["started", "Stdout one", "Stdout two", "Stdout three", "exited Some(3) None"]);
    let told = simulation.shell("echo no >&2").rest().await;
    assert_eq!(told, ["started", "Stderr no", "exited Some(0) None"]);
    assert_eq!(simulation.left(), "", "containers that have ended are removed");
}

#[tokio::test]
async fn a_container_with_a_terminal_tells_its_lines_too() {
    let Some(simulation) = Simulation::start().await else { return };
    let script = "echo one; echo two >&2; printf three";
    let told = simulation.run(simulation.container("filter", script, json!({ "Tty": true }))).rest().await;
    assert_eq!(told, ["started", "Stdout one", "Stdout two", "Stdout three", "exited Some(0) None"]);
}

#[tokio::test]
async fn options_and_what_edgectl_adds_arrive_in_the_container() {
    let Some(simulation) = Simulation::start().await else { return };
    let options = json!({
        "Env": ["WINS=options"],
        "Hostname": "chosen",
        "Labels": { "theirs": "1" },
        "hostConfig": { "Binds": ["/proc:/a:ro"], "LogConfig": { "Type": "none" } },
        "NoSuchKeyYet": { "x": 1 }
    });
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("file"), "shared").expect("written");
    let script =
        "b=/bin/busybox; echo $WINS $OURS; $b hostname; $b cat /b/file; echo; $b grep gateway /etc/hosts; read x";
    let mut spec = simulation.container("filter", script, options);
    spec.create_options.insert("OpenStdin".into(), json!(true));
    spec.environment = vec![("WINS".into(), "edgectl".into()), ("OURS".into(), "too".into())];
    spec.binds = vec![format!("{}:/b:ro", folder.path().display())];
    spec.extra_hosts = vec!["gateway:10.1.2.3".into()];
    let name = spec.name.clone();
    let mut started = simulation.run(spec);
    for expected in ["options too", "chosen", "shared", "10.1.2.3\tgateway"] {
        assert_eq!(started.line().await, expected);
    }
    let labels: Value = serde_json::from_str(&simulation.docker(&["inspect", "-f", "{{json .Config.Labels}}", &name]))
        .expect("docker prints JSON");
    assert_eq!(labels, json!({ "theirs": "1", "io.edgectl.simulation": simulation.id, "io.edgectl.module": "filter" }));
    started.instance.kill();
    assert_eq!(started.rest().await, ["exited Some(137) None"]);
}

#[tokio::test]
async fn a_container_ends_by_itself_when_stopped_or_is_killed_after_the_grace() {
    let Some(simulation) = Simulation::start().await else { return };
    let waiting = "echo ready; while :; do /bin/busybox sleep 0.1; done";
    let mut gentle = simulation.shell(&format!("trap 'echo bye; exit 7' TERM; {waiting}"));
    assert_eq!(gentle.line().await, "ready");
    gentle.instance.stop(Duration::from_secs(30));
    assert_eq!(gentle.rest().await, ["Stdout bye", "exited Some(7) None"]);
    let mut deaf = simulation.shell(&format!("trap '' TERM; {waiting}"));
    assert_eq!(deaf.line().await, "ready");
    deaf.instance.stop(Duration::from_secs(1));
    assert_eq!(deaf.rest().await, ["exited Some(137) None"]);
}

#[tokio::test]
async fn a_container_reaches_others_by_name_and_the_machine_by_the_gateway() {
    let Some(simulation) = Simulation::start().await else { return };
    let network = simulation.network().await;
    let listener = TcpListener::bind((network.gateway, 0)).await.expect("the gateway is an address of this machine");
    let port = listener.local_addr().expect("bound").port();
    let attach = |module: &str, script: &str| {
        let mut spec = simulation.container(module, script, json!({}));
        spec.network = Some(NetworkAttachment { network: network.id.clone(), alias: module.to_owned(), address: None });
        spec.extra_hosts = vec![format!("edge:{}", network.gateway)];
        simulation.run(spec)
    };
    let mut server = attach("server", "echo ready; echo from server | /bin/busybox nc -l -p 80");
    assert_eq!(server.line().await, "ready");
    let script = format!("/bin/busybox nc server 80 </dev/null; /bin/busybox nc edge {port} </dev/null");
    let client = attach("client", &script);
    let (mut stream, _) = listener.accept().await.expect("it calls");
    stream.write_all(b"from machine\n").await.expect("connected");
    drop(stream);
    let told = client.rest().await;
    assert_eq!(told, ["started", "Stdout from server", "Stdout from machine", "exited Some(0) None"]);
    server.instance.kill();
    server.rest().await;
    network::remove(&simulation.engine, &network.id).await.expect("nobody is in it");
    network::remove(&simulation.engine, &network.id).await.expect("gone is gone");
    assert_eq!(simulation.left(), "");
}

#[tokio::test]
async fn only_what_carries_the_label_is_removed() {
    let Some(simulation) = Simulation::start().await else { return };
    let Some(other) = Simulation::start().await else { return };
    let network = simulation.network().await;
    let mut spec = simulation.container("left", "while :; do /bin/busybox sleep 1; done", json!({}));
    spec.network = Some(NetworkAttachment { network: network.id.clone(), alias: "left".into(), address: None });
    let name = spec.name.clone();
    let mut left = simulation.run(spec);
    let InstanceEvent::Started { image, .. } = left.next().await else { panic!("it starts") };
    assert_eq!(image, Some(simulation.docker(&["image", "inspect", "--format", "{{.Id}}", IMAGE])));
    let neighbour = other.container("left", "exit", json!({}));
    let neighbour = container::create(&other.engine, &neighbour).await.expect("created");
    let removed = clear_containers(&simulation.engine, &simulation.id).await.expect("removed");
    assert_eq!(removed, Removed { containers: vec![name], networks: vec![network.name] });
    assert_eq!(simulation.left(), "");
    assert_ne!(other.left(), "");
    neighbour.remove().await.expect("removed");
    let told = left.rest().await;
    assert!(["exited Some(137) None", "exited None None"].contains(&&*told[0]), "{told:?}");
}

#[tokio::test]
async fn a_name_that_this_simulation_has_is_taken_over_and_anothers_is_not() {
    let Some(simulation) = Simulation::start().await else { return };
    let Some(other) = Simulation::start().await else { return };
    let old = simulation.container("filter", "exit 1", json!({}));
    container::create(&simulation.engine, &old).await.expect("created");
    let told = simulation.run(simulation.container("filter", "exit 5", json!({}))).rest().await;
    assert_eq!(told, ["started", "exited Some(5) None"]);
    let kept = container::create(&simulation.engine, &old).await.expect("created");
    let mut taken = other.container("filter", "exit 6", json!({}));
    taken.name.clone_from(&old.name);
    assert_eq!(other.run(taken.clone()).rest().await, ["started", "exited Some(6) None"]);
    let second = container::create(&other.engine, &taken).await.expect("created");
    let filter = format!("label={SIMULATION_LABEL}={}", other.id);
    let names = simulation.docker(&["ps", "-a", "--format", "{{.Names}}", "--filter", &filter]);
    assert_eq!(names, format!("{}-{}", old.name, container::short(&other.id)));
    second.remove().await.expect("removed");
    kept.remove().await.expect("still there");
}

#[tokio::test]
async fn a_container_has_the_address_that_was_chosen_for_it() {
    let Some(simulation) = Simulation::start().await else { return };
    let name = format!("edgectl-{}", simulation.id);
    let made = network::create(&simulation.engine, &name, &simulation.labels(), Addresses::Creator).await;
    let network = made.expect("created");
    let address = network.address(0).expect("it is of IPv4");
    let mut spec = simulation.container("filter", "/bin/busybox hostname -i", json!({}));
    spec.network = Some(NetworkAttachment { network: network.id, alias: "filter".into(), address: Some(address) });
    let told = simulation.run(spec).rest().await;
    assert_eq!(told, ["started".to_owned(), format!("Stdout {address}"), "exited Some(0) None".to_owned()]);
    clear_containers(&simulation.engine, &simulation.id).await.expect("removed");
    assert_eq!(simulation.left(), "");
}

#[tokio::test]
async fn a_socket_arrives_only_where_the_engine_sees_its_folder() {
    let Some(simulation) = Simulation::start().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("a.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    fs::write(folder.path().join("file"), "").expect("written");
    let receives = async |path: &std::path::Path| {
        let probe = simulation.container("probe", "exit", json!({}));
        container::receives(&simulation.engine, probe, path).await.expect("the engine answers")
    };
    assert!(receives(&socket).await);
    assert!(!receives(&folder.path().join("b.sock")).await, "no such file");
    assert!(!receives(&folder.path().join("file")).await, "no socket");
    assert!(!receives(&folder.path().join("nowhere/a.sock")).await, "no such folder");
    assert!(!folder.path().join("nowhere").exists(), "the engine made no folder");
    assert_eq!(simulation.left(), "");
}

#[tokio::test]
async fn what_the_engine_refuses_to_start_is_told_and_removed() {
    let Some(simulation) = Simulation::start().await else { return };
    let mut spec = simulation.container("filter", "", json!({}));
    spec.create_options.insert("Cmd".into(), json!(["/no/such/program"]));
    let told = simulation.run(spec).rest().await;
    let expected = format!("cannot start module `filter`: cannot start container `s-{}-filter`: ", simulation.id);
    assert!(told[0].starts_with(&expected), "{told:?}");
    assert_eq!(simulation.left(), "");
}

/// Passes bytes between TCP and the engine's socket until it is told to die.
async fn gate(listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut far = tokio::net::UnixStream::connect("/var/run/docker.sock").await.expect("the engine listens");
            let (mut near_out, mut near_in) = near.split();
            let (mut far_out, mut far_in) = far.split();
            let there = async { copy(&mut near_out, &mut far_in).await };
            let back = async { copy(&mut far_out, &mut near_in).await };
            tokio::join!(there, back);
        });
    }
}

/// Copies until the end, and passes it on.
async fn copy(from: &mut (impl AsyncReadExt + Unpin), to: &mut (impl AsyncWriteExt + Unpin)) {
    let _ = tokio::io::copy(from, to).await;
    let _ = to.shutdown().await;
}

#[tokio::test]
async fn an_engine_behind_tcp_does_the_same_until_it_is_gone() {
    let Some(simulation) = Simulation::start().await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("bound");
    let gate = tokio::spawn(gate(listener));
    let environment = Environment::from_iter([("DOCKER_HOST".to_owned(), format!("tcp://{address}"))]);
    let engine = Engine::connect(&environment).await.expect("it answers");
    let spec = simulation.container("filter", "echo ready; while :; do /bin/busybox sleep 1; done", json!({}));
    let mut started = simulation.world.start(How::Container { engine, container: Box::new(spec) });
    assert_eq!(started.line().await, "ready");
    gate.abort();
    let told = started.rest().await;
    let expected = "lost sight of module `filter`: lost container";
    assert!(told[0].starts_with(expected), "{told:?}");
    let removed = clear_containers(&simulation.engine, &simulation.id).await.expect("removed");
    assert_eq!(removed.containers.len(), 1);
}
