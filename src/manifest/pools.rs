//! The pools of a manifest: limits of their own, which tasks name.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;
use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Problems, toml_string};
use super::include::Files;
use super::raw::Name;
use super::values::Positive;
use crate::diagnostic::Problem;

/// How many slots a pool has. One whose number is wrong is a pool all the same, so that who names it is not to blame.
#[derive(Debug)]
pub(super) struct Slots(u32);

impl FromToml<'_> for Slots {
    type Schema = Positive;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        Some(Self(Positive::from_toml(value, problems).map_or(1, |slots| slots.0)))
    }
}

/// All pools of all files, which share their names.
#[derive(Debug, Default)]
pub(super) struct Pools {
    /// How many slots each has, and where that is written.
    slots: IndexMap<Arc<str>, (u32, Range<usize>)>,
    /// Whether all there are are known: otherwise whoever names another is not to blame.
    are_complete: bool,
}

impl Pools {
    /// Takes them from the files that declare them.
    pub(super) fn of(files: &mut Files<'_>, problems: &mut Problems) -> Self {
        let mut this = Self { slots: IndexMap::new(), are_complete: files.are_complete };
        for file in &mut files.list {
            for (name, slots) in file.raw.pools.take().into_iter().flat_map(Spanned::into_inner) {
                this.add(&name, slots.0, problems);
            }
        }
        this
    }

    fn add(&mut self, name: &Name<'_>, slots: u32, problems: &mut Problems) {
        problems.list.extend(super::names::problem(name));
        match self.slots.entry(Arc::from(&**name.get_ref())) {
            Entry::Vacant(free) => {
                free.insert((slots, name.span()));
            }
            Entry::Occupied(taken) => {
                let problem = Problem::error(name.span(), format!("pool `{}` is there twice", name.get_ref()));
                let problem = problem.and(taken.get().1.clone(), "the other is here");
                problems.push(problem.help("all files of a manifest share their pools; leave one out"));
            }
        }
    }

    /// The pools that a task names, each of which is to exist and to be named once.
    pub(super) fn named(&self, names: &Spanned<Vec<Name<'_>>>, problems: &mut Problems) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for name in names.get_ref() {
            let text = &**name.get_ref();
            if all.iter().any(|other| other == text) {
                let problem = Problem::error(name.span(), format!("pool `{text}` is named twice"));
                problems.push(problem.help("a job takes one slot in a pool; for less at once, give the pool fewer"));
            } else if self.are_complete && !self.slots.contains_key(text) {
                let mut problem = Problem::error(name.span(), format!("unknown pool `{text}`"));
                let suggestion = problems.suggest(text, self.slots.keys().map(|name| &**name));
                problem.help = suggestion.or_else(|| Some(format!("declare it under `[pools]`: `{} = 1`", key(text))));
                problems.push(problem);
            }
            all.push(text.to_owned());
        }
        all
    }

    /// How many slots each has.
    pub(super) fn slots(&self) -> IndexMap<Arc<str>, u32> {
        self.slots.iter().map(|(name, (slots, _))| (Arc::clone(name), *slots)).collect()
    }
}

/// A name as TOML writes a key.
fn key(name: &str) -> String {
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) && !name.is_empty();
    if is_bare { name.to_owned() } else { toml_string(name) }
}
