//! Types, comparisons and logic with values that are missing (protocol.md §8.4).

use super::{check, message, parse, refuse_condition, warned};

#[test]
fn properties_are_strings() {
    refuse_condition(&[
        (
            "temperature > 20",
            "`>` takes two values of one type, found a string and a number",
            "properties are strings: write `as_number(temperature)`",
        ),
        (
            "temperature + 1 = 2",
            "`+` takes a number on both sides, found a string and a number",
            "properties are strings: write `as_number(temperature)`",
        ),
        (
            "flag = true",
            "`=` takes two values of one type, found a string and a bool",
            "properties are strings: compare `flag` with 'true' or 'false'",
        ),
        (
            "flag AND true",
            "`AND` takes a bool on both sides, found a string and a bool",
            "properties are strings: write `flag = 'true'`",
        ),
        ("flag = null", "`=` takes two values of one type, found a string and null", "write `NOT is_defined(flag)`"),
        (
            "abs(flag) = 1",
            "expected `abs(number)`, found a string as argument",
            "properties are strings: `as_number(flag)`",
        ),
    ]);
    check(&[("as_number(temperature) > 20", "true"), ("temperature > '5'", "false")]);
}

#[test]
fn operators_without_blanks_are_explained() {
    refuse_condition(&[(
        "x*2 > 4",
        "`>` takes two values of one type, found a string and a number",
        "`x*2` is one name: operators need blanks on both sides",
    )]);
    let text = "FROM /* WHERE a!='1' INTO $upstream";
    warned(text, "a!", "`a!` is the name of one property, since operators need blanks on both sides");
}

#[test]
fn a_missing_path_is_null_and_a_date_is_undefined() {
    check(&[
        ("$body.missing", "null"),
        ("$body.n.deeper", "null"),
        ("$body.list[9]", "null"),
        ("$body.null", "null"),
        ("$body.date", "undefined"),
        ("$body.missing ?? 'x'", "null"),
        ("$body.date ?? 'x'", "'x'"),
    ]);
}

#[test]
fn body_values_of_different_types_are_ordered_by_type() {
    check(&[
        ("$body.missing = null", "true"),
        ("$body.missing <> 'x'", "true"),
        ("$body.missing > 5", "true"),
        ("$body.s > 5", "true"),
        ("$body.s = 5", "false"),
        ("$body.yes < {$body.n}", "true"),
        ("$body.date = 'x'", "undefined"),
        ("$body.date <> 'x'", "undefined"),
    ]);
}

#[test]
fn comparing_with_a_missing_property_is_undefined() {
    check(&[("missing = 'x'", "undefined"), ("missing != 'x'", "undefined"), ("NOT (missing = 'x')", "undefined")]);
}

#[test]
fn strings_compare_ordinally_in_utf16() {
    check(&[
        ("'a' < 'b'", "true"),
        ("'B' < 'a'", "true"),
        ("'\u{1F600}' < '\u{E000}'", "true"),
        ("'a' = 'A'", "false"),
    ]);
}

#[test]
fn not_a_number_is_undefined() {
    check(&[
        ("0 / 0", "undefined"),
        ("1 / 0", "inf"),
        ("as_number('x') = 1", "undefined"),
        ("is_defined(sqrt(- 1))", "false"),
    ]);
}

#[test]
fn logic_is_three_valued() {
    check(&[
        ("false AND missing = 'x'", "false"),
        ("missing = 'x' AND false", "false"),
        ("true AND missing = 'x'", "undefined"),
        ("true OR missing = 'x'", "true"),
        ("missing = 'x' OR true", "true"),
        ("false OR missing = 'x'", "undefined"),
        ("undefined OR true", "true"),
        ("null OR true", "true"),
        ("null AND true", "null"),
    ]);
}

#[test]
fn logic_with_a_body_value_needs_two_bools() {
    check(&[
        ("$body.yes AND true", "true"),
        ("$body.no OR $body.yes", "true"),
        ("$body.missing AND false", "undefined"),
        ("$body.n OR true", "undefined"),
        ("$body.no AND missing = 'x'", "undefined"),
        ("NOT $body.no", "true"),
        ("NOT $body.s", "undefined"),
    ]);
}

#[test]
fn operations_that_the_hub_lacks_for_body_values_are_refused() {
    refuse_condition(&[
        (
            "true AND $body.yes",
            "the edge hub takes a body value on the left side of `AND` only",
            "compare it (`$body.flag = true`), or put it first",
        ),
        ("- $body.n = 1", "the edge hub cannot apply `-` to a body value", "subtract from zero: `0 - $body.…`"),
        (
            "$body.n % 2 = 1",
            "the edge hub cannot apply `%` to a body value",
            "convert it first: `as_number($body.…) % 2`",
        ),
        ("$body.n = undefined", "`=` takes two values of one type, found a body value and undefined", ""),
    ]);
}

#[test]
fn arithmetic_on_body_values_that_are_no_numbers_is_undefined() {
    check(&[("{$body.n} + 1", "6"), ("$body.s + 1", "undefined"), ("$body.missing * 2", "undefined")]);
}

#[test]
fn only_true_matches() {
    for (condition, matches) in [("true", true), ("false", false), ("missing = 'x'", false), ("$body.yes", true)] {
        assert_eq!(parse(condition).matches("/messages/", &message()), matches, "{condition}");
    }
    warned("FROM /* WHERE name INTO $upstream", "name", "the condition is a string, which is never true");
}
