//! `edgectl deploy --pin`: every image by its digest, own ones as `images.lock` has them, others as their registries do.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Context;
use crate::engine::registry::Registries;
use crate::engine::{Event, Login, Logins};
use crate::failure::{Failure, Kind, OrFail, Outcome, Told};
use crate::image::{ImageLock, Inputs, LockedImage, Platform, Reference, Variant};
use crate::manifest::is_placeholder;
use crate::solution::{Manifest, Solution, Source};
use crate::text::counted;

/// Whether and how images are pinned.
#[derive(Debug, clap::Args)]
pub(super) struct PinArgs {
    /// Name every image by its digest: those of the solution by `images.lock`, others by their registries
    #[arg(long, conflicts_with = "check")]
    pub(super) pin: bool,
    /// Ask the registries for the digests of the solution's own images, too
    #[arg(long, requires = "pin", hide_short_help = true)]
    refresh: bool,
}

/// Images by the name that the manifest has, with the name that pins them.
pub(super) type Pins = BTreeMap<String, String>;

/// What images are looked up in.
pub(super) struct Pinning<'a> {
    pub(super) cx: &'a Context,
    pub(super) solution: &'a Solution,
    pub(super) args: &'a PinArgs,
    /// What follows the version in tags.
    pub(super) tag: Option<&'a str>,
}

impl Pinning<'_> {
    /// Pins the images of a manifest.
    pub(super) fn apply(&self, manifest: &mut Manifest) -> Outcome {
        if self.args.pin {
            let pins = self.find(&manifest.images(), std::slice::from_ref(manifest))?;
            manifest.replace_images(&pins);
        }
        Ok(())
    }

    /// Looks up images; the manifests tell which are the solution's own, and how to log in. Those with a digest stay.
    pub(super) fn find(&self, images: &BTreeSet<String>, manifests: &[Manifest]) -> Outcome<Pins> {
        let lock = if self.args.refresh { None } else { self.solution.image_lock()? };
        let (mut pins, mut asked, mut failures) = (Pins::new(), Vec::new(), Vec::new());
        for image in images {
            let reference = parse(image)?;
            let source = manifests.iter().find_map(|manifest| manifest.source_of(image));
            match source.filter(|_| !self.args.refresh) {
                _ if reference.digest().is_some() => {}
                Some(source) => match self.locked(lock.as_ref(), source, image) {
                    Ok(digest) => drop(pins.insert(image.clone(), format!("{image}@{digest}"))),
                    Err(failure) => failures.push(failure),
                },
                None => asked.push((reference, source)),
            }
        }
        if !failures.is_empty() {
            return Err(in_one(failures));
        }
        let known = pins.len();
        pins.extend(self.ask(asked, manifests)?);
        let others = pins.len() - known;
        self.cx.ui().step(
            "Pinned",
            format!(
                "{}: {known} by `{}`, {others} by registries",
                counted(pins.len() as u64, "image"),
                ImageLock::FILE
            ),
        );
        Ok(pins)
    }

    /// Returns the digest of an image that this solution pushed, unless it would be another one by now.
    fn locked(&self, lock: Option<&ImageLock>, source: &Source, image: &str) -> Outcome<String> {
        let platform = format!("{}{}", source.platform, source.variant.suffix());
        let file = self.solution.shown(&self.solution.image_lock_path());
        let refuse = |why: String| {
            let debug = if source.variant == Variant::Debug { " --debug" } else { "" };
            let which = match source.platform.is_multi() {
                true => "--manifest-list".to_owned(),
                false => format!("--platform {}", source.platform),
            };
            let command = format!("edgectl build --push {} {which}{debug}", source.module.name());
            Failure::request(format!("cannot pin `{image}`"))
                .cause(why)
                .hint(format!("push it with `{command}`"))
                .hint("pass `--refresh` to take what its registry has")
        };
        let Some(lock) = lock else { return Err(refuse(format!("there is no `{file}` yet"))) };
        let Some(locked) = lock.find(source.module.name(), &platform, image) else {
            return Err(refuse(format!("`{file}` has no digest of it")));
        };
        match self.is_stale(locked, source)? {
            true => Err(refuse(format!("its sources have changed since the push that `{file}` tells of"))),
            false => Ok(locked.digest.clone()),
        }
    }

    fn is_stale(&self, locked: &LockedImage, source: &Source) -> Outcome<bool> {
        let Some(pushed) = &locked.inputs else { return Ok(false) };
        for one in pushed.split_whitespace() {
            // Those of a list name their platforms.
            let (platform, pushed) = one.split_once('=').unwrap_or((source.platform.as_str(), one));
            let Ok(platform) = Platform::parse(platform) else { return Ok(true) };
            let target = self.solution.target(&source.module, &platform, source.variant, self.tag)?;
            if Inputs::read(&target.plan)?.digest != pushed {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn logins(&self) -> Logins {
        Logins::of_solution(self.cx.environment(), self.solution)
    }

    fn ask(&self, asked: Vec<(Reference, Option<&Source>)>, manifests: &[Manifest]) -> Outcome<Pins> {
        let logins = self.logins().with(logins_of(manifests));
        let registries = Registries::new(self.cx.environment(), logins).patient();
        let (references, sources): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let watch = |event: Event<'_>| {
            if let Event::Warning(text) = event {
                self.cx.ui().warn(text);
            }
        };
        let answers = self.cx.block_on(async {
            tokio::select! {
                answers = registries.resolve(&references, &watch) => Ok(answers),
                _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
            }
        })?;
        let (mut pins, mut failures) = (Pins::new(), Vec::new());
        for ((reference, source), answer) in references.iter().zip(sources).zip(answers) {
            match answer {
                Ok(Some(digest)) => drop(pins.insert(reference.to_string(), format!("{reference}@{digest}"))),
                Ok(None) => failures.push(not_there(reference, source)),
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() { Ok(pins) } else { Err(in_one(failures)) }
    }
}

fn parse(image: &str) -> Outcome<Reference> {
    let parsed = Reference::parse(image).or_fail(Kind::Request, || format!("cannot pin `{image}`"));
    parsed.map_err(|failure| failure.hint("write the image as `registry/repository:tag`"))
}

fn not_there(reference: &Reference, source: Option<&Source>) -> Failure {
    let failure = Failure::refused(format!("cannot pin `{reference}`")).cause("its registry has no such image");
    failure.hint(match source {
        Some(source) => format!("push it with `edgectl build --push {}`", source.module.name()),
        None => "correct the image's name and tag".to_owned(),
    })
}

/// The logins that the manifests give the device; a variable that nobody has set is none.
fn logins_of(manifests: &[Manifest]) -> impl Iterator<Item = (String, Login)> {
    let registries = manifests.iter().flat_map(Manifest::registries);
    let known =
        registries.filter(|registry| !is_placeholder(&registry.password) && !is_placeholder(&registry.username));
    known.map(|registry| {
        let login = Login::Password { user: registry.username.clone(), secret: registry.password.clone() };
        (registry.address.clone(), login)
    })
}

/// One failure is told as it is, several in one.
fn in_one(mut failures: Vec<Failure>) -> Failure {
    match failures.len() {
        1 => failures.remove(0),
        count => Failure::sum_up(format!("cannot pin {count} images"), &failures, Told::NotYet),
    }
}
