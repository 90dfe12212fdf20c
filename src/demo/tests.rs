use super::*;

#[test]
fn the_demo_is_a_deployment_without_a_mistake() {
    let deployment = deployment().expect("it has no mistake");
    let images: Vec<_> = deployment.modules.iter().map(|module| (module.id.as_str(), module.image.as_str())).collect();
    assert_eq!(images, [("sensor", "edgectl/demo-sensor:1.0"), ("filter", "edgectl/demo-filter:1.0")]);
    let routes: Vec<_> = deployment.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(routes, ["sensorToFilter", "filterToUpstream"]);
    for route in &deployment.routes {
        assert!(crate::route::Route::parse(&route.text).is_ok(), "{}", route.text);
    }
}

#[test]
fn the_sensor_is_warmer_than_the_threshold_from_the_first_message_on() {
    let manifest = deployment::demo();
    let content = &manifest["modulesContent"];
    let sensor = &content["$edgeAgent"]["properties.desired"]["modules"]["sensor"];
    let coldest = sensor["env"]["machineTempMin"]["value"].as_f64().expect("a number") - 0.25;
    let threshold = content["filter"]["properties.desired"]["threshold"].as_f64().expect("a number");
    assert!(coldest > threshold, "{coldest} > {threshold}");
}

mod running {
    //! The modules themselves, against a hub in memory.

    use bytes::Bytes;
    use serde_json::{Value, json};
    use tokio::io::DuplexStream;

    use super::*;
    use crate::client::testing::{self, LONG};
    use crate::edgehub::{Delivery, Event as Told, Guarantee, Request, Target};
    use crate::message::{Message, system};

    type HubEnd = testing::Hub<DuplexStream>;

    fn twin_answer(rid: String, body: &Value) -> Told {
        Told::TwinAnswer { rid, status: 200, version: None, body: body.to_string().into() }
    }

    fn json_of(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).expect("JSON")
    }

    /// Answers the request for the twin and the report that follows, which is returned.
    async fn answer_twin(hub: &mut HubEnd, desired: Value) -> Value {
        let Request::GetTwin { rid } = hub.next_request().await else { panic!("a request for the twin") };
        hub.tell(twin_answer(rid, &json!({ "desired": desired, "reported": {} })));
        answer_report(hub).await
    }

    async fn answer_report(hub: &mut HubEnd) -> Value {
        let Request::PatchReported { rid, patch } = hub.next_request().await else { panic!("a report") };
        hub.tell(Told::TwinAnswer { rid, status: 204, version: None, body: Bytes::new() });
        json_of(&patch)
    }

    fn deliver(hub: &mut HubEnd, number: u64, body: &'static str) {
        let mut message = Message { body: Bytes::from_static(body.as_bytes()), ..Message::default() };
        message.set_system(system::CONNECTION_DEVICE_ID, "d");
        hub.tell(Told::Deliver {
            delivery: Delivery(number),
            guarantee: Guarantee::AtLeastOnce,
            target: Target::Input("input1".into()),
            message: message.into(),
        });
    }

    async fn call(hub: &mut HubEnd, name: &str) -> (i32, Value) {
        hub.tell(Told::CallMethod { rid: "9".into(), name: name.into(), payload: Bytes::from_static(b"null") });
        match hub.next_request().await {
            Request::AnswerMethod { status, payload, .. } => (status, json_of(&payload)),
            other => panic!("expected an answer, found {other:?}"),
        }
    }

    /// Runs a module for as long as the script takes.
    async fn with(module: Module, environment: &Environment, script: impl AsyncFnOnce(HubEnd)) {
        let (client, events, mut line) = testing::start(LONG);
        let mut hub = Hub { client, events };
        let around = Surroundings { environment, clock: std::time::SystemTime::now, log: &|_| Ok(()) };
        let running = async {
            match module {
                Module::Sensor => sensor::run(&mut hub, around).await,
                Module::Filter => filter::run(&mut hub, around.log).await,
            }
        };
        tokio::select! {
            outcome = running => panic!("the module ended: {outcome:?}"),
            () = async { script(testing::answer(&mut line).await).await } => {}
        }
    }

    #[tokio::test]
    async fn the_filter_forwards_what_is_too_warm_and_accepts_everything() {
        with(Module::Filter, &Environment::default(), async |mut hub| {
            assert_eq!(answer_twin(&mut hub, json!({ "threshold": 30 })).await, json!({ "threshold": 30 }));
            deliver(&mut hub, 1, r#"{"machine":{"temperature":29.9}}"#);
            assert_eq!(hub.next_request().await, Request::Acknowledge { delivery: Delivery(1) });
            deliver(&mut hub, 2, r#"{"machine":{"temperature":30.1}}"#);
            let Request::Publish { receipt: Some(receipt), message } = hub.next_request().await else {
                panic!("an alert")
            };
            assert_eq!(message.system(system::OUTPUT_NAME), Some("output1"));
            assert_eq!(message.property("MessageType"), Some("Alert"));
            hub.tell(Told::Accepted { receipt });
            assert_eq!(hub.next_request().await, Request::Acknowledge { delivery: Delivery(2) });

            let patch = Bytes::from_static(br#"{"threshold":1000,"$version":2}"#);
            hub.tell(Told::DesiredChanged { version: 2, patch });
            assert_eq!(answer_report(&mut hub).await, json!({ "threshold": 1000 }));
            deliver(&mut hub, 3, r#"{"machine":{"temperature":99}}"#);
            assert_eq!(hub.next_request().await, Request::Acknowledge { delivery: Delivery(3) });
            let status = json!({ "received": 3, "forwarded": 1, "threshold": 1000 });
            assert_eq!(call(&mut hub, "status").await, (200, status));
            let unknown = json!({ "error": "no method `stop`, only `status`" });
            assert_eq!(call(&mut hub, "stop").await, (501, unknown));
        })
        .await;
    }

    #[tokio::test]
    async fn the_sensor_sends_before_it_asks_for_its_twin_and_then_in_its_pace() {
        let environment = [("machineTempMin".to_owned(), "30".to_owned())].into_iter().collect();
        with(Module::Sensor, &environment, async |mut hub| {
            let mut receipts = Vec::new();
            let mut has_reported = false;
            while receipts.len() < 2 || !has_reported {
                match hub.next_request().await {
                    Request::Publish { receipt, message } => {
                        assert_eq!(message.system(system::OUTPUT_NAME), Some("temperatureOutput"));
                        assert!(json_of(&message.body)["machine"]["temperature"].as_f64() > Some(25.0));
                        receipts.extend(receipt);
                        let receipt = receipt.expect("it waits for the answer");
                        hub.tell(Told::Accepted { receipt });
                    }
                    Request::GetTwin { rid } => {
                        hub.tell(twin_answer(rid, &json!({ "desired": { "SendInterval": 0.01 }, "reported": {} })));
                    }
                    Request::PatchReported { rid, patch } => {
                        assert_eq!(json_of(&patch), json!({ "SendInterval": 0.01, "SendData": true }));
                        hub.tell(Told::TwinAnswer { rid, status: 204, version: None, body: Bytes::new() });
                        has_reported = true;
                    }
                    other => panic!("unexpected {other:?}"),
                }
            }
        })
        .await;
    }

    #[tokio::test]
    async fn the_sensor_is_silenced_by_its_twin_and_reset_by_its_method() {
        let environment = Environment::default();
        with(Module::Sensor, &environment, async |mut hub| {
            let mut requests = vec![hub.next_request().await, hub.next_request().await];
            requests.sort_by_key(|request| matches!(request, Request::GetTwin { .. }));
            let [Request::Publish { receipt: Some(receipt), .. }, Request::GetTwin { rid }] = &requests[..] else {
                panic!("a message and a request for the twin, found {requests:?}")
            };
            hub.tell(Told::Accepted { receipt: *receipt });
            hub.tell(twin_answer(rid.clone(), &json!({ "desired": { "SendData": false }, "reported": {} })));
            assert_eq!(answer_report(&mut hub).await, json!({ "SendInterval": 5, "SendData": false }));
            assert_eq!(call(&mut hub, "reset").await, (200, json!({ "temperature": 21 })));
        })
        .await;
    }
}
