//! The client against our own session, in memory; and against everything real but the hub: sockets, TLS, workload API.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::json;

use super::testing::{Hub, LONG, answer, start};
use super::*;
use crate::clock::{Now, since_epoch};
use crate::edgehub::{self, Credential, Delivery, Guarantee, Receipt, Refusal, Request, Target};
use crate::identity::{DeviceId, ModuleId};
use crate::message::system;
use crate::mqtt::{Closed, Output};

fn message(body: &'static str) -> Message {
    Message { body: Bytes::from_static(body.as_bytes()), ..Message::default() }
}

#[tokio::test]
async fn a_sent_message_is_done_when_the_hub_has_accepted_it() {
    let (client, _events, mut line) = start(LONG);
    let sending = tokio::spawn(async move { client.send_output("alerts", message("{}")).await });
    let mut hub = answer(&mut line).await;
    let Request::Publish { receipt: Some(receipt), message } = hub.next_request().await else { panic!("a message") };
    assert_eq!((message.system(system::OUTPUT_NAME), &message.body[..]), (Some("alerts"), &b"{}"[..]));
    assert!(!sending.is_finished());
    hub.tell(edgehub::Event::Accepted { receipt });
    let driving = tokio::spawn(async move { hub.next().await });
    assert_eq!(sending.await.expect("no panic"), Ok(()));
    assert_eq!(driving.await.expect("no panic"), Output::Close(Closed::Disconnected));
}

#[tokio::test]
async fn what_had_no_answer_is_said_again_on_the_next_connection() {
    let (client, mut events, mut line) = start(LONG);
    let asking = client.clone();
    let sending = tokio::spawn(async move { client.send_output("o", message("1")).await });
    let mut hub = answer(&mut line).await;
    assert!(matches!(hub.next_request().await, Request::Publish { .. }));
    let twin = tokio::spawn(async move { asking.twin().await });
    let Request::GetTwin { rid } = hub.next_request().await else { panic!("a request for the twin") };
    drop(hub);

    let mut hub = answer(&mut line).await;
    let Request::Publish { message, .. } = hub.next_request().await else { panic!("the message again") };
    assert_eq!(message.property("mqtt-dup"), Some("true"));
    assert_eq!(hub.next_request().await, Request::GetTwin { rid: rid.clone() });
    hub.tell(edgehub::Event::Accepted { receipt: Receipt(0) });
    let body = Bytes::from_static(b"{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}");
    hub.tell(edgehub::Event::TwinAnswer { rid, status: 200, version: None, body });
    tokio::spawn(async move { hub.next().await });
    assert_eq!(sending.await.expect("no panic"), Ok(()));
    let expected = json!({"desired": {"$version": 1}, "reported": {"$version": 1}});
    assert_eq!(twin.await.expect("no panic"), Ok(expected));
    assert!(matches!(events.next().await, Ok(Event::Connected)));
    assert!(matches!(events.next().await, Ok(Event::Disconnected(ClientError::Broken(_)))));
    assert!(matches!(events.next().await, Ok(Event::Connected)));
}

#[tokio::test]
async fn an_input_is_acknowledged_when_the_module_has_accepted_it() {
    let (_client, mut events, mut line) = start(LONG);
    let mut hub = answer(&mut line).await;
    let mut sent = message("{\"t\":40}");
    sent.set_system(system::CONNECTION_DEVICE_ID, "d");
    sent.properties.push(("zone".into(), Some("a/b".into())));
    hub.tell(edgehub::Event::Deliver {
        delivery: Delivery(5),
        guarantee: Guarantee::AtLeastOnce,
        target: Target::Input("input1".into()),
        message: sent.clone().into(),
    });
    let request = tokio::spawn(async move { hub.next_request().await });
    assert!(matches!(events.next().await, Ok(Event::Connected)));
    let Ok(Event::Input(input)) = events.next().await else { panic!("a message") };
    assert_eq!((input.input.as_str(), &input.message), ("input1", &sent));
    assert!(!request.is_finished());
    input.accept().await;
    assert_eq!(request.await.expect("no panic"), Request::Acknowledge { delivery: Delivery(5) });
}

#[tokio::test]
async fn a_method_is_answered_and_a_patch_is_seen() {
    let (client, mut events, mut line) = start(LONG);
    let mut hub = answer(&mut line).await;
    let payload = Bytes::from_static(b"null");
    hub.tell(edgehub::Event::CallMethod { rid: "7".into(), name: "reset".into(), payload });
    hub.tell(edgehub::Event::DesiredChanged { version: 2, patch: Bytes::from_static(b"{\"a\":1,\"$version\":2}") });
    let request = tokio::spawn(async move {
        let answered = hub.next_request().await;
        (answered, hub.next_request().await, hub)
    });
    assert!(matches!(events.next().await, Ok(Event::Connected)));
    let Ok(Event::Method(call)) = events.next().await else { panic!("a call") };
    assert_eq!((call.name.as_str(), &call.payload[..]), ("reset", &b"null"[..]));
    call.answer(200, &json!({"n": 1})).await;
    let Ok(Event::DesiredChanged(patch)) = events.next().await else { panic!("a patch") };
    assert_eq!(patch, json!({"a": 1, "$version": 2}));
    let reporting = tokio::spawn(async move { client.report(json!({"a": null})).await });
    let (answered, reported, mut hub) = request.await.expect("no panic");
    let payload = Bytes::from_static(b"{\"n\":1}");
    assert_eq!(answered, Request::AnswerMethod { rid: "7".into(), status: 200, payload });
    let patch = Bytes::from_static(b"{\"a\":null}");
    assert_eq!(reported, Request::PatchReported { rid: "1".into(), patch });
    hub.tell(edgehub::Event::TwinAnswer { rid: "1".into(), status: 400, version: None, body: Bytes::new() });
    tokio::spawn(async move { hub.next().await });
    assert_eq!(reporting.await.expect("no panic"), Err(ClientError::Twin(400)));
}

#[tokio::test]
async fn a_refused_module_ends() {
    let (client, mut events, mut line) = start(LONG);
    let mut hub = Hub::new(line.recv().await.expect("the client dials"));
    hub.next().await;
    hub.session.refused(&Refusal::NotAuthorized("unknown".into()));
    tokio::spawn(async move { hub.next().await });
    let error = events.next().await.expect_err("it is not let in");
    assert_eq!(error.to_string(), "the hub refuses the module (MQTT return code 5)");
    assert_eq!(client.twin().await, Err(ClientError::Ended));
}

#[tokio::test]
async fn a_connection_is_made_anew_before_its_token_is_old() {
    let (_client, _events, mut line) = start(Duration::from_millis(1));
    let mut hub = answer(&mut line).await;
    assert_eq!(hub.next().await, Output::Close(Closed::Disconnected));
    answer(&mut line).await;
}

#[tokio::test]
async fn a_message_that_no_hub_takes_is_refused_at_once() {
    let (client, _events, mut line) = start(LONG);
    let hub = answer(&mut line).await;
    let large = Message { body: vec![b'x'; 262_144].into(), ..Message::default() };
    assert_eq!(client.send_output("o", large).await, Err(ClientError::TooLarge));
    drop(hub);
}

mod real_parts {
    //! Unix socket and port, TLS and SAS token: only the hub behind the session is missing.

    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use tokio::net::TcpListener;

    use super::*;
    use crate::identity::{Authority, Key, MasterKey, sas};
    use crate::net::{HttpLimits, ServerTls, UnixSocket, WorkloadDoor, serve_workload};
    use crate::workload::{ModuleDetails, Modules, Workload};

    struct One(Key);

    impl Modules for One {
        fn primary_key(&self, module: &ModuleId) -> Option<Key> {
            (module.as_str() == "m").then(|| self.0.clone())
        }

        fn details(&self) -> Vec<ModuleDetails> {
            Vec::new()
        }
    }

    struct Device {
        id: DeviceId,
        authority: Authority,
        master_key: MasterKey,
        modules: One,
    }

    fn device() -> Arc<Device> {
        let id = DeviceId::parse("d").expect("an id");
        let unix = since_epoch(SystemTime::now());
        Arc::new(Device {
            authority: Authority::create(&id, unix).expect("a CA"),
            master_key: MasterKey::derive(&Key::generate().expect("a key")),
            modules: One(Key::generate().expect("a key")),
            id,
        })
    }

    fn serve(device: &Arc<Device>, door: WorkloadDoor) {
        let device = Arc::clone(device);
        let handler = move |request| {
            let device = Arc::clone(&device);
            async move {
                let workload = Workload {
                    device: &device.id,
                    hub_host: "hub.example",
                    authority: &device.authority,
                    master_key: &device.master_key,
                    modules: &device.modules,
                };
                let now = Now { monotonic: Duration::ZERO, unix: since_epoch(SystemTime::now()) };
                workload.handle(&ModuleId::parse("m").expect("an id"), now, &request).response
            }
        };
        tokio::spawn(serve_workload(door, HttpLimits::default(), handler));
    }

    /// Connects a client by `uri` and lets the session's login be checked as the hub would.
    async fn connect(device: &Device, uri: &str) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("it listens").port().to_string();
        let variables = [
            ("IOTEDGE_IOTHUBHOSTNAME", "hub.example"),
            ("IOTEDGE_GATEWAYHOSTNAME", "127.0.0.1"),
            ("IOTEDGE_DEVICEID", "d"),
            ("IOTEDGE_MODULEID", "m"),
            ("IOTEDGE_MODULEGENERATIONID", "638"),
            ("IOTEDGE_APIVERSION", "2022-08-03"),
            ("IOTEDGE_WORKLOADURI", uri),
            ("EDGECTL_MQTT_PORT", &port),
        ];
        let environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (_client, mut events) = ModuleClient::from_environment(&environment, SystemTime::now).expect("complete");

        let (stream, _) = listener.accept().await.expect("the client dials");
        let unix = since_epoch(SystemTime::now());
        let certificate = device.authority.server_certificate(&["127.0.0.1".into()], unix).expect("a certificate");
        let tls = ServerTls::new(&certificate).expect("a server");
        let stream = tls.handshake(stream, Duration::from_secs(10)).await.expect("the client trusts it");
        let mut hub = Hub::new(stream);
        let Output::Connect(login) = hub.next().await else { panic!("a login comes first") };
        let Credential::Sas(token) = &login.credential else { panic!("a token") };
        let token = sas::Token::parse(token).expect("a token");
        assert_eq!(token.verify(unix, &[&device.modules.0], &["hub.example"], &login.identity), Ok(()));
        hub.session.connected(Now::default(), None);
        assert!(matches!(hub.next_request().await, Request::Subscribe { .. }));
        assert!(matches!(events.next().await, Ok(Event::Connected)));
    }

    #[tokio::test]
    async fn a_module_connects_by_its_unix_socket() {
        let (device, folder) = (device(), tempfile::tempdir().expect("a folder"));
        let path = folder.path().join("m.sock");
        let socket = UnixSocket::bind(&path, 0o600).await.expect("a socket");
        serve(&device, WorkloadDoor::Socket(socket));
        connect(&device, &format!("unix://{}", path.display())).await;
    }

    #[tokio::test]
    async fn a_module_connects_by_its_port() {
        let device = device();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("it listens").port();
        serve(&device, WorkloadDoor::Port { listener, only: IpAddr::V4(Ipv4Addr::LOCALHOST) });
        connect(&device, &format!("http://127.0.0.1:{port}")).await;
    }

    fn settings_without_workload(folder: &std::path::Path, patience: Duration) -> Settings {
        Settings {
            identity: Identity::of_module(device().id.clone(), ModuleId::parse("m").expect("an id")),
            generation: "1".into(),
            hub_host: "hub.example".into(),
            gateway_host: "127.0.0.1".into(),
            port: 1,
            workload: WorkloadUri::Socket(folder.join("none.sock")),
            api_version: "2018-06-28".into(),
            patience,
        }
    }

    const NO_SOCKET: &str = "cannot use the workload API: No such file or directory (os error 2)";

    #[tokio::test]
    async fn without_a_workload_api_the_reason_is_told_and_another_try_follows() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings_without_workload(folder.path(), LONG);
        let (_client, mut events) = ModuleClient::start(settings, SystemTime::now);
        for _ in 0..2 {
            let Ok(Event::Disconnected(error)) = events.next().await else { panic!("it cannot connect") };
            assert_eq!(error.to_string(), NO_SOCKET);
        }
    }

    #[tokio::test]
    async fn when_patience_is_over_everything_that_waits_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings_without_workload(folder.path(), Duration::ZERO);
        let (client, mut events) = ModuleClient::start(settings, SystemTime::now);
        assert_eq!(client.twin().await, Err(ClientError::Ended));
        assert_eq!(events.next().await.expect_err("it is over").to_string(), NO_SOCKET);
    }
}
