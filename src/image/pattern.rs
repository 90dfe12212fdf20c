//! One pattern of a `.dockerignore`: Go's `filepath.Match`, and `**` for any number of folders.
//!
//! The matcher follows every possibility at once, so its time is the pattern's length times the path's,
//! whatever the pattern. Which of several patterns wins is decided in [`super::ignore`].

/// A pattern, cleaned and compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This character.
    Literal(char),
    /// `?`: one character other than `/`.
    One,
    /// `*`: any number of characters other than `/`.
    Many,
    /// `**/` or `**` before more: nothing, or anything that ends with `/`.
    Folders,
    /// `**` at the end, or at the start of a pattern with no other wildcard: anything.
    Anything,
    /// `[a-z]` or `[^a-z]`: one character by its ranges.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Compiles a cleaned pattern; `None` if a class is not closed, is empty, or an escape has nothing to escape.
    pub(super) fn compile(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            tokens.push(match c {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    let slash = rest.next_if_eq(&'/').is_some();
                    match (rest.peek().copied(), slash) {
                        (None, _) => Token::Anything,
                        // `**name` without any other wildcard matches by its end alone: `xname`, `a/xname`.
                        (Some(_), false) if tokens.is_empty() && rest.clone().all(is_plain) => Token::Anything,
                        _ => Token::Folders,
                    }
                }
                '*' => Token::Many,
                '?' => Token::One,
                '[' => parse_class(&mut rest)?,
                '\\' => Token::Literal(rest.next()?),
                c => Token::Literal(c),
            });
        }
        Some(Self { tokens })
    }

    /// Says whether the whole of `path` matches.
    pub(super) fn is_match(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;
        for token in &self.tokens {
            reached = token.advance(&path, &reached);
            if !reached.contains(&true) {
                return false;
            }
        }
        reached[path.len()]
    }

    /// Returns the characters in front of the first wildcard.
    pub(super) fn literal_prefix(&self) -> String {
        let literal = |token: &Token| if let Token::Literal(c) = token { Some(*c) } else { None };
        self.tokens.iter().map_while(literal).collect()
    }
}

impl Token {
    /// Returns the positions of `path` that can be reached from `from` by taking this token.
    fn advance(&self, path: &[char], from: &[bool]) -> Vec<bool> {
        let mut to = vec![false; from.len()];
        let mut running = false;
        for at in 0..from.len() {
            let before = at.checked_sub(1).map(|i| path[i]);
            match self {
                Self::Anything => {
                    running |= from[at];
                    to[at] = running;
                }
                Self::Many => {
                    running = from[at] || (running && before != Some('/'));
                    to[at] = running;
                }
                Self::Folders => {
                    to[at] = from[at] || (running && before == Some('/'));
                    running |= from[at];
                }
                Self::Literal(_) | Self::One | Self::Class { .. } => {
                    to[at] = at > 0 && from[at - 1] && before.is_some_and(|c| self.takes(c));
                }
            }
        }
        to
    }

    fn takes(&self, c: char) -> bool {
        match self {
            Self::Literal(wanted) => c == *wanted,
            Self::One => c != '/',
            Self::Class { negated, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
            Self::Many | Self::Folders | Self::Anything => false,
        }
    }
}

fn is_plain(c: char) -> bool {
    !matches!(c, '*' | '?' | '[' | ']' | '\\')
}

fn parse_class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while rest.next_if_eq(&']').is_none() {
        let low = parse_class_char(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { parse_class_char(rest)? } else { low };
        ranges.push((low, high));
    }
    (!ranges.is_empty()).then_some(Token::Class { negated, ranges })
}

fn parse_class_char(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_go() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("a", &["a"], &["b", "aa", "a/b", "x/a"]),
            ("a.b", &["a.b"], &["axb"]),
            ("*.md", &["x.md", ".md"], &["a/x.md", "x.mdx"]),
            ("a/*", &["a/b"], &["a", "a/b/c"]),
            ("a?c", &["abc"], &["ac", "a/c", "abbc"]),
            ("**", &["a", "a/b"], &[]),
            ("**/a", &["a", "x/a", "x/y/a"], &["ba", "x/ba", "a/b"]),
            ("**/*.pyc", &["x.pyc", "a/b/x.pyc"], &["x.py", "a/x.pyc/b"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "ab"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb", "a/x"]),
            ("a**", &["a", "ab", "ab/c"], &["ba"]),
            ("**a", &["a", "ba", "x/ba"], &["ab"]),
            ("**a*", &["a", "ab", "x/ab"], &["ba", "x/ba"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[^a-c]x", &["dx"], &["ax"]),
            ("a[]]", &[], &[]),
            ("\\*", &["*"], &["a"]),
            ("ä?", &["äö"], &["ä"]),
        ];
        for (pattern, matching, others) in cases {
            let Some(compiled) = Pattern::compile(pattern) else {
                assert_eq!(*pattern, "a[]]", "only this one is wrong");
                continue;
            };
            matching.iter().for_each(|path| assert!(compiled.is_match(path), "`{pattern}` should match `{path}`"));
            others.iter().for_each(|path| assert!(!compiled.is_match(path), "`{pattern}` should not match `{path}`"));
        }
    }

    #[test]
    fn a_class_or_an_escape_without_end_is_refused() {
        let wrong = ["[", "[]", "[a", "[a-", "[a-]", "[-a]", "a\\"];
        assert!(wrong.iter().all(|pattern| Pattern::compile(pattern).is_none()));
    }

    #[test]
    fn many_wildcards_against_a_long_path_take_no_time() {
        let pattern = Pattern::compile(&"**/*a*".repeat(40)).expect("it is a pattern");
        assert!(!pattern.is_match(&"a".repeat(4000).replace("aaaa", "aab/")));
    }
}
