//! The one place where what the user reads is written, while a run is under way: procman's own words to stderr, what
//! jobs write to stdout.
//!
//! Both are gathered, in order, and go out together in [`Display::write`], which all writing comes through. Whatever is
//! to stand at the bottom of the terminal all the time is taken off and put back there. Does not know what it writes.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::live::Region;
use super::loan::Loan;
use crate::sys::{self, Board};

/// How large a terminal is that does not say so: columns and rows.
const USUAL_SIZE: (usize, usize) = (80, 24);
/// So much is gathered before it is written anyway.
const BATCH: usize = 128 * 1024;
/// How long to wait for a reader whose pipe is full and does not wait by itself.
const FULL: Duration = Duration::from_millis(5);

/// stdout and stderr.
pub(crate) struct Display {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    /// Whether output is shown on a terminal, so that it has to be escaped.
    is_terminal: bool,
    /// Whether both go to the same place, so that they must not meet in one line.
    is_shared: bool,
    batch: Vec<u8>,
    /// What of the batch goes where: up to which byte of it.
    parts: Vec<(Stream, usize)>,
    /// Whether output has not ended its line.
    in_line: bool,
    /// Whether words have come since, and have ended it.
    interrupted: bool,
    /// For a reader who takes some lines for commands: a word that no job knows, whose marks keep it from doing so.
    stop_commands: Option<String>,
    /// Whether it is being kept from that.
    stopped: bool,
    /// While a job has the terminal, nothing is written.
    loan: Arc<Loan>,
    stdout_state: StdoutState,
    bottom: Option<Bottom>,
}

/// What stands below all else.
struct Bottom {
    region: Region,
    terminal: File,
    /// Where it says that it is drawn, for who outlives this process.
    board: Option<&'static Board>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug)]
enum StdoutState {
    Open,
    /// Nobody reads it any more.
    Closed,
    Failed(io::Error),
}

impl Display {
    /// What this process was given. `stop_commands` is put around what jobs write, unless that goes to a file.
    pub(crate) fn of_this_process(stop_commands: Option<String>) -> io::Result<Self> {
        // Not the standard library's own, which holds back what does not end its line.
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let is_terminal = stdout.is_terminal();
        let is_shared = is_terminal && stderr.is_terminal() || is_same(&stdout, &stderr);
        let stop_commands = stop_commands.filter(|_| !stdout.metadata().is_ok_and(|found| found.is_file()));
        Ok(Self { is_terminal, is_shared, stop_commands, ..Self::to(stdout, stderr) })
    }

    /// No terminal, and two places.
    pub(crate) fn to(stdout: impl Write + Send + 'static, stderr: impl Write + Send + 'static) -> Self {
        Self {
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            is_terminal: false,
            is_shared: false,
            batch: Vec::new(),
            parts: Vec::new(),
            in_line: false,
            interrupted: false,
            stop_commands: None,
            stopped: false,
            loan: Arc::default(),
            stdout_state: StdoutState::Open,
            bottom: None,
        }
    }

    /// Lines can stand at the bottom of stderr, which is a terminal; the board is told whether they do.
    pub(crate) fn with_bottom(mut self, board: Option<&'static Board>) -> io::Result<Self> {
        let terminal = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        self.bottom = Some(Bottom { region: Region::default(), terminal, board });
        Ok(self)
    }

    pub(super) fn has_bottom(&self) -> bool {
        self.bottom.is_some()
    }

    /// How many columns and rows there are where lines can stand at the bottom.
    pub(super) fn size(&self) -> (usize, usize) {
        self.bottom.as_ref().and_then(|bottom| sys::window_size(bottom.terminal.as_fd())).unwrap_or(USUAL_SIZE)
    }

    /// From the next write on these lines stand below all else, unless output there has not ended its line, or somebody else
    /// works at the terminal.
    pub(super) fn draw_bottom(&mut self, lines: &[String]) {
        if self.is_terminal && self.in_line && !self.interrupted {
            return;
        }
        if let Some(bottom) = &mut self.bottom
            && sys::is_in_foreground(bottom.terminal.as_fd())
        {
            let mut text = String::new();
            bottom.region.draw(lines, &mut text);
            self.push(Stream::Stderr, text.as_bytes());
        }
    }

    /// From the next write on nothing stands there.
    pub(super) fn clear_bottom(&mut self) {
        if let Some(bottom) = &mut self.bottom {
            let mut text = String::new();
            bottom.region.erase(&mut text);
            self.push(Stream::Stderr, text.as_bytes());
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// By which a job is lent the terminal.
    pub(super) fn loan(&self) -> Arc<Loan> {
        Arc::clone(&self.loan)
    }

    /// Whether it is of any use to show output.
    pub(super) fn takes_output(&self) -> bool {
        matches!(self.stdout_state, StdoutState::Open)
    }

    /// What kept stdout from being written, other than a reader that has seen enough.
    pub(super) fn stdout_error(self) -> Option<io::Error> {
        match self.stdout_state {
            StdoutState::Failed(error) => Some(error),
            StdoutState::Open | StdoutState::Closed => None,
        }
    }

    /// Shows procman's own words, which end their line.
    pub(super) fn words(&mut self, text: &str) {
        self.clear_bottom();
        self.allow_commands();
        if self.is_shared && self.in_line && !self.interrupted {
            self.push(Stream::Stderr, b"\n");
        }
        self.interrupted = true;
        self.push(Stream::Stderr, text.as_bytes());
        self.write_if_full();
    }

    /// Shows what `add` adds: something that a job has written.
    pub(super) fn output(&mut self, add: impl FnOnce(&mut Vec<u8>)) {
        if self.is_terminal {
            self.clear_bottom();
        }
        if let (false, Some(word)) = (self.stopped, &self.stop_commands) {
            let mark = format!("::stop-commands::{word}\n");
            self.push(Stream::Stdout, mark.as_bytes());
            self.stopped = true;
        }
        let before = self.batch.len();
        add(&mut self.batch);
        if self.batch.len() > before {
            self.note(Stream::Stdout);
            self.in_line = self.batch.last() != Some(&b'\n');
            self.interrupted = false;
            self.write_if_full();
        }
    }

    /// Whether somebody reads it who takes lines for commands.
    pub(super) fn takes_commands(&self) -> bool {
        self.stop_commands.is_some()
    }

    /// Gives such a reader a command, which ends its line.
    pub(super) fn command(&mut self, line: &str) {
        if self.takes_commands() {
            if self.in_line {
                self.push(Stream::Stdout, b"\n");
                self.in_line = false;
            }
            self.allow_commands();
            self.push(Stream::Stdout, line.as_bytes());
        }
    }

    /// Writes all that was gathered.
    pub(super) fn write(&mut self) {
        self.allow_commands();
        if self.parts.is_empty() {
            return;
        }
        if self.loan.wait() {
            self.begin_line();
        }
        self.tell_board(true);
        let mut from = 0;
        for (stream, to) in std::mem::take(&mut self.parts) {
            let bytes = &self.batch[from..to];
            from = to;
            match stream {
                // Whoever does not read them misses them.
                Stream::Stderr => _ = write_all(&mut self.stderr, bytes),
                Stream::Stdout => {
                    if let (StdoutState::Open, Err(error)) = (&self.stdout_state, write_all(&mut self.stdout, bytes)) {
                        let is_closed = error.kind() == ErrorKind::BrokenPipe;
                        self.stdout_state = if is_closed { StdoutState::Closed } else { StdoutState::Failed(error) };
                    }
                }
            }
        }
        self.batch.clear();
        self.tell_board(false);
    }

    /// A job has had the terminal: what follows begins on a new line, wherever the cursor was left. Blanks go on to the next
    /// line only if they do not begin one.
    fn begin_line(&mut self) {
        if self.has_bottom() {
            let text = format!("{:1$}\r\x1b[K", "", self.size().0);
            _ = write_all(&mut self.stderr, text.as_bytes());
        }
    }

    /// Before a write, what it may draw is told; after it, what it has taken away.
    fn tell_board(&self, drawn: bool) {
        if let Some(Bottom { region, board: Some(board), .. }) = &self.bottom
            && region.is_drawn() == drawn
        {
            board.set_drawn(drawn);
        }
    }

    /// Lets the reader take lines for commands again, unless output has not ended its line.
    fn allow_commands(&mut self) {
        if let (true, false, Some(word)) = (self.stopped, self.in_line, &self.stop_commands) {
            let mark = format!("::{word}::\n");
            self.push(Stream::Stdout, mark.as_bytes());
            self.stopped = false;
        }
    }

    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.batch.extend_from_slice(bytes);
        self.note(stream);
    }

    /// What was added to the batch goes there.
    fn note(&mut self, stream: Stream) {
        match self.parts.last_mut() {
            Some((last, to)) if *last == stream => *to = self.batch.len(),
            _ => self.parts.push((stream, self.batch.len())),
        }
    }

    fn write_if_full(&mut self) {
        if self.batch.len() >= BATCH {
            self.write();
        }
    }
}

fn is_same(one: &File, other: &File) -> bool {
    let identity = |file: &File| file.metadata().map(|found| (found.dev(), found.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

/// Also to a reader that lets nobody wait: a program that shares it may have said so for all.
fn write_all(out: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
