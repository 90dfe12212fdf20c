//! What a build said, step by step: enough to show the step that failed, and to know whether anything ran.

use std::collections::VecDeque;

use super::{Event, Watch};

/// What is kept of one step's output; the end of it explains a failure.
const LINES_KEPT: usize = 100;
/// A line that never ends (a progress bar, binary data) is cut here.
const LINE_BYTES: usize = 16 * 1024;

/// The steps of one build, in the order in which they were announced.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    steps: Vec<Step>,
    pub(super) image_id: Option<String>,
    /// How many labels the image gets: the classic builder adds a step for each.
    pub(super) labels: usize,
}

/// One step and the end of its output.
#[derive(Debug, Default)]
pub(super) struct Step {
    key: String,
    pub(super) name: String,
    pub(super) state: State,
    lines: VecDeque<String>,
    dropped: usize,
    open_line: Vec<u8>,
    pub(super) error: Option<String>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Announced,
    Started,
    /// Its result was there from an earlier build.
    Cached,
}

impl Transcript {
    /// Starts the transcript of a build whose image gets so many labels.
    pub(super) fn new(labels: usize) -> Self {
        Self { labels, ..Self::default() }
    }

    /// Returns the step with this key, announcing it if it is new.
    pub(super) fn step(&mut self, key: &str) -> &mut Step {
        let at = self.steps.iter().position(|step| step.key == key);
        let at = at.unwrap_or_else(|| {
            self.steps.push(Step { key: key.to_owned(), ..Step::default() });
            self.steps.len() - 1
        });
        &mut self.steps[at]
    }

    /// Returns the step that was announced last.
    pub(super) fn last_step(&mut self) -> Option<&mut Step> {
        self.steps.last_mut()
    }

    /// Returns the step that failed: the one with an error of its own.
    pub(super) fn failed_step(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.error.is_some())
    }

    /// Marks the step that ran last as the one that failed, for builders that run one after another.
    pub(super) fn fail_last_step(&mut self, error: &str) {
        if let Some(step) = self.steps.last_mut() {
            step.error = Some(error.to_owned());
        }
    }

    /// Says whether every step of the Dockerfile was there from earlier builds; `is_counted` picks those that can be.
    pub(super) fn is_cached(&self, is_counted: impl Fn(&str) -> bool) -> bool {
        let mut counted = self.steps.iter().filter(|step| is_counted(&step.name)).peekable();
        counted.peek().is_some() && counted.all(|step| step.state == State::Cached)
    }
}

impl Step {
    /// Takes output as it comes, in pieces of any size, and tells each whole line.
    pub(super) fn print(&mut self, bytes: &[u8], watch: Watch<'_>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES.saturating_sub(self.open_line.len());
            self.open_line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.close_line(watch);
            }
        }
    }

    fn close_line(&mut self, watch: Watch<'_>) {
        let bytes = std::mem::take(&mut self.open_line);
        let line = readable(&bytes);
        watch(Event::Output(&line));
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }

    /// Returns the end of the output, saying how much went before it; `None` if there was none.
    pub(super) fn output(&self) -> Option<String> {
        let open = (!self.open_line.is_empty()).then(|| readable(&self.open_line));
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).chain(open.as_deref()).collect();
        let before = (self.dropped > 0).then(|| format!("… {} lines before", self.dropped));
        let shown: Vec<&str> = before.as_deref().into_iter().chain(lines).collect();
        (!shown.is_empty()).then(|| shown.join("\n"))
    }
}

/// Makes a line safe for a terminal: no carriage return, no escape sequence of a build tool.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    // Of a line that overwrote itself, its last form is what a terminal shows.
    let text = text.rsplit('\r').next().unwrap_or_default();
    let mut line = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' => skip_escape(&mut rest),
            '\t' => line.push('\t'),
            c if c.is_control() => {}
            c => line.push(c),
        }
    }
    line
}

fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if rest.next_if_eq(&'[').is_some() {
        while rest.next_if(|c| !('@'..='~').contains(c)).is_some() {}
    }
    rest.next();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(pieces: &[&[u8]]) -> (Step, Vec<String>) {
        let told = std::sync::Mutex::new(Vec::new());
        let mut step = Step::default();
        let watch = |event: Event<'_>| {
            if let Event::Output(line) = event {
                told.lock().expect("nobody panicked").push(line.to_owned());
            }
        };
        pieces.iter().for_each(|piece| step.print(piece, &watch));
        (step, told.into_inner().expect("nobody panicked"))
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let (step, told) = printed(&[b"on", b"e\ntwo\nthr", b"ee"]);
        assert_eq!(told, ["one", "two"]);
        assert_eq!(step.output().as_deref(), Some("one\ntwo\nthree"));
    }

    #[test]
    fn only_the_end_of_long_output_is_kept() {
        let text: String = (0..LINES_KEPT + 2).map(|i| format!("{i}\n")).collect();
        let output = printed(&[text.as_bytes()]).0.output().expect("something was printed");
        assert_eq!(output.lines().next(), Some("… 2 lines before"));
        assert_eq!((output.lines().nth(1), output.lines().last()), (Some("2"), Some("101")));
    }

    #[test]
    fn colours_and_progress_bars_are_taken_out() {
        let (_, told) = printed(&[b"\x1b[31mred\x1b[0m\r\n 10%\r 20%\r100%\n\x1b]0;x\x07\n"]);
        assert_eq!(told, ["red", "100%", "0;x"]);
    }

    proptest::proptest! {
        #[test]
        fn lines_are_the_same_in_whatever_pieces_they_come(
            bytes in "[ab\\x1b\\[m;\r\n\t\u{7}é\u{202e}]{0,60}",
            ends in proptest::collection::vec(0..200_usize, 0..6),
        ) {
            let bytes = bytes.as_bytes();
            let mut ends: Vec<usize> = ends.into_iter().map(|end| end % (bytes.len() + 1)).chain([0, bytes.len()]).collect();
            ends.sort_unstable();
            let pieces: Vec<&[u8]> = ends.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            let (step, told) = printed(&pieces);
            let (whole, told_whole) = printed(&[bytes]);
            proptest::prop_assert_eq!((step.output(), &told), (whole.output(), &told_whole));
            proptest::prop_assert!(told.iter().all(|line| !line.contains(|c: char| c.is_control() && c != '\t')), "{:?}", told);
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let (step, _) = printed(&[&[b'x'; 3 * LINE_BYTES]]);
        assert_eq!(step.output().map(|output| output.len()), Some(LINE_BYTES));
    }
}
