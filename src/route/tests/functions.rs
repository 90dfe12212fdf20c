//! Functions (protocol.md §8.5).

use super::{check, refuse_condition, warned};

#[test]
fn functions_of_numbers() {
    check(&[
        ("ABS(-5)", "5"),
        ("exp(0)", "1"),
        ("square(3)", "9"),
        ("ceiling(1.2)", "2"),
        ("floor(-1.2)", "-2"),
        ("sign(-9)", "-1"),
        ("sign(0)", "0"),
        ("sqrt(9)", "3"),
        ("power(2, 10)", "1024"),
        ("abs($body.s)", "undefined"),
        ("as_number('1,000.5')", "1000.5"),
        ("as_number(7)", "7"),
    ]);
}

#[test]
fn functions_of_types() {
    check(&[
        ("is_bool(true)", "true"),
        ("is_number({$body.n})", "true"),
        ("is_string($body.s)", "true"),
        ("is_string(missing)", "false"),
        ("is_number(temperature)", "false"),
        ("is_defined(null)", "true"),
        ("is_defined($body.missing)", "true"),
        ("is_defined($body.date)", "false"),
        ("is_defined(missing)", "false"),
        ("is_defined(undefined)", "false"),
    ]);
}

#[test]
fn is_null_means_equal_to_null_and_is_warned_of() {
    check(&[
        ("is_null(null)", "true"),
        ("is_null(Name)", "false"),
        ("is_null(missing)", "false"),
        ("is_null($body.null)", "true"),
        ("is_null($body.missing)", "true"),
        ("is_null($body.s)", "false"),
        ("is_null($body.date)", "undefined"),
    ]);
    warned(
        "FROM /* WHERE is_null($body.x) INTO $upstream",
        "is_null($body.x)",
        "the real edge hub answers `is_null` wrongly for body values; `$body.… = null` means the same everywhere",
    );
}

#[test]
fn functions_of_strings() {
    check(&[
        ("concat('a', 'b', $body.s)", "'abtext'"),
        ("'a' || missing", "undefined"),
        ("length('grüße😀')", "7"),
        ("lower('ÄB')", "'äb'"),
        ("upper('straße')", "'STRAßE'"),
        ("index_of('grüße', 'ß')", "3"),
        ("index_of('abc', 'x')", "-1"),
        ("starts_with('abc', 'ab')", "true"),
        ("ends_with('abc', 'C')", "false"),
        ("contains($body.s, 'ex')", "true"),
        ("contains({$body.n}, 'ex')", "undefined"),
    ]);
}

#[test]
fn substring_takes_a_start_and_a_length() {
    check(&[
        ("substring('abc', 1)", "'bc'"),
        ("substring('abc', 3)", "''"),
        ("substring('abc', 4)", "undefined"),
        ("substring('abc', -1)", "undefined"),
        ("substring('abc', 1, 1)", "'b'"),
        ("substring('abc', 1, 3)", "undefined"),
        ("substring('abc', 3, 0)", "undefined"),
    ]);
}

#[test]
fn unknown_functions_and_wrong_arguments_are_refused() {
    refuse_condition(&[
        ("startswith(a, 'b')", "there is no function `startswith`", "did you mean `starts_with`?"),
        ("abs()", "expected `abs(number)`, found no argument", ""),
        ("power(1)", "expected `power(number, number)`, found a number as argument", ""),
        ("concat('a')", "expected `concat(string, string, …)`, found a string as argument", ""),
        ("length(1)", "expected `length(string)`, found a number as argument", ""),
        (
            "substring(1, 'a', true)",
            "expected `substring(string, start [, length])`, found a number, a string and a bool as arguments",
            "",
        ),
        ("abs(1,)", "expected a value, found `)`", ""),
    ]);
}
