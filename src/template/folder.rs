//! Templates of other people, from a folder: read whole before anything is made, and never executed.

use std::fs;
use std::path::Path;

use super::manifest::{Found, Purpose, Template};
use super::render::Source;
use crate::failure::{Failure, Kind, OrFail, Outcome};

const MANIFEST: &str = "template.yaml";
const MOST_FILES: usize = 2000;
const MOST_BYTES: u64 = 16 << 20;

/// Reads the template of a module in a folder that messages name `shown`.
///
/// A symbolic link in it is refused, since it could lead to anything that the user can read.
pub(super) fn load(folder: &Path, shown: &str) -> Outcome<Template> {
    let name = shown.trim_end_matches(['/', '\\']).rsplit(['/', '\\', ':']).next().unwrap_or(shown);
    let name = name.strip_suffix(".git").unwrap_or(name);
    let mut reader = Reader { shown, bytes: 0, sources: Vec::new() };
    let Some(manifest) = reader.text(&folder.join(MANIFEST), MANIFEST)? else {
        return Err(no_template(shown));
    };
    let debugging = reader.text(&folder.join("debug.json.hbs"), "debug.json.hbs")?;
    let files = folder.join("files");
    if reader.kind(&files, "files")?.is_some() {
        reader.collect(&files, "")?;
    }
    reader.sources.sort_by(|a, b| a.path.cmp(&b.path));
    let template = Template::parse(name, Found { manifest, debugging, sources: reader.sources })?;
    if template.purpose != Purpose::Module {
        return Err(Failure::request(format!("the template `{shown}` makes no module"))
            .hint(format!("write `for: module` in its `{MANIFEST}`")));
    }
    Ok(template)
}

/// What a path is.
enum Entry {
    Folder,
    File,
}

struct Reader<'a> {
    shown: &'a str,
    bytes: u64,
    sources: Vec<Source>,
}

impl Reader<'_> {
    fn collect(&mut self, folder: &Path, prefix: &str) -> Outcome {
        let shown = self.shown;
        let doing = || format!("cannot list `{prefix}` of the template `{shown}`");
        for entry in fs::read_dir(folder).or_fail(Kind::Request, doing)? {
            let entry = entry.or_fail(Kind::Request, doing)?;
            let name = entry.file_name().into_string().map_err(|name| {
                self.refused(&format!("{prefix}{}", name.display()), "has a name that is no UTF-8", "rename it")
            })?;
            let path = format!("{prefix}{name}");
            match self.kind(&entry.path(), &path)? {
                Some(Entry::Folder) => self.collect(&entry.path(), &format!("{path}/"))?,
                Some(Entry::File) => {
                    let contents = self.bytes(&entry.path(), &path)?;
                    self.sources.push(Source { path, contents });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Returns what stands at a path, `None` if nothing does.
    fn kind(&self, path: &Path, name: &str) -> Outcome<Option<Entry>> {
        let Ok(metadata) = path.symlink_metadata() else { return Ok(None) };
        match metadata.file_type() {
            kind if kind.is_dir() => Ok(Some(Entry::Folder)),
            kind if kind.is_file() => Ok(Some(Entry::File)),
            kind if kind.is_symlink() => Err(self.refused(name, "is a symbolic link", "put a copy in its place")),
            _ => Err(self.refused(name, "is neither a file nor a folder", "remove it")),
        }
    }

    fn text(&mut self, path: &Path, name: &str) -> Outcome<Option<String>> {
        match self.kind(path, name)? {
            Some(Entry::File) => {
                let text = String::from_utf8(self.bytes(path, name)?);
                text.map(Some).map_err(|_| self.refused(name, "is no UTF-8", "save it as UTF-8"))
            }
            _ => Ok(None),
        }
    }

    fn bytes(&mut self, path: &Path, name: &str) -> Outcome<Vec<u8>> {
        let doing = || format!("cannot read `{name}` of the template `{}`", self.shown);
        self.bytes += path.metadata().or_fail(Kind::Request, doing)?.len();
        if self.bytes > MOST_BYTES || self.sources.len() >= MOST_FILES {
            return Err(Failure::request(format!("the template `{}` is too large", self.shown))
                .cause(format!("it has more than {MOST_FILES} files, or more than {} MiB", MOST_BYTES >> 20))
                .hint("leave out what a new module does not need"));
        }
        fs::read(path).or_fail(Kind::Request, doing)
    }

    fn refused(&self, name: &str, what: &str, hint: &str) -> Failure {
        Failure::request(format!("`{name}` of the template `{}` {what}", self.shown)).hint(hint)
    }
}

fn no_template(shown: &str) -> Failure {
    Failure::request(format!("`{shown}` holds no template"))
        .cause(format!("looked for `{MANIFEST}`"))
        .hint(format!("name a folder with `{MANIFEST}` and `files/`, or a git repository that has one"))
}
