//! Memory shared between procman and its guardian, written without a system call.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicUsize, Ordering};

use super::Pid;

/// Slots beyond this many are not on the board; what they run is found by its environment.
const SLOTS: usize = 1 << 20;
/// How many processes can be left alone.
const SPARED: usize = 1 << 12;
/// The longest text: a path of the system's, and more.
const TEXT: usize = 1 << 13;

/// What a guardian has to know when procman has died. Of what is never written no memory is used.
#[repr(C)]
pub(crate) struct Board {
    armed: AtomicBool,
    /// Whether a job has the terminal.
    lent: AtomicBool,
    /// Whether the terminal shows something at its bottom that will not stay.
    drawn: AtomicBool,
    run: Text,
    record: Text,
    /// One more than the highest slot ever taken.
    slots: AtomicUsize,
    /// For each slot the leader that runs there, or 0.
    leaders: [AtomicI32; SLOTS],
    spared_count: AtomicUsize,
    spared: [AtomicI32; SPARED],
}

#[repr(C)]
struct Text {
    length: AtomicUsize,
    bytes: [AtomicU8; TEXT],
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Board")
    }
}

impl Board {
    /// A blank board, shared with every process that is forked from this one. It is never taken down.
    pub(crate) fn new() -> io::Result<&'static Self> {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping that nothing else refers to.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Self>(), access, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mapping is large enough, aligned to a page, zeroed, which is valid for a struct of atomics, and
        // stays until the process ends.
        Ok(unsafe { &*start.cast::<Self>() })
    }

    /// Says which run there is to guard, by its id and its record.
    pub(crate) fn arm(&self, run: &str, record: &Path) {
        self.run.write(run.as_bytes());
        self.record.write(record.as_os_str().as_bytes());
        self.armed.store(true, Ordering::Release);
    }

    /// The id of the run to guard and its record, if there is one.
    pub(crate) fn run(&self) -> Option<(Vec<u8>, PathBuf)> {
        let armed = self.armed.load(Ordering::Acquire);
        armed.then(|| (self.run.read(), OsString::from_vec(self.record.read()).into()))
    }

    /// `leader` runs in this slot now, or nothing does.
    pub(crate) fn set_leader(&self, slot: u32, leader: Option<Pid>) {
        let slot = slot as usize;
        if let Some(place) = self.leaders.get(slot) {
            self.slots.fetch_max(slot + 1, Ordering::Relaxed);
            place.store(leader.map_or(0, |pid| pid.0), Ordering::Release);
        }
    }

    /// The leaders that run.
    pub(crate) fn leaders(&self) -> Vec<Pid> {
        let taken = &self.leaders[..self.slots.load(Ordering::Acquire).min(SLOTS)];
        taken.iter().map(|leader| leader.load(Ordering::Acquire)).filter(|pid| *pid > 1).map(Pid).collect()
    }

    /// A job has the terminal, and may change its modes, or none has.
    pub(crate) fn set_terminal_lent(&self, lent: bool) {
        self.lent.store(lent, Ordering::Release);
    }

    pub(crate) fn is_terminal_lent(&self) -> bool {
        self.lent.load(Ordering::Acquire)
    }

    /// From the cursor on the terminal shows something that is to go when procman does, or nothing.
    pub(crate) fn set_drawn(&self, drawn: bool) {
        self.drawn.store(drawn, Ordering::Release);
    }

    pub(crate) fn is_drawn(&self) -> bool {
        self.drawn.load(Ordering::Acquire)
    }

    /// This process is to be left alone, with all that belongs to it. More than [`SPARED`] cannot be.
    pub(crate) fn spare(&self, pid: Pid) {
        let at = self.spared_count.fetch_add(1, Ordering::AcqRel);
        if let Some(place) = self.spared.get(at) {
            place.store(pid.0, Ordering::Release);
        }
    }

    /// The processes to be left alone.
    pub(crate) fn spared(&self) -> Vec<Pid> {
        let count = self.spared_count.load(Ordering::Acquire).min(SPARED);
        self.spared[..count].iter().map(|pid| Pid(pid.load(Ordering::Acquire))).collect()
    }
}

impl Text {
    fn write(&self, text: &[u8]) {
        let length = text.len().min(TEXT);
        self.bytes.iter().zip(&text[..length]).for_each(|(place, byte)| place.store(*byte, Ordering::Relaxed));
        self.length.store(length, Ordering::Release);
    }

    fn read(&self) -> Vec<u8> {
        let length = self.length.load(Ordering::Acquire).min(TEXT);
        self.bytes[..length].iter().map(|byte| byte.load(Ordering::Relaxed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let board = Board::new().expect("memory");
        assert_eq!((board.run(), board.leaders(), board.spared()), (None, vec![], vec![]));
        board.arm("run-1", Path::new("/some/record"));
        board.set_leader(3, Some(Pid(30)));
        board.set_leader(1, Some(Pid(10)));
        board.set_leader(3, None);
        board.set_leader(u32::MAX, Some(Pid(99)));
        board.spare(Pid(7));
        assert_eq!(board.run(), Some((b"run-1".to_vec(), "/some/record".into())));
        assert_eq!((board.leaders(), board.spared()), (vec![Pid(10)], vec![Pid(7)]));
    }
}
