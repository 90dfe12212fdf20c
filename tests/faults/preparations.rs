//! What comes before the first instance: the platform of images, and the setup of processes.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

use crate::support::site::{Site, template};

const ROUTE: &str = "FROM /messages/* INTO $upstream";

/// Answers as an engine for another processor that has no image; nothing else is asked before one is built.
fn engine_of(arch: &'static str, socket: &std::path::Path) {
    let listener = UnixListener::bind(socket).expect("the path is free");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut head = BufReader::new(client.try_clone().expect("a descriptor is free")).lines();
            while let Some(Ok(request)) = head.next() {
                head.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
                let (status, body) = match ["/_ping ", "/version "].iter().any(|path| request.contains(path)) {
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
    let text = template(&["filter"], ROUTE).replace("localhost:1/filter:1.0", "${MODULES.filter}");
    let site = Site::new()
        .file("deployment.template.json", &text)
        .file("modules/filter/module.json", module)
        .file("modules/filter/Dockerfile", "FROM scratch\n");
    let socket = site.folder.path("engine.sock");
    engine_of("arm64", &socket);
    let site = site.variable("DOCKER_HOST", &format!("unix://{}", socket.display()));
    let check = |site: &Site, arguments: &str, platform: &str| {
        let stderr = format!(
            "error: the image of `filter` is missing\n  \
             caused by: `filter:1-{platform}` is not built yet, and `--no-build` is given\n\
             hint: build it with `edgectl build filter`, or leave `--no-build` out\n"
        );
        site.simulate(&format!("--runtime docker --no-build {arguments}")).check(1, "", &stderr);
    };
    check(&site, "", "arm64v8");
    let site = site.file("edgectl.yaml", "simulate: {platform: amd64}\n");
    check(&site, "", "amd64");
    let site = site.file(".env", "DEFAULT_PLATFORM=arm32v7\n");
    check(&site, "", "arm32v7");
    check(&site, "--platform arm64", "arm64v8");
}

#[test]
fn a_setup_says_what_went_wrong_and_nothing_else() {
    let setup = |script: &str| {
        format!(
            r#"{{"image": {{"repository": "filter", "tag": {{"version": "1", "platforms": {{"amd64": "Dockerfile"}}}}}},
            "run": {{"command": ["true"], "setup": [["sh", "-c", "{script}"]]}}}}"#
        )
    };
    let text = template(&["filter"], ROUTE).replace("localhost:1/filter:1.0", "${MODULES.filter}");
    let site = Site::new()
        .file("deployment.template.json", &text)
        .file("modules/filter/Dockerfile", "")
        .file("modules/filter/module.json", &setup("echo one; echo two >&2; exit 3"));
    let path = site.folder.path("modules/filter").canonicalize().expect("it was written");
    let run = site.simulate("--runtime process --yes");
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

    let site = site.file("modules/filter/module.json", &setup("echo one; echo two"));
    let run = site.simulate("--runtime process --yes --duration 0s");
    let lines: Vec<&str> = run.stderr.lines().take(3).collect();
    assert_eq!(lines[0], "       Setup filter: sh -c echo one; echo two");
    assert!(lines[1].starts_with("      Set up filter in ") && lines[2].starts_with("  Simulating "), "{lines:?}");
}
