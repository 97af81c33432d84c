//! Attempts as processes of this machine.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::environment::{Block, Environments, OWN_NAMES, variable};
use super::leftovers::{Family, Household, Of};
use super::logs::AttemptLogs;
use super::program::{explain, find_program};
use super::scarcity::scarce;
use super::space::Space;
use super::{Executor, Leash, LogError, LogFolder, Notice};
use crate::event::{Exit, LeftOver};
use crate::job::{Job, JobSettings};
use crate::schedule::{Attempt, ProcessEnd, ProcessOutcome};
use crate::sys::{self, Place, Terminal};
use crate::text;

/// How long to wait for a program that is being written to, before one try after another.
const BUSY_PAUSES: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
];

const NO_TERMINAL: &str = "it is interactive, and there is no terminal to give to it";

/// Starts processes, with their output in a folder of logs.
#[derive(Debug)]
pub(crate) struct Processes {
    logs: LogFolder,
    space: Space,
    environments: Mutex<Environments>,
    default_signals: sys::DefaultSignals,
    variables: RunVariables,
    household: Household,
    /// What interactive jobs are given.
    terminal: Option<Arc<Terminal>>,
}

/// What every job of a run is told about the run.
#[derive(Debug, Clone)]
pub(crate) struct RunVariables {
    pub(crate) run: String,
    /// The manifest's folder.
    pub(crate) root: PathBuf,
}

impl Processes {
    pub(crate) fn new(
        logs: LogFolder,
        variables: RunVariables,
        household: Household,
        terminal: Option<Arc<Terminal>>,
    ) -> Self {
        let environments = Mutex::new(Environments::of_this_process());
        let default_signals = sys::DefaultSignals::of_this_process();
        let space = Space::of(logs.path());
        Self { logs, space, environments, default_signals, variables, household, terminal }
    }

    fn block(&self, settings: &Arc<JobSettings>) -> Arc<Block> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner).block(settings)
    }

    /// The variables that say to a process which attempt it is.
    fn attempt_variables(&self, name: &str, job: &Job, attempt: Attempt) -> Vec<CString> {
        let number = attempt.number.to_string();
        let slot = attempt.slot.to_string();
        let variables: [(&str, &OsStr); 7] = [
            ("PROCMAN", OsStr::new("1")),
            ("PROCMAN_RUN_ID", OsStr::new(&self.variables.run)),
            ("PROCMAN_TASK", OsStr::new(job.task.as_deref().unwrap_or(name))),
            ("PROCMAN_JOB", OsStr::new(name)),
            ("PROCMAN_ATTEMPT", OsStr::new(&number)),
            ("PROCMAN_ROOT", self.variables.root.as_os_str()),
            ("PROCMAN_SLOT", OsStr::new(&slot)),
        ];
        debug_assert!(variables.iter().all(|(name, _)| OWN_NAMES.contains(name)));
        variables.into_iter().filter_map(|(name, value)| variable(name, value)).collect()
    }

    /// Makes the attempt's logs and starts its process, which then has them to itself: keeping them open here would
    /// cost a descriptor for each job that runs. The inner error is the outcome of an attempt that has no process.
    fn start(
        &self,
        job: &Job,
        attempt: Attempt,
        own: &[CString],
        leash: &Leash,
    ) -> Result<Result<sys::Pid, ProcessOutcome>, LogError> {
        if leash.ending().is_some() {
            // It had to wait for its thread, and was told to end before that came.
            return Ok(Err(ProcessOutcome::Refused));
        }
        if job.settings.interactive {
            let Some(terminal) = &self.terminal else {
                return Ok(Err(ProcessOutcome::SpawnFailed(NO_TERMINAL.to_owned())));
            };
            self.household.lend_terminal(true);
            let spawned = self.spawn(job, own, &Output::terminal(), Place::Foreground(terminal), leash);
            return Ok(spawned.inspect_err(|_| {
                terminal.take_back_if_abandoned();
                self.household.lend_terminal(false);
            }));
        }
        let (index, streams) = (attempt.job.index(), job.settings.streams);
        let logs = match self.logs.create(index, attempt.number, streams) {
            Ok(logs) => logs,
            Err(log) => return log.scarce().map(Err).ok_or(log),
        };
        let spawned = self.spawn(job, own, &Output::logs(&logs), Place::OwnSession, leash);
        if matches!(spawned, Err(ProcessOutcome::Scarce(_))) {
            self.logs.take_back(index, attempt.number, streams);
        }
        Ok(spawned)
    }

    fn spawn(
        &self,
        job: &Job,
        own: &[CString],
        output: &Output<'_>,
        place: Place<'_>,
        leash: &Leash,
    ) -> Result<sys::Pid, ProcessOutcome> {
        let failed = ProcessOutcome::SpawnFailed;
        let settings = &job.settings;
        let block = self.block(settings);
        let words: Vec<&OsString> = settings.wrapper.iter().chain(&job.argv).collect();
        let program = find_program(words[0], &settings.cwd, block.path.as_deref()).map_err(failed)?;
        let argv = words.iter().map(|word| c_string(word)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let stdin = settings.stdin.as_deref().map(open_stdin).transpose()?;
        let command = sys::Command {
            program: &c_string(program.as_os_str()).map_err(failed)?,
            argv: &argv,
            environment: [&block.variables, own],
            cwd: &c_string(settings.cwd.as_os_str()).map_err(failed)?,
            default_signals: self.default_signals,
            place,
            stdin: stdin.as_ref().map(AsFd::as_fd).or(output.terminal_stdin),
            stdout: output.stdout,
            stderr: output.stderr,
        };
        spawn_unless_busy(&command, leash).map_err(|error| {
            let strings = [&argv, &block.variables, own];
            scarce("no process can be started", &error)
                .map_or_else(|| failed(explain(&error, &program, &settings.cwd, strings)), ProcessOutcome::Scarce)
        })
    }
}

/// The descriptors that a process gets.
struct Output<'a> {
    /// What it reads if it is given no file.
    terminal_stdin: Option<BorrowedFd<'a>>,
    stdout: BorrowedFd<'a>,
    stderr: BorrowedFd<'a>,
}

impl<'a> Output<'a> {
    fn logs(logs: &'a AttemptLogs) -> Self {
        let stderr = logs.stderr.as_ref().unwrap_or(&logs.stdout).as_fd();
        Self { terminal_stdin: None, stdout: logs.stdout.as_fd(), stderr }
    }
}

impl Output<'static> {
    /// procman's own.
    fn terminal() -> Self {
        let [stdin, stdout, stderr] = sys::standard_descriptors();
        Self { terminal_stdin: Some(stdin), stdout, stderr }
    }
}

impl Executor for Processes {
    fn run(
        &self,
        name: &str,
        job: &Job,
        attempt: Attempt,
        leash: &Leash,
        notify: &dyn Fn(Notice),
    ) -> Result<ProcessEnd, LogError> {
        let own = self.attempt_variables(name, job, attempt);
        // What an interactive job writes goes to no disk.
        let begun = (!job.settings.interactive).then(|| self.space.now());
        leash.begin();
        let pid = match self.start(job, attempt, &own, leash) {
            Ok(Ok(pid)) => pid,
            Ok(Err(outcome)) => {
                leash.abandon();
                return Ok(ProcessEnd::without_process(outcome));
            }
            Err(log) => {
                leash.abandon();
                return Err(log);
            }
        };
        let terminal = self.terminal.as_ref().filter(|_| job.settings.interactive);
        leash.attach(pid, terminal.cloned());
        if let Some(board) = self.household.board {
            board.set_leader(attempt.slot, Some(pid));
        }
        let of = Of::Attempt { leader: pid, marks: &own };
        let family = Family { household: &self.household, of };
        let end = Self::wait(pid, leash, terminal, notify)
            .and_then(|()| self.clear_and_reap(pid, &family, leash, &job.settings, attempt.slot));
        let (told, (exit, usage), leftovers) = match end {
            Ok(end) => end,
            Err(error) => {
                leash.release(|| ());
                let text = format!("somebody else took its end: {}; is SIGCHLD ignored?", text::io_error(&error));
                return Ok(ProcessEnd::without_process(ProcessOutcome::SpawnFailed(text)));
            }
        };
        let exit = match exit {
            sys::Exit::Code(code) => Exit::Code(code),
            sys::Exit::Signal(signal) => Exit::Signal(signal.to_string()),
        };
        Ok(ProcessEnd {
            outcome: ProcessOutcome::Exited(exit),
            unasked: told.is_none(),
            cpu: usage.cpu,
            peak_memory: usage.peak_memory,
            leftovers,
            log_incomplete: begun.is_some_and(|begun| self.space.was_full(begun)),
            changed_inputs: Vec::new(),
        })
    }

    fn watch(&self) {
        self.space.watch();
        if let Some(orphans) = &self.household.orphans {
            // To reap those that have ended: a job may go on for long, and leave any number of them.
            orphans.living();
        }
    }

    fn incomplete(&self) -> LogError {
        LogError::DiskFull { folder: self.logs.path().to_owned() }
    }

    fn sweep(&self, leash: &Leash) -> Vec<LeftOver> {
        self.household.sweep(leash)
    }

    fn check_logs(&self) -> Result<(), LogError> {
        self.logs.check()
    }
}

type End = (Option<sys::Signal>, (sys::Exit, sys::Usage), Vec<LeftOver>);

impl Processes {
    /// Waits for the leader's end. On the way there it may stop and go on.
    fn wait(pid: sys::Pid, leash: &Leash, terminal: Option<&Arc<Terminal>>, notify: &dyn Fn(Notice)) -> io::Result<()> {
        let mut is_stopped = false;
        loop {
            match sys::wait_for_change(pid)? {
                sys::Change::Ended => return Ok(()),
                sys::Change::Stopped(_) if leash.is_stopped() => {}
                sys::Change::Stopped(signal) => {
                    is_stopped = true;
                    notify(Notice::Stopped(signal.to_string()));
                    if let Some(terminal) = terminal {
                        stop_with_it(pid, terminal, leash);
                    }
                }
                sys::Change::Continued if is_stopped => {
                    is_stopped = false;
                    notify(Notice::Continued);
                }
                sys::Change::Continued => {}
            }
        }
    }

    /// Deals with what the leader has left behind, and reaps it.
    fn clear_and_reap(
        &self,
        pid: sys::Pid,
        family: &Family<'_>,
        leash: &Leash,
        settings: &JobSettings,
        slot: u32,
    ) -> io::Result<End> {
        let told = leash.ended();
        let terminal = self.terminal.as_ref().filter(|_| settings.interactive);
        if let Some(terminal) = terminal {
            terminal.take_back_from(pid);
        }
        let clear = || family.clear(leash, told, settings.leak, settings.grace);
        let sees_all = self.household.orphans.is_some();
        let before = if sees_all || told.is_some() { clear() } else { Vec::new() };
        if let Some(terminal) = terminal {
            terminal.take_back_if_abandoned();
            self.household.lend_terminal(false);
        }
        if let Some(board) = self.household.board {
            board.set_leader(slot, None);
        }
        let reaped = leash.release(|| sys::reap(pid))?;
        // Without adoption this is the cheap look: whoever is left in the group keeps its id from being given away.
        let after = if !sees_all && told.is_none() && sys::group_lives(pid) { clear() } else { Vec::new() };
        Ok((told, reaped, [before, after].concat()))
    }
}

/// A job in the terminal's foreground has stopped: so does procman, with its whole group, so that whoever waits for it
/// notices. The job goes on when procman does.
fn stop_with_it(pid: sys::Pid, terminal: &Terminal, leash: &Leash) {
    terminal.take_back_from(pid);
    if sys::Signal::TSTP.is_ignored() {
        leash.cont();
    } else {
        sys::ask_own_group_to_stop();
    }
}

/// A program that somebody still writes to may be ready in a moment: it was just installed, or another job's process is
/// between its start and its exec and holds what procman's caller had open. Ends early when the attempt is to end.
fn spawn_unless_busy(command: &sys::Command<'_>, leash: &Leash) -> io::Result<sys::Pid> {
    let mut pauses = BUSY_PAUSES.into_iter();
    loop {
        match sys::spawn(command) {
            Err(error)
                if error.raw_os_error() == Some(libc::ETXTBSY)
                    && pauses.next().is_some_and(|pause| leash.pause(pause)) => {}
            spawned => return spawned,
        }
    }
}

/// Opens what a job reads. Of a FIFO that would wait for a writer, beyond the reach of any timeout.
fn open_stdin(path: &Path) -> Result<File, ProcessOutcome> {
    let what = || format!("stdin `{}` cannot be read", text::path(path));
    let failed = |why: &str| ProcessOutcome::SpawnFailed(format!("{}: {why}", what()));
    let problem =
        |error| scarce(&what(), &error).map_or_else(|| failed(&text::io_error(&error)), ProcessOutcome::Scarce);
    let found = fs::metadata(path).map_err(problem)?;
    if found.file_type().is_fifo() {
        return Err(failed("it is a FIFO, and opening one waits for its writer"));
    }
    File::open(path).map_err(problem)
}

fn c_string(text: &OsStr) -> Result<CString, String> {
    CString::new(text.as_bytes()).map_err(|_| "a NUL byte is in its arguments or paths".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobId;

    #[test]
    fn an_attempt_that_is_to_end_before_it_begins_gets_no_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Arc::new(JobSettings::in_directory(folder.path()));
        let argv = ["touch", "ran"].map(OsString::from).to_vec();
        let job = Job::new(argv, settings);
        let logs = LogFolder::new(folder.path().to_owned(), vec!["job".to_owned()]);
        let variables = RunVariables { run: "run".to_owned(), root: folder.path().to_owned() };
        let processes = Processes::new(logs, variables, Household::default(), None);
        let leash = Leash::default();
        leash.terminate();
        let attempt = Attempt { job: JobId(0), number: 1, slot: 0 };
        let end = processes.run("job", &job, attempt, &leash, &|_| ());
        assert_eq!(end.expect("logs can be made").outcome, ProcessOutcome::Refused);
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
    }
}
