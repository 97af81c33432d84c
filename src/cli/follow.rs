//! `procman logs -f`: what a job writes, as it does, until it has ended.

use std::thread;
use std::time::{Duration, Instant};

use super::context::Context;
use super::log_output::{LogOutput, Reader};
use super::logs::{LogsArgs, find_job, log_path, no_log, streams};
use super::{Error, SUCCESS, past_run, usage};
use crate::event::{AttemptRecord, JobRecord, RunRecord};
use crate::record::{GrowingRecord, HANDOVER, ReadError, RunFolder};
use crate::text;

/// How often one looks for news. Nobody sees the pause.
const PAUSE: Duration = Duration::from_millis(50);

/// Shows what a job writes until it has its end, one attempt after the other.
pub(super) fn follow(context: &Context, args: &LogsArgs, run: &RunFolder) -> Result<u8, Error> {
    let mut watch = Watch::new(context, run)?;
    watch.look()?;
    while !watch.is_over && watch.record().run.is_empty() {
        watch.wait()?;
    }
    let record = watch.record();
    if record.run.is_empty() {
        return Err(past_run::unreadable(context, run, &ReadError::NoStart));
    }
    let Some(name) = &args.job else { return Err(nothing_named(record)) };
    let job = find_job(record, name)?;
    if job.plan.log.is_none() {
        let name = text::escape(name.as_bytes());
        return Err(usage(format!("`{name}` has no log: it is interactive, and writes to the terminal")));
    }
    let first = args.attempt.or(job.attempts.last().map(|last| last.number)).unwrap_or(1);
    let mut shown = Shown { number: first, open: None };
    loop {
        let job = find_job(watch.record(), name)?;
        let is_over = watch.is_over || job.status.is_some();
        while let Some(attempt) = job.attempts.iter().find(|attempt| attempt.number == shown.number) {
            let is_all = attempt.end.is_some() || is_over;
            if shown.starts(attempt) && shown.number > first {
                context.note(&format!("attempt {} of `{}`", shown.number, text::escape(name.as_bytes())));
            }
            if shown.show(args, job, attempt, run, is_all)? == Reader::HasGoneAway {
                return Ok(SUCCESS);
            }
            if !is_all {
                break;
            }
            shown.number += 1;
            if args.attempt.is_some() {
                return Ok(SUCCESS);
            }
        }
        if is_over {
            if shown.number == first {
                return Err(no_log(watch.record(), job, args.attempt));
            }
            if job.status.is_none() {
                let name = text::escape(name.as_bytes());
                context.warn(&format!("run {} was over before `{name}` had ended", run.shown_id()));
            }
            return Ok(SUCCESS);
        }
        watch.wait()?;
    }
}

/// How much has been shown.
struct Shown {
    /// The attempt that is shown now or next.
    number: u32,
    /// Its logs, with the time of its start: one that was deferred is started again, with new ones.
    open: Option<(Duration, Vec<LogOutput>)>,
}

impl Shown {
    /// Whether nothing of an attempt has been looked at.
    fn starts(&self, attempt: &AttemptRecord) -> bool {
        self.open.as_ref().is_none_or(|(started, _)| *started != attempt.started)
    }

    fn show(
        &mut self,
        args: &LogsArgs,
        job: &JobRecord,
        attempt: &AttemptRecord,
        run: &RunFolder,
        is_all: bool,
    ) -> Result<Reader, Error> {
        if self.starts(attempt) {
            let streams = streams(args, job)?;
            let path = |stream| log_path(job, attempt, stream, run);
            let paths = streams.iter().filter_map(|stream| path(*stream));
            let logs = paths.map(|path| LogOutput::new(path, args.raw, streams.len() > 1)).collect();
            self.open = Some((attempt.started, logs));
        }
        for log in self.open.iter_mut().flat_map(|(_, logs)| logs) {
            if log.show(is_all)? == Reader::HasGoneAway {
                return Ok(Reader::HasGoneAway);
            }
        }
        Ok(Reader::Reads)
    }
}

/// A run that is looked at again and again.
struct Watch<'a> {
    context: &'a Context,
    run: &'a RunFolder,
    record: GrowingRecord,
    /// Since when nobody is known to be at it. The guardian of a procman that was killed takes a moment to step in.
    deserted: Option<Instant>,
    /// Whether nothing more will happen.
    is_over: bool,
}

impl<'a> Watch<'a> {
    fn new(context: &'a Context, run: &'a RunFolder) -> Result<Self, Error> {
        let record = GrowingRecord::open(&run.events()).map_err(|error| past_run::unreadable(context, run, &error))?;
        Ok(Self { context, run, record, deserted: None, is_over: false })
    }

    fn record(&self) -> &RunRecord {
        self.record.record()
    }

    fn look(&mut self) -> Result<(), Error> {
        // In this order: a runner that lets go in between has written its end before.
        let is_under_way = self.run.is_under_way();
        let read = self.record.read_on();
        read.map_err(|error| past_run::unreadable(self.context, self.run, &error))?;
        self.deserted = if is_under_way { None } else { self.deserted.or_else(|| Some(Instant::now())) };
        let record = self.record.record();
        let is_deserted = self.deserted.is_some_and(|since| since.elapsed() > HANDOVER);
        self.is_over = record.status.is_some() || record.runner_died || is_deserted;
        Ok(())
    }

    fn wait(&mut self) -> Result<(), Error> {
        thread::sleep(PAUSE);
        self.look()
    }
}

/// Only one job can be followed; what runs now is what is meant.
fn nothing_named(record: &RunRecord) -> Error {
    let running = record.jobs.values().filter(|job| job.attempts.last().is_some_and(|last| last.end.is_none()));
    let names: Vec<&str> = running.map(|job| &*job.plan.name).collect();
    let next = if names.is_empty() || record.status.is_some() {
        "`procman logs` lists what there is".to_owned()
    } else {
        format!("these run now: {}", text::names(&names))
    };
    usage(format!("`-f` follows one job, as in `procman logs -f TASK`; {next}"))
}
