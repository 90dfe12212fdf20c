//! From the solution's template, or any manifest, to a checked deployment.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::source_texts::SourceTexts;
use super::{Module, Solution};
use crate::document::{Document, read_text};
use crate::failure::Outcome;
use crate::image::{Platform, Variant};
use crate::manifest::{
    Chunks, Deployment, Finding, ImagePlaceholder, Layer, ModulePlace, ModuleSpec, Names, RegistryCredential,
    RouteSpec, Severity, Surroundings, check, expand, failure_of, fill_in, hide_secrets, images, is_template,
    write_create_options,
};

/// Which deployment is wanted; empty means the solution's own.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A template or a finished manifest; relative to the solution's folder.
    pub file: Option<PathBuf>,
    /// The platform of images that name none.
    pub platform: Option<Platform>,
    /// What follows the version in tags.
    pub tag: Option<String>,
    /// The day, as time since 1970, by which the support of versions is judged.
    pub today: Duration,
}

/// Whether names in a file are expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestKind {
    /// A template: they are.
    Template,
    /// A finished manifest: nothing is touched but passwords of registries that `deploy` took out.
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
    /// The layer that it is instead; [`Manifest::deployment`] then holds what stops one from deploying it alone.
    pub layer: Option<Layer>,
    /// What is suspicious.
    pub warnings: Vec<Finding>,
    sources: BTreeMap<String, Source>,
}

/// The module of the solution that an image is built from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The module.
    pub module: Module,
    /// The platform of the image.
    pub platform: Platform,
    /// The image that is deployed, or the one with a debugger.
    pub variant: Variant,
}

impl Manifest {
    /// Returns the whole deployment, or a failure that shows every mistake; a layer is refused.
    pub fn checked(&self) -> Outcome<&Deployment> {
        let file = self.document.file();
        self.deployment.as_ref().map_err(|findings| match (&self.layer, &findings[..]) {
            (Some(_), [layer]) => layer.at.clone().into_failure(format!("cannot run `{file}` alone")),
            _ => failure_of(file, findings),
        })
    }

    /// Returns what is wrong with it, be it a whole deployment or a layer.
    pub fn mistakes(&self) -> &[Finding] {
        match (&self.deployment, &self.layer) {
            (Err(findings), None) => findings,
            _ => &[],
        }
    }

    /// Refuses it, showing every mistake, unless it is right: a whole deployment, or a layer.
    pub fn refuse_mistakes(&self) -> Outcome {
        match self.mistakes() {
            [] => Ok(()),
            mistakes => Err(failure_of(self.document.file(), mistakes)),
        }
    }

    /// Returns the modules that users write.
    pub fn modules(&self) -> &[ModuleSpec] {
        match (&self.deployment, &self.layer) {
            (Ok(deployment), _) => &deployment.modules,
            (_, Some(layer)) => &layer.modules,
            _ => &[],
        }
    }

    /// Returns the routes.
    pub fn routes(&self) -> &[RouteSpec] {
        match (&self.deployment, &self.layer) {
            (Ok(deployment), _) => &deployment.routes,
            (_, Some(layer)) => &layer.routes,
            _ => &[],
        }
    }

    /// Returns the registries whose credentials it holds.
    pub fn registries(&self) -> &[RegistryCredential] {
        match (&self.deployment, &self.layer) {
            (Ok(deployment), _) => &deployment.registries,
            (_, Some(layer)) => &layer.registries,
            _ => &[],
        }
    }

    /// Writes createOptions as text, in pieces or not, whatever they were.
    pub fn write_create_options(&mut self, chunks: Chunks) -> Outcome {
        let (document, mistakes) = write_create_options(&self.document, chunks);
        if !mistakes.is_empty() {
            return Err(failure_of(self.document.file(), &mistakes));
        }
        self.document = document;
        Ok(())
    }

    /// Returns the images of its modules, those of the runtime too.
    pub fn images(&self) -> BTreeSet<String> {
        images(&self.document).into_iter().map(|(_, image)| image).collect()
    }

    /// Puts other names in the place of images, wherever they stand.
    pub fn replace_images(&mut self, names: &BTreeMap<String, String>) {
        let mut value = self.document.value().clone();
        for (pointer, image) in images(&self.document) {
            if let (Some(name), Some(place)) = (names.get(&image), value.pointer_mut(pointer.as_str())) {
                *place = Value::from(name.as_str());
            }
        }
        self.document = self.document.with_value(value);
        let deployed = self
            .deployment
            .iter_mut()
            .flat_map(|deployment| deployment.modules.iter_mut().chain(&mut deployment.system));
        for module in deployed.chain(self.layer.iter_mut().flat_map(|layer| &mut layer.modules)) {
            if let Some(name) = names.get(&module.image) {
                module.image.clone_from(name);
            }
        }
    }

    /// Checks the document; `mistakes` are those that were found before.
    fn check(&mut self, today: Duration, mut mistakes: Vec<Finding>) {
        let sources = SourceTexts::of(&self.sources);
        let mut checked = check(&self.document, Surroundings { today, sources: &sources });
        // A value that could not be expanded is wrong in other words, too; one of them is enough.
        let told: BTreeSet<usize> = mistakes.iter().map(|mistake| mistake.at.line).collect();
        checked.warnings.retain(|warning| !told.contains(&warning.at.line));
        self.warnings.extend(checked.warnings);
        (self.deployment, self.layer) = (checked.deployment, checked.layer);
        if mistakes.is_empty() {
            return;
        }
        if let (Err(more), None) = (&self.deployment, &self.layer) {
            mistakes.extend(more.iter().filter(|mistake| !told.contains(&mistake.at.line)).cloned());
        }
        mistakes.sort_by_key(|mistake| (mistake.at.line, mistake.at.column));
        (self.deployment, self.layer) = (Err(mistakes), None);
    }

    /// Returns what an image is built from, or `None` if it isn't the solution's own.
    pub fn source_of(&self, image: &str) -> Option<&Source> {
        self.sources.get(image)
    }
}

impl Solution {
    /// Reads the manifest that is wanted; mistakes in the deployment itself come inside.
    pub fn manifest(&self, wanted: &Wanted) -> Outcome<Manifest> {
        let (mut manifest, unreadable) = self.read_manifest(wanted)?;
        if !unreadable.is_empty() {
            manifest.deployment = Err(unreadable);
            return Ok(manifest);
        }
        let mistakes = match manifest.kind {
            ManifestKind::Template => self.expand(&mut manifest, self.tag_suffix(wanted.tag.as_deref()))?,
            ManifestKind::Finished => {
                let variable = |name: &str| self.variables().get(name);
                let document = fill_in(&manifest.document, &variable, &mut manifest.warnings);
                let (document, mistakes) = write_create_options(&document, Chunks::Split);
                manifest.document = document;
                mistakes
            }
        };
        manifest.check(wanted.today, mistakes);
        Ok(manifest)
    }

    /// Reads the document as it is written, and why it cannot be read.
    fn read_manifest(&self, wanted: &Wanted) -> Outcome<(Manifest, Vec<Finding>)> {
        let path = match &wanted.file {
            Some(file) => self.root().join(file),
            None => self.template()?,
        };
        let shown = self.shown(&path);
        let text = read_text(&path, &shown)?;
        let kind = if is_template(&shown, &text) { ManifestKind::Template } else { ManifestKind::Finished };
        let parsed = match kind {
            ManifestKind::Template => Document::parse_template(&shown, &text),
            ManifestKind::Finished => Document::parse(&shown, &text),
        };
        let mut unreadable = Vec::new();
        let document = parsed.unwrap_or_else(|at| {
            unreadable = Finding::unreadable(at, &text);
            Document::unread(&shown, &text)
        });
        let manifest = Manifest {
            kind,
            template_schema: None,
            document: hide_secrets(document),
            deployment: Err(Vec::new()),
            layer: None,
            warnings: Vec::new(),
            sources: self.sources(self.tag_suffix(wanted.tag.as_deref())),
            platform: self.platform(wanted.platform.as_ref())?,
            path,
        };
        Ok((manifest, unreadable))
    }

    /// Makes the manifest's document, a template so far, the manifest itself; returns what is wrong in the template.
    fn expand(&self, manifest: &mut Manifest, tag: Option<&str>) -> Outcome<Vec<Finding>> {
        let schema = manifest.document.root().get("$schema-template");
        manifest.template_schema = schema.and_then(|node| node.text().ok().map(str::to_owned));
        let folder = manifest.path.parent().unwrap_or(self.root());
        let found = RefCell::default();
        let names = TemplateNames { solution: self, folder, platform: &manifest.platform, tag, found };
        let expanded = expand(&manifest.document, &names)?;
        manifest.sources.extend(names.found.into_inner());
        manifest.document = expanded.document;
        let (mistakes, warnings) = expanded.findings.into_iter().partition(|f| f.severity == Severity::Error);
        manifest.warnings = warnings;
        Ok(mistakes)
    }

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

    /// Returns the module that a template in `folder` names.
    ///
    /// A template that lies beside modules of its own means those first, as with iotedgedev.
    pub(super) fn module_at(&self, place: &ModulePlace, folder: &Path) -> Outcome<Module> {
        let load = |folder: &Path| Module::load(folder, self.root(), self.variables());
        match place {
            ModulePlace::Folder(path) => load(&folder.join(path)),
            ModulePlace::Name(name) => {
                let beside = folder.join(self.variables().setting("MODULES_PATH").unwrap_or("modules")).join(name);
                let is_own = folder != self.root() && beside.join("module.json").is_file();
                if is_own { load(&beside) } else { self.module(name).cloned() }
            }
        }
    }

    /// Every image that the modules of the folder have a Dockerfile for, by name.
    fn sources(&self, tag: Option<&str>) -> BTreeMap<String, Source> {
        let mut sources = BTreeMap::new();
        for module in self.modules() {
            for (platform, variant) in module.images() {
                // A module whose image has no name yet is told of when somebody names it.
                if let Ok(image) = module.image(platform, variant, tag) {
                    let source = Source { module: module.clone(), platform: platform.clone(), variant };
                    sources.insert(image.to_string(), source);
                }
            }
        }
        sources
    }
}

struct TemplateNames<'a> {
    solution: &'a Solution,
    folder: &'a Path,
    platform: &'a Platform,
    tag: Option<&'a str>,
    /// What the placeholders so far stood for.
    found: RefCell<BTreeMap<String, Source>>,
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
        let solution = self.solution;
        let module = solution.module_at(&image.module, self.folder)?;
        let name = module.image(platform, image.variant, self.tag)?.to_string();
        let source = Source { module, platform: platform.clone(), variant: image.variant };
        self.found.borrow_mut().insert(name.clone(), source);
        Ok(name)
    }
}
