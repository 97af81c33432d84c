//! `env_file`: files of NAME=value lines.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::decode::Problems;
use super::draft::{Str, Variables};
use super::raw::Name;
use super::scope::resolve_path;
use crate::diagnostic::Problem;
use crate::text;

/// Names and values, or why there are none.
type Lines = Result<Vec<(String, String)>, String>;

/// The files that have been read, or could not be, each once.
#[derive(Debug, Default)]
pub(super) struct EnvFiles {
    read: RefCell<HashMap<PathBuf, Lines>>,
}

impl EnvFiles {
    /// The variables of these files, the later over the earlier.
    pub(super) fn variables<'a, 'n: 'a, 'i>(
        &self,
        files: impl IntoIterator<Item = &'a Name<'n>>,
        folder: &Path,
        problems: &mut Problems,
    ) -> Variables<'i> {
        let mut set = Variables::new();
        for file in files {
            let path = resolve_path(folder, file.get_ref());
            match self.read.borrow_mut().entry(path).or_insert_with_key(|path| read(path)) {
                Ok(read) => set.extend(read.iter().map(|(name, value)| (name.clone(), Str::Plain(value.clone())))),
                Err(error) => {
                    let message = format!("the env_file `{}` cannot be read: {error}", file.get_ref());
                    problems.push(Problem::error(file.span(), message));
                }
            }
        }
        set
    }

    /// Their paths, absolute.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.read.borrow().keys().cloned().collect()
    }
}

fn read(path: &Path) -> Lines {
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
