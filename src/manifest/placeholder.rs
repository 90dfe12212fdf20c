//! `$NAME`, `${NAME}`, `${MODULES.x}` and `${MODULEDIR<path>}` in the text of a value.

use std::ops::Range;

use serde_json::Value;

use crate::document::Document;
use crate::image::{Platform, Variant};

/// An image of a module of the solution, as `${MODULES.filter.debug}` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlaceholder {
    /// The module.
    pub module: ModulePlace,
    /// The platform, or `None` for the one that is deployed for.
    pub platform: Option<Platform>,
    /// The image that is deployed, or the one with a debugger.
    pub variant: Variant,
}

/// Where a placeholder looks for a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModulePlace {
    /// The folder of this name among the solution's modules.
    Name(String),
    /// A folder relative to the template's.
    Folder(String),
}

/// A part of a value's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that means itself.
    Text(&'t str),
    /// `$NAME`.
    Bare(&'t str),
    /// `${NAME}`.
    Braced(&'t str),
    /// `${MODULES…}` or `${MODULEDIR…}`.
    Image(ImagePlaceholder),
    /// `${…}` with something else inside.
    Unknown(&'t str),
}

const MODULES: &str = "MODULES.";
const MODULE_FOLDER: &str = "MODULEDIR<";

/// An image that a template names, and the module of the deployment that is to run it, if that is what it is named for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedImage {
    /// The image.
    pub image: ImagePlaceholder,
    /// The module's name in the deployment, which need not be that of its folder.
    pub instance: Option<String>,
}

/// Returns the images that a template names, in its order; what stands in comments or behind `$$` names none.
pub fn images_named(template: &Document) -> Vec<NamedImage> {
    let mut found = Vec::new();
    collect(template.value(), &mut Vec::new(), &mut found);
    found
}

/// Says whether a text names an image of the solution.
pub(super) fn names_image(text: &str) -> bool {
    pieces(text).iter().any(|(_, piece)| matches!(piece, Piece::Image(_)))
}

fn collect<'v>(value: &'v Value, path: &mut Vec<&'v str>, found: &mut Vec<NamedImage>) {
    match value {
        Value::String(text) if text.contains("${MODULE") => {
            let instance = match path[..] {
                // A layer's key leads down to the module: `properties.desired.modules.filter`.
                [.., module, "settings", "image"] => module.rsplit('.').next().map(str::to_owned),
                _ => None,
            };
            let image = |(_, piece)| if let Piece::Image(image) = piece { Some(image) } else { None };
            let images = pieces(text).into_iter().filter_map(image);
            found.extend(images.map(|image| NamedImage { image, instance: instance.clone() }));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Value::Object(members) => {
            for (key, member) in members {
                path.push(key);
                collect(member, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Splits a text into its parts with the bytes that each takes up; `$$NAME` and `$${` come as text with one `$`.
pub(super) fn pieces(text: &str) -> Vec<(Range<usize>, Piece<'_>)> {
    let mut pieces = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    // Behind it no brace is closed: not to look for one behind every `${` makes this linear.
    let last_close = text.rfind('}').unwrap_or_default();
    while let Some(found) = text[at..].find('$') {
        let start = at + found;
        let is_open = start > last_close && text[start + 1..].starts_with('{');
        let Some((length, piece)) = (if is_open { None } else { piece_at(&text[start..]) }) else {
            at = start + 1;
            continue;
        };
        push_text(&mut pieces, text, plain..start);
        at = start + length;
        plain = at;
        pieces.push((start..at, piece));
    }
    push_text(&mut pieces, text, plain..text.len());
    pieces
}

fn push_text<'t>(pieces: &mut Vec<(Range<usize>, Piece<'t>)>, text: &'t str, span: Range<usize>) {
    if !span.is_empty() {
        pieces.push((span.clone(), Piece::Text(&text[span])));
    }
}

/// Reads the piece that begins with the `$` at the start of `text`; `None` for a `$` that means itself.
fn piece_at(text: &str) -> Option<(usize, Piece<'_>)> {
    let rest = &text[1..];
    if let Some(escaped) = rest.strip_prefix('$') {
        let is_escape = escaped.starts_with('{') || name_len(escaped) > 0;
        return is_escape.then_some((2, Piece::Text("$")));
    }
    if let Some(inside) = rest.strip_prefix('{') {
        let inside = &inside[..inside.find('}')?];
        return Some((inside.len() + 3, braced(inside)));
    }
    match name_len(rest) {
        0 => None,
        length => Some((length + 1, Piece::Bare(&rest[..length]))),
    }
}

fn braced(inside: &str) -> Piece<'_> {
    if name_len(inside) == inside.len() && !inside.is_empty() {
        return Piece::Braced(inside);
    }
    let image = if let Some(rest) = inside.strip_prefix(MODULES) {
        let (name, suffix) = rest.split_once('.').unwrap_or((rest, ""));
        image(ModulePlace::Name(name.to_owned()), suffix).filter(|_| !name.is_empty())
    } else if let Some((folder, suffix)) = inside.strip_prefix(MODULE_FOLDER).and_then(|rest| rest.rsplit_once('>')) {
        let suffix = suffix.strip_prefix('.').unwrap_or(suffix);
        image(ModulePlace::Folder(folder.to_owned()), suffix).filter(|_| !folder.is_empty())
    } else {
        None
    };
    image.map_or(Piece::Unknown(inside), Piece::Image)
}

/// Reads what follows the module: nothing, `debug`, `<platform>` or `<platform>.debug`.
fn image(module: ModulePlace, suffix: &str) -> Option<ImagePlaceholder> {
    let (platform, variant) = match suffix {
        "debug" => ("", Variant::Debug),
        other => Variant::split(other),
    };
    let platform = if platform.is_empty() { None } else { Some(Platform::parse(platform).ok()?) };
    Some(ImagePlaceholder { module, platform, variant })
}

fn name_len(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Piece<'_>]) {
        let found: Vec<Piece<'_>> = pieces(text).into_iter().map(|(_, piece)| piece).collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_image(text: &str, module: ModulePlace, platform: Option<&str>, variant: Variant) {
        let platform = platform.map(|platform| Platform::parse(platform).expect("a platform"));
        check(text, &[Piece::Image(ImagePlaceholder { module, platform, variant })]);
    }

    #[test]
    fn variables_are_found_with_and_without_braces() {
        check("$A/${B_1}:x", &[Piece::Bare("A"), Piece::Text("/"), Piece::Braced("B_1"), Piece::Text(":x")]);
    }

    #[test]
    fn a_dollar_that_names_nothing_means_itself() {
        for text in ["$", "5$", "$1", "$ {A}", "$$", "$.a", "${A"] {
            check(text, &[Piece::Text(text)]);
        }
    }

    #[test]
    fn a_doubled_dollar_keeps_what_follows_from_being_expanded() {
        check("$$A", &[Piece::Text("$"), Piece::Text("A")]);
        check("$${A}", &[Piece::Text("$"), Piece::Text("{A}")]);
    }

    #[test]
    fn images_are_named_by_module_platform_and_variant() {
        let filter = || ModulePlace::Name("filter".to_owned());
        check_image("${MODULES.filter}", filter(), None, Variant::Release);
        check_image("${MODULES.filter.debug}", filter(), None, Variant::Debug);
        check_image("${MODULES.filter.arm64v8}", filter(), Some("arm64v8"), Variant::Release);
        check_image("${MODULES.filter.amd64.debug}", filter(), Some("amd64"), Variant::Debug);
        let folder = || ModulePlace::Folder("../other/x".to_owned());
        check_image("${MODULEDIR<../other/x>}", folder(), None, Variant::Release);
        check_image("${MODULEDIR<../other/x>.arm32v7.debug}", folder(), Some("arm32v7"), Variant::Debug);
    }

    #[test]
    fn anything_else_in_braces_is_unknown() {
        for inside in ["", "A-B", "A:-b", "MODULES.", "MODULES", "MODULE.a", "MODULEDIR<a", "MODULES.a.plan 9"] {
            if inside != "MODULES" {
                check(&format!("${{{inside}}}"), &[Piece::Unknown(inside)]);
            }
        }
    }
}
