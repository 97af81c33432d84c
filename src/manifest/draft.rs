//! The settings of a task while some of their strings are still templates.
//!
//! Knows how `[env]`, `[defaults]` and a task are laid over each other, string by string. Does not know what templates
//! can name: that is said when the task's jobs are made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::decode::Problems;
use super::raw::Name;
use super::scope::resolve_path;
use super::template::{self, Filling, Known, Place, Template};
use crate::job::JobSettings;

/// A string that is either what it says, or a template with its place.
#[derive(Debug, Clone)]
pub(super) enum Str<'i> {
    Plain(String),
    Template(Name<'i>),
}

impl<'i> Str<'i> {
    /// A string of the manifest.
    pub(super) fn written(name: &Name<'i>) -> Self {
        if template::is_one(name.get_ref()) {
            Self::Template(name.clone())
        } else {
            Self::Plain(name.get_ref().to_string())
        }
    }

    fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Template(_) => None,
        }
    }

    fn read(&self, place: Place, known: Known<'_>, problems: &mut Problems) -> Option<Template> {
        match self {
            Self::Plain(text) => Some(Template::constant(text)),
            Self::Template(name) => Template::read(name, place, known, problems),
        }
    }
}

/// Variables whose values may be templates, in the order in which they are set.
pub(super) type Variables<'i> = IndexMap<String, Str<'i>>;

/// A path, and the folder that it starts at.
#[derive(Debug, Clone)]
pub(super) struct PathStr<'i> {
    pub(super) folder: PathBuf,
    pub(super) path: Str<'i>,
}

impl<'i> PathStr<'i> {
    pub(super) fn written(folder: &Path, name: &Name<'i>) -> Self {
        Self { folder: folder.to_owned(), path: Str::written(name) }
    }

    fn plain(&self) -> Option<PathBuf> {
        self.path.plain().map(|path| resolve_path(&self.folder, path))
    }
}

/// Settings of which some are not in their place yet.
#[derive(Debug, Clone)]
pub(super) struct Draft<'i> {
    /// All that cannot be a template, and the rest as it is where nothing is said.
    pub(super) settings: JobSettings,
    pub(super) variables: Variables<'i>,
    pub(super) cwd: Option<PathStr<'i>>,
    pub(super) stdin: Option<PathStr<'i>>,
    pub(super) wrapper: Vec<Str<'i>>,
}

impl<'i> Draft<'i> {
    pub(super) fn new(settings: JobSettings) -> Self {
        Self { settings, variables: Variables::new(), cwd: None, stdin: None, wrapper: Vec::new() }
    }

    /// The settings, if no string of them is a template.
    pub(super) fn plain(&self) -> Option<JobSettings> {
        let mut settings = self.settings.clone();
        for (name, value) in &self.variables {
            settings.environment.set.insert(name.clone(), value.plain()?.to_owned());
        }
        if let Some(cwd) = &self.cwd {
            settings.cwd = cwd.plain()?;
        }
        if let Some(stdin) = &self.stdin {
            settings.stdin = Some(stdin.plain()?);
        }
        settings.wrapper = self.wrapper.iter().map(|word| word.plain().map(Into::into)).collect::<Option<_>>()?;
        Some(settings)
    }

    /// Reads the templates. What had problems is left out; they have been noted.
    pub(super) fn read(&self, known: Known<'_>, problems: &mut Problems) -> Settings {
        if let Some(settings) = self.plain() {
            return Settings::Shared(Arc::new(settings));
        }
        let mut holes = Holes::default();
        let mut settings = self.settings.clone();
        for (at, (name, value)) in self.variables.iter().enumerate() {
            let value = value.read(Place::Text, known, problems).unwrap_or_else(|| Template::constant(""));
            let constant = value.as_constant().map(str::to_owned);
            if constant.is_none() {
                holes.variables.push((at, value));
            }
            settings.environment.set.insert(name.clone(), constant.unwrap_or_default());
        }
        let mut path = |path: &PathStr<'i>| {
            let template = path.path.read(Place::Path, known, problems)?;
            Some(Hole { folder: path.folder.clone(), template })
        };
        holes.cwd = self.cwd.as_ref().and_then(&mut path);
        holes.stdin = self.stdin.as_ref().and_then(&mut path);
        holes.wrapper = self.wrapper.iter().filter_map(|word| word.read(Place::Text, known, problems)).collect();
        if holes.are_constant() {
            // One filling is as good as another.
            holes.fill(&mut settings, Filling { values: &[], job: "" });
            return Settings::Shared(Arc::new(settings));
        }
        Settings::PerJob(Box::new((settings, holes)))
    }
}

/// The settings of a task's jobs.
#[derive(Debug)]
pub(super) enum Settings {
    /// They are the same for all.
    Shared(Arc<JobSettings>),
    PerJob(Box<(JobSettings, Holes)>),
}

impl Settings {
    pub(super) fn of_job(&self, filling: Filling<'_>) -> Arc<JobSettings> {
        match self {
            Self::Shared(settings) => Arc::clone(settings),
            Self::PerJob(parts) => {
                let (mut settings, holes) = (parts.0.clone(), &parts.1);
                holes.fill(&mut settings, filling);
                Arc::new(settings)
            }
        }
    }
}

/// Where templates go.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// Each with its variable's place.
    variables: Vec<(usize, Template)>,
    cwd: Option<Hole>,
    stdin: Option<Hole>,
    wrapper: Vec<Template>,
}

#[derive(Debug)]
struct Hole {
    folder: PathBuf,
    template: Template,
}

impl Hole {
    fn fill(&self, filling: Filling<'_>) -> PathBuf {
        resolve_path(&self.folder, &self.template.fill(filling, Place::Path))
    }
}

impl Holes {
    fn are_constant(&self) -> bool {
        let paths = self.cwd.iter().chain(&self.stdin).map(|hole| &hole.template);
        let mut templates = self.wrapper.iter().chain(paths);
        self.variables.is_empty() && templates.all(|template| template.as_constant().is_some())
    }

    fn fill(&self, settings: &mut JobSettings, filling: Filling<'_>) {
        for (at, template) in &self.variables {
            settings.environment.set[*at] = template.fill(filling, Place::Text);
        }
        if let Some(cwd) = &self.cwd {
            settings.cwd = cwd.fill(filling);
        }
        if let Some(stdin) = &self.stdin {
            settings.stdin = Some(stdin.fill(filling));
        }
        settings.wrapper = self.wrapper.iter().map(|word| word.fill(filling, Place::Text).into()).collect();
    }
}
