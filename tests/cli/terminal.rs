//! A terminal of its own for a command, with a person in front of it: keys, and what is shown.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcgetpgrp, tcsetattr,
    tcsetwinsize,
};

use crate::sandbox::{PROCMAN, Sandbox, is_gone, misbehave, redact, wait_until};

pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_Z: &str = "\x1a";
pub(crate) const CTRL_BACKSLASH: &str = "\x1c";

/// The size of a terminal.
const LINES: u16 = 24;
const COLUMNS: u16 = 80;

/// How a terminal behaves.
pub(crate) type Modes = (InputModes, OutputModes, ControlModes, LocalModes);

/// A terminal of [`COLUMNS`] and [`LINES`], and the command that it was opened for, which leads its session.
pub(crate) struct Terminal {
    /// The side of the person; `None` after it was hung up.
    person: Option<File>,
    /// The side of the programs. Kept open, so that the terminal is there when they have ended.
    programs: Option<OwnedFd>,
    child: Child,
    /// What it was like before anybody did anything.
    first_modes: Modes,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    /// Closed when the reader is to stop.
    reading: Option<UnixStream>,
}

impl Sandbox {
    /// procman on a terminal, in its foreground.
    pub(crate) fn on_terminal(&self, arguments: &[&str]) -> Terminal {
        self.terminal("take-terminal exec", PROCMAN.as_ref(), arguments)
    }

    /// procman on a terminal, as the command of a shell with job control that writes what happens to it into the file
    /// `changes` and obeys `fg`; see `misbehave shell`.
    pub(crate) fn in_shell(&self, arguments: &[&str]) -> Terminal {
        self.terminal("take-terminal shell changes", PROCMAN.as_ref(), arguments)
    }

    /// The same of a program whose last argument is the path of procman.
    pub(crate) fn in_shell_through(&self, program: &str, arguments: &[&str]) -> Terminal {
        let arguments: Vec<&str> = arguments.iter().copied().chain([PROCMAN]).collect();
        self.terminal("take-terminal shell changes", program.as_ref(), &arguments)
    }

    pub(crate) fn terminal(&self, actions: &str, program: &OsStr, arguments: &[&str]) -> Terminal {
        let mut command = self.program(misbehave());
        command.env("TERM", "xterm").args(actions.split_whitespace()).arg(program).args(arguments);
        Terminal::open(command)
    }
}

impl Terminal {
    /// Starts a command that takes its stdin as its terminal.
    pub(crate) fn open(mut command: Command) -> Self {
        let (person, programs) = pair().expect("a terminal");
        let first_modes = modes_of(&person);
        let end = || programs.try_clone().expect("a descriptor");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the command can be started");
        let (reading, until) = UnixStream::pair().expect("sockets");
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let (from, into) = (person.try_clone().expect("a descriptor"), Arc::clone(&shown));
        let reader = thread::spawn(move || collect(from, &until, &into));
        Self {
            person: Some(person),
            programs: Some(programs),
            child,
            first_modes,
            shown,
            reader: Some(reader),
            reading: Some(reading),
        }
    }

    /// Types this.
    pub(crate) fn type_keys(&self, keys: &str) {
        self.person().write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until this is shown.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        wait_until(&format!("{text:?} on the terminal"), || self.shown().contains(text).then_some(()));
    }

    /// Waits until a person sees this.
    #[track_caller]
    pub(crate) fn wait_to_see(&self, text: &str) {
        wait_until(&format!("{text:?} to be seen"), || self.screen().contains(text).then_some(()));
    }

    /// What has been shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("the reader does not panic")).into_owned()
    }

    /// What a person sees: the lines on the terminal, less the empty ones at its end, with times and ids replaced.
    pub(crate) fn screen(&self) -> String {
        screen(self.shown().as_bytes())
    }

    pub(crate) fn modes(&self) -> Modes {
        modes_of(self.person())
    }

    /// The modes that it had before the command was started.
    pub(crate) fn first_modes(&self) -> Modes {
        self.first_modes
    }

    /// Turns the echo off, as a program does that has the terminal.
    pub(crate) fn echo_no_more(&self) {
        let mut all = tcgetattr(self.person()).expect("a terminal has modes");
        all.local_modes.remove(LocalModes::ECHO);
        tcsetattr(self.person(), OptionalActions::Now, &all).expect("a terminal takes modes");
    }

    /// The process group in the foreground, while the command lives.
    pub(crate) fn foreground(&self) -> i32 {
        tcgetpgrp(self.person()).expect("a terminal has a foreground").as_raw_pid()
    }

    /// The process id of the command: procman, or the shell that runs it.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().expect("a process id")
    }

    /// Closes the person's side, as closing a window does.
    pub(crate) fn hang_up(&mut self) {
        self.reading = None;
        self.reader.take().map(JoinHandle::join);
        self.person = None;
    }

    /// Waits for the command's end.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_until("the command's end", || self.child.try_wait().expect("nobody else waits for it"))
    }

    /// All that was shown, up to the end of the last program on the terminal.
    pub(crate) fn all_shown(mut self) -> String {
        self.programs = None;
        self.reader.take().map(JoinHandle::join);
        self.shown()
    }

    fn person(&self) -> &File {
        self.person.as_ref().expect("nobody has hung up")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After a test that worked it has ended already.
        _ = self.child.kill();
        _ = self.child.wait();
        self.hang_up();
    }
}

/// What such a terminal looks like after this was written to it, with all that has been scrolled away.
pub(crate) fn screen(bytes: &[u8]) -> String {
    redact(&format!("{}\n", written(bytes).screen().contents().trim_end()))
}

/// The same row by row, also where a line goes on in the next.
pub(crate) fn rows(bytes: &[u8]) -> Vec<String> {
    written(bytes).screen().rows(0, COLUMNS).map(|row| row.trim_end().to_owned()).collect()
}

fn written(bytes: &[u8]) -> vt100::Parser {
    let mut terminal = vt100::Parser::new(10 * LINES, COLUMNS, 0);
    terminal.process(bytes);
    terminal
}

fn modes_of(terminal: &File) -> Modes {
    let all = tcgetattr(terminal).expect("a terminal has modes");
    (all.input_modes, all.output_modes, all.control_modes, all.local_modes)
}

/// Both sides of a new terminal.
fn pair() -> io::Result<(File, OwnedFd)> {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    tcsetwinsize(&person, Winsize { ws_row: LINES, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 })?;
    let name = ptsname(&person, Vec::new())?;
    let programs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    Ok((File::from(person), programs))
}

/// Reads what is shown until no program has the terminal any more, or the other end of `until` is closed.
fn collect(mut from: File, until: &UnixStream, into: &Mutex<Vec<u8>>) {
    let mut part = [0; 4096];
    loop {
        let mut both = [PollFd::new(&from, PollFlags::IN), PollFd::new(until, PollFlags::IN)];
        poll(&mut both, None).expect("descriptors can be waited for");
        if !both[1].revents().is_empty() {
            return;
        }
        // Without programs Linux answers with an error, others with the end.
        match from.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(count) => into.lock().expect("nobody panics with it").extend_from_slice(&part[..count]),
        }
    }
}

// What the other tests trust in.

#[test]
fn a_shell_gives_the_terminal_to_its_command_and_takes_it_back() {
    let sandbox = Sandbox::new();
    let rude = ["set-terminal", "set", "ready", "job", "read-terminal", "read", "ready", "again", "wait"];
    let mut terminal = sandbox.terminal("take-terminal shell changes", misbehave().as_ref(), &rude);
    let command = sandbox.pid("job");
    assert_ne!(command, terminal.pid());
    assert_eq!((terminal.foreground(), sandbox.read("set").as_str()), (command, "set\n"));
    assert!(!terminal.modes().3.contains(LocalModes::ECHO));
    terminal.type_keys(CTRL_Z);
    assert_eq!(sandbox.wait_for("changes"), "stopped SIGTSTP\n");
    assert_eq!(terminal.foreground(), terminal.pid());
    terminal.type_keys("fg\n");
    wait_until("the foreground", || (terminal.foreground() == command).then_some(()));
    terminal.type_keys("a line\n");
    assert_eq!(sandbox.wait_for("read"), "read a line\n");
    sandbox.pid("again");
    terminal.type_keys(CTRL_BACKSLASH);
    assert_eq!(terminal.wait().code(), Some(0));
    assert_eq!(sandbox.read("changes"), "stopped SIGTSTP\nsignaled SIGQUIT\n");
    assert_eq!(terminal.all_shown(), "");
}

#[test]
fn what_is_shown_is_collected_and_a_hang_up_is_noticed() {
    let sandbox = Sandbox::new();
    let spam = ["note", "notes", "HUP", "ready", "job", "spam", "100000", "until", "notes", "exit", "7"];
    let mut terminal = sandbox.terminal("take-terminal exec", misbehave().as_ref(), &spam);
    terminal.wait_for(&"spam\r\n".repeat(20_000));
    terminal.hang_up();
    assert_eq!(terminal.wait().code(), Some(7));
    assert_eq!(sandbox.read("notes"), "SIGHUP\n");
}

/// Process ids change with every fork; the lock does not.
#[test]
fn a_lock_is_held_while_any_descendant_lives() {
    let sandbox = Sandbox::new();
    let actions = "hold lock background { session background { silent ready a until go } } \
                   daemon { forget refork 20 ready b until end }";
    assert!(sandbox.program(misbehave()).args(actions.split_whitespace()).status().expect("it starts").success());
    for (pid, end) in [("a", "go"), ("b", "end")] {
        let pid = sandbox.pid(pid);
        assert!(sandbox.is_held("lock"));
        std::fs::write(sandbox.path(end), "").expect("a file");
        is_gone(pid);
    }
    // Another test that is just starting a program may have what looked at it for a moment.
    wait_until("the lock", || (!sandbox.is_held("lock")).then_some(()));
}
