//! The file that a document goes to.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What the name of a file begins with that is to be put in the place of another.
pub(crate) const TEMPORARY: &str = ".procman-";

/// Where a document goes: a file that is replaced as a whole, so that a reader finds the old one or the new one; or what
/// has no content to be replaced, such as a FIFO or `/dev/stdout`, and is written to.
#[derive(Debug)]
pub(crate) struct Destination {
    path: PathBuf,
    /// The folder of the file that is replaced; `None` if it is written to.
    folder: Option<PathBuf>,
}

impl Destination {
    /// Makes the folder, where it is not there, and finds out whether a file can be put into it.
    pub(crate) fn prepare(path: &Path) -> io::Result<Self> {
        // What a link leads to is replaced, and not the link.
        let path = match fs::canonicalize(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error),
        };
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => return Ok(Self { path, folder: None }),
            _ => {}
        }
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        fs::create_dir_all(&folder)?;
        let this = Self { path, folder: Some(folder) };
        this.new_file().transpose()?;
        Ok(this)
    }

    /// A file beside it that is gone again unless it is put in its place.
    fn new_file(&self) -> Option<io::Result<NamedTempFile>> {
        // Whoever may read what the user writes may read this too.
        let permissions = Permissions::from_mode(0o666);
        let folder = self.folder.as_ref()?;
        Some(tempfile::Builder::new().prefix(TEMPORARY).permissions(permissions).tempfile_in(folder))
    }

    /// Writes the document.
    pub(crate) fn put(&self, document: &str) -> io::Result<()> {
        match self.new_file().transpose()? {
            Some(mut file) => {
                file.write_all(document.as_bytes())?;
                file.persist(&self.path).map_err(|error| error.error).map(drop)
            }
            None => fs::OpenOptions::new().write(true).open(&self.path)?.write_all(document.as_bytes()),
        }
    }
}
