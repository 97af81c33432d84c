//! Why a job is not up to date, as data and in words.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::text;

/// Something that makes a job run that could have been up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It was asked for.
    Forced,
    /// It has never succeeded, as far as is known: a success whose inputs changed meanwhile is not kept.
    NeverSucceeded,
    Argv,
    Cwd,
    Wrapper,
    /// Another file is its stdin.
    Stdin,
    /// Whether it inherits what is not named.
    InheritEnv,
    /// What is known of it does not say more.
    Settings,
    Variable(String, ValueChange),
    Input(PathBuf, FileChange),
    /// They are the same, but its argv has them in another order.
    InputOrder,
    Output(PathBuf, FileChange),
    /// It has got a depfile, and what that will say is not known.
    Depfile,
    Dependency(Arc<str>, MadeChange),
}

/// What can become of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueChange {
    Set,
    Unset,
    Changed,
}

/// What can become of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileChange {
    Changed,
    New,
    Gone,
    /// It cannot be read, or is none; with what is wrong.
    Unusable(String),
}

/// What can become of what a dependency makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MadeChange {
    /// It is other than it was.
    Changed,
    /// It was none before.
    New,
    /// The dependency has not succeeded.
    Unknown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forced => f.write_str("it is forced"),
            Self::NeverSucceeded => f.write_str("no success of it is known"),
            Self::Argv => f.write_str("its `argv` changed"),
            Self::Cwd => f.write_str("its `cwd` changed"),
            Self::Wrapper => f.write_str("its `wrapper` changed"),
            Self::Stdin => f.write_str("its `stdin` is another file"),
            Self::InheritEnv => f.write_str("its `inherit_env` changed"),
            Self::Settings => f.write_str("its settings changed"),
            Self::Variable(name, change) => {
                let change = match change {
                    ValueChange::Set => "is now set",
                    ValueChange::Unset => "is no longer set",
                    ValueChange::Changed => "changed",
                };
                write!(f, "variable `{}` {change}", text::escape(name.as_bytes()))
            }
            Self::Input(path, change) => write_file(f, "input", path, change, "is gone"),
            Self::InputOrder => f.write_str("its inputs come in another order"),
            Self::Output(path, change) => write_file(f, "output", path, change, "is missing"),
            Self::Depfile => f.write_str("its `depfile` has not been read yet"),
            Self::Dependency(name, change) => {
                let name = text::escape(name.as_bytes());
                match change {
                    MadeChange::Changed => write!(f, "what `{name}` makes changed"),
                    MadeChange::New => write!(f, "it did not depend on what `{name}` makes before"),
                    MadeChange::Unknown => write!(f, "what `{name}` makes is not known"),
                }
            }
        }
    }
}

fn write_file(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    path: &std::path::Path,
    change: &FileChange,
    gone: &str,
) -> fmt::Result {
    write!(f, "{what} `{}` ", text::path(path))?;
    match change {
        FileChange::Changed => f.write_str("changed"),
        FileChange::New => f.write_str("is new"),
        FileChange::Gone => f.write_str(gone),
        FileChange::Unusable(why) => write!(f, "cannot be used: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_name_what_changed_and_are_safe_to_show() {
        let texts = [
            (Reason::Variable("A".into(), ValueChange::Unset), "variable `A` is no longer set"),
            (Reason::Input("a\n.c".into(), FileChange::Gone), r"input `a\n.c` is gone"),
            (Reason::Output("a.o".into(), FileChange::Gone), "output `a.o` is missing"),
            (
                Reason::Input("fifo".into(), FileChange::Unusable("it is a FIFO, not a regular file".into())),
                "input `fifo` cannot be used: it is a FIFO, not a regular file",
            ),
            (Reason::Dependency("gen\x1b".into(), MadeChange::Changed), r"what `gen\x1b` makes changed"),
        ];
        for (reason, text) in texts {
            assert_eq!(reason.to_string(), text);
        }
    }
}
