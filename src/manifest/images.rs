//! Where the images of modules stand in a manifest or a layer, whichever way they are spelled.

use serde_json::Value;

use super::content::assignments;
use crate::document::Document;
use crate::identity::ModuleId;
use crate::text::Pointer;

/// How deep an image lies in the desired properties of `$edgeAgent`: `modules.NAME.settings.image`.
const DEPTH: usize = 4;

/// Returns the images of modules, those of the runtime too, each with its place; what is no text is left out.
pub fn images(document: &Document) -> Vec<(Pointer, String)> {
    let mut found = Vec::new();
    for assignment in assignments(document).unwrap_or_default() {
        if assignment.module == ModuleId::EDGE_AGENT {
            collect(0, &assignment.path, assignment.value, &assignment.pointer, &mut found);
        }
    }
    found
}

/// `path` is what is left of a dotted key that leads to `value`.
fn collect(depth: usize, path: &[&str], value: &Value, pointer: &Pointer, found: &mut Vec<(Pointer, String)>) {
    if depth == DEPTH {
        if let (Some(image), true) = (value.as_str(), path.is_empty()) {
            found.push((pointer.clone(), image.to_owned()));
        }
        return;
    }
    if let Some((step, rest)) = path.split_first() {
        if is_on_the_way(depth, step) {
            collect(depth + 1, rest, value, pointer, found);
        }
        return;
    }
    for (key, member) in value.as_object().into_iter().flatten() {
        if is_on_the_way(depth, key) {
            collect(depth + 1, path, member, &pointer.key(key), found);
        }
    }
}

fn is_on_the_way(depth: usize, step: &str) -> bool {
    match depth {
        0 => step == "modules" || step == "systemModules",
        1 => true,
        2 => step == "settings",
        _ => step == "image",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_in_every_spelling() {
        let module =
            |image: &str| format!(r#"{{"settings": {{"image": "{image}", "createOptions": {{"Image": "x"}}}}}}"#);
        let cases = [
            format!(r#"{{"properties.desired": {{"modules": {{"a": {}}}, "systemModules": {{}}}}}}"#, module("i")),
            format!(r#"{{"properties": {{"desired": {{"systemModules": {{"edgeHub": {}}}}}}}}}"#, module("i")),
            format!(r#"{{"properties.desired.modules.a": {}}}"#, module("i")),
            r#"{"properties.desired.modules.a.settings": {"image": "i"}}"#.to_owned(),
            r#"{"properties.desired.modules.a.settings.image": "i"}"#.to_owned(),
        ];
        for agent in cases {
            let text =
                format!(r#"{{"modulesContent": {{"$edgeAgent": {agent}, "a": {{"properties.desired": {{}}}}}}}}"#);
            let document = Document::parse("layer.json", &text).expect("it is JSON");
            let found = images(&document);
            let named: Vec<&str> = found.iter().map(|(_, image)| image.as_str()).collect();
            assert_eq!(named, ["i"], "{agent}");
            let there = document.value().pointer(found[0].0.as_str());
            assert_eq!(there.and_then(Value::as_str), Some("i"), "{agent}");
        }
    }
}
