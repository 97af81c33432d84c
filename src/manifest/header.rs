//! What the top of the file says of a run, and of what stays of it.

use toml::Spanned;

use super::limit::Limit;
use super::raw::{Name, RawManifest};
use crate::plan::OnFailure;
use crate::retention::Retention;

/// As far as it is kept.
pub(super) struct Header {
    pub(super) limit: Option<Limit>,
    pub(super) on_failure: OnFailure,
    pub(super) default: Option<Vec<String>>,
    pub(super) retention: Retention,
}

impl Header {
    pub(super) fn of(raw: &mut RawManifest<'_>) -> Self {
        let names = |names: Spanned<Vec<Name<'_>>>| {
            names.into_inner().into_iter().map(|name| name.into_inner().into_owned()).collect()
        };
        Self {
            limit: raw.limit.take().map(Spanned::into_inner),
            on_failure: raw.on_failure.take().map(|name| name.into_inner().0).unwrap_or_default(),
            default: raw.default.take().map(names),
            retention: raw.log.take().map(Spanned::into_inner).unwrap_or_default(),
        }
    }
}
