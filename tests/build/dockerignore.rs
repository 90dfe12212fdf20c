//! `.dockerignore`: case files in `tests/data/dockerignore`, and docker itself as the oracle where it is.
//!
//! A case has three parts between lines of `---`: the ignore file, the files of the context, and those that are sent.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use edgectl::image::{BuildContext, BuildPlan, IgnoreFile, Reference};

use crate::parts::{BUILDERS, Own, docker, engine};
use crate::support::Folder;

struct Case {
    name: String,
    ignore: String,
    files: Vec<String>,
    sent: BTreeSet<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dockerignore");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| read_case(path)).collect()
}

fn read_case(path: &Path) -> Case {
    let text = fs::read_to_string(path).expect("a case is text");
    let [ignore, files, sent] = text.split("---\n").collect::<Vec<_>>()[..] else {
        panic!("{} has no three parts", path.display())
    };
    Case {
        name: path.file_stem().expect("it has a name").to_string_lossy().into_owned(),
        ignore: ignore.to_owned(),
        files: files.lines().map(str::to_owned).collect(),
        sent: sent.lines().map(str::to_owned).collect(),
    }
}

impl Case {
    /// The context, with the Dockerfile beside it, so that only the case's own files are in it.
    fn folder(&self, repository: &str) -> Folder {
        let module = r#"{"image": {"repository": "REPOSITORY", "contextPath": "context",
            "tag": {"version": "1", "platforms": {"amd64": "context/Dockerfile"}}}}"#;
        let folder = Folder::new()
            .file("modules/ignored/module.json", &module.replace("REPOSITORY", repository))
            .file("modules/ignored/context/Dockerfile", "FROM scratch\nCOPY . /context/\n")
            .file("modules/ignored/context/.dockerignore", &self.ignore);
        self.files.iter().fold(folder, |folder, file| folder.file(&format!("modules/ignored/context/{file}"), ""))
    }
}

/// Files only: which folders come along with them is compared with docker's own images.
fn walked(folder: &Folder) -> BTreeSet<String> {
    let context = folder.path("modules/ignored/context");
    let image = Reference::parse("a").expect("it is a reference");
    let plan = BuildPlan::new(image, &context, context.join("Dockerfile"));
    let context = BuildContext::open(&plan, IgnoreFile::Ordinary).expect("the ignore file is right");
    let mut files = BTreeSet::new();
    let walked = context.walk(&mut |entry| {
        if entry.metadata.is_file() {
            files.insert(entry.name.display().to_string());
        }
        Ok(())
    });
    walked.expect("everything can be read");
    files
}

#[test]
fn what_is_sent_is_what_the_cases_say() {
    for case in cases() {
        let mut sent = walked(&case.folder("ignored"));
        // It is always sent.
        sent.remove("Dockerfile");
        sent.remove(".dockerignore");
        assert_eq!(sent, case.sent, "{}", case.name);
    }
}

#[test]
fn docker_itself_sends_the_same() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let (oracle, ignored) = (own.name("oracle:1"), own.name("ignored:1-amd64"));
    for case in cases() {
        let folder = case.folder(&own.name("ignored"));
        let context = folder.path("modules/ignored/context");
        // Another test may be removing what a cache has of an earlier run.
        docker(&["build", "--no-cache", "--quiet", "--tag", &oracle, &context.to_string_lossy()]);
        let expected = content(&oracle);
        for builder in BUILDERS {
            folder.run_args(&["build", "--no-cache", "--quiet", "--builder", builder]).check(
                0,
                &format!("{ignored}\n"),
                "",
            );
            let got = content(&ignored);
            assert_eq!(got, expected, "{} with {builder}", case.name);
        }
    }
}

/// What `COPY . /context/` brought, without the Dockerfile, which BuildKit cannot be kept from copying.
fn content(image: &str) -> BTreeSet<String> {
    let container = docker(&["create", image, "none"]);
    let container = String::from_utf8(container).expect("an id is text").trim().to_owned();
    let exported = docker(&["export", &container]);
    docker(&["rm", &container]);
    let mut archive = tar::Archive::new(&exported[..]);
    let entries = archive.entries().expect("an export is an archive");
    let names = entries.map(|entry| entry.expect("it is whole").path().expect("it is a path").display().to_string());
    let names =
        names.filter_map(|name| name.strip_prefix("context/").map(|name| name.trim_end_matches('/').to_owned()));
    names.filter(|name| !name.is_empty() && name != "Dockerfile").collect()
}
