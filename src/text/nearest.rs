//! "Did you mean": the known word that a wrong one resembles.

/// As many names as a hint lists.
const LISTED: usize = 12;
/// The longest word, in characters, that is compared with others: a longer one is no slip of the fingers.
const LONGEST: usize = 100;

/// Returns the candidate that `word` was probably meant to be, or `None` if none is near.
///
/// Near is one change (a letter more, less, other, or two swapped) for every three letters, in any case.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let limit = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().take(2 * LONGEST).count().abs_diff(length) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the hint ``did you mean `x`?`` for the nearest candidate, or else the list of the first twelve;
/// `None` where nothing is known.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(near) = nearest(word, candidates.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match candidates.as_slice() {
        [] => None,
        [one] => Some(format!("only `{one}` is known there")),
        many => {
            let listed = format!("known there: `{}`", many[..many.len().min(LISTED)].join("`, `"));
            let rest = many.len().saturating_sub(LISTED);
            Some(if rest > 0 { format!("{listed} and {rest} more") } else { listed })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_recognised() {
        assert_eq!(nearest("flter", ["sensor", "filter"]), Some("filter"));
        assert_eq!(nearest("Fitler", ["sensor", "filter"]), Some("filter"));
        assert_eq!(nearest("camera", ["sensor", "filter"]), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn a_text_of_megabytes_is_near_to_nothing() {
        let long = "filter".repeat(1 << 18);
        assert_eq!((nearest(&long, [&*long, "filter"]), nearest("filter", [&*long])), (None, None));
    }

    #[test]
    fn without_a_near_word_the_few_known_ones_are_listed() {
        assert_eq!(did_you_mean("camera", ["sensor", "filter"]), Some("known there: `sensor`, `filter`".to_owned()));
        assert_eq!(did_you_mean("camera", []), None);
    }

    #[test]
    fn of_many_known_words_the_first_are_listed() {
        let names: Vec<String> = (0..14).map(|number| format!("module{number}")).collect();
        let hint = did_you_mean("x", names.iter().map(String::as_str)).expect("some are known");
        assert!(hint.ends_with("`module10`, `module11` and 2 more"), "{hint}");
    }
}
