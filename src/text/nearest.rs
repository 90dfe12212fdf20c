//! "Did you mean": the known word that a wrong one resembles.

/// Returns the candidate that `word` was probably meant to be, or `None` if none is near.
///
/// Near is one change (a letter more, less, other, or two swapped) for every three letters, in any case.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the hint ``did you mean `x`?`` for the nearest candidate, or else the list of all of them.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(near) = nearest(word, candidates.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match candidates.as_slice() {
        [] => None,
        [one] => Some(format!("only `{one}` is known there")),
        many if many.len() <= 12 => Some(format!("known there: `{}`", many.join("`, `"))),
        _ => None,
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
    fn without_a_near_word_the_few_known_ones_are_listed() {
        assert_eq!(did_you_mean("camera", ["sensor", "filter"]), Some("known there: `sensor`, `filter`".to_owned()));
        assert_eq!(did_you_mean("camera", []), None);
    }
}
