//! A run as `JUnit` XML, in the dialect of Jenkins, which is what services that run tests read.
//!
//! A job is a test case, and the jobs of a task with a matrix are a suite of their own. What went wrong in a way that a
//! test can is a failure; what kept the job from saying so itself (a timeout, no start, no end) is an error.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString};

use super::{Log, Report, task_of};
use crate::event::{AttemptRecord, AttemptStatus, JobRecord, JobStatus};
use crate::log_name::LogStream;
use crate::tail::Tail;
use crate::text;

/// The suite of jobs without a matrix.
const PLAIN: &str = "procman";
/// So many lines of a log are in the failure itself.
const LINES: usize = 20;
/// So many bytes of it are in the case's output.
const BYTES: u64 = 64 * 1024;
/// The columns from one tab stop to the next.
const TAB: usize = 8;

/// What the cases of a run are made from.
#[derive(Clone, Copy)]
struct Cases<'a> {
    report: &'a Report<'a>,
    /// When the run started.
    start: Option<SystemTime>,
}

pub(super) fn junit(report: &Report<'_>) -> String {
    let record = report.record;
    let cases = Cases { report, start: humantime::parse_rfc3339(&record.at).ok() };
    let mut suites: IndexMap<&str, TestSuite> = IndexMap::new();
    for (name, job) in &record.jobs {
        let name = task_of(name).unwrap_or(PLAIN);
        let suite = suites.entry(name).or_insert_with(|| TestSuite::new(xml(name)));
        suite.add_test_case(cases.case(job, name));
        suite.set_time(suite.time.unwrap_or_default().saturating_add(report.time_of(job)));
    }
    let mut document = quick_junit::Report::new(xml(&record.run));
    document.set_time(record.elapsed);
    document.timestamp = cases.at(Duration::ZERO).map(Into::into);
    document.add_test_suites(suites.into_values());
    document.to_string().expect("a text can be written into memory")
}

impl Cases<'_> {
    fn case(self, job: &JobRecord, suite: &str) -> TestCase {
        let status = self.status(job);
        let shows_output = !matches!(&status, TestCaseStatus::Success { flaky_runs } if flaky_runs.is_empty());
        let mut case = TestCase::new(xml(&job.plan.name), status);
        case.set_classname(xml(suite));
        case.set_time(self.report.time_of(job));
        case.timestamp = job.attempts.first().and_then(|first| self.at(first.started)).map(Into::into);
        if job.status == Some(JobStatus::UpToDate) {
            case.add_property(("status", "up-to-date"));
        }
        if job.is_slow() {
            case.add_property(("slow", "true"));
        }
        if let Some(last) = job.attempts.last().filter(|_| shows_output) {
            (case.system_out, case.system_err) = self.outputs(job, last);
        }
        case
    }

    fn status(self, job: &JobRecord) -> TestCaseStatus {
        let Some(status) = &job.status else {
            let state = self.report.record.word_of(job);
            let message = match state {
                "unfinished" => "it has no end: procman died before it ended",
                "not-started" if self.report.record.runner_died => "it has no end: procman died before it was started",
                "not-started" => "it has no end yet: it has not been started",
                _ => "it has no end yet: it is under way",
            };
            return self.bad(job, NonSuccessKind::Error, state, message);
        };
        let word = status.word();
        let detail = status.detail();
        let message = detail.as_deref().unwrap_or(word);
        match status {
            JobStatus::Ok | JobStatus::Flaky | JobStatus::UpToDate => {
                let mut success = TestCaseStatus::success();
                success.add_reruns(self.earlier(job));
                success
            }
            JobStatus::Failed { .. } | JobStatus::Leaked => self.bad(job, NonSuccessKind::Failure, word, message),
            JobStatus::TimedOut | JobStatus::SpawnError { .. } => self.bad(job, NonSuccessKind::Error, word, message),
            // One that was under way did not do what it should.
            JobStatus::Cancelled if !job.attempts.is_empty() => {
                self.bad(job, NonSuccessKind::Error, word, &self.cancelled())
            }
            JobStatus::Cancelled => skipped(word, &self.cancelled()),
            JobStatus::Skipped { .. } => skipped(word, message),
            JobStatus::AllowedFailure { .. } => skipped(word, &format!("it may fail, and did: {message}")),
        }
    }

    fn cancelled(self) -> String {
        match &self.report.record.cancel {
            Some(reason) => format!("cancelled: {reason}"),
            None => "cancelled".to_owned(),
        }
    }

    fn bad(self, job: &JobRecord, kind: NonSuccessKind, word: &str, message: &str) -> TestCaseStatus {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(word).set_message(xml(message)).add_reruns(self.earlier(job));
        // What was never started has written nothing.
        let last = job.attempts.last().filter(|_| !matches!(job.status, Some(JobStatus::SpawnError { .. })));
        let logs = last.map(|last| self.report.logs_of(job, last.number)).unwrap_or_default();
        if !logs.is_empty() {
            status.set_description(xml(&logs.iter().map(|log| self.end_of(log)).collect::<String>()));
        }
        status
    }

    /// The attempts before the last.
    fn earlier(self, job: &JobRecord) -> impl Iterator<Item = TestRerun> {
        let before = job.attempts.split_last().map_or(&[][..], |(_, before)| before);
        before.iter().filter_map(move |attempt| {
            let end = attempt.end.as_ref()?;
            let kind = match end.status {
                AttemptStatus::Failed { .. } | AttemptStatus::Leaked => NonSuccessKind::Failure,
                _ => NonSuccessKind::Error,
            };
            let mut rerun = TestRerun::new(kind);
            rerun.set_type(end.status.word()).set_message(xml(&end.status.to_string())).set_time(end.seconds.0);
            rerun.timestamp = self.at(attempt.started).map(Into::into);
            (rerun.system_out, rerun.system_err) = self.outputs(job, attempt);
            Some(rerun)
        })
    }

    /// The last lines of a log, and where it is.
    fn end_of(self, log: &Log) -> String {
        let end = match Tail::read_plain(&log.path, LINES, BYTES) {
            Ok(tail) if tail.lines.is_empty() => format!("no {}", log.stream.word()),
            Ok(tail) => tail.lines.join("\n"),
            Err(error) => format!("the log cannot be read: {}", text::io_error(&error)),
        };
        format!("{end}\nlog: {}\n", text::escape(self.report.shown_log(log).as_bytes()))
    }

    /// What an attempt has written last: to stdout, or to both streams, and to stderr where that is apart.
    fn outputs(self, job: &JobRecord, attempt: &AttemptRecord) -> (Option<XmlString>, Option<XmlString>) {
        let mut outputs = (None, None);
        for log in self.report.logs_of(job, attempt.number) {
            let tail = Tail::read_plain(&log.path, usize::MAX, BYTES).ok().filter(|tail| !tail.lines.is_empty());
            let output = tail.map(|tail| xml(&tail.lines.join("\n")));
            match log.stream {
                LogStream::Merged | LogStream::Stdout => outputs.0 = output,
                LogStream::Stderr => outputs.1 = output,
            }
        }
        outputs
    }

    /// Wall-clock time, as if the run had never stood still.
    fn at(self, since: Duration) -> Option<DateTime<Utc>> {
        self.start?.checked_add(since).map(DateTime::<Utc>::from)
    }
}

fn skipped(word: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_type(word).set_message(xml(message));
    status
}

/// A text as XML can hold it: all that is not a character there is replaced. Of tabs, which `quick_junit` would leave out,
/// blanks are made.
fn xml(text: &str) -> XmlString {
    let mut fitting = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\n' => {
                fitting.push(c);
                column = 0;
                continue;
            }
            '\t' => {
                let blanks = TAB - column % TAB;
                fitting.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
                continue;
            }
            '\u{fffe}' | '\u{ffff}' => fitting.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => fitting.push(char::REPLACEMENT_CHARACTER),
            c => fitting.push(c),
        }
        column += 1;
    }
    fitting.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;
    use crate::export::Format;
    use crate::export::tests::any_run;

    /// The names and attributes of all elements, and the texts; each tag has its end, or it panics.
    fn read(document: &str) -> (usize, Vec<String>) {
        let mut reader = Reader::from_str(document);
        let (mut cases, mut texts) = (0, Vec::new());
        loop {
            match reader.read_event().expect("it is well-formed") {
                Event::Eof => return (cases, texts),
                Event::Start(tag) | Event::Empty(tag) => {
                    cases += usize::from(tag.name().as_ref() == b"testcase");
                    for attribute in tag.attributes() {
                        let value = attribute
                            .expect("an attribute")
                            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                            .expect("its entities are known");
                        texts.push(value.into_owned());
                    }
                }
                Event::Text(text) => texts.push(text.decode().expect("UTF-8").into_owned()),
                Event::GeneralRef(reference) => {
                    let name = reference.decode().expect("UTF-8");
                    assert!(["lt", "gt", "amp", "quot", "apos"].contains(&&*name) || reference.is_char_ref(), "{name}");
                }
                _ => {}
            }
        }
    }

    fn is_xml(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_jobs_write_it_is_well_formed(made in any_run()) {
            let document = made.render(Format::Junit);
            prop_assert!(document.chars().all(is_xml), "{}", document);
            let (cases, texts) = read(&document);
            prop_assert_eq!(cases, made.record.jobs.len(), "{}", document);
            prop_assert!(texts.iter().all(|text| text.chars().all(is_xml)), "{}", document);
        }
    }

    #[test]
    fn what_is_no_character_of_xml_is_replaced_and_tabs_are_blanks() {
        let text = xml("a\tb\n\té\tc\u{7}\u{ffff}\u{85}");
        assert_eq!(text.as_str(), "a       b\n        é       c\u{fffd}\u{fffd}\u{fffd}");
    }
}
