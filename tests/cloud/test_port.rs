//! The port by which a test puts messages into one module: as that of iotedgedev's simulator.

use std::net::TcpStream;

use serde_json::json;

use crate::module::Module;
use crate::stop;
use crate::support::site::Site;
use crate::support::wire::request;

/// Sends one request to the test port and returns the status line and the body of the answer.
fn post(site: &Site, port: u16, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect((site.address.as_str(), port)).expect("the port is open");
    let text = format!(
        "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = request(&mut stream, &text);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn the_test_port_puts_messages_into_the_module_under_test() {
    let site = Site::new();
    let simulation = site.start_ready("--external b --device d --input-port 53001");
    let accepted = ("HTTP/1.1 202 Accepted".to_owned(), String::new());
    assert_eq!(post(&site, 53001, r#"{"inputName":"in","data":"hot"}"#), accepted);
    assert_eq!(post(&site, 53001, r#"{"inputName":"in","data":{"t":1},"properties":{"level":"high"}}"#), accepted);
    let refused = ("HTTP/1.1 400 BadRequest".to_owned(), r#"{"message":"inputName is missing"}"#.to_owned());
    assert_eq!(post(&site, 53001, r#"{"data":1}"#), refused);
    let mut b = Module::login(&site, "b", &["devices/d/modules/b/inputs/#"]);
    assert_eq!(b.told().1, json!("hot"));
    let (topic, body) = b.told();
    assert_eq!(body, json!({ "t": 1 }));
    assert!(topic.starts_with("devices/d/modules/b/inputs/in/") && topic.contains("level=high"), "{topic}");
    stop(&site, simulation);
    let refused = "error: `--input-port` is for one module that is started from outside\n\
        hint: name that module with `--external MODULE`\n";
    assert!(site.simulate("--external b --external c --input-port 53001").stderr.ends_with(refused));
}
