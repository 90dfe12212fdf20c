//! Which images of a solution are built and pushed, and how each is built. Asks no engine.

use std::path::{Path, PathBuf};

use super::{Module, Solution};
use crate::document::read_text;
use crate::failure::{Failure, Outcome};
use crate::image::{BuildPlan, OptionError, Platform, Variant, supported_options};
use crate::manifest::{ImagePlaceholder, ModulePlace, images_named};

/// What the command line picks; empty means everything that the solution's template names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Modules by name.
    pub modules: &'a [String],
    /// Platforms; none means the solution's own.
    pub platforms: &'a [Platform],
    /// A template or a manifest instead of the solution's own.
    pub file: Option<&'a Path>,
    /// What follows the version in tags.
    pub tag: Option<&'a str>,
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

impl Solution {
    /// Returns the images that are meant, by module, each once.
    ///
    /// Modules of `BYPASS_MODULES` are left out unless they are named.
    pub fn targets(&self, selection: Selection<'_>) -> Outcome<Vec<Target>> {
        let default = [self.platform(None)?];
        let platforms = if selection.platforms.is_empty() { &default[..] } else { selection.platforms };
        let mut targets: Vec<Target> = Vec::new();
        for (module, platform, variant) in self.wanted(selection, platforms)? {
            let target = self.target(&module, &platform, variant, selection.tag)?;
            if !targets.contains(&target) {
                targets.push(target);
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
        Ok(Target { module: module.name().to_owned(), platform: platform.clone(), variant, plan })
    }

    fn wanted(&self, selection: Selection<'_>, platforms: &[Platform]) -> Outcome<Vec<(Module, Platform, Variant)>> {
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
            return Ok(found.into_iter().filter(|(module, ..)| !self.is_bypassed(module.name())).collect());
        }
        let is_named = |name: &str| named.iter().any(|module| module.name() == name);
        let (mut wanted, mut missing) = (Vec::new(), named.clone());
        for entry in found.into_iter().filter(|(module, ..)| is_named(module.name())) {
            missing.retain(|module| module.name() != entry.0.name());
            wanted.push(entry);
        }
        wanted.extend(in_release(missing, platforms));
        Ok(wanted)
    }

    /// Returns the modules whose images a file names: a template by placeholders, a manifest by the images' names.
    fn named_in(
        &self,
        file: &Path,
        platforms: &[Platform],
        tag: Option<&str>,
    ) -> Outcome<Vec<(Module, Platform, Variant)>> {
        let text = read_text(file, &self.shown(file))
            .map_err(|failure| failure.hint("name an existing file with `--file`"))?;
        let placeholders = images_named(&text);
        let mut wanted = Vec::new();
        for placeholder in &placeholders {
            let module = self.placed(placeholder, file)?;
            let fixed = placeholder.platform.as_ref().map(std::slice::from_ref);
            let platforms = fixed.unwrap_or(platforms).iter();
            wanted.extend(platforms.map(|platform| (module.clone(), platform.clone(), placeholder.variant)));
        }
        if placeholders.is_empty() {
            let all = in_release(self.modules().iter().collect(), platforms).into_iter();
            let image = |(module, platform, variant): &(Module, Platform, Variant)| {
                module.image(platform, *variant, self.tag_suffix(tag)).map(|image| image.to_string())
            };
            wanted.extend(all.filter(|entry| image(entry).is_ok_and(|image| text.contains(&image))));
        }
        Ok(wanted)
    }

    fn placed(&self, placeholder: &ImagePlaceholder, file: &Path) -> Outcome<Module> {
        match &placeholder.module {
            ModulePlace::Name(name) => self.module(name).cloned(),
            ModulePlace::Folder(folder) => {
                let beside = file.parent().unwrap_or(self.root());
                Module::load(&beside.join(folder), self.root(), self.variables())
            }
        }
    }

    fn is_bypassed(&self, module: &str) -> bool {
        let bypassed = self.variables().setting("BYPASS_MODULES").unwrap_or_default();
        bypassed.split(',').map(str::trim).any(|name| name == "*" || name == module)
    }

    fn explain_options(&self, module: &Module, error: OptionError) -> Failure {
        let file = self.shown(&module.folder().join("module.json"));
        let failure = Failure::request(format!("cannot build module `{}`", module.name())).cause(&error);
        let hint = match error {
            OptionError::Unknown(_) | OptionError::Word(_) => {
                format!("correct `image.buildOptions` in `{file}`: supported are {}", supported_options())
            }
            _ => format!("correct `image.buildOptions` in `{file}`"),
        };
        failure.hint(hint)
    }
}

fn in_release(modules: Vec<&Module>, platforms: &[Platform]) -> Vec<(Module, Platform, Variant)> {
    let of =
        |module: &Module| platforms.iter().map(|p| (module.clone(), p.clone(), Variant::Release)).collect::<Vec<_>>();
    modules.into_iter().flat_map(of).collect()
}
