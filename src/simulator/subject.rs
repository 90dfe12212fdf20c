//! What is simulated: the deployment, its device, and which of its modules take part.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, json};

use super::debug::{self, Debugged};
use super::machine::Machine;
use super::naming::called;
use super::options::{Address, Options, Subject};
use crate::demo::{document, parse_deployment};
use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::identity::{DeviceId, ModuleId};
use crate::image::Variant;
use crate::manifest::{Deployment, Finding, ModuleSpec, is_about_devices};
use crate::solution::{FurtherDevice, Module, RuntimeChoice, Solution, Wanted, WorkloadChoice};
use crate::text::{counted, did_you_mean};
use crate::ui::Ui;

/// A deployment about to be simulated, with what flags and `edgectl.yaml` say of it.
#[derive(Clone)]
pub(super) struct Simulated {
    /// The solution's name; part of the names of containers.
    pub(super) name: String,
    pub(super) device: DeviceId,
    /// The main device, whose modules are called by their names alone.
    pub(super) main: DeviceId,
    /// The modules that take part, overrides applied.
    pub(super) deployment: Deployment,
    pub(super) solution: Option<Solution>,
    /// Which images are meant.
    pub(super) wanted: Wanted,
    pub(super) address: Option<Address>,
    /// The edge device that it is a child of.
    pub(super) parent: Option<DeviceId>,
    /// How containers reach the workload API.
    pub(super) workload: WorkloadChoice,
    /// The modules that are run with a debugger.
    pub(super) debugged: BTreeMap<ModuleId, Debugged>,
}

impl Simulated {
    /// Reads the deployment of the main device.
    pub(super) async fn main(ui: &Ui, options: &Options, machine: &Machine<'_>) -> Outcome<Self> {
        match &options.subject {
            Subject::Demo => Self::demo(options),
            Subject::Solution(wanted) => {
                let solution = Solution::open(&options.project, &options.environment, &options.set)?;
                let platform = match solution.chosen_platform(wanted.platform.as_ref())? {
                    Some(platform) => platform,
                    None => machine.platform(solution.settings()).await,
                };
                Self::solution(ui, options, solution, Wanted { platform: Some(platform), ..wanted.clone() })
            }
        }
    }

    /// Reads the deployment of a further device of the same solution.
    pub(super) fn further(&self, ui: &Ui, device: DeviceId, settings: &FurtherDevice) -> Outcome<Self> {
        let Some(solution) = &self.solution else {
            return Err(Failure::usage("`--demo` is one device").hint("leave `--device ID=FILE` out"));
        };
        let address =
            settings.address.as_deref().map(|text| Address::of_setting(&format!("devices.{device}.address"), text));
        let wanted = Wanted { file: Some(settings.file.clone()), ..self.wanted.clone() };
        let deployment = read_deployment(ui, solution, &wanted)
            .map_err(|failure| failure.context(format!("cannot simulate device `{device}`")))?;
        Ok(Self {
            device,
            deployment,
            wanted,
            address: Some(address.transpose()?.unwrap_or(Address::Auto)),
            parent: settings.parent.clone(),
            ..self.clone()
        })
    }

    fn demo(options: &Options) -> Outcome<Self> {
        let device = options.device.as_deref().unwrap_or("edgectl-demo");
        let device = DeviceId::parse(device)
            .or_fail(Kind::Usage, || format!("`{device}` is no id of a device"))
            .map_err(|failure| failure.hint("use letters, digits and hyphens"))?;
        Ok(Self {
            name: "demo".to_owned(),
            main: device.clone(),
            device,
            deployment: crate::demo::deployment()?,
            solution: None,
            wanted: Wanted::default(),
            address: options.address,
            parent: None,
            workload: WorkloadChoice::default(),
            debugged: BTreeMap::new(),
        })
    }

    fn solution(ui: &Ui, options: &Options, solution: Solution, wanted: Wanted) -> Outcome<Self> {
        let defaults = &solution.settings().simulate;
        let workload = options.workload.or(defaults.workload).unwrap_or_default();
        let address = match (options.address, &defaults.address) {
            (None, Some(text)) => Some(Address::of_setting("simulate.address", text)?),
            (address, _) => address,
        };
        let has_no_file = wanted.file.is_none() && solution.find_template().is_none();
        let deployment = match has_no_file && !options.external.is_empty() {
            true => lone_modules(&options.external)?,
            false => read_deployment(ui, &solution, &wanted).map_err(|failure| match has_no_file {
                true => failure.hint("or see one at work with `edgectl simulate --demo`"),
                false => failure,
            })?,
        };
        let (name, device) = (solution.name(), solution.device_id(options.device.as_deref())?);
        let (main, solution, parent, debugged) = (device.clone(), Some(solution), None, BTreeMap::new());
        Ok(Self { name, device, main, deployment, solution, wanted, address, parent, workload, debugged })
    }

    /// Returns what a module of this device is called.
    pub(super) fn called<'m>(&self, module: &'m ModuleId) -> Cow<'m, str> {
        called(&self.main, &self.device, module.as_str())
    }

    /// Returns how a module is to be run, by flags, then `edgectl.yaml`.
    pub(super) fn wish(&self, options: &Options, spec: &ModuleSpec) -> RuntimeChoice {
        let settings = self.solution.as_ref().map(Solution::settings);
        let of_module = settings.and_then(|settings| settings.modules.get(spec.id.as_str())?.runtime);
        let of_all = options.runtime.or(settings.and_then(|settings| settings.simulate.runtime));
        // A debugger is in an image; a flag that says otherwise was refused.
        if self.debugged.contains_key(&spec.id) {
            return RuntimeChoice::Docker;
        }
        options.runtimes.get(spec.id.as_str()).copied().or(of_module).or(of_all).unwrap_or(RuntimeChoice::Auto)
    }

    /// Returns the module of the solution that makes an image, and which of its images that is.
    pub(super) fn source_of(&self, image: &str) -> Option<(&Module, Variant)> {
        let solution = self.solution.as_ref()?;
        let platform = solution.platform(self.wanted.platform.as_ref()).ok()?;
        let tag = solution.tag_suffix(self.wanted.tag.as_deref());
        let makes_it = |(module, variant): &(&Module, Variant)| {
            module.image(&platform, *variant, tag).is_ok_and(|made| made.to_string() == image)
        };
        let variants = [Variant::Release, Variant::Debug];
        let mut images = solution.modules().iter().flat_map(|module| variants.map(|variant| (module, variant)));
        images.find(makes_it)
    }

    /// Leaves out the modules that take no part, and plans those that are debugged; `options` are those of this device.
    pub(super) fn select(&mut self, options: &Options) -> Outcome {
        self.check_names(options)?;
        self.debugged = debug::plan(self, options)?;
        let modules = std::mem::take(&mut self.deployment.modules);
        self.deployment.modules = self.taking_part(options, modules);
        Ok(())
    }

    /// Leaves out what flags and `edgectl.yaml` leave out, and applies debuggers and overrides to the rest.
    pub(super) fn taking_part(&self, options: &Options, mut modules: Vec<ModuleSpec>) -> Vec<ModuleSpec> {
        let overrides = self.solution.as_ref().map(|solution| solution.settings().modules.clone()).unwrap_or_default();
        let is_in = |names: &[String], name: &str| names.iter().any(|other| other == name);
        modules.retain(|spec| {
            let name = spec.id.as_str();
            let skipped = overrides.get(name).is_some_and(|over| over.skip) || is_in(&options.without, name);
            let wanted = options.only.is_empty() || is_in(&options.only, name);
            is_in(&options.external, name) || (wanted && !skipped)
        });
        for spec in &mut modules {
            let debugged = self.debugged.get(&spec.id);
            debugged.inspect(|debugged| debugged.replace(spec));
            if let Some(over) = overrides.get(spec.id.as_str()) {
                over.apply(spec);
            }
            debugged.inspect(|debugged| debugged.publish(spec));
        }
        modules
    }

    /// Returns a failure that names the device where others might be meant.
    pub(super) fn about(&self, failure: Failure) -> Failure {
        match self.device == self.main {
            true => failure,
            false => failure.context(format!("cannot simulate device `{}`", self.device)),
        }
    }

    /// Returns the same device with another deployment.
    pub(super) fn with(&self, deployment: Deployment) -> Self {
        Self { deployment, ..self.clone() }
    }

    fn check_names(&self, options: &Options) -> Outcome {
        let known: Vec<&str> = self.deployment.modules.iter().map(|spec| spec.id.as_str()).collect();
        let Some(name) = options.named().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
        let hint = did_you_mean(name, known.iter().copied());
        Err(Failure::request(format!("the deployment has no module `{name}`"))
            .hint(hint.unwrap_or_else(|| format!("it has no modules; add this one with `edgectl new module {name}`"))))
    }
}

/// Reads a deployment that is right, and tells what is strange about it.
fn read_deployment(ui: &Ui, solution: &Solution, wanted: &Wanted) -> Outcome<Deployment> {
    let manifest = solution.manifest(wanted)?;
    let deployment = manifest.checked()?.clone();
    tell_warnings(ui, &manifest.warnings);
    Ok(deployment)
}

/// The deployment of modules that are started from outside, where there is no file: each with a route upstream.
fn lone_modules(names: &[String]) -> Outcome<Deployment> {
    let (mut modules, mut routes) = (Map::new(), Map::new());
    for name in names {
        let settings = json!({ "image": name });
        let module = json!({ "type": "docker", "status": "running", "restartPolicy": "never", "settings": settings });
        modules.insert(name.clone(), module);
        let route = format!("FROM /messages/modules/{name}/* INTO $upstream");
        routes.insert(format!("{name}ToUpstream"), route.into());
    }
    parse_deployment("--external", &document(modules, routes, Map::new()))
}

/// What makes a difference here is shown, the rest is counted.
fn tell_warnings(ui: &Ui, warnings: &[Finding]) {
    // A container has a longer name here than on a device, so that a short one is fine for a trial.
    let warnings = warnings.iter().filter(|warning| warning.code != "container-name");
    let (elsewhere, here): (Vec<_>, Vec<_>) = warnings.partition(|warning| is_about_devices(warning.code));
    here.iter().for_each(|warning| ui.warn_at(warning.code, &warning.at));
    if !elsewhere.is_empty() {
        let count = counted(elsewhere.len() as u64, "warning");
        ui.hint(format!("{count} about real devices: `edgectl deploy --check`"));
    }
}
