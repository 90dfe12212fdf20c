//! What became of messages that were sent to devices: told to whoever watches, and the last of it remembered.
//!
//! A service of IoT Hub gets this as batches of records at `/messages/serviceBound/feedback` (protocol.md §12.5); here
//! each record is told at once.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use super::audience::begin_of;
use super::control::{Answers, Since};
use super::dispatcher::Dispatcher;
use crate::clock::{Now, iso_millis};
use crate::identity::DeviceId;
use crate::iothub::{Feedback, MessageEnd};

/// How many records `--since` can replay.
const REMEMBERED: usize = 1000;

/// `monitor --feedback --json`: the members of IoT Hub, and the type of the record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FeedbackRecord<'a> {
    r#type: &'static str,
    original_message_id: Option<&'a str>,
    enqueued_time_utc: String,
    status_code: MessageEnd,
    /// The same word.
    description: MessageEnd,
    device_id: &'a DeviceId,
    device_generation_id: &'a str,
}

impl<'a> From<&'a Feedback> for FeedbackRecord<'a> {
    fn from(feedback: &'a Feedback) -> Self {
        Self {
            r#type: "feedback",
            original_message_id: feedback.original_message_id.as_deref(),
            enqueued_time_utc: iso_millis(feedback.at),
            status_code: feedback.end,
            description: feedback.end,
            device_id: &feedback.device,
            device_generation_id: &feedback.generation_id,
        }
    }
}

/// The last records, oldest first, and those who watch for more.
#[derive(Debug, Default)]
pub(super) struct Feedbacks {
    last: VecDeque<Feedback>,
    watchers: Vec<Answers>,
}

impl Feedbacks {
    fn take(&mut self, feedback: Feedback) {
        let record = FeedbackRecord::from(&feedback);
        self.watchers.retain(|answers| answers.record(&record));
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(feedback);
    }

    /// Forgets watchers who have gone.
    pub(super) fn forget_gone(&mut self) {
        self.watchers.retain(|answers| !answers.is_gone());
    }

    fn watch(&mut self, since: Option<Duration>, answers: &Answers) {
        let earlier = self.last.iter().filter(|feedback| since.is_some_and(|since| feedback.at >= since));
        for feedback in earlier {
            answers.record(&FeedbackRecord::from(feedback));
        }
        self.watchers.push(answers.clone());
    }
}

impl Dispatcher {
    pub(super) fn tell_feedback(&mut self, feedback: Feedback) {
        self.report.feedback(&FeedbackRecord::from(&feedback));
        self.audience.feedback.take(feedback);
    }

    pub(super) fn handle_watch_feedback(&mut self, now: Now, since: Option<Since>, answers: &Answers) {
        self.audience.feedback.watch(since.map(|since| begin_of(now, since)), answers);
    }
}
