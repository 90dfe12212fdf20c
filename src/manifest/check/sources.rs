//! Outputs that no source of the solution sends, and inputs that none listens on.
//!
//! A name can be put together at run time, so all that can be said is that nothing holds it as it is: a warning, and
//! only for modules that the solution builds itself. A name that the manifest hands to the module counts as held.

use super::Sources;
use super::parts::{Part, Parts, Way};
use crate::manifest::finding::Finding;
use crate::route::Sink;

/// Reports names in routes that neither the module's sources nor its settings hold.
pub(super) fn check(parts: &Parts<'_>, sources: &dyn Sources, findings: &mut Vec<Finding>) {
    for way in &parts.routes {
        let segments: Vec<&str> = way.route.source().split('/').filter(|segment| !segment.is_empty()).collect();
        if let ["messages", "modules", module, "outputs", output] = segments[..]
            && lacks(parts, sources, module, output)
        {
            let message = format!("no source of `{module}` holds the name of the output `{output}`");
            let hint = format!("route `/messages/modules/{module}/outputs/*`, or correct the name");
            findings.push(Finding::warning("unsent-output", at(way, output, false, message).hint(hint)));
        }
        if let Sink::Input { module, input } = way.route.sink()
            && lacks(parts, sources, module.as_str(), input)
        {
            let message = format!("no source of `{module}` holds the name of the input `{input}`");
            let hint = format!("write the input that `{module}` listens on");
            findings.push(Finding::warning("unheard-input", at(way, input, true, message).hint(hint)));
        }
    }
}

fn at(way: &Way<'_>, name: &str, is_sink: bool, message: String) -> crate::text::TextError {
    let text = way.route.text();
    let found = if is_sink { text.rfind(name) } else { text.find(&format!("/{name}")).map(|slash| slash + 1) };
    match found {
        Some(start) => way.place.error_inside(&(start..start + name.len()), message),
        None => way.place.error(message),
    }
}

fn lacks(parts: &Parts<'_>, sources: &dyn Sources, module: &str, word: &str) -> bool {
    let found = parts.user_modules().find(|part| part.name.eq_ignore_ascii_case(module));
    let Some((part, image)) = found.and_then(|part| Some((part, part.image_name()?))) else { return false };
    sources.hold(image, word) == Some(false) && !is_handed(parts, part, word)
}

/// Says whether the manifest gives the module the word, in its environment or its twin.
fn is_handed(parts: &Parts<'_>, part: &Part<'_>, word: &str) -> bool {
    let twin = parts.twins.get(part.name.as_str());
    part.node.value().to_string().contains(word) || twin.is_some_and(|twin| twin.value().to_string().contains(word))
}
