//! What is no message: connections, direct methods, twins.

use std::path::Path;
use std::time::Instant;

use edgectl::simulator::control::{self, TargetName, TwinChange};
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::wire::{Client, Packet, Server};
use crate::{quantile, tell};

/// Connects so many clients at once and prints how long that took in ms; then holds them until stdin ends.
#[allow(clippy::print_stdout, reason = "the script waits for it")]
pub(crate) async fn measure_connections(server: Server, count: usize) {
    let start = Instant::now();
    let mut connecting = JoinSet::new();
    for number in 0..count {
        let server = server.clone();
        connecting.spawn(async move { server.connect(&format!("c{number}")).await });
    }
    let clients: Vec<Client> = connecting.join_all().await;
    tell("ms", start.elapsed().as_secs_f64() * 1000.0);
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await.expect("stdin can be read");
    drop(clients);
}

/// Prints the median round trip of direct methods from `s0` to `r0`, in µs.
pub(crate) async fn measure_methods(server: Server, count: usize) {
    let Server::Edge(edge) = &server else { panic!("a broker knows no methods") };
    let mut target = server.connect("r0").await;
    target.subscribe("$iothub/methods/POST/#").await;
    tokio::spawn(async move {
        loop {
            target.read().await;
            while let Some(packet) = target.take() {
                let Packet::Publish { topic, .. } = packet else { continue };
                let topic = String::from_utf8(topic.to_vec()).expect("a text");
                let (_, rid) = topic.rsplit_once("$rid=").expect("a call");
                target.put_publish(&format!("$iothub/methods/res/200/?$rid={rid}"), None, b"{\"done\":true}");
            }
            target.flush().await;
        }
    });
    let mut stream = edge.open(443).await;
    let body = r#"{"methodName":"ping","payload":{"n":1},"responseTimeoutInSeconds":5}"#;
    let request = format!(
        "POST /twins/bench/modules/r0/methods?api-version=2018-06-30 HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\
         x-ms-edge-moduleId: bench/s0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        edge.address,
        edge.token("s0"),
        body.len()
    );
    let mut samples = Vec::new();
    let mut answer = vec![0; 4096];
    for _ in 0..count {
        let start = Instant::now();
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream.flush().await.expect("sent");
        let mut length = 0;
        while !answer[..length].ends_with(b"{\"status\":200,\"payload\":{\"done\":true}}") {
            let more = stream.read(&mut answer[length..]).await.expect("answered");
            assert!(more > 0, "{}", String::from_utf8_lossy(&answer[..length]));
            length += more;
        }
        samples.push(start.elapsed().as_secs_f64() * 1e6);
    }
    tell("p50", quantile(&mut samples, 0.5));
}

/// Prints the median time from a patch of desired properties to its notification, in µs.
pub(crate) async fn measure_twins(server: Server, project: &str, count: usize) {
    let mut module = server.connect("r0").await;
    module.subscribe("$iothub/twin/PATCH/properties/desired/#").await;
    let mut samples = Vec::new();
    for number in 0..count {
        let mut control = control::Connection::open(Path::new(project)).await.expect("it runs");
        let patch = Map::from_iter([("threshold".to_owned(), Value::from(number))]);
        let change = TwinChange::Patch(patch);
        let start = Instant::now();
        let target = TargetName("r0".to_owned());
        control.request(&control::Request::Twin { target, change }).await.expect("sent");
        loop {
            match module.take() {
                Some(Packet::Publish { topic, payload, id }) => {
                    assert!(topic.starts_with(b"$iothub/twin/PATCH/properties/desired/"), "a change is owed");
                    let wanted = format!("\"threshold\":{number}");
                    id.into_iter().for_each(|id| module.put_acknowledgement(id));
                    if String::from_utf8_lossy(&payload).contains(&wanted) {
                        break;
                    }
                }
                Some(_) => {}
                None => module.read().await,
            }
        }
        samples.push(start.elapsed().as_secs_f64() * 1e6);
    }
    tell("p50", quantile(&mut samples, 0.5));
}
