//! `procman logs`.

use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::context::{Context, stdout_result, to_stdout};
use super::{Error, SUCCESS, past_run, unreadable, usage};
use crate::event::{JobRecord, RunRecord};
use crate::log_name::{LogStream, file_name};
use crate::record::RunFolder;
use crate::{sys, text};

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// The job; none: list the run's logs
    #[arg(value_name = "TASK")]
    pub(super) job: Option<String>,
    /// The run: its id, the beginning or the end of it; otherwise the latest
    #[arg(long, value_name = "ID")]
    pub(super) run: Option<String>,
    /// The attempt, from 1; otherwise the last
    #[arg(long, value_name = "N")]
    pub(super) attempt: Option<u32>,
    /// Only stdout, of a job with split streams
    #[arg(long, conflicts_with = "stderr")]
    pub(super) stdout: bool,
    /// Only stderr, of a job with split streams
    #[arg(long)]
    pub(super) stderr: bool,
    /// To a terminal too, the bytes as they are
    #[arg(long)]
    pub(super) raw: bool,
}

pub(super) fn logs(context: &Context, args: &LogsArgs) -> Result<u8, Error> {
    let run = past_run::find(context, args.run.as_deref())?;
    let record = past_run::read(context, &run)?;
    match &args.job {
        None => list(context, &record, &run),
        Some(name) => {
            let job = find_job(&record, name)?;
            for path in log_files(args, job, &run)? {
                print(&path, args.raw).map_err(|error| match error {
                    PrintError::Log(error) => unreadable(&path, &error),
                    PrintError::Stdout(error) => error,
                })?;
            }
            Ok(SUCCESS)
        }
    }
}

fn find_job<'a>(record: &'a RunRecord, name: &str) -> Result<&'a JobRecord, Error> {
    record.jobs.get(name).ok_or_else(|| {
        let shown = text::escape(name.as_bytes());
        let meant = match text::closest(name, record.jobs.keys().map(|name| &**name)) {
            Some(meant) => format!("; did you mean `{}`?", text::escape(meant.as_bytes())),
            None => "; `procman logs` lists what there is".to_owned(),
        };
        usage(format!("no job `{shown}` is in run {}{meant}", text::escape(record.run.as_bytes())))
    })
}

fn log_files(args: &LogsArgs, job: &JobRecord, run: &RunFolder) -> Result<Vec<PathBuf>, Error> {
    let name = text::escape(job.plan.name.as_bytes());
    let attempt = match args.attempt {
        Some(number) => job.attempts.iter().find(|attempt| attempt.number == number),
        None => job.attempts.last(),
    };
    let (Some(attempt), Some(stem)) = (attempt, &job.plan.log) else {
        let status = job.status.as_ref().map_or("running", |status| status.word());
        let made = text::count(job.attempts.len(), "attempt");
        return Err(usage(match args.attempt {
            Some(number) if !job.attempts.is_empty() => format!("`{name}` has no attempt {number}: {made}, {status}"),
            _ if !job.attempts.is_empty() => {
                format!("`{name}` has no log: it is interactive, and wrote to the terminal")
            }
            _ => format!("`{name}` has no log: it was never started ({status})"),
        }));
    };
    if (args.stdout || args.stderr) && !job.plan.split {
        return Err(usage(format!("`{name}` has one log for both streams; `streams = \"split\"` keeps them apart")));
    }
    let streams: &[LogStream] = match (job.plan.split, args.stdout, args.stderr) {
        (false, ..) => &[LogStream::Merged],
        (true, true, _) => &[LogStream::Stdout],
        (true, _, true) => &[LogStream::Stderr],
        (true, false, false) => &[LogStream::Stdout, LogStream::Stderr],
    };
    Ok(streams.iter().map(|stream| run.logs().join(file_name(stem, attempt.number, *stream))).collect())
}

fn list(context: &Context, record: &RunRecord, run: &RunFolder) -> Result<u8, Error> {
    let mut out = String::new();
    for job in record.jobs.values() {
        let streams = LogStream::of(job.plan.split);
        for attempt in &job.attempts {
            for (stream, stem) in streams.iter().flat_map(|stream| job.plan.log.iter().map(move |stem| (stream, stem)))
            {
                let path = run.logs().join(file_name(stem, attempt.number, *stream));
                out.push_str(&context.show(&path));
                out.push('\n');
            }
        }
    }
    to_stdout(out.as_bytes()).map(|()| SUCCESS)
}

enum PrintError {
    Log(io::Error),
    Stdout(Error),
}

/// The bytes as they are; to a terminal with everything but colors escaped, unless `raw`.
fn print(path: &Path, raw: bool) -> Result<(), PrintError> {
    let mut log = BufReader::with_capacity(64 * 1024, sys::open_regular(path).map_err(PrintError::Log)?);
    let mut stdout = io::stdout().lock();
    let escape = stdout.is_terminal() && !raw;
    loop {
        let bytes = io::BufRead::fill_buf(&mut log).map_err(PrintError::Log)?;
        let length = bytes.len();
        if length == 0 {
            return stdout_result(stdout.flush()).map_err(PrintError::Stdout);
        }
        let written =
            if escape { stdout.write_all(text::escape_output(bytes).as_bytes()) } else { stdout.write_all(bytes) };
        if written.is_err() {
            return stdout_result(written).map_err(PrintError::Stdout);
        }
        io::BufRead::consume(&mut log, length);
    }
}
