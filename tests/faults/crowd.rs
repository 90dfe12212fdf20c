//! Ten thousand connections that want nothing, beside one module that works. The crowd is in this process, the
//! simulator in its own.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgectl::mqtt::packet::{Packet, PacketId, Publish, PublishQos};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use crate::support::site::{Site, until};
use crate::support::wire::{Client, Credentials, trusting};

/// How many come, if this process may open so many sockets.
const CROWD: usize = 10_000;
/// Descriptors that the other tests of this process may need meanwhile.
const SPARE: usize = 1_000;

/// What one of the crowd does after it has connected: then it waits until it is thrown out.
#[derive(Clone, Copy)]
enum Habit {
    Silent,
    Garbage,
    /// The first half of a TLS handshake.
    HalfTls,
    /// A whole TLS handshake, and no word after it.
    SilentTls,
}

/// In this mixture: a whole handshake costs a hundred times as much as all else, on both sides.
const HABITS: [Habit; 10] = {
    use Habit::{Garbage, HalfTls, Silent, SilentTls};
    [Silent, Garbage, HalfTls, Silent, Garbage, HalfTls, Silent, SilentTls, Silent, HalfTls]
};

fn crowd_size() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // The hard limit may be raised to by anybody.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let most = getrlimit(Resource::Nofile).current.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let size = CROWD.min(most.saturating_sub(SPARE));
    if size < CROWD {
        let _ =
            writeln!(std::io::stderr(), "{most} descriptors are allowed here: {size} connections instead of {CROWD}");
    }
    size
}

/// Connects from one of several addresses, so that their ports suffice.
async fn connect(number: usize, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    let from = [127, 0, 0, u8::try_from(1 + number % 3).expect("small")];
    socket.bind(SocketAddr::from((from, 0))).ok()?;
    socket.connect(to).await.ok()
}

/// Behaves like one of the crowd until the simulator closes the connection or the crowd goes home; says whether it
/// could connect.
async fn loiter(
    number: usize,
    to: SocketAddr,
    tls: Arc<ClientConfig>,
    home: tokio::sync::watch::Receiver<bool>,
) -> bool {
    let mut home = home;
    let Some(mut stream) = connect(number, to).await else { return false };
    let mut rest = [0; 256];
    match HABITS[number % HABITS.len()] {
        Habit::Silent => {}
        Habit::Garbage => drop(stream.write_all(&[0xa5; 300]).await),
        // A record of 512 bytes that holds a CLIENT HELLO, of which not all comes.
        Habit::HalfTls => drop(stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await),
        Habit::SilentTls => {
            let name = ServerName::from(to.ip());
            if let Ok(mut tls) = TlsConnector::from(tls).connect(name, stream).await {
                tokio::select! { _ = tls.read(&mut rest) => {}, _ = home.changed() => {} }
            }
            return true;
        }
    }
    tokio::select! { _ = stream.read(&mut rest) => {}, _ = home.changed() => {} }
    true
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count()
}

/// Resident memory in MB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

/// Publishes and waits for the acknowledgement, again and again; returns how often, and the longest wait.
fn work(client: &mut Client, until_done: &AtomicBool) -> (u32, Duration) {
    let (mut count, mut longest) = (0, Duration::ZERO);
    while !until_done.load(Ordering::Relaxed) {
        let id = PacketId::new(1).expect("not zero");
        let begun = Instant::now();
        client.send(&Packet::Publish(Publish {
            duplicate: false,
            retain: false,
            qos: PublishQos::AtLeastOnce(id),
            topic: "devices/d/modules/m/messages/events/".to_owned(),
            payload: Bytes::from_static(b"1"),
        }));
        assert_eq!(client.receive(), Some(Packet::PubAck(id)));
        count += 1;
        longest = longest.max(begun.elapsed());
    }
    (count, longest)
}

#[test]
fn ten_thousand_that_want_nothing_stop_nobody() {
    let site = Site::new();
    let simulation = site.start_ready("--external m --external n --device d");
    let pid = simulation.pid();
    let (credentials, mut good) = (Credentials::of(&site, "n"), Client::login(&site, "m"));
    let (before, memory_before) = (descriptors(pid), resident(pid));

    let done = Arc::new(AtomicBool::new(false));
    let working = std::thread::spawn({
        let done = Arc::clone(&done);
        move || work(&mut good, &done)
    });
    let size = crowd_size();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let tls = trusting(&credentials.authority);
    let (go_home, home) = tokio::sync::watch::channel(false);
    let ports = [8883, 443].map(|port| SocketAddr::new(site.address.parse().expect("an address"), port));
    let begun = Instant::now();
    let (arrived, memory_within) = runtime.block_on(async {
        let mut crowd = tokio::task::JoinSet::new();
        for number in 0..size {
            crowd.spawn(loiter(number, ports[number / HABITS.len() % 2], Arc::clone(&tls), home.clone()));
            // The kernel's queue of a listener is no part of what is tested.
            if number % 100 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if number % 2_000 == 1_999 {
                let (address, credentials) = (site.address.clone(), credentials.clone());
                let honest = tokio::task::spawn_blocking(move || login(&address, &credentials));
                honest.await.expect("an honest client gets in");
            }
        }
        let memory = resident(pid);
        go_home.send(true).expect("they listen");
        let came = crowd.join_all().await;
        (came.into_iter().filter(|arrived| *arrived).count(), memory)
    });
    let took = begun.elapsed();
    done.store(true, Ordering::Relaxed);
    let (acknowledged, longest) = working.join().expect("every publish was acknowledged");
    let _ = writeln!(
        std::io::stderr(),
        "{arrived} of {size} came in {took:?}; {acknowledged} publishes were acknowledged, the slowest in {longest:?}; \
         resident {memory_before} MB, with the crowd {memory_within} MB, then {} MB",
        resident(pid)
    );
    assert_eq!(arrived, size, "nobody was kept from connecting");
    assert!(acknowledged > 100 && longest < Duration::from_secs(5), "{acknowledged}, {longest:?}");
    until("all descriptors are back", || descriptors(pid) <= before + 2);
    until("memory is back", || resident(pid) <= memory_before + 64);
    login(&site.address, &credentials);
}

/// Connects as an honest module does.
fn login(address: &str, credentials: &Credentials) {
    let (_client, answer) = Client::connect_to(address, credentials, &credentials.token(3600));
    assert!(matches!(answer, Some(edgectl::mqtt::packet::ConnAck::Accepted { .. })), "{answer:?}");
}
