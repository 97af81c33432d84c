//! The environment block of a job's processes.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::job::{Environment, Inherit, JobSettings};

/// What procman tells every process itself, over all else.
pub(crate) const OWN_NAMES: [&str; 7] =
    ["PROCMAN", "PROCMAN_RUN_ID", "PROCMAN_TASK", "PROCMAN_JOB", "PROCMAN_ATTEMPT", "PROCMAN_ROOT", "PROCMAN_SLOT"];

/// What every process of equally declared jobs gets, ready for the system: `NAME=value` strings.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) variables: Vec<CString>,
    /// The value of PATH in it.
    pub(crate) path: Option<OsString>,
}

impl Block {
    /// Lays the declared variables over procman's own; what is called `PROCMAN` or `PROCMAN_…` there speaks of an outer
    /// run and does not pass.
    pub(crate) fn new(declared: &Environment, own: &[(OsString, OsString)]) -> Self {
        let passes = |name: &OsStr| match &declared.inherit {
            Inherit::All => name != "PROCMAN" && !name.as_bytes().starts_with(b"PROCMAN_"),
            Inherit::Nothing => false,
            Inherit::Only(names) => names.iter().any(|allowed| OsStr::new(allowed) == name),
        };
        let inherited =
            own.iter().filter(|(name, _)| passes(name)).map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        let set = declared.set.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
        let mut variables: IndexMap<&OsStr, &OsStr> = inherited.chain(set).collect();
        for name in declared.remove.iter().map(String::as_str).chain(OWN_NAMES) {
            variables.shift_remove(OsStr::new(name));
        }
        Self {
            path: variables.get(OsStr::new("PATH")).map(|path| (*path).to_owned()),
            variables: variables.into_iter().filter_map(|(name, value)| variable(name, value)).collect(),
        }
    }
}

/// Makes the blocks of jobs.
#[derive(Debug)]
pub(crate) struct Environments {
    own: Vec<(OsString, OsString)>,
    /// The block made last: most manifests need only one.
    latest: Option<(Arc<JobSettings>, Arc<Block>)>,
}

impl Environments {
    /// Over the environment of this process as it is now.
    pub(crate) fn of_this_process() -> Self {
        Self { own: std::env::vars_os().collect(), latest: None }
    }

    pub(crate) fn block(&mut self, settings: &Arc<JobSettings>) -> Arc<Block> {
        if let Some((of, block)) = &self.latest
            && Arc::ptr_eq(of, settings)
        {
            return Arc::clone(block);
        }
        let block = Arc::new(Block::new(&settings.environment, &self.own));
        self.latest = Some((Arc::clone(settings), Arc::clone(&block)));
        block
    }
}

/// `NAME=value`, or nothing where a NUL makes it unrepresentable; manifests are checked for that when they are read.
pub(crate) fn variable(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Option<CString> {
    let (name, value) = (name.as_ref(), value.as_ref());
    let mut text = OsString::with_capacity(name.len() + value.len() + 1);
    text.push(name);
    text.push("=");
    text.push(value);
    CString::new(text.into_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(declared: &Environment) -> Vec<String> {
        let own = [("PATH", "/bin"), ("HOME", "/root"), ("PROCMAN_JOB", "outer"), ("LANG", "C")];
        let own = own.map(|(name, value)| (name.into(), value.into()));
        Block::new(declared, &own).variables.into_iter().map(|text| text.into_string().expect("UTF-8")).collect()
    }

    #[test]
    fn layers_are_inherited_then_set_then_removed() {
        let mut declared = Environment::default();
        assert_eq!(block(&declared), ["PATH=/bin", "HOME=/root", "LANG=C"]);
        declared.set = [("LANG", "en"), ("A", "1")].map(|(name, value)| (name.into(), value.into())).into();
        declared.remove = vec!["HOME".into()];
        assert_eq!(block(&declared), ["PATH=/bin", "LANG=en", "A=1"]);
        declared.inherit = Inherit::Only(vec!["HOME".into(), "PATH".into()]);
        assert_eq!(block(&declared), ["PATH=/bin", "LANG=en", "A=1"]);
        declared.inherit = Inherit::Nothing;
        assert_eq!(block(&declared), ["LANG=en", "A=1"]);
        declared.set.insert("PROCMAN_JOB".into(), "mine".into());
        assert_eq!(block(&declared), ["LANG=en", "A=1"]);
    }
}
