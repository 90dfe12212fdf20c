use proptest::prelude::*;

use super::*;
use crate::identity::{DeviceId, ModuleId};

fn module(device: &str, module: &str) -> Identity {
    let module = ModuleId::parse(module).expect("a module id");
    Identity::of_module(DeviceId::parse(device).expect("a device id"), module)
}

fn device(device: &str) -> Identity {
    Identity::of_device(DeviceId::parse(device).expect("a device id"))
}

fn feature(filter: &str, identity: &Identity) -> Option<Feature> {
    parse_filter(filter, identity).map(|subscription| subscription.feature)
}

fn from_sensor() -> Message {
    let mut message = Message::default();
    message.set_system(system::CONNECTION_DEVICE_ID, "d");
    message.set_system(system::CONNECTION_MODULE_ID, "sensor");
    message
}

#[test]
fn what_python_and_node_publish_is_understood() {
    let check = |topic: &str, expected| assert_eq!(FromClient::parse(topic), Ok(expected), "{topic}");
    let python = "devices/d/modules/m/messages/events/%24.on=output1&%24.mid=7f";
    check(python, FromClient::Telemetry { bag: "%24.on=output1&%24.mid=7f" });
    let node = "devices/d/modules/m/messages/events/%24.on=output1/";
    check(node, FromClient::Telemetry { bag: "%24.on=output1" });
    check("devices/d/messages/events/", FromClient::Telemetry { bag: "" });
    check("devices/d/messages/events", FromClient::Telemetry { bag: "" });
    check("devices/d/messages/events/a=1", FromClient::Telemetry { bag: "a=1" });
    check("$iothub/twin/GET/?$rid=4d3a-1", FromClient::GetTwin { rid: "4d3a-1" });
    let patch = "$iothub/twin/PATCH/properties/reported/?$rid=3&$version=2";
    check(patch, FromClient::PatchReported { rid: "3" });
    check("$iothub/methods/res/200/?$rid=1", FromClient::MethodResult { status: 200, rid: "1" });
    check("$iothub/methods/res/-7/?$rid=1", FromClient::MethodResult { status: -7, rid: "1" });
}

#[test]
fn an_unreadable_method_status_becomes_400000() {
    let expected = FromClient::MethodResult { status: 400_000, rid: "1" };
    assert_eq!(FromClient::parse("$iothub/methods/res/ok/?$rid=1"), Ok(expected));
}

#[test]
fn an_unreadable_twin_topic_is_an_error_and_any_other_is_unknown() {
    for topic in ["$iothub/twin/GET/", "$iothub/twin/GET/?$rid=", "$iothub/twin/PUT/?$rid=1", "$iothub/twin/GET/?rid=1"]
    {
        assert_eq!(FromClient::parse(topic), Err(NotATwinTopic), "{topic}");
    }
    let unknown =
        ["devices", "devices/d/messages/event/", "devices/d/messages/events/a/b", "$iothub/methods/res/200/", "x"];
    for topic in unknown {
        assert_eq!(FromClient::parse(topic), Ok(FromClient::Unknown), "{topic}");
    }
}

#[test]
fn every_filter_of_the_sdks_subscribes_to_its_feature() {
    let m = module("d", "m");
    assert_eq!(feature("$iothub/methods/POST/#", &m), Some(Feature::Methods));
    assert_eq!(feature("$iothub/twin/res/#", &m), Some(Feature::TwinAnswers));
    assert_eq!(feature("$iothub/twin/PATCH/properties/desired/#", &m), Some(Feature::DesiredUpdates));
    assert_eq!(feature("devices/d/modules/m/inputs/#", &m), Some(Feature::Inputs));
    assert_eq!(feature("devices/d/modules/m/#", &m), Some(Feature::Inputs));
    assert_eq!(feature("devices/d/messages/devicebound/#", &device("d")), Some(Feature::CloudToDevice));
}

#[test]
fn a_filter_for_anything_else_never_matches() {
    let m = module("d", "m");
    let others = ["#", "devices/#", "devices/d/#", "devices/d/modules/other/inputs/#", "devices/e/modules/m/#"];
    for filter in others.into_iter().chain(["$iothub/twin/res/200/#", "$iothub/#", "devices/d/modules/m/inputs/one"]) {
        assert_eq!(feature(filter, &m), None, "{filter}");
    }
    assert_eq!(feature("devices/e/messages/devicebound/#", &device("d")), None);
}

#[test]
fn python_subscribes_with_encoded_ids_and_is_delivered_to_as_it_subscribed() {
    let subscription = parse_filter("devices/a%3Ab/modules/%24m/inputs/#", &module("a:b", "$m")).expect("its own");
    assert_eq!(subscription.base, Some("devices/a%3Ab/modules/%24m"));
}

#[test]
fn an_input_topic_has_a_bag_that_starts_with_the_sender() {
    let mut message = from_sensor();
    message.properties.push(("a".into(), Some("1".into())));
    let topic = of_input("devices/d/modules/m", "d", "input1", &message);
    assert_eq!(topic, "devices/d/modules/m/inputs/input1/%24.cdid=d&%24.cmid=sensor&a=1");
}

#[test]
fn a_delivered_bag_is_never_empty() {
    let bare = Message::default();
    assert_eq!(of_input("devices/d/modules/m", "d", "i", &bare), "devices/d/modules/m/inputs/i/%24.cdid=d");
    let expected = "devices/d/messages/devicebound/%24.to=%2Fdevices%2Fd%2Fmessages%2FdeviceBound";
    assert_eq!(of_cloud_to_device("devices/d", "d", &bare), expected);
}

#[test]
fn a_name_cannot_leave_its_level() {
    assert_eq!(of_method_call("a/b#+?", "1"), "$iothub/methods/POST/a%2Fb%23%2B%3F/?$rid=1");
    assert_eq!(base_of(&module("d+1", "$edgeHub")), "devices/d%2B1/modules/$edgeHub");
}

#[test]
fn answers_and_notifications_have_the_topics_of_iot_hub() {
    assert_eq!(of_twin_answer(200, "a-1", None), "$iothub/twin/res/200/?$rid=a-1");
    assert_eq!(of_twin_answer(204, "1", Some(7)), "$iothub/twin/res/204/?$rid=1&$version=7");
    assert_eq!(of_desired_change(3), "$iothub/twin/PATCH/properties/desired/?$version=3");
}

#[test]
fn a_module_understands_what_a_hub_publishes() {
    let message = from_sensor();
    let topic = of_input("devices/d/modules/m", "d", "in put", &message);
    let expected = FromHub::Input { name: "in put".into(), properties: message };
    assert_eq!(FromHub::parse(&topic), Ok(expected));
    let call = FromHub::MethodCall { name: "a/b".into(), rid: "9".into() };
    assert_eq!(FromHub::parse(&of_method_call("a/b", "9")), Ok(call));
    let answer = FromHub::TwinAnswer { status: 204, rid: "1".into() };
    assert_eq!(FromHub::parse(&of_twin_answer(204, "1", Some(7))), Ok(answer));
    assert_eq!(FromHub::parse(&of_desired_change(1)), Ok(FromHub::DesiredChange));
    assert_eq!(FromHub::parse("devices/d/modules/m/inputs/i"), Ok(FromHub::Unknown));
}

#[test]
fn a_hub_understands_what_a_module_publishes() {
    let base = base_of(&module("d", "m"));
    let mut message = Message::default();
    message.set_system(system::OUTPUT_NAME, "out");
    assert_eq!(FromClient::parse(&to_telemetry(&base, &message)), Ok(FromClient::Telemetry { bag: "%24.on=out" }));
    assert_eq!(FromClient::parse(&to_get_twin("1")), Ok(FromClient::GetTwin { rid: "1" }));
    assert_eq!(FromClient::parse(&to_patch_reported("2")), Ok(FromClient::PatchReported { rid: "2" }));
    let result = FromClient::MethodResult { status: 404, rid: "3" };
    assert_eq!(FromClient::parse(&to_method_result(404, "3")), Ok(result));
    for wanted in [Feature::Inputs, Feature::Methods, Feature::DesiredUpdates, Feature::TwinAnswers] {
        assert_eq!(feature(&filter_of(wanted, &base), &module("d", "m")), Some(wanted));
    }
}

proptest! {
    #[test]
    fn any_topic_is_read_without_panic(topic in "(devices/|\\$iothub/(twin|methods)/)?[a-zA-Z/?$=&%.#]{0,60}") {
        let _ = (FromClient::parse(&topic), FromHub::parse(&topic), parse_filter(&topic, &module("d", "m")));
    }
}
