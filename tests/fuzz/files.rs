//! A developer's files with typing mistakes: a finding has a place in the text, and nothing panics.

use edgectl::document::Document;
use edgectl::failure::Outcome;
use edgectl::manifest::{Deployment, ImagePlaceholder, Names, expand};
use proptest::prelude::*;

use crate::mutation::mutated_text;

const JSON: &str = r#"{
  "$schema-template": "4.0.0",
  "modulesContent": {
    "$edgeAgent": { "properties.desired": {
      "schemaVersion": "1.1",
      "runtime": { "type": "docker", "settings": { "registryCredentials": {
        "r": { "username": "$A", "password": "${A}", "address": "r.example" } } } },
      "systemModules": {
        "edgeAgent": { "type": "docker", "settings": { "image": "agent:1", "createOptions": {} } },
        "edgeHub": { "type": "docker", "status": "running", "restartPolicy": "always", "settings": {
          "image": "hub:1", "createOptions": "{\"HostConfig\":{}}" } } },
      "modules": { "filter": { "version": "1.0", "type": "docker", "status": "running", "restartPolicy": "on-failure",
        "startupOrder": 2, "env": { "LEVEL": { "value": "${A:-x}" } },
        "settings": { "image": "${MODULES.filter}", "createOptions": { "Env": ["a=b"] } } } } } },
    "$edgeHub": { "properties.desired": { "schemaVersion": "1.1",
      "routes": { "up": "FROM /messages/modules/filter/* INTO $upstream",
        "in": { "route": "FROM /* WHERE a = 'b' INTO BrokeredEndpoint(\"/modules/filter/inputs/i\")", "priority": 1 } },
      "storeAndForwardConfiguration": { "timeToLiveSecs": 7200 } } },
    "filter": { "properties.desired": { "threshold": 25 } }
  }
}"#;
const YAML: &str = "modulesContent:\n  $edgeAgent: &a\n    properties.desired: {schemaVersion: '1.1', modules: {}}\n  \
    $edgeHub:\n    properties.desired:\n      routes:\n        up: >-\n          FROM /*\n          INTO $upstream\n    \
    list: [1, 0x1f, ~, \"$A\", yes, 1e3, *a]\n  text: |\n    ${A}\n";
const WORDS: &[&str] = &[
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "- ",
    "#",
    "//",
    "/*",
    "\n",
    "\n  ",
    "\t",
    "$",
    "${",
    "$A",
    "null",
    "1e999",
    "&a",
    "*a",
    "<<: *a",
    "!!binary x",
    "|",
    ">",
    "---",
    "\u{feff}",
    "é",
    "\\u00e9",
    "createOptions01",
    "$upstream",
    "\0",
];

/// One variable, `A`, and any image.
struct One;

impl Names for One {
    fn variable(&self, name: &str) -> Option<&str> {
        (name == "A").then_some("va\"l\\ue")
    }

    fn variable_names(&self) -> Vec<&str> {
        vec!["A"]
    }

    fn image(&self, _: &ImagePlaceholder) -> Outcome<String> {
        Ok("image:1".to_owned())
    }
}

fn read(file: &str, text: &str) {
    if let Ok(template) = Document::parse_template(file, text)
        && let Ok(expanded) = expand(&template, &One)
    {
        // What is written without a finding is read again as what it is.
        let written = expanded.document.value().to_string();
        let again = Document::parse("m.json", &written).expect("a manifest is JSON");
        assert_eq!(again.value(), expanded.document.value());
        let _ = Deployment::parse(&expanded.document, &mut Vec::new());
    }
    if let Ok(manifest) = Document::parse(file, text) {
        let _ = Deployment::parse(&manifest, &mut Vec::new());
    }
}

proptest! {
    #[test]
    fn a_template_in_json_is_read(text in mutated_text(&[JSON], WORDS)) {
        read("deployment.template.json", &text);
    }

    #[test]
    fn a_template_in_yaml_is_read(text in mutated_text(&[YAML], WORDS)) {
        read("deployment.template.yaml", &text);
    }
}
