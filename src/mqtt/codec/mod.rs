//! MQTT 3.1.1 on the wire: bytes to packets and back, for both ends.
//!
//! Refuses whatever the standard calls a violation, by name. Knows no topic and no session.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::{encode, encoded_length};

/// The longest packet that the length field can express, without the fixed header.
pub const MAX_REMAINING_LENGTH: usize = 268_435_455;

/// How bytes break the standard; the numbers in brackets are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The length field has no end after four bytes.
    #[error("the length field of a packet is longer than 4 bytes [MQTT-2.2.3]")]
    EndlessLength,
    /// The packet is longer than this end takes.
    #[error("a packet of {length} bytes is longer than the {max} bytes that are taken")]
    TooLarge {
        /// What the length field says.
        length: usize,
        /// What is taken.
        max: usize,
    },
    /// Type 0 or 15.
    #[error("there is no packet of type {0} [MQTT-2.2.1]")]
    UnknownType(u8),
    /// The low four bits of the first byte are not what they have to be.
    #[error("a packet of type {kind} has the flags {flags:#06b} [MQTT-2.2.2-2]")]
    Flags {
        /// The packet's type.
        kind: u8,
        /// What was found.
        flags: u8,
    },
    /// The packet ends inside a field.
    #[error("the packet ends inside of a field")]
    CutShort,
    /// Bytes are left after the last field.
    #[error("{0} bytes are left after the last field of a packet")]
    LeftOver(usize),
    /// A text is no UTF-8.
    #[error("a text is no UTF-8 [MQTT-1.5.3-1]")]
    NotUtf8,
    /// A text holds U+0000.
    #[error("a text holds U+0000 [MQTT-1.5.3-2]")]
    Zero,
    /// Not `MQTT`.
    #[error("the protocol's name is not `MQTT` [MQTT-3.1.2-1]")]
    ProtocolName,
    /// Not level 4; to be answered with return code 1.
    #[error("the protocol's level is {0}, expected 4, which is MQTT 3.1.1 [MQTT-3.1.2-2]")]
    ProtocolLevel(u8),
    /// The reserved bit of the connect flags is set.
    #[error("the reserved connect flag is set [MQTT-3.1.2-3]")]
    ReservedConnectFlag,
    /// Will flags that contradict each other.
    #[error("the will's flags contradict each other [MQTT-3.1.2-11]")]
    WillFlags,
    /// A password without a user name.
    #[error("a password comes without a user name [MQTT-3.1.2-22]")]
    PasswordWithoutUsername,
    /// Flags or return code of a CONNACK that do not exist.
    #[error("the answer to CONNECT has unknown flags or an unknown code [MQTT-3.2.2]")]
    ConnAckCode,
    /// A packet id of zero.
    #[error("a packet id is 0 [MQTT-2.3.1-1]")]
    ZeroPacketId,
    /// A level of service that does not exist.
    #[error("a level of service is 3 [MQTT-3.3.1-4]")]
    Qos,
    /// DUP on a publish of level 0.
    #[error("a publish of level 0 is marked as sent before [MQTT-3.3.1-2]")]
    DuplicateAtMostOnce,
    /// An empty topic, or one with a wildcard.
    #[error("a topic is empty or holds a wildcard [MQTT-3.3.2-2]")]
    Topic,
    /// An empty filter, or a wildcard in the wrong place.
    #[error("a topic filter is empty or has a wildcard in the wrong place [MQTT-4.7.1]")]
    Filter,
    /// A subscription to nothing.
    #[error("a packet that needs a topic filter has none [MQTT-3.8.3-3]")]
    NoFilter,
    /// A SUBACK code that does not exist.
    #[error("a return code of a subscription is unknown [MQTT-3.9.3-2]")]
    SubAckCode,
}

/// A packet that cannot be written: one of its texts has more than 65,535 bytes, or all of it more than 256 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text or a packet is longer than MQTT can express")]
pub struct TooLong;

/// Packet types, as in the high four bits of the first byte.
mod kind {
    pub(super) const CONNECT: u8 = 1;
    pub(super) const CONNACK: u8 = 2;
    pub(super) const PUBLISH: u8 = 3;
    pub(super) const PUBACK: u8 = 4;
    pub(super) const PUBREC: u8 = 5;
    pub(super) const PUBREL: u8 = 6;
    pub(super) const PUBCOMP: u8 = 7;
    pub(super) const SUBSCRIBE: u8 = 8;
    pub(super) const SUBACK: u8 = 9;
    pub(super) const UNSUBSCRIBE: u8 = 10;
    pub(super) const UNSUBACK: u8 = 11;
    pub(super) const PINGREQ: u8 = 12;
    pub(super) const PINGRESP: u8 = 13;
    pub(super) const DISCONNECT: u8 = 14;
}

const PROTOCOL_NAME: &str = "MQTT";
const PROTOCOL_LEVEL: u8 = 4;
const SUBSCRIPTION_REFUSED: u8 = 0x80;

/// The bits of the connect flags.
mod connect_flag {
    pub(super) const RESERVED: u8 = 0x01;
    pub(super) const CLEAN_SESSION: u8 = 0x02;
    pub(super) const WILL: u8 = 0x04;
    pub(super) const WILL_RETAIN: u8 = 0x20;
    pub(super) const PASSWORD: u8 = 0x40;
    pub(super) const USERNAME: u8 = 0x80;
}
