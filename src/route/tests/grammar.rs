//! The grammar: words, literals, comments and how operators bind (protocol.md §8.1).

use super::{check, refuse, refuse_condition};
use crate::message::Message;
use crate::route::{Route, Sink, is_reserved_word};

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
