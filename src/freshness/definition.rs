//! What a job's process is given beside files, hashed in parts, so that it can be said which part changed.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::digest::Mark;
use super::reason::{Reason, ValueChange};
use super::state::Settings;
use crate::job::{Environment, Inherit, Job, JobId, JobMap, JobSettings, Spliced};
use crate::keyed_hash::{Key, KeyedHash, first};

/// The settings of all jobs, as they are now.
#[derive(Debug)]
pub(super) struct Definitions {
    /// Each once, as many jobs share one.
    all: Vec<(Mark, Settings)>,
    /// By job.
    numbers: Vec<u32>,
}

impl Definitions {
    /// `inherited` answers the value of a variable of procman's own.
    pub(super) fn new(jobs: &JobMap, root: &Path, key: &Key, inherited: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let mut hash = KeyedHash::new(key);
        let mut all = Vec::new();
        let mut known: HashMap<*const JobSettings, u32> = HashMap::new();
        let number = |(_, job): (&str, &Job)| {
            *known.entry(Arc::as_ptr(&job.settings)).or_insert_with(|| {
                let settings = settings(&mut hash, &job.settings, root, inherited);
                all.push((mark(&mut hash, &settings), settings));
                u32::try_from(all.len() - 1).expect("there are no more settings than jobs")
            })
        };
        let numbers = jobs.iter().map(number).collect();
        Self { all, numbers }
    }

    pub(super) fn of(&self, job: JobId) -> &(Mark, Settings) {
        &self.all[self.numbers[job.index()] as usize]
    }
}

/// The argv with the places at which inputs come in; what comes in there is known by the inputs.
pub(super) fn argv(hash: &mut KeyedHash<'_>, job: &Job) -> Mark {
    hash.begin(b'a');
    hash.list(&job.argv);
    for splice in job.splices.iter().filter(|splice| splice.what == Spliced::Inputs) {
        hash.number(splice.at);
    }
    Mark(first(&hash.take()))
}

/// Whether the order of the inputs makes a difference to the process.
pub(super) fn has_inputs_in_argv(job: &Job) -> bool {
    job.splices.iter().any(|splice| splice.what == Spliced::Inputs)
}

/// A path relative to `root` where it lies inside, as the paths of files are.
pub(super) fn relative<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

fn settings(
    hash: &mut KeyedHash<'_>,
    settings: &JobSettings,
    root: &Path,
    inherited: &dyn Fn(&str) -> Option<OsString>,
) -> Settings {
    let bytes = |path: &Path| relative(path, root).as_os_str().as_bytes().to_vec();
    hash.begin(b'w');
    hash.list(&settings.wrapper);
    Settings {
        cwd: bytes(&settings.cwd),
        wrapper: Mark(first(&hash.take())),
        stdin: settings.stdin.as_deref().map(bytes),
        inherit: settings.environment.inherit == Inherit::All,
        env: variables(hash, &settings.environment, inherited),
    }
}

/// The variables that are the job's to say: where they come from makes no difference.
fn variables(
    hash: &mut KeyedHash<'_>,
    environment: &Environment,
    inherited: &dyn Fn(&str) -> Option<OsString>,
) -> BTreeMap<String, Option<Mark>> {
    let mut value = |name: &str, value: &OsStr| {
        hash.begin(b'v');
        hash.text(name);
        hash.text(value);
        Some(Mark(first(&hash.take())))
    };
    let mut variables = BTreeMap::new();
    if let Inherit::Only(names) = &environment.inherit {
        // What an outer procman says of its run is another with each.
        for name in names.iter().filter(|name| *name != "PROCMAN" && !name.starts_with("PROCMAN_")) {
            if let Some(inherited) = inherited(name) {
                variables.insert(name.clone(), value(name, &inherited));
            }
        }
    }
    for (name, set) in &environment.set {
        variables.insert(name.clone(), value(name, set.as_ref()));
    }
    for name in &environment.remove {
        match environment.inherit {
            Inherit::All => _ = variables.insert(name.clone(), None),
            Inherit::Nothing | Inherit::Only(_) => _ = variables.remove(name),
        }
    }
    variables
}

fn mark(hash: &mut KeyedHash<'_>, settings: &Settings) -> Mark {
    let Settings { cwd, wrapper, stdin, inherit, env } = settings;
    hash.begin(b'd');
    hash.text(OsStr::from_bytes(cwd));
    hash.array(wrapper.0);
    hash.list(stdin.as_deref().map(OsStr::from_bytes).as_slice());
    hash.number(usize::from(*inherit));
    for (name, value) in env {
        hash.text(name);
        hash.number(usize::from(value.is_some()));
        hash.array(value.map_or([0; 8], |value| value.0));
    }
    Mark(first(&hash.take()))
}

/// What makes two settings different.
pub(super) fn changes(before: &Settings, now: &Settings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for (differs, reason) in [
        (before.cwd != now.cwd, Reason::Cwd),
        (before.wrapper != now.wrapper, Reason::Wrapper),
        (before.stdin != now.stdin, Reason::Stdin),
        (before.inherit != now.inherit, Reason::InheritEnv),
    ] {
        reasons.extend(differs.then_some(reason));
    }
    let names = before.env.keys().chain(now.env.keys().filter(|name| !before.env.contains_key(*name)));
    for name in names {
        let [was, is] = [before, now].map(|settings| settings.env.get(name));
        let change = match (was, is) {
            (was, is) if was == is => continue,
            (Some(Some(_)), Some(Some(_))) => ValueChange::Changed,
            (_, Some(Some(_))) => ValueChange::Set,
            _ => ValueChange::Unset,
        };
        reasons.push(Reason::Variable(name.clone(), change));
    }
    if reasons.is_empty() {
        reasons.push(Reason::Settings);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Splice;

    const KEY: Key = [7; 32];

    fn define(root: &str, change: &dyn Fn(&mut JobSettings)) -> (Mark, Settings) {
        let mut of = JobSettings::in_directory(format!("{root}/sub"));
        change(&mut of);
        let mut jobs = JobMap::new();
        let job = jobs.insert("job", Job::new(vec!["a".into()], Arc::new(of))).expect("a valid job");
        let own = |name: &str| (name == "HOME").then(|| "secret".into());
        Definitions::new(&jobs, root.as_ref(), &KEY, &own).of(job).clone()
    }

    fn reasons(before: &dyn Fn(&mut JobSettings), now: &dyn Fn(&mut JobSettings)) -> Vec<String> {
        let ((before_mark, before), (now_mark, now)) = (define("/project", before), define("/project", now));
        if before_mark == now_mark {
            assert_eq!(before, now);
            return Vec::new();
        }
        changes(&before, &now).iter().map(Reason::to_string).collect()
    }

    fn inherit(names: &[&str]) -> Inherit {
        Inherit::Only(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn set(settings: &mut JobSettings, name: &str, value: &str) {
        settings.environment.set.insert(name.to_owned(), value.to_owned());
    }

    #[test]
    fn each_part_is_told_from_the_others() {
        let same: &dyn Fn(&mut JobSettings) = &|_| {};
        assert_eq!(reasons(same, same), [""; 0]);
        assert_eq!(reasons(same, &|now| now.cwd = "/project".into()), ["its `cwd` changed"]);
        assert_eq!(reasons(same, &|now| now.wrapper = vec!["nice".into()]), ["its `wrapper` changed"]);
        assert_eq!(reasons(same, &|now| now.stdin = Some("/a".into())), ["its `stdin` is another file"]);
        assert_eq!(reasons(same, &|now| now.environment.inherit = Inherit::Nothing), ["its `inherit_env` changed"]);
        let one = |settings: &mut JobSettings| set(settings, "A", "1");
        assert_eq!(reasons(same, &one), ["variable `A` is now set"]);
        assert_eq!(reasons(&one, same), ["variable `A` is no longer set"]);
        assert_eq!(reasons(&one, &|now| set(now, "A", "2")), ["variable `A` changed"]);
        assert_eq!(reasons(&one, &|now| now.environment.remove = vec!["A".into()]), ["variable `A` is no longer set"]);
        let forgotten = define("/project", same).1;
        assert_eq!(changes(&forgotten, &forgotten), [Reason::Settings]);
    }

    #[test]
    fn of_what_is_inherited_only_what_is_named_counts() {
        let only =
            |names: &'static [&'static str]| move |now: &mut JobSettings| now.environment.inherit = inherit(names);
        assert_eq!(reasons(&only(&[]), &only(&["HOME"])), ["variable `HOME` is now set"]);
        assert_eq!(reasons(&only(&[]), &only(&["NONE"])), [""; 0]);
        assert_eq!(reasons(&only(&[]), &|now| now.environment.inherit = Inherit::Nothing), [""; 0]);
        let by_hand = |now: &mut JobSettings| {
            now.environment.inherit = Inherit::Nothing;
            set(now, "HOME", "secret");
        };
        assert_eq!(reasons(&only(&["HOME"]), &by_hand), [""; 0]);
    }

    #[test]
    fn the_folder_may_be_moved() {
        assert_eq!(define("/project", &|_| {}), define("/elsewhere", &|_| {}));
    }

    #[test]
    fn the_argv_counts_with_the_places_of_inputs() {
        let mut hash = KeyedHash::new(&KEY);
        let settings = Arc::new(JobSettings::in_directory("/"));
        let mut mark = |words: &[&str], splices: &[Splice]| {
            let mut job = Job::new(words.iter().map(OsString::from).collect(), Arc::clone(&settings));
            job.splices = splices.to_vec();
            argv(&mut hash, &job)
        };
        let inputs = |at| Splice { at, what: Spliced::Inputs };
        let arguments = Splice { at: 1, what: Spliced::Arguments };
        let all = [
            mark(&["a", "b"], &[]),
            mark(&["ab"], &[]),
            mark(&["a", "b"], &[inputs(1)]),
            mark(&["a", "b"], &[inputs(2)]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(all.iter().position(|other| other == one), Some(at));
        }
        assert_eq!(mark(&["a", "b"], &[arguments]), all[0]);
    }
}
