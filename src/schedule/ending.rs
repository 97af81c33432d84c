//! Ending jobs before their time: cancels, timeouts, and the kill after the grace.

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
                State::Waiting(_) | State::Ready => self.end_job(job, JobStatus::Cancelled, actions),
                State::Running(running) if level == CancelLevel::Kill => {
                    running.ending.get_or_insert(Ending::Cancelled);
                    running.deadline = None;
                    actions.push(Action::Kill(job));
                }
                State::Running(running) if level == CancelLevel::Terminate && running.ending.is_none() => {
                    self.terminate(now, job, Ending::Cancelled, actions);
                }
                State::Running(_) | State::Ended => {}
            }
        }
    }

    fn terminate(&mut self, now: Duration, job: JobId, why: Ending, actions: &mut Vec<Action>) {
        let kill_at = now.saturating_add(self.plan.jobs.job(job).settings.grace);
        if let State::Running(running) = &mut self.states[job.index()] {
            running.ending = Some(why);
            running.deadline = Some(kill_at);
            self.timers.push(kill_at, job);
            actions.push(Action::Terminate(job));
        }
    }

    pub(super) fn wake(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.run_deadline.is_some_and(|deadline| deadline <= now) {
            self.run_deadline = None;
            self.cancel(now, CancelReason::Timeout, CancelLevel::Terminate, actions);
        }
        while let Some((at, job)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.pop();
            let State::Running(running) = &mut self.states[job.index()] else { continue };
            if running.deadline != Some(at) {
                continue;
            }
            if running.ending.is_some() {
                running.deadline = None;
                actions.push(Action::Kill(job));
            } else {
                self.terminate(now, job, Ending::TimedOut, actions);
            }
        }
    }
}
