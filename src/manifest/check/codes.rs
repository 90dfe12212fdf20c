//! Every kind of finding. The README shows this table; a test holds the two, and the sources, against each other.

use crate::manifest::Severity::{self, Error, Warning};

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Its name, which stays what it is.
    pub name: &'static str,
    /// Whether it stops a deployment.
    pub severity: Severity,
    /// What was found, in a few words.
    pub what: &'static str,
}

const fn code(name: &'static str, severity: Severity, what: &'static str) -> Code {
    Code { name, severity, what }
}

/// Every kind of finding, by what it is about.
pub const CODES: &[Code] = &[
    // The file and its names.
    code("syntax", Error, "the file is no JSON or YAML"),
    code("duplicate-key", Error, "a key stands twice in one object"),
    code("undefined-variable", Error, "no variable for `${NAME}`"),
    code("undefined-name", Warning, "no variable for `$NAME`, which stays as it is"),
    code("escape-in-value", Warning, "a variable whose value holds a `\\` that becomes a control character"),
    code("unknown-placeholder", Error, "`${…}` with something else than a name inside"),
    code("value-without-quotes", Error, "a variable without quotes whose value is no JSON"),
    // The shape.
    code("no-content", Error, "no `modulesContent`, or no desired properties of `$edgeAgent` or `$edgeHub`"),
    code("template-version", Warning, "a `$schema-template` that edgectl does not know"),
    code("layer-key", Warning, "a key of layers in the twin of a whole deployment"),
    code("layer", Error, "a layer where a whole deployment is wanted"),
    code("schema-version", Error, "a `schemaVersion` that edgectl does not know, or none"),
    code("missing-member", Error, "a member that the agent or the hub needs is missing"),
    code("default-member", Warning, "a member that `az` needs, and for which the agent has a default"),
    code("unknown-member", Warning, "a member that nobody reads"),
    code("newer-member", Warning, "a member that a later `schemaVersion` brings"),
    code("mqtt-broker", Warning, "`mqttBroker`, which no runtime since 1.3 has"),
    code("runtime", Error, "a `runtime` of another type than `docker`, or with settings that are no text"),
    code("registry", Error, "credentials of a registry without address, username or password"),
    code("registry-login", Warning, "credentials of a registry with an empty username or password"),
    code("registry-password", Warning, "a registry's password that a finished manifest leaves out"),
    code("hidden-secret", Warning, "`***` where a finished manifest has left out the secret of a module"),
    code("time-to-live", Error, "`timeToLiveSecs` is no number"),
    code("store-limit", Error, "`maxSizeBytes` is no number"),
    code("desired", Error, "desired properties that are no object"),
    // Modules.
    code("system-modules", Error, "`edgeAgent` or `edgeHub` is missing"),
    code("modules", Error, "`modules` is no object"),
    code("module", Error, "a module with a wrong type, status or policy"),
    code("module-name", Error, "a name that no module can have"),
    code("container-name", Warning, "a name of a module that no container can have"),
    code("name-in-routes", Warning, "a name that routes cannot select, or cannot tell from another"),
    code("twin-without-module", Warning, "desired properties for a module that is not deployed"),
    code("image", Error, "no image, or a name that no image can have"),
    code("image-tag", Warning, "an image without a tag, or with `latest`"),
    code("runtime-ended", Warning, "a version of the runtime that is not supported any more"),
    code("env", Error, "a name or a value that no variable can have"),
    code("injected-name", Error, "a variable that the agent sets itself"),
    code("injected-name-replaced", Warning, "createOptions replace a variable that the agent sets"),
    code("plain-secret", Warning, "a password, key, token or connection string in plain text"),
    // createOptions.
    code("create-options", Error, "createOptions that are no JSON object, have a gap, or are too long"),
    code("option-unknown", Warning, "a key that the engine does not know"),
    code("option-misplaced", Warning, "a key that the engine reads elsewhere"),
    code("option-value", Error, "a value that the engine cannot read"),
    code("option-form", Warning, "a number or a text that only the agent makes right, and no engine"),
    code("port-collision", Error, "a port of the device that two modules publish"),
    code("hub-port", Warning, "a port of the device where the hub is looked for"),
    // Twins.
    code("twin-key", Error, "a key that no twin may hold"),
    code("twin-value", Error, "a value that no twin may hold: too long, too deep, too large"),
    code("twin-size", Error, "desired properties of more than 32 KB"),
    code("twin-nearly-full", Warning, "desired properties of more than 90 % of that"),
    // Routes.
    code("routes", Error, "`routes` is no object"),
    code("route", Error, "a route that the hub cannot compile"),
    code("unknown-module", Error, "a route from or to a module that is not there"),
    code("route-star", Warning, "a `*` that does not stand for anything"),
    code("route-source", Warning, "a source that no message has"),
    code("route-comment", Warning, "`/*` that begins a comment inside of a path"),
    code("never-matches", Warning, "a condition that is never true"),
    code("operator-in-name", Warning, "an operator without blanks, which is part of a name"),
    code("unknown-property", Warning, "a name with `$` that is no system property"),
    code("is-null", Warning, "`is_null` of a body value, which the real hub answers wrongly"),
    code("unsent-output", Warning, "an output that no source of its module names"),
    code("unheard-input", Warning, "an input that no source of its module names"),
    code("loop", Warning, "routes that lead messages back to where they come from"),
    code("never-fed", Warning, "modules that only feed each other"),
];

/// Warnings that make no difference to a simulation.
const ABOUT_DEVICES: [&str; 8] = [
    "container-name",
    "default-member",
    "image-tag",
    "mqtt-broker",
    "plain-secret",
    "registry-login",
    "runtime-ended",
    "twin-nearly-full",
];

/// Says whether a warning is about what happens on a real device only, or in its cloud.
pub fn is_about_devices(code: &str) -> bool {
    ABOUT_DEVICES.contains(&code)
}
