use std::fs;

use super::*;
use crate::image::Variant;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        for (path, text) in files {
            let path = folder.path().join("factory").join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
            fs::write(path, text).expect("a file can be written");
        }
        Self(folder)
    }

    fn open(&self) -> Outcome<Solution> {
        self.open_with(&[])
    }

    fn open_with(&self, set: &[(&str, &str)]) -> Outcome<Solution> {
        let set: Vec<_> = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Solution::open(&self.0.path().join("factory"), &Environment::default(), &set)
    }
}

const MODULE: &str = r#"{
  "$schema-version": "0.0.1",
  "language": "python",
  "image": {
    "repository": "$SERVER/Filter",
    "tag": {"version": "0.1.0", "platforms": {"amd64": "./Dockerfile.amd64", "linux/arm64": "Dockerfile", "amd64.debug": "D"}},
    "buildOptions": ["--build-arg=A=$B"],
    "contextPath": "../.."
  },
  "run": {"command": ["python3", "main.py"], "setup": ["pip", "install", "x"]}
}"#;

fn platform(word: &str) -> Platform {
    Platform::parse(word).expect("a platform")
}

#[test]
fn a_module_knows_its_images_and_how_it_runs() {
    let folder = Folder::new(&[("modules/filter/module.json", MODULE), (".env", "SERVER=Localhost:5000\n")]);
    let solution = folder.open().expect("a solution");
    let module = solution.module("filter").expect("it is there");
    let image = |word, variant, tag| module.image(&platform(word), variant, tag).expect("an image").to_string();
    assert_eq!(image("amd64", Variant::Release, None), "localhost:5000/filter:0.1.0-amd64");
    assert_eq!(image("arm64v8", Variant::Release, Some("rc1")), "localhost:5000/filter:0.1.0-rc1-arm64v8");
    assert_eq!(image("amd64", Variant::Debug, None), "localhost:5000/filter:0.1.0-amd64.debug");
    let dockerfile = module.dockerfile(&platform("amd64"), Variant::Release).expect("listed");
    assert_eq!(dockerfile, solution.root().join("modules/filter/./Dockerfile.amd64"));
    assert_eq!(module.context(), solution.root());
    assert_eq!(module.build_options(), ["--build-arg=A=$B"]);
    let run = module.run().expect("it has one");
    assert_eq!(run.setup, [["pip", "install", "x"]]);
    assert_eq!(run.cwd, solution.root().join("modules/filter"));
}

#[test]
fn a_platform_without_a_dockerfile_is_told_with_one_that_has() {
    let folder = Folder::new(&[("modules/filter/module.json", MODULE)]);
    let solution = folder.open().expect("a solution");
    let module = solution.module("filter").expect("it is there");
    let failure = module.image(&platform("arm32v7"), Variant::Release, None).expect_err("not listed");
    assert_eq!(failure.message(), "cannot build module `filter` for `arm32v7`");
    assert_eq!(failure.causes(), ["modules/filter/module.json lists no Dockerfile for that platform"]);
    assert_eq!(failure.hints(), ["add `arm32v7` under `image.tag.platforms`, or pass `--platform amd64`"]);
}

#[test]
fn a_repository_without_its_variable_is_told_when_the_image_is_asked_for() {
    let folder = Folder::new(&[("modules/filter/module.json", MODULE)]);
    let solution = folder.open().expect("a solution opens all the same");
    let module = solution.module("filter").expect("it is there");
    let failure = module.image(&platform("amd64"), Variant::Release, None).expect_err("no server");
    assert_eq!(failure.message(), "cannot read `modules/filter/module.json`");
    assert_eq!(failure.causes(), ["line 5, column 19: no variable `SERVER`"]);
}

#[test]
fn the_flag_comes_before_the_environment_before_the_file_before_the_built_in() {
    let folder = Folder::new(&[(".env", "DEFAULT_PLATFORM=arm64v8\nA=file\n")]);
    let value = |solution: &Solution, name: &str| solution.variables().get(name).map(str::to_owned);
    let solution = folder.open_with(&[("A", "flag")]).expect("a solution");
    assert_eq!(value(&solution, "A").as_deref(), Some("flag"));
    assert_eq!(value(&solution, "MODULES_PATH").as_deref(), Some("modules"));
    assert_eq!(solution.platform(None).expect("a platform"), platform("arm64v8"));
    assert_eq!(solution.platform(Some(&platform("amd64"))).expect("a platform"), platform("amd64"));
}

#[test]
fn the_device_is_named_by_flag_variable_settings_or_folder() {
    let id = |folder: &Folder, flag| folder.open().and_then(|s| s.device_id(flag)).expect("an id").to_string();
    let folder = Folder::new(&[(".env", "EDGE_DEVICE_ID=press-7\n"), ("edgectl.yaml", "simulate: {device: other}\n")]);
    assert_eq!(id(&folder, Some("lathe")), "lathe");
    assert_eq!(id(&folder, None), "press-7");
    assert_eq!(id(&Folder::new(&[("edgectl.yaml", "simulate: {device: other}\n")]), None), "other");
    assert_eq!(id(&Folder::new(&[(".env", "EDGE_DEVICE_ID=\"\"\n")]), None), "factory");
    assert_eq!(safe_device_id("my plant (2)").as_str(), "my-plant--2");
}

#[test]
fn a_folder_without_template_says_so_when_it_is_asked_for() {
    let folder = Folder::new(&[(".env", "")]);
    let failure = folder.open().expect("it opens").template().expect_err("there is none");
    assert_eq!(failure.causes(), ["looked for `deployment.template.json` and the same as `.yaml`"]);
}

#[test]
fn an_unknown_module_is_told_with_the_one_that_was_meant() {
    let folder = Folder::new(&[("modules/filter/module.json", MODULE)]);
    let failure =
        folder.open().expect("a solution").module("flter").map(Module::name).expect_err("a slip").hints()[0].clone();
    assert_eq!(failure, "did you mean `filter`?");
}

const TEMPLATE: &str = r#"{
  "$schema-template": "4.0.0",
  "modulesContent": {
    "$edgeAgent": {
      "properties.desired": {
        // ours
        "modules": {}
      }
    },
    "$edgeHub": {
      "properties.desired": {
        "routes": {
          "a": "FROM /* INTO $upstream" // all
        }
      }
    }
  }
}
"#;

#[test]
fn a_module_is_wired_with_comments_and_order_kept() {
    let folder = Folder::new(&[("deployment.template.json", TEMPLATE)]);
    let solution = folder.open().expect("a solution");
    let spec = WireSpec { desired: serde_json::json!({"x": 1}).as_object().cloned(), ..WireSpec::of_module("filter") };
    let plan = wire_module(&solution, "filter", &spec).expect("a plan");
    let expected = r#"{
  "$schema-template": "4.0.0",
  "modulesContent": {
    "$edgeAgent": {
      "properties.desired": {
        // ours
        "modules": {
          "filter": {
            "version": "1.0",
            "type": "docker",
            "status": "running",
            "restartPolicy": "always",
            "settings": {
              "image": "${MODULES.filter}",
              "createOptions": {}
            }
          }
        }
      }
    },
    "$edgeHub": {
      "properties.desired": {
        "routes": {
          "a": "FROM /* INTO $upstream", // all
          "filterToIoTHub": "FROM /messages/modules/filter/outputs/* INTO $upstream"
        }
      }
    },
    "filter": {
      "properties.desired": {
        "x": 1
      }
    }
  }
}
"#;
    let path = solution.root().join("deployment.template.json");
    assert_eq!(plan, [Wiring::Edit { path, text: expected.to_owned() }]);
}

#[test]
fn the_debug_template_gets_the_debug_image() {
    let files = [("deployment.template.json", TEMPLATE), ("deployment.debug.template.json", TEMPLATE)];
    let folder = Folder::new(&files);
    let plan =
        wire_module(&folder.open().expect("a solution"), "filter", &WireSpec::of_module("filter")).expect("a plan");
    let images = plan.iter().map(|wiring| match wiring {
        Wiring::Edit { text, .. } => text.contains("${MODULES.filter.debug}"),
        Wiring::Paste { .. } => false,
    });
    assert_eq!(images.collect::<Vec<_>>(), [false, true]);
}

// protocol.md §10.5
#[test]
fn a_layer_gets_dotted_keys() {
    let text = r#"{
  "content": {
    "modulesContent": {
      // line 1
      "$edgeAgent": {
        "properties.desired.modules.first": {}
      }
    }
  }
}
"#;
    let folder = Folder::new(&[("deployment.template.json", text)]);
    let solution = folder.open().expect("a solution");
    let plan = wire_module(&solution, "filter", &WireSpec::of_module("filter"));
    let Ok([Wiring::Edit { text, .. }]) = plan.as_deref() else { panic!("it can be edited: {plan:?}") };
    let expected = r#"{
  "content": {
    "modulesContent": {
      // line 1
      "$edgeAgent": {
        "properties.desired.modules.first": {},
        "properties.desired.modules.filter": {
          "version": "1.0",
          "type": "docker",
          "status": "running",
          "restartPolicy": "always",
          "settings": {
            "image": "${MODULES.filter}",
            "createOptions": {}
          }
        }
      },
      "$edgeHub": {
        "properties.desired.routes.filterToIoTHub": "FROM /messages/modules/filter/outputs/* INTO $upstream"
      }
    }
  }
}
"#;
    assert_eq!(text, expected);
    let taken = wire_module(&solution, "first", &WireSpec::of_module("first")).expect_err("the name is taken");
    assert_eq!(taken.causes(), ["line 6, column 9: `properties.desired.modules.first` is there already"]);
}

#[test]
fn a_name_that_is_taken_is_refused_at_its_place() {
    let text = TEMPLATE.replace("\"modules\": {}", "\"modules\": {\"filter\": {}}");
    let folder = Folder::new(&[("deployment.template.json", &text)]);
    let failure = wire_module(&folder.open().expect("a solution"), "filter", &WireSpec::of_module("filter"));
    assert_eq!(failure.expect_err("taken").causes(), ["line 7, column 21: `filter` is there already"]);
}

#[test]
fn yaml_with_a_comment_is_not_edited_but_told_what_to_paste() {
    let text = "# mine\nmodulesContent:\n  $edgeAgent:\n    properties.desired:\n      modules: {}\n  $edgeHub:\n    \
                properties.desired: {}\n";
    let folder = Folder::new(&[("deployment.template.yaml", text)]);
    let plan = wire_module(&folder.open().expect("a solution"), "filter", &WireSpec::of_image("filter", "nginx:1"));
    let expected = "modulesContent:\n  $edgeAgent:\n    properties.desired:\n      modules:\n        filter:\n          \
        version: '1.0'\n          type: docker\n          status: running\n          restartPolicy: always\n          \
        settings:\n            image: nginx:1\n            createOptions: {}\n  $edgeHub:\n    properties.desired:\n      \
        routes:\n        filterToIoTHub: FROM /messages/modules/filter/outputs/* INTO $upstream\n";
    let Ok([Wiring::Paste { text, .. }]) = plan.as_deref() else { panic!("it is to be pasted: {plan:?}") };
    assert_eq!(text, expected);
}

#[test]
fn yaml_that_stands_as_edgectl_writes_it_is_edited() {
    let text = "modulesContent:\n  $edgeAgent:\n    properties.desired:\n      modules: {}\n  $edgeHub:\n    \
                properties.desired:\n      routes: {}\n";
    let folder = Folder::new(&[("deployment.template.yaml", text)]);
    let spec = WireSpec { route: None, ..WireSpec::of_image("filter", "nginx:1") };
    let plan = wire_module(&folder.open().expect("a solution"), "filter", &spec);
    let Ok([Wiring::Edit { text, .. }]) = plan.as_deref() else { panic!("it can be edited: {plan:?}") };
    let expected = "modulesContent:\n  $edgeAgent:\n    properties.desired:\n      modules:\n        filter:\n          \
        version: '1.0'\n          type: docker\n          status: running\n          restartPolicy: always\n          \
        settings:\n            image: nginx:1\n            createOptions: {}\n  $edgeHub:\n    properties.desired:\n      \
        routes: {}\n";
    assert_eq!(text, expected);
}
