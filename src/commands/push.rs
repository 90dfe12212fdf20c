//! `edgectl push`: images that were built, to their registries.

use std::sync::Arc;

use super::Context;
use super::images::{self, ImageArgs, ImageRecord, Job};
use super::ledger::{Ledger, read_inputs};
use super::lists::found_in_registry;
use crate::failure::Outcome;

/// Push the images of modules
///
/// Pushes what `edgectl build` made, with the credentials of docker's own configuration and its helpers, else with
/// `CONTAINER_REGISTRY_SERVER`, `_USERNAME` and `_PASSWORD` of `.env` (further registries: a suffix). Prints the
/// name of each image with the digest that its registry knows it by, and notes it in `images.lock`, for `deploy --pin`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  edgectl push\n  edgectl push filter --platform arm64v8\n  edgectl push --manifest-list"
)]
pub struct Push {
    #[command(flatten)]
    images: ImageArgs,
}

pub(super) fn run(cx: &Context, args: &Push) -> Outcome {
    let solution = args.images.solution(cx)?;
    let targets = args.images.targets(&solution)?;
    let ledger = Arc::new(Ledger::open(&solution)?);
    let shared = Arc::new((Arc::clone(&ledger), args.images.lists(&solution, &targets)?));
    let takes_found = args.images.manifest_list;
    let outcome = images::run(cx, (&args.images, &solution), targets, move |job| {
        let shared = Arc::clone(&shared);
        async move {
            let (ledger, lists) = &*shared;
            if takes_found && let Some((record, inputs)) = found_in_registry(&job).await? {
                ledger.record(&job.target, &record, inputs.clone())?;
                lists.add(&job, ledger, inputs).await?;
                return Ok(record);
            }
            let image = job.target.plan.image.to_string();
            let record = ImageRecord {
                module: job.target.module.clone(),
                platform: job.target.platform.to_string(),
                id: job.engine.image_id(&image).await?,
                image,
                digest: None,
                cached: None,
                seconds: 0.0,
            };
            let inputs = job.engine.image_inputs(&record.image).await?;
            let record = push(&job, record).await?;
            // An image that was built with flags, or of other sources, is not what this plan would make.
            let inputs = read_inputs(&job.target.plan).await.filter(|now| inputs.as_ref() == Some(now));
            ledger.record(&job.target, &record, inputs.clone())?;
            lists.add(&job, ledger, inputs).await?;
            Ok(record)
        }
    });
    ledger.tell(cx.ui());
    outcome
}

/// Pushes the image of a record and completes the record.
pub(super) async fn push(job: &Arc<Job>, record: ImageRecord) -> Outcome<ImageRecord> {
    let pushed = job.engine.push(&job.target.plan.image, job.registries.logins(), &|event| job.show(event)).await?;
    job.done("Pushed", &format!("`{}` in {}", record.image, images::duration(pushed.seconds)));
    Ok(ImageRecord { digest: Some(pushed.digest), seconds: record.seconds + pushed.seconds, ..record })
}
