//! What is to happen at a certain time: timeouts, kills after the grace, the ends of delays and pauses, and what is to
//! be called slow.

use std::time::Duration;

use super::{Action, Ending, Scheduler, State};
use crate::event::{CancelLevel, CancelReason, EventKind};
use crate::job::JobId;

impl Scheduler {
    /// When [`Input::Wake`](super::Input::Wake) is due.
    pub(crate) fn next_wake(&mut self) -> Option<Duration> {
        while let Some((at, job)) = self.timers.first() {
            if self.due(job) == Some(at) {
                break;
            }
            self.timers.pop();
        }
        let job = self.timers.first().map(|(at, _)| at);
        job.into_iter().chain(self.run_deadline).chain(self.live_limit.pause()).chain(self.memory_look).min()
    }

    pub(super) fn wake(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.run_deadline.is_some_and(|deadline| deadline <= now) {
            self.run_deadline = None;
            self.cancel(now, CancelReason::Timeout, CancelLevel::Terminate, actions);
        }
        self.live_limit.wake(now);
        while let Some((at, job)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.pop();
            if self.due(job) != Some(at) {
                continue;
            }
            match &mut self.states[job.index()] {
                State::Delayed(_) => self.set(job, State::Ready),
                // What times out at the same moment is not called slow as well.
                State::Running(running) if running.slow_at == Some(at) && running.deadline != Some(at) => {
                    running.slow_at = None;
                    let (name, attempt) = (self.plan.jobs.name(job).clone(), running.attempt.number);
                    actions.push(Action::Emit(EventKind::AttemptSlow { job: name, attempt }));
                }
                State::Running(running) if running.ending.is_some() => {
                    running.deadline = None;
                    actions.push(Action::Kill(job));
                }
                State::Running(_) => self.terminate(now, job, Ending::TimedOut, actions),
                State::Waiting(_) | State::Ready | State::Checking { .. } | State::Ended => {}
            }
        }
    }

    /// When there is something to do about a job.
    fn due(&self, job: JobId) -> Option<Duration> {
        match self.states[job.index()] {
            State::Running(running) => running.deadline.into_iter().chain(running.slow_at).min(),
            State::Delayed(until) => Some(until),
            State::Waiting(_) | State::Ready | State::Checking { .. } | State::Ended => None,
        }
    }
}
