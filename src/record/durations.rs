//! How long jobs took in earlier runs, as the records tell.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::{RunFolder, StateError, StateFolder};
use crate::event::{AttemptEnd, AttemptStatus, Event, EventKind};
use crate::sys;

/// No more runs than this are asked.
const MOST_RUNS: usize = 10;
/// No more of all records together is read.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// A look at a line before the whole of it is read: most lines are of no use here.
#[derive(Deserialize)]
struct Kind<'l> {
    #[serde(rename = "type", borrow)]
    kind: &'l str,
}

impl StateFolder {
    /// Fills in how long each of these jobs takes, by its name: what it took when it last succeeded, and for one that never
    /// did what it took when it last failed. Of the newest runs that tell, but for the run `except`; what cannot be read
    /// tells nothing.
    ///
    /// # Errors
    ///
    /// When the runs cannot be listed.
    pub(crate) fn durations(
        &self,
        except: &str,
        durations: &mut HashMap<Arc<str>, Option<Duration>>,
    ) -> Result<(), StateError> {
        let mut failed = HashMap::new();
        let mut unknown = durations.values().filter(|duration| duration.is_none()).count();
        let mut room = MOST_BYTES;
        for run in self.runs()?.iter().rev().filter(|run| run.id() != except).take(MOST_RUNS) {
            let size = run.events().metadata().map_or(0, |events| events.len());
            if unknown == 0 || size > room {
                break;
            }
            room -= size;
            // As far as it could be read it tells.
            _ = of_run(run, |job, end| match (durations.get_mut(job), &end.status) {
                (Some(duration @ None), AttemptStatus::Ok { .. }) => {
                    *duration = Some(end.seconds.0);
                    unknown -= 1;
                }
                (Some(None), AttemptStatus::Failed { .. } | AttemptStatus::TimedOut) => {
                    failed.entry(Arc::clone(job)).or_insert(end.seconds.0);
                }
                _ => {}
            });
        }
        for (job, took) in failed {
            durations.entry(job).and_modify(|duration| *duration = duration.or(Some(took)));
        }
        Ok(())
    }
}

/// Tells of the end of each attempt.
fn of_run(run: &RunFolder, mut tell: impl FnMut(&Arc<str>, &AttemptEnd)) -> io::Result<()> {
    let mut lines = BufReader::new(sys::open_regular(&run.events())?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let is_end = serde_json::from_slice::<Kind<'_>>(&line).is_ok_and(|line| line.kind == "attempt-ended");
        if is_end
            && let Ok(Event { kind: EventKind::AttemptEnded { job, end, .. }, .. }) = serde_json::from_slice(&line)
        {
            tell(&job, &end);
        }
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn end(job: &str, status: &str, seconds: f64) -> String {
        format!(
            r#"{{"v":1,"seq":1,"t":1.0,"type":"attempt-ended","job":"{job}","attempt":1,{status},"seconds":{seconds},"cpu":0,"peak_memory":0}}"#
        )
    }

    #[test]
    fn the_newest_success_counts_and_otherwise_the_newest_failure() {
        let root = tempfile::tempdir().expect("a folder");
        let state = StateFolder::beside(root.path());
        let (ok, late) = (r#""status":"ok","exit":0"#, r#""status":"timed-out""#);
        let runs = [
            ("1-a", vec![end("a", ok, 1.0), end("b", ok, 1.0), end("c", ok, 1.0), end("d", late, 1.0)]),
            ("2-b", vec![end("a", ok, 2.0), "no event".to_owned(), end("b", late, 2.0), end("d", late, 2.0)]),
            ("3-c", vec![end("a", ok, 3.0), end("gone", ok, 3.0)]),
        ];
        for (id, lines) in runs {
            let folder = state.path().join("runs").join(id);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("events.jsonl"), lines.join("\n")).expect("a record");
        }
        let mut durations: HashMap<Arc<str>, _> = ["a", "b", "c", "d", "e"].map(|name| (name.into(), None)).into();
        state.durations("3-c", &mut durations).expect("runs");
        let seconds = |name: &str| durations[name].map(|duration: Duration| duration.as_secs());
        assert_eq!(["a", "b", "c", "d", "e"].map(seconds), [Some(2), Some(1), Some(1), Some(2), None]);
    }
}
