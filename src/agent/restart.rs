//! Whether and when a module is started again (protocol.md §11.1).

use std::time::Duration;

use crate::manifest::RestartPolicy;

/// A module that was started again this often without getting healthy is given up.
pub const MAX_RESTARTS: u32 = 20;

/// A module that has been up for so long is healthy: its restarts are forgotten.
pub const HEALTHY_AFTER: Duration = Duration::from_secs(10 * 60);

const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Says whether a module that ended is to be started again.
///
/// Nothing here is ever found unhealthy, as with the real agent, so `on-unhealthy` is `on-failure`.
pub(super) fn is_due(policy: RestartPolicy, code: Option<i32>) -> bool {
    match policy {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure | RestartPolicy::OnUnhealthy => code != Some(0),
        RestartPolicy::Never => false,
    }
}

/// Returns the time from the last exit to the next start, or `None` if the module is to be given up.
pub(super) fn pause(restarts: u32) -> Option<Duration> {
    let pause = || FIRST_PAUSE.saturating_mul(1 << restarts).min(LONGEST_PAUSE);
    (restarts < MAX_RESTARTS).then(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    // protocol.md §11.1
    #[test]
    fn pauses_double_up_to_five_minutes_and_end_after_twenty() {
        let seconds: Vec<u64> = (0..).map_while(pause).map(|pause| pause.as_secs()).collect();
        assert_eq!(seconds[..6], [10, 20, 40, 80, 160, 300]);
        assert_eq!(seconds[6..], [300; 14]);
    }

    // protocol.md §11.1
    #[test]
    fn the_policy_decides_by_the_exit_code() {
        let table = [
            (RestartPolicy::Always, [true, true, true]),
            (RestartPolicy::OnFailure, [false, true, true]),
            (RestartPolicy::OnUnhealthy, [false, true, true]),
            (RestartPolicy::Never, [false, false, false]),
        ];
        for (policy, expected) in table {
            assert_eq!([Some(0), Some(1), None].map(|code| is_due(policy, code)), expected, "{policy:?}");
        }
    }
}
