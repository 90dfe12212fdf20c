//! The facts of protocol.md §8.1–8.6, one test each.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::message::system;

const BODY: &str = r#"{"n":5,"s":"text","yes":true,"no":false,"null":null,"o":{"a":[{"b":7}],"A":1},"list":[1],
    "date":"2026-11-22T02:03:04Z"}"#;

fn message() -> Message {
    let mut message = Message { body: Bytes::from_static(BODY.as_bytes()), ..Message::default() };
    let properties = [("temperature", "40"), ("Name", "x"), ("$dollar", "app"), ("empty", ""), ("$body.n", "shadow")];
    message.properties = properties.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).to_vec();
    message.properties.push(("flag".to_owned(), None));
    message.set_system(system::CONTENT_TYPE, "application/json");
    message.set_system(system::CONTENT_ENCODING, "utf-8");
    message.set_system(system::CONNECTION_MODULE_ID, "sensor");
    message
}

fn parse(condition: &str) -> Route {
    let text = format!("FROM /* WHERE {condition} INTO $upstream");
    Route::parse(&text).unwrap_or_else(|error| panic!("`{condition}`: {error} at {:?}", error.span))
}

fn value_of(condition: &str, message: &Message) -> String {
    let value = parse(condition).condition;
    let subject = Subject::new(message);
    match value.value(&subject) {
        evaluate::Value::Undefined => "undefined".to_owned(),
        evaluate::Value::Null => "null".to_owned(),
        evaluate::Value::Bool(value) => value.to_string(),
        evaluate::Value::Number(value) => value.to_string(),
        evaluate::Value::Text(text) => format!("'{text}'"),
    }
}

/// Each condition has this value for [`message`].
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (condition, expected) in cases {
        assert_eq!(value_of(condition, &message()), *expected, "{condition}");
    }
}

/// Each route is refused: where, in which words and with which hint.
#[track_caller]
fn refuse(cases: &[(&str, &str, &str, &str)]) {
    for (text, place, words, hint) in cases {
        let error = Route::parse(text).expect_err(text);
        let told = (&text[error.span.clone()], error.to_string(), error.hint().unwrap_or_default());
        assert_eq!(told, (*place, (*words).to_owned(), (*hint).to_owned()), "{text}");
    }
}

/// Each condition is refused in these words and with this hint.
#[track_caller]
fn refuse_condition(cases: &[(&str, &str, &str)]) {
    for (condition, words, hint) in cases {
        let text = format!("FROM /* WHERE {condition} INTO $upstream");
        let error = Route::parse(&text).expect_err(condition);
        assert_eq!((error.to_string().as_str(), error.hint().unwrap_or_default().as_str()), (*words, *hint), "{text}");
    }
}

#[track_caller]
fn warned(text: &str, place: &str, words: &str) {
    let route = Route::parse(text).expect(text);
    let found: Vec<_> = route.warnings().iter().map(|w| (&text[w.span.clone()], w.to_string())).collect();
    assert_eq!(found, [(place, words.to_owned())]);
}

// §8.1 the grammar

#[test]
fn keywords_are_read_in_any_case_and_select_is_optional() {
    for text in ["FROM /messages/* INTO $upstream", "select * from /messages/* where true into $UpStream"] {
        let route = Route::parse(text).expect(text);
        assert_eq!((route.source(), route.sink()), ("/messages/", &Sink::Upstream));
        assert_eq!(route.text(), text);
        assert!(route.warnings().is_empty());
    }
}

#[test]
fn a_blank_route_is_refused() {
    let hint = "write a route such as `FROM /messages/* INTO $upstream`";
    refuse(&[("", "", "the route is empty", hint), (" /* */ ", " /* */ ", "the route is empty", hint)]);
}

#[test]
fn what_is_missing_is_named() {
    refuse(&[
        ("/messages/* INTO $upstream", "/", "expected `FROM` or `SELECT`, found `/`", ""),
        ("SELECT a FROM /* INTO $upstream", "a", "expected `*` after `SELECT`, found `a`", ""),
        ("FROM messages INTO $upstream", "messages", "expected a path such as `/messages/*`, found `messages`", ""),
        ("FROM // INTO $upstream", "/", "expected a name or `*`, found `/`", ""),
        (
            "FROM /messages/*",
            "",
            "expected `/`, `WHERE` or `INTO`, found the end",
            "end the route with `INTO $upstream`, for example",
        ),
        ("FROM /* WHERE", "", "expected a value, found the end", ""),
        ("FROM /* WHERE (true INTO $upstream", "INTO", "expected an operator or `)`, found `INTO`", ""),
        ("FROM /* WHERE true) INTO $upstream", ")", "expected an operator or `INTO`, found `)`", ""),
        ("FROM /* INTO", "", "expected a sink such as `$upstream`, found the end", ""),
    ]);
}

#[test]
fn habits_of_other_languages_get_a_hint() {
    refuse_condition(&[
        ("a == 'x'", "expected a value, found `=`", "a comparison is a single `=`"),
        ("a = 'x' && b = 'y'", "expected an operator or `INTO`, found `&&`", "write `AND`"),
        (
            "(a = 'x') || (b = 'y')",
            "`||` takes a string on both sides, found a bool and a bool",
            "`||` joins strings: write `OR`",
        ),
        ("as_number(a) -5 = 1", "expected an operator or `INTO`, found `-5`", "operators need blanks on both sides"),
    ]);
}

#[test]
fn a_reserved_word_in_a_path_is_refused() {
    let hint = "rename the module or the output, or select it with a condition: \
        `FROM /messages/* WHERE $connectionModuleId = 'NAME'`";
    for word in ["$edgeHub", "123", "and", "from", "true", "e5", "0x1F"] {
        let text = format!("FROM /messages/modules/{word}/* INTO $upstream");
        let words = format!("`{word}` is a word of the routing language and cannot stand in a path");
        refuse(&[(&text, word, &words, hint)]);
        assert!(is_reserved_word(word), "{word}");
    }
    for name in ["filter", "android", "a1", "TRUE", "a-b", "1a"] {
        assert!(!is_reserved_word(name), "{name}");
    }
}

#[test]
fn text_after_the_sink_is_refused() {
    refuse(&[(
        "FROM /* INTO $upstream, $upstream",
        ",",
        "expected the end of the route after its sink, found `,`",
        "a route has one sink; write a second route for another",
    )]);
}

#[test]
fn broken_strings_and_strange_symbols_are_refused() {
    refuse(&[
        (
            "FROM /* WHERE a = 'x INTO $upstream",
            "'x INTO $upstream",
            "the string has no closing '",
            "close the string with '",
        ),
        (
            r"FROM /* WHERE a = 'x \d' INTO $upstream",
            "'x ",
            "the string holds a `\\` that begins no escape",
            r#"write `\\` for a backslash; the other escapes are `\"`, `\'` and `\u0041`"#,
        ),
        (
            "FROM /* WHERE a[0] = 'x' INTO $upstream",
            "a[0]",
            "`a[0]` is not part of the routing language",
            "put values in quotes; brackets belong to `$body.name[0]` only",
        ),
    ]);
}

#[test]
fn literals_have_their_values() {
    check(&[
        ("5", "5"),
        ("-5", "-5"),
        ("0xff", "255"),
        (".5", "0.5"),
        ("1e3", "1000"),
        (r#""it's""#, "'it's'"),
        (r"'it\'s \\ \u0041\uD83D\uDE00'", r"'it's \ A😀'"),
        ("null", "null"),
        ("undefined", "undefined"),
        ("TRUE", "undefined"),
        ("e5", "undefined"),
    ]);
}

#[test]
fn comments_are_skipped() {
    let route = Route::parse("FROM /messages /* all */ WHERE /* yes */ true INTO $upstream").expect("it is valid");
    assert!(route.matches("/messages/", &Message::default()));
}

#[test]
fn a_star_after_a_slash_begins_a_comment_if_one_ends_later() {
    let hint = "put blanks between `/` and `*`, or take the other comment out";
    refuse(&[
        (
            "FROM /* WHERE /* all */ true INTO $upstream",
            "/* WHERE /* all */",
            "expected a path such as `/messages/*`, found a comment that ends at the next `*/`",
            hint,
        ),
        (
            "FROM /messages/*/modules/*/x INTO $upstream",
            "/*/modules/*/",
            "expected `/`, `WHERE` or `INTO`, found a comment that ends at the next `*/`",
            hint,
        ),
    ]);
}

#[test]
fn operators_bind_in_the_order_of_the_grammar() {
    check(&[
        ("1 + 2 * 3", "7"),
        ("10 - 3 - 2", "5"),
        ("- 2 * 3", "-6"),
        ("1 + 1 < 3 = true", "true"),
        ("true OR false AND false", "true"),
        ("7 % 4 = 3 AND NOT false", "true"),
        ("(1 + 2) * 3", "9"),
        ("'a' || 'b' = 'ab'", "true"),
    ]);
}

#[test]
fn not_binds_tighter_than_a_comparison() {
    let hint = "`NOT` binds tighter than a comparison: write `NOT (a = b)`";
    refuse_condition(&[("NOT Name = 'x'", "`NOT` takes a bool, found a string", hint)]);
    check(&[("NOT (Name = 'x')", "false"), ("NOT null", "true")]);
}

#[test]
fn nesting_is_bounded() {
    let hint = "split the route into several with the same sink";
    let deep = format!("{}true{}", "(".repeat(5000), ")".repeat(5000));
    let chain = vec!["true"; 5000].join(" AND ");
    let signs = "- ".repeat(5000);
    for condition in [deep, signs] {
        refuse_condition(&[(&condition, "the condition is nested deeper than 200 levels", hint)]);
    }
    refuse_condition(&[(&chain, "more than 500 operators follow each other", hint)]);
    check(&[(&format!("{}true{}", "(".repeat(199), ")".repeat(199)), "true")]);
}

#[test]
fn a_long_row_of_alternatives_is_no_nesting() {
    // A small stack, so that there is room to spare on a real one.
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let row = || {
        let missed: Vec<String> = (0..490).map(|n| format!("Name = '{n}'")).collect();
        check(&[(&format!("{} OR true", missed.join(" OR ")), "true")]);
    };
    small.spawn(row).expect("a thread").join().expect("no overflow");
}

// §8.2 sources

#[test]
fn sources_catch_what_the_table_says() {
    let sources = [
        "/messages/",
        "/messages/modules/m/",
        "/messages/modules/m/outputs/o/",
        "/messages/modules/M2/outputs/o/",
        "/twinChangeNotifications/",
    ];
    let cases = [
        ("/*", [true, true, true, true, true]),
        ("/messages/*", [true, true, true, true, false]),
        ("/messages/modules/*", [false, true, true, true, false]),
        ("/messages/modules/m/*", [false, true, true, false, false]),
        ("/messages/modules/m", [false, true, true, false, false]),
        ("/MESSAGES/modules/m2/outputs/*", [false, false, false, true, false]),
        ("/messages/modules/m/outputs/*", [false, false, true, false, false]),
        ("/messages/modules/m/outputs/o", [false, false, true, false, false]),
        ("/messages/modules/m/outputs/other", [false; 5]),
        ("/twinChangeNotifications", [false, false, false, false, true]),
    ];
    for (path, expected) in cases {
        let route = Route::parse(&format!("FROM {path} INTO $upstream")).expect(path);
        assert_eq!(sources.map(|source| route.matches(source, &Message::default())), expected, "{path}");
        assert!(route.warnings().is_empty(), "{path}");
    }
}

#[test]
fn a_star_inside_a_path_never_matches() {
    let text = "FROM /messages/modules/*/outputs/o INTO $upstream";
    let route = Route::parse(text).expect("it is valid");
    assert!(!route.matches("/messages/modules/m/outputs/o/", &Message::default()));
    warned(text, "*", "`*` is compared as it stands, since `*` means anything only at the end of a path");
}

#[test]
fn a_star_behind_a_name_selects_that_name_only() {
    let text = "FROM /messages/modules/fil* INTO $upstream";
    let route = Route::parse(text).expect("it is valid");
    assert_eq!(route.source(), "/messages/modules/fil/");
    assert!(!route.matches("/messages/modules/filter/", &Message::default()));
    warned(text, "fil*", "`fil*` selects `fil` only, not every name that begins so");
}

#[test]
fn a_path_that_no_message_has_is_warned_of() {
    warned("FROM /modules/m/* INTO $upstream", "/modules/m/*", "no message comes from `/modules/m/`");
}

#[test]
fn a_comment_in_a_path_is_warned_of() {
    let words = "`/*` and the next `*/` make a comment of this part of the path";
    warned("FROM /messages/*/modules/*/ INTO $upstream", "/*/modules/*/", words);
}

#[test]
fn leaf_devices_are_those_without_a_module() {
    let route = parse("NOT is_defined($connectionModuleId)");
    assert!(route.matches("/messages/", &Message::default()));
    assert!(!route.matches("/messages/modules/sensor/", &message()));
}

#[test]
fn twin_change_includes_does_not_compile_at_the_edge() {
    refuse_condition(&[(
        "twin_change_includes(a)",
        "the edge hub does not support the function `twin_change_includes`",
        "route `FROM /twinChangeNotifications` to a module and look at the patch there",
    )]);
}

// §8.3 names

#[test]
fn names_are_looked_up_without_regard_to_case() {
    check(&[
        ("NAME", "'x'"),
        ("missing", "undefined"),
        ("flag", "''"),
        ("$CONNECTIONmoduleID", "'sensor'"),
        ("{$contenttype}", "'application/json'"),
    ]);
}

#[test]
fn an_application_property_with_a_dollar_comes_first_and_braces_skip_it() {
    check(&[
        ("$dollar", "'app'"),
        ("{$dollar}", "undefined"),
        ("$body.n", "'shadow'"),
        ("{$body.n}", "5"),
        ("$body.s", "'text'"),
    ]);
}

#[test]
fn body_paths_reach_into_objects_and_arrays() {
    check(&[
        ("$body.o.a[0].b", "7"),
        ("$BODY.yes", "true"),
        ("$body.o.A", "1"),
        ("$body.list[0]", "1"),
        ("$body", "undefined"),
        ("$body.o", "undefined"),
        ("$body.list", "undefined"),
        ("$other[0]", "undefined"),
    ]);
    let hint = "write names with dots and at most one index each: `$body.a.b[0].c`";
    for path in ["$body.", "$body.a[0][1]", "$body.a..b", "$body.a[x]", "$body.*"] {
        refuse_condition(&[(path, &format!("`{path}` is no path into a body"), hint)]);
    }
}

#[test]
fn a_body_is_read_only_if_type_and_encoding_say_so() {
    let with = |content_type: Option<&str>, encoding: Option<&str>, body: &[u8]| {
        let mut message = Message { body: Bytes::copy_from_slice(body), ..Message::default() };
        content_type.into_iter().for_each(|text| message.set_system(system::CONTENT_TYPE, text));
        encoding.into_iter().for_each(|text| message.set_system(system::CONTENT_ENCODING, text));
        value_of("$body.n", &message)
    };
    let (json, body) = (Some("application/json"), br#"{"n":5}"#.as_slice());
    assert_eq!(with(Some("Application/JSON"), Some("UTF-8"), body), "5");
    assert_eq!(with(Some("application/json; charset=utf-8"), Some("utf-8"), body), "undefined");
    assert_eq!(with(None, Some("utf-8"), body), "undefined");
    assert_eq!(with(json, None, body), "undefined");
    assert_eq!(with(json, Some("latin-1"), body), "undefined");
    assert_eq!(with(json, Some("utf-8"), b"{\"n\":"), "undefined");
    assert_eq!(with(json, Some("utf-8"), b"[5]"), "undefined");
    let utf16: Vec<u8> = r#"{"n":5}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = r#"{"n":5}"#.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    assert_eq!(with(json, Some("utf-16"), &utf16), "5");
    assert_eq!(with(json, Some("utf-32"), &utf32), "5");
    assert_eq!(with(json, Some("utf-16"), &utf16[1..]), "undefined");
}

// §8.4 types and evaluation

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

// §8.5 functions

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

// §8.6 sinks

#[test]
fn an_address_has_exactly_four_parts() {
    let input = |address: &str| {
        let text = format!("FROM /* INTO brokeredendpoint({address})");
        Route::parse(&text).expect(address).sink().to_string()
    };
    assert_eq!(input("\"/modules/m/inputs/i\""), "modules/m/inputs/i");
    assert_eq!(input("' modules/m/inputs/i/ '"), "modules/m/inputs/i");
    assert_eq!(input("'/anything/m/whatever/i'"), "modules/m/inputs/i");
    let hint = "write `INTO BrokeredEndpoint(\"/modules/MODULE/inputs/INPUT\")`";
    for address in ["/modules/m/inputs", "/modules/m/inputs/i/j", "", "/modules//inputs/i", "//modules/m/inputs/i"] {
        let text = format!("FROM /* INTO BrokeredEndpoint('{address}')");
        let words = format!("expected an address like `/modules/MODULE/inputs/INPUT`, found `{address}`");
        refuse(&[(&text, &format!("'{address}'"), &words, hint)]);
    }
    refuse(&[
        ("FROM /* INTO BrokeredEndpoint(m)", "m", "expected an address in quotes, found `m`", ""),
        (
            "FROM /* INTO Endpoint('x')",
            "Endpoint",
            "expected `$upstream` or `BrokeredEndpoint`, found `Endpoint`",
            hint,
        ),
    ]);
}

#[test]
fn upstream_is_the_only_system_endpoint() {
    refuse(&[(
        "FROM /* INTO $iothub",
        "$iothub",
        "system endpoint type `$iothub` is not supported",
        "the only system endpoint is `$upstream`",
    )]);
}

// Whatever the text

fn any_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "FROM",
            "WHERE",
            "INTO",
            "/",
            "*",
            "messages",
            "(",
            ")",
            "'",
            "\"",
            "\\u12",
            "\\",
            "{",
            "}",
            "$body.a[0]",
            "$",
            "$upstream",
            "abs(",
            ",",
            "-",
            "NOT",
            "AND",
            "??",
            "||",
            "5",
            "0xFFFFFFFFFFFFFFFFF",
            "é",
            "BrokeredEndpoint(",
            "'/modules/m/inputs/i'",
            "/*",
            "*/",
            "null",
            "substring('ab', ",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec((word, prop_oneof![Just(" "), Just("")]), 0..20)
        .prop_map(|words| words.into_iter().map(|(word, blank)| word + blank).collect())
}

proptest! {
    #[test]
    fn no_text_panics(text in any_text()) {
        for text in [text.clone(), format!("FROM /* WHERE {text} INTO $upstream"), format!("FROM /{text}")] {
            match Route::parse(&text) {
                Ok(route) => { route.matches("/messages/", &message()); }
                Err(error) => { prop_assert!(text.get(error.span).is_some()); }
            }
        }
    }
}
