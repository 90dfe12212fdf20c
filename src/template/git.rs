//! Templates of other people, from a git repository. Calls the program `git`, since it knows the user's keys, proxies
//! and hosts; fetches one commit into a folder that is gone afterwards, and runs no hook.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use super::folder;
use super::manifest::Template;
use crate::failure::{Failure, Kind, OrFail, Outcome};

/// A repository, and what of it is meant: `URL[#REF[:FOLDER]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    url: String,
    /// A branch, a tag or a commit.
    reference: String,
    folder: String,
}

/// Reads the template at a place as the user names it: a folder, else a git repository, fetched below `temporary`.
pub fn load_from(place: &str, temporary: &Path) -> Outcome<Template> {
    let path = Path::new(place);
    if path.is_dir() {
        return folder::load(path, place);
    }
    match Address::parse(place) {
        Some(address) => fetch(&address, temporary),
        None => Err(Failure::request(format!("there is no folder `{place}`"))
            .hint("name a folder, or a git repository such as `https://example.com/templates.git#main`")),
    }
}

impl Address {
    /// Reads `scheme://…` or `host:path`; `None` if it is neither.
    fn parse(place: &str) -> Option<Self> {
        let (url, rest) = place.split_once('#').unwrap_or((place, ""));
        let (reference, folder) = rest.split_once(':').unwrap_or((rest, ""));
        let is_url =
            ["https://", "http://", "ssh://", "git://", "file://"].iter().any(|scheme| url.starts_with(scheme));
        let is_short = !url.contains("::")
            && url.split_once(':').is_some_and(|(host, path)| {
                host.len() > 1 && !path.is_empty() && !host.contains('/') && !host.starts_with('-')
            });
        let reference = if reference.is_empty() { "HEAD" } else { reference };
        (is_url || is_short).then(|| Self {
            url: url.to_owned(),
            reference: reference.to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// The URL without what may be a password.
    fn shown(&self) -> String {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => self.url.clone(),
        }
    }
}

fn fetch(address: &Address, temporary: &Path) -> Outcome<Template> {
    let shown = address.shown();
    let inside = Path::new(&address.folder);
    if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Failure::request(format!("`{}` leads out of the repository `{shown}`", address.folder))
            .hint("name a folder below its top, such as `#main:templates/filter`"));
    }
    let clone = Clone::below(temporary)?;
    git(&clone.0, &["init", "--quiet", "--template="], &shown)?;
    let wanted = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", &address.url];
    git(&clone.0, &[&wanted[..], &[&address.reference]].concat(), &shown)?;
    git(&clone.0, &["checkout", "--quiet", "--detach", "FETCH_HEAD"], &shown)?;
    let name = if address.folder.is_empty() { shown } else { format!("{shown}/{}", address.folder) };
    folder::load(&clone.0.join(inside), &name)
}

/// Runs git in a folder without hooks, questions and programs that the repository names.
fn git(folder: &Path, arguments: &[&str], shown: &str) -> Outcome {
    let ran = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null())
        .output();
    let doing = || format!("cannot fetch the template `{shown}`");
    let output = ran.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::machine(doing())
            .cause("there is no program `git`")
            .hint("install git, or fetch the repository yourself and name its folder"),
        _ => Failure::machine(doing()).cause(error).hint("see whether `git --version` works"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let reason = told.lines().find(|line| line.starts_with("fatal:")).or(told.lines().last()).unwrap_or_default();
    Err(Failure::refused(doing())
        .cause(format!("git says: {}", reason.trim_start_matches("fatal: ")))
        .hint("see whether the URL is right and whether `git` may read it; a branch, tag or commit follows after `#`"))
}

/// A folder of the user's alone, removed when it is no longer needed.
struct Clone(PathBuf);

impl Clone {
    fn below(temporary: &Path) -> Outcome<Self> {
        let path = temporary.join(format!("edgectl-template-{}", uuid::Uuid::new_v4()));
        let mut folder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        let made =
            folder.create(&path).or_fail(Kind::Machine, || format!("cannot make the folder `{}`", path.display()));
        made.map_err(|failure| failure.hint("name another temporary directory in `TMPDIR`"))?;
        Ok(Self(path))
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever clears the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: &str, expected: Option<(&str, &str, &str)>) {
        let parsed = Address::parse(place);
        let found = parsed.as_ref().map(|a| (a.url.as_str(), a.reference.as_str(), a.folder.as_str()));
        assert_eq!(found, expected, "{place}");
    }

    #[test]
    fn an_address_may_name_a_commit_and_a_folder() {
        check("https://h.example/t.git", Some(("https://h.example/t.git", "HEAD", "")));
        check("https://h.example/t#v1", Some(("https://h.example/t", "v1", "")));
        check("git@h.example:a/t.git#main:go/filter", Some(("git@h.example:a/t.git", "main", "go/filter")));
        check("file:///srv/t#:go", Some(("file:///srv/t", "HEAD", "go")));
    }

    #[test]
    fn what_is_no_address_is_told_apart() {
        for place in ["templates/go", "ext::sh -c touch", "-oProxyCommand=x:y", "c:\\templates", "a/b:c"] {
            check(place, None);
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = |place| Address::parse(place).expect("it is one").shown();
        assert_eq!(shown("https://me:secret@h.example/t.git"), "https://h.example/t.git");
        assert_eq!(shown("git@h.example:t.git"), "git@h.example:t.git");
    }
}
