//! YAML as people write it: what is written is read again, and places are in the text.

use edgectl::document::{Document, Node};
use edgectl::json::Part;
use edgectl::yaml;
use proptest::prelude::*;

use crate::json::{check_error, value};
use crate::mutation::mutated_text;

const TEXTS: &[&str] = &[
    "# top:\nbase: &b {x: 1, y: [a, 'b''c', \"d\\te\"]}\nlist:\n  - - 1\n    - k: v\n      l:\n        m: \n  - {}\n\
     a:\n  <<: *b\n  # why: 1\n  8080: 'on'\n\"q:r\": >\n  folded\n  text\nü: [ # c\n 1]\n",
    "? a\n: !t b\n? [x]\n: |-\n  é\n   two\n~: 0x1F\nyes: .inf\n-1.5: 99999999999999999999\n",
    "\u{feff}---\na: &a [*a]\n...\n---\nb: *c\n",
    "[{\"a\": \"$A\", b: ${B}}, 'x\n  y', \"\\u00e9\\x41\\\n  z\", plain #no\n text # why\n]\n",
    "a: 1\r\nb:\r\n- x\r\n- y: |\r\n    two\r\n    lines\r\n",
];
const WORDS: &[&str] = &[
    "- ",
    "? ",
    ": ",
    "\n",
    "\n  ",
    "\r\n",
    "\t",
    "&a ",
    "*a",
    "<<: *b",
    "!t ",
    "!!binary ",
    "|",
    ">-",
    "#",
    "'",
    "\"",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "~",
    "null",
    ".nan",
    "1e999",
    "0o7",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "é",
    "\u{1F600}",
    "\0",
    "$A",
    "@",
    "`",
];

/// Says that every place is one of the text, and that of a plain or quoted scalar on one line the scalar's.
fn check_places(document: &Document, node: &Node<'_>) {
    let text = document.text();
    let place = document.place(node.pointer(), Part::Value);
    let told = || format!("{} at {place:?} of {text:?}", node.pointer());
    let slice = text.get(place.clone()).unwrap_or_else(|| panic!("{}", told()));
    assert!(text.get(document.place(node.pointer(), Part::Key)).is_some(), "{}", told());
    match node.value() {
        serde_json::Value::Object(_) => {
            node.members().expect("an object").iter().for_each(|(_, member)| check_places(document, member));
        }
        serde_json::Value::Array(_) => {
            node.items().expect("an array").iter().for_each(|item| check_places(document, item));
        }
        serde_json::Value::String(string) => {
            for (at, c) in string.char_indices() {
                let inside = node.place_inside(&(at..at + c.len_utf8()));
                let shown = text.get(inside.clone()).unwrap_or_else(|| panic!("{c:?} at {inside:?}: {}", told()));
                assert!(inside == place || shown == c.to_string(), "{c:?} is {shown:?}: {}", told());
            }
            let _ = document.is_bare(node.pointer());
        }
        _ => assert!(!slice.contains('\n'), "{}", told()),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in value()) {
        let text = yaml::render(&value);
        // A key that YAML merges by, wherever it comes from.
        prop_assume!(!text.contains("<<"));
        let document = Document::parse("t.yaml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        prop_assert_eq!(document.value(), &value, "{}", text);
        check_places(&document, &document.root());
    }

    #[test]
    fn a_file_has_its_places_or_a_mistake_in_it(text in mutated_text(TEXTS, WORDS)) {
        match Document::parse_template("t.yaml", &text) {
            Ok(document) => {
                check_places(&document, &document.root());
                let again = yaml::render(document.value());
                prop_assert_eq!(yaml::parse("t.yaml", &again), Ok(document.value().clone()), "{}", again);
            }
            Err(error) => check_error(&text, &error),
        }
        for twice in yaml::duplicates(&text) {
            prop_assert!(text.get(twice.place.clone()).is_some() && text.get(twice.first.clone()).is_some(), "{:?}", twice);
            check_error(&text, &twice.explain("t.yaml", &text));
        }
    }
}
