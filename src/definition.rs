//! What a job is, in short: a hash that tells whether a job of today is the one that ran before.
//!
//! Knows jobs. Does not know manifests, order or records.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::job::{Inherit, Job, JobMap, JobSettings, Leak};
use crate::keyed_hash::{KeyedHash, first};

pub(crate) use crate::keyed_hash::Key;

/// Of all that a job's process is given, and of how its end is judged; equal for jobs that are equal in this, whatever
/// their names. It depends neither on where the manifest's folder lies nor on the other jobs.
///
/// 64 bits of a keyed BLAKE3 hash, written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition(u64);

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Definition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Definition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(Error::custom)
    }
}

/// The definition of each job, in order; paths count relative to `root` where they lie inside.
pub(crate) fn definitions(jobs: &JobMap, root: &Path, key: &Key) -> Vec<Definition> {
    let mut hash = KeyedHash::new(key);
    // Many jobs share their settings, which may hold many variables.
    let mut known: HashMap<*const JobSettings, [u8; 32]> = HashMap::new();
    let definition = |(_, job): (&str, &Job)| {
        let of_settings = known.entry(Arc::as_ptr(&job.settings));
        let settings = *of_settings.or_insert_with(|| hash_settings(&mut hash, &job.settings, root));
        hash.begin(b'j');
        hash.array(settings);
        hash.list(&job.argv);
        Definition(u64::from_be_bytes(first(&hash.take())))
    };
    jobs.iter().map(definition).collect()
}

fn hash_settings(hash: &mut KeyedHash<'_>, settings: &JobSettings, root: &Path) -> [u8; 32] {
    // Every field is named, so that a new one cannot be forgotten here.
    let JobSettings {
        cwd,
        environment,
        stdin,
        wrapper,
        success_codes,
        allow_failure,
        leak,
        // How long it may take and when that is told, how often it is tried, where its output goes, when it starts beside
        // which others, who is asked and which systems it is for: none of this makes it another job.
        timeout: _,
        grace: _,
        slow_after: _,
        retries: _,
        streams: _,
        weight: _,
        pools: _,
        memory: _,
        priority: _,
        interactive: _,
        confirm: _,
        platforms: _,
    } = settings;
    hash.begin(b's');
    hash.path(cwd, root);
    hash.list(wrapper);
    match &environment.inherit {
        Inherit::All => hash.number(0),
        Inherit::Nothing => hash.number(1),
        Inherit::Only(names) => {
            hash.number(2);
            hash.list(names);
        }
    }
    hash.number(environment.set.len());
    for (name, value) in &environment.set {
        hash.text(name);
        hash.text(value);
    }
    hash.list(&environment.remove);
    hash.number(match leak {
        Leak::Kill => 0,
        Leak::Fail => 1,
        Leak::Ignore => 2,
    });
    hash.number(usize::from(stdin.is_some()));
    if let Some(stdin) = stdin {
        hash.path(stdin, root);
    }
    hash.number(success_codes.len());
    for code in success_codes {
        hash.array(code.to_le_bytes());
    }
    hash.number(usize::from(*allow_failure));
    hash.take()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::job::Environment;

    const KEY: Key = [7; 32];

    fn settings() -> JobSettings {
        JobSettings::in_directory("/project/sub")
    }

    fn define_in(root: &str, argv: &[&str], settings: JobSettings) -> Definition {
        let mut jobs = JobMap::new();
        let argv = argv.iter().map(Into::into).collect();
        jobs.insert("job", Job::new(argv, Arc::new(settings))).expect("a valid job");
        definitions(&jobs, Path::new(root), &KEY)[0]
    }

    fn define(argv: &[&str], settings: JobSettings) -> Definition {
        define_in("/project", argv, settings)
    }

    fn set(variables: &[(&str, &str)]) -> Environment {
        let set = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment { set, ..Environment::default() }
    }

    /// Each of these is another job than each other.
    #[test]
    fn all_that_makes_a_job_what_it_is_counts() {
        let with = |change: &dyn Fn(&mut JobSettings)| {
            let mut settings = settings();
            change(&mut settings);
            define(&["a"], settings)
        };
        let all = [
            define(&["a"], settings()),
            define(&["a", ""], settings()),
            define(&["a", "b c"], settings()),
            define(&["a", "b", "c"], settings()),
            with(&|settings| settings.wrapper = vec!["a".into()]),
            with(&|settings| settings.cwd = "/project/other".into()),
            with(&|settings| settings.cwd = "sub".into()),
            with(&|settings| settings.stdin = Some("/project/sub".into())),
            with(&|settings| settings.success_codes = vec![0, 1]),
            with(&|settings| settings.success_codes = vec![1]),
            with(&|settings| settings.allow_failure = true),
            with(&|settings| settings.environment = set(&[("A", "1")])),
            with(&|settings| settings.environment = set(&[("A", "2")])),
            with(&|settings| settings.environment = set(&[("A1", "")])),
            with(&|settings| settings.environment = set(&[("A", "1"), ("B", "1")])),
            with(&|settings| settings.environment.remove = vec!["A".into()]),
            with(&|settings| settings.environment.inherit = Inherit::Nothing),
            with(&|settings| settings.environment.inherit = Inherit::Only(vec!["A".into()])),
            with(&|settings| settings.environment.inherit = Inherit::Only(vec![])),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(all.iter().position(|other| other == one), Some(at));
        }
    }

    #[test]
    fn what_does_not_make_it_another_job_does_not_count() {
        let mut changed = settings();
        changed.timeout = Some(Duration::from_secs(1));
        changed.grace = Duration::ZERO;
        changed.slow_after = Some(Duration::ZERO);
        changed.retries.count = 3;
        changed.streams = crate::job::Streams::Split;
        changed.platforms = Some(vec!["linux".into()]);
        changed.confirm = Some("really?".to_owned());
        (changed.weight, changed.pools, changed.memory, changed.priority) = (2, vec!["db".into()], Some(1), 1);
        assert_eq!(define(&["a"], changed), define(&["a"], settings()));
    }

    #[test]
    fn the_folder_may_be_moved_and_jobs_may_be_anywhere_among_others() {
        let moved = JobSettings::in_directory("/elsewhere/sub");
        let definition = define(&["a"], settings());
        assert_eq!(define_in("/elsewhere", &["a"], moved), definition);
        let shared = Arc::new(settings());
        let mut jobs = JobMap::new();
        for (name, argv) in [("one", "b"), ("two", "a"), ("three", "a")] {
            jobs.insert(name, Job::new(vec![argv.into()], Arc::clone(&shared))).expect("a valid job");
        }
        let all = definitions(&jobs, Path::new("/project"), &KEY);
        assert_eq!((all[0] == definition, all[1], all[2]), (false, definition, definition));
    }

    #[test]
    fn without_the_key_it_says_nothing() {
        let mut jobs = JobMap::new();
        jobs.insert("job", Job::new(vec!["a".into()], Arc::new(settings()))).expect("a valid job");
        let other = definitions(&jobs, Path::new("/project"), &[8; 32]);
        assert_ne!(other[0], define(&["a"], settings()));
    }

    #[test]
    fn it_is_written_as_sixteen_digits() {
        let text = serde_json::to_string(&Definition(0xAB)).expect("plain data is serializable");
        assert_eq!(text, r#""00000000000000ab""#);
        assert_eq!(serde_json::from_str::<Definition>(&text).expect("it was written so"), Definition(0xAB));
    }
}
