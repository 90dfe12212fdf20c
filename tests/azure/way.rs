//! The way to the hub: whose token, which roots, which proxy.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread;

use super::Site;
use super::fake::{BEARER, FakeHub, NAME, OWNER_KEY};

const APPLY: [&str; 5] = ["deploy", "--apply", "--device", "hall1", "--yes"];

impl Site {
    /// One whose hub is not on this machine by its name.
    fn elsewhere() -> Self {
        let site = Self::new();
        let host = format!("{NAME}:{}", site.hub.port);
        site.with(
            "IOTHUB_CONNECTION_STRING",
            &format!("HostName={host};SharedAccessKeyName=iothubowner;SharedAccessKey={OWNER_KEY}"),
        )
    }

    /// The same with another variable.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.folder = self.folder.variable(name, value);
        self
    }

    /// The same with an `az` that does this.
    fn with_az(self, script: &str) -> Self {
        self.folder.write("bin/az", &format!("#!/bin/sh\n{script}\n"));
        let path = self.folder.path("bin/az");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        let bin = self.folder.path("bin").display().to_string();
        self.with("PATH", &format!("{bin}:/usr/bin:/bin")).with("IOTHUB_CONNECTION_STRING", "")
    }
}

#[test]
fn without_a_connection_string_az_has_the_token() {
    let asked = "account get-access-token --resource https://iothubs.azure.net --query accessToken --output tsv";
    let site = Site::new().with_az(&format!("[ \"$*\" = '{asked}' ] && echo {BEARER}"));
    let host = site.hub.host();
    let run = site.run(&["deploy", "--apply", "--hub", &host, "--device", "hall1"]);
    assert!(run.stderr.contains("as the account that `az` is logged in with?"), "{}", run.stderr);
    let run = site.run(&[&APPLY[..], &["--hub", &host]].concat());
    run.check(0, "", "    Deployed 2 modules, 2 routes to device `hall1` of `HUB`\n");
}

#[test]
fn an_az_that_is_logged_out_says_so() {
    let site = Site::new().with_az("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
    let host = site.hub.host();
    site.run(&[&APPLY[..], &["--hub", &host]].concat()).check(
        1,
        "",
        "error: `az account get-access-token` has no token: ERROR: Please run 'az login' to setup account.\nhint: run \
         `az login`, or set `IOTHUB_CONNECTION_STRING`\n",
    );
}

#[test]
fn without_az_and_connection_string_both_ways_are_named() {
    let site = Site::new().with_az("").with("PATH", "/nowhere");
    let host = site.hub.host();
    site.run(&[&APPLY[..], &["--hub", &host]].concat()).check(
        1,
        "",
        "error: there is no connection string, and `az` is not installed\nhint: set `IOTHUB_CONNECTION_STRING` in the \
         environment or in `.env`, or install the Azure CLI and run `az login`\n",
    );
    site.run(&APPLY).check(
        2,
        "",
        "error: no IoT Hub is named\nhint: set `IOTHUB_CONNECTION_STRING` in the environment or in `.env`, or pass \
         `--hub NAME.azure-devices.net` when `az` is logged in\n",
    );
}

#[test]
fn the_connection_string_of_a_device_is_not_a_hubs() {
    let key = super::OWNER_KEY;
    let text = format!("HostName=h.example;DeviceId=d;SharedAccessKey={key}");
    Site::new().with("IOTHUB_CONNECTION_STRING", &text).run(&APPLY).check(
        1,
        "",
        "error: `IOTHUB_CONNECTION_STRING` is the connection string of a device, not of a hub\nhint: copy it from `az \
         iot hub connection-string show --hub-name NAME`\n",
    );
}

#[test]
fn another_hub_than_that_of_the_connection_string_is_a_mistake() {
    let site = Site::new();
    let text = site.hub.connection_string("iothubowner", super::OWNER_KEY);
    let run = site.run(&[&APPLY[..], &["--hub", "other", "--hub-connection-string", &text]].concat());
    let told = "error: `--hub` is `other.azure-devices.net`, and the connection string is of `HUB`";
    assert_eq!((run.status, run.stderr.lines().next()), (Some(2), Some(told)));
}

#[test]
fn a_hub_of_an_unknown_authority_is_not_trusted() {
    let other = FakeHub::start();
    let site = Site::new();
    site.folder.write("ca.pem", &other.authority);
    let run = site.run(&APPLY);
    let told = "  caused by: the certificate of `HUB` is not trusted: ";
    assert_eq!((run.status, run.stderr.lines().nth(1).map(|line| line.starts_with(told))), (Some(4), Some(true)));
    assert!(run.stderr.contains("`SSL_CERT_FILE`"), "{}", run.stderr);
    assert!(site.calls().is_empty());
    site.folder.write("ca.pem", "");
    assert_eq!(site.run(&APPLY).status, Some(3), "a machine without roots is not ready");
}

/// A proxy that answers so, and connects if that is 200; returns its port and, in the end, the first lines it read.
fn proxy(answer: &'static str) -> (u16, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut reader = BufReader::new(client.try_clone().expect("a handle"));
        let head: Vec<String> =
            reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        client.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).expect("it reads");
        if answer.starts_with("200") {
            let target = head[0].split(' ').nth(1).expect("a target").to_owned();
            let mut hub = TcpStream::connect(target.replace(NAME, "127.0.0.1")).expect("the hub");
            let mut back = hub.try_clone().expect("a handle");
            let mut to_client = client.try_clone().expect("a handle");
            thread::spawn(move || drop(std::io::copy(&mut back, &mut to_client)));
            // The client has spoken to nobody before the answer, so nothing waits in the reader.
            drop(std::io::copy(&mut client, &mut hub));
        }
        head
    });
    (port, served)
}

#[test]
fn a_proxy_leads_to_the_hub_and_learns_no_more_than_its_name() {
    let (port, served) = proxy("200 Connection established");
    let site = Site::elsewhere().with("HTTPS_PROXY", &format!("http://me:p%40ss@127.0.0.1:{port}"));
    assert_eq!(site.run(&APPLY).status, Some(0));
    let host = format!("{NAME}:{}", site.hub.port);
    let expected = [
        format!("CONNECT {host} HTTP/1.1"),
        format!("Host: {host}"),
        "Proxy-Authorization: Basic bWU6cEBzcw==".to_owned(),
    ];
    assert_eq!(served.join().expect("it ended"), expected);
}

#[test]
fn a_proxy_that_wants_a_login_says_so() {
    let (port, _served) = proxy("407 Proxy Authentication Required");
    let site = Site::elsewhere().with("HTTPS_PROXY", &format!("http://127.0.0.1:{port}"));
    let host = format!("{NAME}:{}", site.hub.port);
    let expected = format!(
        "error: cannot deploy to device `hall1` of `{host}`\n  caused by: the proxy `127.0.0.1:{port}` does not connect to \
         the hub: it wants a login; write it as `http://USER:PASSWORD@HOST:PORT`\nhint: correct `HTTPS_PROXY`, or leave \
         the proxy out for the hub with `NO_PROXY`\n"
    );
    site.run(&APPLY).check(4, "", &expected);
}
