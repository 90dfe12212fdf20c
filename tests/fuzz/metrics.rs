//! What is counted, as collectors read it.

use std::time::Duration;

use edgectl::metrics::{Family, Summary, Unit, render};
use proptest::collection::vec;
use proptest::prelude::*;

/// The name of a sample, its labels and its number.
type Sample = (String, Vec<(String, String)>, f64);

/// Reads `name{label="value",…} number` as Prometheus does.
fn read(line: &str) -> Option<Sample> {
    let (name, mut rest) = line.split_once('{')?;
    let mut labels = Vec::new();
    while !rest.starts_with('}') {
        let (label, quoted) = rest.trim_start_matches(',').split_once("=\"")?;
        let (mut value, mut characters) = (String::new(), quoted.chars());
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => value.push(match characters.next()? {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return None,
                }),
                c => value.push(c),
            }
        }
        labels.push((label.to_owned(), value));
        rest = characters.as_str();
    }
    Some((name.to_owned(), labels, rest[1..].trim().parse().ok()?))
}

proptest! {
    #[test]
    fn a_sample_is_read_as_it_was_counted(device in "\\PC{0,8}|[\"\\\\\n,={}]{0,8}", module in "[\"\\\\\nné]{0,6}", value in 0..1_u64 << 50) {
        let mut family = Family::counter("a_total", "What is counted");
        family.count([("module", &module)], value);
        family.time([("module", &module)], Duration::from_millis(value));
        let text = render(&[("device", &device)], &[family]);
        let samples: Vec<_> = text.split_terminator('\n').filter(|line| !line.starts_with('#')).map(read).collect();
        let labels = vec![("device".to_owned(), device), ("module".to_owned(), module)];
        let number = value as f64;
        let expected = [number, Duration::from_millis(value).as_secs_f64()].map(|value| Some(("a_total".to_owned(), labels.clone(), value)));
        prop_assert_eq!(samples, expected);
    }

    #[test]
    fn a_quantile_is_a_value_that_was_seen_near_the_true_one(
        values in vec((0..900_u64, prop_oneof![any::<u64>(), 0..2000_u64]), 1..60),
        percent in 1..=100_u64,
    ) {
        let mut summary = Summary::default();
        let mut values = values;
        values.sort_by_key(|(at, _)| *at);
        values.iter().for_each(|(at, value)| summary.observe(Duration::from_secs(*at), *value));
        let now = Duration::from_secs(values.last().expect("there is one").0);
        prop_assert_eq!(summary.count(), values.len() as u64);
        prop_assert_eq!(summary.sum(), values.iter().fold(0, |sum: u64, (_, value)| sum.saturating_add(*value)));
        // What was seen in the period of ten minutes ago is forgotten as a whole.
        let oldest = (now.as_secs() / 120).saturating_sub(4) * 120;
        let mut young: Vec<u64> = values.iter().filter(|(at, _)| *at >= oldest).map(|(_, value)| *value).collect();
        young.sort_unstable();
        let exact = young[usize::try_from((young.len() as u64 * percent).div_ceil(100)).expect("few") - 1];
        let told = summary.percentile(now, percent).expect("there are values");
        prop_assert!(young.contains(&told) && told >= exact && told - exact <= exact / 32 + 1, "{} for {}", told, exact);
        let mut family = Family::summary("a", "b");
        family.spread([("x", "y")], Unit::Nanoseconds, now, &summary);
        let text = render(&[], &[family]);
        prop_assert!(text.lines().filter(|line| !line.starts_with('#')).all(|line| read(line).is_some()), "{}", text);
    }
}
