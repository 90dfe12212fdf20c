//! Whether a call is tried again, and when. Decides only; [`Hub`](super::Hub) waits.
//!
//! Every call that is made here may be repeated, for different reasons:
//!
//! * Reading changes nothing.
//! * `applyConfigurationContent` replaces everything with what it carries: the second of two equal calls finds what it
//!   wants to have. The twins' versions grow once more, which makes no device restart a module.
//! * A configuration is put with the etag that was read, or as a new one. If the first attempt was carried out and its
//!   answer lost, the second is refused with 412 or 409; [`Hub`](super::Hub) then reads the configuration and is content
//!   when it is what it wanted to put.
//! * Deletion: the second attempt finds nothing, which is what was wanted.

use std::time::Duration;

use super::call::Answer;
use super::error::AzureError;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For an answer.
    pub answer: Duration,
    /// How often a call is tried, the first time included.
    pub attempts: u32,
    /// The longest pause between two attempts; a hub that asks for more is not asked again.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let second = Duration::from_secs;
        Self { connect: second(15), answer: second(60), attempts: 4, pause: second(60) }
    }
}

/// Returns how long to wait before the next attempt, or `None` if this outcome counts; `attempt` is 1 at first.
pub(super) fn pause_after(attempt: u32, outcome: &Result<Answer, AzureError>, patience: &Patience) -> Option<Duration> {
    let asked = match outcome {
        Ok(answer) if matches!(answer.status, 408 | 429 | 500 | 502 | 503 | 504) => answer.retry_after,
        Err(AzureError::Cut { .. } | AzureError::NoAnswer { .. }) => None,
        _ => return None,
    };
    // 1 s, 2 s, 4 s: the hub's throttle refills every second (protocol.md §12.7).
    let pause = asked.unwrap_or(Duration::from_secs(1 << (attempt - 1).min(5)));
    (attempt < patience.attempts && pause <= patience.pause).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<u64>) -> Result<Answer, AzureError> {
        Ok(Answer { status, retry_after: retry_after.map(Duration::from_secs), ..Answer::default() })
    }

    #[track_caller]
    fn check(attempt: u32, outcome: &Result<Answer, AzureError>, seconds: Option<u64>) {
        assert_eq!(pause_after(attempt, outcome, &Patience::default()), seconds.map(Duration::from_secs));
    }

    // protocol.md §12.7
    #[test]
    fn a_busy_hub_says_when_to_come_back_or_gets_ever_longer_pauses() {
        check(1, &answer(429, Some(7)), Some(7));
        check(1, &answer(429, None), Some(1));
        check(2, &answer(503, None), Some(2));
        check(3, &answer(500, None), Some(4));
        check(4, &answer(429, Some(1)), None);
        check(1, &answer(429, Some(61)), None);
    }

    #[test]
    fn a_refusal_counts_at_once() {
        for status in [200, 204, 400, 401, 403, 404, 409, 412, 413] {
            check(1, &answer(status, Some(1)), None);
        }
    }

    #[test]
    fn a_lost_answer_is_asked_for_again_and_a_wrong_certificate_is_not() {
        check(1, &Err(AzureError::Cut { host: "h".into() }), Some(1));
        check(2, &Err(AzureError::NoAnswer { host: "h".into(), waited: Duration::from_secs(1) }), Some(2));
        check(1, &Err(AzureError::Untrusted { host: "h".into(), why: "x".into() }), None);
        check(1, &Err(AzureError::Connect { host: "h".into(), why: "x".into() }), None);
    }
}
