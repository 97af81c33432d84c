//! `procman report`, and the reports of a run that was just made.

use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::context::{Context, to_stdout};
use super::{Error, SUCCESS, past_run, usage};
use crate::export::{Destination, Format, Report};
use crate::record::PastRun;
use crate::text;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The run: its id, the beginning or the end of it; otherwise the latest
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// What to write
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Format,
    /// Write it to this file, and not to stdout
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

pub(super) fn report(context: &Context, args: &ReportArgs) -> Result<u8, Error> {
    let run = past_run::find(context, args.run.as_deref())?;
    let PastRun { folder: run, record, .. } = PastRun::read(run);
    let record = record.map_err(|error| past_run::unreadable(context, &run, &error))?;
    let manifest = context.manifest_path()?;
    let root = manifest.parent().unwrap_or(Path::new("/"));
    let document = args.format.render(&Report { record: &record, logs: &run.logs(), root });
    let Some(file) = &args.output else { return to_stdout(document.as_bytes()).map(|()| SUCCESS) };
    let path = context.directory.join(file);
    let written = Destination::prepare(&path).and_then(|destination| destination.put(&document));
    written.map(|()| SUCCESS).map_err(|error| Error::Fault(unwritable(context, args.format, &path, &error)))
}

/// `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    format: Format,
    file: PathBuf,
}

impl Wanted {
    /// The file, absolute.
    pub(super) fn path(&self, context: &Context) -> PathBuf {
        context.directory.join(&self.file)
    }
}

/// What is to be written when a run has ended.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let formats = || Format::ALL.map(Format::word).join(", ");
    match text.split_once('=') {
        Some((word, file)) if !file.is_empty() => match Format::of_word(word) {
            Some(format) => Ok(Wanted { format, file: file.into() }),
            None => Err(format!("there is no format `{}`; it can be {}", text::escape(word.as_bytes()), formats())),
        },
        _ => Err(format!("write FORMAT=FILE; FORMAT can be {}", formats())),
    }
}

/// The reports of a run to come.
pub(super) struct Reports(Vec<(Format, PathBuf, Destination)>);

impl Reports {
    /// Looks whether they can be written.
    pub(super) fn prepare(context: &Context, wanted: &[Wanted]) -> Result<Self, Error> {
        let manifest = context.manifest_path()?;
        let mut taken = vec![(fs::canonicalize(&manifest).unwrap_or(manifest), "the manifest")];
        let prepared = wanted.iter().map(|wanted| {
            let path = wanted.path(context);
            let place = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if let Some((_, whose)) = taken.iter().find(|(other, _)| *other == place) {
                return Err(usage(format!(
                    "`{}` is {whose}; give the {} report a file of its own",
                    context.show(&path),
                    wanted.format.word()
                )));
            }
            taken.push((place, "another report's"));
            match Destination::prepare(&path) {
                Ok(destination) => Ok((wanted.format, path, destination)),
                Err(error) => Err(usage(unwritable(context, wanted.format, &path, &error))),
            }
        });
        prepared.collect::<Result<_, _>>().map(Self)
    }

    /// Writes them. Answers what went wrong; texts for the user.
    pub(super) fn write(&self, context: &Context, report: &Report<'_>) -> Vec<String> {
        let write = |(format, path, destination): &(Format, PathBuf, Destination)| {
            let written = destination.put(&format.render(report));
            written.err().map(|error| unwritable(context, *format, path, &error))
        };
        self.0.iter().filter_map(write).collect()
    }
}

fn unwritable(context: &Context, format: Format, path: &Path, error: &std::io::Error) -> String {
    let (format, path) = (format.word(), context.show(path));
    format!("the {format} report `{path}` cannot be written: {}", text::io_error(error))
}
