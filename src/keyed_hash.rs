//! Hashes that say something only to who has the key.
//!
//! Knows how values are laid out so that each layout means one thing. Does not know what they are values of.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Makes hashes that mean something only where it is known. The values of variables are hashed: without a key, whoever
/// reads a record could try out what a password is.
pub(crate) type Key = [u8; 32];

/// Lays out what is hashed so that nothing can be taken for something else: every text and every list begins with its
/// length, and every layout with a byte that no other kind of layout begins with.
#[derive(Debug)]
pub(crate) struct KeyedHash<'k> {
    key: &'k Key,
    buffer: Vec<u8>,
}

impl<'k> KeyedHash<'k> {
    pub(crate) fn new(key: &'k Key) -> Self {
        Self { key, buffer: Vec::new() }
    }

    /// Begins a layout of this kind.
    pub(crate) fn begin(&mut self, kind: u8) {
        self.buffer.clear();
        self.buffer.push(kind);
    }

    /// A path, relative to `root` where it lies inside: the folder may be moved.
    pub(crate) fn path(&mut self, path: &Path, root: &Path) {
        let inside = path.strip_prefix(root);
        self.number(usize::from(inside.is_ok()));
        self.text(inside.unwrap_or(path));
    }

    pub(crate) fn list(&mut self, texts: &[impl AsRef<OsStr>]) {
        self.number(texts.len());
        for text in texts {
            self.text(text);
        }
    }

    pub(crate) fn text(&mut self, text: impl AsRef<OsStr>) {
        let bytes = text.as_ref().as_bytes();
        self.number(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn number(&mut self, number: usize) {
        self.array((number as u64).to_le_bytes());
    }

    /// Bytes of a length that is always the same in this place.
    pub(crate) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.buffer.extend_from_slice(&bytes);
    }

    /// The hash of what was laid out since the last beginning.
    pub(crate) fn take(&self) -> [u8; 32] {
        *blake3::keyed_hash(self.key, &self.buffer).as_bytes()
    }
}

/// The first bytes of a hash: enough of it where two are compared and none is looked up.
pub(crate) fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    *hash.first_chunk().expect("the hash has 32 bytes")
}
