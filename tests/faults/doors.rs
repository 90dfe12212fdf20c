//! Who may come in: what is listened on, what may be read, who is refused, and what is said about it.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use edgectl::identity::Key;
use edgectl::mqtt::packet::{ConnAck, Connect, ConnectRefusal, Packet};
use serde_json::Value;

use crate::support::site::Site;
use crate::support::wire::{Client, Credentials, open_tls, request};

fn run_folder(site: &Site) -> PathBuf {
    let run: Value = serde_json::from_str(&site.folder.read(".edgectl/run.json")).expect("JSON");
    PathBuf::from(run["folder"].as_str().expect("a path"))
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        visit(&path);
        if fs::symlink_metadata(&path).expect("it is there").is_dir() {
            walk(&path, visit);
        }
    }
}

/// Returns the addresses of this machine's network that a process has sockets at: those it listens on, by TCP, and all
/// by UDP.
fn listens(pid: u32) -> BTreeSet<IpAddr> {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").flatten();
    let links = links.filter_map(|file| fs::read_link(file.path()).ok()?.to_str().map(str::to_owned));
    let sockets: BTreeSet<String> =
        links.filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let mut found = BTreeSet::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for fields in text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()) {
            let is_listener = fields[3] == "0A" || table.starts_with("udp");
            if is_listener && sockets.contains(fields[9]) {
                found.insert(address(fields[1].split(':').next().expect("an address")));
            }
        }
    }
    found
}

/// Reads an IPv4 address as the kernel writes it; any of IPv6 is one that nobody expects.
fn address(hex: &str) -> IpAddr {
    let word = (hex.len() == 8).then(|| u32::from_str_radix(hex, 16).expect("hex"));
    word.map_or(IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED), |word| Ipv4Addr::from(word.to_ne_bytes()).into())
}

#[test]
fn nothing_listens_beyond_the_address_that_was_asked_for() {
    let site = Site::new();
    let simulation = site.start_ready("--external m --device d");
    let expected: IpAddr = site.address.parse().expect("an address");
    assert_eq!(listens(simulation.pid()), BTreeSet::from([expected]));
}

#[test]
fn keys_and_sockets_are_for_their_owner_only() {
    let site = Site::new();
    let _simulation = site.start_ready("--external m --device d");
    let state = site.folder.path(".edgectl");
    assert_eq!(mode(&state), 0o700);
    walk(&state, &mut |path| {
        // Certificates are public, and containers of any user read them.
        let is_public = path.extension().is_some_and(|extension| extension == "pem") && !path.ends_with("key.pem");
        assert!(is_public || mode(path) & 0o077 == 0, "{}: {:o}", path.display(), mode(path));
    });
    let run = run_folder(&site);
    assert_eq!(mode(&run), 0o700, "what is below may be open to containers of any user");
    assert_eq!(mode(&run.join("control.sock")), 0o600);
    walk(&run, &mut |path| {
        let is_socket = fs::symlink_metadata(path).expect("it is there").file_type().is_socket();
        assert!(is_socket || path.is_dir(), "no secret lies beside the sockets: {}", path.display());
    });
}

/// Sends a CONNECT with a bad token and reads no answer.
fn knock(site: &Site, credentials: &Credentials) -> Client {
    let forged = Credentials { key: Key::generate().expect("a key"), ..credentials.clone() };
    Client::send_connect(site, credentials, &credentials.connect_packet(&forged.token(3600)))
}

#[test]
fn repeated_refusals_wait_and_are_told_once_while_the_right_key_is_let_in_at_once() {
    let site = Site::new();
    let mut simulation = site.start_ready("--external m --device d");
    let credentials = Credentials::of(&site, "m");
    let refused = Some(Packet::ConnAck(ConnAck::Refused(ConnectRefusal::NotAuthorized)));
    for _ in 0..5 {
        assert_eq!(knock(&site, &credentials).receive(), refused, "at once: somebody tries out what is right");
    }
    // These wait for seconds in the end; the right key comes after them and does not.
    let mut waiting: Vec<Client> = (0..8).map(|_| knock(&site, &credentials)).collect();
    let (_good, answer) = Client::connect(&site, &credentials, &credentials.token(3600));
    assert!(matches!(answer, Some(ConnAck::Accepted { .. })), "{answer:?}");
    let last = waiting.last_mut().expect("some wait");
    assert!(last.hears_nothing(), "the last of them is not answered yet");
    assert_eq!(waiting[0].receive(), refused);

    let line = "connection refused: the SAS token of `d/m` is refused: the SAS token is not signed with the key of \
                this identity";
    simulation.record("the reason", |record| record["line"] == line);
    assert_eq!(site.run("stop").status, Some(0));
    assert_eq!(simulation.end().stdout.matches("connection refused").count(), 1);
}

#[test]
fn no_secret_is_ever_said() {
    let site = Site::new();
    let simulation = site.start_ready("-vv --external m --external other --device d");
    let (own, other) = (Credentials::of(&site, "m"), Credentials::of(&site, "other"));
    let (good, stolen) = (own.token(3600), other.token(3600));
    let connection_string = format!("HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey={}", own.key.to_base64());
    let connect = |client_id: &str, username: &str, password: &str| {
        let Packet::Connect(connect) = own.connect_packet(password) else { panic!("it is a CONNECT") };
        let (client_id, username) = (client_id.to_owned(), Some(username.to_owned()));
        Packet::Connect(Box::new(Connect { client_id, username, ..*connect }))
    };
    let username = format!("{}/d/m/?api-version=2018-06-30", own.hub);
    for packet in [
        connect("d/m", &username, &stolen),
        connect("d/m", &username, &connection_string),
        connect("d/m", &connection_string, &good),
        connect("d/m", &good, "x"),
        connect(&connection_string, &username, &good),
        connect(&good, &username, "x"),
        connect("d/m", &format!("{username}&key={connection_string}"), "x"),
    ] {
        let mut client = Client::send_connect(&site, &own, &packet);
        assert!(matches!(client.receive(), Some(Packet::ConnAck(ConnAck::Refused(_)))));
    }
    for (token, caller) in [(&stolen, "d/m"), (&good, "d/other"), (&connection_string, "d/m"), (&good, "e/m")] {
        let text = format!(
            "POST /twins/d/modules/other/methods?api-version=2018-06-30 HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\
             \r\nx-ms-edge-moduleId: {caller}\r\nContent-Length: 18\r\n\r\n{{\"methodName\":\"x\"}}"
        );
        let answer = request(&mut open_tls(&site, 443, &own.authority), &text);
        assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    }
    assert_eq!(site.run("stop").status, Some(0));
    let ended = simulation.end();
    let said = ended.stdout + &ended.stderr;
    assert!(said.contains("call refused: "), "{said}");
    let signature = |token: &str| token.split("sig=").nth(1).and_then(|rest| rest.split('&').next()).map(str::to_owned);
    for secret in [own.key.to_base64(), other.key.to_base64()]
        .into_iter()
        .chain([&good, &stolen].map(|t| signature(t).expect("it is signed")))
    {
        assert!(!said.contains(&secret), "{secret} stands in\n{said}");
    }
}
