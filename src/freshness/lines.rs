//! The lines of the state file.
//!
//! The first says which format it is; of the others the last that speaks of a thing counts. What a job was the last time it
//! succeeded is one line; what many jobs have in common, and how files were seen, has lines of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, Mark};
use crate::lossless::Lossless;
use crate::sys::Stamp;

/// The format that is written and read.
pub(super) const VERSION: u32 = 1;

/// Any line: which keys it has says what it is of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) v: Option<u32>,

    // Of a file: which contents it had when it looked like this.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<Lossless<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hash: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stat: Option<StampLine>,

    // Of a job; the settings of several are a line of their own.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) job: Option<Lossless<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) settings: Option<Mark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) argv: Option<Mark>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) inputs: Option<Vec<(Lossless<'a>, Digest)>>,
    /// There, though it may be empty, when a depfile was read.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<Vec<(Lossless<'a>, Digest)>>,
    /// No hash where nothing was known of what the dependency makes.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) deps: Option<Vec<(Lossless<'a>, Option<Digest>)>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) outputs: Option<Vec<(Lossless<'a>, Digest)>>,

    // Of settings.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) cwd: Option<Lossless<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wrapper: Option<Mark>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) stdin: Option<Lossless<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inherit: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) env: Option<BTreeMap<String, Option<Mark>>>,

    // Of what the jobs of a group had made when they were a dependency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Digest>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) jobs: Option<Vec<(Lossless<'a>, Digest)>>,
}

/// Size, time of change of the contents, time of any change, inode.
pub(super) type StampLine = (u64, i64, i64, u64);

pub(super) fn stamp_line(stamp: &Stamp) -> StampLine {
    (stamp.size, stamp.modified, stamp.changed, stamp.inode)
}

pub(super) fn stamp((size, modified, changed, inode): StampLine) -> Stamp {
    Stamp { size, modified, changed, inode }
}

impl Line<'_> {
    /// The first line of a file.
    pub(super) fn version() -> Self {
        Self { v: Some(VERSION), ..Self::default() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        // Neither can plain data fail to be serialized nor a vector to be written to.
        _ = serde_json::to_writer(&mut *out, self);
        out.push(b'\n');
    }
}

/// A line without its end, or `None` for one that was cut or is none of ours.
pub(super) fn parse(line: &[u8]) -> Option<Line<'_>> {
    serde_json::from_slice(line).ok()
}
