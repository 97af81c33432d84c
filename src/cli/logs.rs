//! `procman logs`.

use std::path::PathBuf;

use clap::Args;

use super::context::{Context, to_stdout};
use super::follow::follow;
use super::log_output::LogOutput;
use super::{Error, SUCCESS, past_run, usage};
use crate::event::{AttemptRecord, JobRecord, RunRecord};
use crate::log_name::{LogStream, file_name};
use crate::record::RunFolder;
use crate::text;

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// The job; none: list the run's logs
    #[arg(value_name = "TASK")]
    pub(super) job: Option<String>,
    /// Go on with what the job writes until it has ended; wait for one that has not been started
    #[arg(short, long)]
    pub(super) follow: bool,
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
    if args.follow {
        return follow(context, args, &run);
    }
    let record = past_run::read(context, &run)?;
    let Some(name) = &args.job else { return list(context, &record, &run) };
    let job = find_job(&record, name)?;
    let attempt = match args.attempt {
        Some(number) => job.attempts.iter().find(|attempt| attempt.number == number),
        None => job.attempts.last(),
    };
    let attempt = attempt.ok_or_else(|| no_log(&record, job, args.attempt))?;
    for stream in streams(args, job)? {
        let path = log_path(job, attempt, *stream, &run).ok_or_else(|| no_log(&record, job, args.attempt))?;
        _ = LogOutput::new(path, args.raw, false).show(true)?;
    }
    Ok(SUCCESS)
}

pub(super) fn find_job<'a>(record: &'a RunRecord, name: &str) -> Result<&'a JobRecord, Error> {
    record.jobs.get(name).ok_or_else(|| {
        let shown = text::escape(name.as_bytes());
        let meant = match text::closest(name, record.jobs.keys().map(|name| &**name)) {
            Some(meant) => format!("; did you mean `{}`?", text::escape(meant.as_bytes())),
            None => "; `procman logs` lists what there is".to_owned(),
        };
        usage(format!("no job `{shown}` is in run {}{meant}", text::escape(record.run.as_bytes())))
    })
}

/// Why there is nothing to show of a job, or of this attempt at it.
pub(super) fn no_log(record: &RunRecord, job: &JobRecord, attempt: Option<u32>) -> Error {
    let name = text::escape(job.plan.name.as_bytes());
    let made = text::count(job.attempts.len(), "attempt");
    let status = record.word_of(job);
    usage(match attempt {
        Some(number) if !job.attempts.is_empty() && job.plan.log.is_some() => {
            format!("`{name}` has no attempt {number}: {made}, {status}")
        }
        _ if !job.attempts.is_empty() => format!("`{name}` has no log: it is interactive, and wrote to the terminal"),
        _ if job.status.is_none() && record.status.is_none() => {
            let quoted = text::argv(&[&*job.plan.name]);
            format!("`{name}` has no log yet: it has not been started; `procman logs -f {quoted}` waits for it")
        }
        _ => format!("`{name}` has no log: it was never started ({status})"),
    })
}

/// Which logs of a job are asked for.
pub(super) fn streams(args: &LogsArgs, job: &JobRecord) -> Result<&'static [LogStream], Error> {
    if (args.stdout || args.stderr) && !job.plan.split {
        let name = text::escape(job.plan.name.as_bytes());
        return Err(usage(format!("`{name}` has one log for both streams; `streams = \"split\"` keeps them apart")));
    }
    Ok(match (args.stdout, args.stderr) {
        (true, _) => &[LogStream::Stdout],
        (_, true) => &[LogStream::Stderr],
        (false, false) => LogStream::of(job.plan.split),
    })
}

/// Where a log of an attempt is; an interactive job has none.
pub(super) fn log_path(
    job: &JobRecord,
    attempt: &AttemptRecord,
    stream: LogStream,
    run: &RunFolder,
) -> Option<PathBuf> {
    Some(run.logs().join(file_name(job.plan.log.as_ref()?, attempt.number, stream)))
}

fn list(context: &Context, record: &RunRecord, run: &RunFolder) -> Result<u8, Error> {
    let mut out = String::new();
    for job in record.jobs.values() {
        let streams = LogStream::of(job.plan.split);
        for attempt in &job.attempts {
            for path in streams.iter().filter_map(|stream| log_path(job, attempt, *stream, run)) {
                out.push_str(&context.show(&path));
                out.push('\n');
            }
        }
    }
    to_stdout(out.as_bytes()).map(|()| SUCCESS)
}
