//! A run that stands still, with its jobs and every clock.

use std::thread::Scope;
use std::time::Duration;

use super::Engine;
use crate::event::EventKind;

/// How long a run that is to stand still waits for processes that are being made. One that was stopped half-made is not
/// ready before somebody continues it.
const START_PATIENCE: Duration = Duration::from_millis(500);

impl Engine<'_> {
    /// Stops every job and the clock; nothing starts until the run goes on.
    pub(super) fn pause<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let mut state = self.lock();
        if state.clock.is_stopped() || state.last_event.is_some() {
            return;
        }
        state.clock.stop();
        let now = state.clock.now();
        let fault = state.emit(now, [EventKind::Paused]).err();
        state.leashes.values().for_each(|leash| leash.stop());
        // Once procman has stopped itself, nobody could stop a process that it had just started.
        state.leashes.values().for_each(|leash| _ = leash.wait_for_start(START_PATIENCE));
        self.cancel_for(scope, &mut state, fault, 0);
    }

    pub(super) fn resume<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let mut state = self.lock();
        state.wake_the_unborn();
        if !state.clock.is_stopped() {
            return;
        }
        state.clock.go_on();
        let now = state.clock.now();
        let fault = state.emit(now, [EventKind::Resumed]).err();
        state.leashes.values().for_each(|leash| leash.cont());
        self.cancel_for(scope, &mut state, fault, 0);
        self.work_or_end.notify_all();
    }
}
