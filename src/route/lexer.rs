//! Text to tokens, always by the longest match; ties go to the order of protocol.md §8.1.
//!
//! A name may hold almost any character, operators and quotes included: `a-b` is one name, and `a!=1` is the name
//! `a!`, `=`, `1`. That is how the real hub reads, so it is how routes must be read here.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Select,
    From,
    Where,
    Into,
    String,
    /// A string without its end, or with an escape that is none.
    Unterminated,
    Integer,
    Hex,
    Real,
    True,
    False,
    Null,
    Undefined,
    Open,
    Close,
    OpenBrace,
    CloseBrace,
    Comma,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    And,
    Or,
    Not,
    Equal,
    NotEqual,
    LessEqual,
    GreaterEqual,
    Greater,
    Less,
    Concat,
    Coalesce,
    /// `$` and a name, which may hold `[` and `]`.
    System,
    Id,
    /// What no rule of the grammar takes.
    Stray,
    End,
}

/// One token with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    pub(super) start: usize,
}

impl Token<'_> {
    /// Returns the bytes of the route that the token covers.
    pub(super) fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// The tokens of a text, [`Kind::End`] last, and the comments between them.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    pub(super) tokens: Vec<Token<'t>>,
    pub(super) comments: Vec<Range<usize>>,
}

/// Cuts a text into tokens; what is no token becomes [`Kind::Stray`].
pub(super) fn tokenize(text: &str) -> Tokens<'_> {
    let mut found = Tokens { tokens: Vec::new(), comments: Vec::new() };
    let last_comment_end = text.rfind("*/");
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if is_blank(first) {
            1
        } else if let Some(length) = comment(rest, last_comment_end.is_some_and(|end| end >= at + 2)) {
            found.comments.push(at..at + length);
            length
        } else {
            let (kind, length) = next(rest, first);
            found.tokens.push(Token { kind, text: &rest[..length], start: at });
            length
        };
        at += length;
    }
    found.tokens.push(Token { kind: Kind::End, text: "", start: text.len() });
    found
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Characters of a name after `$`.
fn is_query_char(c: char) -> bool {
    !is_blank(c) && !"()<>@,;:\\\"/?={}".contains(c)
}

fn is_id_char(c: char) -> bool {
    is_query_char(c) && c != '[' && c != ']'
}

/// Returns the length of the comment at the start. `has_end` keeps a text full of `/*` from being searched each time.
fn comment(rest: &str, has_end: bool) -> Option<usize> {
    let inside = rest.strip_prefix("/*").filter(|_| has_end)?;
    inside.find("*/").map(|end| end + 4)
}

fn next(rest: &str, first: char) -> (Kind, usize) {
    if let Some(symbol) = symbol(rest) {
        return symbol;
    }
    let word = run(rest, is_id_char);
    let query = run(rest, is_query_char);
    if first == '$' && query > 1 {
        return (Kind::System, query);
    }
    if first == '\'' || first == '"' {
        let (kind, length) = string(rest, first);
        if length >= word.max(query) {
            return (kind, length);
        }
    }
    match (word, query) {
        (0, 0) => (Kind::Stray, first.len_utf8()),
        (word, query) if query > word => (Kind::Stray, query),
        (word, _) => (kind_of_word(&rest[..word]), word),
    }
}

fn run(rest: &str, wanted: fn(char) -> bool) -> usize {
    rest.find(|c| !wanted(c)).unwrap_or(rest.len())
}

/// Symbols whose characters no name may hold, and `!=`, which no name of its length rivals.
fn symbol(rest: &str) -> Option<(Kind, usize)> {
    const SYMBOLS: [(&str, Kind); 15] = [
        ("<=", Kind::LessEqual),
        (">=", Kind::GreaterEqual),
        ("<>", Kind::NotEqual),
        ("!=", Kind::NotEqual),
        ("??", Kind::Coalesce),
        ("<", Kind::Less),
        (">", Kind::Greater),
        ("=", Kind::Equal),
        ("/", Kind::Slash),
        ("(", Kind::Open),
        (")", Kind::Close),
        ("{", Kind::OpenBrace),
        ("}", Kind::CloseBrace),
        (",", Kind::Comma),
        ("?", Kind::Stray),
    ];
    SYMBOLS.iter().find(|(text, _)| rest.starts_with(text)).map(|(text, kind)| (*kind, text.len()))
}

/// Reads a string up to its closing quote, or up to the end or the first escape that is none.
fn string(rest: &str, quote: char) -> (Kind, usize) {
    let mut at = 1;
    while let Some(c) = rest[at..].chars().next() {
        if c == quote {
            return (Kind::String, at + 1);
        }
        at += if c == '\\' {
            match escape(&rest[at..]) {
                Some(length) => length,
                None => return (Kind::Unterminated, at),
            }
        } else {
            c.len_utf8()
        };
    }
    (Kind::Unterminated, at)
}

fn escape(rest: &str) -> Option<usize> {
    match rest.as_bytes() {
        [_, b'"' | b'\'' | b'\\', ..] => Some(2),
        [_, b'u', digits @ ..] if digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) => Some(6),
        _ => None,
    }
}

/// Returns what a whole word is: a keyword, a literal, an operator, or else a name.
pub(super) fn kind_of_word(word: &str) -> Kind {
    const ANY_CASE: [(&str, Kind); 7] = [
        ("select", Kind::Select),
        ("from", Kind::From),
        ("where", Kind::Where),
        ("into", Kind::Into),
        ("and", Kind::And),
        ("or", Kind::Or),
        ("not", Kind::Not),
    ];
    if let Some((_, kind)) = ANY_CASE.iter().find(|(keyword, _)| word.eq_ignore_ascii_case(keyword)) {
        return *kind;
    }
    match word {
        "true" => Kind::True,
        "false" => Kind::False,
        "null" => Kind::Null,
        "undefined" => Kind::Undefined,
        "+" => Kind::Plus,
        "-" => Kind::Minus,
        "*" => Kind::Star,
        "%" => Kind::Percent,
        "||" => Kind::Concat,
        _ => kind_of_number(word).unwrap_or(Kind::Id),
    }
}

/// `5`, `-5`, `0x1F`, `1.5`, `.5`, `1e3`, and also `e3`: the digits before an exponent may be missing.
fn kind_of_number(word: &str) -> Option<Kind> {
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    if hex.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Some(Kind::Hex);
    }
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let after_digits = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    if after_digits.is_empty() {
        return (!unsigned.is_empty()).then_some(Kind::Integer);
    }
    let after_fraction = match after_digits.strip_prefix('.') {
        None => after_digits,
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() == fraction.len() {
                return None;
            }
            rest
        }
    };
    (after_fraction.is_empty() || is_exponent(after_fraction)).then_some(Kind::Real)
}

fn is_exponent(text: &str) -> bool {
    let Some(power) = text.strip_prefix(['e', 'E']) else { return false };
    let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(Kind, &str)]) {
        let tokens = tokenize(text).tokens;
        let found: Vec<(Kind, &str)> = tokens.iter().map(|token| (token.kind, token.text)).collect();
        assert_eq!(found[..found.len() - 1], *expected);
        assert_eq!(found.last(), Some(&(Kind::End, "")));
    }

    #[test]
    fn operators_without_blanks_are_part_of_the_name() {
        check("a-b", &[(Kind::Id, "a-b")]);
        check("x*2", &[(Kind::Id, "x*2")]);
        check("'a'||'b'", &[(Kind::Id, "'a'||'b'")]);
        check("a!=1", &[(Kind::Id, "a!"), (Kind::Equal, "="), (Kind::Integer, "1")]);
    }

    #[test]
    fn operators_between_blanks_are_operators() {
        check("a - b", &[(Kind::Id, "a"), (Kind::Minus, "-"), (Kind::Id, "b")]);
        check("'a' || 'b'", &[(Kind::String, "'a'"), (Kind::Concat, "||"), (Kind::String, "'b'")]);
        check("a != 1", &[(Kind::Id, "a"), (Kind::NotEqual, "!="), (Kind::Integer, "1")]);
        check("a<>b", &[(Kind::Id, "a"), (Kind::NotEqual, "<>"), (Kind::Id, "b")]);
        check("a??b", &[(Kind::Id, "a"), (Kind::Coalesce, "??"), (Kind::Id, "b")]);
    }

    #[test]
    fn keywords_are_known_in_any_case_but_literals_in_lower_case_only() {
        check("sElEcT AND nOt", &[(Kind::Select, "sElEcT"), (Kind::And, "AND"), (Kind::Not, "nOt")]);
        check("true TRUE", &[(Kind::True, "true"), (Kind::Id, "TRUE")]);
        check("null Null undefined", &[(Kind::Null, "null"), (Kind::Id, "Null"), (Kind::Undefined, "undefined")]);
    }

    #[test]
    fn numbers_may_lack_their_leading_digits() {
        check("5 -5 0x1F", &[(Kind::Integer, "5"), (Kind::Integer, "-5"), (Kind::Hex, "0x1F")]);
        check("1.5 .5 -1e+3", &[(Kind::Real, "1.5"), (Kind::Real, ".5"), (Kind::Real, "-1e+3")]);
        check("e3 1. 0x 5a", &[(Kind::Real, "e3"), (Kind::Id, "1."), (Kind::Id, "0x"), (Kind::Id, "5a")]);
    }

    #[test]
    fn brackets_belong_to_names_after_a_dollar_only() {
        check("$body.a[0].b", &[(Kind::System, "$body.a[0].b")]);
        check("a[0]", &[(Kind::Stray, "a[0]")]);
        check("$", &[(Kind::Id, "$")]);
    }

    #[test]
    fn strings_end_at_their_own_quote() {
        check(r#"'a"b' "a'b""#, &[(Kind::String, r#"'a"b'"#), (Kind::String, r#""a'b""#)]);
        check(r"'it\'s \u0041'", &[(Kind::String, r"'it\'s \u0041'")]);
        check("'a b", &[(Kind::Unterminated, "'a b")]);
        check(r"'a \q'", &[(Kind::Unterminated, "'a "), (Kind::Stray, "\\"), (Kind::Id, "q'")]);
    }

    #[test]
    fn a_comment_needs_its_end_and_may_begin_in_a_path() {
        check("/* x */ a", &[(Kind::Id, "a")]);
        check("/*", &[(Kind::Slash, "/"), (Kind::Star, "*")]);
        check("/a/*/b/*/c", &[(Kind::Slash, "/"), (Kind::Id, "a"), (Kind::Id, "c")]);
        assert_eq!(tokenize("/a/*/b/*/c").comments.first(), Some(&(2..9)));
    }
}
