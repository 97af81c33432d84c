//! What is known: of jobs, as they were the last time they succeeded, and of files, as they were seen.
//!
//! Knows the lines of the state file and what they come to. Does not know which jobs there are now, nor where the file
//! is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::io::{self, BufRead};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::digest::{Digest, Mark};
use super::lines::{self, Line, Seen, SettingsLine, VERSION};
use super::names::Names;
use crate::lossless::Lossless;
use crate::sys::Stamp;

/// A file by its number.
pub(super) type FileId = u32;
/// A job or a group by its number, whether it is in a plan or not.
pub(super) type NameId = u32;

/// All that is known.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(super) files: Names,
    /// By file; shorter where nothing is known of the last ones.
    known: Vec<Option<Known>>,
    pub(super) names: Names,
    /// By name; shorter likewise.
    records: Vec<Option<Arc<Record>>>,
    settings: HashMap<Mark, Settings>,
    groups: HashMap<Digest, Arc<[(NameId, Digest)]>>,
    /// How many lines the file has.
    pub(super) lines: usize,
}

/// How a file was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    pub(super) digest: Digest,
    /// As long as it looks like this, it has these contents.
    pub(super) stamp: Stamp,
    pub(super) is_saved: bool,
}

/// What a job was when it last succeeded.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) settings: Mark,
    pub(super) argv: Mark,
    /// Inputs, then those found by a depfile, then outputs.
    files: Box<[(FileId, Digest)]>,
    inputs: u32,
    /// `None` when there was no depfile.
    found: Option<u32>,
    /// What its dependencies had made.
    pub(super) deps: Box<[(NameId, Option<Digest>)]>,
    outputs_digest: OnceLock<Digest>,
}

/// What many jobs have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) cwd: Vec<u8>,
    pub(super) wrapper: Mark,
    pub(super) stdin: Option<Vec<u8>>,
    /// Whether every variable is inherited of which nothing else is said.
    pub(super) inherit: bool,
    /// Values, hashed; `None` where a variable is taken away.
    pub(super) env: BTreeMap<String, Option<Mark>>,
}

/// The files of a job, for a record.
#[derive(Debug, Default)]
pub(super) struct RecordFiles {
    pub(super) inputs: Vec<(FileId, Digest)>,
    pub(super) found: Option<Vec<(FileId, Digest)>>,
    pub(super) outputs: Vec<(FileId, Digest)>,
}

impl Record {
    pub(super) fn new(settings: Mark, argv: Mark, files: RecordFiles, deps: Vec<(NameId, Option<Digest>)>) -> Self {
        let count = |files: &Vec<_>| u32::try_from(files.len()).expect("fewer than 2^32 files fit into memory");
        let (inputs, found) = (count(&files.inputs), files.found.as_ref().map(count));
        let mut all = files.inputs;
        all.reserve_exact(files.outputs.len() + files.found.as_ref().map_or(0, Vec::len));
        all.extend(files.found.into_iter().flatten());
        all.extend(files.outputs);
        let (files, deps) = (all.into_boxed_slice(), deps.into_boxed_slice());
        Self { settings, argv, files, inputs, found, deps, outputs_digest: OnceLock::new() }
    }

    pub(super) fn inputs(&self) -> &[(FileId, Digest)] {
        &self.files[..self.inputs as usize]
    }

    pub(super) fn found(&self) -> Option<&[(FileId, Digest)]> {
        self.found.map(|found| &self.files[self.inputs as usize..][..found as usize])
    }

    pub(super) fn outputs(&self) -> &[(FileId, Digest)] {
        &self.files[(self.inputs + self.found.unwrap_or(0)) as usize..]
    }

    /// One hash of all outputs, which `make` makes the first time.
    pub(super) fn outputs_digest(&self, make: impl FnOnce() -> Digest) -> Digest {
        *self.outputs_digest.get_or_init(make)
    }
}

impl State {
    /// Reads a whole file. Lines that are cut or are none of ours are passed over, and so is a whole file of another
    /// version.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn read(mut file: impl BufRead) -> io::Result<Self> {
        let mut state = Self::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if file.read_until(b'\n', &mut line)? == 0 {
                return Ok(state);
            }
            let parsed = lines::parse(line.strip_suffix(b"\n").unwrap_or(&line));
            if state.lines == 0 && parsed.as_ref().is_none_or(|line| line.v != Some(VERSION)) {
                return Ok(state);
            }
            state.lines += 1;
            if let Some(line) = parsed {
                state.apply(line);
            }
        }
    }

    fn apply(&mut self, line: Line<'_>) {
        match line {
            Line { job: Some(job), settings: Some(settings), argv: Some(argv), .. } => {
                let mut numbers = |list: Vec<Seen<'_>>| list.iter().map(|seen| self.see(seen)).collect();
                let files = RecordFiles {
                    inputs: numbers(line.inputs),
                    found: line.found.map(&mut numbers),
                    outputs: numbers(line.outputs),
                };
                let deps = line.deps.iter().map(|(name, digest)| (self.names.number(&name.0), *digest)).collect();
                let job = self.names.number(&job.0);
                self.keep(job, Arc::new(Record::new(settings, argv, files, deps)));
            }
            Line { job: Some(job), .. } => {
                let job = self.names.number(&job.0);
                self.records.get_mut(job as usize).and_then(Option::take);
            }
            Line { file: Some(seen), .. } => _ = self.see(&seen),
            Line { settings: Some(mark), are: Some(are), .. } => {
                let settings = Settings {
                    cwd: are.cwd.0.into_owned(),
                    wrapper: are.wrapper,
                    stdin: are.stdin.map(|stdin| stdin.0.into_owned()),
                    inherit: are.inherit,
                    env: are.env,
                };
                self.settings.insert(mark, settings);
            }
            Line { group: Some(digest), made, .. } => {
                let made = made.iter().map(|(name, digest)| (self.names.number(&name.0), *digest)).collect();
                self.groups.insert(digest, made);
            }
            _ => {}
        }
    }

    /// Takes in a file as a line has it.
    fn see(&mut self, seen: &Seen<'_>) -> (FileId, Digest) {
        let file = self.files.number(&seen.path.0);
        if let Some(stamp) = seen.stamp {
            self.know(file, Known { digest: seen.digest, stamp, is_saved: true });
        }
        (file, seen.digest)
    }

    pub(super) fn path(&self, file: FileId) -> &Path {
        Path::new(OsStr::from_bytes(self.files.name(file)))
    }

    /// The number of a file that is known.
    pub(super) fn file(&self, path: &Path) -> Option<FileId> {
        self.files.get(path.as_os_str().as_bytes())
    }

    /// The number of any file.
    pub(super) fn file_number(&mut self, path: &Path) -> FileId {
        self.files.number(path.as_os_str().as_bytes())
    }

    pub(super) fn learn(&mut self, path: &Path, known: Known) {
        let file = self.file_number(path);
        self.know(file, known);
    }

    pub(super) fn known(&self, file: FileId) -> Option<&Known> {
        self.known.get(file as usize)?.as_ref()
    }

    pub(super) fn know(&mut self, file: FileId, known: Known) {
        put(&mut self.known, file, known);
    }

    pub(super) fn record(&self, name: NameId) -> Option<&Arc<Record>> {
        self.records.get(name as usize)?.as_ref()
    }

    pub(super) fn keep(&mut self, name: NameId, record: Arc<Record>) {
        put(&mut self.records, name, record);
    }

    pub(super) fn settings(&self, mark: Mark) -> Option<&Settings> {
        self.settings.get(&mark)
    }

    pub(super) fn group(&self, digest: Digest) -> Option<&Arc<[(NameId, Digest)]>> {
        self.groups.get(&digest)
    }

    /// Adds settings unless they are known; answers whether they were not.
    pub(super) fn add_settings(&mut self, mark: Mark, settings: &Settings) -> bool {
        let is_new = !self.settings.contains_key(&mark);
        if is_new {
            self.settings.insert(mark, settings.clone());
        }
        is_new
    }

    /// Adds what a group had made unless it is known; answers whether it was not.
    pub(super) fn add_group(&mut self, digest: Digest, jobs: impl FnOnce() -> Arc<[(NameId, Digest)]>) -> bool {
        let is_new = !self.groups.contains_key(&digest);
        if is_new {
            self.groups.insert(digest, jobs());
        }
        is_new
    }

    /// Everything that is of use, in as few lines as possible; and how many they are.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> usize {
        let mut lines = 1;
        Line::version().write(out);
        self.known.iter_mut().flatten().for_each(|known| known.is_saved = false);
        let (mut settings, mut groups) = (HashSet::new(), HashSet::new());
        for name in 0..u32::try_from(self.records.len()).unwrap_or(u32::MAX) {
            let Some(record) = self.record(name).cloned() else { continue };
            settings.insert(record.settings);
            groups.extend(record.deps.iter().filter_map(|(_, digest)| *digest));
            self.write_job(name, &record, out);
            lines += 1;
        }
        settings.retain(|mark| self.settings.contains_key(mark));
        groups.retain(|digest| self.groups.contains_key(digest));
        for mark in &settings {
            self.write_settings(*mark, out);
        }
        for digest in &groups {
            self.write_group(*digest, out);
        }
        lines + settings.len() + groups.len()
    }

    /// Forgets what is known of a job.
    pub(super) fn forget(&mut self, name: NameId, out: &mut Vec<u8>) {
        self.records.get_mut(name as usize).and_then(Option::take);
        Line { job: Some(self.names.name(name).into()), ..Line::default() }.write(out);
        self.lines += 1;
    }

    /// As a line, with all that is known of its files and in no line yet.
    pub(super) fn write_job(&mut self, name: NameId, record: &Record, out: &mut Vec<u8>) {
        let (files, known) = (&self.files, &mut self.known);
        let mut seen = |list: &[(FileId, Digest)]| list.iter().map(|file| Self::seen(files, known, *file)).collect();
        let dep = |(name, digest): &(NameId, Option<Digest>)| (self.names.name(*name).into(), *digest);
        let line = Line {
            job: Some(self.names.name(name).into()),
            settings: Some(record.settings),
            argv: Some(record.argv),
            inputs: seen(record.inputs()),
            found: record.found().map(&mut seen),
            deps: record.deps.iter().map(dep).collect(),
            outputs: seen(record.outputs()),
            ..Line::default()
        };
        line.write(out);
    }

    /// A file for a line, with what is known of it if that is of these contents and in no line yet.
    fn seen<'a>(files: &'a Names, known: &mut [Option<Known>], (file, digest): (FileId, Digest)) -> Seen<'a> {
        let known = known.get_mut(file as usize).and_then(Option::as_mut);
        let unsaved = known.filter(|known| !known.is_saved && known.digest == digest);
        let stamp = unsaved.map(|known| {
            known.is_saved = true;
            known.stamp
        });
        Seen { path: files.name(file).into(), digest, stamp }
    }

    pub(super) fn write_settings(&self, mark: Mark, out: &mut Vec<u8>) {
        let Some(settings) = self.settings.get(&mark) else { return };
        let are = SettingsLine {
            cwd: settings.cwd.as_slice().into(),
            wrapper: settings.wrapper,
            stdin: settings.stdin.as_deref().map(Lossless::from),
            inherit: settings.inherit,
            env: settings.env.clone(),
        };
        Line { settings: Some(mark), are: Some(Box::new(are)), ..Line::default() }.write(out);
    }

    pub(super) fn write_group(&self, digest: Digest, out: &mut Vec<u8>) {
        let Some(made) = self.groups.get(&digest) else { return };
        let made = made.iter().map(|(name, digest)| (self.names.name(*name).into(), *digest));
        Line { group: Some(digest), made: made.collect(), ..Line::default() }.write(out);
    }

    /// A line for each file of which something is known that is in no line yet; and how many they are.
    pub(super) fn write_unsaved(&mut self, out: &mut Vec<u8>) -> usize {
        let mut lines = 0;
        for file in 0..self.known.len() {
            let Some(Known { digest, is_saved: false, .. }) = self.known[file] else { continue };
            let file = u32::try_from(file).unwrap_or(u32::MAX);
            let seen = Self::seen(&self.files, &mut self.known, (file, digest));
            Line { file: Some(seen), ..Line::default() }.write(out);
            lines += 1;
        }
        lines
    }

    /// How many lines of the file, at most, would be left if it were written anew.
    pub(super) fn live_lines(&self) -> usize {
        1 + self.records.iter().flatten().count() + self.settings.len() + self.groups.len()
    }
}

fn put<T: Clone>(list: &mut Vec<Option<T>>, at: u32, value: T) {
    let at = at as usize;
    if list.len() <= at {
        list.resize(at + 1, None);
    }
    list[at] = Some(value);
}
