//! From the solution's template, or any manifest, to a checked deployment.

use std::path::{Path, PathBuf};

use super::{Module, Solution};
use crate::document::{Document, read_text};
use crate::failure::Outcome;
use crate::image::Platform;
use crate::manifest::{Deployment, Finding, ImagePlaceholder, ModulePlace, Names, expand, failure_of, is_template};

/// Which deployment is wanted; empty means the solution's own.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A template or a finished manifest; relative to the solution's folder.
    pub file: Option<PathBuf>,
    /// The platform of images that name none.
    pub platform: Option<Platform>,
    /// What follows the version in tags.
    pub tag: Option<String>,
}

/// Whether names in a file are expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestKind {
    /// A template: they are.
    Template,
    /// A finished manifest: nothing is touched.
    Finished,
}

/// A manifest that was read from a file, expanded and taken apart.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file it comes from.
    pub path: PathBuf,
    /// Whether that is a template.
    pub kind: ManifestKind,
    /// The platform that images were chosen for.
    pub platform: Platform,
    /// The version that `$schema-template` states.
    pub template_schema: Option<String>,
    /// The manifest; its places are those of the file.
    pub document: Document,
    /// The deployment that it describes, or what stops it.
    pub deployment: Result<Deployment, Vec<Finding>>,
    /// What is suspicious.
    pub warnings: Vec<Finding>,
}

impl Manifest {
    /// Returns the deployment, or a failure that shows every mistake.
    pub fn checked(&self) -> Outcome<&Deployment> {
        self.deployment.as_ref().map_err(|findings| failure_of(self.document.file(), findings))
    }
}

impl Solution {
    /// Reads the manifest that is wanted; mistakes in the deployment itself come inside.
    pub fn manifest(&self, wanted: &Wanted) -> Outcome<Manifest> {
        let path = match &wanted.file {
            Some(file) => self.root().join(file),
            None => self.template()?,
        };
        let shown = self.shown(&path);
        let text = read_text(&path, &shown)?;
        let platform = self.platform(wanted.platform.as_ref())?;
        let mut warnings = Vec::new();
        let mut template_schema = None;
        let (kind, document) = if is_template(&shown, &text) {
            let template = Document::parse_template(&shown, &text)?;
            template_schema =
                template.root().get("$schema-template").and_then(|node| Some(node.text().ok()?.to_owned()));
            let folder = path.parent().unwrap_or(self.root());
            let names = TemplateNames {
                solution: self,
                folder,
                platform: &platform,
                tag: self.tag_suffix(wanted.tag.as_deref()),
            };
            let expanded = expand(&template, &names)?;
            warnings.extend(expanded.findings);
            (ManifestKind::Template, expanded.document)
        } else {
            (ManifestKind::Finished, Document::parse(&shown, &text)?)
        };
        let deployment = Deployment::parse(&document, &mut warnings);
        Ok(Manifest { path, kind, platform, template_schema, document, deployment, warnings })
    }
}

impl Solution {
    /// Returns where a manifest belongs: `config/deployment.<platform>.json`, by iotedgedev's rules.
    ///
    /// A finished manifest stays where it is. `DEPLOYMENT_CONFIG_FILE` and `CONFIG_OUTPUT_DIR` are respected; templates
    /// of the oldest schema, or of none, get no platform in the name.
    pub fn manifest_path(&self, manifest: &Manifest) -> PathBuf {
        if manifest.kind == ManifestKind::Finished {
            return manifest.path.clone();
        }
        let folder = self.root().join(self.variables().setting("CONFIG_OUTPUT_DIR").unwrap_or("config"));
        if let Some(name) = self.variables().setting("DEPLOYMENT_CONFIG_FILE") {
            return folder.join(name);
        }
        let file = manifest.path.file_name().unwrap_or_default().to_string_lossy();
        let bare = [".json", ".yaml", ".yml"].iter().find_map(|end| file.strip_suffix(end));
        let prefix = bare.map_or("deployment", |bare| bare.strip_suffix(".template").unwrap_or(bare));
        match manifest.template_schema.as_deref() {
            Some(schema) if schema > "0.0.1" => folder.join(format!("{prefix}.{}.json", manifest.platform)),
            _ => folder.join(format!("{prefix}.json")),
        }
    }
}

struct TemplateNames<'a> {
    solution: &'a Solution,
    folder: &'a Path,
    platform: &'a Platform,
    tag: Option<&'a str>,
}

impl Names for TemplateNames<'_> {
    fn variable(&self, name: &str) -> Option<&str> {
        self.solution.variables().get(name)
    }

    fn variable_names(&self) -> Vec<&str> {
        self.solution.variables().names()
    }

    fn image(&self, image: &ImagePlaceholder) -> Outcome<String> {
        let platform = image.platform.as_ref().unwrap_or(self.platform);
        let named = |module: &Module| module.image(platform, image.variant, self.tag).map(|image| image.to_string());
        match &image.module {
            ModulePlace::Name(name) => named(self.solution.module(name)?),
            ModulePlace::Folder(folder) => {
                named(&Module::load(&self.folder.join(folder), self.solution.root(), self.solution.variables())?)
            }
        }
    }
}
