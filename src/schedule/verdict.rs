//! How an attempt's end is judged, and the end of its job by it.

use super::{Ending, ProcessEnd, ProcessOutcome};
use crate::event::{AttemptStatus, Exit, JobStatus};
use crate::job::{JobSettings, Leak};

/// What Ctrl-C at the terminal sends.
pub(super) const INTERRUPT: &str = "SIGINT";

/// `ending` is why the attempt was told to end, if it was. What ended before that could reach it is judged by its end.
pub(super) fn judge(settings: &JobSettings, ending: Option<Ending>, end: &ProcessEnd) -> AttemptStatus {
    match (ending, &end.outcome) {
        (None, ProcessOutcome::Exited(_)) if was_interrupted(settings, end) => AttemptStatus::Cancelled,
        (ending, ProcessOutcome::Exited(exit)) if ending.is_none() || end.unasked => match exit {
            Exit::Code(code) if settings.success_codes.contains(code) => {
                let leaked = settings.leak == Leak::Fail && !end.leftovers.is_empty();
                if leaked { AttemptStatus::Leaked } else { AttemptStatus::Ok { code: *code } }
            }
            exit => AttemptStatus::Failed { exit: exit.clone() },
        },
        (_, ProcessOutcome::Scarce(_)) => unreachable!("a deferred attempt has no end to be judged"),
        (Some(Ending::TimedOut), _) => AttemptStatus::TimedOut,
        (None, ProcessOutcome::SpawnFailed(error)) => AttemptStatus::SpawnError { error: error.clone() },
        (Some(Ending::Cancelled), _) | (None, ProcessOutcome::Refused | ProcessOutcome::Exited(_)) => {
            AttemptStatus::Cancelled
        }
    }
}

/// Whether an attempt has ended by itself, and well.
pub(crate) fn has_succeeded(settings: &JobSettings, end: &ProcessEnd) -> bool {
    end.unasked && matches!(judge(settings, None, end), AttemptStatus::Ok { .. })
}

/// Whether the user has ended an interactive job from the terminal. The signal reached that job alone, but was meant
/// for all.
pub(super) fn was_interrupted(settings: &JobSettings, end: &ProcessEnd) -> bool {
    let by_interrupt = matches!(&end.outcome, ProcessOutcome::Exited(Exit::Signal(name)) if name == INTERRUPT);
    settings.interactive && end.unasked && by_interrupt
}

/// Whether another attempt may end better.
pub(super) fn is_retryable(status: &AttemptStatus) -> bool {
    matches!(status, AttemptStatus::Failed { .. } | AttemptStatus::TimedOut | AttemptStatus::Leaked)
}

/// The end of a job whose last attempt ended so, the `attempts`th.
pub(super) fn final_status(last: AttemptStatus, attempts: u32, allow_failure: bool) -> JobStatus {
    match last {
        AttemptStatus::Ok { .. } if attempts > 1 => JobStatus::Flaky,
        AttemptStatus::Ok { .. } => JobStatus::Ok,
        AttemptStatus::Cancelled => JobStatus::Cancelled,
        cause if allow_failure => JobStatus::AllowedFailure { cause },
        AttemptStatus::Failed { exit } => JobStatus::Failed { exit },
        AttemptStatus::TimedOut => JobStatus::TimedOut,
        AttemptStatus::Leaked => JobStatus::Leaked,
        AttemptStatus::SpawnError { error } => JobStatus::SpawnError { error },
    }
}
