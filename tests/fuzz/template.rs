//! Templates of other people: what is wrong in one is told, and nothing runs for ever or leaves its folder.

use std::fs;
use std::path::{Component, Path};

use edgectl::template::{Answers, Purpose, Template, find, load_from, plan};
use proptest::prelude::*;

use crate::mutation::mutated_text;

const MANIFEST: &[&str] = &[
    "for: module\nlanguage: python\nsummary: Reads a sensor\ndebug_port: 5678\nexecutable: [run.sh]\nonly: {a.txt: {unit: C}}\n\
     parameters:\n  unit: {prompt: Unit, pattern: '[A-Z]+', default: C}\n  base: {accepts: image, default: 'a:{{name}}'}\n  \
     mode: {accepts: [x, y], default: x}\n",
];
const MANIFEST_WORDS: &[&str] = &[
    ": ", "\n", "\n  ", "- ", "[", "]", "{", "}", "'", "\"", "{{", "}}", "{{name}}", "(", "*", "{999}", "module",
    "solution", "pattern", "é", "&a ", "*a", "99999", "..", "/",
];
const FILE: &[&str] = &[
    "{{#if (eq unit \"C\")}}{{name}}{{else}}{{image_name}}{{/if}}\n{{#unless mode}}x{{~/unless~}}{{!-- c --}}\\{{raw}} {{{version}}}\n",
    "{{#with this}}{{unit}}{{/with}}{{lookup this \"unit\"}}{{#if base}}a{{else if unit}}b{{/if}}{{[name]}} é\n",
];
const FILE_WORDS: &[&str] = &[
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{{{",
    "{{#",
    "{{/",
    "{{else}}",
    "{{^}}",
    "{{>",
    "{{#*inline \"a\"}}",
    "{{/inline}}",
    "{{#each this}}",
    "{{/each}}",
    "{{#if name}}",
    "{{/if}}",
    "(",
    ")",
    "[",
    "]",
    "|",
    "as |x|",
    "../",
    "@root",
    "this",
    "~",
    "\\",
    "\"",
    "=",
    "é",
    "!--",
    "--}}",
];

fn load(manifest: &str, file: &str) -> Result<Template, edgectl::failure::Failure> {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder can be made");
    }
    FOLDER.with(|folder| {
        let files = folder.path().join("files");
        fs::create_dir_all(&files).expect("it can be made");
        fs::write(folder.path().join("template.yaml"), manifest).expect("it can be written");
        fs::write(files.join("{{unit}}.txt.hbs"), file).expect("it can be written");
        load_from(&folder.path().display().to_string(), folder.path())
    })
}

proptest! {
    #[test]
    fn a_template_is_planned_or_refused(manifest in mutated_text(MANIFEST, MANIFEST_WORDS), file in mutated_text(FILE, FILE_WORDS)) {
        for (manifest, file) in [(manifest.as_str(), FILE[0]), (MANIFEST[0], file.as_str())] {
            match load(manifest, file) {
                Ok(template) => {
                    let mut answers = Answers::new("filter");
                    template.debug_port.into_iter().for_each(|port| answers.set_debug_port(port));
                    let planned = answers.complete(&template).and_then(|()| plan(&template, &answers, Path::new("/s"), Path::new("/s/modules/filter")));
                    match planned {
                        Ok(plan) => {
                            let is_inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
                            prop_assert!(plan.files.iter().all(|file| is_inside(&file.path)), "{:?}", plan);
                        }
                        Err(error) => prop_assert!(!error.to_string().is_empty()),
                    }
                }
                Err(failure) => prop_assert!(!failure.hints().is_empty(), "{:?}", failure),
            }
        }
    }

}

proptest! {
    // Only the name is another one.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 16))]
    #[test]
    fn a_value_stands_in_every_file_as_it_was_given(name in "[a-z][a-z0-9-]{0,6}") {
        let template = find(Purpose::Module, "python").expect("it is embedded");
        let mut answers = Answers::new(&name);
        template.debug_port.into_iter().for_each(|port| answers.set_debug_port(port));
        answers.complete(&template).expect("all have defaults");
        let planned = plan(&template, &answers, Path::new("/s"), Path::new("/s/modules/filter")).expect("it renders");
        prop_assert!(planned.files.iter().any(|file| String::from_utf8_lossy(&file.contents).contains(&name)));
        prop_assert!(planned.files.iter().all(|file| !String::from_utf8_lossy(&file.contents).contains("{{")));
    }
}
