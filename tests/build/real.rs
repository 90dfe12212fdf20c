//! Builds in the real engine.

use std::io::{BufRead, BufReader};
use std::process::Command;

use crate::parts::{BASE, BUILDERS, Own, docker, engine};
use crate::support::{Run, is_running};

pub(crate) fn message_and_hints(run: &Run) -> (String, Vec<String>) {
    let document: serde_json::Value = serde_json::from_str(&run.stderr).expect("stderr is one document");
    let texts = document["error"]["hints"].as_array().expect("hints are a list").iter();
    let hints = texts.map(|hint| hint.as_str().expect("a hint is text").to_owned()).collect();
    (document["error"]["message"].as_str().expect("the message is text").to_owned(), hints)
}

#[test]
fn a_built_image_is_in_the_engine_and_is_not_built_twice() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    for builder in BUILDERS {
        let folder = own
            .solution("ARG WHO=nobody\nCOPY a /a\nRUN echo $WHO > /who && ls -l /a >> /who")
            .file("modules/filter/a", builder);
        let built =
            folder.run_args(&["build", "--json", "--builder", builder, "--build-arg", "WHO=me", "--no-cache"]).json();
        assert_eq!((&built[0]["image"], &built[0]["cached"]), (&image.as_str().into(), &false.into()), "{built}");
        assert_eq!(docker(&["run", "--rm", &image, "cat", "/a"]), builder.as_bytes());
        assert!(docker(&["run", "--rm", &image, "cat", "/who"]).starts_with(b"me\n"));
        let id = docker(&["image", "inspect", "--format", "{{.Id}}", &image]);
        assert_eq!(built[0]["id"], String::from_utf8_lossy(&id).trim());
        let again = folder.run_args(&["build", "--json", "--builder", builder, "--build-arg", "WHO=me"]).json();
        assert_eq!((&again[0]["cached"], &again[0]["id"]), (&true.into(), &built[0]["id"]), "{again}");
    }
}

/// What one change of a module's folder does to its next build.
type Change<'a> = (&'static str, &'a dyn Fn(&crate::support::Folder), bool);

#[test]
fn only_what_changed_is_built_again() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let (moving, other) = (own.name("moving:1"), own.name("other:1-amd64"));
    let changes: [Change; 6] = [
        ("nothing", &|_| (), true),
        ("an ignored file", &|folder| folder.write("modules/filter/x.log", "x"), true),
        ("a file", &|folder| folder.write("modules/filter/a", "2"), false),
        ("its name", &|folder| folder.write("modules/filter/b", ""), false),
        (
            "the Dockerfile",
            &|folder| folder.write("modules/filter/Dockerfile", &format!("FROM {moving}\nCOPY a /\n")),
            false,
        ),
        ("the base", &|_| drop(docker(&["tag", &other, &moving])), false),
    ];
    for builder in BUILDERS {
        docker(&["tag", BASE, &moving]);
        let of_other = own.solution("RUN echo other > /other");
        of_other.write("modules/filter/module.json", &own.module("other", r#""amd64": "Dockerfile""#));
        of_other.run_args(&["build", "--quiet", "--builder", builder]);
        let folder = own
            .solution("")
            .file("modules/filter/Dockerfile", &format!("FROM {moving}\nCOPY . /\n"))
            .file("modules/filter/.dockerignore", "*.log\n")
            .file("modules/filter/a", "1");
        let build = |arguments: &[&str]| {
            let run = folder.run_args(&[&["build", "--builder", builder], arguments].concat());
            assert_eq!(run.status, Some(0), "{}", run.stderr);
            run.stderr.trim_start().starts_with(&format!("Unchanged `{}`", own.image()))
        };
        build(&[]);
        for (change, apply, unchanged) in &changes {
            apply(&folder);
            assert_eq!(build(&[]), *unchanged, "{change} has changed, {builder}");
            assert!(build(&[]), "{change} had changed, {builder}");
        }
        assert!(!build(&["--build-arg", "A=b"]));
        assert!(!build(&["--no-cache"]));
        assert!(build(&[]), "what ran without the cache is of the same files");
    }
}

#[test]
fn with_fail_fast_the_others_are_cancelled() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    for builder in BUILDERS {
        // A number that no other process sleeps for.
        let nap = format!("7{}.{builder}", std::process::id()).replace(".buildkit", "1").replace(".classic", "2");
        let slow = own.module("slow", r#""amd64": "Dockerfile""#);
        let folder = own
            .solution("RUN sleep 1; exit 1")
            .file("modules/slow/module.json", &slow)
            .file("modules/slow/Dockerfile", &format!("FROM {BASE}\nRUN sleep {nap}\n"));
        folder.run_args(&["build", "--fail-fast", "--no-cache", "--jobs", "2", "--builder", builder]).check(
            4,
            "",
            &format!(
                "error: cannot build `{image}`\n  caused by: step `[2/2] RUN sleep 1; exit 1` ended with exit code 1\n\
                 hint: correct that step in `modules/filter/Dockerfile`, then build again\n\
                 error: cannot finish 2 of 2 images\n  caused by: cannot build `{image}`\n  \
                 caused by: `--fail-fast` cancelled 1 image\n"
            ),
        );
        assert!(wait_until(|| !is_running(&nap)), "the step still runs with {builder}");
    }
}

#[test]
fn a_failing_step_shows_its_own_output() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    for builder in BUILDERS {
        let folder = own.solution("RUN echo before\nRUN echo one; echo two; exit 3");
        folder.run_args(&["build", "--no-cache", "--builder", builder]).check(
            4,
            "",
            &format!(
                "error: cannot build `{image}`\n  caused by: step `[3/3] RUN echo one; echo two; exit 3` ended with exit code 3\n\
                 one\ntwo\nhint: correct that step in `modules/filter/Dockerfile`, then build again\n"
            ),
        );
    }
}

#[test]
fn a_dockerfile_that_is_wrong_is_quoted() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    for builder in BUILDERS {
        own.solution("FOO bar").run_args(&["build", "--builder", builder]).check(
            4,
            "",
            &format!(
                "error: cannot build `{image}`\n  caused by: dockerfile parse error line 2: unknown instruction: FOO\n\
                 hint: correct `modules/filter/Dockerfile`, then build again\n"
            ),
        );
    }
}

#[test]
fn a_base_image_that_is_not_there_is_named() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    let registry = "127.0.0.1:1";
    for builder in BUILDERS {
        let folder = own.solution("").file("modules/filter/Dockerfile", "FROM 127.0.0.1:1/no/base:1\n");
        let run = folder.run_args(&["build", "--json", "--builder", builder]);
        let hints = [
            format!("see whether the registry `{registry}` is up and can be reached from the engine"),
            "correct `FROM` in `modules/filter/Dockerfile` if another image is meant".to_owned(),
        ];
        assert_eq!(run.status, Some(4));
        assert_eq!(message_and_hints(&run), (format!("cannot build `{image}`"), hints.to_vec()));
    }
}

#[test]
fn the_other_modules_finish_when_one_fails() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    let other = own.module("other", r#""amd64": "Dockerfile""#);
    let folder = own
        .solution("RUN exit 1")
        .file("modules/other/module.json", &other)
        .file("modules/other/Dockerfile", &format!("FROM {BASE}\n"));
    folder.run("build --quiet").check(
        4,
        &format!("{}\n", own.name("other:1-amd64")),
        &format!(
            "error: cannot build `{image}`\n  caused by: step `[2/2] RUN exit 1` ended with exit code 1\n\
             error: cannot finish 1 of 2 images\n  caused by: cannot build `{image}`\n"
        ),
    );
}

#[test]
fn an_interrupt_ends_the_build_in_the_engine_too() {
    if !engine() {
        return;
    }
    let own = Own::new();
    for builder in BUILDERS {
        // A number that no other process sleeps for.
        let nap = format!("6{}.{builder}", std::process::id()).replace(".buildkit", "1").replace(".classic", "2");
        let folder = own.solution(&format!("RUN echo asleep; sleep {nap}"));
        let mut child =
            folder.command(&["build", "--verbose", "--no-cache", "--builder", builder]).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        assert!(lines.by_ref().any(|line| line.expect("it is text") == "filter | asleep"), "the step runs");
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts").success());
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
        assert_eq!(lines.last().expect("something is said").expect("it is text"), "error: interrupted");
        let ended = wait_until(|| !is_running(&nap));
        assert!(ended, "the step still runs with {builder}");
    }
}

#[test]
fn a_file_that_cannot_be_read_ends_the_build_with_its_name() {
    // Root reads everything; the engine's socket may be open to a group that somebody else can be given.
    let Some(group) = socket_group().filter(|_| engine()) else { return };
    let own = Own::new();
    for builder in BUILDERS {
        let folder = own.solution("COPY secret /").file("modules/filter/secret", "");
        let secret = folder.path("modules/filter/secret").canonicalize().expect("it is there");
        let run = as_nobody(&folder, group, &["build", "--quiet", "--builder", builder], &secret);
        run.check(
            1,
            "",
            &format!(
                "error: cannot read `{}` for the build context\n  caused by: Permission denied (os error 13)\n",
                secret.display()
            ),
        );
    }
}

fn wait_until(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::time::Instant::now() < deadline {
        if condition() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

fn socket_group() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let socket = std::fs::metadata("/var/run/docker.sock").ok()?;
    let is_root = std::fs::metadata("/proc/self").ok()?.uid() == 0;
    (is_root && socket.mode() & 0o060 == 0o060 && socket.gid() != 0).then_some(socket.gid())
}

fn as_nobody(folder: &crate::support::Folder, group: u32, arguments: &[&str], secret: &std::path::Path) -> Run {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let program = folder.path("edgectl");
    // The build folder may be closed to others.
    std::fs::copy(env!("CARGO_BIN_EXE_edgectl"), &program).expect("it can be copied");
    let root = folder.path("..");
    std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder.path("")).env_clear().uid(65534).gid(group);
    let output = command.output().expect("it starts");
    Run {
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        status: output.status.code(),
    }
}

#[test]
fn secrets_and_agents_reach_their_steps_and_no_image() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    let dockerfile = "RUN --mount=type=secret,id=token --mount=type=secret,id=file \
        cat /run/secrets/token /run/secrets/file > /dev/null && cat /run/secrets/token /run/secrets/file | \
        while read -r line; do echo \"${#line}\" >> /lengths; done\n\
        RUN --mount=type=ssh ls -l $SSH_AUTH_SOCK > /dev/null";
    let folder = own
        .solution("")
        .file("secret.txt", "from a file\n")
        .file("modules/filter/Dockerfile", &format!("FROM {BASE}\n{dockerfile}\n"));
    let socket = folder.path("agent.sock");
    let _agent = std::os::unix::net::UnixListener::bind(&socket).expect("a socket can be made");
    let folder = folder.variable("TOKEN", "hunter2\n").variable("SSH_AUTH_SOCK", &socket.to_string_lossy());
    let secrets = ["--secret", "id=token,env=TOKEN", "--secret", "id=file,src=secret.txt", "--ssh", "default"];
    let build = [&["build", "--no-cache", "--verbose"], &secrets[..]].concat();
    let run = folder.run_args(&build);
    assert_eq!((run.status, run.stderr.contains("hunter2")), (Some(0), false), "{}", run.stderr);
    assert_eq!(docker(&["run", "--rm", &image, "cat", "/lengths"]), b"7\n11\n");
    let history = docker(&["history", "--no-trunc", &image]);
    assert!(!String::from_utf8_lossy(&history).contains("hunter2"));
    let refused = folder.run_args(&[&build[..], &["--builder", "classic"]].concat());
    refused.check(
        1,
        "",
        &format!(
            "{image}\nfilter: every step is to run\nerror: cannot build `{image}`\n  \
             caused by: `--secret` and `--ssh` need BuildKit, and this is the classic builder\n\
             hint: build with `--builder buildkit`, or take the options out of `image.buildOptions`\n"
        ),
    );
}

#[test]
fn a_missing_emulator_is_told_before_the_build() {
    let is_there = std::path::Path::new("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists();
    if !engine() || is_there || cfg!(not(target_arch = "x86_64")) {
        return;
    }
    let own = Own::new();
    let module = own.module("filter", r#""arm64v8": "Dockerfile""#);
    let told = "warning: filter: no emulator runs steps of linux/arm64 on this machine: install one with \
        `docker run --privileged --rm tonistiigi/binfmt --install arm64`, or `sudo apt-get install qemu-user-static`";
    let folder = own.solution("RUN echo").file("modules/filter/module.json", &module);
    let run = folder.run("build --platform linux/arm64");
    assert_eq!((run.status, run.stderr.lines().next()), (Some(4), Some(told)));
    folder.write("modules/filter/Dockerfile", "FROM scratch\nCOPY . /\n");
    assert_eq!(folder.run("build --quiet --platform linux/arm64").stderr, "");
}

#[test]
fn the_image_with_a_debugger_is_built_of_its_own_dockerfile() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let image = own.image();
    let module = own.module("filter", r#""amd64": "Dockerfile", "amd64.debug": "Dockerfile.debug""#);
    let folder = own
        .solution("RUN exit 1")
        .file("modules/filter/module.json", &module)
        .file("modules/filter/Dockerfile.debug", &format!("FROM {BASE}\nRUN echo debug > /debug\n"));
    folder.run("build --debug --quiet").check(0, &format!("{image}.debug\n"), "");
}
