//! The first frames of the SDKs, byte by byte: each encodes the same things in its own way (protocol.md §5.1–5.3).
//!
//! None of these SDKs runs here; the encodings are those that their AMQP libraries make of what protocol.md says.

use super::*;

/// A frame of AMQP around bytes that are written out.
fn framed(channel: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).expect("short");
    let [high, low] = channel.to_be_bytes();
    [&length.to_be_bytes()[..], &[2, 0, high, low], body].concat()
}

fn text8(kind: u8, text: &str) -> Vec<u8> {
    [&[kind, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat()
}

fn text32(kind: u8, text: &str) -> Vec<u8> {
    [&[kind][..], &u32::try_from(text.len()).expect("short").to_be_bytes(), text.as_bytes()].concat()
}

/// A composite as a small list, with a small code: Microsoft's and Apache's way.
fn list8(code: u8, fields: &[&[u8]]) -> Vec<u8> {
    let fields_bytes = fields.concat();
    let size = u8::try_from(fields_bytes.len() + 1).expect("short");
    [&[0x00, 0x53, code, 0xc0, size, fields.len() as u8][..], &fields_bytes].concat()
}

/// A composite as a large list, with a code of eight bytes: the widest way there is.
fn list32(code: u8, fields: &[&[u8]]) -> Vec<u8> {
    let fields_bytes = fields.concat();
    let size = u32::try_from(fields_bytes.len() + 4).expect("short").to_be_bytes();
    let count = (fields.len() as u32).to_be_bytes();
    [&[0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, code, 0xd0][..], &size, &count, &fields_bytes].concat()
}

const NULL: &[u8] = &[0x40];

/// An attach to an absolute address, of a settled link of the twin, with the properties of the SDK.
fn csharp_twin_attach() -> Vec<u8> {
    let target = list8(0x29, &[&text8(0xa1, "amqps://gateway/devices/d/modules/m/twin")]);
    let source = list8(0x28, &[&text8(0xa1, "DeviceTwin")]);
    let properties = [
        &[0xc1, 0, 4][..],
        &text8(0xa3, "com.microsoft:client-version"),
        &text8(0xa1, ".NET/1.42"),
        &text8(0xa3, "com.microsoft:channel-correlation-id"),
        &text8(0xa1, "twin:6f9619ff"),
    ];
    let mut properties = properties.concat();
    properties[1] = u8::try_from(properties.len() - 2).expect("short");
    let fields: [&[u8]; 14] = [
        &text8(0xa1, "TwinSenderLink"),
        &[0x43],
        &[0x42],
        &[0x50, 1],
        &[0x50, 0],
        &source,
        &target,
        NULL,
        NULL,
        &[0x43],
        NULL,
        NULL,
        NULL,
        &properties,
    ];
    list8(0x12, &fields)
}

#[test]
fn csharp_begins_without_sasl_and_asks_for_120_seconds() {
    // protocol.md §0.14, §5.1
    let mut client = Client::new();
    client.say_bytes(b"AMQP\x00\x01\x00\x00");
    assert_eq!(client.preambles, 1);
    // Open: container-id, hostname, max-frame-size 65536, channel-max 8191, idle-time-out 120000.
    let (container, host) = (text8(0xa1, "6f9619ff-8b86-d011-b42d-00c04fc964ff"), text8(0xa1, "gateway"));
    let fields: [&[u8]; 5] =
        [&container, &host, &[0x70, 0, 1, 0, 0], &[0x60, 0x1f, 0xff], &[0x70, 0x00, 0x01, 0xd4, 0xc0]];
    client.say_bytes(&framed(0, &list8(0x10, &fields)));
    let Performative::Open(answer) = client.next() else { panic!("no open") };
    assert_eq!((answer.max_frame_size, answer.idle_time_out), (MaxFrameSize(65_536), Some(120_000)));
    assert_eq!(client.head.deadline(), Some(Duration::from_secs(60)));
    // Begin: remote-channel null, next-outgoing-id 1, windows 5000, handle-max 2^31-1.
    let window: &[u8] = &[0x70, 0, 0, 0x13, 0x88];
    client.say_bytes(&framed(0, &list8(0x11, &[NULL, &[0x52, 1], window, window, &[0x70, 0x7f, 0xff, 0xff, 0xff]])));
    assert!(matches!(client.next(), Performative::Begin(_)));
    client.say_bytes(&framed(0, &csharp_twin_attach()));
    let Performative::Attach(refused) = client.next() else { panic!("no attach") };
    assert_eq!((refused.name.as_str(), refused.target), ("TwinSenderLink", None), "no token was put yet");
}

#[test]
fn java_begins_with_anonymous_and_puts_its_token_with_a_uuid() {
    // protocol.md §0.15, §5.1, §5.2
    let mut client = Client::new();
    client.say_bytes(b"AMQP\x03\x01\x00\x00");
    client.wire.clear();
    // SASL init: mechanism as a symbol, initial-response null, hostname.
    let init = list8(0x41, &[&text8(0xa3, "ANONYMOUS"), NULL, &text8(0xa1, "gateway")]);
    let mut frame = framed(0, &init);
    frame[5] = 1;
    client.say_bytes(&frame);
    assert_eq!(client.wire[8..], *b"\x00\x53\x44\xc0\x03\x01\x50\x00");
    client.wire.clear();
    client.say_bytes(b"AMQP\x00\x01\x00\x00");
    let open = list8(0x10, &[&text8(0xa1, "d"), &text8(0xa1, "gateway"), &[0x70, 0, 0, 0x10, 0], &[0x60, 0x7f, 0xff]]);
    client.say_bytes(&framed(0, &open));
    client.say_bytes(&framed(
        0,
        &list8(0x11, &[NULL, &[0x43], &[0x70, 0x7f, 0xff, 0xff, 0xff], &[0x70, 0x7f, 0xff, 0xff, 0xff]]),
    ));
    client.attach_cbs();
    client.frames.clear();
    let id = [0x11; 16];
    let properties = list8(0x73, &[&[&[0x98][..], &id].concat(), NULL, &text8(0xa1, "$cbs")]);
    let fields = [
        &[0xc1, 0, 6][..],
        &text8(0xa1, "operation"),
        &text8(0xa1, "put-token"),
        &text8(0xa1, "type"),
        &text8(0xa1, "servicebus.windows.net:sastoken"),
        // The name leaves the module out.
        &text8(0xa1, "name"),
        &text8(0xa1, "gateway/devices/d"),
    ];
    let mut fields = fields.concat();
    fields[1] = u8::try_from(fields.len() - 2).expect("short");
    let raw = TOKEN.replace("%2F", "/");
    let message = [&properties[..], &[0x00, 0x53, 0x74], &fields, &[0x00, 0x53, 0x77], &text8(0xa1, &raw)].concat();
    client.send(100, 0, &message);
    let login = Login { identity: identity("d/m"), credential: Credential::Sas(raw) };
    assert_eq!(client.outputs(), [Output::Connect { speaker: ME, login: Box::new(login) }]);
    client.connected(ME);
    let (_, answer) = client.message();
    assert_eq!(answer.properties.correlation_id, Some(MessageId::Uuid(id.into())));
    assert_eq!(answer.application("status-code"), Some(&Value::Int(200)));
}

#[test]
fn c_begins_with_mssbcbs_and_takes_inputs_from_devicebound() {
    // protocol.md §5.1, §5.3
    let mut client = Client::new();
    client.say_bytes(b"AMQP\x03\x01\x00\x00");
    client.wire.clear();
    let mut frame = framed(0, &list32(0x41, &[&text32(0xb3, "MSSBCBS"), &[0xa0, 0], NULL]));
    frame[5] = 1;
    client.say_bytes(&frame);
    assert_eq!(client.wire[8..], *b"\x00\x53\x44\xc0\x03\x01\x50\x00");
    client.wire.clear();
    client.say_bytes(b"AMQP\x00\x01\x00\x00");
    let open = [
        &text32(0xb1, &"c".repeat(40))[..],
        &text32(0xb1, "gateway"),
        &[0x70, 0, 1, 0, 0],
        &[0x60, 0xff, 0xff],
        &[0x70, 0, 3, 0xa9, 0x80],
    ];
    client.say_bytes(&framed(0, &list32(0x10, &open)));
    let begin: [&[u8]; 4] = [NULL, &[0x43], &[0x70, 0, 0, 0, 100], &[0x70, 0, 0, 0, 100]];
    client.say_bytes(&framed(0, &list32(0x11, &begin)));
    client.attach_cbs();
    client.put_token(0, &TOKEN.replace("%2F", "/"), Some(MessageId::String("1".into())));
    client.connected(ME);
    client.outputs.clear();
    client.frames.clear();
    let source = list32(0x28, &[&text32(0xb1, "amqps://gateway/devices/d/modules/m/messages/devicebound")]);
    let target = list32(0x29, &[&text32(0xb1, "ingress-rx")]);
    let fields: [&[u8]; 7] =
        [&text32(0xb1, "link-rcv-d"), &[0x70, 0, 0, 0, 3], &[0x41], &[0x50, 2], &[0x50, 0], &source, &target];
    client.say_bytes(&framed(0, &list32(0x12, &fields)));
    assert_eq!(handles(&client.frames), [3]);
    let subscribe = Request::Subscribe { feature: Feature::Inputs, guarantee: Guarantee::AtLeastOnce };
    assert_eq!(client.requests()[1], subscribe);
}

#[test]
fn node_attaches_in_its_own_order() {
    // protocol.md §5.5
    let mut client = Client::entered();
    let methods = format!("{MODULE}/methods/devicebound");
    let settled = SenderSettleMode::Settled;
    let twin = format!("{MODULE}/twin");
    client.attach(2, receiver(&format!("{MODULE}/messages/events")));
    client.attach(3, sender(&methods));
    client.attach(4, receiver(&methods));
    client.attach(5, Attach { snd_settle_mode: settled.clone(), ..sender(&twin) });
    client.attach(6, Attach { snd_settle_mode: settled, ..receiver(&twin) });
    client.attach(7, sender(&format!("{MODULE}/messages/events")));
    assert_eq!(handles(&client.frames), [2, 3, 4, 5, 6, 7]);
    let subscribed: Vec<Feature> = client
        .requests()
        .into_iter()
        .filter_map(|request| if let Request::Subscribe { feature, .. } = request { Some(feature) } else { None })
        .collect();
    assert_eq!(subscribed, [Feature::Inputs, Feature::Methods, Feature::TwinAnswers]);
}
