//! What is said of a task's processes: the top of the file, then `[defaults]`, then the task itself.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use toml::Spanned;

use super::decode::{Present, Problems};
use super::lower::resolve_path;
use super::raw::{Name, RawManifest, RawTask, Variables};
use super::values::InheritEnv;
use crate::diagnostic::Problem;
use crate::job::{Inherit, JobSettings};
use crate::text;

/// The operating systems that Rust programs are built for, as [`std::env::consts::OS`] names them.
const PLATFORMS: [&str; 9] =
    ["linux", "macos", "freebsd", "netbsd", "openbsd", "dragonfly", "illumos", "solaris", "windows"];

/// The keys of a task that do not speak of its processes; every other does.
const KEYS_OF_THE_TASK: [&str; 8] = ["argv", "description", "deps", "after", "tags", "aliases", "private", "manual"];

impl RawTask<'_> {
    /// The keys it has that speak of a process, with their places.
    pub(super) fn process_keys(&self) -> Vec<(&'static str, Range<usize>)> {
        self.present().into_iter().filter(|(key, _)| !KEYS_OF_THE_TASK.contains(key)).collect()
    }
}

/// Makes the settings of tasks. Tasks that say nothing of their own share one.
#[derive(Debug)]
pub(super) struct SettingsReader {
    root: PathBuf,
    /// The variables of the top of the file.
    global: IndexMap<String, String>,
    /// The `env` of `[defaults]`, which lies over a task's `env_file`.
    default_env: IndexMap<String, String>,
    base: Arc<JobSettings>,
    env_files: HashMap<PathBuf, Result<Vec<(String, String)>, String>>,
}

impl SettingsReader {
    pub(super) fn new(
        root: &Path,
        manifest: &RawManifest<'_>,
        defaults: &RawTask<'_>,
        problems: &mut Problems,
    ) -> Self {
        let mut this = Self {
            root: root.to_owned(),
            global: IndexMap::new(),
            default_env: IndexMap::new(),
            base: Arc::new(JobSettings::in_directory(root)),
            env_files: HashMap::new(),
        };
        let files = manifest.env_file.as_ref().map(Spanned::get_ref);
        this.global = this.read_env_files(files.into_iter().flatten(), problems);
        this.global.extend(variables(manifest.env.as_ref(), problems));
        let mut base = JobSettings::in_directory(root);
        base.environment.set.clone_from(&this.global);
        if let Some(inherit) = &manifest.inherit_env {
            base.environment.inherit = lower_inherit(inherit.get_ref(), problems);
        }
        this.base = Arc::new(base);
        this.base = this.settings(defaults, problems);
        this.default_env = variables(defaults.env.as_ref(), &mut Problems::default());
        this
    }

    /// The settings of a task.
    pub(super) fn settings(&mut self, raw: &RawTask<'_>, problems: &mut Problems) -> Arc<JobSettings> {
        if raw.process_keys().is_empty() {
            return Arc::clone(&self.base);
        }
        let mut settings = (*self.base).clone();
        self.environment(raw, &mut settings, problems);
        if let Some(cwd) = &raw.cwd {
            settings.cwd = resolve_path(&self.root, cwd.get_ref());
        }
        if let Some(stdin) = &raw.stdin {
            settings.stdin = Some(resolve_path(&self.root, stdin.get_ref()));
        }
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
        if let Some(platforms) = &raw.platforms {
            settings.platforms = Some(lower_platforms(platforms, problems));
        }
        if let Some(streams) = &raw.streams {
            settings.streams = streams.get_ref().0;
        }
        if let Some(wrapper) = &raw.wrapper {
            settings.wrapper = wrapper.get_ref().0.iter().map(|word| word.clone().into_owned().into()).collect();
        }
        Arc::new(settings)
    }

    fn environment(&mut self, raw: &RawTask<'_>, settings: &mut JobSettings, problems: &mut Problems) {
        if let Some(files) = &raw.env_file {
            let mut set = self.global.clone();
            set.extend(self.read_env_files(files.get_ref(), problems));
            set.extend(self.default_env.clone());
            settings.environment.set = set;
        }
        settings.environment.set.extend(variables(raw.env.as_ref(), problems));
        if let Some(inherit) = &raw.inherit_env {
            settings.environment.inherit = lower_inherit(inherit.get_ref(), problems);
        }
        if let Some(remove) = &raw.env_remove {
            problems.list.extend(remove.get_ref().iter().filter_map(variable_name_problem));
            settings.environment.remove = remove.get_ref().iter().map(|name| name.get_ref().to_string()).collect();
        }
    }

    fn read_env_files<'n>(
        &mut self,
        files: impl IntoIterator<Item = &'n Name<'n>>,
        problems: &mut Problems,
    ) -> IndexMap<String, String> {
        let mut set = IndexMap::new();
        for file in files {
            let path = resolve_path(&self.root, file.get_ref());
            match self.env_files.entry(path).or_insert_with_key(|path| read_env_file(path)) {
                Ok(read) => set.extend(read.iter().cloned()),
                Err(error) => {
                    let message = format!("the env_file `{}` cannot be read: {error}", file.get_ref());
                    problems.push(Problem::error(file.span(), message));
                }
            }
        }
        set
    }
}

fn read_env_file(path: &Path) -> Result<Vec<(String, String)>, String> {
    let explain = |error: dotenvy::Error| match error {
        dotenvy::Error::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("there is no file at {}", text::path(path))
        }
        dotenvy::Error::LineParse(line, _) => {
            // Where it is, and not what it says: such files hold secrets.
            let text = std::fs::read_to_string(path).unwrap_or_default();
            match text.lines().position(|whole| whole.contains(line.trim_end())) {
                Some(at) => format!("its line {} is not NAME=value, or has blanks without quotes", at + 1),
                None => "a line of it is not NAME=value, or has blanks without quotes".to_owned(),
            }
        }
        dotenvy::Error::Io(error) => text::io_error(&error),
        other => other.to_string(),
    };
    let lines = dotenvy::from_path_iter(path).map_err(explain)?;
    let lines = lines.collect::<Result<Vec<_>, _>>().map_err(explain)?;
    match lines.iter().find(|(_, value)| value.contains('\0')) {
        Some((name, _)) => Err(format!("the value of {name} has a NUL character in it")),
        None => Ok(lines),
    }
}

fn variables(raw: Option<&Spanned<Variables<'_>>>, problems: &mut Problems) -> IndexMap<String, String> {
    let pairs = raw.into_iter().flat_map(Spanned::get_ref);
    pairs
        .map(|(name, value)| {
            problems.list.extend(variable_name_problem(name));
            (name.get_ref().to_string(), value.get_ref().to_string())
        })
        .collect()
}

fn variable_name_problem(name: &Name<'_>) -> Option<Problem> {
    let text = name.get_ref();
    let shown = if text.is_empty() { "the empty string".to_owned() } else { format!("`{text}`") };
    let wrong = text.is_empty() || text.contains(['=', '\0']);
    wrong.then(|| Problem::error(name.span(), format!("{shown} cannot be the name of an environment variable")))
}

fn lower_inherit(raw: &InheritEnv<'_>, problems: &mut Problems) -> Inherit {
    match raw {
        InheritEnv::All => Inherit::All,
        InheritEnv::Nothing => Inherit::Nothing,
        InheritEnv::Only(names) => {
            problems.list.extend(names.iter().filter_map(variable_name_problem));
            Inherit::Only(names.iter().map(|name| name.get_ref().to_string()).collect())
        }
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
