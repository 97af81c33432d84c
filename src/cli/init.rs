//! `procman init`.

use std::fs::OpenOptions;
use std::io::{self, Write};

use super::context::{Context, to_stderr};
use super::{Error, SUCCESS, usage};
use crate::manifest::FILE_NAME;
use crate::text;

/// The commented manifest that documents every key.
const EXAMPLE: &str = include_str!("../../procman.toml.example");

pub(super) fn init(context: &Context) -> Result<u8, Error> {
    let path = context.directory.join(FILE_NAME);
    let shown = context.show(&path);
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(EXAMPLE.as_bytes()))
    {
        Ok(()) => {
            to_stderr(&format!("wrote {shown}; `procman list` shows its tasks\n"));
            Ok(SUCCESS)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(usage(format!("`{shown}` is there already; remove it first to have it written anew")))
        }
        Err(error) => Err(Error::Fault(format!("`{shown}` cannot be written: {}", text::io_error(&error)))),
    }
}
