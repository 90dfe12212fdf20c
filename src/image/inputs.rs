//! What an image is made of, as one hash: by it an image that needs no build is told from one that does.
//!
//! Two labels of each image keep the hash and the base images. Knows files and rules; the engine and the registries
//! that are asked for images and their labels are known elsewhere.

use std::collections::BTreeMap;

use super::context::{BuildContext, Dockerfile, IgnoreFile};
use super::hash::{Content, ContextHash, Hash};
use super::plan::{BuildPlan, Layers};
use super::recipe::Recipe;
use crate::failure::{Kind, OrFail, Outcome};

/// The label with the hash of everything but the base images.
pub const INPUTS_LABEL: &str = "io.edgectl.image.inputs";
/// The label with the base images: a JSON object from the name that the Dockerfile gives to what it was.
pub const BASES_LABEL: &str = "io.edgectl.image.bases";

/// What an image is made of, its base images by name only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// `sha256:…` over the files of the context, the Dockerfile, and the options that make a difference.
    pub digest: String,
    /// `sha256:…` over the files of the context alone, as they are sent.
    pub context: String,
    /// What the Dockerfile brings in from outside.
    pub recipe: Recipe,
}

/// What the base images are now: by name, the digests that each may be known by, the registry's first; none if nobody
/// could be asked.
pub type BaseStates = BTreeMap<String, Vec<String>>;

/// Why an image has to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Staleness {
    /// It has no label: something else built it.
    Unlabelled,
    /// A file, the Dockerfile or an option is not what it was.
    Sources,
    /// This base image is not what it was.
    Base(String),
    /// `ADD` fetches this, which may have changed.
    Remote(String),
}

impl Inputs {
    /// Reads everything that a plan names. Where files lie, when they were written and who owns them is no part of it.
    pub fn read(plan: &BuildPlan) -> Outcome<Self> {
        let dockerfile = std::fs::read(&plan.dockerfile)
            .or_fail(Kind::Request, || format!("cannot read the Dockerfile `{}`", plan.dockerfile_shown))
            .map_err(|failure| failure.hint("correct `image.tag.platforms` in `module.json`"))?;
        let context = hash_context(&BuildContext::open(plan, IgnoreFile::Ordinary)?, &dockerfile)?;
        let mut hash = Hash::new();
        hash.field(b"edgectl 2");
        hash.options(plan);
        hash.field(&dockerfile);
        hash.field(context.as_bytes());
        let recipe = Recipe::read(&String::from_utf8_lossy(&dockerfile), &plan.args, plan.platform.as_deref());
        Ok(Self { digest: hash.finish(), context, recipe })
    }

    /// Returns the labels of an image that is made of this.
    pub fn labels(&self, bases: &BaseStates) -> BTreeMap<String, String> {
        let bases: BTreeMap<&String, &String> =
            bases.iter().filter_map(|(name, known)| Some((name, known.first()?))).collect();
        let bases = serde_json::to_string(&bases).unwrap_or_default();
        BTreeMap::from([(INPUTS_LABEL.to_owned(), self.digest.clone()), (BASES_LABEL.to_owned(), bases)])
    }

    /// Returns why an image with these labels is not what a build would make; `None` if it is.
    pub fn staleness(&self, labels: &BTreeMap<String, String>, bases: &BaseStates) -> Option<Staleness> {
        let Some(digest) = labels.get(INPUTS_LABEL) else { return Some(Staleness::Unlabelled) };
        if *digest != self.digest {
            return Some(Staleness::Sources);
        }
        if let Some(remote) = &self.recipe.remote {
            return Some(Staleness::Remote(remote.clone()));
        }
        let then = labels.get(BASES_LABEL).map_or("{}", String::as_str);
        let then: BTreeMap<String, String> = serde_json::from_str(then).unwrap_or_default();
        let is_other = |(name, now): &(&String, &Vec<String>)| {
            !now.is_empty() && !then.get(*name).is_some_and(|then| now.contains(then))
        };
        bases.iter().find(is_other).map(|(name, _)| Staleness::Base(name.clone()))
    }
}

fn hash_context(context: &BuildContext, dockerfile: &[u8]) -> Outcome<String> {
    let mut hash = ContextHash::new();
    context.walk(&mut |entry| {
        hash.add(&entry, &Content::read(&entry)?);
        Ok(())
    })?;
    if let Dockerfile::Outside(_) = context.dockerfile() {
        hash.add_dockerfile(&Content::of(dockerfile));
    }
    Ok(hash.finish())
}

impl std::fmt::Display for Staleness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unlabelled => f.write_str("edgectl did not build it"),
            Self::Sources => f.write_str("its sources have changed"),
            Self::Base(base) => write!(f, "its base image `{base}` has changed"),
            Self::Remote(source) => write!(f, "it fetches `{source}`, which may have changed"),
        }
    }
}

impl Hash {
    fn options(&mut self, plan: &BuildPlan) {
        self.list(plan.platform.as_deref());
        self.list(plan.target.as_deref());
        self.list(plan.network.as_deref());
        self.list((plan.layers == Layers::Squash).then_some("squash"));
        self.list(plan.args.iter().flat_map(|(name, value)| [name.as_str(), value]));
        self.list(plan.labels.iter().flat_map(|(name, value)| [name.as_str(), value]));
        self.list(plan.extra_hosts.iter().map(String::as_str));
        // What is secret, or an agent's, no image keeps; whether it is there may make a difference.
        self.list(plan.secrets.keys().map(String::as_str));
        self.list(plan.agents.keys().map(String::as_str));
        self.list(plan.limits.iter().flat_map(|(name, value)| [*name, value]));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::*;
    use crate::image::Reference;

    /// A module's folder with its plan.
    struct Module {
        folder: tempfile::TempDir,
        plan: BuildPlan,
    }

    impl Module {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let image = Reference::parse("a").expect("it is a reference");
            let plan = BuildPlan::new(image, folder.path(), folder.path().join("Dockerfile"));
            let module = Self { folder, plan };
            module.write("Dockerfile", "FROM base:1\n");
            module.write("main.py", "1");
            module
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.path(name), text).expect("it can be written");
        }

        fn inputs(&self) -> Inputs {
            Inputs::read(&self.plan).expect("everything can be read")
        }
    }

    fn states(bases: &[(&str, &[&str])]) -> BaseStates {
        let owned = |known: &[&str]| known.iter().map(|known| (*known).to_owned()).collect();
        bases.iter().map(|(name, known)| ((*name).to_owned(), owned(known))).collect()
    }

    #[test]
    fn every_input_makes_a_difference() {
        let changes: [fn(&mut Module); 11] = [
            |module| module.write("main.py", "2"),
            |module| module.write("other.py", ""),
            |module| module.write("Dockerfile", "FROM base:1\n\n"),
            |module| std::fs::create_dir(module.path("empty")).expect("it can be made"),
            |module| symlink("main.py", module.path("link")).expect("it can be made"),
            |module| {
                let mode = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(module.path("main.py"), mode).expect("it is ours");
            },
            |module| module.plan.target = Some("debug".to_owned()),
            |module| module.plan.platform = Some("linux/arm64".to_owned()),
            |module| drop(module.plan.args.insert("A".to_owned(), "b".to_owned())),
            |module| drop(module.plan.labels.insert("A".to_owned(), "b".to_owned())),
            |module| module.plan.extra_hosts.push("a:1.2.3.4".to_owned()),
        ];
        let mut seen = std::collections::BTreeSet::from([Module::new().inputs().digest]);
        for (index, change) in changes.iter().enumerate() {
            let mut module = Module::new();
            change(&mut module);
            assert!(seen.insert(module.inputs().digest), "change {index} makes none");
        }
    }

    #[test]
    fn place_time_and_ignored_files_make_none() {
        let (module, other) = (Module::new(), Module::new());
        let long_ago = File::options().write(true).open(other.path("main.py")).expect("it is ours");
        long_ago.set_modified(std::time::UNIX_EPOCH).expect("it is ours");
        assert_eq!(module.inputs(), other.inputs());
        module.write(".dockerignore", "*.log\n");
        let before = module.inputs();
        module.write("big.log", "x");
        assert_eq!(module.inputs(), before);
    }

    #[test]
    fn an_image_is_fresh_until_its_sources_or_a_base_change() {
        let module = Module::new();
        let inputs = module.inputs();
        let bases = states(&[("base:1", &["sha256:0a", "sha256:0b"])]);
        let labels = inputs.labels(&bases);
        let cases = [
            (bases.clone(), None),
            (states(&[("base:1", &["sha256:0c", "sha256:0a"])]), None),
            // Nobody could be asked: it is taken to be what it was.
            (states(&[("base:1", &[])]), None),
            (states(&[("base:1", &["sha256:0c"])]), Some(Staleness::Base("base:1".to_owned()))),
        ];
        for (now, staleness) in cases {
            assert_eq!(inputs.staleness(&labels, &now), staleness, "{now:?}");
        }
        assert_eq!(inputs.staleness(&BTreeMap::new(), &bases), Some(Staleness::Unlabelled));
        module.write("main.py", "2");
        assert_eq!(module.inputs().staleness(&labels, &bases), Some(Staleness::Sources));
    }

    #[test]
    fn what_the_network_brings_is_never_fresh() {
        let module = Module::new();
        module.write("Dockerfile", "FROM scratch\nADD https://x.io/y /\n");
        let inputs = module.inputs();
        let labels = inputs.labels(&BaseStates::new());
        let staleness = inputs.staleness(&labels, &BaseStates::new());
        assert_eq!(staleness, Some(Staleness::Remote("https://x.io/y".to_owned())));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let path = Path::new("/nowhere/a");
        let error = Content::read_file(path).map(drop).expect_err("it is not there");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
