//! `edgectl deploy --layered`: a layer over other deployments, as it is or made of a whole deployment.

use crate::failure::{Failure, Outcome};
use crate::manifest::{Layer, extract_layer, failure_of, layer_mistakes};
use crate::solution::{Manifest, ManifestKind, Solution};
use crate::text::did_you_mean;

/// Returns the manifest as a layer; `only` are the modules to take out of a whole deployment.
pub(super) fn layer_of(solution: &Solution, mut manifest: Manifest, only: &[String]) -> Outcome<Manifest> {
    if !only.is_empty() {
        let deployment = manifest.checked()?;
        let content = extract_layer(&manifest.document, only).map_err(|name| {
            let names = deployment.modules.iter().map(|module| module.id.as_str());
            let hint = did_you_mean(&name, names);
            Failure::request(format!("the deployment has no module `{name}`"))
                .hint(hint.unwrap_or_else(|| "name one of its modules with `--only`".to_owned()))
        })?;
        manifest.document = manifest.document.with_value(content);
        manifest.layer = match Layer::parse(&manifest.document, &mut Vec::new()) {
            Some(layer) => Some(layer.map_err(|findings| failure_of(manifest.document.file(), &findings))?),
            None => None,
        };
        // It is made here, and not the solution's manifest, whose place it would take.
        manifest.kind = ManifestKind::Template;
        manifest.path = solution.root().join("layer.template.json");
        manifest.deployment = Err(Vec::new());
    }
    let mistakes = layer_mistakes(&manifest.document);
    if mistakes.is_empty() { Ok(manifest) } else { Err(failure_of(manifest.document.file(), &mistakes)) }
}
