//! Clients that misbehave: each is refused or closed, and the next honest one is served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use edgectl::identity::Key;
use edgectl::mqtt::packet::{ConnAck, ConnectRefusal, Packet, PacketId, Publish, PublishQos};

use crate::support::site::Site;
use crate::support::wire::{Client, Credentials, open_tls, request};

/// Checks that a module connects and is sent a message.
#[track_caller]
fn check_honest(site: &Site, module: &str, body: &str) {
    let mut client = Client::login(site, module);
    let sent = site.run(&format!("send {module}/inputs/i --data {body}"));
    assert_eq!(sent.status, Some(0), "{}", sent.stderr);
    assert_eq!(client.receive_inputs(1), [body]);
}

/// Checks that the hub answers return code 5 and closes.
#[track_caller]
fn check_refused(site: &Site, credentials: &Credentials, token: &str) {
    let (mut client, answer) = Client::connect(site, credentials, token);
    assert_eq!(answer, Some(ConnAck::Refused(ConnectRefusal::NotAuthorized)), "{token}");
    assert_eq!(client.receive(), None, "the connection is closed");
}

#[test]
fn a_bad_token_is_refused_by_mqtt() {
    let site = Site::new();
    let mut simulation = site.start_ready("--external m --external other --device d");
    let (own, other) = (Credentials::of(&site, "m"), Credentials::of(&site, "other"));
    let forged = Credentials { key: Key::generate().expect("a key"), ..own.clone() };
    let elsewhere = Credentials { hub: "hub.example".to_owned(), ..own.clone() };
    let cases = [
        (forged.token(3600), "the SAS token is not signed with the key of this identity"),
        (other.token(3600), "the SAS token is not signed with the key of this identity"),
        (elsewhere.token(3600), "the `sr` of the SAS token names another host than this hub or its gateway"),
        ("SharedAccessSignature sr=x".to_owned(), "the SAS token has no `se`"),
    ];
    for (token, reason) in cases {
        check_refused(&site, &own, &token);
        let line = format!("connection refused: the SAS token of `d/m` is refused: {reason}");
        simulation.record(&line, |record| record["line"] == line.as_str());
    }
    // By more than the 300 s that clocks may differ.
    check_refused(&site, &own, &own.token(-400));
    simulation.record("the age", |record| {
        let line = record["line"].as_str().unwrap_or_default();
        let age = line.strip_prefix("connection refused: the SAS token of `d/m` is refused: the SAS token expired 40");
        age.is_some_and(|age| age.ends_with(" s ago, which is more than the 300 s that clocks may differ"))
    });
    check_honest(&site, "m", "1");
}

#[test]
fn a_bad_token_is_refused_by_https() {
    let site = Site::new();
    let _simulation = site.start_ready("--external m --external other --device d");
    let (own, other) = (Credentials::of(&site, "m"), Credentials::of(&site, "other"));
    let forged = Credentials { key: Key::generate().expect("a key"), ..own.clone() };
    let call = |token: &str| {
        let body = "{\"methodName\":\"reset\",\"payload\":null}";
        let text = format!(
            "POST /twins/d/modules/other/methods?api-version=2018-06-30 HTTP/1.1\r\nHost: {}\r\n\
             Authorization: {token}\r\nx-ms-edge-moduleId: d/m\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            site.address,
            body.len()
        );
        let answer = request(&mut open_tls(&site, 443, &own.authority), &text);
        answer.lines().next().expect("a status line").to_owned()
    };
    for token in [own.token(-400), forged.token(3600), other.token(3600), "x".to_owned(), String::new()] {
        assert_eq!(call(&token), "HTTP/1.1 401 Unauthorized", "{token}");
    }
    assert_eq!(call(&own.token(3600)), "HTTP/1.1 404 NotFound", "nobody takes the call, but the caller is let in");
}

#[test]
fn a_message_that_is_too_long_ends_its_connection_only() {
    let site = Site::new();
    let mut simulation = site.start_ready("--external m --device d");
    let mut client = Client::login(&site, "m");
    let message = |length: usize| {
        Packet::Publish(Publish {
            duplicate: false,
            retain: false,
            qos: PublishQos::AtLeastOnce(PacketId::new(7).expect("not zero")),
            topic: "devices/d/modules/m/messages/events/".to_owned(),
            payload: Bytes::from(vec![b'x'; length]),
        })
    };
    client.send(&message(200 * 1024));
    assert_eq!(client.receive(), Some(Packet::PubAck(PacketId::new(7).expect("not zero"))));
    client.send(&message(300 * 1024));
    assert_eq!(client.receive(), None, "the connection is closed");
    let note = simulation.record("the reason", |r| r["line"].as_str().unwrap_or_default().starts_with("disconnected"));
    let reason = "disconnected: a packet of 307240 bytes is longer than the 262144 bytes that are taken";
    assert_eq!(note["line"], reason);
    check_honest(&site, "m", "1");
}

#[test]
fn garbage_on_every_door_disturbs_nobody() {
    let site = Site::new();
    let _simulation = site.start_ready("--external m --device d");
    let credentials = Credentials::of(&site, "m");
    let doors = sockets(&site.folder.above().join("run"));
    assert_eq!(doors.len(), 2, "one for commands, one for the module: {doors:?}");
    let workload = credentials.workload["IOTEDGE_WORKLOADURI"].as_str().expect("a text");
    let workload = workload.strip_prefix("unix://").expect("a socket").to_owned();
    for (number, garbage) in garbage().into_iter().enumerate() {
        for port in [8883, 5671, 443] {
            let stream = TcpStream::connect((site.address.as_str(), port)).expect("open");
            stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
            knock(stream, &garbage, |stream| drop(stream.shutdown(std::net::Shutdown::Write)));
            // The same inside of TLS, which is where the protocols are.
            let mut tls = open_tls(&site, port, &credentials.authority);
            let _ = tls.write_all(&garbage).and_then(|()| tls.flush());
            tls.conn.send_close_notify();
            let _ = tls.flush();
            let _ = tls.read_to_end(&mut Vec::new());
        }
        for path in &doors {
            let stream = UnixStream::connect(path).expect("open");
            stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
            knock(stream, &garbage, |stream| drop(stream.shutdown(std::net::Shutdown::Write)));
        }
        check_honest(&site, "m", &number.to_string());
    }
    let sign = "GET /trust-bundle?api-version=2018-06-28 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = request(&mut UnixStream::connect(&workload).expect("open"), sign);
    assert!(answer.starts_with("HTTP/1.1 200 Ok\r\n") || answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

/// Lists the sockets below a folder.
fn sockets(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it can be read").map(|entry| entry.expect("an entry").path());
    let found = entries.flat_map(|path| if path.is_dir() { sockets(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "sock")).collect()
}

/// Says something, says no more, and hears what comes.
fn knock<S: Read + Write>(mut stream: S, bytes: &[u8], close: impl Fn(&S)) {
    // A door that is slammed while we speak has done right.
    let _ = stream.write_all(bytes);
    close(&stream);
    let _ = stream.read_to_end(&mut Vec::new());
}

fn garbage() -> Vec<Vec<u8>> {
    // A fixed sequence, so that a failure can be seen again.
    let mut state = 0x2545_f491_u32;
    let mut random = |length: usize| -> Vec<u8> {
        (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state.to_le_bytes()[0]
            })
            .collect()
    };
    vec![
        Vec::new(),
        random(1),
        random(70_000),
        vec![0; 5000],
        vec![0xff; 5000],
        b"\x10\xff\xff\xff\x7f".to_vec(),
        b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00".to_vec(),
        b"\x30\x02\x00\x00".to_vec(),
        b"AMQP\x00\x01\x00\x00\x00\x00\x00\x07\x02\x00\x00\x00".to_vec(),
        b"AMQP\x03\x01\x00\x00\x00\x00\x00\x0d\x02\x01\x00\x00\x00\x53\x41\xd0\xff".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"POST /modules/m/genid/0/sign HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n".to_vec(),
        b"{\"request\":\"stop\"".to_vec(),
        b"{\"request\":\"nonesuch\"}\n".to_vec(),
        b"\x16\x03\x01\xff\xff\x01".to_vec(),
    ]
}
