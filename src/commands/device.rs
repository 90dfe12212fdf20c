//! `edgectl device`: the child devices of the simulated edge device.

use serde_json::{Value, json};

use super::Context;
use super::table::render_table;
use crate::clock::since_epoch;
use crate::failure::{Kind, OrFail, Outcome};
use crate::identity::{Authentication, DeviceId, IdentityStatus, Thumbprint};
use crate::iothub::Capabilities;
use crate::simulator::control::{Connection, NewDevice, Request};
use crate::simulator::devices::{self, MadeCertificate};
use crate::solution::Solution;
use crate::text::counted;

/// Register child devices, disable and remove them
///
/// A child device has an identity and a twin of its own and connects through the simulated edge device, its parent.
/// It is kept in `.edgectl/`; a running simulation lets it in at once, else the next one does.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  edgectl device add leaf1\n  edgectl device list\n  edgectl device disable leaf1\n  \
    edgectl device remove leaf1"
)]
pub struct Device {
    #[command(subcommand)]
    command: DeviceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DeviceCommand {
    Add(Add),
    List(List),
    Disable(Disable),
    Enable(Enable),
    Purge(Purge),
    Remove(Remove),
}

/// Register a child device
///
/// With `--auth x509` a certificate is made that the device shows instead of a token, unless `--thumbprint` names the
/// device's own. With `--json`: the line of `device list`, and `certificate` with the folder of one that was made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl device add leaf1\n  edgectl device add leaf2 --auth x509\n  \
    edgectl device add leaf3 --thumbprint A9993E364706816ABA3E25717850C26C9CD0D89D\n  \
    edgectl device add line2 --edge")]
struct Add {
    /// Id of the device
    #[arg(value_parser = DeviceId::parse)]
    device: DeviceId,
    /// Edge device that it connects through [default: the simulated one]
    #[arg(long, value_name = "DEVICE", value_parser = DeviceId::parse)]
    parent: Option<DeviceId>,
    /// Proof of who it is: `sas` or `x509` [default: sas, or x509 with `--thumbprint`]
    #[arg(long, value_enum, hide_possible_values = true)]
    auth: Option<Auth>,
    /// SHA-1 or SHA-256 of its certificate (can be repeated once: a second one serves to change certificates)
    #[arg(long = "thumbprint", value_name = "HEX", value_parser = Thumbprint::parse, num_args = 1)]
    thumbprints: Vec<Thumbprint>,
    /// An edge device, whose own IoT Edge runs elsewhere: with a scope and children of its own
    #[arg(long)]
    edge: bool,
    /// Refuse the device whatever it shows
    #[arg(long)]
    disabled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Auth {
    /// Tokens signed with a key
    Sas,
    /// A certificate that the device signed itself
    X509,
}

/// List the child devices
///
/// With `--json`: `[{"deviceId", "parent", "status":"enabled|disabled", "authentication":"sas|selfSigned",
/// "capabilities":{"iotEdge"}, "connected", "messages":{"in", "out"}, "waiting"}]`; `waiting` counts cloud-to-device
/// messages and is null while nothing runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl device list")]
struct List {}

/// Let a child device connect no more
///
/// Its connection ends, and its next login is refused whatever it shows; its twin and the messages that wait for it are
/// kept. While the link to the cloud is cut, its parent does not hear of it, and goes on with the device as before.
/// With `--json`: the line of `device list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl device disable leaf1")]
struct Disable {
    /// Id of the device
    #[arg(value_parser = DeviceId::parse)]
    device: DeviceId,
}

/// Let a child device connect again
///
/// With `--json`: the line of `device list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl device enable leaf1")]
struct Enable {
    /// Id of the device
    #[arg(value_parser = DeviceId::parse)]
    device: DeviceId,
}

/// Remove the cloud-to-device messages that wait for a child device
///
/// Of the running simulation. With `--json`: `{"deviceId", "moduleId":null, "totalMessagesPurged"}`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl device purge leaf1")]
struct Purge {
    /// Id of the device
    #[arg(value_parser = DeviceId::parse)]
    device: DeviceId,
}

/// Remove a child device
///
/// Its connection ends; its twin and the messages that wait for it are forgotten.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  edgectl device remove leaf1")]
struct Remove {
    /// Id of the device
    #[arg(value_parser = DeviceId::parse)]
    device: DeviceId,
}

pub(super) fn run(cx: &Context, args: Device) -> Outcome {
    match args.command {
        DeviceCommand::Add(args) => add(cx, args),
        DeviceCommand::List(_) => list(cx),
        DeviceCommand::Disable(args) => set_status(cx, args.device, IdentityStatus::Disabled),
        DeviceCommand::Enable(args) => set_status(cx, args.device, IdentityStatus::Enabled),
        DeviceCommand::Purge(args) => purge(cx, args.device),
        DeviceCommand::Remove(args) => remove(cx, &args.device),
    }
}

fn add(cx: &Context, args: Add) -> Outcome {
    let auth = choose_auth(&args)?;
    let project = cx.project_absolute()?;
    let unix = since_epoch(cx.now());
    let id = args.device.clone();
    let known = list_all(cx)?;
    if known.iter().any(|device| device["deviceId"] == id.as_str()) {
        // Before a certificate is made in the place of the one that device has.
        return Err(devices::already_there(&id));
    }
    let edge_devices = devices::edge_devices(&project)?;
    let made = match (auth, args.thumbprints.is_empty()) {
        (Auth::X509, true) => Some(devices::make_certificate(&project, &id, unix)?),
        _ => None,
    };
    let status = if args.disabled { IdentityStatus::Disabled } else { IdentityStatus::Enabled };
    let authentication = authentication(auth, args.thumbprints, made.as_ref())?;
    let capabilities = Capabilities { iot_edge: args.edge };
    let strange_parent = args.parent.clone().filter(|parent| is_strange(parent, &known, &edge_devices));
    let new = NewDevice { device_id: id, parent: args.parent, status, authentication, capabilities };
    let record = match cx.block_on(Connection::ask_if_running(cx.project(), &Request::AddDevice(new.clone())))? {
        Some(records) => records.into_iter().next().unwrap_or_default(),
        None => {
            let parent = parent_of(cx, &new)?;
            devices::add(&project, new, parent, unix)?
        }
    };
    tell_added(cx, record, made.as_ref())?;
    if let Some(parent) = strange_parent {
        cx.ui().warn(format!("no edge device `{parent}` was simulated here yet, or registered with `--edge`"));
    }
    Ok(())
}

/// Says whether a parent is none of the edge devices that are known here, once there are some.
fn is_strange(parent: &DeviceId, registered: &[Value], simulated: &[DeviceId]) -> bool {
    let is_parent = |device: &Value| device["deviceId"] == parent.as_str() && device["capabilities"]["iotEdge"] == true;
    !simulated.is_empty() && !simulated.contains(parent) && !registered.iter().any(is_parent)
}

fn choose_auth(args: &Add) -> Outcome<Auth> {
    use crate::failure::Failure;
    match (args.auth, args.thumbprints.len()) {
        (_, 3..) => Err(Failure::usage("a device has at most two thumbprints").hint("pass `--thumbprint` twice")),
        (Some(Auth::Sas), 1..) => Err(Failure::usage("a thumbprint is of a certificate, and `--auth sas` wants a key")
            .hint("leave `--auth sas` out")),
        (Some(auth), _) => Ok(auth),
        (None, 0) => Ok(Auth::Sas),
        (None, _) => Ok(Auth::X509),
    }
}

fn authentication(auth: Auth, thumbprints: Vec<Thumbprint>, made: Option<&MadeCertificate>) -> Outcome<Authentication> {
    let mut thumbprints = thumbprints.into_iter().chain(made.map(|made| made.thumbprint.clone()));
    match (auth, thumbprints.next()) {
        (Auth::X509, Some(primary_thumbprint)) => {
            Ok(Authentication::SelfSigned { primary_thumbprint, secondary_thumbprint: thumbprints.next() })
        }
        _ => Authentication::generate_keys().or_fail(Kind::Machine, || "cannot make a key"),
    }
}

/// Finds the parent where no simulation runs that would know: the edge device that was simulated here, or will be.
fn parent_of(cx: &Context, new: &NewDevice) -> Outcome<DeviceId> {
    if let Some(parent) = &new.parent {
        return Ok(parent.clone());
    }
    let project = cx.project_absolute()?;
    match devices::edge_devices(&project)?.as_slice() {
        [device] => Ok(device.clone()),
        _ => Solution::open(&project, cx.environment(), &[])?.device_id(None),
    }
}

fn tell_added(cx: &Context, mut record: Value, made: Option<&MadeCertificate>) -> Outcome {
    if cx.ui().is_json() {
        if let Some(made) = made {
            record["certificate"] = json!(made.folder);
        }
        return cx.ui().document(&record);
    }
    let text = |key: &str| record[key].as_str().unwrap_or_default();
    let id = text("deviceId");
    if let Some(made) = made {
        cx.ui().step("Made", format!("a certificate in `{}`", made.folder.display()));
    }
    let kind = if record["capabilities"]["iotEdge"] == true { "edge device" } else { "device" };
    cx.ui().step("Registered", format!("{kind} `{id}`, child of `{}`", text("parent")));
    cx.ui().hint(format!("what it needs to connect: `edgectl credentials {id}`"));
    Ok(())
}

fn list(cx: &Context) -> Outcome {
    let devices = list_all(cx)?;
    if cx.ui().is_json() {
        return cx.ui().document(&devices);
    }
    let headings = ["DEVICE", "PARENT", "STATUS", "AUTHENTICATION", "CONNECTED", "IN", "OUT", "WAITING"];
    cx.ui().result(render_table(headings, &devices.iter().map(row).collect::<Vec<_>>()))
}

fn list_all(cx: &Context) -> Outcome<Vec<Value>> {
    match cx.block_on(Connection::ask_if_running(cx.project(), &Request::Devices))? {
        Some(devices) => Ok(devices),
        None => devices::list(&cx.project_absolute()?),
    }
}

fn row(device: &Value) -> [String; 8] {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let connected = if device["connected"] == true { "yes" } else { "no" };
    [
        text(&device["deviceId"]),
        text(&device["parent"]),
        text(&device["status"]),
        text(&device["authentication"]),
        connected.to_owned(),
        text(&device["messages"]["in"]),
        text(&device["messages"]["out"]),
        text(&device["waiting"]),
    ]
}

fn set_status(cx: &Context, device: DeviceId, status: IdentityStatus) -> Outcome {
    let request = Request::SetDeviceStatus { device: device.clone(), status };
    let record = match cx.block_on(Connection::ask_if_running(cx.project(), &request))? {
        Some(records) => records.into_iter().next().unwrap_or_default(),
        None => devices::set_status(&cx.project_absolute()?, &device, status, since_epoch(cx.now()))?,
    };
    if cx.ui().is_json() {
        return cx.ui().document(&record);
    }
    match status {
        IdentityStatus::Enabled => cx.ui().step("Enabled", format!("device `{device}`")),
        IdentityStatus::Disabled => cx.ui().step("Disabled", format!("device `{device}`")),
    }
    if status == IdentityStatus::Disabled && record["connected"] == true {
        let parent = record["parent"].as_str().unwrap_or_default();
        cx.ui().hint(format!("it is connected until `{parent}` hears of it: see `edgectl upstream --device {parent}`"));
    }
    Ok(())
}

fn purge(cx: &Context, device: DeviceId) -> Outcome {
    let purged = cx.block_on(Connection::ask(cx.project(), &Request::PurgeDevice { device: device.clone() }))?;
    if cx.ui().is_json() {
        return cx.ui().document(&purged);
    }
    let count = purged["totalMessagesPurged"].as_u64().unwrap_or_default();
    cx.ui().step("Purged", format!("{} for `{device}`", counted(count, "message")));
    Ok(())
}

fn remove(cx: &Context, device: &DeviceId) -> Outcome {
    let request = Request::RemoveDevice { device: device.clone() };
    if cx.block_on(Connection::ask_if_running(cx.project(), &request))?.is_none() {
        devices::remove(&cx.project_absolute()?, device)?;
    }
    devices::forget_certificate(cx.project(), device)?;
    if cx.ui().is_json() {
        return cx.ui().document(&json!({ "removed": device }));
    }
    cx.ui().step("Removed", format!("device `{device}`"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(auth: Option<Auth>, thumbprints: usize) -> Add {
        let thumbprint = Thumbprint::parse(&"A".repeat(40)).expect("valid");
        let device = DeviceId::parse("leaf1").expect("valid");
        Add { device, parent: None, auth, thumbprints: vec![thumbprint; thumbprints], edge: false, disabled: false }
    }

    #[test]
    fn a_thumbprint_means_x509() {
        let chosen = |auth, thumbprints| choose_auth(&args(auth, thumbprints)).map_err(|failure| failure.kind());
        assert_eq!(chosen(None, 0), Ok(Auth::Sas));
        assert_eq!(chosen(None, 2), Ok(Auth::X509));
        assert_eq!(chosen(Some(Auth::X509), 0), Ok(Auth::X509));
        assert_eq!(chosen(Some(Auth::Sas), 1), Err(Kind::Usage));
        assert_eq!(chosen(None, 3), Err(Kind::Usage));
    }

    #[test]
    fn a_parent_that_nobody_knows_is_strange() {
        let id = |name: &str| DeviceId::parse(name).expect("valid");
        let registered = [
            json!({ "deviceId": "line2", "capabilities": { "iotEdge": true } }),
            json!({ "deviceId": "leaf1", "capabilities": { "iotEdge": false } }),
        ];
        let strange = |parent: &str| is_strange(&id(parent), &registered, &[id("d")]);
        assert_eq!([strange("d"), strange("line2"), strange("leaf1"), strange("x")], [false, false, true, true]);
        assert!(!is_strange(&id("x"), &registered, &[]), "nothing was simulated yet");
    }

    #[test]
    fn a_device_is_one_row() {
        let device = json!({
            "deviceId": "leaf1", "parent": "d", "status": "enabled", "authentication": "sas", "connected": true,
            "messages": { "in": 1, "out": 2 }, "waiting": null,
        });
        assert_eq!(row(&device), ["leaf1", "d", "enabled", "sas", "yes", "1", "2", "-"]);
    }
}
