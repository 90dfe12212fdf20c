//! Rust sources as the tidy rules see them: words, punctuation and paths, without comments, strings and test code.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of Rust source.
pub(crate) struct Source {
    /// Relative to the package, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) paths: Vec<Place>,
}

/// A path such as `crate::route::Route` and where it stands; a macro's name ends with `!`.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

struct Token {
    line: usize,
    text: String,
}

impl Source {
    /// Reads every `.rs` file below the folder, in order of their paths.
    pub(crate) fn read_all(folder: &str) -> Vec<Self> {
        files_below(&package().join(folder))
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "rs"))
            .map(|file| Self::read(file))
            .collect()
    }

    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("a source file is UTF-8");
        let relative = file.strip_prefix(package()).expect("it lies in the package");
        let path = relative.to_str().expect("our own names are UTF-8").replace('\\', "/");
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        let paths = if is_test { Vec::new() } else { paths(&without_tests(tokens(&text))) };
        Self { path, text, paths }
    }

    /// Returns the module of `src/` that the file belongs to: `route` for `src/route/parse.rs`.
    pub(crate) fn module(&self) -> &str {
        let inside = self.path.trim_start_matches("src/");
        inside.split(['/', '.']).next().expect("a split has a first part")
    }
}

/// Returns the folder of the package.
pub(crate) fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every file below the folder, sorted; none if the folder is not there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .collect();
    files.sort();
    files
}

/// Splits source into identifiers, `::` and single signs; comments, texts, numbers and lifetimes fall away.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest).unwrap_or_else(|| {
            let length = word(rest);
            if !first.is_whitespace() {
                tokens.push(Token { line, text: rest[..length].to_owned() });
            }
            length
        });
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// Returns the length of an identifier, of `::` or of one sign.
fn word(rest: &str) -> usize {
    let ident = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
    match ident {
        0 if rest.starts_with("::") => 2,
        0 => rest.chars().next().map_or(0, char::len_utf8),
        _ => ident,
    }
}

/// Returns the length of the comment, text, character or lifetime that starts here.
fn skipped(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    match (bytes[0], bytes.get(1)) {
        (b'/', Some(b'/')) => Some(rest.find('\n').unwrap_or(rest.len())),
        (b'/', Some(b'*')) => Some(block_comment(rest)),
        (b'"', _) => Some(quoted(rest, '"')),
        (b'b', Some(b'"')) => Some(1 + quoted(&rest[1..], '"')),
        (b'r', Some(b'"' | b'#')) => raw_text(rest),
        (b'b', Some(b'r')) => raw_text(&rest[1..]).map(|length| length + 1),
        (b'\'', Some(b'\\')) => Some(quoted(rest, '\'')),
        (b'\'', Some(_)) => {
            let after = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            Some(if rest[after..].starts_with('\'') { after + 1 } else { 1 + word(&rest[1..]) })
        }
        _ => None,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    for (at, pair) in rest.as_bytes().windows(2).enumerate() {
        match pair {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return at + 2,
            b"*/" => depth -= 1,
            _ => {}
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Returns the length of `r"…"` or `r#"…"#`; `None` for a raw identifier and for a word that starts with `r`.
fn raw_text(rest: &str) -> Option<usize> {
    let hashes = rest[1..].bytes().take_while(|b| *b == b'#').count();
    let body = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

/// Leaves out what stands behind `#[cfg(test)]` up to the end of its braces, or of its line.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        kept.push(token);
        let tail = kept.len().checked_sub(MARK.len()).map(|from| &kept[from..]);
        if tail.is_some_and(|tail| tail.iter().map(|t| t.text.as_str()).eq(MARK)) {
            skip_item(&mut rest);
        }
    }
    kept
}

fn skip_item(rest: &mut impl Iterator<Item = Token>) {
    let mut depth = 0;
    for token in rest {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return,
            "}" => depth -= 1,
            ";" if depth == 0 => return,
            _ => {}
        }
    }
}

/// Collects the paths; those of a `use` tree are written out.
fn paths(tokens: &[Token]) -> Vec<Place> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map(|b| tokens[b].text.as_str());
        if tokens[at].text == "use" {
            at = use_tree(tokens, at + 1, &[], &mut found);
        } else if is_word(&tokens[at]) && !matches!(before, Some("." | "::" | "mod" | "fn")) {
            at = plain_path(tokens, at, &mut found);
        } else {
            at += 1;
        }
    }
    found
}

fn plain_path(tokens: &[Token], mut at: usize, found: &mut Vec<Place>) -> usize {
    let mut place = Place { line: tokens[at].line, segments: vec![tokens[at].text.clone()] };
    at += 1;
    while at + 1 < tokens.len() && tokens[at].text == "::" && is_word(&tokens[at + 1]) {
        place.segments.push(tokens[at + 1].text.clone());
        at += 2;
    }
    if tokens.get(at).is_some_and(|t| t.text == "!") {
        place.segments.last_mut().expect("it has the first").push('!');
    }
    found.push(place);
    at
}

/// Reads one branch of a `use` and returns the index of the sign that ends it.
fn use_tree(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Place>) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |t| t.line);
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|t| t.text != "}") {
                    at = use_tree(tokens, at, &segments, found);
                    at += usize::from(tokens.get(at).is_some_and(|t| t.text == ","));
                }
                return at + 1;
            }
            "as" => at += 2,
            _ if is_word(token) || token.text == "*" => {
                segments.push(token.text.clone());
                at += 1;
            }
            _ => break,
        }
    }
    // `use<'a>` in a bound names no path.
    if !segments.is_empty() {
        found.push(Place { line, segments });
    }
    at
}

fn is_word(token: &Token) -> bool {
    token.text.starts_with(|c: char| c == '_' || c.is_alphabetic())
}

#[test]
fn paths_of_use_trees_and_expressions_are_found() {
    let text = "//! crate::no\nuse crate::{route, ui::{self as u, Ui}};\nfn f<'a>() { x.crate_(); std::env::var(\"crate::no\") }\n\
        println!(\"{}\", '\"');\n#[cfg(test)]\nmod tests { use crate::cli; }\nuse time;";
    let found: Vec<_> = paths(&without_tests(tokens(text))).iter().map(|p| (p.line, p.segments.join("::"))).collect();
    let expected = [
        (2, "crate::route"),
        (2, "crate::ui::self"),
        (2, "crate::ui::Ui"),
        (3, "fn"),
        (3, "x"),
        (3, "std::env::var"),
        (4, "println!"),
        (5, "cfg"),
        (5, "test"),
        (7, "time"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
}
