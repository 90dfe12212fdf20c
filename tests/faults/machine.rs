//! A machine that is not ready: no room, no permission. Some of it only root can bring about.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::parts::part;
use crate::support::site::{Site, template};
use crate::support::wire::Client;

/// A mount that is gone after the test.
struct Mount(PathBuf);

impl Mount {
    /// Mounts over a folder; `None` if this user may not, which is said.
    fn over(folder: &Path, arguments: &[&str]) -> Option<Self> {
        let mounted = Command::new("mount").args(arguments).arg(folder).output();
        if mounted.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self(folder.to_owned()));
        }
        part("EDGECTL_TEST_ROOT")?;
        panic!("root may mount: {mounted:?}")
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let done = Command::new("mount").args(["-o", &options]).arg(&self.0).status().expect("mount is there");
        assert!(done.success(), "mount -o {options}");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A simulation that has just ended may still hold it for a moment.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_ends_the_simulation_and_loses_nothing() {
    let site = Site::new();
    let Some(mount) = Mount::over(&site.root(), &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) else { return };
    let simulation = site.start_ready("--external m --device d");
    let body = "x".repeat(50_000);
    let mut acknowledged = 0;
    let refused = loop {
        let data = format!("{acknowledged} {body}");
        let run = site.folder.run_args(&["send", "m/inputs/i", "--data", &data]);
        if run.status != Some(0) {
            break run;
        }
        acknowledged += 1;
        assert!(acknowledged < 100, "1 MB is not without end");
    };
    let log = format!("{}/.edgectl/devices/d/queues", site.root().display());
    let (cause, rest) = refused.stderr.split_once(" `/").expect("it names a file");
    let path = rest.split_once('`').expect("a path ends").0;
    assert!(format!("/{path}").starts_with(&log), "{path}");
    assert_eq!(cause, "error: cannot store messages any more\n  caused by: cannot write");
    let stderr = format!(
        "\
error: cannot store messages any more
  caused by: cannot write `/{path}`
  caused by: No space left on device (os error 28)
hint: make room on the disk; what was acknowledged is kept, the rest will be sent again
"
    );
    refused.check(3, "", &stderr);
    let run = simulation.end();
    let document = json!({ "error": {
        "message": "cannot store messages any more",
        "causes": [format!("cannot write `/{path}`"), "No space left on device (os error 28)"],
        "hints": ["make room on the disk; what was acknowledged is kept, the rest will be sent again"],
    } });
    assert_eq!((run.status, run.stderr), (Some(3), format!("{document}\n")));
    mount.remount("size=20m");
    let _simulation = site.start_ready("--external m --device d");
    let received = Client::login(&site, "m").receive_inputs(acknowledged);
    let expected: Vec<String> = (0..acknowledged).map(|n| format!("{n} {body}")).collect();
    assert!(received == expected, "all {acknowledged} that were acknowledged come, in order");
}

#[test]
fn a_full_disk_at_the_start_is_told() {
    let site = Site::new();
    let Some(mount) = Mount::over(&site.root(), &["-t", "tmpfs", "-o", "size=64k", "tmpfs"]) else { return };
    let filler = site.folder.path("filler");
    let fill = || drop(std::fs::write(&filler, vec![0; 1 << 20]));
    let root = site.root().display().to_string();
    let full = |doing: &str| {
        format!(
            "error: {doing}\n  caused by: No space left on device (os error 28)\nhint: make room on the disk and try again\n"
        )
    };
    fill();
    site.simulate("--external m").check(3, "", &full(&format!("cannot make the state folder `{root}/.edgectl`")));
    mount.remount("size=128k");
    std::fs::create_dir_all(site.folder.path(".edgectl")).expect("there is room");
    site.folder.write(".edgectl/.gitignore", "*\n");
    fill();
    site.simulate("--external m").check(3, "", &full(&format!("cannot lock `{root}/.edgectl/lock`")));
    assert!(!site.folder.path(".edgectl/run.json").exists(), "nothing seems to run");
    std::fs::remove_file(&filler).expect("it was written above");
    site.simulate("--external m --duration 0s --quiet").check(0, "", "");
}

#[test]
fn a_read_only_folder_is_told() {
    let site = Site::new();
    let Some(mount) = Mount::over(&site.root(), &["-t", "tmpfs", "tmpfs"]) else { return };
    let site = site.file("deployment.template.json", &template(&["m"], "FROM /messages/* INTO $upstream"));
    mount.remount("ro");
    let root = site.root().display().to_string();
    let stderr = format!(
        "\
error: cannot make the state folder `{root}/.edgectl`
  caused by: Read-only file system (os error 30)
hint: make the solution's folder writable
"
    );
    site.simulate("--external m").check(3, "", &stderr);
    site.simulate("--external m --detach").check(3, "", &stderr);
    let stderr = "\
error: cannot write `config/deployment.json`
  caused by: Read-only file system (os error 30)
hint: make that place writable
";
    site.run("deploy --allow container-name").check(3, "", stderr);
    for (command, path) in
        [("new module filter --template python --yes", "modules/filter"), ("new solution s --yes", "s")]
    {
        let stderr = format!(
            "\
error: cannot write `{path}`, so nothing was written
  caused by: Read-only file system (os error 30)
hint: make the folder writable
"
        );
        site.run(command).check(3, "", &stderr);
    }
    mount.remount("rw");
    site.simulate("--external m --duration 0s --quiet").check(0, "", "");
    mount.remount("ro");
    let stderr = format!(
        "error: cannot lock `{root}/.edgectl/lock`\n  caused by: Read-only file system (os error 30)\n\
         hint: make the solution's folder writable\n"
    );
    site.simulate("--external m").check(3, "", &stderr);
}

#[test]
fn results_on_a_full_disk_are_an_error() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], "FROM /messages/* INTO $upstream"));
    let full = std::fs::File::create("/dev/full").expect("it is Linux");
    let mut command = site.folder.command(&["new", "list"]);
    let output = command.stdout(full).output().expect("started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let expected = "\
error: cannot write to stdout
  caused by: No space left on device (os error 28)
hint: send the output to a file on a disk with room, or to the terminal
";
    assert_eq!((output.status.code(), stderr.as_ref()), (Some(3), expected));
}
