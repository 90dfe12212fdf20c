//! `edgectl deploy --apply --hub simulation`: to the running simulation.

use super::super::Context;
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::DeviceId;
use crate::simulator::control::{Connection, DeployOutcome, Request};
use crate::solution::Manifest;

/// Hands the manifest to the running simulation, and tells what that changed.
pub(super) fn apply(cx: &Context, manifest: &Manifest, named: Option<&str>) -> Outcome {
    let device = named.map(DeviceId::parse).transpose();
    let device = device
        .or_fail(Kind::Usage, || "`--device` names no device")
        .map_err(|failure| failure.hint("see the devices of the simulation with `edgectl ps --json`"))?;
    let request = Request::Deploy { device, manifest: manifest.document.value().clone() };
    let answer = cx.block_on(Connection::ask(cx.project(), &request))?;
    if cx.ui().is_json() {
        cx.ui().document(&answer)?;
    }
    let outcome: DeployOutcome = serde_json::from_value(answer).or_fail(Kind::Bug, || "cannot read the answer")?;
    for (verb, modules) in [("Added", &outcome.added), ("Changed", &outcome.changed), ("Removed", &outcome.removed)] {
        modules.iter().for_each(|module| cx.ui().step(verb, module.as_str()));
    }
    if !outcome.deployed {
        cx.ui().step("Waiting", format!("version {} reaches the device when it is online again", outcome.version));
        let of = named.map_or_else(String::new, |device| format!(" --device {device}"));
        cx.ui().hint(format!("restore the link with `edgectl upstream online{of}`"));
        return Ok(());
    }
    if outcome.status != 200 {
        return Err(Failure::refused("the device did not take all of the deployment")
            .cause(outcome.description)
            .hint("mend that and deploy again; the device tries again by itself, too"));
    }
    cx.ui().step("Deployed", format!("version {}", outcome.version));
    Ok(())
}
