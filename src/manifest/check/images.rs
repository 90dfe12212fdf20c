//! Images: their names, their tags, and the support of the runtime's own.

use std::time::Duration;

use super::parts::{Part, Parts};
use super::runtime_versions::RuntimeVersions;
use crate::image::Reference;
use crate::manifest::finding::Finding;
use crate::manifest::placeholder::names_image;

/// The images that are released with the runtime, under its version.
const RUNTIME_IMAGES: [&str; 4] =
    ["azureiotedge-agent", "azureiotedge-hub", "azureiotedge-simulated-temperature-sensor", "azureiotedge-diagnostics"];

/// Reports names that are none, tags that can change under a device, and runtimes without support on that day.
pub(super) fn check(parts: &Parts<'_>, today: Duration, findings: &mut Vec<Finding>) {
    let versions = RuntimeVersions::embedded();
    for module in &parts.modules {
        let Some(image) = written_image(module) else { continue };
        match Reference::parse(&image.replacen("$upstream", "upstream", 1)) {
            Ok(reference) => {
                check_tag(module, &reference, findings);
                check_support(module, &reference, (&versions, today), findings);
            }
            // A variable that nobody defined stays in the name, and is told of there.
            Err(_) if image.contains('$') => {}
            Err(error) => {
                let node = module.image.as_ref().unwrap_or(&module.node);
                let hint = "write an image such as `registry.example.com/team/filter:1.0.0`";
                findings.push(Finding::error("image", node.error(error).hint(hint)));
            }
        }
    }
}

/// The image of a module that is written here; one of the solution has its name and version in `module.json`.
fn written_image<'p>(module: &'p Part<'_>) -> Option<&'p str> {
    let image = module.image.as_ref()?;
    let written = image.document().written_node(image.pointer())?.value().as_str()?;
    (!names_image(written)).then(|| image.value().as_str().map(str::trim))?.filter(|image| !image.is_empty())
}

fn check_tag(module: &Part<'_>, reference: &Reference, findings: &mut Vec<Finding>) {
    let Some(image) = &module.image else { return };
    let told = match (reference.tag(), reference.digest()) {
        (_, Some(_)) => return,
        (None, None) => image.error("an image without a tag is whatever `latest` is when a device pulls it"),
        (Some("latest"), None) => image.error("`latest` is another image on every day that a device pulls it"),
        _ => return,
    };
    findings.push(Finding::warning("image-tag", told.hint("name a version, such as `:1.0.0`")));
}

fn check_support(
    module: &Part<'_>,
    reference: &Reference,
    (versions, today): (&RuntimeVersions, Duration),
    findings: &mut Vec<Finding>,
) {
    let (Some(image), Some(tag)) = (&module.image, reference.tag()) else { return };
    let repository = reference.repository();
    if !RUNTIME_IMAGES.contains(&repository.rsplit('/').next().unwrap_or_default()) {
        return;
    }
    let Some(ended) = versions.ended(tag, today) else { return };
    let told = image.error(format!("the support of IoT Edge {} ended {}", ended.version, ended.when()));
    let hint = format!("write `{repository}:{}`", versions.newest());
    findings.push(Finding::warning("runtime-ended", told.hint(hint)));
}
