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
mod tests {
    use super::*;
    use crate::environment::Environment;

    /// A solution with modules `a` and `b`, both for amd64, its debug variant, and arm64v8.
    fn solution(files: &[(&str, &str)]) -> (tempfile::TempDir, Solution) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let module = |name: &str, options: &str| {
            format!(
                r#"{{"image": {{"repository": "r.io/{name}", "buildOptions": [{options}], "tag": {{"version": "1", "platforms":
                {{"amd64": "./Dockerfile", "amd64.debug": "Dockerfile.debug", "arm64v8": "Dockerfile.arm"}}}}}}}}"#
            )
        };
        let own =
            [("modules/a/module.json", module("a", "")), ("modules/b/module.json", module("b", r#""--label x=y""#))];
        let given = files.iter().map(|(path, text)| (*path, (*text).to_owned()));
        for (path, text) in own.into_iter().chain(given) {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it can be made");
            std::fs::write(path, text).expect("it can be written");
        }
        let solution = Solution::open(folder.path(), &Environment::default(), &[]).expect("it can be read");
        (folder, solution)
    }

    fn images(files: &[(&str, &str)], selection: Selection<'_>) -> Vec<String> {
        let (_folder, solution) = solution(files);
        let targets = solution.targets(selection).expect("everything is there");
        targets.iter().map(|target| target.plan.image.to_string()).collect()
    }

    fn platforms(words: &[&str]) -> Vec<Platform> {
        words.iter().map(|word| Platform::parse(word).expect("it is a platform")).collect()
    }

    const TEMPLATE: (&str, &str) = (
        "deployment.template.json",
        r#"{"x": ["${MODULES.a}", "${MODULES.a}", "${MODULES.b.debug}", "${MODULES.b.arm64v8}"]}"#,
    );

    #[test]
    fn without_a_template_every_module_is_meant() {
        assert_eq!(images(&[], Selection::default()), ["r.io/a:1-amd64", "r.io/b:1-amd64"]);
    }

    #[test]
    fn a_template_picks_modules_platforms_and_variants_each_once() {
        let expected = ["r.io/a:1-amd64", "r.io/b:1-amd64.debug", "r.io/b:1-arm64v8"];
        assert_eq!(images(&[TEMPLATE], Selection::default()), expected);
    }

    #[test]
    fn modules_and_platforms_can_be_named() {
        let (names, platforms) = (["b".to_owned()], platforms(&["amd64", "linux/arm64"]));
        let selection = Selection {
            modules: &names,
            platforms: Platforms::Named(&platforms),
            tag: Some("rc"),
            ..Selection::default()
        };
        assert_eq!(images(&[TEMPLATE], selection), ["r.io/b:1-rc-amd64", "r.io/b:1-rc-arm64v8"]);
    }

    #[test]
    fn every_platform_is_that_of_each_module() {
        let module = |platforms: &str| {
            format!(
                r#"{{"image": {{"repository": "r.io/c", "tag": {{"version": "1", "platforms": {{{platforms}}}}}}}}}"#
            )
        };
        // `windows-old` is a word of the solution's own, for which no list has a place.
        let own = module(r#""amd64": "D", "windows-old": "D", "arm32v7": "D", "amd64.debug": "D""#);
        let files = [("modules/c/module.json", own.as_str())];
        let every = Selection { platforms: Platforms::Every, ..Selection::default() };
        let names = ["r.io/a:1-amd64", "r.io/a:1-arm64v8", "r.io/b:1-amd64", "r.io/b:1-arm64v8"];
        assert_eq!(images(&files, every), [&names[..], &["r.io/c:1-amd64", "r.io/c:1-arm32v7"]].concat());
    }

    #[test]
    fn a_named_module_takes_the_variants_of_the_file() {
        let names = ["b".to_owned()];
        let file = Path::new("deployment.template.json");
        let selection = Selection { modules: &names, file: Some(file), ..Selection::default() };
        assert_eq!(images(&[TEMPLATE], selection), ["r.io/b:1-amd64.debug", "r.io/b:1-arm64v8"]);
    }

    #[test]
    fn debug_images_are_those_of_named_modules_and_of_others_that_have_them() {
        let debug = Selection { variant: Variant::Debug, ..Selection::default() };
        assert_eq!(images(&[], debug), ["r.io/a:1-amd64.debug", "r.io/b:1-amd64.debug"]);
        let platforms = platforms(&["arm64v8"]);
        assert_eq!(
            images(&[], Selection { platforms: Platforms::Named(&platforms), ..debug }),
            ["r.io/a:1-arm64v8", "r.io/b:1-arm64v8"]
        );
        let names = ["a".to_owned()];
        let (_folder, solution) = solution(&[]);
        let refused = solution.targets(Selection { modules: &names, platforms: Platforms::Named(&platforms), ..debug });
        assert_eq!(refused.expect_err("it has none").message(), "cannot build module `a` for `arm64v8.debug`");
    }

    #[test]
    fn a_finished_manifest_picks_by_the_names_of_images() {
        let selection = Selection { file: Some(Path::new("manifest.json")), ..Selection::default() };
        let manifest = ("manifest.json", r#"{"image": "r.io/b:1-amd64"}"#);
        assert_eq!(images(&[TEMPLATE, manifest], selection), ["r.io/b:1-amd64"]);
    }

    #[test]
    fn bypassed_modules_are_left_out_unless_they_are_named() {
        let bypass = (".env", "BYPASS_MODULES=x, a\n");
        assert_eq!(images(&[bypass], Selection::default()), ["r.io/b:1-amd64"]);
        let names = ["a".to_owned()];
        assert_eq!(images(&[bypass], Selection { modules: &names, ..Selection::default() }), ["r.io/a:1-amd64"]);
    }

    #[test]
    fn a_bypassed_module_is_named_as_in_the_deployment() {
        let instance = |name: &str| format!(r#""{name}": {{"settings": {{"image": "${{MODULES.a}}"}}}}"#);
        let one = format!("{{{}}}", instance("a1"));
        let both = format!("{{{}, {}}}", instance("a1"), instance("properties.desired.modules.a2"));
        let bypass = (".env", "BYPASS_MODULES=a1\n");
        assert!(images(&[bypass, ("deployment.template.json", &one)], Selection::default()).is_empty());
        let both = images(&[bypass, ("deployment.template.json", &both)], Selection::default());
        assert_eq!(both, ["r.io/a:1-amd64"]);
    }

    #[test]
    fn a_comment_names_no_image() {
        let template = ("deployment.template.json", "{\"x\": \"${MODULES.a}\" // ${MODULES.old}\n}");
        assert_eq!(images(&[template], Selection::default()), ["r.io/a:1-amd64"]);
    }

    #[test]
    fn a_template_in_a_folder_of_its_own_has_the_modules_beside_it() {
        let template = ("line/deployment.template.json", r#"{"x": ["${MODULES.a}", "${MODULES.b}"]}"#);
        let module =
            r#"{"image": {"repository": "r.io/line-a", "tag": {"version": "2", "platforms": {"amd64": "D"}}}}"#;
        let files = [template, ("line/modules/a/module.json", module)];
        let selection = Selection { file: Some(Path::new(template.0)), ..Selection::default() };
        assert_eq!(images(&files, selection), ["r.io/line-a:2-amd64", "r.io/b:1-amd64"]);
    }

    #[test]
    fn a_plan_knows_dockerfile_platform_and_options() {
        let (_folder, solution) = solution(&[]);
        let platform = Platform::parse("arm64").expect("it is a platform");
        let module = solution.module("b").expect("it is there");
        let plan = solution.target(module, &platform, Variant::Release, None).expect("it is listed").plan;
        assert_eq!(
            (plan.dockerfile_shown.as_str(), plan.platform.as_deref()),
            ("modules/b/Dockerfile.arm", Some("linux/arm64"))
        );
        assert_eq!(plan.labels.get("x").map(String::as_str), Some("y"));
    }

    #[test]
    fn an_option_that_is_not_supported_is_named_with_its_file() {
        let refused = |option: &str| {
            let module = format!(
                r#"{{"image": {{"repository": "c", "buildOptions": ["{option}"], "tag": {{"version": "1",
                "platforms": {{"amd64": "Dockerfile"}}}}}}}}"#
            );
            let (_folder, solution) = solution(&[("modules/c/module.json", &module)]);
            let failure = solution.targets(Selection::default()).expect_err("the option is not supported");
            assert_eq!(failure.message(), "cannot build module `c`");
            (failure.causes()[0].clone(), failure.hints()[0].clone())
        };
        let cause = "build option `--frobnicate` is not supported".to_owned();
        let supported = supported_options();
        let hint = format!("correct `image.buildOptions` in `modules/c/module.json`: supported are {supported}");
        assert_eq!(refused("--frobnicate"), (cause, hint));
        let cause = "build option `--push` is not supported: `edgectl build --push` pushes".to_owned();
        let hint = "take `--push` out of `image.buildOptions` in `modules/c/module.json`".to_owned();
        assert_eq!(refused("--push"), (cause, hint));
    }
}
