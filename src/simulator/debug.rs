//! `simulate --debug`: the image with a debugger in the place of the module's own, a port of this machine that leads to it,
//! and what an editor attaches with.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::options::Options;
use super::subject::Simulated;
use crate::failure::{Failure, Outcome};
use crate::identity::ModuleId;
use crate::image::Variant;
use crate::manifest::ModuleSpec;
use crate::solution::{Known, Launch, Module, Readers, RuntimeChoice, Solution, Wanted, plan_launch, replace_file};
use crate::template::{Debugging, Template, debuggable};
use crate::ui::Ui;

/// Where debuggers listen on this machine: nobody else is let near a module's memory.
const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A module that is run with a debugger.
#[derive(Debug, Clone)]
pub(super) struct Debugged {
    /// What commands call the module.
    called: String,
    image: String,
    /// createOptions of the debug template, instead of those of the deployment.
    options: Option<Map<String, Value>>,
    template: Template,
    /// The module's folder, relative to the solution's.
    folder: PathBuf,
    /// The port of this machine that leads to the debugger, once one is chosen.
    port: Option<u16>,
    /// What the debugger wants of the container and of the editor; nothing before the port is chosen.
    debugging: Debugging,
}

/// A debugger as `ready` tells it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Debugger {
    module: ModuleId,
    #[serde(skip)]
    called: String,
    /// `127.0.0.1:5678`; `null` for one that an editor starts inside the container.
    address: Option<String>,
    /// The names of what attaches to it in `.vscode/launch.json`.
    configurations: Vec<String>,
}

/// The ports of this machine that debuggers of this simulation have.
pub(super) type Taken = BTreeSet<u16>;

impl Debugged {
    /// Puts the image with the debugger into a module of the deployment.
    pub(super) fn replace(&self, spec: &mut ModuleSpec) {
        spec.image.clone_from(&self.image);
        if let Some(options) = &self.options {
            spec.create_options.clone_from(options);
        }
    }

    /// Publishes the debugger's port, and lets it trace the module.
    pub(super) fn publish(&self, spec: &mut ModuleSpec) {
        if let Some(options) = self.debugging.create_options.as_object() {
            lay_over(&mut spec.create_options, options);
        }
    }

    /// Chooses the port, with which the rest is known.
    fn choose_port(&mut self, spec: &ModuleSpec, taken: &mut Taken) -> Outcome {
        self.port = self.template.debug_port.map(|inside| free_port(inside, &spec.create_options, taken));
        let debugging = self.template.debugging(&self.called, &self.folder, self.port)?;
        self.debugging = debugging.unwrap_or_else(nothing);
        bind_to_loopback(&mut self.debugging.create_options);
        Ok(())
    }

    fn debugger(&self, module: &ModuleId) -> Debugger {
        let name = |configuration: &Value| configuration["name"].as_str().map(str::to_owned);
        Debugger {
            module: module.clone(),
            called: self.called.clone(),
            address: self.port.map(|port| format!("{HOST}:{port}")),
            configurations: self.debugging.launch.iter().filter_map(name).collect(),
        }
    }
}

impl Debugger {
    /// Says how to attach.
    pub(super) fn tell(&self, ui: &Ui) {
        let place = self.address.as_ref().map(|address| format!(" on {address}")).unwrap_or_default();
        let names = self.configurations.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        ui.step("Debugging", format!("`{}`{place}: attach with {names} of `.vscode/launch.json`", self.called));
    }
}

/// Returns the debuggers of a device's modules.
pub(super) fn debuggers(simulated: &Simulated) -> Vec<Debugger> {
    simulated.debugged.iter().map(|(module, debugged)| debugged.debugger(module)).collect()
}

/// Chooses the ports of the debuggers, and publishes them. Not before all images are there: until then somebody else might
/// take a port.
pub(super) fn publish(simulated: &mut Simulated, taken: &mut Taken) -> Outcome {
    for spec in &mut simulated.deployment.modules {
        let Some(debugged) = simulated.debugged.get_mut(&spec.id) else { continue };
        debugged.choose_port(spec, taken)?;
        debugged.publish(spec);
    }
    Ok(())
}

/// Finds out which images the modules have that are to be debugged; `options` are those of this device.
pub(super) fn plan(simulated: &Simulated, options: &Options) -> Outcome<BTreeMap<ModuleId, Debugged>> {
    let wanted = |spec: &&ModuleSpec| options.debug.iter().any(|name| name == spec.id.as_str());
    let specs = simulated.deployment.modules.iter().filter(wanted);
    specs.map(|spec| Ok((spec.id.clone(), plan_one(simulated, options, spec)?))).collect()
}

fn plan_one(simulated: &Simulated, options: &Options, spec: &ModuleSpec) -> Outcome<Debugged> {
    let called = &*simulated.called(&spec.id);
    refuse_other_ways(options, &spec.id, called)?;
    let (solution, module) = source(simulated, spec, called)?;
    let platform = solution.platform(simulated.wanted.platform.as_ref())?;
    let tag = simulated.wanted.tag.as_deref();
    if !module.images().any(|image| image == (&platform, Variant::Debug)) {
        let file = solution.shown(&module.folder().join("module.json"));
        return Err(cannot(called).cause(format!("`{file}` lists no Dockerfile for `{platform}.debug`")).hint(
            format!("add `{platform}.debug` under `image.tag.platforms`, with a Dockerfile that starts a debugger"),
        ));
    }
    let folder = module.folder().strip_prefix(solution.root()).unwrap_or(module.folder());
    Ok(Debugged {
        called: called.to_owned(),
        image: module.image(&platform, Variant::Debug, solution.tag_suffix(tag))?.to_string(),
        options: options_of_debug_template(simulated, solution, spec)?,
        template: template_of(solution, module, called)?,
        folder: folder.to_owned(),
        port: None,
        debugging: nothing(),
    })
}

fn nothing() -> Debugging {
    Debugging { create_options: json!({}), launch: Vec::new() }
}

fn cannot(called: &str) -> Failure {
    Failure::request(format!("cannot debug module `{called}`"))
}

/// Refuses what other flags say against a container of the debug image.
fn refuse_other_ways(options: &Options, module: &ModuleId, called: &str) -> Outcome {
    let name = module.as_str();
    let is_in = |names: &[String]| names.iter().any(|other| other == name);
    let runtime = options.runtimes.get(name).copied().or(options.runtime);
    let by_hand =
        format!("start it yourself under a debugger, with `--external {called}` and `edgectl credentials {called}`");
    if runtime == Some(RuntimeChoice::Process) {
        return Err(cannot(called)
            .cause("its debugger is in an image, and `--runtime` wants a process")
            .hint(format!("run it as a container with `--runtime {called}=docker`"))
            .hint(format!("or {by_hand}")));
    }
    if is_in(&options.external) {
        return Err(cannot(called)
            .cause("`--external` leaves its start to you")
            .hint("leave out one of the two flags"));
    }
    if is_in(&options.without) || (!options.only.is_empty() && !is_in(&options.only)) {
        return Err(cannot(called).cause("`--only` or `--without` leaves it out").hint("leave out one of the flags"));
    }
    Ok(())
}

/// Returns the module of the solution that makes the image.
fn source<'a>(simulated: &'a Simulated, spec: &ModuleSpec, called: &str) -> Outcome<(&'a Solution, &'a Module)> {
    let own = || simulated.source_of(&spec.image).map(|(module, _)| module);
    if let Some(found) = simulated.solution.as_ref().zip(own()) {
        return Ok(found);
    }
    let modules = simulated.solution.iter().flat_map(Solution::modules);
    let own: Vec<String> = modules.map(|module| format!("`{}`", module.name())).collect();
    Err(cannot(called).cause(format!("no module of the solution makes its image, `{}`", spec.image)).hint(
        match own.is_empty() {
            true => "add a module of your own with `edgectl new module NAME`".to_owned(),
            false => format!("debug one that the solution makes: {}", own.join(", ")),
        },
    ))
}

fn template_of(solution: &Solution, module: &Module, called: &str) -> Outcome<Template> {
    let language = module.language().unwrap_or_default();
    debuggable(language).ok_or_else(|| {
        let file = solution.shown(&module.folder().join("module.json"));
        let why = match language {
            "" => format!("`{file}` does not say its `language`"),
            language => format!("no debugger of the language `{language}` is known"),
        };
        let known = "`c`, `csharp`, `go`, `java`, `node`, `python`, `rust` or `typescript`";
        cannot(called)
            .cause(why)
            .hint(format!("write `language` into it: {known}"))
            .hint("or run the deployment template with debug images: `edgectl simulate --file deployment.debug.template.json`")
    })
}

/// What the debug template says of the module comes before what the deployment says.
fn options_of_debug_template(
    simulated: &Simulated,
    solution: &Solution,
    spec: &ModuleSpec,
) -> Outcome<Option<Map<String, Value>>> {
    let Some(file) = solution.find_debug_template().filter(|_| simulated.wanted.file.is_none()) else {
        return Ok(None);
    };
    let manifest = solution.manifest(&Wanted { file: Some(file), ..simulated.wanted.clone() })?;
    manifest.refuse_mistakes()?;
    let same = manifest.modules().iter().find(|other| other.id == spec.id);
    Ok(same.map(|other| other.create_options.clone()))
}

/// Returns the port of this machine for a port of the container: the one that the options bind it to or its own number,
/// or the next one that is free.
fn free_port(inside: u16, options: &Map<String, Value>, taken: &mut Taken) -> u16 {
    let host = options.get("HostConfig");
    if host.and_then(|host| host["NetworkMode"].as_str()) == Some("host") {
        // It is the machine's own, and nothing can be published.
        return inside;
    }
    let bound = host.and_then(|host| host["PortBindings"][format!("{inside}/tcp")][0]["HostPort"].as_str());
    let wanted = bound.and_then(|port| port.parse().ok()).unwrap_or(inside);
    let is_free = |port: &u16| !taken.contains(port) && TcpListener::bind((HOST, *port)).is_ok();
    let port = (wanted..=u16::MAX).find(is_free).unwrap_or(wanted);
    taken.insert(port);
    port
}

/// Binds published ports to loopback, whatever the template says.
fn bind_to_loopback(options: &mut Value) {
    let bindings = options.pointer_mut("/HostConfig/PortBindings").and_then(Value::as_object_mut);
    let bound = bindings.into_iter().flat_map(|bindings| bindings.values_mut());
    // What is no object is none of the engine's business either, which says so.
    for binding in bound.filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut) {
        binding.insert("HostIp".to_owned(), HOST.to_string().into());
    }
}

/// Lays options over others: objects member by member, words of a list beside those that are there, anything else in place
/// of what was there.
fn lay_over(options: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (options.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(over)) => lay_over(inner, over),
            (Some(Value::Array(words)), Value::Array(more)) if more.iter().all(Value::is_string) => {
                let new: Vec<Value> = more.iter().filter(|word| !words.contains(word)).cloned().collect();
                words.extend(new);
            }
            _ => drop(options.insert(key.clone(), value.clone())),
        }
    }
}

/// Puts the configurations of all debuggers into `.vscode/launch.json`, each with its port.
pub(super) fn write_launch(ui: &Ui, simulated: &Simulated) -> Outcome {
    let Some(solution) = &simulated.solution else { return Ok(()) };
    for debugged in simulated.debugged.values() {
        let known = debugged.port.map_or(Known::Stays, Known::TakesPort);
        match plan_launch(solution, &debugged.debugging.launch, known)? {
            Launch::Nothing => {}
            Launch::Create(path, text) | Launch::Edit(path, text) => {
                let shown = solution.shown(&path);
                replace_file(&path, &shown, &text, Readers::Everybody)?;
                ui.step("Wired", format!("the debugger into `{shown}`"));
            }
            Launch::Paste(path, text) => {
                ui.warn(format!("cannot put the debugger into `{}`", solution.shown(&path)));
                ui.hint(format!("add this to it yourself:\n{}", text.trim_end()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_port_is_the_one_wanted_or_the_next_that_is_free() {
        let listener = TcpListener::bind((HOST, 0)).expect("a port is free");
        let used = listener.local_addr().expect("it is bound").port();
        let bound =
            |port: u16| object(json!({"HostConfig": {"PortBindings": {"5678/tcp": [{"HostPort": port.to_string()}]}}}));
        let mut taken = Taken::new();
        let next = free_port(5678, &bound(used), &mut taken);
        assert!(next > used, "{next} is not {used}, where somebody listens");
        assert!(free_port(5678, &bound(next), &mut taken) > next, "another debugger has it");
        let host = object(json!({"HostConfig": {"NetworkMode": "host"}}));
        assert_eq!(free_port(used, &host, &mut taken), used);
    }

    #[test]
    fn a_binding_that_is_no_object_stays_what_it_is() {
        let mut options = json!({"HostConfig": {"PortBindings": {"1/tcp": ["5680", null, {}], "2/tcp": "x"}}});
        bind_to_loopback(&mut options);
        let expected = json!({"1/tcp": ["5680", null, {"HostIp": "127.0.0.1"}], "2/tcp": "x"});
        assert_eq!(options["HostConfig"]["PortBindings"], expected);
        let taken = free_port(5678, &object(json!({"HostConfig": "host"})), &mut Taken::new());
        assert!(taken >= 5678, "{taken}");
    }

    #[test]
    fn ports_are_published_on_loopback_beside_what_the_module_has() {
        let mut debugger = json!({"ExposedPorts": {"5678/tcp": {}}, "HostConfig": {"CapAdd": ["SYS_PTRACE"],
            "PortBindings": {"5678/tcp": [{"HostPort": "5680"}]}}});
        bind_to_loopback(&mut debugger);
        let mut options = object(json!({"HostConfig": {"CapAdd": ["NET_ADMIN"],
            "PortBindings": {"80/tcp": [{"HostPort": "8080"}], "5678/tcp": [{"HostPort": "5678"}]}}}));
        lay_over(&mut options, &object(debugger));
        let expected = json!({"HostConfig": {"CapAdd": ["NET_ADMIN", "SYS_PTRACE"], "PortBindings": {
            "80/tcp": [{"HostPort": "8080"}], "5678/tcp": [{"HostPort": "5680", "HostIp": "127.0.0.1"}]}},
            "ExposedPorts": {"5678/tcp": {}}});
        assert_eq!(Value::Object(options), expected);
    }
}
