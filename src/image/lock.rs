//! `images.lock`: the digests that registries know the solution's images by. Knows the text, and touches no file.
//!
//! It is YAML with one image a line, sorted: two branches that push different images merge without a conflict, and a
//! diff shows what was pushed.

use serde::Serialize;

use super::Reference;
use crate::document::{Document, Node};
use crate::text::TextError;

const HEAD: &str = "\
# Written by `edgectl build --push` and `edgectl push`, read by `edgectl deploy --pin`: keep it under version control.\n";

/// An image that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LockedImage {
    /// The module's name.
    pub module: String,
    /// As `module.json` names it: `amd64`, or `amd64.debug`; `multi` is the list of all.
    pub platform: String,
    /// Its name with the tag.
    pub image: String,
    /// What its registry knows it by, `sha256:…`.
    pub digest: String,
    /// The hash of the sources that it was built from ([`Inputs`](super::Inputs)), where that is known; of a list those of
    /// its members, `amd64=sha256:… arm64v8=sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
}

/// Every image that was pushed, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageLock {
    images: Vec<LockedImage>,
}

impl ImageLock {
    /// What the file is called.
    pub const FILE: &str = "images.lock";

    /// Parses the file's text; an image that is there with two digests is refused.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let document = Document::parse(Self::FILE, text)?;
        let mut lock = Self::default();
        // A file of comments alone holds null.
        let items = if document.value().is_null() { Vec::new() } else { document.root().items()? };
        for item in items {
            let image = read(&item)?;
            if let Some(other) = lock.images.iter().find(|known| known.is_of_same_name(&image)) {
                if other.digest != image.digest {
                    let told = item.need("digest")?.error(format!("`{}` has another digest above", image.image));
                    return Err(told.hint("remove the line that is outdated"));
                }
                continue;
            }
            lock.images.push(image);
        }
        Ok(lock)
    }

    /// Returns the file's text: the same for the same images, in whatever order they came.
    pub fn render(&self) -> String {
        let mut images: Vec<&LockedImage> = self.images.iter().collect();
        images.sort();
        let lines = images.into_iter().filter_map(|image| serde_json::to_string(image).ok());
        lines.fold(HEAD.to_owned(), |text, line| format!("{text}- {line}\n"))
    }

    /// Adds an image in the place of what was known of the same name.
    pub fn record(&mut self, image: LockedImage) {
        self.images.retain(|known| !known.is_of_same_name(&image));
        self.images.push(image);
    }

    /// Returns what is known of an image, or `None` if it was never pushed.
    pub fn find(&self, module: &str, platform: &str, image: &str) -> Option<&LockedImage> {
        let mut images = self.images.iter();
        images.find(|known| known.module == module && known.platform == platform && known.image == image)
    }
}

impl LockedImage {
    fn is_of_same_name(&self, other: &Self) -> bool {
        (&self.module, &self.platform, &self.image) == (&other.module, &other.platform, &other.image)
    }
}

fn read(item: &Node<'_>) -> Result<LockedImage, TextError> {
    let text = |key: &str| item.need(key)?.text().map(str::to_owned);
    let (image, digest) = (text("image")?, text("digest")?);
    if let Err(error) = Reference::parse(&format!("{image}@{digest}")) {
        return Err(item.error(error).hint("remove the line, and push the image again"));
    }
    let inputs = item.get("inputs").map(|node| node.text().map(str::to_owned)).transpose()?;
    Ok(LockedImage { module: text("module")?, platform: text("platform")?, image, digest, inputs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(module: &str, tag: &str, digit: char) -> LockedImage {
        LockedImage {
            module: module.to_owned(),
            platform: "amd64".to_owned(),
            image: format!("r.io/{module}:{tag}"),
            digest: format!("sha256:{}", digit.to_string().repeat(64)),
            inputs: None,
        }
    }

    fn lock(images: &[LockedImage]) -> ImageLock {
        let mut lock = ImageLock::default();
        images.iter().for_each(|image| lock.record(image.clone()));
        lock
    }

    #[test]
    fn there_is_one_line_an_image_whatever_order_they_came_in() {
        let with_inputs = LockedImage { inputs: Some("sha256:1".to_owned()), ..image("b", "1", 'c') };
        let images = [with_inputs, image("a", "2", 'b'), image("a", "1", 'a')];
        let line = |module: &str, tag: &str, digit: &str, inputs: &str| {
            let digest = digit.repeat(64);
            format!(
                r#"- {{"module":"{module}","platform":"amd64","image":"r.io/{module}:{tag}","digest":"sha256:{digest}"{inputs}}}"#
            )
        };
        let lines = [line("a", "1", "a", ""), line("a", "2", "b", ""), line("b", "1", "c", r#","inputs":"sha256:1""#)];
        let text = format!("{HEAD}{}\n", lines.join("\n"));
        assert_eq!(lock(&images).render(), text);
        assert_eq!(ImageLock::parse(&text).expect("it is right").render(), text);
    }

    #[test]
    fn an_image_that_is_pushed_again_has_its_last_digest() {
        let lock = lock(&[image("a", "1", 'a'), image("a", "2", 'a'), image("a", "1", 'b')]);
        let digest = |tag: &str| lock.find("a", "amd64", &format!("r.io/a:{tag}")).map(|image| image.digest.clone());
        assert_eq!(digest("1"), Some(format!("sha256:{}", "b".repeat(64))));
        assert_eq!(digest("2"), Some(format!("sha256:{}", "a".repeat(64))));
        assert_eq!(digest("3"), None);
    }

    #[test]
    fn what_nobody_could_pull_is_shown_at_its_line() {
        let good = lock(&[image("a", "1", 'a')]).render();
        let other = good.lines().last().expect("it has a line").replace("aaaa", "bbbb");
        let cases = [
            (format!("{good}{other}\n"), (3, "`r.io/a:1` has another digest above")),
            (good.replace("\"digest\"", "\"hash\""), (2, "the member `digest` is missing")),
            (
                good.replace("sha256:a", "sha256:"),
                (2, "`r.io/a:1@sha256:aaa…`: `sha256:aaa…` is no digest (`sha256:` and 64 hexadecimal digits)"),
            ),
            ("- 1\n".to_owned(), (1, "expected an object, found `1`")),
        ];
        for (text, (line, message)) in cases {
            let error = ImageLock::parse(&text).expect_err("it is wrong");
            assert_eq!((error.line, &*error.message.replace(&"a".repeat(63), "aaa…")), (line, message));
        }
    }

    #[test]
    fn lines_that_a_merge_doubled_are_one() {
        let text = lock(&[image("a", "1", 'a')]).render();
        let doubled = format!("{text}{}\n", text.lines().last().expect("it has a line"));
        assert_eq!(ImageLock::parse(&doubled).expect("it is right").render(), text);
        assert_eq!(ImageLock::parse(HEAD).expect("it is right"), ImageLock::default());
    }
}
