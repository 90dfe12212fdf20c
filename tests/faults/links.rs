//! Connections that break, in the middle of a stream and in numbers.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgectl::mqtt::packet::Packet;

use crate::stream::{Chance, Stream, mqtt_of, pair, start};
use crate::support::site::until;
use crate::support::wire::{Client, Credentials};

#[test]
fn a_reader_killed_in_the_middle_goes_on_where_it_was() {
    let site = pair();
    let simulation = start(&site, "");
    let mut stream = Stream::send(&site, mqtt_of(&site), 5_000);
    stream.interrupt_reader(211);
    stream.read(&site);
    stream.finish();
    drop(simulation);
}

#[test]
fn a_reader_that_connects_a_hundred_times_a_second_loses_nothing() {
    let site = pair();
    let simulation = start(&site, "");
    let mut stream = Stream::send(&site, mqtt_of(&site), 2_000);
    let credentials = Credentials::of(&site, "b");
    // As fast as it can, each connection thrown out by the next one.
    for _ in 0..300 {
        let connected = TcpStream::connect(mqtt_of(&site)).expect("the port is open");
        Client::try_login(connected, &credentials).expect("it is let in, whoever was there before");
    }
    stream.read(&site);
    stream.finish();
    drop(simulation);
}

#[test]
fn flipped_bytes_end_connections_and_change_nothing() {
    let site = pair();
    let simulation = start(&site, "");
    site.done(&["twin", "patch", "b", "{\"threshold\": 30}"]);
    let before = site.json("twin show b")["properties"]["desired"].clone();
    let proxy = Flipping::start(mqtt_of(&site));
    let mut stream = Stream::send(&site, proxy.address, 3_000);
    stream.read(&site);
    stream.finish();
    assert_eq!(site.json("twin show b")["properties"]["desired"], before);
    let (flips, waiting) = (*proxy.flips.lock().expect("no panic"), site.json("upstream")["waiting"].clone());
    assert!(flips >= 5, "{flips} bytes were flipped");
    assert_eq!(waiting, 0);
    drop(simulation);
}

// protocol.md §9.1
#[test]
fn a_store_that_is_full_refuses_and_takes_more_once_it_was_read() {
    let site = pair();
    let simulation = start(&site, "--max-storage 200KB");
    let credentials = Credentials::of(&site, "a");
    let (mut client, _) = Client::connect(&site, &credentials, &credentials.token(3600));
    let body = "x".repeat(10_000);
    let mut acknowledged = 0;
    while let Some(Packet::PubAck(_)) = send(&mut client, &body) {
        acknowledged += 1;
        assert!(acknowledged < 100, "200 KB are not without end");
    }
    assert!(acknowledged >= 20, "{acknowledged} were taken");
    let refused = site.folder.run_args(&["send", "b/inputs/in", "--data", "x"]);
    let (first, _) = refused.stderr.split_once('\n').expect("lines");
    assert_eq!((refused.status, first), (Some(4), "error: there is no room for more messages"));
    assert_eq!(Client::login(&site, "b").receive_inputs(acknowledged).len(), acknowledged);
    until("there is room", || site.folder.run_args(&["send", "b/inputs/in", "--data", "x"]).status == Some(0));
    drop(simulation);
}

fn send(client: &mut Client, body: &str) -> Option<Packet> {
    use edgectl::mqtt::packet::{PacketId, Publish, PublishQos};
    client.send(&Packet::Publish(Publish {
        duplicate: false,
        retain: false,
        qos: PublishQos::AtLeastOnce(PacketId::new(1).expect("not zero")),
        topic: "devices/d/modules/a/messages/events/".to_owned(),
        payload: bytes::Bytes::from(body.to_owned()),
    }));
    client.receive()
}

/// A proxy that flips one bit of every connection, somewhere in what either side says.
struct Flipping {
    address: SocketAddr,
    flips: Arc<Mutex<u64>>,
}

impl Flipping {
    fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let flips = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&flips);
        let mut chance = Chance::new();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(target) else { continue };
                // A handshake takes some 3 KB; some flips hit it, and most do not.
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let at = 1_000 + chance.below(60_000);
                    let (from, to) = (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
                    let counted = Arc::clone(&counted);
                    std::thread::spawn(move || forward(from, to, at, &counted));
                }
            }
        });
        Self { address, flips }
    }
}

/// Copies bytes and flips a bit at a position. A length that was flipped may let the other end wait for ever, so a
/// silence after that ends the connection.
fn forward(mut from: TcpStream, mut to: TcpStream, flip_at: u64, flips: &Mutex<u64>) {
    let mut bytes = [0; 4096];
    let mut position = 0;
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let read = position..position + length as u64;
        position = read.end;
        if read.contains(&flip_at) {
            bytes[(flip_at - read.start) as usize] ^= 0x10;
            *flips.lock().expect("no panic") += 1;
            from.set_read_timeout(Some(Duration::from_millis(300))).expect("set");
        }
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
