//! The templates inside the program.

use include_dir::{Dir, DirEntry, include_dir};

use super::error::TemplateError;
use super::manifest::{Found, Purpose, Template};
use super::render::Source;

/// Cargo does not see a file that is new here; a test compares the list with the disk and says what to do.
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Returns the templates for a purpose, by name.
pub fn all(purpose: Purpose) -> Result<Vec<Template>, TemplateError> {
    let mut templates = TEMPLATES.dirs().map(read).collect::<Result<Vec<_>, _>>()?;
    templates.retain(|template| template.purpose == purpose);
    templates.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(templates)
}

/// Returns the template of this name for a purpose.
pub fn find(purpose: Purpose, name: &str) -> Result<Template, TemplateError> {
    let mut templates = all(purpose)?;
    match templates.iter().position(|template| template.name == name) {
        Some(index) => Ok(templates.swap_remove(index)),
        None => Err(TemplateError::UnknownTemplate {
            name: name.to_owned(),
            known: templates.into_iter().map(|template| template.name).collect(),
        }),
    }
}

fn read(folder: &Dir) -> Result<Template, TemplateError> {
    let name = text_of(folder.path());
    let text = |file: &str| folder.get_file(folder.path().join(file)).and_then(|file| file.contents_utf8());
    let files = folder.path().join("files");
    let mut sources = Vec::new();
    if let Some(folder) = TEMPLATES.get_dir(&files) {
        collect(folder, &format!("{}/", text_of(&files)), &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let manifest = text("template.yaml").unwrap_or_default().to_owned();
    let debugging = text("debug.json.hbs").map(str::to_owned);
    Ok(Template::parse(&name, Found { manifest, debugging, sources })?)
}

fn collect(folder: &Dir, prefix: &str, sources: &mut Vec<Source>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, prefix, sources),
            DirEntry::File(file) => {
                let path = text_of(file.path());
                let path = path.strip_prefix(prefix).unwrap_or(&path).to_owned();
                sources.push(Source { path, contents: file.contents().to_vec() });
            }
        }
    }
}

/// Returns a path of the package as it is written on every system.
fn text_of(path: &std::path::Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
