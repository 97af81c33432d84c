//! Attempts whose output is not wholly shown, in the order of their starts. Each is found at once: behind one that runs for
//! long, `stream` may have as many waiting as there are jobs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Attempt;

/// Where an attempt is: the how many-th start it was.
pub(super) type Place = u64;

#[derive(Default)]
pub(super) struct Attempts {
    all: BTreeMap<Place, Attempt>,
    /// The one of each job that has not ended.
    open: HashMap<Arc<str>, Place>,
    next: Place,
}

impl Attempts {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The oldest.
    pub(super) fn first(&self) -> Option<(Place, &Attempt)> {
        self.all.first_key_value().map(|(place, attempt)| (*place, attempt))
    }

    /// The oldest first.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Attempt> {
        self.all.values_mut()
    }

    /// Where this attempt is, unless it has ended.
    pub(super) fn find_open(&self, job: &str, number: u32) -> Option<Place> {
        self.open.get(job).copied().filter(|place| self.all.get(place).is_some_and(|attempt| attempt.number == number))
    }

    /// One that has just started.
    pub(super) fn add(&mut self, attempt: Attempt) {
        self.open.insert(Arc::clone(&attempt.job.name), self.next);
        self.all.insert(self.next, attempt);
        self.next += 1;
    }

    /// It has ended, and its turn may be yet to come.
    pub(super) fn end(&mut self, place: Place, ok: bool) {
        if let Some(attempt) = self.all.get_mut(&place) {
            (attempt.has_ended, attempt.is_ok) = (true, ok);
            self.open.remove(&attempt.job.name);
        }
    }

    pub(super) fn get(&self, place: Place) -> Option<&Attempt> {
        self.all.get(&place)
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<Attempt> {
        let attempt = self.all.remove(&place)?;
        if !attempt.has_ended {
            self.open.remove(&attempt.job.name);
        }
        Some(attempt)
    }
}
