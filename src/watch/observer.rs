//! What has changed of what counts: hints of the system come in, and looks at files say what there is to them.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::folders::{Folders, Touched, WatchError};
use super::looks::{Difference, Looks};
use super::open_folder::is_kept_apart;
use super::scope::{Listings, Scope};

/// How often folders are listed anew because others came while they were being watched.
const MOST_ROUNDS: usize = 10;

/// Files that count, and how they were.
pub(crate) struct Observer {
    scope: Scope,
    folders: Folders,
    looks: Looks,
    /// The files that somebody has touched since they were looked at.
    touched: HashSet<PathBuf>,
    /// Whether there may be other files and folders than there were.
    is_shaken: bool,
}

impl Observer {
    /// With nothing to watch yet. `tell` is called by a thread of its own. Relative paths start at `root`.
    pub(crate) fn new(root: &Path, tell: impl Fn(Touched) + Send + 'static) -> Result<Self, WatchError> {
        let (folders, looks) = (Folders::new(root, tell)?, Looks::new(root));
        Ok(Self { scope: Scope::default(), folders, looks, touched: HashSet::new(), is_shaken: false })
    }

    /// How many files there are that count.
    pub(crate) fn count(&self) -> usize {
        self.looks.count()
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// From now on this is what counts. What did not count before has not changed, unless it has since this time. Answers
    /// that, and whether folders are watched now that were not when the scope was made.
    pub(crate) fn set_scope(
        &mut self,
        scope: Scope,
        since: Option<SystemTime>,
    ) -> Result<(BTreeSet<PathBuf>, bool), WatchError> {
        self.scope = scope;
        let (files, is_any_new) = self.watch()?;
        Ok((self.looks.adopt(files, since), is_any_new))
    }

    /// Gives up what counted, for a new scope to be made of it.
    pub(crate) fn take_scope(&mut self) -> Scope {
        std::mem::take(&mut self.scope)
    }

    /// Takes in a hint. Answers whether it is one of something that may count.
    pub(crate) fn hint(&mut self, touched: Touched) -> bool {
        match touched {
            Touched::Anything => {
                self.is_shaken = true;
                true
            }
            Touched::Paths(paths) => paths.iter().fold(false, |any, path| self.hint_at(path) | any),
        }
    }

    fn hint_at(&mut self, real: &Path) -> bool {
        let mut is_shaken = false;
        if self.folders.is_watched(real) {
            self.folders.forget(real);
            is_shaken = true;
        }
        let mut is_touched = false;
        for path in self.folders.names_of(real) {
            let may_count = self.looks.knows(&path) || self.scope.may_count(&path);
            // What counts may lie in a folder that is new.
            is_shaken |= real.is_dir() && (may_count || !is_kept_apart(&path) || self.scope.leads_on(&path));
            if may_count {
                self.touched.insert(path);
                is_touched = true;
            }
        }
        self.is_shaken |= is_shaken;
        is_shaken || is_touched
    }

    /// Which files are not as they were; of those of which there is a hint.
    pub(crate) fn look(&mut self) -> Result<BTreeSet<PathBuf>, WatchError> {
        if self.is_shaken {
            return self.look_at_all();
        }
        let mut listings = Listings::new();
        let mut changed = BTreeSet::new();
        for path in std::mem::take(&mut self.touched) {
            if self.scope.counts(&path, &mut listings) {
                self.looks.seek(&path);
            }
            let difference = self.looks.compare_one(&path, true);
            if difference.is_some_and(|difference| self.is_counted(&path, difference)) {
                changed.insert(path);
            }
        }
        Ok(changed)
    }

    /// The same of all that count.
    pub(crate) fn look_at_all(&mut self) -> Result<BTreeSet<PathBuf>, WatchError> {
        self.is_shaken = false;
        let touched = std::mem::take(&mut self.touched);
        let (files, _) = self.watch()?;
        let differences = self.looks.compare(files, &touched);
        let counted = differences.into_iter().filter(|(path, difference)| self.is_counted(path, *difference));
        Ok(counted.map(|(path, _)| path).collect())
    }

    fn is_counted(&self, path: &Path, difference: Difference) -> bool {
        difference == Difference::Presence || !self.scope.counts_by_name(path)
    }

    /// Watches all folders there are, and answers the files that are there when it does; and whether any of the folders is
    /// new.
    fn watch(&mut self) -> Result<(BTreeSet<PathBuf>, bool), WatchError> {
        let mut is_any_new = false;
        for _ in 0..MOST_ROUNDS {
            let files = self.scope.files();
            if !self.folders.watch(&self.scope.folders(), &files)? {
                return Ok((files, is_any_new));
            }
            // Before they were watched, something may have come into them that nobody has told of.
            is_any_new = true;
        }
        Ok((self.scope.files(), is_any_new))
    }
}
