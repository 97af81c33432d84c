//! Why a manifest cannot be had, in words.

use std::path::PathBuf;
use std::{fmt, io};

use crate::diagnostic::{Problem, Sources};
use crate::text;

/// Why there is no [`Manifest`](super::Manifest).
#[derive(Debug)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// These vars are to be set, and it does not have them; each with what it may have been meant to be.
    UnknownVars(Vec<(String, Option<String>)>),
    /// It has errors: everything that is wrong, sorted by place.
    Invalid {
        /// The files.
        sources: Sources,
        /// At least one.
        problems: Vec<Problem>,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "`{}` cannot be read: {}", text::path(path), text::io_error(error))
            }
            Self::UnknownVars(vars) => {
                for (at, (name, meant)) in vars.iter().enumerate() {
                    let name = text::escape(name.as_bytes());
                    write!(f, "{}there is no var `{name}` to set", if at == 0 { "" } else { "\n" })?;
                    match meant {
                        Some(meant) => write!(f, "; did you mean `{meant}`?")?,
                        None => f.write_str("; vars are declared under `[vars]`")?,
                    }
                }
                Ok(())
            }
            Self::Invalid { sources, problems } => {
                let count = text::count(problems.len(), "problem");
                write!(f, "{count} in {}", sources.paths_of(problems))
            }
        }
    }
}

impl std::error::Error for ManifestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } => Some(error),
            Self::Invalid { .. } | Self::UnknownVars(_) => None,
        }
    }
}
