//! The names that new modules may have: stricter than IoT Hub's own rule.

use crate::failure::{Failure, Outcome};
use crate::identity::ModuleId;
use crate::route::is_reserved_word;

/// The containers of the runtime itself, whose names no other container can have.
const RUNTIME: [&str; 2] = ["edgeAgent", "edgeHub"];

/// Checks the name of a new module: a letter, then letters, digits, `_` and `-`; no word of the routing language, no
/// container of the runtime.
///
/// IoT Hub takes more, but a route cannot name a module called `from` or `7`, nor a container be named after `a.b`, `m`
/// or, beside the real one, `edgeHub`.
pub fn check_module_name(name: &str) -> Outcome<ModuleId> {
    let refuse = |cause: String| {
        Err(Failure::request(format!("`{name}` cannot be the name of a module"))
            .cause(cause)
            .hint(format!("choose a name such as `{}`", suggestion(name))))
    };
    let fits = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let Some(id) = ModuleId::parse(name).ok().filter(|_| fits) else {
        return refuse("a name is a letter, followed by letters, digits, `_` and `-`, 2 to 128 in all".to_owned());
    };
    if is_reserved_word(name) {
        return refuse(format!("`{name}` is a word of the routing language, so no route could name the module"));
    }
    if RUNTIME.contains(&name) {
        return refuse(format!("the runtime's own container is called `{name}`"));
    }
    Ok(id)
}

/// Checks the name of a new solution, which becomes a folder: letters, digits, `_`, `-` and `.`, with a letter or digit
/// at both ends.
pub fn check_solution_name(name: &str) -> Outcome {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    let fits =
        name.chars().all(|c| is_end(c) || "_-.".contains(c)) && name.starts_with(is_end) && name.ends_with(is_end);
    if fits && name.len() <= 128 {
        return Ok(());
    }
    Err(Failure::request(format!("`{name}` cannot be the name of a solution"))
        .cause("a name is made of letters, digits, `_`, `-` and `.`, with a letter or digit at both ends, at most 128 in all")
        .hint("choose a name such as `factory`, and another place for its folder with `-C`"))
}

fn suggestion(name: &str) -> String {
    let kept: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let kept = kept.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_taken = kept.len() == 1 || is_reserved_word(kept) || RUNTIME.contains(&kept);
    match kept.chars().next() {
        None => "filter".to_owned(),
        Some(first) if !first.is_ascii_alphabetic() => format!("m{kept}"),
        Some(_) if is_taken => format!("{kept}_module"),
        Some(_) => kept.chars().take(128).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_routes_and_containers_take_are_accepted() {
        for name in ["filter", "Filter-2", "my_module", "trueish"] {
            assert_eq!(check_module_name(name).expect("a name").as_str(), name);
        }
    }

    #[test]
    fn the_name_of_a_solution_is_that_of_a_folder() {
        for (name, fits) in
            [("factory", true), ("4.0-line_2", true), ("", false), ("..", false), ("a/b", false), ("-x", false)]
        {
            assert_eq!(check_solution_name(name).is_ok(), fits, "{name}");
        }
    }

    #[test]
    fn other_names_are_refused_with_one_that_would_do() {
        let hint = |name: &str| check_module_name(name).expect_err("no name").hints()[0].clone();
        assert_eq!(hint("my module"), "choose a name such as `my_module`");
        assert_eq!(hint("7up"), "choose a name such as `m7up`");
        assert_eq!(hint(""), "choose a name such as `filter`");
        for name in ["From", "m", "edgeHub", "edgeAgent"] {
            assert_eq!(hint(name), format!("choose a name such as `{name}_module`"));
        }
        assert_eq!(hint("$edgeHub"), "choose a name such as `edgeHub_module`");
    }
}
