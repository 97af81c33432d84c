//! Signals that wait until they are asked for, instead of interrupting.
//!
//! They are blocked in every thread. Linux then shows them through descriptors, which also makes it possible to learn
//! of a TSTP without taking it: it stays pending, a CONT that comes in the meantime takes it back, and only what is
//! left is obeyed. So no CONT can be lost, however soon it comes. Elsewhere there is a moment in which it can.

use std::io;
use std::mem::MaybeUninit;

use super::Signal;

/// The signals that this process waits for. Made before any thread is started: threads inherit what is blocked.
#[derive(Debug)]
pub(crate) struct SignalWatch {
    source: source::Source,
    tstp: bool,
}

impl SignalWatch {
    /// Blocks and watches `signals`, CONT, and, if `tstp`, also TSTP. Also blocks TTIN and TTOU, so that the terminal's
    /// use from the background fails or succeeds instead of stopping this process.
    pub(crate) fn new(signals: &[Signal], tstp: bool) -> io::Result<Self> {
        let taken: Vec<Signal> = signals.iter().copied().chain([Signal::CONT]).collect();
        let stops: &[Signal] = if tstp { &[Signal::TSTP] } else { &[] };
        let terminal = [Signal(libc::SIGTTIN), Signal(libc::SIGTTOU)];
        let blocked: Vec<Signal> = taken.iter().chain(stops).chain(&terminal).copied().collect();
        mask(libc::SIG_BLOCK, &blocked)?;
        Ok(Self { source: source::Source::new(&taken, stops)?, tstp })
    }

    /// Waits for the next signal and takes it, but for a TSTP, which stays pending until
    /// [`SignalWatch::stop_if_asked`].
    pub(crate) fn next(&self) -> io::Result<Signal> {
        self.source.next()
    }

    /// Stops this process if a TSTP is pending; returns when it goes on.
    pub(crate) fn stop_if_asked(&self) -> io::Result<()> {
        if self.tstp {
            source::stop_if_asked()?;
        }
        Ok(())
    }
}

fn set_of(signals: &[Signal]) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initializes the set before it is used.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal.0);
        }
        set.assume_init()
    }
}

fn mask(how: libc::c_int, signals: &[Signal]) -> io::Result<()> {
    let set = set_of(signals);
    // SAFETY: the set is initialized, and the old one is not asked for.
    match unsafe { libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut()) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

#[cfg(target_os = "linux")]
mod source {
    use std::fs::File;
    use std::io::{self, Read};
    use std::os::fd::{AsRawFd, FromRawFd};

    use super::{mask, set_of};
    use crate::sys::{Signal, retry_interrupted};

    /// One descriptor that signals are read from, and one that is only looked at.
    #[derive(Debug)]
    pub(super) struct Source {
        taken: File,
        stops: File,
    }

    impl Source {
        pub(super) fn new(taken: &[Signal], stops: &[Signal]) -> io::Result<Self> {
            Ok(Self { taken: signal_file(taken)?, stops: signal_file(stops)? })
        }

        pub(super) fn next(&self) -> io::Result<Signal> {
            loop {
                if self.wait()? {
                    return Ok(Signal::TSTP);
                }
                match self.take() {
                    // A TSTP takes a pending CONT back, also between the look and this.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    taken => return taken,
                }
            }
        }

        /// Waits for a signal, and says whether it is only to be looked at.
        fn wait(&self) -> io::Result<bool> {
            let poll = |file: &File| libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            let mut both = [poll(&self.taken), poll(&self.stops)];
            // SAFETY: the array is as long as is said.
            retry_interrupted(|| unsafe { libc::poll(both.as_mut_ptr(), 2, -1) })?;
            Ok(both[0].revents == 0)
        }

        fn take(&self) -> io::Result<Signal> {
            let mut info = [0; size_of::<libc::signalfd_siginfo>()];
            (&self.taken).read_exact(&mut info)?;
            let number = u32::from_ne_bytes([info[0], info[1], info[2], info[3]]);
            Ok(Signal(i32::try_from(number).map_err(io::Error::other)?))
        }
    }

    fn signal_file(signals: &[Signal]) -> io::Result<File> {
        let set = set_of(signals);
        // SAFETY: the set is initialized; the new descriptor belongs to nobody else.
        unsafe {
            match libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(File::from_raw_fd(fd)),
            }
        }
    }

    /// The pending TSTP is let in, and does what it does by default: it stops the process.
    pub(super) fn stop_if_asked() -> io::Result<()> {
        mask(libc::SIG_UNBLOCK, &[Signal::TSTP])?;
        mask(libc::SIG_BLOCK, &[Signal::TSTP])
    }
}

#[cfg(not(target_os = "linux"))]
mod source {
    use std::io;

    use super::set_of;
    use crate::sys::Signal;

    #[derive(Debug)]
    pub(super) struct Source(Vec<Signal>);

    impl Source {
        pub(super) fn new(taken: &[Signal], stops: &[Signal]) -> io::Result<Self> {
            Ok(Self(taken.iter().chain(stops).copied().collect()))
        }

        pub(super) fn next(&self) -> io::Result<Signal> {
            let set = set_of(&self.0);
            let mut signal = 0;
            // SAFETY: the set is initialized and `signal` valid for writing.
            match unsafe { libc::sigwait(&raw const set, &raw mut signal) } {
                0 => Ok(Signal(signal)),
                code => Err(io::Error::from_raw_os_error(code)),
            }
        }
    }

    pub(super) fn stop_if_asked() -> io::Result<()> {
        // SAFETY: stops this process until somebody continues it.
        if unsafe { libc::kill(libc::getpid(), libc::SIGSTOP) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}
