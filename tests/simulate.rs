//! What `edgectl simulate` says before anything is started.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

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

/// Answers as an engine for another processor that has no image; nothing else is asked before one is built.
fn engine_of(arch: &'static str, socket: &std::path::Path) {
    let listener = UnixListener::bind(socket).expect("the path is free");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut head = BufReader::new(client.try_clone().expect("a descriptor is free")).lines();
            while let Some(Ok(request)) = head.next() {
                head.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
                let (status, body) = match request.contains("/version ") {
                    true => ("200 OK", format!(r#"{{"ApiVersion":"1.41","Os":"linux","Arch":"{arch}"}}"#)),
                    false => ("404 Not Found", r#"{"message":"no such image"}"#.to_owned()),
                };
                let kind = "Content-Type: application/json";
                let answer = format!("HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                client.write_all(answer.as_bytes()).expect("edgectl listens");
            }
        }
    });
}

#[test]
fn images_are_for_the_engines_own_platform_unless_somebody_chose_one() {
    let module = r#"{"image": {"repository": "filter", "tag": {"version": "1", "platforms":
        {"amd64": "Dockerfile", "arm64v8": "Dockerfile", "arm32v7": "Dockerfile"}}}}"#;
    let template = TEMPLATE.replace("image: filter,", "image: '${MODULES.filter}',");
    let folder = Folder::new()
        .file("deployment.template.yaml", &template)
        .file("modules/filter/module.json", module)
        .file("modules/filter/Dockerfile", "FROM scratch\n");
    let socket = folder.path("engine.sock");
    engine_of("arm64", &socket);
    let folder = folder.variable("DOCKER_HOST", &format!("unix://{}", socket.display()));
    let check = |folder: &Folder, arguments: &str, platform: &str| {
        let stderr = format!(
            "error: the image of `filter` is missing\n  \
             caused by: `filter:1-{platform}` is not built yet, and `--no-build` is given\n\
             hint: build it with `edgectl build filter`\n"
        );
        folder.run(&format!("simulate --runtime docker --no-build {arguments}")).check(1, "", &stderr);
    };
    check(&folder, "", "arm64v8");
    let folder = folder.file("edgectl.yaml", "simulate: {platform: amd64}\n");
    check(&folder, "", "amd64");
    let folder = folder.file(".env", "DEFAULT_PLATFORM=arm32v7\n");
    check(&folder, "", "arm32v7");
    check(&folder, "--platform arm64", "arm64v8");
}

#[test]
fn a_setup_says_what_went_wrong_and_nothing_else() {
    let setup = |script: &str| {
        format!(
            r#"{{"image": {{"repository": "filter", "tag": {{"version": "1", "platforms": {{"amd64": "Dockerfile"}}}}}},
            "run": {{"command": ["true"], "setup": [["sh", "-c", "{script}"]]}}}}"#
        )
    };
    let folder = solution()
        .file("modules/filter/Dockerfile", "")
        .file("modules/filter/module.json", &setup("echo one; echo two >&2; exit 3"));
    let path = folder.path("modules/filter").canonicalize().expect("it was written");
    let run = folder.run("simulate --runtime process --address auto --yes");
    let (one, two) = ("one\n", "two\n");
    let expected = |output: &str| {
        format!(
            "       Setup filter: sh -c echo one; echo two >&2; exit 3\nerror: cannot set up module `filter`\n  \
             caused by: `sh -c echo one; echo two >&2; exit 3` ended with exit status: 3\n{output}\
             hint: mend that in `{}`, or pass `--no-setup`\n",
            path.display()
        )
    };
    // Two pipes have no common order.
    let orders = [expected(&format!("{one}{two}")), expected(&format!("{two}{one}"))];
    assert!(run.status == Some(4) && orders.contains(&run.stderr), "{run:?}");

    let folder = folder.file("modules/filter/module.json", &setup("echo one; echo two"));
    let run = folder.run("simulate --runtime process --address auto --yes --duration 0s");
    let lines: Vec<&str> = run.stderr.lines().take(3).collect();
    assert_eq!(lines[0], "       Setup filter: sh -c echo one; echo two");
    assert!(lines[1].starts_with("      Set up filter in ") && lines[2].starts_with("  Simulating "), "{lines:?}");
}
