//! Output in lines.

/// The longest line in bytes; what is longer comes in pieces.
pub const MAX_LINE: usize = 64 * 1024;

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes bytes, and gives every line that they complete.
    pub(super) fn push(&mut self, bytes: &[u8], mut line: impl FnMut(String)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(part);
            let is_whole = self.partial.pop_if(|byte| *byte == b'\n').is_some();
            if is_whole {
                self.partial.pop_if(|byte| *byte == b'\r');
            }
            while self.partial.len() > MAX_LINE {
                let rest = self.partial.split_off(cut(&self.partial));
                line(text(&std::mem::replace(&mut self.partial, rest)));
            }
            if is_whole {
                line(text(&self.partial));
                self.partial.clear();
            }
        }
    }

    /// Gives what stands after the last end of a line.
    pub(super) fn finish(&mut self, line: impl FnOnce(String)) {
        if !self.partial.is_empty() {
            line(text(&std::mem::take(&mut self.partial)));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns where to cut a line that is too long: before the character that would be cut in two.
fn cut(line: &[u8]) -> usize {
    let is_inside = |at: &usize| line[*at] & 0b1100_0000 == 0b1000_0000;
    (MAX_LINE - 3..=MAX_LINE).rev().find(|at| !is_inside(at)).unwrap_or(MAX_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        chunks.iter().for_each(|chunk| lines.push(chunk, |line| found.push(line)));
        lines.finish(|line| found.push(line));
        found
    }

    #[test]
    fn lines_do_not_depend_on_how_their_bytes_arrive() {
        let bytes = "one\r\n\ntwo é\nthree".as_bytes();
        let expected = ["one", "", "two é", "three"];
        assert_eq!(lines(&[bytes]), expected);
        for at in 0..bytes.len() {
            let (before, after) = bytes.split_at(at);
            assert_eq!(lines(&[before, after]), expected, "cut at {at}");
        }
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "é".repeat(MAX_LINE);
        let found = lines(&[b"x", long.as_bytes(), b"\nnext\n"]);
        let lengths: Vec<usize> = found.iter().map(String::len).collect();
        assert_eq!(lengths, [MAX_LINE - 1, MAX_LINE, 2, 4]);
        assert_eq!(found.concat(), format!("x{long}next"));
    }

    #[test]
    fn a_line_of_the_longest_length_is_not_followed_by_an_empty_one() {
        let longest = vec![b'x'; MAX_LINE];
        assert_eq!(lines(&[&longest, b"\n", b"y\n"]).iter().map(String::len).collect::<Vec<_>>(), [MAX_LINE, 1]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(lines(&[b"a\xff\xc3\nb"]), ["a\u{fffd}\u{fffd}", "b"]);
    }
}
