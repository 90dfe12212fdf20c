//! The build context: which files of a folder are sent to the engine, in a fixed order.
//!
//! Files are visited one by one as they are found, so that a context of any size takes little memory. Reading and
//! packing them is the engine's side.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::ignore::{Ignore, Verdict};
use super::plan::BuildPlan;
use crate::failure::{Failure, Kind, OrFail, Outcome};

const IGNORE_FILE: &str = ".dockerignore";

/// A folder to build from, with its ignore rules.
#[derive(Debug, Clone)]
pub struct BuildContext {
    root: PathBuf,
    dockerfile: Dockerfile,
    ignore: Ignore,
    /// Sent whatever the ignore file says, since the engine reads them.
    needed: Vec<PathBuf>,
}

/// Where the Dockerfile is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dockerfile {
    /// In the context, at this path relative to it.
    Inside(PathBuf),
    /// Elsewhere, at this absolute path; it is sent besides the context's files.
    Outside(PathBuf),
}

/// One file, folder or link of the context.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its name in the context, relative.
    pub name: &'a Path,
    /// Of itself, not of what a link points to.
    pub metadata: &'a Metadata,
    /// Whether it is the ignore file, which ignores itself and is sent for the classic builder to read.
    pub is_for_engine: bool,
}

/// Whether the ignore file itself is sent though it ignores itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoreFile {
    /// The classic builder takes it, and the Dockerfile, out of the context by its own reading of it.
    Sent,
    /// Sent like any other file.
    Ordinary,
}

impl BuildContext {
    /// Opens the context of a plan: finds the Dockerfile and reads the ignore file.
    pub fn open(plan: &BuildPlan, ignore_file: IgnoreFile) -> Outcome<Self> {
        let root = open_folder(&plan.context)?;
        let file = plan
            .dockerfile
            .canonicalize()
            .or_fail(Kind::Request, || format!("cannot read the Dockerfile `{}`", plan.dockerfile_shown));
        let file = file.map_err(|failure| failure.hint("correct `image.tag.platforms` in `module.json`"))?;
        let dockerfile = match file.strip_prefix(&root) {
            Ok(name) => Dockerfile::Inside(name.to_owned()),
            Err(_) => Dockerfile::Outside(file.clone()),
        };
        let ignore = load_ignore(&root, &file)?;
        let mut needed = Vec::new();
        if let Dockerfile::Inside(name) = &dockerfile {
            needed.push(name.clone());
        }
        if ignore_file == IgnoreFile::Sent {
            needed.push(PathBuf::from(IGNORE_FILE));
        }
        Ok(Self { root, dockerfile, ignore, needed })
    }

    /// Returns where the Dockerfile is.
    pub fn dockerfile(&self) -> &Dockerfile {
        &self.dockerfile
    }

    /// Visits everything that is sent, folders before their content, sorted by name; stops at the first error.
    pub fn walk(&self, visit: &mut dyn FnMut(Entry<'_>) -> Outcome) -> Outcome {
        let mut walk = Walk { context: self, visit, skipped: Vec::new() };
        walk.folder(Path::new(""), &Verdict::default())
    }
}

struct Walk<'a> {
    context: &'a BuildContext,
    visit: &'a mut dyn FnMut(Entry<'_>) -> Outcome,
    /// Ignored folders above the current one; visited when something in them is kept.
    skipped: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, verdict: &Verdict) -> Outcome {
        for name in sorted_names(&self.context.root.join(folder))? {
            self.child(&folder.join(name), verdict)?;
        }
        Ok(())
    }

    fn child(&mut self, name: &Path, folder: &Verdict) -> Outcome {
        let path = self.context.root.join(name);
        let metadata = match fs::symlink_metadata(&path) {
            // It went away since the folder was listed: as if it had never been there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            metadata => metadata.map_err(|error| unreadable(&path, error))?,
        };
        let verdict = self.context.ignore.judge(name, folder);
        let is_kept = !verdict.is_ignored() || self.context.needed.iter().any(|needed| needed == name);
        if is_kept {
            self.visit_skipped()?;
            let is_for_engine = verdict.is_ignored() && name == Path::new(IGNORE_FILE);
            (self.visit)(Entry { path: &path, name, metadata: &metadata, is_for_engine })?;
            return if metadata.is_dir() { self.folder(name, &verdict) } else { Ok(()) };
        }
        if !metadata.is_dir() || !self.may_keep_below(name) {
            return Ok(());
        }
        self.skipped.push(name.to_owned());
        let walked = self.folder(name, &verdict);
        self.skipped.pop_if(|skipped| skipped == name);
        walked
    }

    fn may_keep_below(&self, name: &Path) -> bool {
        self.context.ignore.may_keep_below(name) || self.context.needed.iter().any(|needed| needed.starts_with(name))
    }

    fn visit_skipped(&mut self) -> Outcome {
        for name in std::mem::take(&mut self.skipped) {
            let path = self.context.root.join(&name);
            let metadata = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, error))?;
            (self.visit)(Entry { path: &path, name: &name, metadata: &metadata, is_for_engine: false })?;
        }
        Ok(())
    }
}

/// A file of the context that cannot be read.
pub fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::request(format!("cannot read `{}` for the build context", path.display()))
        .cause(error)
        .hint("make it readable, or leave it out with a line in `.dockerignore`")
}

fn open_folder(path: &Path) -> Outcome<PathBuf> {
    let root =
        path.canonicalize().or_fail(Kind::Request, || format!("cannot open the build context `{}`", path.display()));
    let root = root.map_err(|failure| failure.hint("correct `image.contextPath` in `module.json`"))?;
    if root.is_dir() {
        return Ok(root);
    }
    let message = format!("the build context `{}` is no folder", path.display());
    Err(Failure::request(message).hint("correct `image.contextPath` in `module.json`"))
}

/// `Dockerfile.arm.dockerignore` beside the Dockerfile comes before the context's `.dockerignore`.
fn load_ignore(root: &Path, dockerfile: &Path) -> Outcome<Ignore> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(IGNORE_FILE);
    for path in [PathBuf::from(own), root.join(IGNORE_FILE)] {
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text.or_fail(Kind::Request, || format!("cannot read `{}`", path.display()))?,
        };
        return Ignore::parse(&String::from_utf8_lossy(&text)).map_err(|error| {
            Failure::request(format!("cannot read `{}`", path.display()))
                .cause(error)
                .hint("correct the line: `!` needs a pattern, `[` needs its `]`, `\\` needs a character to escape")
        });
    }
    Ok(Ignore::default())
}

fn sorted_names(folder: &Path) -> Outcome<Vec<std::ffi::OsString>> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|e| e.map(|e| e.file_name())).collect());
    let mut names: Vec<_> = entries.map_err(|error| unreadable(folder, error))?;
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Reference;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder can be made");
                fs::write(path, text).expect("a file can be written");
            }
            Self(folder)
        }

        fn open(&self, context: &str, dockerfile: &str, ignore_file: IgnoreFile) -> Outcome<BuildContext> {
            let image = Reference::parse("a").expect("it is a reference");
            let plan = BuildPlan::new(image, self.0.path().join(context), self.0.path().join(dockerfile));
            BuildContext::open(&plan, ignore_file)
        }

        fn sent(&self, ignore_file: IgnoreFile) -> Vec<String> {
            let context = self.open("", "Dockerfile", ignore_file).expect("the context can be opened");
            let mut names = Vec::new();
            let visited = context.walk(&mut |entry| {
                names.push(entry.name.display().to_string());
                Ok(())
            });
            visited.expect("everything can be read");
            names
        }
    }

    #[test]
    fn everything_is_visited_in_the_order_of_names() {
        let folder = Folder::new(&[("b/z", ""), ("b/a", ""), ("a", ""), ("Dockerfile", "")]);
        assert_eq!(folder.sent(IgnoreFile::Ordinary), ["Dockerfile", "a", "b", "b/a", "b/z"]);
    }

    #[test]
    fn ignored_folders_appear_only_with_something_kept_in_them() {
        let folder = Folder::new(&[
            ("x/y/keep", ""),
            ("x/y/z", ""),
            ("w/z", ""),
            ("Dockerfile", ""),
            (".dockerignore", "*\n!**/keep"),
        ]);
        assert_eq!(folder.sent(IgnoreFile::Ordinary), ["Dockerfile", "x", "x/y", "x/y/keep"]);
        assert_eq!(folder.sent(IgnoreFile::Sent), [".dockerignore", "Dockerfile", "x", "x/y", "x/y/keep"]);
    }

    #[test]
    fn the_ignore_file_of_the_dockerfile_comes_first() {
        let folder = Folder::new(&[
            ("a", ""),
            ("b", ""),
            ("Dockerfile", ""),
            (".dockerignore", "a"),
            ("Dockerfile.dockerignore", "b"),
        ]);
        assert_eq!(folder.sent(IgnoreFile::Ordinary), [".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "a"]);
    }

    #[test]
    fn a_dockerfile_may_lie_outside_the_context() {
        let folder = Folder::new(&[("src/a", ""), ("Dockerfile", "")]);
        let context = folder.open("src", "Dockerfile", IgnoreFile::Ordinary).expect("the context can be opened");
        let file = folder.0.path().canonicalize().expect("it is there").join("Dockerfile");
        assert_eq!(context.dockerfile(), &Dockerfile::Outside(file));
    }

    #[test]
    fn a_wrong_ignore_file_is_a_failure_with_its_line() {
        let folder = Folder::new(&[("Dockerfile", ""), (".dockerignore", "a\n[")]);
        let failure = folder.open("", "Dockerfile", IgnoreFile::Ordinary).expect_err("the line is wrong");
        assert_eq!((failure.kind(), failure.causes()), (Kind::Request, &["line 2: `[` is no pattern".to_owned()][..]));
    }

    #[test]
    fn a_missing_dockerfile_is_a_failure() {
        let failure =
            Folder::new(&[("a", "")]).open("", "Dockerfile", IgnoreFile::Ordinary).expect_err("it is missing");
        assert_eq!(failure.hints(), ["correct `image.tag.platforms` in `module.json`"]);
    }
}
