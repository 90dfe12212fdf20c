//! Which images of a solution are built and pushed, and how each is built. Asks no engine.

use std::path::{Path, PathBuf};

use super::{Module, Solution, load_template};
use crate::failure::{Failure, Outcome};
use crate::image::{BuildPlan, OptionError, Platform, Secret, Variant, supported_options};
use crate::manifest::{NamedImage, images_named};

/// What the command line picks; empty means everything that the solution's template names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Modules by name.
    pub modules: &'a [String],
    /// Platforms, where a template does not name one itself.
    pub platforms: Platforms<'a>,
    /// A template or a manifest instead of the solution's own.
    pub file: Option<&'a Path>,
    /// What follows the version in tags.
    pub tag: Option<&'a str>,
    /// `Debug` wants the image with a debugger of each module that is named, and of each other one that has it.
    pub variant: Variant,
}

/// The platforms that modules are built for.
#[derive(Debug, Clone, Copy)]
pub enum Platforms<'a> {
    /// These; none means the solution's own.
    Named(&'a [Platform]),
    /// All that each module has a Dockerfile for, and an engine a name.
    Every,
}

impl Default for Platforms<'_> {
    fn default() -> Self {
        Self::Named(&[])
    }
}

impl Platforms<'_> {
    fn of(self, module: &Module, variant: Variant) -> Vec<Platform> {
        match self {
            Self::Named(platforms) => platforms.to_vec(),
            Self::Every => {
                let images = module.images().filter(|(platform, of)| *of == variant && platform.oci().is_some());
                images.map(|(platform, _)| platform.clone()).collect()
            }
        }
    }
}

/// One image of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The module's name.
    pub module: String,
    /// The platform, in the ecosystem's words.
    pub platform: Platform,
    /// The image that is deployed, or the one with a debugger.
    pub variant: Variant,
    /// How it is built.
    pub plan: BuildPlan,
}

impl Selection<'_> {
    fn wants_debug(&self, module: &Module, platform: &Platform) -> bool {
        let has_it = || module.images().any(|image| image == (platform, Variant::Debug));
        let is_named = || self.modules.iter().any(|name| name == module.name());
        self.variant == Variant::Debug && (is_named() || has_it())
    }
}

impl Solution {
    /// Returns the images that are meant, by module, each once.
    ///
    /// Modules of `BYPASS_MODULES` are left out unless they are named.
    pub fn targets(&self, selection: Selection<'_>) -> Outcome<Vec<Target>> {
        let default = [self.platform(None)?];
        let platforms = match selection.platforms {
            Platforms::Named([]) => Platforms::Named(&default),
            platforms => platforms,
        };
        let mut targets: Vec<Target> = Vec::new();
        for (module, platform, variant) in self.wanted(selection, platforms)? {
            let variant = match selection.wants_debug(&module, &platform) {
                true => Variant::Debug,
                false => variant,
            };
            let target = self.target(&module, &platform, variant, selection.tag)?;
            match targets.iter().find(|other| other.plan.image == target.plan.image) {
                Some(other) if other.plan != target.plan => return Err(one_name(other, &target)),
                Some(other) if *other == target => {}
                _ => targets.push(target),
            }
        }
        targets.sort_by(|a, b| (&a.module, &a.platform, a.variant).cmp(&(&b.module, &b.platform, b.variant)));
        Ok(targets)
    }

    /// Returns one image of one module, and how it is built.
    pub fn target(&self, module: &Module, platform: &Platform, variant: Variant, tag: Option<&str>) -> Outcome<Target> {
        let image = module.image(platform, variant, self.tag_suffix(tag))?;
        // Without the `./` that many a `module.json` has in front.
        let dockerfile: PathBuf = module.dockerfile(platform, variant)?.components().collect();
        let mut plan = BuildPlan::new(image, module.context(), &dockerfile);
        plan.dockerfile_shown = self.shown(&dockerfile);
        plan.platform = platform.oci().map(str::to_owned);
        let variable = |name: &str| self.variables().get(name).map(str::to_owned);
        let applied = plan.apply_options(module.build_options(), &variable);
        applied.map_err(|error| self.explain_options(module, error))?;
        for secret in plan.secrets.values_mut() {
            if let Secret::File(path) = secret {
                *path = self.root().join(&path);
            }
        }
        Ok(Target { module: module.name().to_owned(), platform: platform.clone(), variant, plan })
    }

    fn wanted(&self, selection: Selection<'_>, platforms: Platforms<'_>) -> Outcome<Vec<(Module, Platform, Variant)>> {
        let named = selection.modules.iter().map(|name| self.module(name)).collect::<Outcome<Vec<_>>>()?;
        let file = match selection.file {
            Some(file) => Some(self.root().join(file)),
            None if named.is_empty() => self.find_template(),
            None => None,
        };
        let found = match &file {
            Some(file) => self.named_in(file, platforms, selection.tag)?,
            None => in_release(self.modules().iter().collect(), platforms),
        };
        if named.is_empty() {
            let is_built = |found: &&Found| !self.is_bypassed(found);
            return Ok(found.iter().filter(is_built).map(Found::image).collect());
        }
        let is_named = |name: &str| named.iter().any(|module| module.name() == name);
        let (mut wanted, mut missing) = (Vec::new(), named.clone());
        for found in found.iter().filter(|found| is_named(found.module.name())) {
            missing.retain(|module| module.name() != found.module.name());
            wanted.push(found.image());
        }
        wanted.extend(in_release(missing, platforms).iter().map(Found::image));
        Ok(wanted)
    }

    /// Returns the images that a file names: a template by placeholders, a manifest by the images' names.
    fn named_in(&self, file: &Path, platforms: Platforms<'_>, tag: Option<&str>) -> Outcome<Vec<Found>> {
        let shown = self.shown(file);
        let document = load_template(file, &shown)?;
        let named = images_named(&document);
        if named.is_empty() {
            let image = |found: &Found| {
                let image = found.module.image(&found.platform, found.variant, self.tag_suffix(tag));
                image.map(|image| image.to_string())
            };
            let all = in_release(self.modules().iter().collect(), platforms).into_iter();
            return Ok(all.filter(|found| image(found).is_ok_and(|image| document.text().contains(&image))).collect());
        }
        let folder = file.parent().unwrap_or(self.root());
        let mut wanted = Vec::new();
        for NamedImage { image, instance } in named {
            let module = self.module_at(&image.module, folder)?;
            let platforms =
                image.platform.as_ref().map_or(platforms, |fixed| Platforms::Named(std::slice::from_ref(fixed)));
            for platform in platforms.of(&module, image.variant) {
                let (module, instance) = (module.clone(), instance.clone());
                wanted.push(Found { module, platform, variant: image.variant, instance });
            }
        }
        Ok(wanted)
    }

    /// The names in `BYPASS_MODULES` are those of the deployment; without one, a module has that of its folder.
    fn is_bypassed(&self, found: &Found) -> bool {
        let bypassed = self.variables().setting("BYPASS_MODULES").unwrap_or_default();
        let module = found.instance.as_deref().unwrap_or(found.module.name());
        bypassed.split(',').map(str::trim).any(|name| name == "*" || name == module)
    }

    fn explain_options(&self, module: &Module, error: OptionError) -> Failure {
        let file = self.shown(&module.folder().join("module.json"));
        let failure = Failure::request(format!("cannot build module `{}`", module.name())).cause(&error);
        let hint = match error {
            OptionError::Refused { option, .. } => format!("take `{option}` out of `image.buildOptions` in `{file}`"),
            OptionError::Unknown(_) | OptionError::Word(_) => {
                format!("correct `image.buildOptions` in `{file}`: supported are {}", supported_options())
            }
            _ => format!("correct `image.buildOptions` in `{file}`"),
        };
        failure.hint(hint)
    }
}

/// One of the two would be lost, as after a module's folder was copied and its `module.json` left as it was.
fn one_name(one: &Target, other: &Target) -> Failure {
    let image = &one.plan.image;
    Failure::request(format!("cannot build two images under one name, `{image}`"))
        .cause(format!("it is that of `{}` and of `{}`", one.module, other.module))
        .hint(format!("change `image.repository` in the module.json of `{}`", other.module))
}

/// An image of a module, and the module of the deployment that it is for.
struct Found {
    module: Module,
    platform: Platform,
    variant: Variant,
    instance: Option<String>,
}

impl Found {
    fn image(&self) -> (Module, Platform, Variant) {
        (self.module.clone(), self.platform.clone(), self.variant)
    }
}

fn in_release(modules: Vec<&Module>, platforms: Platforms<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for module in modules {
        for platform in platforms.of(module, Variant::Release) {
            found.push(Found { module: module.clone(), platform, variant: Variant::Release, instance: None });
        }
    }
    found
}

#[cfg(test)]
mod tests;
