//! The properties that the hub itself knows of a message, as routes name them.

/// The names that `$` leads to in a condition, besides `$body` and `$upstream` (protocol.md §8.3).
pub const SYSTEM_PROPERTIES: [&str; 25] = [
    "messageId",
    "cid",
    "correlationId",
    "userId",
    "to",
    "ack",
    "absolute-expiry-time",
    "contentType",
    "contentEncoding",
    "creationTime",
    "messageSchema",
    "operation",
    "outputName",
    "inputName",
    "connectionDeviceId",
    "connectionModuleId",
    "enqueuedTime",
    "messageType",
    "edgeMessageId",
    "edgeHubOriginInterface",
    "iothub-interface-id",
    "dt-subject",
    "modelId",
    "rpSenderDeviceId",
    "rpSenderModuleId",
];

/// Says whether some message can have a property for `$name`; those of the hub are compared without regard to case.
pub(super) fn is_known(name: &str) -> bool {
    SYSTEM_PROPERTIES.iter().any(|known| known.eq_ignore_ascii_case(name))
}
