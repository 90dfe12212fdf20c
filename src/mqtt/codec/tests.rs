use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use rumqttc::mqttbytes::v4;

use super::*;
use crate::mqtt::packet::{
    ConnAck, Connect, ConnectRefusal, Packet, PacketId, Publish, PublishQos, Qos, SubAck, Subscribe, Unsubscribe, Will,
};

const MAX: usize = 262_144;

fn id(number: u16) -> PacketId {
    PacketId::new(number).expect("not zero")
}

fn encoded(packet: &Packet) -> BytesMut {
    let mut buffer = BytesMut::new();
    encode(packet, &mut buffer).expect("the packet fits");
    buffer
}

fn decoded(bytes: &[u8]) -> Result<Option<Packet>, ProtocolError> {
    decode(&mut BytesMut::from(bytes), MAX)
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Says that the bytes and the packet are the same thing, both ways.
fn check(hex: &str, packet: Packet) {
    assert_eq!(encoded(&packet), from_hex(hex), "{packet:?}");
    assert_eq!(decoded(&from_hex(hex)), Ok(Some(packet)));
}

fn refuse(hex: &str, error: ProtocolError) {
    assert_eq!(decoded(&from_hex(hex)), Err(error), "{hex}");
}

#[test]
fn every_packet_has_its_bytes() {
    let connect = Connect {
        client_id: "d/m".into(),
        clean_session: false,
        keep_alive: 60,
        will: Some(Will { topic: "w".into(), payload: Bytes::from_static(b"x"), qos: Qos::AtLeastOnce, retain: true }),
        username: Some("u".into()),
        password: Some(Bytes::from_static(b"p")),
    };
    check(
        "10 1b 0004 4d515454 04 ec 003c 0003 642f6d 0001 77 0001 78 0001 75 0001 70",
        Packet::Connect(Box::new(connect)),
    );
    check("20 02 01 00", Packet::ConnAck(ConnAck::Accepted { session_present: true }));
    check("20 02 00 05", Packet::ConnAck(ConnAck::Refused(ConnectRefusal::NotAuthorized)));
    let publish =
        |qos, duplicate| Publish { duplicate, retain: false, qos, topic: "a/b".into(), payload: Bytes::from("hi") };
    check("30 07 0003 612f62 6869", Packet::Publish(publish(PublishQos::AtMostOnce, false)));
    check("3a 09 0003 612f62 0007 6869", Packet::Publish(publish(PublishQos::AtLeastOnce(id(7)), true)));
    check("34 09 0003 612f62 0007 6869", Packet::Publish(publish(PublishQos::ExactlyOnce(id(7)), false)));
    check("40 02 0102", Packet::PubAck(id(0x102)));
    check("50 02 0001", Packet::PubRec(id(1)));
    check("62 02 0001", Packet::PubRel(id(1)));
    check("70 02 ffff", Packet::PubComp(id(65_535)));
    let filters = vec![("a/#".into(), Qos::AtLeastOnce), ("+".into(), Qos::ExactlyOnce)];
    check("82 0c 0001 0003 612f23 01 0001 2b 02", Packet::Subscribe(Subscribe { id: id(1), filters }));
    check("90 04 0001 01 80", Packet::SubAck(SubAck { id: id(1), granted: vec![Some(Qos::AtLeastOnce), None] }));
    check("a2 05 0001 0001 23", Packet::Unsubscribe(Unsubscribe { id: id(1), filters: vec!["#".into()] }));
    check("b0 02 0001", Packet::UnsubAck(id(1)));
    check("c0 00", Packet::PingReq);
    check("d0 00", Packet::PingResp);
    check("e0 00", Packet::Disconnect);
}

#[test]
fn a_violation_is_told_by_its_name() {
    refuse("00 00", ProtocolError::UnknownType(0));
    refuse("f0 00", ProtocolError::UnknownType(15));
    refuse("80 02 0001", ProtocolError::Flags { kind: 8, flags: 0 });
    refuse("c1 00", ProtocolError::Flags { kind: 12, flags: 1 });
    refuse("30 ffffffff7f", ProtocolError::EndlessLength);
    refuse("40 01 00", ProtocolError::CutShort);
    refuse("40 02 0000", ProtocolError::ZeroPacketId);
    refuse("40 03 0001 00", ProtocolError::LeftOver(1));
    refuse("c0 01 00", ProtocolError::LeftOver(1));
    refuse("36 05 0001 61 0001", ProtocolError::Qos);
    refuse("38 03 0001 61", ProtocolError::DuplicateAtMostOnce);
    refuse("30 02 0000", ProtocolError::Topic);
    refuse("30 03 0001 23", ProtocolError::Topic);
    refuse("30 03 0001 ff", ProtocolError::NotUtf8);
    refuse("30 03 0001 00", ProtocolError::Zero);
    refuse("32 05 0001 61 0000", ProtocolError::ZeroPacketId);
    refuse("82 02 0001", ProtocolError::NoFilter);
    refuse("82 06 0001 0001 61 03", ProtocolError::Qos);
    refuse("82 07 0001 0002 2361 00", ProtocolError::Filter);
    refuse("82 08 0001 0003 232f61 00", ProtocolError::Filter);
    refuse("82 07 0001 0002 612b 00", ProtocolError::Filter);
    refuse("82 05 0001 0000 00", ProtocolError::Filter);
    refuse("a2 02 0001", ProtocolError::NoFilter);
    refuse("20 02 02 00", ProtocolError::ConnAckCode);
    refuse("20 02 00 06", ProtocolError::ConnAckCode);
    refuse("20 02 01 05", ProtocolError::ConnAckCode);
    refuse("90 03 0001 03", ProtocolError::SubAckCode);
}

#[test]
fn a_connect_of_another_protocol_is_told_apart() {
    refuse("10 0e 0006 4d5149736470 03 02 003c 0000", ProtocolError::ProtocolName);
    refuse("10 0d 0004 4d515454 05 02 003c 00 0000", ProtocolError::ProtocolLevel(5));
    refuse("10 0c 0004 4d515454 04 03 003c 0000", ProtocolError::ReservedConnectFlag);
    refuse("10 0c 0004 4d515454 04 42 003c 0000", ProtocolError::PasswordWithoutUsername);
    refuse("10 0c 0004 4d515454 04 22 003c 0000", ProtocolError::WillFlags);
    refuse("10 0c 0004 4d515454 04 0a 003c 0000", ProtocolError::WillFlags);
    refuse("10 0c 0004 4d515454 04 1e 003c 0000", ProtocolError::WillFlags);
}

#[test]
fn a_packet_too_large_is_refused_before_it_has_come() {
    let mut buffer = BytesMut::from(&[0x30, 0x81, 0x80, 0x10][..]);
    assert_eq!(decode(&mut buffer, MAX), Err(ProtocolError::TooLarge { length: 262_145, max: MAX }));
}

#[test]
fn the_length_field_grows_at_its_borders() {
    for (payload, header) in [(124, 2), (125, 3), (16_380, 3), (16_381, 4), (2_097_148, 4), (2_097_149, 5)] {
        let publish = Publish {
            duplicate: false,
            retain: false,
            qos: PublishQos::AtMostOnce,
            topic: "t".into(),
            payload: vec![b'x'; payload].into(),
        };
        let packet = Packet::Publish(publish);
        let mut bytes = encoded(&packet);
        assert_eq!(bytes.len(), header + 3 + payload);
        assert_eq!(decode(&mut bytes, MAX_REMAINING_LENGTH), Ok(Some(packet)));
    }
}

#[test]
fn a_text_too_long_for_its_length_is_not_written() {
    let mut buffer = BytesMut::new();
    let filters = vec!["x".repeat(65_536)];
    assert_eq!(encode(&Packet::Unsubscribe(Unsubscribe { id: id(1), filters }), &mut buffer), Err(TooLong));
    assert!(buffer.is_empty());
}

#[test]
fn a_payload_is_not_copied() {
    let mut buffer = BytesMut::from(&from_hex("30 07 0003 612f62 6869")[..]);
    let place = buffer.as_ptr() as usize;
    let Ok(Some(Packet::Publish(publish))) = decode(&mut buffer, MAX) else { panic!("a publish") };
    assert_eq!(publish.payload.as_ptr() as usize, place + 7);
}

fn any_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(id)
}

fn any_text() -> impl Strategy<Value = String> {
    "[^\u{0}#+]{1,40}"
}

fn any_qos() -> impl Strategy<Value = Qos> {
    prop_oneof![Just(Qos::AtMostOnce), Just(Qos::AtLeastOnce), Just(Qos::ExactlyOnce)]
}

fn any_payload() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn any_connect() -> impl Strategy<Value = Packet> {
    let will = (any_text(), any_payload(), any_qos(), any::<bool>()).prop_map(|(topic, payload, qos, retain)| Will {
        topic,
        payload,
        qos,
        retain,
    });
    // The oracle drops a user name or a password that is alone or empty.
    let login = proptest::option::of((any_text(), any_text()));
    (any_text(), any::<bool>(), any::<u16>(), proptest::option::of(will), login).prop_map(
        |(client_id, clean_session, keep_alive, will, login)| {
            let (username, password) = login.unzip();
            let password = password.map(Bytes::from);
            Packet::Connect(Box::new(Connect { client_id, clean_session, keep_alive, will, username, password }))
        },
    )
}

fn any_publish() -> impl Strategy<Value = Packet> {
    let qos = (any_qos(), any_id()).prop_map(|(level, id)| match level {
        Qos::AtMostOnce => PublishQos::AtMostOnce,
        Qos::AtLeastOnce => PublishQos::AtLeastOnce(id),
        Qos::ExactlyOnce => PublishQos::ExactlyOnce(id),
    });
    (any::<bool>(), any::<bool>(), qos, any_text(), any_payload()).prop_map(
        |(duplicate, retain, qos, topic, payload)| {
            let duplicate = duplicate && qos != PublishQos::AtMostOnce;
            Packet::Publish(Publish { duplicate, retain, qos, topic, payload })
        },
    )
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let filters = vec((any_text(), any_qos()), 1..5);
    let granted = vec(proptest::option::of(any_qos()), 1..5);
    prop_oneof![
        any_connect(),
        any_publish(),
        (any_id(), filters).prop_map(|(id, filters)| Packet::Subscribe(Subscribe { id, filters })),
        (any_id(), granted).prop_map(|(id, granted)| Packet::SubAck(SubAck { id, granted })),
        (any_id(), vec(any_text(), 1..5)).prop_map(|(id, filters)| Packet::Unsubscribe(Unsubscribe { id, filters })),
        any::<bool>().prop_map(|session_present| Packet::ConnAck(ConnAck::Accepted { session_present })),
        (1_u8..=5)
            .prop_filter_map("a code", ConnectRefusal::from_code)
            .prop_map(|refusal| Packet::ConnAck(ConnAck::Refused(refusal))),
        any_id().prop_map(Packet::PubAck),
        any_id().prop_map(Packet::PubRec),
        any_id().prop_map(Packet::PubRel),
        any_id().prop_map(Packet::PubComp),
        any_id().prop_map(Packet::UnsubAck),
        Just(Packet::PingReq),
        Just(Packet::PingResp),
        Just(Packet::Disconnect),
    ]
}

proptest! {
    #[test]
    fn a_packet_comes_back_as_it_was(packet in any_packet()) {
        let mut bytes = encoded(&packet);
        prop_assert_eq!(decode(&mut bytes, MAX), Ok(Some(packet)));
        prop_assert!(bytes.is_empty());
    }

    #[test]
    fn another_codec_reads_our_bytes_and_writes_the_same(packet in any_packet()) {
        let ours = encoded(&packet);
        let theirs = v4::Packet::read(&mut ours.clone(), MAX).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let mut written = BytesMut::new();
        theirs.write(&mut written, MAX).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(ours, written);
    }

    #[test]
    fn a_packet_cut_anywhere_is_waited_for(packet in any_packet()) {
        let bytes = encoded(&packet);
        for length in 0..bytes.len() {
            let mut cut = BytesMut::from(&bytes[..length]);
            prop_assert_eq!(decode(&mut cut, MAX), Ok(None));
            prop_assert_eq!(cut.len(), length);
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_no_panic(packet in any_packet(), drop in 1_usize..20) {
        let mut bytes = encoded(&packet).to_vec();
        if bytes[1] < 0x80 && usize::from(bytes[1]) >= drop {
            bytes[1] -= drop as u8;
            bytes.truncate(bytes.len() - drop);
            // Some cuts make another valid packet, for example a publish with less payload.
            prop_assert_ne!(decoded(&bytes), Ok(None));
        }
    }

    #[test]
    fn byte_soup_is_no_panic(soup in vec(any::<u8>(), 0..200)) {
        let mut buffer = BytesMut::from(&soup[..]);
        while let Ok(Some(_)) = decode(&mut buffer, MAX) {}
    }

    #[test]
    fn a_damaged_packet_is_no_panic(packet in any_packet(), place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = encoded(&packet);
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(Some(other)) = decode(&mut bytes, MAX) {
            prop_assert_eq!(decode(&mut encoded(&other), MAX), Ok(Some(other)));
        }
    }
}
