//! What comes before the first instance: the platform of images, and the setup of processes.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use serde_json::Value;

use crate::support::site::{Site, template};

const ROUTE: &str = "FROM /messages/* INTO $upstream";

/// Answers as an engine that has no image; `rest` is said to what is asked for beside its version.
fn engine_of(arch: &'static str, socket: &Path, rest: impl Fn(&str) -> String + Send + Sync + 'static) {
    let listener = UnixListener::bind(socket).expect("the path is free");
    let rest = Arc::new(rest);
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let rest = Arc::clone(&rest);
            std::thread::spawn(move || {
                let mut head = BufReader::new(client.try_clone().expect("a descriptor is free")).lines();
                while let Some(Ok(request)) = head.next() {
                    let lines = head.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty());
                    let request = lines.fold(request, |head, line| head + "\n" + &line);
                    let (status, body) = match ["/_ping ", "/version "].iter().any(|path| request.contains(path)) {
                        true => ("200 OK", format!(r#"{{"ApiVersion":"1.41","Os":"linux","Arch":"{arch}"}}"#)),
                        false => ("404 Not Found", format!(r#"{{"message":"{}"}}"#, rest(&request))),
                    };
                    let kind = "Content-Type: application/json";
                    let answer = format!("HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    // edgectl has done with it when it has refused what it was asked for.
                    let _ = client.write_all(answer.as_bytes());
                }
            });
        }
    });
}

/// Returns who a pull is for, by its login.
fn user_of(request: &str) -> String {
    let header = request.lines().find_map(|line| line.strip_prefix("x-registry-auth: "));
    let login = header.and_then(|header| BASE64_URL_SAFE.decode(header).ok());
    let login: Option<Value> = login.and_then(|login| serde_json::from_slice(&login).ok());
    login.and_then(|login| Some(login["username"].as_str()?.to_owned())).unwrap_or_else(|| "nobody".to_owned())
}

/// An engine that refuses pulls, and none before so many were asked for; returns what was, with its user.
fn reluctant_engine(socket: &Path, pulls: usize) -> Arc<Mutex<Vec<String>>> {
    let (all, asked) = ((Mutex::new(0), Condvar::new()), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&asked);
    engine_of("amd64", socket, move |request| {
        if !request.contains("/images/create") {
            return "no such image".to_owned();
        }
        let name = request.split("fromImage=localhost%3A1%2F").nth(1).and_then(|rest| rest.split('&').next());
        let name = name.expect("an image of the template").to_owned();
        seen.lock().expect("nobody panicked").push(format!("{name} {}", user_of(request)));
        let (count, is_news) = &all;
        *count.lock().expect("nobody panicked") += 1;
        is_news.notify_all();
        // The one that never comes is missing in the list.
        let waiting = count.lock().expect("nobody panicked");
        drop(is_news.wait_timeout_while(waiting, Duration::from_secs(30), |count| *count < pulls));
        format!("nobody has {name}")
    });
    asked
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
    engine_of("arm64", &socket, |_| "no such image".to_owned());
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

#[test]
fn modules_of_several_devices_are_made_ready_side_by_side_and_each_image_is_pulled_once() {
    let site = Site::new()
        .file("deployment.template.json", &template(&["a", "b"], ROUTE))
        .file("second.json", &template(&["b", "c"], ROUTE));
    let socket = site.folder.path("engine.sock");
    let asked = reluctant_engine(&socket, 3);
    let site = site.variable("DOCKER_HOST", &format!("unix://{}", socket.display()));
    let run = site.simulate("--runtime docker --device one --device two=second.json");
    let why = |name: &str| {
        format!(
            "cannot pull `localhost:1/{name}:1.0`\n  caused by: nobody has {name}\n\
             hint: ask the registry `localhost:1` what it has against it\n\
             hint: leave the module out with `--without {name}`, or run it with `--runtime {name}=process`\n"
        )
    };
    let stderr = format!(
        "error: {}error: {}error: cannot simulate device `two`\n  caused by: {}error: cannot make 4 modules ready\n  \
         caused by: cannot pull `localhost:1/a:1.0`\n  caused by: cannot pull `localhost:1/b:1.0`\n  \
         caused by: cannot pull `localhost:1/c:1.0`\n",
        why("a"),
        why("b"),
        why("c")
    );
    run.check(4, "", &stderr);
    let mut asked = asked.lock().expect("nobody panicked").clone();
    asked.sort();
    assert_eq!(asked, ["a nobody", "b nobody", "c nobody"]);
}

#[test]
fn deployments_of_several_devices_are_made_ready_side_by_side_with_their_own_logins() {
    let before = template(&["y"], ROUTE);
    let settings = r#""runtime": { "type": "docker", "settings": {"#;
    let logins = r#""registryCredentials": {"l": {"address": "localhost:1", "username": "ann", "password": "p"}},"#;
    let site = Site::new()
        .file("deployment.template.json", &before)
        .file("second.json", &before)
        .file("edgectl.yaml", "modules: {y: {runtime: process, command: [sleep, '1000']}}\n")
        .file("b.json", &template(&["y", "b"], ROUTE))
        .file("c.json", &template(&["y", "c"], ROUTE).replace(settings, &format!("{settings} {logins}")));
    let socket = site.folder.path("engine.sock");
    let asked = reluctant_engine(&socket, 2);
    let site = site.variable("DOCKER_HOST", &format!("unix://{}", socket.display()));
    let simulation = site.start_ready("--device one --device two=second.json");
    let deploy = |device: &str, file: &str| {
        let run = site.run(&format!("deploy --apply --hub simulation --device {device} --file {file} --json"));
        (run.status, run.stderr)
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| deploy("one", "b.json"));
        let two = scope.spawn(|| deploy("two", "c.json"));
        (one.join().expect("it ends"), two.join().expect("it ends"))
    });
    assert!(one.0 == Some(4) && one.1.contains("nobody has b"), "{one:?}");
    assert!(two.0 == Some(4) && two.1.contains("nobody has c"), "{two:?}");
    let mut asked = asked.lock().expect("nobody panicked").clone();
    asked.sort();
    assert_eq!(asked, ["b nobody", "c ann"]);
    assert_eq!(simulation.interrupt().status, Some(130));
}
