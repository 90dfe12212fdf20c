//! The files of a solution, as they are found in its folder: `.env`, `module.json`, `edgectl.yaml`, the template that a
//! new module is added to.

use std::fs;
use std::path::Path;

use edgectl::environment::Environment;
use edgectl::failure::Failure;
use edgectl::image::{Platform, Variant};
use edgectl::solution::{Module, Settings, Solution, Variables, WireSpec, Wiring, check_module_name, wire_module};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::json::{style, write};
use crate::mutation::mutated_text;

const DOTENV: &[&str] = &[
    "A=1\n# no\n\n  B = two words # why\r\nexport C=a#b\nALONE\nD=\nE=${A}-${NONE:-d}-${open\n",
    "P=pa$$w0rd$x\nQ='a$b'\nR=\"a # b\\n\\\"\\q\" # why\nS='it\\'s\\n'\nT=\"x\ny\"\n",
];
const MODULE: &str = r#"{ "$schema-version": "0.0.1", "language": "python",
  "image": { "repository": "$SERVER/Filter", "buildOptions": ["--build-arg=A=$B"], "contextPath": "../..",
    "tag": { "version": "0.1.0", "platforms": { "amd64": "./D", "linux/arm64": "D", "amd64.debug": "D.debug" } } },
  "run": { "command": ["python3", "main.py"], "setup": [["pip", "install"]], "cwd": "./src" } }"#;
const SETTINGS: &str = "simulate:\n  runtime: process\n  platform: linux/arm64\n  workload: http\n  address: auto\nmodules:\n  \
    camera: {skip: true}\n  filter:\n    env: {LEVEL: 5, API_KEY: s3cr3t}\n    createOptions: {HostConfig: {Devices: null}}\n    \
    command: [python3, main.py]\ndevices:\n  line2: {file: c.json, parent: line1}\n";
const WORDS: &[&str] = &[
    "\"",
    "'",
    "=",
    "#",
    "$",
    "${",
    "${A}",
    "}",
    ":-",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "\u{a0}",
    "\u{feff}",
    "é",
    "\u{1F600}",
    "\0",
    "{",
    "[",
    "]",
    ",",
    ": ",
    "export ",
    "- ",
    "null",
    "~",
    "1e999",
    "-1",
];

/// A folder whose files are written anew for each input.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("folders can be made");
        fs::write(path, text).expect("it can be written");
    }

    fn variables(&self, text: &str) -> Result<Variables, Failure> {
        self.write(".env", text);
        Variables::load(self.path(), &Environment::default(), &[])
    }
}

thread_local! {
    static FOLDER: Folder = Folder::new();
}

/// Whatever is told, it names a cause, and what to do.
fn check_failure(failure: &Failure) {
    assert!(!failure.causes().is_empty() && !failure.hints().is_empty(), "{failure:?}");
    assert!(failure.excerpt_text().is_some_and(|excerpt| excerpt.lines().count() > 2), "{failure:?}");
}

/// A value, and the line that sets it: in quotes, with escapes, or as it is.
fn line() -> impl Strategy<Value = (String, String)> {
    let text = "[ -~é\u{1F600}\n\r\t\u{a0}]{0,12}";
    let escaped = |value: &str, quote: char| {
        let escape = |c: char| match c {
            '\\' => "\\\\".to_owned(),
            c if c == quote => format!("\\{c}"),
            c => c.to_string(),
        };
        format!("{quote}{}{quote}", value.chars().map(escape).collect::<String>())
    };
    let plain = text.prop_filter("names are replaced", |value| !value.contains("${"));
    (plain, 0..3_u8)
        .prop_map(move |(value, form)| match form {
            0 => (escaped(&value, '"'), value),
            1 => (escaped(&value, '\''), value),
            _ => {
                let value = value.replace(['\n', '\r', '#', '"', '\''], "");
                let value = value.trim().to_owned();
                (value.clone(), value)
            }
        })
        .prop_map(|(written, value)| (value, written))
}

proptest! {
    #[test]
    fn a_variable_has_the_value_that_was_written(lines in vec(("[A-Z_][A-Z0-9_]{0,3}", line()), 0..5)) {
        let text: String = lines.iter().map(|(name, (_, written))| format!("{name}={written}\n")).collect();
        let variables = FOLDER.with(|folder| folder.variables(&text)).unwrap_or_else(|failure| panic!("{failure:?}\n{text}"));
        for (position, (name, (value, _))) in lines.iter().enumerate() {
            if !lines[position + 1..].iter().any(|(later, _)| later == name) {
                prop_assert_eq!(variables.get(name), Some(value.as_str()), "{:?}", text);
            }
        }
    }

    #[test]
    fn a_file_of_variables_is_read_or_refused_at_a_place(text in mutated_text(DOTENV, WORDS)) {
        match FOLDER.with(|folder| folder.variables(&text)) {
            Ok(variables) => {
                let length: usize = variables.of_file().filter_map(|name| variables.get(name)).map(str::len).sum();
                prop_assert!(length <= 1 << 20);
            }
            Err(failure) => check_failure(&failure),
        }
    }

    #[test]
    fn the_description_of_a_module_is_read_or_refused_at_a_place(
        text in mutated_text(&[MODULE], WORDS),
        server in select(&["SERVER=localhost:5000\n", "SERVER=\"a\\\\nb\"\n", "B=é\n"][..]),
    ) {
        let module = FOLDER.with(|folder| {
            folder.write("modules/m/module.json", &text);
            let variables = folder.variables(server).expect("it is right");
            Module::load(&folder.path().join("modules/m"), folder.path(), &variables)
        });
        match module {
            Ok(module) => {
                let images: Vec<(Platform, Variant)> = module.images().map(|(platform, variant)| (platform.clone(), variant)).collect();
                for (platform, variant) in images {
                    prop_assert!(module.dockerfile(&platform, variant).is_ok());
                    if let Ok(image) = module.image(&platform, variant, None) {
                        prop_assert!(image.to_string().ends_with(&format!("-{platform}{}", variant.suffix())), "{}", image);
                    }
                }
                prop_assert!(module.run().is_none_or(|run| !run.command.is_empty()));
            }
            Err(failure) => check_failure(&failure),
        }
    }

    #[test]
    fn settings_are_read_or_refused_without_their_secrets(text in mutated_text(&[SETTINGS], WORDS)) {
        let settings = FOLDER.with(|folder| {
            folder.write("edgectl.yaml", &text);
            Settings::load(folder.path())
        });
        if let Err(failure) = settings {
            check_failure(&failure);
            // A key that is no secret's any more tells nobody what its value is.
            prop_assert!(!text.contains("API_KEY: s3cr3t,") || !format!("{failure:?}").contains("s3cr3t"), "{:?}\n{}", failure, text);
        }
    }

    #[test]
    fn a_new_module_is_wired_in_and_all_else_stays(style in style(), has_routes in any::<bool>(), name in "[a-z]{1,4}") {
        let mut hub = json!({ "schemaVersion": "1.1" });
        if has_routes {
            hub["routes"] = json!({ "up": "FROM /* INTO $upstream" });
        }
        let template = json!({ "$schema-template": "4.0.0", "modulesContent": {
            "$edgeAgent": { "properties.desired": { "modules": { "other": { "settings": { "image": "$IMAGE" } } } } },
            "$edgeHub": { "properties.desired": hub }, "twin": { "properties.desired": {} } } });
        let text = write(&template, &style);
        let wired = FOLDER.with(|folder| {
            folder.write("deployment.template.json", &text);
            let _ = fs::remove_file(folder.path().join("edgectl.yaml"));
            folder.write("modules/m/module.json", MODULE);
            folder.write(".env", "");
            let solution = Solution::open(folder.path(), &Environment::default(), &[]).expect("it opens");
            wire_module(&solution, &name, &WireSpec::of_module(&name))
        });
        let [Wiring::Edit { text: edited, .. }] = &wired.unwrap_or_else(|failure| panic!("{failure:?}\n{text}"))[..] else {
            panic!("JSON is edited")
        };
        let edited: Value = edgectl::json::parse("t.json", edited).expect("as it was checked");
        let pointer = format!("/modulesContent/$edgeAgent/properties.desired/modules/{name}/settings/image");
        prop_assert_eq!(edited.pointer(&pointer), Some(&json!(format!("${{MODULES.{name}}}"))));
    }

    #[test]
    fn the_name_that_a_hint_proposes_is_taken(name in "\\PC{0,6}|[a-z -]{0,140}|(from|INTO|where)[!-/ ]?") {
        if let Err(failure) = check_module_name(&name) {
            let hint = failure.hints()[0].clone();
            let proposed = hint.split('`').nth(1).expect("it names one").to_owned();
            prop_assert!(check_module_name(&proposed).is_ok(), "{:?}: {}", name, hint);
        }
    }
}
