//! `procman schema`.

use super::context::to_stdout;
use super::{Error, SUCCESS};
use crate::json::to_json;
use crate::manifest::schema_of_manifests;

pub(super) fn schema() -> Result<u8, Error> {
    to_stdout(to_json(&schema_of_manifests()).as_bytes()).map(|()| SUCCESS)
}
