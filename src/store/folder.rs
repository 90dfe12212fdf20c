//! The names of queues as folders.
//!
//! A queue's name is any text. Folders must not hold `/`, must tell names apart where the disk ignores case, and end
//! at 255 bytes; so a name is percent-encoded down to lower case letters, digits and `-_`, and a long one becomes
//! nested folders. Only the last of them ends in `.queue`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const ENDING: &str = ".queue";

const LONGEST: usize = 200;

const ENCODED: &AsciiSet = &{
    let mut set = NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    let mut letter = b'A';
    while letter <= b'Z' {
        set = set.add(letter);
        letter += 1;
    }
    set
};

/// Returns a queue's folder, relative to the store's.
pub(super) fn of_queue(queue: &str) -> PathBuf {
    let mut rest = utf8_percent_encode(queue, ENCODED).to_string();
    let mut folder = PathBuf::new();
    while rest.len() > LONGEST {
        let tail = rest.split_off(LONGEST);
        folder.push(std::mem::replace(&mut rest, tail));
    }
    folder.join(rest + ENDING)
}

/// Returns every queue's name and folder (relative to the store's), sorted by name; other things are passed over.
pub(super) fn find_queues(store: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::new(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(store.join(&folder))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            match name.strip_suffix(ENDING) {
                Some(last) => found.extend(decode(&prefix, last).map(|queue| (queue, folder.join(&name)))),
                None if entry.file_type()?.is_dir() => folders.push((folder.join(&name), prefix.clone() + &name)),
                None => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

fn decode(prefix: &str, last: &str) -> Option<String> {
    let encoded = [prefix, last].concat();
    percent_decode_str(&encoded).decode_utf8().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_tells_what_the_queue_is_called() {
        assert_eq!(of_queue("modules/filter/inputs/input1").to_str(), Some("modules%2Ffilter%2Finputs%2Finput1.queue"));
        assert_eq!(of_queue("$upstream").to_str(), Some("%24upstream.queue"));
        assert_eq!(of_queue("Über").to_str(), Some("%C3%9Cber.queue"));
    }

    #[test]
    fn every_name_is_found_again() {
        let store = tempfile::tempdir().expect("a folder");
        let mut names =
            vec!["", ".", "..", "a/../b", "A", "a", "%41", "ü\0\n", "x.queue"].into_iter().map(String::from);
        let mut names: Vec<String> = names.by_ref().chain([33, 34, 199, 600].map(|n| "é".repeat(n))).collect();
        names.push("b".repeat(LONGEST));
        for name in &names {
            fs::create_dir_all(store.path().join(of_queue(name))).expect("made");
        }
        names.sort();
        let found: Vec<String> =
            find_queues(store.path()).expect("readable").into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, names);
    }
}
