//! What signals to procman mean for a run under way.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::{io, thread};

use super::{Error, no_thread};
use crate::event::{CancelLevel, CancelReason};
use crate::report::ToScreen;
use crate::runner::Canceller;
use crate::sys::{Signal, SignalWatch};
use crate::text;

/// Turns signals into cancels and pauses. The thread that does it is left to end with the process.
pub(super) struct Signals {
    /// The first that asked procman to end; 0 for none.
    first: Arc<AtomicI32>,
    /// Whether the run has ended, so that there is nothing to clean up.
    over: Arc<AtomicBool>,
    /// Where what runs now is told, once that is known.
    screen: Arc<OnceLock<ToScreen>>,
}

impl Signals {
    /// From now on signals no longer do what they do by default. Those that were ignored when procman was started stay
    /// ignored. Must be called before any other thread is started.
    pub(super) fn watch(canceller: Canceller) -> Result<Self, Error> {
        let fault = |error: io::Error| Error::Fault(format!("signals cannot be handled: {}", text::io_error(&error)));
        let watched = Signal::ENDING.iter().chain(Signal::ASKING).copied();
        let watched: Vec<Signal> = watched.filter(|signal| !signal.is_ignored()).collect();
        let watch = SignalWatch::new(&watched, !Signal::TSTP.is_ignored()).map_err(fault)?;
        let this = Self { first: Arc::default(), over: Arc::default(), screen: Arc::default() };
        let mut listener = Listener {
            watch,
            canceller,
            first: Arc::clone(&this.first),
            over: Arc::clone(&this.over),
            screen: Arc::clone(&this.screen),
            level: CancelLevel::Terminate,
        };
        let listen = move || while listener.next().is_ok() {};
        thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(|error| no_thread(&error))?;
        Ok(this)
    }

    /// From now on those that ask how far the run is are answered, on this screen.
    pub(super) fn tell_status_by(&self, screen: ToScreen) {
        // There is one screen.
        _ = self.screen.set(screen);
    }

    /// From now on a signal ends procman at once.
    pub(super) fn kill_from_now_on(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// The first that asked procman to end.
    pub(super) fn first(&self) -> Option<Signal> {
        Some(self.first.load(Ordering::SeqCst)).filter(|signal| *signal != 0).map(Signal)
    }
}

/// Ends procman by a signal, as whoever sent it expects.
pub(super) fn die_of(signal: Signal) {
    _ = signal_hook::low_level::emulate_default_handler(signal.0);
}

struct Listener {
    watch: SignalWatch,
    canceller: Canceller,
    first: Arc<AtomicI32>,
    over: Arc<AtomicBool>,
    screen: Arc<OnceLock<ToScreen>>,
    /// What the next request to end does.
    level: CancelLevel,
}

impl Listener {
    fn next(&mut self) -> io::Result<()> {
        match self.watch.next()? {
            Signal::TSTP => {
                self.canceller.pause();
                self.watch.stop_if_asked()?;
                self.canceller.resume();
            }
            Signal::CONT => self.canceller.resume(),
            signal if Signal::ASKING.contains(&signal) => {
                if let Some(screen) = self.screen.get() {
                    screen.show_status();
                }
            }
            signal => self.end(signal),
        }
        Ok(())
    }

    fn end(&mut self, signal: Signal) {
        _ = self.first.compare_exchange(0, signal.0, Ordering::SeqCst, Ordering::SeqCst);
        if self.over.load(Ordering::SeqCst) {
            die_of(Signal(self.first.load(Ordering::SeqCst)));
        }
        self.canceller.cancel(CancelReason::Signal(signal.to_string()), self.level);
        self.level = CancelLevel::Kill;
    }
}
