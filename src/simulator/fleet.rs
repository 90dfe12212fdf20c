//! Which edge devices are simulated: the main one, and those that `edgectl.yaml` and the command line add to it.

use super::machine::Machine;
use super::options::Options;
use super::subject::Simulated;
use crate::failure::{Failure, Outcome};
use crate::identity::DeviceId;
use crate::solution::{FurtherDevice, Solution};
use crate::text::did_you_mean;
use crate::ui::Ui;

/// Reads the deployments of all devices, the main one first, each with what the command line says of it.
pub(super) async fn read(ui: &Ui, options: &Options, machine: &Machine<'_>) -> Outcome<Vec<(Options, Simulated)>> {
    let mut fleet = vec![Simulated::main(ui, options, machine).await?];
    for (device, settings) in further(options, fleet[0].solution.as_ref()) {
        if fleet.iter().any(|other| other.device == device) {
            return Err(Failure::request(format!("there are two edge devices `{device}`"))
                .hint("give each an id of its own: `--device` is that of the main one"));
        }
        let device = fleet[0].further(ui, device, &settings)?;
        fleet.push(device);
    }
    fleet.iter().try_for_each(|device| check_parents(device, &fleet))?;
    check_devices(options, &fleet)?;
    check_alone(options, &fleet)?;
    warn_of_strangers(ui, &fleet);
    let holder = |module: &str| holder(module, &fleet);
    let of_each: Vec<Options> =
        fleet.iter().map(|device| options.of_device(&device.device, &fleet[0].device, holder)).collect();
    let with_options = of_each.into_iter().zip(fleet).map(|(options, mut device)| {
        device.select(&options)?;
        Ok((options, device))
    });
    with_options.collect()
}

/// Tells whose module a name alone means, as everywhere: the main device's, else that of the one other that has it.
fn holder<'f>(module: &str, fleet: &'f [Simulated]) -> &'f DeviceId {
    match holders(module, fleet).as_slice() {
        [only] => only,
        _ => &fleet[0].device,
    }
}

fn holders<'f>(module: &str, fleet: &'f [Simulated]) -> Vec<&'f DeviceId> {
    let has_it = |device: &&Simulated| device.deployment.modules.iter().any(|spec| spec.id.as_str() == module);
    fleet.iter().filter(has_it).map(|device| &device.device).collect()
}

/// Refuses flags for a name alone that several devices have and the main one has not.
fn check_alone(options: &Options, fleet: &[Simulated]) -> Outcome {
    for name in options.named().filter(|name| !name.contains('/')) {
        let holders = holders(name, fleet);
        if holders.len() > 1 && !holders.contains(&&fleet[0].device) {
            let all: Vec<String> = holders.iter().map(|device| format!("`{device}/{name}`")).collect();
            return Err(Failure::request(format!("several devices have a module `{name}`"))
                .hint(format!("write one of {}", all.join(", "))));
        }
    }
    Ok(())
}

/// Returns the devices of `edgectl.yaml`, then those of the command line; a file that is named there counts.
fn further(options: &Options, solution: Option<&Solution>) -> Vec<(DeviceId, FurtherDevice)> {
    let mut devices = solution.map(|solution| solution.settings().devices.clone()).unwrap_or_default();
    for (id, file) in &options.further {
        match devices.iter_mut().find(|(known, _)| known == id) {
            Some((_, settings)) => settings.file.clone_from(file),
            None => devices.push((id.clone(), FurtherDevice { file: file.clone(), address: None, parent: None })),
        }
    }
    devices
}

/// Refuses a parent that is not simulated, and a device that is above itself.
fn check_parents(device: &Simulated, fleet: &[Simulated]) -> Outcome {
    let mut above = device;
    for _ in fleet {
        let Some(parent) = &above.parent else { return Ok(()) };
        above = fleet.iter().find(|other| other.device == *parent).ok_or_else(|| {
            let hint = did_you_mean(parent.as_str(), fleet.iter().map(|other| other.device.as_str()));
            Failure::request(format!("the parent of device `{}`, `{parent}`, is not simulated", above.device))
                .hint(hint.unwrap_or_else(|| "name another device under `devices` in edgectl.yaml".to_owned()))
        })?;
    }
    Err(Failure::request(format!("device `{}` is above itself", device.device))
        .hint("let one of its parents have none in edgectl.yaml"))
}

/// Refuses flags for modules of devices that there are not.
fn check_devices(options: &Options, fleet: &[Simulated]) -> Outcome {
    let is_known = |device: &str| fleet.iter().any(|other| other.device.as_str() == device);
    let strange = options.named().filter_map(|name| name.split_once('/')).find(|(device, _)| !is_known(device));
    let Some((device, module)) = strange else { return Ok(()) };
    let hint = did_you_mean(device, fleet.iter().map(|other| other.device.as_str()));
    Err(Failure::request(format!("there is no edge device `{device}` with a module `{module}`"))
        .hint(hint.unwrap_or_else(|| format!("add it with `--device {device}=FILE`"))))
}

/// Warns of overrides in `edgectl.yaml` that no module of any deployment has: most often a name mistyped.
fn warn_of_strangers(ui: &Ui, fleet: &[Simulated]) {
    let known = || fleet.iter().flat_map(|device| &device.deployment.modules).map(|spec| spec.id.as_str());
    let overrides = fleet[0].solution.iter().flat_map(|solution| solution.settings().modules.keys());
    for name in overrides.filter(|name| known().all(|other| other != name.as_str())) {
        ui.warn(format!("`edgectl.yaml` is about a module `{name}`, which the deployment does not have"));
        did_you_mean(name, known()).into_iter().for_each(|hint| ui.hint(hint));
    }
}
