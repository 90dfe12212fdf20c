//! The fourteen packets of MQTT 3.1.1 as values. What the standard forbids cannot be written down where types can help.

use std::fmt;
use std::num::NonZeroU16;

use bytes::Bytes;

/// The number of a packet that will be acknowledged; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// Makes an id of a number; `None` for zero.
    pub fn new(number: u16) -> Option<Self> {
        NonZeroU16::new(number).map(Self)
    }

    /// Makes the id of the `n`th publish of a server: 1 to 16,384, then from the start (protocol.md §4.1).
    pub fn of_sequence(n: u64) -> Self {
        let low = u16::try_from(n & 0x3fff).expect("14 bits fit into 16");
        Self(NonZeroU16::MIN.saturating_add(low))
    }

    /// Returns the number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A level of service, as a subscription asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Qos {
    /// 0.
    AtMostOnce,
    /// 1.
    AtLeastOnce,
    /// 2.
    ExactlyOnce,
}

impl Qos {
    /// Reads the two bits of the wire; `None` for 3.
    pub fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// Returns the two bits of the wire.
    pub fn bits(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}

/// The level of service of one publish, with the number that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishQos {
    /// 0: nothing comes back.
    AtMostOnce,
    /// 1: a PUBACK comes back.
    AtLeastOnce(PacketId),
    /// 2: four packets in all.
    ExactlyOnce(PacketId),
}

impl PublishQos {
    /// Returns the level without the number.
    pub fn level(self) -> Qos {
        match self {
            Self::AtMostOnce => Qos::AtMostOnce,
            Self::AtLeastOnce(_) => Qos::AtLeastOnce,
            Self::ExactlyOnce(_) => Qos::ExactlyOnce,
        }
    }

    /// Returns the number, where there is one.
    pub fn id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce(id) | Self::ExactlyOnce(id) => Some(id),
        }
    }
}

/// One packet of either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A client introduces itself.
    Connect(Box<Connect>),
    /// The server's answer.
    ConnAck(ConnAck),
    /// An application message.
    Publish(Publish),
    /// A publish of level 1 was taken.
    PubAck(PacketId),
    /// First answer to a publish of level 2.
    PubRec(PacketId),
    /// Its release.
    PubRel(PacketId),
    /// Its end.
    PubComp(PacketId),
    /// A client wants to receive.
    Subscribe(Subscribe),
    /// What it is granted.
    SubAck(SubAck),
    /// A client does not want to receive any more.
    Unsubscribe(Unsubscribe),
    /// Its confirmation.
    UnsubAck(PacketId),
    /// A client is alive.
    PingReq,
    /// So is the server.
    PingResp,
    /// A client leaves as it should.
    Disconnect,
}

/// How a client introduces itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Connect {
    /// The client id; may be empty.
    pub client_id: String,
    /// Whether the session starts and ends with the connection.
    pub clean_session: bool,
    /// Seconds after which silence means absence; 0 for never.
    pub keep_alive: u16,
    /// What to publish when the client vanishes.
    pub will: Option<Will>,
    /// The user name.
    pub username: Option<String>,
    /// The password, only ever with a user name.
    pub password: Option<Bytes>,
}

impl fmt::Debug for Connect {
    /// Shows everything but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("client_id", &self.client_id)
            .field("clean_session", &self.clean_session)
            .field("keep_alive", &self.keep_alive)
            .field("will", &self.will)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "hidden"))
            .finish()
    }
}

/// What the server publishes in the name of a client that vanished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// The level of service.
    pub qos: Qos,
    /// Whether to retain it.
    pub retain: bool,
}

/// The answer to a CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnAck {
    /// The client is in.
    Accepted {
        /// Whether the server remembers the client's session.
        session_present: bool,
    },
    /// The client is not let in.
    Refused(ConnectRefusal),
}

/// Why a CONNECT is refused: the return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectRefusal {
    /// 1: not level 4 of the protocol.
    ProtocolVersion,
    /// 2: the client id cannot be taken.
    ClientId,
    /// 3: the server has a problem of its own.
    Unavailable,
    /// 4: user name or password are malformed.
    Credentials,
    /// 5: the client may not connect.
    NotAuthorized,
}

impl ConnectRefusal {
    /// Reads a return code; `None` for 0 and for codes that the standard does not know.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::ProtocolVersion),
            2 => Some(Self::ClientId),
            3 => Some(Self::Unavailable),
            4 => Some(Self::Credentials),
            5 => Some(Self::NotAuthorized),
            _ => None,
        }
    }

    /// Returns the return code.
    pub fn code(self) -> u8 {
        match self {
            Self::ProtocolVersion => 1,
            Self::ClientId => 2,
            Self::Unavailable => 3,
            Self::Credentials => 4,
            Self::NotAuthorized => 5,
        }
    }
}

/// An application message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Whether it may have been sent before.
    pub duplicate: bool,
    /// Whether the server is asked to retain it.
    pub retain: bool,
    /// The level of service.
    pub qos: PublishQos,
    /// Where to; not empty, no wildcards.
    pub topic: String,
    /// What; shares the bytes that were received.
    pub payload: Bytes,
}

/// What a client wants to receive; at least one filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// Named again in the answer.
    pub id: PacketId,
    /// Topic filters and the highest level of service wanted.
    pub filters: Vec<(String, Qos)>,
}

/// What a client is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAck {
    /// The id of the SUBSCRIBE.
    pub id: PacketId,
    /// One for each filter, in order; `None` is a refusal.
    pub granted: Vec<Option<Qos>>,
}

/// What a client does not want to receive any more; at least one filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// Named again in the answer.
    pub id: PacketId,
    /// Topic filters, as they were subscribed to.
    pub filters: Vec<String>,
}
