//! What every subcommand goes by: where it is, how it colors, and the manifest.

use std::fs;
use std::io::{self, IsTerminal, PipeReader, Write};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use owo_colors::OwoColorize;

use super::args::GlobalArgs;
use super::color::ColorChoice;
use super::{Error, USAGE, unreadable, usage};
use crate::diagnostic::{Problem, Rendering, Sources};
use crate::manifest::{FILE_NAME, Found, Manifest, ManifestError, Parameters, find};
use crate::report::{Detail, Styles};
use crate::{sys, text};

pub(super) struct Context {
    /// The directory procman was called in: paths are shown from here.
    pub(super) called_in: PathBuf,
    /// The directory to work in, absolute.
    pub(super) directory: PathBuf,
    /// The manifest, where the user named one.
    pub(super) file: Option<PathBuf>,
    pub(super) quiet: u8,
    pub(super) verbose: u8,
    /// What the procman says that watches for this run, if one does.
    pub(super) watcher: Option<PipeReader>,
    color: ColorChoice,
}

impl Context {
    pub(super) fn new(args: GlobalArgs) -> Result<Self, String> {
        let called_in = std::env::current_dir()
            .map_err(|error| format!("the current directory cannot be told: {}", text::io_error(&error)))?;
        // Without `..` and links, so that what lies above it is really above it.
        let directory = match &args.directory {
            Some(directory) => fs::canonicalize(called_in.join(directory)).map_err(|error| {
                format!("`{}` cannot be entered: {}", text::path(directory), text::io_error(&error))
            })?,
            None => called_in.clone(),
        };
        if !directory.is_dir() {
            return Err(format!("`{}` is not a directory", text::path(&directory)));
        }
        let watcher = args.watched_by.map(sys::inherited_pipe).transpose();
        let watcher = watcher.map_err(|error| format!("nobody watches for this run: {}", text::io_error(&error)))?;
        let GlobalArgs { file, quiet, verbose, color, .. } = args;
        Ok(Self { called_in, directory, file, quiet, verbose, watcher, color: color.unwrap_or_default() })
    }

    /// How stderr looks.
    pub(super) fn styles(&self) -> Styles {
        if self.colors(&io::stderr()) { Styles::colored() } else { Styles::default() }
    }

    /// How stdout looks.
    pub(super) fn stdout_styles(&self) -> Styles {
        if self.colors(&io::stdout()) { Styles::colored() } else { Styles::default() }
    }

    fn colors(&self, stream: &impl IsTerminal) -> bool {
        self.color.enabled(stream.is_terminal(), |name| std::env::var(name).ok())
    }

    /// How much of a run's summary is wanted.
    pub(super) fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (0, 0) => Detail::Table,
            (0, _) => Detail::Memory,
            _ => Detail::Failures,
        }
    }

    pub(super) fn error(&self, problem: &str) {
        to_stderr(&self.error_line(problem));
    }

    pub(super) fn warn(&self, problem: &str) {
        to_stderr(&self.warning_line(problem));
    }

    pub(super) fn warning_line(&self, problem: &str) -> String {
        format!("{} {problem}\n", "warning:".style(self.styles().warning))
    }

    pub(super) fn error_line(&self, problem: &str) -> String {
        format!("{} {problem}\n", "error:".style(self.styles().bad))
    }

    /// Something to know that is no error; nothing when asked to be quiet.
    pub(super) fn note(&self, note: &str) {
        if self.quiet == 0 {
            to_stderr(&format!("note: {note}\n"));
        }
    }

    /// A path as the user would write it.
    pub(super) fn show(&self, path: &Path) -> String {
        text::path_from(&self.called_in, path)
    }

    /// The manifest's path.
    pub(super) fn manifest_path(&self) -> Result<PathBuf, Error> {
        if let Some(file) = &self.file {
            return Ok(self.directory.join(file));
        }
        match find(&self.directory) {
            Ok(Found::Manifest(path)) => Ok(path),
            Ok(Found::PassedOver(path)) => Err(usage(format!(
                "`{0}` is passed over, because its folder is another user's and open to everyone; if you trust it, name it: \
                 `-f {0}`",
                self.show(&path)
            ))),
            Ok(Found::Nothing) => Err(usage(format!(
                "there is no {FILE_NAME} in `{}` or in a folder above; `procman init` writes one",
                text::path(&self.directory)
            ))),
            Err(error) => Err(unreadable(&self.directory, &error)),
        }
    }

    /// The manifest with these values for vars; its problems have been shown when there is none.
    pub(super) fn manifest(&self, set: &IndexMap<String, String>) -> Result<Manifest, Error> {
        self.manifest_at(&self.manifest_path()?, set, false)
    }

    /// What templates can say beyond the manifest, with these values for vars.
    pub(super) fn parameters(&self, set: &IndexMap<String, String>, portable: bool) -> Parameters {
        Parameters { set: set.clone(), invocation_dir: Some(self.called_in.clone()), portable }
    }

    /// The manifest of this path; its problems have been shown when there is none.
    pub(super) fn manifest_at(
        &self,
        path: &Path,
        set: &IndexMap<String, String>,
        portable: bool,
    ) -> Result<Manifest, Error> {
        let parameters = self.parameters(set, portable);
        Manifest::load_with(path, &self.show(path), &parameters).map_err(|error| match &error {
            ManifestError::Invalid { sources, problems } => {
                self.problems(sources, problems);
                self.error(&error.to_string());
                Error::Told(USAGE)
            }
            ManifestError::UnknownVars(_) => usage(error.to_string().replace('\n', "\nerror: ")),
            ManifestError::Unreadable { error, .. } => {
                usage(format!("the manifest `{}` cannot be read: {}", self.show(path), text::io_error(error)))
            }
        })
    }

    /// Shows problems of these files.
    pub(super) fn problems(&self, sources: &Sources, problems: &[Problem]) {
        let rendering = Rendering::new(sources, self.colors(&io::stderr()));
        for problem in problems {
            to_stderr(&format!("{}\n", rendering.render(problem)));
        }
    }
}

/// Writes procman's own words. A reader that has gone away is no reason to stop.
pub(super) fn to_stderr(text: &str) {
    _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes what was asked for. A reader that has seen enough is no error.
pub(super) fn to_stdout(bytes: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout_result(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

pub(super) fn stdout_result(written: io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Fault(format!("stdout cannot be written: {}", text::io_error(&error))))
        }
        _ => Ok(()),
    }
}
