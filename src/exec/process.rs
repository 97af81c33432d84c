//! Attempts as processes of this machine.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::environment::{Block, Environments, OWN_NAMES, variable};
use super::logs::AttemptLogs;
use super::program::{explain, find_program};
use super::{Executor, Leash, LogError, LogFolder};
use crate::event::Exit;
use crate::job::{Job, JobSettings};
use crate::plan::Plan;
use crate::schedule::{Attempt, ProcessEnd, ProcessOutcome};
use crate::{sys, text};

/// Starts processes, with their output in a folder of logs.
#[derive(Debug)]
pub(crate) struct Processes {
    logs: LogFolder,
    environments: Mutex<Environments>,
    default_signals: sys::DefaultSignals,
    variables: RunVariables,
}

/// What every job of a run is told about the run.
#[derive(Debug, Clone)]
pub(crate) struct RunVariables {
    pub(crate) run: String,
    /// The manifest's folder.
    pub(crate) root: PathBuf,
}

impl Processes {
    pub(crate) fn new(logs: LogFolder, variables: RunVariables) -> Self {
        let environments = Mutex::new(Environments::of_this_process());
        Self { logs, environments, default_signals: sys::DefaultSignals::of_this_process(), variables }
    }

    fn block(&self, settings: &Arc<JobSettings>) -> Arc<Block> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner).block(settings)
    }

    /// The variables that say to a process which attempt it is.
    fn attempt_variables(&self, job: &str, attempt: Attempt) -> Vec<CString> {
        let number = attempt.number.to_string();
        let slot = attempt.slot.to_string();
        let variables: [(&str, &OsStr); 7] = [
            ("PROCMAN", OsStr::new("1")),
            ("PROCMAN_RUN_ID", OsStr::new(&self.variables.run)),
            ("PROCMAN_TASK", OsStr::new(job)),
            ("PROCMAN_JOB", OsStr::new(job)),
            ("PROCMAN_ATTEMPT", OsStr::new(&number)),
            ("PROCMAN_ROOT", self.variables.root.as_os_str()),
            ("PROCMAN_SLOT", OsStr::new(&slot)),
        ];
        debug_assert!(variables.iter().all(|(name, _)| OWN_NAMES.contains(name)));
        variables.into_iter().filter_map(|(name, value)| variable(name, value)).collect()
    }

    fn start(&self, name: &str, job: &Job, attempt: Attempt, logs: &AttemptLogs) -> Result<sys::Pid, String> {
        let settings = &job.settings;
        let block = self.block(settings);
        let words: Vec<&OsString> = settings.wrapper.iter().chain(&job.argv).collect();
        let program = find_program(words[0], &settings.cwd, block.path.as_deref())?;
        let argv = words.iter().map(|word| c_string(word)).collect::<Result<Vec<_>, _>>()?;
        let own = self.attempt_variables(name, attempt);
        let stdin = settings.stdin.as_deref().map(open_stdin).transpose()?;
        let command = sys::Command {
            program: &c_string(program.as_os_str())?,
            argv: &argv,
            environment: [&block.variables, &own],
            cwd: &c_string(settings.cwd.as_os_str())?,
            default_signals: self.default_signals,
            stdin: stdin.as_ref().map(AsFd::as_fd),
            stdout: logs.stdout.as_fd(),
            stderr: logs.stderr.as_ref().unwrap_or(&logs.stdout).as_fd(),
        };
        sys::spawn(&command).map_err(|error| {
            let size = argv.iter().chain(&block.variables).chain(&own).map(|text| text.count_bytes() + 1).sum();
            explain(&error, &program, &settings.cwd, size)
        })
    }
}

impl Executor for Processes {
    fn run(&self, plan: &Plan, attempt: Attempt, leash: &Leash) -> Result<ProcessEnd, LogError> {
        let (name, job) = (plan.jobs.name(attempt.job), plan.jobs.job(attempt.job));
        let logs = self.logs.create(attempt.job.index(), attempt.number, job.settings.streams)?;
        let pid = match self.start(name, job, attempt, &logs) {
            Ok(pid) => pid,
            Err(text) => return Ok(ProcessEnd::without_process(ProcessOutcome::SpawnFailed(text))),
        };
        leash.attach(pid);
        close(logs);
        let ended = match sys::wait_for_exit(pid) {
            Ok(()) => leash.release(pid, sys::reap),
            Err(error) => {
                leash.lose();
                Err(error)
            }
        };
        let (exit, usage) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let text = format!("somebody else took its end: {}; is SIGCHLD ignored?", text::io_error(&error));
                return Ok(ProcessEnd::without_process(ProcessOutcome::SpawnFailed(text)));
            }
        };
        let exit = match exit {
            sys::Exit::Code(code) => Exit::Code(code),
            sys::Exit::Signal(signal) => Exit::Signal(signal.to_string()),
        };
        Ok(ProcessEnd { outcome: ProcessOutcome::Exited(exit), cpu: usage.cpu, peak_memory: usage.peak_memory })
    }
}

/// Opens what a job reads. Of a FIFO that would wait for a writer, beyond the reach of any timeout.
fn open_stdin(path: &Path) -> Result<File, String> {
    let problem = |what: &str| format!("stdin `{}` cannot be read: {what}", text::path(path));
    let found = fs::metadata(path).map_err(|error| problem(&text::io_error(&error)))?;
    if found.file_type().is_fifo() {
        return Err(problem("it is a FIFO, and opening one waits for its writer"));
    }
    File::open(path).map_err(|error| problem(&text::io_error(&error)))
}

/// The job has the descriptors now; keeping ours would cost one for each job that runs.
fn close(logs: AttemptLogs) {
    drop::<(File, Option<File>)>((logs.stdout, logs.stderr));
}

fn c_string(text: &OsStr) -> Result<CString, String> {
    CString::new(text.as_bytes()).map_err(|_| "a NUL byte is in its arguments or paths".to_owned())
}
