//! JSON as people write it, with comments and variables: what is read is what another parser reads, every place is
//! right, and an edit changes nothing but what it was asked to.

use edgectl::document::{Document, Node};
use edgectl::json::{self, Member, Part};
use edgectl::text::{Pointer, TextError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::mutation::mutated_text;

const TEXTS: &[&str] = &[
    "{\"a\": [1, -2.5e3, true, null, \"x\\\"\\u00e9\\ud83d\\ude00\\n\"], \"b/c~\": {\"\": {}}, \"é\": []}",
    "// top\r\n{\r\n\t\"a\": $A, /* , \" */ \"b\": [${B}, \"$C\",],\r\n\t\"c\": \"d\" // e\r\n}\r\n",
    "\u{feff}[0, 18446744073709551615, -9223372036854775808, 1e999, 0.1]",
    "{\"a\": 1, \"a\": {\"b\": 1, \"b\": 2}, \"c\": \"a line\n that goes on\"}",
];
const WORDS: &[&str] = &[
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\/",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "//",
    "/*",
    "*/",
    "/*/",
    "\r",
    "\n",
    "\t",
    "\0",
    "$",
    "${",
    "$A",
    "'",
    "-",
    "0",
    ".",
    "e",
    "+1",
    "0x1",
    "NaN",
    "true",
    "null",
    "\u{feff}",
    "\u{a0}",
    "é",
    "\u{2028}",
    "\u{1F600}",
];

/// Any value that JSON has, small.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let text = || prop_oneof!["[a-c]{0,2}", "[ -~é\u{1F600}\n\t\u{7f}]{0,6}", "\\PC{0,3}"];
    // The library for YAML writes this key in a way in which it reads a merge.
    let key = move || text().prop_filter("no merge", |key| key != "<<");
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What may stand between two words of a file.
const BLANKS: &[&str] =
    &["", "", " ", "\n", "\n  ", "\r\n\t", " // , \"é\n", "/* , } */", "/*/ \" */", "\t", "\n\n    ", " //\r\n"];

/// Writes a value with blanks and comments of every kind, and commas behind the last.
struct Writer<'b> {
    blanks: &'b [(&'static str, bool)],
    next: usize,
    text: String,
}

impl Writer<'_> {
    fn blank(&mut self) -> bool {
        let (blank, comma) = self.blanks[self.next % self.blanks.len()];
        self.next += 1;
        self.text.push_str(blank);
        comma
    }

    fn value(&mut self, value: &Value) {
        self.blank();
        match value {
            Value::Array(items) => self.list(['[', ']'], items, |writer, item| writer.value(item)),
            Value::Object(members) => self.list(['{', '}'], members, |writer, (key, member)| {
                writer.blank();
                writer.text.push_str(&Value::from(key.as_str()).to_string());
                writer.blank();
                writer.text.push(':');
                writer.value(member);
            }),
            leaf => self.text.push_str(&leaf.to_string()),
        }
        self.blank();
    }

    fn list<T>(&mut self, [open, close]: [char; 2], held: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.text.push(open);
        let mut is_empty = true;
        for one in held {
            if !is_empty {
                self.text.push(',');
            }
            is_empty = false;
            write(self, one);
        }
        if self.blank() && !is_empty {
            self.text.push(',');
            self.blank();
        }
        self.text.push(close);
    }
}

/// What stands between the words of a text, and whether a comma stands behind the last of a list.
pub(crate) type Style = Vec<(&'static str, bool)>;

pub(crate) fn style() -> impl Strategy<Value = Style> {
    vec((select(BLANKS), any::<bool>()), 1..12)
}

/// Writes a value in a style, which is gone through again and again.
pub(crate) fn write(value: &Value, style: &Style) -> String {
    let mut writer = Writer { blanks: style, next: 0, text: String::new() };
    writer.value(value);
    writer.text
}

/// A value and a text that holds it.
fn written() -> impl Strategy<Value = (Value, String)> {
    (value(), style()).prop_map(|(value, style)| {
        let text = write(&value, &style);
        (value, text)
    })
}

/// The pointers of all objects, or of all arrays, to which names alone lead.
fn holders(value: &Value, at: &Pointer, wanted: fn(&Value) -> bool, found: &mut Vec<Pointer>) {
    found.extend(wanted(value).then(|| at.clone()));
    for (key, member) in value.as_object().into_iter().flatten() {
        holders(member, &at.key(key), wanted, found);
    }
}

pub(crate) fn check_error(text: &str, error: &TextError) {
    let line = text.split('\n').nth(error.line - 1);
    let line = line.unwrap_or_else(|| panic!("{error}: the text has no such line"));
    assert!(error.column <= line.chars().count() + 1, "{error}: {line:?} has no such column");
    assert!(!error.message.is_empty() && error.excerpt.lines().count() > 2, "{error}");
}

/// Says that every value and every key stands where its place is, and every character of a string.
fn check_places(document: &Document, node: &Node<'_>) {
    let place = document.place(node.pointer(), Part::Value);
    let told = || format!("{} at {place:?} of {:?}", node.pointer(), document.text());
    let slice = document.text().get(place.clone()).unwrap_or_else(|| panic!("{}", told()));
    let alone = Document::parse_template("t.json", slice).map(|document| document.value().clone());
    assert_eq!(alone.as_ref(), Ok(node.value()), "{}", told());
    match node.value() {
        Value::Object(_) => node.members().expect("an object").iter().for_each(|(key, member)| {
            let place = document.place(member.pointer(), Part::Key);
            assert_eq!(
                serde_json::from_str::<String>(&document.text()[place]).ok().as_deref(),
                Some(*key),
                "{}",
                told()
            );
            check_places(document, member);
        }),
        Value::Array(_) => node.items().expect("an array").iter().for_each(|item| check_places(document, item)),
        Value::String(text) if !document.is_bare(node.pointer()) => check_characters(document, node, text),
        _ => {}
    }
}

fn check_characters(document: &Document, node: &Node<'_>, text: &str) {
    for (at, c) in text.char_indices() {
        let slice = &document.text()[node.place_inside(&(at..at + c.len_utf8()))];
        let shown = serde_json::from_str::<String>(&format!("\"{slice}\""));
        assert_eq!(shown.ok(), Some(c.to_string()), "{c:?} of {text:?} at {slice:?}");
    }
}

/// Whether every character of `old` but blanks stands in `new`, in its order.
fn is_kept(old: &str, new: &str) -> bool {
    let mut rest = new.chars();
    old.chars().filter(|c| !c.is_whitespace()).all(|c| rest.any(|other| other == c))
}

proptest! {
    #[test]
    fn what_is_written_is_read_with_its_places((value, text) in written()) {
        for document in [Document::parse("t.json", &text), Document::parse_template("t.json", &text)] {
            let document = document.unwrap_or_else(|error| panic!("{error}\n{}", error.excerpt));
            prop_assert_eq!(document.value(), &value, "{}", text);
            check_places(&document, &document.root());
        }
        prop_assert_eq!(json::first_lenient_line(&text), serde_json::from_str::<Value>(&text).err().map(|error| error.line()));
    }

    #[test]
    fn what_others_read_is_read_alike(text in mutated_text(TEXTS, WORDS)) {
        let told = json::duplicates(&text);
        let strict = serde_json::from_str::<Value>(text.strip_prefix('\u{feff}').unwrap_or(&text));
        match (json::parse("t.json", &text), strict) {
            (Ok(value), Ok(other)) => prop_assert_eq!(value, other),
            // What others don't take is tolerated: comments, commas, blanks of other alphabets.
            (Ok(value), Err(_)) => {
                prop_assert_eq!(&serde_json::from_str::<Value>(&value.to_string()).expect("JSON"), &value);
                prop_assert!(json::first_lenient_line(&text).is_some());
            }
            // Others round a number of many digits.
            (Err(error), Ok(_)) => prop_assert!(!told.is_empty() || error.message.contains("64 bits"), "{}", error),
            (Err(error), Err(_)) => check_error(&text, &error),
        }
        for twice in told {
            let [place, first] = [&twice.place, &twice.first].map(|place| serde_json::from_str::<String>(&text[place.clone()]).ok());
            prop_assert_eq!((place.as_ref(), first.as_ref()), (Some(&twice.key), Some(&twice.key)));
        }
    }

    #[test]
    fn a_template_has_its_places(text in mutated_text(TEXTS, WORDS)) {
        match Document::parse_template("t.json", &text) {
            Ok(document) => check_places(&document, &document.root()),
            Err(error) => check_error(&text, &error),
        }
    }

    #[test]
    fn a_member_is_added_and_all_else_stays(
        (value, text) in written(),
        (key, new) in ("[a-z\"é\n]{1,4}", value()),
        which in any::<Index>(),
    ) {
        let mut objects = Vec::new();
        holders(&value, &Pointer::root(), Value::is_object, &mut objects);
        let Some(at) = objects.get(which.index(objects.len().max(1))) else { return Ok(()) };
        let mut expected = value;
        let object = expected.pointer_mut(at.as_str()).and_then(Value::as_object_mut).expect("an object");
        prop_assume!(!object.contains_key(&key));
        object.insert(key.clone(), new.clone());
        let edited = json::insert_member(&text, at, Member { key: &key, value: &new }).expect("the object is there");
        prop_assert_eq!(json::parse("t.json", &edited), Ok(expected), "{}\n-- became --\n{}", text, edited);
        prop_assert!(is_kept(&text, &edited), "{}\n-- became --\n{}", text, edited);
    }

    #[test]
    fn items_are_added_and_all_else_stays((value, text) in written(), new in vec(value(), 0..3), which in any::<Index>()) {
        let mut arrays = Vec::new();
        holders(&value, &Pointer::root(), Value::is_array, &mut arrays);
        let Some(at) = arrays.get(which.index(arrays.len().max(1))) else { return Ok(()) };
        let mut expected = value;
        expected.pointer_mut(at.as_str()).and_then(Value::as_array_mut).expect("an array").extend(new.iter().cloned());
        let edited = json::append_items(&text, at, &new).expect("the array is there");
        prop_assert_eq!(json::parse("t.json", &edited), Ok(expected), "{}\n-- became --\n{}", text, edited);
        prop_assert!(is_kept(&text, &edited), "{}\n-- became --\n{}", text, edited);
    }

    #[test]
    fn no_text_breaks_an_edit(text in mutated_text(TEXTS, WORDS)) {
        let root = Pointer::root();
        for at in [root.clone(), root.key("a"), root.key("b/c~").key("")] {
            let _ = json::insert_member(&text, &at, Member { key: "k", value: &Value::Null });
            let _ = json::append_items(&text, &at, &[Value::Null, Value::from(1)]);
        }
    }
}
