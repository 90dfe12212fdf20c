//! What `build --push` and `push` note in `images.lock`: each image, as soon as its registry has it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::images::ImageRecord;
use crate::failure::{Failure, Outcome};
use crate::image::{BuildPlan, Inputs, LockedImage, Platform};
use crate::solution::{Readers, Solution, Target, replace_file};
use crate::ui::Ui;

/// `images.lock` of a solution, to be added to.
pub(super) struct Ledger {
    solution: Solution,
    path: PathBuf,
    shown: String,
    has_changed: AtomicBool,
}

impl Ledger {
    /// Fails where the file could not be added to later.
    pub(super) fn open(solution: &Solution) -> Outcome<Self> {
        solution.image_lock()?;
        let path = solution.image_lock_path();
        let shown = solution.shown(&path);
        Ok(Self { solution: solution.clone(), path, shown, has_changed: AtomicBool::new(false) })
    }

    /// Adds an image that its registry has; one without a digest is none.
    pub(super) fn record(&self, target: &Target, record: &ImageRecord, inputs: Option<String>) -> Outcome {
        let Some(digest) = record.digest.clone() else { return Ok(()) };
        let platform = format!("{}{}", target.platform, target.variant.suffix());
        let image =
            LockedImage { module: target.module.clone(), platform, image: record.image.clone(), digest, inputs };
        self.add(image).map_err(|failure| {
            let hint = format!("run `edgectl push {}` again, the image is in its registry already", target.module);
            failure.hint(hint)
        })
    }

    /// Adds the list of a module's images.
    pub(super) fn record_list(
        &self,
        member: &Target,
        (image, digest): (String, String),
        inputs: Option<String>,
    ) -> Outcome {
        let platform = format!("{}{}", Platform::multi(), member.variant.suffix());
        self.add(LockedImage { module: member.module.clone(), platform, image, digest, inputs })
    }

    fn add(&self, image: LockedImage) -> Outcome {
        // Other runs add to the same file, and none may write over what another one has just noted.
        let _alone = self.wait_for_others()?;
        let mut lock = self.solution.image_lock()?.unwrap_or_default();
        lock.record(image);
        let text = lock.render();
        if fs::read_to_string(&self.path).is_ok_and(|known| known == text) {
            return Ok(());
        }
        replace_file(&self.path, &self.shown, &text, Readers::Everybody)?;
        self.has_changed.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn wait_for_others(&self) -> Outcome<File> {
        let folder = File::open(self.path.parent().unwrap_or(Path::new(".")));
        let locked = folder.and_then(|folder| folder.lock().map(|()| folder));
        locked.map_err(|error| Failure::unwritable(format!("cannot write `{}`", self.shown), "its folder", &error))
    }

    /// Says that the file is another one now.
    pub(super) fn tell(&self, ui: &Ui) {
        if self.has_changed.load(Ordering::Relaxed) {
            ui.step("Noted", format!("digests in `{}`", self.shown));
        }
    }
}

/// Returns the hash of what a plan would build of the files as they are now; `None` if they cannot be read.
pub(super) async fn read_inputs(plan: &BuildPlan) -> Option<String> {
    let plan = plan.clone();
    let read = tokio::task::spawn_blocking(move || Inputs::read(&plan)).await;
    read.ok()?.ok().map(|inputs| inputs.digest)
}
