//! `.dockerignore`: which files of a folder are no part of a build context, exactly as for `docker build`.
//!
//! Not the rules of `.gitignore`: patterns are rooted at the context, a pattern that matches a folder holds for all
//! in it, the last pattern that matches decides, and `!` may take something out of an ignored folder again.

use std::path::Path;

use thiserror::Error;

use super::pattern::Pattern;

/// The patterns of one ignore file, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Ignore,
    Keep,
}

/// A line that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: `{text}` is no pattern")]
pub struct IgnoreError {
    /// Line number, from 1.
    pub line: usize,
    /// The line as it stands there.
    pub text: String,
}

/// What is known of one path, to be handed on to the paths below it.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    matched: Vec<bool>,
    ignored: bool,
}

impl Verdict {
    /// Says whether the path is no part of the context.
    pub fn is_ignored(&self) -> bool {
        self.ignored
    }
}

impl Ignore {
    /// Parses the text of an ignore file.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut rules = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = || IgnoreError { line: index + 1, text: line.trim().to_owned() };
            // A comment starts in the first column: ` #a` is a pattern.
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let (effect, pattern) = match line.trim().strip_prefix('!') {
                Some(pattern) => (Effect::Keep, pattern.trim()),
                None => (Effect::Ignore, line.trim()),
            };
            if pattern.is_empty() {
                return Err(wrong());
            }
            rules.push(Rule { pattern: Pattern::compile(&clean(pattern)).ok_or_else(wrong)?, effect });
        }
        Ok(Self { rules })
    }

    /// Judges a path relative to the context, given the verdict on its folder (the default for the root's children).
    pub fn judge(&self, path: &Path, folder: &Verdict) -> Verdict {
        let path = path.to_string_lossy();
        let mut verdict = Verdict { matched: Vec::with_capacity(self.rules.len()), ignored: false };
        for (index, rule) in self.rules.iter().enumerate() {
            let inherited = folder.matched.get(index).copied().unwrap_or(false);
            let matched = inherited || rule.pattern.is_match(&path);
            verdict.matched.push(matched);
            if matched {
                verdict.ignored = rule.effect == Effect::Ignore;
            }
        }
        verdict
    }

    /// Says whether a `!` pattern could keep something below the folder, so that it must be walked though ignored.
    pub fn may_keep_below(&self, folder: &Path) -> bool {
        let folder = format!("{}/", folder.to_string_lossy());
        self.rules.iter().filter(|rule| rule.effect == Effect::Keep).any(|rule| {
            let prefix = rule.pattern.literal_prefix();
            prefix.starts_with(&folder) || folder.starts_with(&prefix)
        })
    }
}

/// Cleans a pattern as Go's `filepath.Clean` does a path, and takes the leading slash away: patterns are rooted anyway.
fn clean(pattern: &str) -> String {
    let rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (parts.is_empty(), rooted) {
        (true, true) => "/".to_owned(),
        (true, false) => ".".to_owned(),
        _ => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(ignore: &Ignore, path: &str) -> bool {
        let mut verdict = Verdict::default();
        for folder in Path::new(path).ancestors().collect::<Vec<_>>().iter().rev().skip(1) {
            verdict = ignore.judge(folder, &verdict);
        }
        verdict.is_ignored()
    }

    fn check(text: &str, expected: &[(&str, bool)]) {
        let ignore = Ignore::parse(text).expect("every line is a pattern");
        for (path, is_ignored) in expected {
            assert_eq!(ignored(&ignore, path), *is_ignored, "`{path}` by {text:?}");
        }
    }

    #[test]
    fn patterns_are_rooted_at_the_context() {
        check("temp", &[("temp", true), ("temp/a", true), ("a/temp", false)]);
        check("*/temp*", &[("a/temporary.txt", true), ("a/temp/b", true), ("temp", false), ("a/b/temp", false)]);
        check("/a/b/", &[("a/b", true), ("a/b/c", true), ("a", false)]);
    }

    #[test]
    fn the_last_match_decides() {
        check(
            "*.md\n!README*.md\nREADME-secret.md",
            &[("a.md", true), ("README.md", false), ("README-secret.md", true)],
        );
        check("*.md\nREADME-secret.md\n!README*.md", &[("a.md", true), ("README-secret.md", false)]);
    }

    #[test]
    fn an_exception_reaches_into_an_ignored_folder() {
        check("a\n!a/keep", &[("a/x", true), ("a/keep", false), ("a/keep/x", false)]);
        check("*\n!src/**/*.py", &[("src/a.py", false), ("src/b/c.py", false), ("src/a.txt", true), ("x", true)]);
    }

    #[test]
    fn comments_blanks_and_the_byte_order_mark_are_passed_over() {
        check("\u{feff}# a\n\n  \n b \r\n#c", &[("# a", false), ("b", true), ("#c", false)]);
        check(" #a", &[("#a", true)]);
    }

    #[test]
    fn patterns_are_cleaned_like_paths() {
        check("./a/../b//c/.", &[("b/c", true), ("a", false)]);
        check("! a/b \na", &[("a/b", true)]);
        check(".\n/\n..", &[("a", false)]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!(Ignore::parse("a\n!\n"), Err(IgnoreError { line: 2, text: "!".to_owned() }));
        assert_eq!(Ignore::parse("a\n\nb[").expect_err("it is wrong").to_string(), "line 3: `b[` is no pattern");
    }

    #[test]
    fn an_ignored_folder_is_walked_only_if_an_exception_may_match_in_it() {
        let ignore = Ignore::parse("*\n!src/app\n!lib/*.so").expect("every line is a pattern");
        assert!(["src", "src/app", "lib"].iter().all(|folder| ignore.may_keep_below(Path::new(folder))));
        assert!(["data", "srcs", "src/other"].iter().all(|folder| !ignore.may_keep_below(Path::new(folder))));
        assert!(Ignore::parse("*\n!**/a").expect("patterns").may_keep_below(Path::new("x/y")));
    }
}
