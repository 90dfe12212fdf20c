//! What a Dockerfile brings in from outside its context: base images, and files from the network.
//!
//! Reads just enough of the language for that, and executes nothing. What it cannot make sense of is left to the
//! engine, which says it better.

use std::collections::{BTreeMap, BTreeSet};

use super::Reference;

/// How much of an argument's value is looked at, in characters: the name of an image is shorter, and what arguments make
/// of each other may double with every line.
const LONGEST_VALUE: usize = 1024;

/// What a Dockerfile brings in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Images named by `FROM`, `COPY --from` and `RUN --mount=from=…`, each once; no stages of its own, no `scratch`.
    pub bases: BTreeSet<Reference>,
    /// The first source that `ADD` fetches from the network, where it may change while nothing here does.
    pub remote: Option<String>,
    /// Whether a step runs in a stage of the image's own platform, and so may need an emulator.
    pub runs: bool,
}

impl Recipe {
    /// Reads a Dockerfile; `args` are the build arguments, `platform` is the one that is built for, in docker's words.
    pub fn read(text: &str, args: &BTreeMap<String, String>, platform: Option<&str>) -> Self {
        let mut reader = Reader {
            args,
            known: platform_args(platform),
            stages: Vec::new(),
            builds_here: false,
            recipe: Self::default(),
        };
        for line in logical_lines(text) {
            reader.instruction(&line);
        }
        reader.recipe
    }
}

struct Reader<'a> {
    args: &'a BTreeMap<String, String>,
    /// Arguments that stand before the first stage, and those of the platform.
    known: BTreeMap<String, String>,
    stages: Vec<String>,
    /// Whether the current stage is of the platform that builds, as `--platform=$BUILDPLATFORM` makes it.
    builds_here: bool,
    recipe: Recipe,
}

impl Reader<'_> {
    fn instruction(&mut self, line: &str) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word.to_ascii_uppercase().as_str() {
            "ARG" if self.stages.is_empty() => rest.split_whitespace().for_each(|arg| self.argument(arg)),
            "FROM" => self.stage(rest),
            "COPY" => flags(rest).filter_map(|flag| flag.strip_prefix("--from=")).for_each(|from| self.base(from)),
            "RUN" => {
                self.recipe.runs |= !self.builds_here;
                flags(rest).filter_map(mounted_image).for_each(|from| self.base(from));
            }
            "ADD" => self.recipe.remote = self.recipe.remote.take().or_else(|| remote_source(rest)),
            _ => {}
        }
    }

    fn argument(&mut self, text: &str) {
        let (name, default) = text.split_once('=').unwrap_or((text, ""));
        let default = default.trim_matches(['"', '\'']);
        let value = self.args.get(name).cloned().unwrap_or_else(|| expand(default, &self.known));
        let value: String = value.chars().take(LONGEST_VALUE).collect();
        if !value.is_empty() || !self.known.contains_key(name) {
            self.known.insert(name.to_owned(), value);
        }
    }

    fn stage(&mut self, rest: &str) {
        self.builds_here = flags(rest).any(|flag| flag.starts_with("--platform=") && !flag.contains("TARGETPLATFORM"));
        let mut words = rest.split_whitespace().skip_while(|word| word.starts_with("--"));
        let Some(image) = words.next() else { return };
        self.base(image);
        let name = words.next().filter(|word| word.eq_ignore_ascii_case("as")).and_then(|_| words.next());
        self.stages.push(name.unwrap_or_default().to_lowercase());
    }

    fn base(&mut self, text: &str) {
        let text = expand(text.trim_matches(['"', '\'']), &self.known);
        let is_stage = self.stages.contains(&text.to_lowercase()) || text.parse::<usize>().is_ok();
        if text != "scratch" && !is_stage {
            self.recipe.bases.extend(Reference::parse(&text));
        }
    }
}

/// What BuildKit gives every Dockerfile.
fn platform_args(platform: Option<&str>) -> BTreeMap<String, String> {
    let platform = platform.unwrap_or_default();
    let mut parts = platform.split('/');
    let values = [
        ("TARGETPLATFORM", platform),
        ("TARGETOS", parts.next().unwrap_or_default()),
        ("TARGETARCH", parts.next().unwrap_or_default()),
        ("TARGETVARIANT", parts.next().unwrap_or_default()),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn flags(rest: &str) -> impl Iterator<Item = &str> {
    rest.split_whitespace().take_while(|word| word.starts_with("--"))
}

fn mounted_image(flag: &str) -> Option<&str> {
    flag.strip_prefix("--mount=")?.split(',').find_map(|part| part.strip_prefix("from="))
}

/// One with a checksum cannot change.
fn remote_source(rest: &str) -> Option<String> {
    let is_remote =
        |word: &&str| ["http://", "https://", "git@", "git://", "ssh://"].iter().any(|scheme| word.starts_with(scheme));
    let is_pinned = flags(rest).any(|flag| flag.starts_with("--checksum="));
    let mut words = rest.split_whitespace().map(|word| word.trim_matches(['"', '\'', '[', ']', ',']));
    words.find(is_remote).filter(|_| !is_pinned).map(str::to_owned)
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-else}` and `${NAME:+then}`; a name without value is nothing.
///
/// In what is too long to name an image, not all are replaced.
fn expand(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        if expanded.len() > LONGEST_VALUE {
            break;
        }
        let (inner, following) = match after.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some(parts) => parts,
            None => after.split_at(after.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(after.len())),
        };
        let (name, otherwise) = inner.split_once(':').unwrap_or((inner, ""));
        let value = values.get(name).map(String::as_str).filter(|value| !value.is_empty());
        expanded.push_str(match (value, otherwise.split_at_checked(1)) {
            (Some(_), Some(("+", then))) => then,
            (None, Some(("-", default))) => default,
            (value, _) => value.unwrap_or_default(),
        });
        rest = following;
    }
    expanded + rest
}

/// Joins continued lines, and leaves out comments and the content of here-documents.
fn logical_lines(text: &str) -> Vec<String> {
    let escape = escape_character(text);
    let mut lines = Vec::new();
    let mut open = String::new();
    let mut physical = text.trim_start_matches('\u{feff}').lines();
    while let Some(line) = physical.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        open.push_str(line.strip_suffix(escape).unwrap_or(line));
        if line.ends_with(escape) {
            continue;
        }
        for end in here_documents(&open) {
            physical.by_ref().find(|line| line.trim_start_matches('\t') == end);
        }
        lines.push(std::mem::take(&mut open));
    }
    lines.extend((!open.is_empty()).then_some(open));
    lines
}

/// `# escape=` counts in the comments at the top only.
fn escape_character(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#')?.split_once('='));
    let mut escapes = directives.filter(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    escapes.next().and_then(|(_, value)| value.trim().chars().next()).unwrap_or('\\')
}

/// Returns the words that end the here-documents of a line, such as `EOF` of `RUN <<-"EOF"`.
fn here_documents(line: &str) -> Vec<String> {
    let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    if !["RUN", "COPY", "ADD"].contains(&word.as_str()) {
        return Vec::new();
    }
    let ends = line.split("<<").skip(1).filter(|after| !after.starts_with('<'));
    let name = |after: &str| {
        let after = after.trim_start_matches('-').trim_start_matches(['"', '\'']);
        after.chars().take_while(|c| *c == '_' || c.is_ascii_alphanumeric()).collect::<String>()
    };
    ends.map(name).filter(|name| name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Option<String>) {
        let args = BTreeMap::from([("TAG".to_owned(), "9".to_owned())]);
        let recipe = Recipe::read(text, &args, Some("linux/arm64"));
        (recipe.bases.iter().map(Reference::to_string).collect(), recipe.remote)
    }

    #[test]
    fn images_are_found_wherever_they_may_be_named() {
        let cases = [
            ("FROM a:1", &["a:1"][..]),
            ("from --platform=linux/amd64 a as b\nFROM B\nCOPY --from=b / /\nCOPY --from=0 / /", &["a"]),
            ("FROM scratch\nCOPY --chown=1 --from=r.io/c:2 / /", &["r.io/c:2"]),
            ("FROM a\nRUN --mount=type=bind,from=d,target=/d ls\nRUN ls --mount=from=e", &["a", "d"]),
            ("FROM a \\\n# a comment\n  AS b\nFROM c", &["a", "c"]),
            ("# escape=`\nFROM a `\n AS b\nFROM b", &["a"]),
            ("FROM a\nRUN <<EOF cat\nFROM b\nEOF\nFROM c", &["a", "c"]),
            ("FROM a\nRUN cat <<-'ONE' <<TWO\nFROM b\n\tONE\nFROM b\nTWO\nFROM c", &["a", "c"]),
            ("FROM a\nRUN cat <<< x\nFROM b", &["a", "b"]),
        ];
        for (text, bases) in cases {
            assert_eq!(read(text), (bases.iter().map(|base| (*base).to_owned()).collect(), None), "{text}");
        }
    }

    #[test]
    fn arguments_before_the_first_stage_have_their_values() {
        let text = "ARG TAG=1\nARG NAME=\"a\" OF=${NAME}/b\nFROM r.io/${OF}:$TAG\nFROM c:${NONE:-3}${TAG:+4}\n\
            ARG TAG=5\nFROM d-$TARGETARCH:$TAG";
        assert_eq!(read(text).0, ["c:34", "d-arm64:9", "r.io/a/b:9"]);
    }

    #[test]
    fn arguments_that_double_with_every_line_take_no_memory() {
        let doubled = (1..64).map(|line| format!("ARG A{line}=$A{0}$A{0}\n", line - 1)).collect::<String>();
        let args = BTreeMap::from([("A0".to_owned(), "a".repeat(LONGEST_VALUE))]);
        let recipe = Recipe::read(&format!("ARG A0\n{doubled}FROM $A63\nFROM b"), &args, None);
        assert_eq!(recipe.bases, BTreeSet::from([Reference::parse("b").expect("a name")]));
    }

    #[test]
    fn files_from_the_network_are_told_unless_their_checksum_is() {
        assert_eq!(read("FROM a\nADD https://x.io/y /").1.as_deref(), Some("https://x.io/y"));
        assert_eq!(read("FROM a\nADD [\"https://x.io/y\", \"/\"]").1.as_deref(), Some("https://x.io/y"));
        assert_eq!(read("FROM a\nADD --checksum=sha256:0a https://x.io/y /").1, None);
        assert_eq!(read("FROM a\nADD y /\nRUN curl https://x.io/y").1, None);
    }

    #[test]
    fn steps_of_the_image_itself_are_told_from_those_of_the_builder() {
        let runs = |text: &str| Recipe::read(text, &BTreeMap::new(), None).runs;
        assert!(runs("FROM a\nRUN make"));
        assert!(runs("FROM --platform=$BUILDPLATFORM a AS b\nRUN make\nFROM --platform=$TARGETPLATFORM a\nRUN ls"));
        assert!(!runs("FROM --platform=$BUILDPLATFORM a AS b\nRUN make\nFROM a\nCOPY --from=b / /"));
    }

    #[test]
    fn what_is_no_image_is_left_to_the_engine() {
        assert_eq!(read("FROM $NOTHING\nFROM\nFROM A//b\nfoo\n\\"), (Vec::new(), None));
    }
}
