//! `image.buildOptions` of a `module.json`: flags of `docker build`, applied to a [`BuildPlan`].
//!
//! An option is understood, or refused by name; none is dropped in silence. One entry may hold an option and its
//! value (`--build-arg A=b`), or they may stand in two entries, quoted as for a shell.

use thiserror::Error;

use super::plan::{Bases, BuildPlan, Cache, Layers};
use super::secret::{parse_agent, parse_secret};

/// What is wrong with build options.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionError {
    /// No flag of `docker build` that edgectl knows.
    #[error("build option `{0}` is not supported")]
    Unknown(String),
    /// The option needs a value and stands last.
    #[error("build option `{0}` has no value")]
    NoValue(String),
    /// The value is not of the option's form.
    #[error("build option `{option}`: expected {expected}, found `{found}`")]
    Value {
        /// The option's long name.
        option: &'static str,
        /// The form that values have.
        expected: &'static str,
        /// The value as written.
        found: String,
    },
    /// A quote has no partner.
    #[error("a quote is not closed in build option `{0}`")]
    Quote(String),
    /// A word that is no option.
    #[error("expected a build option, found `{0}`")]
    Word(String),
}

struct Rule {
    name: &'static str,
    short: Option<&'static str>,
    effect: Effect,
}

/// Returns the value of an environment variable.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How an option acts; the text is the form of its values.
enum Effect {
    Value(&'static str, fn(&mut BuildPlan, &str, Variable<'_>) -> Option<()>),
    Switch(fn(&mut BuildPlan, bool)),
    /// Takes a value and changes nothing, for the reason given.
    Unused(&'static str),
}

const NUMBER: &str = "a number";
const SIZE: &str = "a size like `512m`";

const RULES: &[Rule] = &[
    value("--add-host", "`name:address`", |plan, text, _| {
        text.contains([':', '=']).then(|| plan.extra_hosts.push(text.replacen('=', ":", 1)))
    }),
    value("--build-arg", "`NAME=value` or `NAME`", add_build_arg),
    value("--cache-from", "an image", |plan, text, _| {
        let image = text.strip_prefix("type=registry,ref=").unwrap_or(text);
        (!image.contains([',', '='])).then(|| plan.cache_from.push(image.to_owned()))
    }),
    value("--cache-to", "`type=inline`", |plan, text, _| {
        let inline = || plan.args.insert("BUILDKIT_INLINE_CACHE".to_owned(), "1".to_owned());
        (text == "type=inline").then(inline).map(drop)
    }),
    value("--cpu-period", NUMBER, |plan, text, _| set_number(plan, "cpuperiod", text)),
    value("--cpu-quota", NUMBER, |plan, text, _| set_number(plan, "cpuquota", text)),
    Rule { short: Some("-c"), ..value("--cpu-shares", NUMBER, |plan, text, _| set_number(plan, "cpushares", text)) },
    value("--cpuset-cpus", "a list like `0-3,5`", |plan, text, _| set_limit(plan, "cpusetcpus", text.to_owned())),
    value("--cpuset-mems", "a list like `0-3,5`", |plan, text, _| set_limit(plan, "cpusetmems", text.to_owned())),
    switch("--force-rm", |_, _| ()),
    value("--label", "`name=value`", |plan, text, _| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        plan.labels.insert(name.to_owned(), value.to_owned());
        (!name.is_empty()).then_some(())
    }),
    Rule { short: Some("-m"), ..value("--memory", SIZE, |plan, text, _| set_size(plan, "memory", text)) },
    value("--memory-swap", SIZE, |plan, text, _| match text {
        "-1" => set_limit(plan, "memswap", text.to_owned()),
        _ => set_size(plan, "memswap", text),
    }),
    value("--network", "a network's name", |plan, text, _| set(&mut plan.network, text)),
    switch("--no-cache", |plan, on| plan.cache = if on { Cache::Skip } else { Cache::Use }),
    value("--platform", "a platform like `linux/arm64`", |plan, text, _| set(&mut plan.platform, text)),
    switch("--pull", |plan, on| plan.bases = if on { Bases::Refresh } else { Bases::Local }),
    Rule { short: Some("-q"), ..switch("--quiet", |_, _| ()) },
    switch("--rm", |plan, on| {
        if !on {
            plan.notes.push("build option `--rm=false` has no effect: containers of steps are removed".to_owned());
        }
    }),
    value(
        "--secret",
        "`id=NAME,src=PATH` or `id=NAME,env=VARIABLE` of a variable that is set",
        |plan, text, variable| parse_secret(text, variable).map(|(id, secret)| drop(plan.secrets.insert(id, secret))),
    ),
    value("--shm-size", SIZE, |plan, text, _| set_size(plan, "shmsize", text)),
    switch("--squash", |plan, on| plan.layers = if on { Layers::Squash } else { Layers::Keep }),
    value("--ssh", "`default` with `SSH_AUTH_SOCK` set, or `ID=SOCKET` of an agent", |plan, text, variable| {
        parse_agent(text, variable).map(|(id, socket)| drop(plan.agents.insert(id, socket)))
    }),
    value("--target", "a stage's name", |plan, text, _| set(&mut plan.target, text)),
    value("--ulimit", "`name=soft[:hard]` like `nofile=1024:2048`", add_ulimit),
    Rule { short: Some("-f"), ..unused("--file", "`image.tag.platforms` names the Dockerfile") },
    Rule { short: Some("-t"), ..unused("--tag", "`image.repository` and `image.tag` name the image") },
];

impl BuildPlan {
    /// Applies build options in their order; `--build-arg NAME` without a value takes it from `variable`.
    pub fn apply_options(&mut self, options: &[String], variable: Variable<'_>) -> Result<(), OptionError> {
        let mut words = Vec::new();
        for option in options {
            words.extend(split_words(option)?);
        }
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            self.apply_option(&word, &mut words, variable)?;
        }
        Ok(())
    }

    fn apply_option(
        &mut self,
        word: &str,
        following: &mut impl Iterator<Item = String>,
        variable: Variable<'_>,
    ) -> Result<(), OptionError> {
        if !word.starts_with('-') {
            return Err(OptionError::Word(word.to_owned()));
        }
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let is_named = |rule: &&Rule| rule.name == name || rule.short == Some(name);
        let rule = RULES.iter().find(is_named).ok_or_else(|| OptionError::Unknown(name.to_owned()))?;
        let mut value = || {
            let value = attached.clone().or_else(|| following.next());
            value.ok_or_else(|| OptionError::NoValue(name.to_owned()))
        };
        match rule.effect {
            Effect::Value(expected, apply) => {
                let found = value()?;
                let applied = apply(self, &found, variable);
                applied.ok_or(OptionError::Value { option: rule.name, expected, found })
            }
            Effect::Switch(apply) => {
                let on = parse_switch(rule.name, attached.as_deref())?;
                apply(self, on);
                Ok(())
            }
            Effect::Unused(why) => {
                let found = value()?;
                self.notes.push(format!("build option `{} {found}` has no effect: {why}", rule.name));
                Ok(())
            }
        }
    }
}

/// Returns the supported options, for a hint.
pub fn supported_options() -> String {
    let effective = RULES.iter().filter(|rule| !matches!(rule.effect, Effect::Unused(_)));
    effective.map(|rule| format!("`{}`", rule.name)).collect::<Vec<_>>().join(", ")
}

type Apply = fn(&mut BuildPlan, &str, Variable<'_>) -> Option<()>;

const fn value(name: &'static str, expected: &'static str, apply: Apply) -> Rule {
    Rule { name, short: None, effect: Effect::Value(expected, apply) }
}

const fn switch(name: &'static str, apply: fn(&mut BuildPlan, bool)) -> Rule {
    Rule { name, short: None, effect: Effect::Switch(apply) }
}

const fn unused(name: &'static str, why: &'static str) -> Rule {
    Rule { name, short: None, effect: Effect::Unused(why) }
}

fn add_build_arg(plan: &mut BuildPlan, text: &str, variable: Variable<'_>) -> Option<()> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, variable(text)),
    };
    if name.is_empty() {
        return None;
    }
    // Like docker: a name that the environment does not have keeps the Dockerfile's default.
    if let Some(value) = value {
        plan.args.insert(name.to_owned(), value);
    }
    Some(())
}

fn set(place: &mut Option<String>, text: &str) -> Option<()> {
    *place = Some(text.to_owned());
    (!text.is_empty()).then_some(())
}

fn set_limit(plan: &mut BuildPlan, parameter: &'static str, value: String) -> Option<()> {
    plan.limits.insert(parameter, value);
    Some(())
}

fn set_number(plan: &mut BuildPlan, parameter: &'static str, text: &str) -> Option<()> {
    let number: u64 = text.parse().ok()?;
    set_limit(plan, parameter, number.to_string())
}

/// Takes a number with an optional binary unit: `512m`, `1.5g`, `64KiB`.
fn set_size(plan: &mut BuildPlan, parameter: &'static str, text: &str) -> Option<()> {
    let lower = text.to_ascii_lowercase();
    let (number, unit) = lower.split_at(lower.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(lower.len()));
    let factor = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit) {
        "" => 1.0,
        "k" => 1024.0,
        "m" => 1024.0 * 1024.0,
        "g" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)? * factor;
    set_limit(plan, parameter, format!("{bytes:.0}"))
}

/// The engine's API has them as a list in JSON.
fn add_ulimit(plan: &mut BuildPlan, text: &str, _: Variable<'_>) -> Option<()> {
    let (name, limits) = text.split_once('=').filter(|(name, _)| !name.is_empty())?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let (soft, hard): (i64, i64) = (soft.parse().ok()?, hard.parse().ok()?);
    let known = plan.limits.get("ulimits").map_or("[]", String::as_str);
    let mut all: Vec<serde_json::Value> = serde_json::from_str(known).unwrap_or_default();
    all.push(serde_json::json!({ "Name": name, "Soft": soft, "Hard": hard }));
    set_limit(plan, "ulimits", serde_json::Value::from(all).to_string())
}

fn parse_switch(option: &'static str, text: Option<&str>) -> Result<bool, OptionError> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err(OptionError::Value {
            option,
            expected: "`true` or `false`",
            found: text.unwrap_or_default().to_owned(),
        }),
    }
}

/// Splits like a shell: blanks separate, quotes and backslashes keep.
fn split_words(text: &str) -> Result<Vec<String>, OptionError> {
    let unclosed = || OptionError::Quote(text.to_owned());
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(unclosed)? {
                        end if end == c => break,
                        '\\' if c == '"' => word.push(rest.next().ok_or_else(unclosed)?),
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(rest.next().ok_or_else(unclosed)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Reference, Secret};

    fn apply(options: &[&str]) -> Result<BuildPlan, OptionError> {
        let image = Reference::parse("filter:1").expect("it is a reference");
        let mut plan = BuildPlan::new(image, "/context", "/context/Dockerfile");
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        plan.apply_options(&options, &|_| None).map(|()| plan)
    }

    #[test]
    fn option_and_value_may_stand_in_one_entry_or_two() {
        let expected = Some("b c");
        for options in [&["--build-arg 'A=b c'"][..], &["--build-arg", "\"A=b c\""], &["--build-arg=A=b\\ c"]] {
            assert_eq!(apply(options).expect("they are supported").args.get("A").map(String::as_str), expected);
        }
    }

    #[test]
    fn every_option_reaches_the_plan() {
        let plan = apply(&[
            "--add-host=github.com:192.30.255.112",
            "--label a=b",
            "--target debug",
            "--network host",
            "--no-cache --pull=true --squash=false",
            "-m 1.5g",
            "--memory-swap -1",
            "--shm-size 64KiB",
            "--cache-from type=registry,ref=a/b:1",
            "--cache-to type=inline",
            "--platform linux/arm64",
            "--rm --force-rm -q",
            "--ulimit nofile=1024:2048 --ulimit core=0",
            "--secret id=a,src=b --ssh default=/run/agent",
        ]);
        let plan = plan.expect("they are supported");
        assert_eq!(plan.extra_hosts, ["github.com:192.30.255.112"]);
        assert_eq!(plan.labels.get("a").map(String::as_str), Some("b"));
        assert_eq!((plan.target.as_deref(), plan.network.as_deref()), (Some("debug"), Some("host")));
        assert_eq!((plan.cache, plan.bases, plan.layers), (Cache::Skip, Bases::Refresh, Layers::Keep));
        let limits: Vec<_> = plan.limits.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ulimits = r#"[{"Name":"nofile","Soft":1024,"Hard":2048},{"Name":"core","Soft":0,"Hard":0}]"#;
        let expected = [("memory", "1610612736"), ("memswap", "-1"), ("shmsize", "65536"), ("ulimits", ulimits)];
        assert_eq!(limits, expected);
        assert_eq!(plan.secrets.get("a"), Some(&Secret::File("b".into())));
        assert_eq!(plan.agents.get("default").map(|socket| socket.as_path()), Some("/run/agent".as_ref()));
        assert_eq!((plan.cache_from, plan.platform.as_deref()), (vec!["a/b:1".to_owned()], Some("linux/arm64")));
        assert_eq!(plan.args.get("BUILDKIT_INLINE_CACHE").map(String::as_str), Some("1"));
        assert_eq!(plan.notes, Vec::<String>::new());
    }

    #[test]
    fn what_another_place_decides_is_told() {
        let plan = apply(&["-t x:1", "-f Dockerfile.other"]).expect("they are understood");
        assert_eq!(
            plan.notes,
            [
                "build option `--tag x:1` has no effect: `image.repository` and `image.tag` name the image",
                "build option `--file Dockerfile.other` has no effect: `image.tag.platforms` names the Dockerfile",
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        let cases = [
            (&["--isolation process"][..], "build option `--isolation` is not supported"),
            (
                &["--ulimit nofile"],
                "build option `--ulimit`: expected `name=soft[:hard]` like `nofile=1024:2048`, found `nofile`",
            ),
            (
                &["--ssh default"],
                "build option `--ssh`: expected `default` with `SSH_AUTH_SOCK` set, or `ID=SOCKET` of an agent, found `default`",
            ),
            (&["--target"], "build option `--target` has no value"),
            (&["Dockerfile"], "expected a build option, found `Dockerfile`"),
            (&["--label 'a"], "a quote is not closed in build option `--label 'a`"),
            (&["--memory much"], "build option `--memory`: expected a size like `512m`, found `much`"),
            (&["--pull=maybe"], "build option `--pull`: expected `true` or `false`, found `maybe`"),
            (&["--cache-to type=local"], "build option `--cache-to`: expected `type=inline`, found `type=local`"),
        ];
        for (options, message) in cases {
            assert_eq!(apply(options).expect_err("it is refused").to_string(), message);
        }
    }
}
