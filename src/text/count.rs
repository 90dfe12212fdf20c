//! Numbers of things, in words that fit.

/// Returns a number and its noun, which is given for one: `1 message`, `2 messages`, `2 processes`.
pub fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('s') => format!("{number} {noun}es"),
        _ => format!("{number} {noun}s"),
    }
}

/// Writes a number of bytes for people: `12.3 kB`.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB"];
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_follows_its_number() {
        let told = [(0, "message"), (1, "process"), (2, "process"), (7, "byte")].map(|(n, noun)| counted(n, noun));
        assert_eq!(told, ["0 messages", "1 process", "2 processes", "7 bytes"]);
    }

    #[test]
    fn sizes_are_written_for_people() {
        assert_eq!([size(0), size(12_345), size(1_073_747_456)], ["0.0 kB", "12.3 kB", "1.1 GB"]);
    }
}
