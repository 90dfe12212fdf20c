//! Progress lines, one a task. Owns `indicatif`.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// A group of progress lines; on a pipe the start of each task is a detail, and its end is for the caller to tell.
#[derive(Debug)]
pub struct Progress {
    lines: Option<MultiProgress>,
    ui: Ui,
}

/// One running task with its line.
#[derive(Debug)]
pub struct Task {
    bar: Option<ProgressBar>,
    ui: Ui,
}

impl Progress {
    pub(super) fn new(shown: bool, ui: Ui) -> Self {
        let lines = shown.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { lines, ui }
    }

    /// Adds a line, for example `("filter", "Building filter:0.1.0-amd64")`.
    pub fn task(&self, name: &str, what: impl Into<String>) -> Task {
        let what = what.into();
        let bar = self.lines.as_ref().map(|lines| {
            let bar = lines.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{spinner:.green} {prefix:.bold} {wide_msg} {elapsed:.dim}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(name.to_owned());
            bar.set_message(what.clone());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        if bar.is_none() {
            self.ui.detail(&what);
        }
        Task { bar, ui: self.ui }
    }

    /// Runs `tell` with the lines taken off the screen, so that text does not tear them.
    pub fn suspended<T>(&self, tell: impl FnOnce() -> T) -> T {
        match &self.lines {
            Some(lines) => lines.suspend(tell),
            None => tell(),
        }
    }
}

impl Task {
    /// Replaces the text behind the name.
    pub fn update(&self, what: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.into());
        }
    }

    /// Takes the line away; the caller tells the outcome as a step, a result or a failure.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Tells a detail that only `--verbose` shows, without tearing the line.
    pub fn detail(&self, text: &str) {
        self.suspended(|| self.ui.detail(text));
    }

    /// Runs `tell` with the lines taken off the screen, so that text does not tear them.
    pub fn suspended<T>(&self, tell: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(tell),
            None => tell(),
        }
    }
}
