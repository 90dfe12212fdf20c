//! What `edgectl simulate` says before anything is started.

mod support;

use support::Folder;

const TEMPLATE: &str = r#"modulesContent:
  $edgeAgent:
    properties.desired:
      schemaVersion: '1.1'
      runtime: { type: docker, settings: { minDockerVersion: v1.25 } }
      systemModules:
        edgeAgent: { type: docker, settings: { image: agent, createOptions: {} } }
        edgeHub: { type: docker, status: running, restartPolicy: always, settings: { image: hub, createOptions: {} } }
      modules:
        filter: { type: docker, status: running, restartPolicy: never, settings: { image: filter, createOptions: {} } }
  $edgeHub:
    properties.desired:
      schemaVersion: '1.1'
      routes: { all: FROM /* INTO $upstream }
      storeAndForwardConfiguration: { timeToLiveSecs: 7200 }
"#;

fn solution() -> Folder {
    Folder::new().file("deployment.template.yaml", TEMPLATE)
}

#[test]
fn without_a_solution_the_demo_is_offered() {
    let stderr = "error: the folder `solution` holds no deployment template\n  \
        caused by: looked for `deployment.template.json` and the same as `.yaml`\n\
        hint: change to the solution's folder, name it with `-C`, or start one with `edgectl new solution NAME`\n\
        hint: or see one at work with `edgectl simulate --demo`\n";
    Folder::new().run("simulate").check(1, "", stderr);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let stderr = "error: cannot open the folder `nowhere`\n  caused by: No such file or directory (os error 2)\n\
        hint: name the solution's folder with `-C`, or change to it\n";
    Folder::new().run("-C nowhere simulate").check(1, "", stderr);
}

#[test]
fn an_override_for_a_module_that_is_not_there_is_told() {
    let folder = solution().file("edgectl.yaml", "modules:\n  fliter: { skip: true }\n");
    let stderr = "warning: `edgectl.yaml` is about a module `fliter`, which the deployment does not have\n\
        hint: did you mean `filter`?\n\
        error: the deployment has no module `nobody`\nhint: only `filter` is known there\n";
    folder.run("simulate --only nobody").check(1, "", stderr);
}

#[test]
fn setup_without_consent_is_refused_where_nobody_can_be_asked() {
    let module = r#"{"$schema-version": "0.0.1", "image": {"repository": "filter", "tag": {"version": "1",
        "platforms": {"amd64": "Dockerfile"}}}, "run": {"command": ["true"], "setup": [["false", "argument"]]}}"#;
    let folder = solution().file("modules/filter/module.json", module).file("modules/filter/Dockerfile", "");
    let path = folder.path("modules/filter").canonicalize().expect("it was written");
    let stderr = format!(
        "       Setup filter: false argument\nerror: consent is needed, and stdin is not a terminal\n  \
         caused by: the question is: Run the setup of `filter` in {}?\n\
         hint: pass `--yes` to run it, or `--no-setup` to go on without\n",
        path.display()
    );
    folder.run("simulate --runtime process --address auto").check(2, "", &stderr);
}
