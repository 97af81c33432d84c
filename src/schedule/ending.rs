//! Ending jobs before their time.

use std::time::Duration;

use super::{Action, Ending, Scheduler, State};
use crate::event::{CancelLevel, CancelReason, EventKind, JobStatus};
use crate::job::JobId;

impl Scheduler {
    pub(super) fn cancel(
        &mut self,
        now: Duration,
        reason: CancelReason,
        level: CancelLevel,
        actions: &mut Vec<Action>,
    ) {
        if self.is_done() || self.cancel.as_ref().is_some_and(|(current, _)| *current >= level) {
            return;
        }
        actions.push(Action::Emit(EventKind::CancelRequested { reason: reason.clone(), level }));
        self.cancel = Some((level, reason));
        self.ready.clear();
        for job in self.plan.jobs.ids() {
            match &mut self.states[job.index()] {
                State::Waiting(_) | State::Ready | State::Delayed(_) => {
                    self.end_job(job, JobStatus::Cancelled, actions);
                }
                State::Running(running) if level == CancelLevel::Kill => {
                    running.ending.get_or_insert(Ending::Cancelled);
                    (running.deadline, running.slow_at) = (None, None);
                    actions.push(Action::Kill(job));
                }
                State::Running(running) if level == CancelLevel::Terminate && running.ending.is_none() => {
                    self.terminate(now, job, Ending::Cancelled, actions);
                }
                // A check cannot be hurried; the job ends with it.
                State::Running(_) | State::Checking { .. } | State::Ended => {}
            }
        }
    }

    /// TERM, and KILL after the grace.
    pub(super) fn terminate(&mut self, now: Duration, job: JobId, why: Ending, actions: &mut Vec<Action>) {
        let kill_at = now.saturating_add(self.plan.jobs.job(job).settings.grace);
        if let State::Running(running) = &mut self.states[job.index()] {
            running.ending = Some(why);
            (running.deadline, running.slow_at) = (Some(kill_at), None);
            self.timers.push(kill_at, job);
            actions.push(Action::Terminate(job));
        }
    }
}
