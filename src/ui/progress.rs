//! Progress lines, one a task, at the foot of the terminal. Owns `indicatif`.
//!
//! There is one terminal, so there is one group of lines in a process, whoever draws them: everything else that is told
//! goes above them, and a question is asked with none of them on the screen.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// The lines of all tasks; there as soon as one was drawn.
static LINES: OnceLock<MultiProgress> = OnceLock::new();

/// One running task with its line; on a pipe its start is a detail, and its end is for the caller to tell.
#[derive(Debug)]
pub struct Task {
    bar: Option<ProgressBar>,
    ui: Ui,
}

impl Task {
    pub(super) fn new(shown: bool, ui: Ui, name: &str, what: String) -> Self {
        if !shown {
            ui.detail(&what);
            return Self { bar: None, ui };
        }
        let lines = LINES.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let bar = lines.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("{spinner:.green} {prefix:.bold} {wide_msg} {elapsed:.dim}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_prefix(name.to_owned());
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar: Some(bar), ui }
    }

    /// Replaces the text behind the name.
    pub fn update(&self, what: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.into());
        }
    }

    /// Takes the line away; the caller tells the outcome as a step, a result or a failure.
    pub fn finish(&self) {
        if let (Some(bar), Some(lines)) = (&self.bar, LINES.get()) {
            bar.finish_and_clear();
            lines.remove(bar);
        }
    }

    /// Tells a detail that only `--verbose` shows.
    pub fn detail(&self, text: &str) {
        self.ui.detail(text);
    }
}

/// Writes to the terminal with the lines taken off it meanwhile, so that they are not torn.
pub(super) fn above_lines<T>(write: impl FnOnce() -> T) -> T {
    match LINES.get() {
        Some(lines) => lines.suspend(write),
        None => write(),
    }
}

/// Asks with no line on the screen; what others tell meanwhile is not held up.
pub(super) fn without_lines<T>(ask: impl FnOnce() -> T) -> T {
    let Some(lines) = LINES.get() else { return ask() };
    // A terminal that does not take it has no lines.
    let _ = lines.clear();
    lines.set_draw_target(ProgressDrawTarget::hidden());
    let answer = ask();
    lines.set_draw_target(ProgressDrawTarget::stderr());
    answer
}
