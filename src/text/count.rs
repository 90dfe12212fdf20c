//! Numbers of things, in words that fit.

/// Returns a number and its noun, which is given for one: `1 message`, `2 messages`, `2 processes`.
pub fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('s') => format!("{number} {noun}es"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_follows_its_number() {
        let told = [(0, "message"), (1, "process"), (2, "process"), (7, "byte")].map(|(n, noun)| counted(n, noun));
        assert_eq!(told, ["0 messages", "1 process", "2 processes", "7 bytes"]);
    }
}
