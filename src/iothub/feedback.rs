//! What a service hears of a message that it sent to a device, if it asked for that (protocol.md §12.5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::identity::DeviceId;
use crate::message::{Message, system};

/// Of which ends of a cloud-to-device message its sender wants to hear: the property `iothub-ack`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ack {
    /// Of none.
    #[default]
    None,
    /// That the device has completed it.
    Positive,
    /// That the device will never have it.
    Negative,
    /// Of all.
    Full,
}

/// How a cloud-to-device message ended; in JSON the `statusCode` of IoT Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum MessageEnd {
    /// The device has completed it.
    Success,
    /// Its life was over before.
    Expired,
    /// It was handed out ten times and not completed.
    DeliveryCountExceeded,
    /// The device has rejected it.
    Rejected,
    /// A service has removed what waited.
    Purged,
}

/// One feedback record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The id of the message; `None` for one that was sent without.
    pub original_message_id: Option<String>,
    /// When it ended (wall clock).
    pub at: Duration,
    /// How.
    pub end: MessageEnd,
    /// Which device it was for.
    pub device: DeviceId,
    /// The generation of that device.
    pub generation_id: String,
}

impl Ack {
    /// Returns its value on the wire.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Full => "full",
        }
    }

    /// Reads what a message asks for; a word that is none of them asks for nothing.
    pub(super) fn of(message: &Message) -> Self {
        let asked = message.system(system::ACK).unwrap_or_default();
        let all = [Self::Positive, Self::Negative, Self::Full];
        all.into_iter().find(|ack| ack.as_word().eq_ignore_ascii_case(asked)).unwrap_or_default()
    }

    /// Says whether a sender that asks for this hears of such an end.
    pub(super) fn includes(self, end: MessageEnd) -> bool {
        match self {
            Self::None => false,
            Self::Positive => end == MessageEnd::Success,
            Self::Negative => end != MessageEnd::Success,
            Self::Full => true,
        }
    }
}
