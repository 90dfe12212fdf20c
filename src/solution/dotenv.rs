//! `.env` files, read as iotedgedev's library reads them, but a line that it would skip is a mistake.
//!
//! The dotenv crate expands `$NAME` inside values and refuses blanks; passwords with a `$`, which the other tools of
//! this ecosystem take as they are, would be destroyed. Hence a parser of our own: `${NAME}` and `${NAME:-default}`
//! are expanded, a bare `$` means itself.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::text::TextError;

/// What the values of a file may have together, in bytes: a line that names the one before it twice doubles it.
const LONGEST: usize = 1 << 20;

/// Parses a file; `outer` knows the variables that come before those of the file.
///
/// A name that stands twice has its last value.
pub(super) fn parse<'o>(
    file: &str,
    text: &str,
    outer: &dyn Fn(&str) -> Option<&'o str>,
) -> Result<BTreeMap<String, String>, TextError> {
    let mut reader = Reader { file, text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let mut variables = BTreeMap::new();
    let mut room = LONGEST;
    while let Some(Binding { name, place, value }) = reader.next()? {
        // A name alone sets nothing.
        let Some(value) = value else { continue };
        let lookup = |name: &str| outer(name).or_else(|| variables.get(name).map(String::as_str));
        let Some(value) = interpolate(&value, room, &lookup) else {
            let told = reader.error(place, format!("with `{name}` the values have more than {LONGEST} bytes together"));
            return Err(told.hint("name other variables less often, or read long values from files"));
        };
        room -= value.len();
        variables.insert(name, value);
    }
    Ok(variables)
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    at: usize,
}

/// A name, where it stands, and its value if it has one.
struct Binding {
    name: String,
    place: Range<usize>,
    value: Option<String>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<Binding>, TextError> {
        loop {
            self.skip(char::is_whitespace);
            match self.peek() {
                None => return Ok(None),
                Some('#') => self.skip(|c| c != '\n'),
                Some(_) => return self.binding().map(Some),
            }
        }
    }

    fn binding(&mut self) -> Result<Binding, TextError> {
        if let Some(rest) = self.rest().strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])) {
            self.at = self.text.len() - rest.len();
            self.skip(is_blank);
        }
        let start = self.at;
        let name = self.name()?;
        let place = start..self.at;
        self.skip(is_blank);
        if matches!(self.peek(), None | Some('\n' | '\r')) {
            return Ok(Binding { name: name.to_owned(), place, value: None });
        }
        if self.peek() != Some('=') {
            let told = self.error(self.at..self.at + 1, format!("expected `=` after `{name}`"));
            return Err(told.hint("write one NAME=value a line; a comment begins with `#`"));
        }
        self.at += 1;
        self.skip(is_blank);
        let value = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => self.unquoted(),
        };
        Ok(Binding { name: name.to_owned(), place, value: Some(value) })
    }

    fn name(&mut self) -> Result<&'t str, TextError> {
        let start = self.at;
        self.skip(|c| !c.is_whitespace() && !"=#'\"".contains(c));
        match &self.text[start..self.at] {
            "" => {
                let told = self.error(start..start + 1, "expected the name of a variable");
                Err(told.hint("write one NAME=value a line; a comment begins with `#`"))
            }
            name => Ok(name),
        }
    }

    fn unquoted(&mut self) -> String {
        let line = self.rest().lines().next().unwrap_or_default();
        self.at += line.len();
        let mut end = line.len();
        let comments = line.match_indices('#').map(|(at, _)| at);
        if let Some(at) = comments.filter(|at| line[..*at].ends_with(char::is_whitespace)).min() {
            end = at;
        }
        line[..end].trim_end().to_owned()
    }

    fn quoted(&mut self, quote: char) -> Result<String, TextError> {
        let start = self.at;
        let mut value = String::new();
        let mut characters = self.text[start + 1..].char_indices();
        while let Some((at, c)) = characters.next() {
            if c == quote {
                self.at = start + 1 + at + 1;
                return self.end_of_line().map(|()| value);
            }
            match (c, characters.clone().next()) {
                ('\\', Some((_, escaped))) if unescape(escaped, quote).is_some() => {
                    value.extend(unescape(escaped, quote));
                    characters.next();
                }
                _ => value.push(c),
            }
        }
        let told = self.error(start..start + 1, "this quote is never closed");
        Err(told.hint(format!("add {quote} at the end of the value")))
    }

    fn end_of_line(&mut self) -> Result<(), TextError> {
        self.skip(is_blank);
        match self.peek() {
            None | Some('\n' | '\r' | '#') => Ok(()),
            Some(_) => {
                let told = self.error(self.at..self.at + 1, "expected the end of the line after the closing quote");
                Err(told.hint("escape a quote inside the value as \\\""))
            }
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(wanted).len();
    }

    fn error(&self, span: Range<usize>, message: impl std::fmt::Display) -> TextError {
        TextError::at(self.file, self.text, span, message)
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn unescape(c: char, quote: char) -> Option<char> {
    Some(match c {
        '\\' => '\\',
        '\'' => '\'',
        _ if quote == '\'' => return None,
        '"' => '"',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    })
}

/// Replaces `${NAME}` and `${NAME:-default}`; an unknown name without default is nothing.
///
/// `None` if that makes more than so many bytes.
fn interpolate<'v>(value: &str, most: usize, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut result = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, behind)) = after.split_once('}') else { break };
        let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
        result.push_str(before);
        result.push_str(lookup(name).unwrap_or(default));
        if result.len() > most {
            return None;
        }
        rest = behind;
    }
    result.push_str(rest);
    Some(result).filter(|result| result.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let outer = |name: &str| (name == "HOME").then_some("/root");
        let variables = parse(".env", text, &outer).expect("the text is right");
        let found: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let error = parse(".env", text, &|_| None).expect_err("the text is wrong");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn values_are_what_stands_there() {
        check(
            "A=1\n# no\n\n  B = two words # why\r\nexport C=a#b\nALONE\nD=\n",
            &[("A", "1"), ("B", "two words"), ("C", "a#b"), ("D", "")],
        );
    }

    #[test]
    fn a_dollar_in_a_password_means_itself() {
        check("P=pa$$w0rd$x\nQ='a$b'\n", &[("P", "pa$$w0rd$x"), ("Q", "a$b")]);
    }

    #[test]
    fn quotes_hold_blanks_hashes_escapes_and_lines() {
        check(
            "A=\"a # b\\n\\\"\\q\" # why\nB='it\\'s\\n'\nC=\"x\ny\"\n",
            &[("A", "a # b\n\"\\q"), ("B", "it's\\n"), ("C", "x\ny")],
        );
    }

    #[test]
    fn names_in_braces_are_replaced() {
        check("A=1\nB=${A}-${HOME}-${NONE}-${NONE:-d}-${open\n", &[("A", "1"), ("B", "1-/root--d-${open")]);
    }

    #[test]
    fn values_that_double_with_every_line_are_refused() {
        let doubled = (1..64).map(|line| format!("A{line}=${{A{0}}}${{A{0}}}\n", line - 1)).collect::<String>();
        check_error(
            &format!("A0=0123456789\n{doubled}"),
            ".env:17:1: with `A16` the values have more than 1048576 bytes together",
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[\"'=#${}:\\\\\r\n äA-C\u{feff}-]{0,40}") {
            let _ = parse(".env", &text, &|_| None);
        }
    }

    #[test]
    fn each_mistake_is_named_with_its_place() {
        check_error("A=1\nB 2\n", ".env:2:3: expected `=` after `B`");
        check_error("=1\n", ".env:1:1: expected the name of a variable");
        check_error("A=\"x\nB=1\n", ".env:1:3: this quote is never closed");
        check_error("A=\"x\"y\n", ".env:1:6: expected the end of the line after the closing quote");
    }
}
