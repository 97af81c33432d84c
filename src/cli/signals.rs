//! What signals to procman mean for a run under way, and what a procman does that watches for it.

use std::io::{PipeReader, Read};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{io, thread};

use super::{Error, no_thread};
use crate::event::{CancelLevel, CancelReason};
use crate::report::ToScreen;
use crate::runner::Canceller;
use crate::sys::{Signal, SignalWatch};
use crate::text;

/// What a watching procman says to the run it has started: this, or the number of a signal that it got.
pub(super) const CHANGED: u8 = 0;

/// Turns signals into cancels and pauses. The threads that do it are left to end with the process.
pub(super) struct Signals(Arc<Ender>);

/// Ends the run that is under way.
struct Ender {
    canceller: Canceller,
    /// The first that asked procman to end; 0 for none.
    first: AtomicI32,
    /// Whether the run has ended, so that there is nothing to clean up.
    over: AtomicBool,
    requests: Mutex<Requests>,
    /// Where what runs now is told, once that is known.
    screen: OnceLock<ToScreen>,
}

/// How often procman was asked to end. What the terminal sends, both it and the procman get that watches for it.
#[derive(Debug, Default, Clone, Copy)]
struct Requests {
    own: u32,
    of_watcher: u32,
}

impl Requests {
    fn number(self) -> u32 {
        self.own.max(self.of_watcher)
    }
}

impl Signals {
    /// From now on signals no longer do what they do by default. Those that were ignored when procman was started stay
    /// ignored. Must be called before any other thread is started.
    pub(super) fn watch(canceller: Canceller) -> Result<Self, Error> {
        let watch = all_for_procman(!Signal::TSTP.is_ignored())?;
        let this = Self(Arc::new(Ender {
            canceller,
            first: AtomicI32::default(),
            over: AtomicBool::default(),
            requests: Mutex::default(),
            screen: OnceLock::new(),
        }));
        let ender = Arc::clone(&this.0);
        let listen = move || while ender.next(&watch).is_ok() {};
        thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(|error| no_thread(&error))?;
        Ok(this)
    }

    /// Does what the procman says that watches for this run; if that dies, so does this one, and leaves what is left to its
    /// guardian.
    pub(super) fn obey(&self, mut watcher: PipeReader) -> Result<(), Error> {
        let ender = Arc::clone(&self.0);
        let listen = move || {
            let mut byte = [0];
            while matches!(watcher.read(&mut byte), Ok(1)) {
                match byte[0] {
                    CHANGED => ender.canceller.cancel(CancelReason::Change, CancelLevel::Terminate),
                    signal => ender.take(Signal(signal.into()), |requests| requests.of_watcher += 1),
                }
            }
            die_of(Signal::KILL);
        };
        thread::Builder::new().name("watcher".to_owned()).spawn(listen).map(drop).map_err(|error| no_thread(&error))
    }

    /// From now on those that ask how far the run is are answered, on this screen.
    pub(super) fn tell_status_by(&self, screen: ToScreen) {
        // There is one screen.
        _ = self.0.screen.set(screen);
    }

    /// From now on a signal ends procman at once.
    pub(super) fn kill_from_now_on(&self) {
        self.0.over.store(true, Ordering::SeqCst);
    }

    /// The first that asked procman to end.
    pub(super) fn first(&self) -> Option<Signal> {
        Some(self.0.first.load(Ordering::SeqCst)).filter(|signal| *signal != 0).map(Signal)
    }
}

/// Those that ask procman to end or how far it is, but for those that were ignored when it was started, to be waited for;
/// and TSTP, if `tstp`.
pub(super) fn all_for_procman(tstp: bool) -> Result<SignalWatch, Error> {
    let all = Signal::ENDING.iter().chain(Signal::ASKING).copied();
    let all: Vec<Signal> = all.filter(|signal| !signal.is_ignored()).collect();
    SignalWatch::new(&all, tstp)
        .map_err(|error| Error::Fault(format!("signals cannot be handled: {}", text::io_error(&error))))
}

/// Ends procman by a signal, as whoever sent it expects.
pub(super) fn die_of(signal: Signal) {
    _ = signal_hook::low_level::emulate_default_handler(signal.0);
}

impl Ender {
    fn next(&self, watch: &SignalWatch) -> io::Result<()> {
        match watch.next()? {
            Signal::TSTP => {
                self.canceller.pause();
                watch.stop_if_asked()?;
                self.canceller.resume();
            }
            Signal::CONT => self.canceller.resume(),
            signal => self.take(signal, |requests| requests.own += 1),
        }
        Ok(())
    }

    fn take(&self, signal: Signal, count: impl FnOnce(&mut Requests)) {
        if Signal::ASKING.contains(&signal) {
            self.screen.get().into_iter().for_each(ToScreen::show_status);
        } else {
            self.end(signal, count);
        }
    }

    fn end(&self, signal: Signal, count: impl FnOnce(&mut Requests)) {
        _ = self.first.compare_exchange(0, signal.0, Ordering::SeqCst, Ordering::SeqCst);
        if self.over.load(Ordering::SeqCst) {
            die_of(Signal(self.first.load(Ordering::SeqCst)));
        }
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let before = requests.number();
        count(&mut requests);
        if requests.number() > before {
            let level = if before == 0 { CancelLevel::Terminate } else { CancelLevel::Kill };
            self.canceller.cancel(CancelReason::Signal(signal.to_string()), level);
        }
    }
}
