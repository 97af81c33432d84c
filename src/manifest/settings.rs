//! What is said of a task's processes, by `[defaults]` and by the task itself.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;

use super::decode::{Present, Problems};
use super::draft::{Draft, PathStr, Settings, Str, Variables};
use super::raw::{self, Name, RawTask};
use super::scope::Scope;
use super::template::{self, Known};
use super::values::InheritEnv;
use crate::diagnostic::Problem;
use crate::job::{Inherit, JobSettings};

/// The operating systems that Rust programs are built for, as [`std::env::consts::OS`] names them.
pub(super) const PLATFORMS: [&str; 9] =
    ["linux", "macos", "freebsd", "netbsd", "openbsd", "dragonfly", "illumos", "solaris", "windows"];

/// The keys of a task that do not speak of its processes.
pub(super) const KEYS_OF_THE_TASK: [&str; 8] =
    ["argv", "description", "deps", "after", "tags", "aliases", "private", "manual"];
/// Those that speak of its jobs, and are no settings.
const KEYS_OF_THE_JOB: [&str; 4] = ["inputs", "outputs", "depfile", "matrix"];

impl RawTask<'_> {
    /// The keys it has that a task without a process can do nothing with, with their places.
    pub(super) fn job_keys(&self) -> Vec<(&'static str, Range<usize>)> {
        self.present().into_iter().filter(|(key, _)| !KEYS_OF_THE_TASK.contains(key)).collect()
    }

    /// Whether it has settings of its own.
    fn has_settings(&self) -> bool {
        self.present().iter().any(|(key, _)| !KEYS_OF_THE_TASK.contains(key) && !KEYS_OF_THE_JOB.contains(key))
    }
}

impl<'i> Scope<'i> {
    /// The settings of a task. Tasks that say nothing of their own share one.
    pub(super) fn settings(&self, raw: &RawTask<'i>, known: Known<'_>, problems: &mut Problems) -> Settings {
        let says_nothing = !raw.has_settings();
        if let (true, Some(shared)) = (says_nothing, &self.shared_base) {
            return Settings::Shared(Arc::clone(shared));
        }
        let mut draft = self.base.clone();
        if !says_nothing {
            self.apply(raw, &self.folder, &mut draft, problems);
        }
        draft.read(known, problems)
    }

    /// Lays what a task or `[defaults]` says over settings; relative paths in it start at `folder`.
    pub(super) fn apply(&self, raw: &RawTask<'i>, folder: &Path, draft: &mut Draft<'i>, problems: &mut Problems) {
        self.environment(raw, folder, draft, problems);
        if let Some(cwd) = &raw.cwd {
            draft.cwd = Some(PathStr::written(folder, cwd));
        }
        if let Some(stdin) = &raw.stdin {
            draft.stdin = Some(PathStr::written(folder, stdin));
        }
        if let Some(wrapper) = &raw.wrapper {
            draft.wrapper = wrapper.get_ref().0.iter().map(Str::written).collect();
        }
        let settings = &mut draft.settings;
        times(raw, settings, problems);
        if let Some(retries) = &raw.retries {
            settings.retries = *retries.get_ref();
        }
        if let Some(codes) = &raw.success_codes {
            settings.success_codes.clone_from(&codes.get_ref().0);
        }
        if let Some(allow) = &raw.allow_failure {
            settings.allow_failure = *allow.get_ref();
        }
        if let Some(leak) = &raw.leak {
            settings.leak = leak.get_ref().0;
        }
        if let Some(interactive) = &raw.interactive {
            settings.interactive = *interactive.get_ref();
            if let (true, Some(stdin)) = (settings.interactive, &raw.stdin) {
                let problem = Problem::error(stdin.span(), "`stdin` goes with no `interactive` task");
                problems.push(problem.help("an interactive task reads from the terminal; leave one of the two out"));
            }
        }
        if let Some(confirm) = &raw.confirm {
            if confirm.get_ref().trim().is_empty() {
                let problem = Problem::error(confirm.span(), "`confirm` asks nothing");
                problems.push(problem.help("write the question, or leave it out"));
            } else if template::is_one(confirm.get_ref()) {
                let problem =
                    Problem::error(confirm.span(), "no value is put into `confirm`: it is asked as it is written");
                problems.push(problem.help("it is asked once for the whole task; write it out"));
            }
            settings.confirm = Some(confirm.get_ref().to_string());
        }
        if let Some(platforms) = &raw.platforms {
            settings.platforms = Some(lower_platforms(platforms, problems));
        }
        if let Some(streams) = &raw.streams {
            settings.streams = streams.get_ref().0;
        }
        self.place(raw, settings, problems);
    }

    /// What a job takes while it runs, and which goes first.
    fn place(&self, raw: &RawTask<'i>, settings: &mut JobSettings, problems: &mut Problems) {
        if let Some(weight) = &raw.weight {
            settings.weight = weight.get_ref().0;
        }
        if let Some(pools) = &raw.pools {
            settings.pools = self.pools.named(pools, problems);
        }
        if let Some(memory) = &raw.memory {
            settings.memory = Some(memory.get_ref().0);
        }
        if let Some(priority) = &raw.priority {
            settings.priority = *priority.get_ref();
        }
    }

    fn environment(&self, raw: &RawTask<'i>, folder: &Path, draft: &mut Draft<'i>, problems: &mut Problems) {
        if let Some(files) = &raw.env_file {
            let mut set = self.variables.clone();
            set.extend(self.env_files.variables(files.get_ref(), folder, problems));
            set.extend(self.default_env.clone());
            draft.variables = set;
        }
        draft.variables.extend(variables(raw.env.as_ref(), problems));
        let environment = &mut draft.settings.environment;
        if let Some(inherit) = &raw.inherit_env {
            environment.inherit = lower_inherit(inherit.get_ref(), problems);
        }
        if let Some(remove) = &raw.env_remove {
            problems.list.extend(remove.get_ref().iter().filter_map(variable_name_problem));
            environment.remove = remove.get_ref().iter().map(|name| name.get_ref().to_string()).collect();
        }
    }
}

/// Variables as they are written.
pub(super) fn variables<'i>(raw: Option<&Spanned<raw::Variables<'i>>>, problems: &mut Problems) -> Variables<'i> {
    let pairs = raw.into_iter().flat_map(Spanned::get_ref);
    pairs
        .map(|(name, value)| {
            problems.list.extend(variable_name_problem(name));
            (name.get_ref().to_string(), Str::written(value))
        })
        .collect()
}

fn variable_name_problem(name: &Name<'_>) -> Option<Problem> {
    let text = name.get_ref();
    let shown = if text.is_empty() { "the empty string".to_owned() } else { format!("`{text}`") };
    let wrong = text.is_empty() || text.contains(['=', '\0']);
    wrong.then(|| Problem::error(name.span(), format!("{shown} cannot be the name of an environment variable")))
}

pub(super) fn lower_inherit(raw: &InheritEnv<'_>, problems: &mut Problems) -> Inherit {
    match raw {
        InheritEnv::All => Inherit::All,
        InheritEnv::Nothing => Inherit::Nothing,
        InheritEnv::Only(names) => {
            problems.list.extend(names.iter().filter_map(variable_name_problem));
            Inherit::Only(names.iter().map(|name| name.get_ref().to_string()).collect())
        }
    }
}

/// How long its attempts may take.
fn times(raw: &RawTask<'_>, settings: &mut JobSettings, problems: &mut Problems) {
    if let Some(timeout) = &raw.timeout {
        if timeout.get_ref().0.is_zero() {
            let problem = Problem::error(timeout.span(), "`timeout` of zero would end every attempt at once");
            problems.push(problem.help("leave it out for no timeout"));
        }
        settings.timeout = Some(timeout.get_ref().0);
    }
    if let Some(grace) = &raw.grace {
        settings.grace = grace.get_ref().0;
    }
    if let Some(slow_after) = &raw.slow_after {
        if slow_after.get_ref().0.is_zero() {
            let problem = Problem::error(slow_after.span(), "`slow_after` of zero would call every attempt slow");
            problems.push(problem.help("leave it out to call none so"));
        }
        settings.slow_after = Some(slow_after.get_ref().0);
    }
}

fn lower_platforms(raw: &Spanned<Vec<Name<'_>>>, problems: &mut Problems) -> Vec<String> {
    if raw.get_ref().is_empty() {
        let problem = Problem::error(raw.span(), "`platforms` is empty: the task could never run");
        problems.push(problem.help("leave it out for all"));
    }
    for name in raw.get_ref().iter().filter(|name| !PLATFORMS.contains(&&**name.get_ref())) {
        let meant = match &**name.get_ref() {
            "darwin" | "osx" | "mac" => Some("did you mean `macos`?".to_owned()),
            other => problems.suggest(other, PLATFORMS),
        };
        let help = meant.unwrap_or_else(|| format!("the platforms are {}", PLATFORMS.join(", ")));
        problems.push(Problem::error(name.span(), format!("unknown platform `{}`", name.get_ref())).help(help));
    }
    raw.get_ref().iter().map(|name| name.get_ref().to_string()).collect()
}
