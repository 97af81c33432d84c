//! The lines of the state file.
//!
//! The first says which format it is; of the others the last that speaks of a thing counts. What a job was the last
//! time it succeeded is one line; what many jobs have in common, and how files were seen, has lines of its own.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

    /// A file that was seen.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<Seen<'a>>,

    // A job that succeeded, and what its settings, its files and its dependencies were; with nothing else, one of which
    // nothing is known any more.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) job: Option<Lossless<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) settings: Option<Mark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) argv: Option<Mark>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) inputs: Vec<Seen<'a>>,
    /// There, though it may be empty, when a depfile was read.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<Vec<Seen<'a>>>,
    /// No hash where nothing was known of what the dependency makes.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deps: Vec<(Lossless<'a>, Option<Digest>)>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) outputs: Vec<Seen<'a>>,

    /// What settings are, beside their hash.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) are: Option<Box<SettingsLine<'a>>>,

    // What the jobs of a group had made when it was a dependency; the hash of it all is in those that needed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Digest>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) made: Vec<(Lossless<'a>, Digest)>,
}

/// What many jobs have in common.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SettingsLine<'a> {
    #[serde(borrow)]
    pub(super) cwd: Lossless<'a>,
    pub(super) wrapper: Mark,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) stdin: Option<Lossless<'a>>,
    pub(super) inherit: bool,
    pub(super) env: BTreeMap<String, Option<Mark>>,
}

/// A file and its contents, as `[path, hash, size, time of change of the contents, time of any change, inode]`; of the
/// last four, which say how to recognise it without reading it, there are all or none.
#[derive(Debug, Clone)]
pub(super) struct Seen<'a> {
    pub(super) path: Lossless<'a>,
    pub(super) digest: Digest,
    pub(super) stamp: Option<Stamp>,
}

impl Serialize for Seen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.stamp {
            None => (&self.path, self.digest).serialize(serializer),
            Some(stamp) => {
                (&self.path, self.digest, stamp.size, stamp.modified, stamp.changed, stamp.inode).serialize(serializer)
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Seen<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Seen<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file, its hash, and its times")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Seen<'de>, A::Error> {
                fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(fields: &mut A) -> Result<T, A::Error> {
                    fields.next_element()?.ok_or_else(|| A::Error::custom("something is missing"))
                }
                let (path, digest) = (next(&mut fields)?, next(&mut fields)?);
                let Some(size) = fields.next_element()? else { return Ok(Seen { path, digest, stamp: None }) };
                let (modified, changed) = (next(&mut fields)?, next(&mut fields)?);
                let stamp = Stamp { size, modified, changed, inode: next(&mut fields)? };
                Ok(Seen { path, digest, stamp: Some(stamp) })
            }
        }

        deserializer.deserialize_seq(Fields)
    }
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
