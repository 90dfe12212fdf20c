//! What is asked and answered over the control socket.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::target::{Destination, ModuleName, Origin};
use crate::agent::{Deployed, DeploymentStatus};
use crate::edgehub::Link;
use crate::failure::{Failure, Kind};
use crate::identity::{Authentication, DeviceId, IdentityStatus, ModuleId};
use crate::iothub::{Ack, Capabilities};
use crate::text::counted;

/// What a command asks of the running simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Request {
    /// The `ready` document, once the simulation is.
    Ready {
        /// How far it must be.
        until: Until,
    },
    /// One record a module, in the shape of `ps --json`.
    Ps,
    /// Log lines; with `follow` until the client goes away.
    Logs {
        /// Of these modules; none is all.
        modules: Vec<ModuleName>,
        /// Whether to go on with new lines.
        follow: bool,
        /// The last lines of each module only.
        tail: Option<usize>,
        /// Not older than this many seconds.
        since: Option<f64>,
    },
    /// Ends the simulation gently; answered when everything has ended.
    Stop,
    /// Starts a module anew and clears its back-off.
    Restart {
        /// Which.
        module: ModuleName,
        /// Whether its image is built first.
        build: bool,
    },
    /// Shows or changes a twin; the record is the full twin.
    Twin {
        /// Whose.
        target: TargetName,
        /// What to change.
        change: TwinChange,
    },
    /// Calls a direct method; the record is `{"status","payload"}`.
    Call {
        /// Whom.
        target: TargetName,
        /// The method.
        method: String,
        /// JSON; absent is `null`.
        payload: Option<Value>,
        /// Seconds to wait for the answer.
        response_timeout: f64,
        /// Seconds to wait until the target is connected.
        connect_timeout: f64,
    },
    /// Puts a message in; done when it is stored.
    Send {
        /// Where.
        target: SendTarget,
        /// What.
        message: MessageBody,
    },
    /// Messages as they are queued, until the client goes away.
    Monitor {
        /// Only from there.
        from: Option<Origin>,
        /// Only to there.
        to: Option<Destination>,
        /// Remembered messages first.
        since: Option<Since>,
    },
    /// What became of cloud-to-device messages, until the client goes away.
    Feedback {
        /// Remembered records first.
        since: Option<Since>,
    },
    /// Tells or changes the link of a device to the cloud; the record is a [`LinkState`].
    Upstream {
        /// Whose; `None` is the main device's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
        /// What to change.
        #[serde(flatten)]
        change: LinkRequest,
    },
    /// Applies a manifest to a device; the record is a [`DeployOutcome`].
    Deploy {
        /// Which; `None` is the main one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
        /// The manifest, nothing in it to be expanded.
        manifest: Value,
    },
    /// What a module or child device needs to run outside; the record is `{"workload":{…},"connectionString":{…}}`,
    /// for a device without the former.
    Credentials {
        /// Whose.
        target: TargetName,
    },
    /// Registers a child device; the record is its line of `device list --json`.
    AddDevice(NewDevice),
    /// One record a child device.
    Devices,
    /// Lets a child device connect, or not any more; the record is its line of `device list --json`.
    SetDeviceStatus {
        /// Which.
        device: DeviceId,
        /// Whether it may connect.
        status: IdentityStatus,
    },
    /// Removes the messages that wait for a child device; the record is `{"deviceId","moduleId","totalMessagesPurged"}`.
    PurgeDevice {
        /// Which.
        device: DeviceId,
    },
    /// Removes a child device; the record is `{"removed"}`.
    RemoveDevice {
        /// Which.
        device: DeviceId,
    },
}

/// A child device to be registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewDevice {
    /// Its id.
    pub device_id: DeviceId,
    /// The edge device that it connects through; `None` is the main one that is simulated.
    pub parent: Option<DeviceId>,
    /// Whether it may connect.
    pub status: IdentityStatus,
    /// What proves it. Holds keys: the socket is private.
    pub authentication: Authentication,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
}

/// What the link to the cloud shall be; what is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkRequest {
    /// Whether the cloud can be reached.
    pub link: Option<Link>,
    /// Seconds after which a cut link comes back by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<f64>,
    /// Seconds that everything takes, each way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<f64>,
}

/// `deploy --apply --hub simulation --json`: what a deployment changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeployOutcome {
    /// The version of `$edgeAgent`'s desired properties.
    pub version: u64,
    /// Whether the device has them; without a link to the cloud it gets them later.
    pub deployed: bool,
    /// Modules that are new.
    pub added: Vec<ModuleId>,
    /// Modules that are made anew, or whose status has changed.
    pub changed: Vec<ModuleId>,
    /// Modules that are gone.
    pub removed: Vec<ModuleId>,
    /// `lastDesiredStatus`, as the agent reports it: 200 if all is applied.
    pub status: u16,
    /// What is wrong; empty for 200.
    pub description: String,
}

impl DeployOutcome {
    pub(crate) fn of(deployed: &Deployed) -> Self {
        Self {
            version: deployed.desired.get("$version").and_then(Value::as_u64).unwrap_or_default(),
            deployed: true,
            added: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
            status: deployed.status.code,
            description: deployed.status.description.clone(),
        }
    }

    pub(crate) fn waiting(version: u64) -> Self {
        let nothing = Deployed { desired: Map::new(), plan: None, status: DeploymentStatus::applied() };
        Self { version, deployed: false, ..Self::of(&nothing) }
    }
}

/// `upstream --json`, and with `"type": "upstream"` what `simulate --json` says of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkState {
    /// Whether the cloud can be reached.
    pub upstream: Link,
    /// Messages for the cloud that it has not got.
    pub waiting: u64,
    /// Milliseconds that everything takes, each way.
    #[serde(default)]
    pub latency_ms: u64,
    /// In how many seconds a cut link comes back by itself.
    #[serde(default)]
    pub returns_in: Option<f64>,
}

/// `offline for 30 s, 200 ms each way, 1 message waits`.
impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.upstream == Link::Online { "online" } else { "offline" })?;
        if let Some(seconds) = self.returns_in {
            write!(f, " for {seconds:.0} s")?;
        }
        if self.latency_ms > 0 {
            write!(f, ", {} ms each way", self.latency_ms)?;
        }
        let verb = if self.waiting == 1 { "waits" } else { "wait" };
        write!(f, ", {} {verb}", counted(self.waiting, "message"))
    }
}

/// How far a simulation must be to be called ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Until {
    /// Ports bound, and every module started.
    Started,
    /// Every module connected too.
    Connected,
}

/// A name as the developer wrote it: `module`, `device` or `device/module`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetName(pub String);

/// What happens to a twin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TwinChange {
    /// Nothing.
    Show,
    /// Desired properties are merged; null deletes.
    Patch(Map<String, Value>),
    /// Desired properties are replaced.
    Replace(Map<String, Value>),
    /// The service form, merged: desired properties and tags.
    PatchDocument {
        /// `properties.desired`.
        desired: Option<Map<String, Value>>,
        /// `tags`.
        tags: Option<Map<String, Value>>,
    },
    /// The service form, replacing what is named.
    ReplaceDocument {
        /// `properties.desired`.
        desired: Option<Map<String, Value>>,
        /// `tags`.
        tags: Option<Map<String, Value>>,
    },
}

/// Where a message is put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SendTarget {
    /// `module/inputs/name`: queued straight to that input.
    Input {
        /// The module.
        module: ModuleName,
        /// The input.
        input: String,
    },
    /// `module/outputs/name`: routed as if the module had sent it.
    Output {
        /// The module.
        module: ModuleName,
        /// The output.
        output: String,
    },
    /// `devices/name`: a cloud-to-device message.
    Device {
        /// The device.
        device: DeviceId,
    },
}

/// A message to put in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageBody {
    /// The body, in base64.
    pub body: String,
    /// Application properties, in order.
    pub properties: Vec<(String, String)>,
    /// The content type.
    pub content_type: Option<String>,
    /// The content encoding.
    pub content_encoding: Option<String>,
    /// The message id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Of which ends of a cloud-to-device message there shall be feedback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<Ack>,
    /// Seconds that a cloud-to-device message lives; `None` is an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<f64>,
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Since {
    /// Everything that is remembered.
    Start(Start),
    /// Not older than this many seconds.
    Seconds(f64),
}

/// The beginning of what is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// The only one.
    #[serde(rename = "start")]
    Start,
}

/// One line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Line {
    Record(Value),
    Done,
    Failed(WireFailure),
}

/// A failure on its way to the command that must tell it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireFailure {
    code: u8,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl From<&Failure> for WireFailure {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.kind().exit_code(),
            message: failure.message().to_owned(),
            causes: failure.causes().to_vec(),
            hints: failure.hints().to_vec(),
        }
    }
}

impl From<WireFailure> for Failure {
    fn from(wire: WireFailure) -> Self {
        let kind = Kind::of_exit_code(wire.code).unwrap_or(Kind::Bug);
        let failure = wire.causes.iter().fold(Self::new(kind, wire.message), Self::cause);
        wire.hints.iter().fold(failure, Self::hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_the_link_is_one_line() {
        let online = LinkState { upstream: Link::Online, waiting: 0, latency_ms: 0, returns_in: None };
        assert_eq!(online.to_string(), "online, 0 messages wait");
        let cut = LinkState { upstream: Link::Offline, waiting: 1, latency_ms: 200, returns_in: Some(29.6) };
        assert_eq!(cut.to_string(), "offline for 30 s, 200 ms each way, 1 message waits");
    }
}
