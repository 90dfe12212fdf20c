//! Sources: which messages a path catches, and paths that catch something else than they seem to (protocol.md §8.2).

use super::{message, parse, refuse_condition, warned};
use crate::message::Message;
use crate::route::Route;

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
