//! The help texts, the completion scripts and the usage errors.
//!
//! `EDGECTL_BLESS=1 cargo test --test help` writes `completions/` anew.

mod support;

use std::fs;
use std::path::Path;

use support::Folder;

/// Every command that is shown, as it is typed.
fn commands() -> Vec<String> {
    let mut found = vec![String::new()];
    let mut next = 0;
    while let Some(command) = found.get(next).cloned() {
        found.extend(subcommands(&command));
        next += 1;
    }
    found
}

fn subcommands(command: &str) -> Vec<String> {
    let help = help(command, "-h");
    let listed = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let listed = listed.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    listed.filter(|name| *name != "help").map(|name| format!("{command} {name}").trim().to_owned()).collect()
}

#[track_caller]
fn help(command: &str, flag: &str) -> String {
    let run = Folder::new().run(&format!("{command} {flag}"));
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{command} {flag}");
    run.stdout
}

#[test]
fn the_commands_are_these() {
    assert_eq!(
        commands().join("\n"),
        "\nnew\nbuild\npush\ndeploy\ndeployment\nsimulate\nps\nlogs\nrestart\nstop\ntwin\ncall\nsend\nmonitor\nupstream\n\
            device\ncredentials\ncheck\nclean\ncompletions\nnew solution\nnew module\nnew list\nnew ci\n\
            deployment list\ndeployment show\ndeployment delete\ntwin show\ntwin patch\ntwin replace\n\
            device add\ndevice list\ndevice disable\ndevice enable\ndevice purge\ndevice remove"
    );
}

#[test]
fn short_help_fits_on_a_screen() {
    for command in commands() {
        let help = help(&command, "-h");
        let lines = help.lines().count();
        assert!(lines <= 60, "`edgectl {command} -h` has {lines} lines");
    }
}

#[test]
fn help_is_at_most_100_columns_wide() {
    for command in commands() {
        for flag in ["-h", "--help"] {
            let help = help(&command, flag);
            let widest = help.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
            assert!(widest.chars().count() <= 100, "`edgectl {command} {flag}` is wider: {widest}");
        }
    }
}

#[test]
fn help_begins_with_one_short_line_without_a_full_stop() {
    for command in commands() {
        let long = help(&command, "--help");
        let first = long.lines().next().unwrap_or_default();
        assert!(first.chars().count() <= 70, "`edgectl {command}`: {first}");
        assert!(!first.ends_with('.'), "`edgectl {command}`: {first}");
        assert_eq!(help(&command, "-h").lines().next(), Some(first), "`edgectl {command}`");
    }
}

#[test]
fn help_ends_with_examples_of_this_command() {
    for command in commands() {
        for flag in ["-h", "--help"] {
            let help = help(&command, flag);
            let (_, examples) = help
                .rsplit_once("\nExamples:\n")
                .or_else(|| help.rsplit_once("\nExample:\n"))
                .unwrap_or_else(|| panic!("`edgectl {command} {flag}` shows no example"));
            for example in examples.lines() {
                let shown = example.starts_with("  ") && example.contains(format!("edgectl {command}").trim_end());
                assert!(shown, "`edgectl {command} {flag}` shows as example: {example}");
            }
        }
    }
}

#[test]
fn defaults_and_repetitions_are_written_in_one_way() {
    for command in commands() {
        let help = help(&command, "--help").split_whitespace().collect::<Vec<_>>().join(" ");
        for other in ["(default", "by default", "; default", "(repeatable", "may be repeated"] {
            assert!(!help.contains(other), "`edgectl {command} --help` says `{other}`");
        }
    }
}

#[test]
fn version_is_that_of_the_package() {
    for flag in ["--version", "-V"] {
        Folder::new().run(flag).check(0, concat!("edgectl ", env!("CARGO_PKG_VERSION"), "\n"), "");
    }
}

#[test]
fn an_unknown_command_is_corrected() {
    Folder::new().run("simulat").check(
        2,
        "",
        "error: unrecognized subcommand 'simulat'\n\n  tip: a similar subcommand exists: 'simulate'\n\n\
            Usage: edgectl [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n",
    );
}

#[test]
fn an_unknown_flag_is_corrected() {
    Folder::new().run("simulate --detatch").check(
        2,
        "",
        "error: unexpected argument '--detatch' found\n\n  tip: a similar argument exists: '--detach'\n\n\
            Usage: edgectl simulate --detach\n\nFor more information, try '--help'.\n",
    );
}

#[test]
fn a_usage_error_is_json_where_json_is_asked_for() {
    Folder::new().run("ps --json --all").check(
        2,
        "",
        "{\"error\":{\"message\":\"unexpected argument '--all' found\",\"causes\":[],\
            \"hints\":[\"see `edgectl --help`\"]}}\n",
    );
}

#[test]
fn a_usage_error_in_json_is_whole() {
    let error = |arguments: &str| {
        let run = Folder::new().run(arguments);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        run.stderr
    };
    assert_eq!(
        error("call --json"),
        "{\"error\":{\"message\":\"the following required arguments were not provided: <TARGET> <METHOD>\",\
            \"causes\":[],\"hints\":[\"see `edgectl --help`\"]}}\n"
    );
    assert_eq!(
        error("simulate --detatch --json"),
        "{\"error\":{\"message\":\"unexpected argument '--detatch' found\",\"causes\":[],\
            \"hints\":[\"a similar argument exists: '--detach'\",\"see `edgectl --help`\"]}}\n"
    );
}

#[test]
fn a_hidden_command_is_offered_nowhere() {
    let folder = Folder::new();
    assert!(!help("", "--help").contains("demo-module"));
    for (shell, _) in COMPLETIONS {
        let script = folder.run(&format!("completions {shell}")).stdout;
        assert!(script.contains("credentials") && !script.contains("demo-module"), "{shell}");
    }
}

/// Every shell and the file that its script is kept in, under the name that the shell looks for.
const COMPLETIONS: [(&str, &str); 5] = [
    ("bash", "edgectl.bash"),
    ("elvish", "edgectl.elv"),
    ("fish", "edgectl.fish"),
    ("powershell", "_edgectl.ps1"),
    ("zsh", "_edgectl"),
];

#[test]
fn the_files_in_completions_are_what_the_command_prints() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, file) in COMPLETIONS {
        let run = Folder::new().run(&format!("completions {shell}"));
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{shell}");
        if std::env::var_os("EDGECTL_BLESS").is_some() {
            fs::create_dir_all(&kept).expect("a folder can be made");
            fs::write(kept.join(file), &run.stdout).expect("a file can be written");
        }
        let found = fs::read_to_string(kept.join(file)).unwrap_or_default();
        assert!(found == run.stdout, "completions/{file} is stale: run `EDGECTL_BLESS=1 cargo test --test help`");
    }
}
