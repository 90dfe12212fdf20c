//! Names of images, their build contexts, Dockerfiles, build options and the lock file.

use std::collections::BTreeMap;
use std::path::Path;

use edgectl::image::{BuildPlan, Ignore, ImageLock, LockedImage, Platform, Recipe, Reference, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::json::check_error;
use crate::mutation::mutated_text;

const REFERENCES: &[&str] = &[
    "filter",
    "team/filter:1.0-amd64",
    "localhost:5000/a__b/c-d:latest",
    "[::1]:5000/a",
    "my.azurecr.io/filter:0.1.0.debug",
    "r.io/a:b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];
const SIGNS: &[&str] = &["/", ":", "@", "sha256:", ".", "_", "-", "[", "]", "é", " ", "A", "//", "::", "localhost"];
const DOCKERFILES: &[&str] = &[
    "# escape=`\nARG TAG=1\nFROM --platform=$BUILDPLATFORM r.io/a:${TAG:-2}$TARGETARCH `\n  AS b\nRUN <<EOF cat\nFROM x\nEOF\n",
    "FROM a AS base\nCOPY --from=base --chown=1 / /\nRUN --mount=type=bind,from=c,target=/d ls\nADD --checksum=sha256:1 https://x/y /\n",
    "ARG A=\"x\" B=${A}$A\nfrom scratch\nADD [\"https://x.io/y\", \"/\"]\nARG C=${B:+$B}\nFROM $C\nRUN cat <<-'ONE' <<TWO\n\tONE\nTWO\n",
];
const DOCKER_WORDS: &[&str] = &[
    "FROM ",
    "ARG ",
    "RUN ",
    "COPY --from=",
    "ADD ",
    "<<",
    "<<-\"E\"",
    "\\\n",
    "`\n",
    "#",
    "$",
    "${",
    ":-",
    ":+",
    "}",
    "=",
    "\"",
    "'",
    "--",
    "--mount=",
    "from=",
    "é",
    "\u{feff}",
    "\n",
    "\r\n",
    "\t",
    "scratch",
    "0",
];
const OPTIONS: &[&str] = &[
    "--build-arg A=b --build-arg=C --label \"x y=z\" -m 512m --memory-swap=-1 --shm-size 1.5g",
    "--secret id=a,env=A --ssh default=/s --ulimit nofile=1024:2048 --add-host h:1.2.3.4 --no-cache --pull=false",
    "--cpuset-cpus '0-3,5' --cpu-shares 5 --platform linux/arm64 --target t --cache-from type=registry,ref=a --network host",
];
const OPTION_WORDS: &[&str] =
    &["--", "-", "=", " ", "'", "\"", "\\", ",", ":", "id=", "1e999", "-1", "9999999999999999999999", "é", "kib"];
const LOCK: &[&str] = &["# c\n- {\"module\":\"a\",\"platform\":\"amd64\",\"image\":\"r.io/a:1\",\"digest\":\
     \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"inputs\":\"sha256:1\"}\n\
     - {\"module\":\"b\",\"platform\":\"multi\",\"image\":\"r.io/b:1\",\"digest\":\
     \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}\n"];

/// What a pattern is made of, without `**`, and what a path is.
fn pattern() -> impl Strategy<Value = String> {
    vec(select(&["a", "b", "ab", "*", "?", "a*", "*b", "?a", "[ab]", "[^a]", "\\*", "é"][..]), 1..4)
        .prop_map(|parts| parts.join("/"))
}

fn path() -> impl Strategy<Value = String> {
    vec("[ab*é]{1,2}", 1..4).prop_map(|parts| parts.join("/"))
}

/// Whether a path matches, found out character by character.
fn is_match(pattern: &[char], path: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return path.is_empty() };
    let next = path.first().copied();
    match first {
        '*' => is_match(rest, path) || next.is_some_and(|c| c != '/') && is_match(pattern, &path[1..]),
        '?' => next.is_some_and(|c| c != '/') && is_match(rest, &path[1..]),
        '[' => {
            let end = rest.iter().position(|c| *c == ']').expect("classes are closed");
            let (class, negated) = if rest[0] == '^' { (&rest[1..end], true) } else { (&rest[..end], false) };
            next.is_some_and(|c| class.contains(&c) != negated) && is_match(&rest[end + 1..], &path[1..])
        }
        '\\' => next == Some(rest[0]) && is_match(&rest[1..], &path[1..]),
        c => next == Some(*c) && is_match(rest, &path[1..]),
    }
}

fn is_ignored(ignore: &Ignore, path: &str) -> bool {
    let mut verdict = Verdict::default();
    for folder in Path::new(path).ancestors().collect::<Vec<_>>().iter().rev().skip(1) {
        verdict = ignore.judge(folder, &verdict);
    }
    verdict.is_ignored()
}

proptest! {
    #[test]
    fn a_reference_comes_back_as_it_was_written(text in mutated_text(REFERENCES, SIGNS)) {
        match Reference::parse(&text) {
            Ok(reference) => {
                prop_assert_eq!(reference.to_string(), text.clone());
                prop_assert!(reference.repository().len() <= 255 && reference.repository().is_ascii(), "{}", text);
                let repository = Reference::parse(&reference.repository()).expect("a part of it");
                prop_assert_eq!(repository.registry(), reference.registry());
                let _ = (reference.is_loopback(), reference.path());
            }
            Err(error) => prop_assert!(error.to_string().contains(&text)),
        }
    }

    #[test]
    fn a_platform_comes_back(text in mutated_text(&["linux/arm64/v8", "amd64", "arm32v7", "amd64-gpu"], SIGNS)) {
        if let Ok(platform) = Platform::parse(&text) {
            prop_assert_eq!(Platform::parse(platform.as_str()), Ok(platform.clone()));
            if let Some(oci) = platform.oci() {
                prop_assert_eq!(Platform::parse(oci), Ok(platform.clone()));
            }
        }
    }

    #[test]
    fn files_are_left_out_by_the_last_pattern_that_matches(
        rules in vec((any::<bool>(), pattern()), 0..5),
        path in path(),
    ) {
        let text: String = rules.iter().map(|(keep, pattern)| format!("{}{pattern}\n", if *keep { "!" } else { "" })).collect();
        let ignore = Ignore::parse(&text).expect("every line is a pattern");
        let ways: Vec<Vec<char>> = Path::new(&path).ancestors().filter(|way| *way != Path::new("")).map(|way| way.to_string_lossy().chars().collect()).collect();
        let matches = |pattern: &str| ways.iter().any(|way| is_match(&pattern.chars().collect::<Vec<_>>(), way));
        let last = rules.iter().rfind(|(_, pattern)| matches(pattern));
        prop_assert_eq!(is_ignored(&ignore, &path), last.is_some_and(|(keep, _)| !keep), "{:?} by {:?}", path, text);
        // What an exception keeps in an ignored folder is found when the folder is walked.
        if !is_ignored(&ignore, &path) {
            let folders = Path::new(&path).ancestors().skip(1).filter(|folder| *folder != Path::new(""));
            for folder in folders.filter(|folder| is_ignored(&ignore, &folder.to_string_lossy())) {
                prop_assert!(ignore.may_keep_below(folder), "{:?} in {:?} by {:?}", path, folder, text);
            }
        }
    }

    #[test]
    fn any_ignore_file_is_read_or_refused_at_a_line(
        text in mutated_text(&["*.md\n!README*\n# c\n**/a\n/b/../c//.\nd[a-z^]\\?\n"], &["**", "*", "!", "[", "]", "^", "-", "\\", "/", "\n", "é"]),
        path in path(),
    ) {
        match Ignore::parse(&text) {
            Ok(ignore) => drop((is_ignored(&ignore, &path), ignore.may_keep_below(Path::new(&path)))),
            Err(error) => {
                let line = text.trim_start_matches('\u{feff}').lines().nth(error.line - 1).expect("it has the line");
                prop_assert_eq!(line.trim(), error.text);
            }
        }
    }

    #[test]
    fn a_dockerfile_names_images_or_is_left_to_the_engine(text in mutated_text(DOCKERFILES, DOCKER_WORDS)) {
        let args = BTreeMap::from([("TAG".to_owned(), "9$A${B}".to_owned())]);
        let recipe = Recipe::read(&text, &args, Some("linux/arm64"));
        prop_assert_eq!(&Recipe::read(&text, &args, Some("linux/arm64")), &recipe);
        for base in recipe.bases {
            prop_assert_eq!(Reference::parse(&base.to_string()), Ok(base));
        }
    }

    #[test]
    fn build_options_are_applied_or_refused(text in mutated_text(OPTIONS, OPTION_WORDS)) {
        let plan = || BuildPlan::new(Reference::parse("a:1").expect("a name"), "/c", "/c/Dockerfile");
        let apply = |words: &[String]| {
            let mut plan = plan();
            plan.apply_options(words, &|name| (name == "A").then(|| "b".to_owned())).map(|()| plan)
        };
        match apply(std::slice::from_ref(&text)) {
            Ok(plan) => prop_assert_eq!(apply(&["--pull".to_owned(), "--pull=false".to_owned(), text]), Ok(plan)),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn a_lock_is_read_or_refused_at_a_place(text in mutated_text(LOCK, &["\"", "{", "}", ",", "- ", "\n", "sha256:", "a", ":", "é", "\\"])) {
        match ImageLock::parse(&text) {
            Ok(lock) => prop_assert_eq!(ImageLock::parse(&lock.render()).expect("as it was written").render(), lock.render()),
            Err(error) => check_error(&text, &error),
        }
    }

    #[test]
    fn what_is_recorded_is_found(images in vec(("[a-c\"é]{1,3}", "[a-c]", 0..3_u8), 0..6)) {
        let digest = |number: u8| format!("sha256:{}", number.to_string().repeat(64));
        let mut lock = ImageLock::default();
        for (module, tag, number) in &images {
            let image = format!("r.io/m:{tag}");
            lock.record(LockedImage { module: module.clone(), platform: "amd64".into(), image, digest: digest(*number), inputs: None });
        }
        let again = ImageLock::parse(&lock.render()).expect("as it was written");
        for (position, (module, tag, number)) in images.iter().enumerate() {
            let is_last = !images[position + 1..].iter().any(|(other, of, _)| (other, of) == (module, tag));
            let found = again.find(module, "amd64", &format!("r.io/m:{tag}")).expect("it was recorded");
            prop_assert!(!is_last || found.digest == digest(*number));
        }
    }
}
