//! What `plan --json` shows of a job beyond what a record keeps: all that decides what it does and when, as a manifest
//! would say it.
//!
//! Each only where it says something, so that a reviewer sees what is special. Does not know where jobs come from.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::files::{FileSet, JobFiles};
use crate::glob::PathOrGlob;
use crate::job::{Backoff, DEFAULT_GRACE, Inherit, Job, JobSettings, Leak, Retries};
use crate::plan::relative;

/// The keys have the names that they have in a manifest.
#[derive(Serialize)]
pub(super) struct Details<'a> {
    /// The task whose matrix it is a cell of.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    /// Relative to the manifest's folder where they lie inside of it or beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depfile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdin: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    env_remove: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    inherit_env: Option<InheritEnv<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<ShownRetries>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_codes: Option<&'a [i32]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_failure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    leak: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pools: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platforms: Option<&'a [String]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum InheritEnv<'a> {
    Nothing(bool),
    Only(&'a [String]),
}

#[derive(Serialize)]
#[serde(untagged)]
enum ShownRetries {
    Count(u32),
    Table {
        count: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        delay: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        backoff: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_delay: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        jitter: Option<f64>,
    },
}

impl<'a> Details<'a> {
    pub(super) fn of(job: &'a Job, root: &Path) -> Self {
        // Every field is named, so that a new one cannot be forgotten here.
        let JobSettings {
            environment,
            stdin,
            timeout,
            grace,
            slow_after,
            retries,
            success_codes,
            allow_failure,
            leak,
            weight,
            pools,
            memory,
            priority,
            interactive,
            confirm,
            platforms,
            // These are in every record.
            cwd: _,
            wrapper: _,
            streams: _,
        } = &*job.settings;
        let files = job.files.as_deref();
        Self {
            task: job.task.as_deref(),
            inputs: files.map(|files| patterns(&files.inputs)).unwrap_or_default(),
            outputs: files.map(|files| patterns(&files.outputs)).unwrap_or_default(),
            depfile: files.and_then(|JobFiles { depfile, .. }| depfile.as_ref()).map(|path| relative(root, path)),
            stdin: stdin.as_ref().map(|path| relative(root, path)),
            env_remove: &environment.remove,
            inherit_env: match &environment.inherit {
                Inherit::All => None,
                Inherit::Nothing => Some(InheritEnv::Nothing(false)),
                Inherit::Only(names) => Some(InheritEnv::Only(names)),
            },
            timeout: timeout.map(duration),
            grace: Some(*grace).filter(|grace| *grace != DEFAULT_GRACE).map(duration),
            slow_after: slow_after.map(duration),
            retries: ShownRetries::of(retries),
            success_codes: Some(&**success_codes).filter(|codes| *codes != [0]),
            allow_failure: *allow_failure,
            leak: match leak {
                Leak::Kill => None,
                Leak::Fail => Some("fail"),
                Leak::Ignore => Some("ignore"),
            },
            weight: Some(*weight).filter(|weight| *weight != 1),
            pools,
            memory: memory.map(size),
            priority: Some(*priority).filter(|priority| *priority != 0),
            interactive: *interactive,
            confirm: confirm.as_deref(),
            platforms: platforms.as_deref(),
        }
    }
}

impl ShownRetries {
    fn of(retries: &Retries) -> Option<Self> {
        let Retries { count, delay, backoff, max_delay, jitter } = *retries;
        match count {
            0 => None,
            count if *retries == count.into() => Some(Self::Count(count)),
            count => Some(Self::Table {
                count,
                delay: Some(delay).filter(|delay| !delay.is_zero()).map(duration),
                backoff: (backoff == Backoff::Exponential).then_some("exponential"),
                max_delay: max_delay.map(duration),
                jitter: Some(jitter).filter(|jitter| *jitter > 0.0),
            }),
        }
    }
}

/// A number of bytes in the largest unit of which it is a multiple.
fn size(bytes: u64) -> String {
    let units = ["T", "G", "M", "K"];
    let unit = units.iter().zip([40, 30, 20, 10]).find(|(_, shift)| bytes.trailing_zeros() >= *shift);
    unit.map_or_else(|| format!("{bytes}B"), |(unit, shift)| format!("{}{unit}", bytes >> shift))
}

fn patterns(set: &FileSet) -> Vec<String> {
    let excluded = set.excluded.iter().map(|excluded| format!("!{}", excluded.shown()));
    set.named.iter().map(PathOrGlob::shown).chain(excluded).collect()
}

fn duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
