//! A stream of numbered messages from module `a` to module `b`, by two clients that come back whenever they are thrown
//! out, as an SDK does. Every number must arrive; at its first arrival all smaller ones must have arrived.

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use edgectl::mqtt::codec;
use edgectl::mqtt::packet::{Packet, PacketId, Publish, PublishQos, Qos, Subscribe};

use crate::support::simulation::Simulation;
use crate::support::site::{Site, template};
use crate::support::wire::{Client, Credentials};

/// How long a stream may stand still; a restart on a busy machine needs some of it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Publishes without acknowledgement at a time.
const WINDOW: u64 = 64;

/// The two clients and what they have got done.
pub(crate) struct Stream {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    count: u64,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    acknowledged: u64,
    /// The number that has to arrive next for the first time.
    next: u64,
    /// A number that arrived too early.
    gap: Option<(u64, u64)>,
    /// After how many deliveries the reader leaves without a word; 0 is never.
    patience_of_reader: u64,
    is_over: bool,
}

/// A solution whose `a` sends to the input `in` of `b`, both started from outside.
pub(crate) fn pair() -> Site {
    let route = "FROM /messages/modules/a/* INTO BrokeredEndpoint(\\\"/modules/b/inputs/in\\\")";
    Site::new().file("deployment.template.json", &template(&["a", "b"], route))
}

/// Starts the pair's simulation; without `--json`, which would print every message.
pub(crate) fn start(site: &Site, arguments: &str) -> Simulation {
    let mut simulation = site.start(&format!("--external a --external b --device d {arguments}"));
    simulation.line("the start", |_, line| line.contains("Simulating"));
    simulation
}

impl Stream {
    /// Begins to send `count` messages to the simulation, or to a proxy before it.
    pub(crate) fn send(site: &Site, address: SocketAddr, count: u64) -> Self {
        let (progress, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { address, count, progress, changed });
        let mut stream = Self { shared, clients: Vec::new() };
        let credentials = Credentials::of(site, "a");
        stream.spawn(move |shared| shared.send(&credentials));
        stream
    }

    /// Lets the reader in.
    pub(crate) fn read(&mut self, site: &Site) {
        let credentials = Credentials::of(site, "b");
        self.spawn(move |shared| shared.read(&credentials));
    }

    /// Lets the reader go without a word after each so many deliveries.
    pub(crate) fn interrupt_reader(&self, deliveries: u64) {
        self.shared.lock().patience_of_reader = deliveries;
    }

    pub(crate) fn wait_for_acknowledged(&self, number: u64) {
        self.shared.wait("acknowledgements", |progress| progress.acknowledged, number);
    }

    pub(crate) fn wait_for_received(&self, number: u64) {
        self.shared.wait("deliveries", |progress| progress.next, number);
    }

    /// Waits until everything has arrived; end the simulation before the stream is dropped, so that nobody waits.
    pub(crate) fn finish(&self) {
        self.wait_for_received(self.shared.count);
        self.shared.lock().is_over = true;
    }

    fn spawn(&mut self, run: impl FnOnce(&Shared) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        self.clients.push(std::thread::spawn(move || run(&shared)));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        for client in self.clients.drain(..) {
            let ended = client.join();
            assert!(ended.is_ok() || std::thread::panicking(), "a client has panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().expect("no client panics with it")
    }

    fn wait(&self, what: &str, reached: impl Fn(&Progress) -> u64, number: u64) {
        let mut progress = self.lock();
        while reached(&progress) < number {
            let before = reached(&progress);
            let began = Instant::now();
            while reached(&progress) == before {
                assert_eq!(progress.gap, None, "a number arrived before the one that was owed");
                let left = PATIENCE.saturating_sub(began.elapsed());
                assert!(left > Duration::ZERO, "{what} stopped at {before} of {number}");
                progress = self.changed.wait_timeout(progress, left).expect("no client panics with it").0;
            }
        }
        assert_eq!(progress.gap, None, "a number arrived before the one that was owed");
    }

    /// Connects until somebody answers; `None` once the stream is over.
    fn connect(&self, credentials: &Credentials) -> Option<Client> {
        loop {
            if self.lock().is_over {
                return None;
            }
            let stream = TcpStream::connect(self.address).ok();
            if let Some(client) = stream.and_then(|stream| Client::try_login(stream, credentials)) {
                return Some(client);
            }
            // Whether the simulation is up again is told by nothing but its port.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn send(&self, credentials: &Credentials) {
        while self.lock().acknowledged < self.count {
            let Some(mut client) = self.connect(credentials) else { return };
            let mut acknowledged = self.lock().acknowledged;
            let mut sent = acknowledged;
            while acknowledged < self.count {
                let until = self.count.min(acknowledged + WINDOW);
                client.send_bytes(&publishes(sent..until));
                sent = until;
                let Some(packet) = client.receive() else { break };
                assert_eq!(packet, Packet::PubAck(packet_id(acknowledged)), "in the order of the publishes");
                acknowledged += 1;
                self.lock().acknowledged = acknowledged;
                self.changed.notify_all();
            }
        }
    }

    fn read(&self, credentials: &Credentials) {
        while let Some(mut client) = self.connect(credentials) {
            let filter = "devices/d/modules/b/inputs/#".to_owned();
            client.send(&Packet::Subscribe(Subscribe { id: packet_id(0), filters: vec![(filter, Qos::AtLeastOnce)] }));
            let mut deliveries = 0;
            while let Some(packet) = client.receive() {
                let Packet::Publish(publish) = packet else { continue };
                deliveries += 1;
                let mut progress = self.lock();
                if progress.patience_of_reader > 0 && deliveries > progress.patience_of_reader {
                    break;
                }
                let number = std::str::from_utf8(&publish.payload).ok().and_then(|text| text.parse().ok());
                progress.take(number.expect("a number"));
                drop(progress);
                self.changed.notify_all();
                if let Some(id) = publish.qos.id() {
                    client.send(&Packet::PubAck(id));
                }
            }
        }
    }
}

impl Progress {
    fn take(&mut self, number: u64) {
        if number == self.next {
            self.next += 1;
        } else if number > self.next {
            self.gap.get_or_insert((self.next, number));
        }
    }
}

fn packet_id(number: u64) -> PacketId {
    PacketId::new((number % 0xffff) as u16 + 1).expect("not zero")
}

fn publishes(numbers: std::ops::Range<u64>) -> BytesMut {
    let mut bytes = BytesMut::new();
    for number in numbers {
        let publish = Publish {
            duplicate: false,
            retain: false,
            qos: PublishQos::AtLeastOnce(packet_id(number)),
            topic: "devices/d/modules/a/messages/events/%24.on=o".to_owned(),
            payload: Bytes::from(number.to_string()),
        };
        codec::encode(&Packet::Publish(publish), &mut bytes).expect("it is short enough");
    }
    bytes
}

/// Numbers that look like chance and come again with their seed, which is printed when a test fails.
pub(crate) struct Chance(u64);

impl Chance {
    /// Takes the seed of `EDGECTL_TEST_SEED`, or a new one.
    #[allow(clippy::print_stderr, reason = "whoever wants the failure again needs it")]
    pub(crate) fn new() -> Self {
        let given = std::env::var("EDGECTL_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let now =
            || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map(|now| now.as_nanos() as u64);
        let seed = given.unwrap_or_else(|| now().unwrap_or(1)) | 1;
        eprintln!("EDGECTL_TEST_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The port that modules dial.
pub(crate) fn mqtt_of(site: &Site) -> SocketAddr {
    SocketAddr::new(site.address.parse().expect("an address"), 8883)
}
