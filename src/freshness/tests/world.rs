//! Some jobs and their files, and a reference that remembers everything in full and reads every file every time.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::files::{FileSet, JobFiles};
use crate::glob::PathOrGlob;
use crate::graph::{Graph, NodeId};
use crate::job::{Job, JobId, JobMap, JobSettings, Splice, Spliced};
use crate::keyed_hash::Key;
use crate::plan::Plan;

pub(super) const JOBS: usize = 5;
pub(super) const KEY: Key = [5; 32];
/// Of these the first character makes a difference to what jobs make; all but the last have the same size.
pub(super) const CONTENTS: [&str; 4] = ["aa", "ab", "ba", "c"];
pub(super) const GLOB: &str = "glob/*.in";

/// How a job is declared.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) sources: Vec<usize>,
    /// Earlier jobs whose outputs it reads.
    pub(super) made: Vec<usize>,
    pub(super) has_glob: bool,
    pub(super) makes: Makes,
    /// Those it reads without saying so, but for a depfile.
    pub(super) headers: Option<Vec<usize>>,
    /// Earlier jobs.
    pub(super) needs: Vec<usize>,
    /// The first stands for the jobs 0 and 1, the second for the first and the job 2.
    pub(super) group: Option<usize>,
    pub(super) after: Vec<usize>,
    pub(super) may_fail: bool,
    pub(super) splices: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Makes {
    Nothing,
    File,
    /// Named by a glob, of which one file has the content of the other as its name.
    Glob,
}

/// What is done to the files and to the manifest between two runs.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Write(File, usize),
    /// With a time of long ago.
    WriteOld(File, usize),
    Remove(File),
    /// All files get another time.
    CheckOut,
    Argv(usize, u8),
    Variable(usize, u8),
    /// Enough time passes for files to be told by how they look.
    Wait,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum File {
    Source(usize),
    Header(usize),
    Globbed(usize),
    Output(usize),
}

pub(super) fn name(job: usize) -> String {
    format!("job{job}")
}

impl File {
    pub(super) fn path(self) -> String {
        match self {
            Self::Source(number) => format!("source{number}"),
            Self::Header(number) => format!("include/header {number}.h"),
            Self::Globbed(number) => format!("glob/{number}.in"),
            Self::Output(job) => format!("out/{job}"),
        }
    }
}

impl Declared {
    pub(super) fn files(&self, job: usize) -> Option<Box<JobFiles>> {
        let set = |texts: Vec<String>| FileSet {
            named: texts.iter().map(|text| PathOrGlob::parse("".as_ref(), text).expect("a pattern")).collect(),
            excluded: Vec::new(),
        };
        let sources = self.sources.iter().map(|number| File::Source(*number).path());
        let made = self.made.iter().map(|job| File::Output(*job).path());
        let inputs = set(sources.chain(made).chain(self.has_glob.then(|| GLOB.to_owned())).collect());
        let outputs = set(match self.makes {
            Makes::Nothing => Vec::new(),
            Makes::File => vec![File::Output(job).path()],
            Makes::Glob => vec![format!("out/{job}.*")],
        });
        let depfile = self.headers.is_some().then(|| format!("out/{job}.d").replace(".d", "_d").into());
        (!inputs.is_empty() || !outputs.is_empty() || depfile.is_some())
            .then(|| Box::new(JobFiles { inputs, outputs, depfile }))
    }
}

/// The files, the manifest, and what the reference remembers.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) jobs: Vec<Declared>,
    pub(super) argv: [u8; JOBS],
    pub(super) variables: [u8; JOBS],
    pub(super) memory: HashMap<usize, Memory>,
}

pub(super) type Files = BTreeMap<String, Option<String>>;

/// A job when it last succeeded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Memory {
    pub(super) argv: u8,
    pub(super) variable: u8,
    pub(super) inputs: Files,
    pub(super) found: Option<Files>,
    /// What dependencies had made.
    pub(super) deps: BTreeMap<(Option<usize>, usize), Option<Files>>,
    pub(super) outputs: Files,
}

impl World {
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn write(&self, file: &str, content: &str) {
        fs::write(self.path(file), content).expect("it can be written");
    }

    pub(super) fn read(&self, files: impl IntoIterator<Item = String>) -> Files {
        let read = |path: String| (path.clone(), fs::read_to_string(self.path(&path)).ok());
        files.into_iter().map(read).collect()
    }

    pub(super) fn list(&self, folder: &str, is_listed: impl Fn(&str) -> bool) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("it is there");
        let names = entries.map(|entry| entry.expect("it can be read").file_name().into_string().expect("UTF-8"));
        let mut names: Vec<String> = names.filter(|name| is_listed(name)).collect();
        names.sort();
        names.into_iter().map(|name| format!("{folder}/{name}")).collect()
    }

    pub(super) fn inputs(&self, job: usize) -> Vec<String> {
        let declared = &self.jobs[job];
        let sources = declared.sources.iter().map(|number| File::Source(*number).path());
        let made = declared.made.iter().map(|job| File::Output(*job).path());
        let globbed = if declared.has_glob { self.list("glob", |_| true) } else { Vec::new() };
        sources.chain(made).chain(globbed).collect()
    }

    pub(super) fn outputs(&self, job: usize) -> Vec<String> {
        match self.jobs[job].makes {
            Makes::Nothing => Vec::new(),
            Makes::File => vec![File::Output(job).path()],
            Makes::Glob => self.list("out", |name| name.starts_with(&format!("{job}."))),
        }
    }

    pub(super) fn headers(&self, job: usize) -> Vec<String> {
        let headers = self.jobs[job].headers.iter().flatten().map(|number| File::Header(*number).path());
        headers.filter(|header| self.path(header).exists()).collect()
    }

    pub(super) fn edit(&mut self, edit: &Edit) {
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let set_time = |path: &Path| {
            let file = fs::File::options().write(true).open(path).expect("it is there");
            file.set_modified(old).expect("it is ours");
        };
        match edit {
            Edit::Write(file, content) => self.write(&file.path(), CONTENTS[*content]),
            Edit::WriteOld(file, content) => {
                self.write(&file.path(), CONTENTS[*content]);
                set_time(&self.path(&file.path()));
            }
            // Sources stay: without one, no run would start.
            Edit::Remove(File::Source(_)) => {}
            Edit::Remove(file) => _ = fs::remove_file(self.path(&file.path())),
            Edit::CheckOut => {
                for folder in [".", "include", "glob", "out"] {
                    for file in self.list(folder, |_| true).iter().map(|file| self.path(file)) {
                        if file.is_file() {
                            set_time(&file);
                        }
                    }
                }
            }
            Edit::Argv(job, argv) => self.argv[*job] = *argv,
            Edit::Variable(job, value) => self.variables[*job] = *value,
            Edit::Wait => wait(),
        }
    }

    /// The jobs that one depends on and that make something, each with the group it belongs to in this.
    pub(super) fn dependencies(&self, job: usize) -> Vec<(Option<usize>, usize)> {
        let declared = &self.jobs[job];
        let grouped = 0..declared.group.map_or(0, |group| group + 2);
        let direct = declared.needs.iter().chain(&declared.made).map(|need| (None, *need));
        let all = direct.chain(grouped.map(|need| (declared.group, need)));
        all.filter(|(_, need)| self.jobs[*need].makes != Makes::Nothing).collect()
    }

    pub(super) fn plan(&self, kept: &[bool]) -> Plan {
        let mut jobs = JobMap::new();
        let mut graph = Graph::new(JOBS);
        let groups = [graph.add_join(), graph.add_join()];
        for (at, group) in [(0, 0), (1, 0), (2, 1)] {
            graph.add_need(groups[group], JobId(at).into());
        }
        graph.add_need(groups[1], groups[0]);
        for (at, declared) in self.jobs.iter().enumerate() {
            let mut settings = JobSettings::in_directory(self.path("include"));
            settings.environment.set.insert("VARIABLE".to_owned(), self.variables[at].to_string());
            let mut job = Job::new(vec![self.argv[at].to_string().into()], Arc::new(settings));
            job.files = declared.files(at);
            job.splices.extend(declared.splices.then_some(Splice { at: 1, what: Spliced::Inputs }));
            let id = jobs.insert(name(at), job).expect("a valid job");
            for need in declared.needs.iter().chain(&declared.made) {
                graph.add_need(id.into(), node(*need));
            }
            for after in &declared.after {
                graph.add_after(id.into(), node(*after));
            }
            declared.group.iter().for_each(|group| graph.add_need(id.into(), groups[*group]));
        }
        let root = Some(self.folder.path().to_owned());
        Plan { graph, groups: vec!["first".into(), "second".into()], root, ..Plan::independent(jobs) }
            .restricted_to(kept)
    }

    /// What a job would be remembered as if it succeeded now.
    pub(super) fn now(&self, job: usize, kept: &[bool], made: &HashMap<usize, Option<Files>>) -> Memory {
        let before = self.memory.get(&job);
        let deps = self.dependencies(job).into_iter().filter_map(|dependency| {
            let need = dependency.1;
            let remembered = || self.memory.get(&need).map(|memory| memory.outputs.clone());
            if kept[need] {
                return Some((dependency, made.get(&need).cloned().unwrap_or_else(remembered)));
            }
            // Left out, it counts if it did before, as far as it is known.
            let counts = before.is_some_and(|before| before.deps.get(&dependency).is_some_and(Option::is_some));
            remembered().filter(|_| counts).map(|made| (dependency, Some(made)))
        });
        let mut deps: BTreeMap<_, _> = deps.collect();
        // A group is known as a whole or not at all.
        if deps.iter().any(|((group, _), made)| group.is_some() && made.is_none()) {
            deps.iter_mut().filter(|((group, _), _)| group.is_some()).for_each(|(_, made)| *made = None);
        }
        Memory {
            argv: self.argv[job],
            variable: self.variables[job],
            inputs: self.read(self.inputs(job)),
            found: self.jobs[job].headers.is_some().then(|| self.read(self.headers(job))),
            deps,
            outputs: self.read(self.outputs(job)),
        }
    }

    pub(super) fn is_fresh(&self, job: usize, kept: &[bool], made: &HashMap<usize, Option<Files>>) -> bool {
        let Some(before) = self.memory.get(&job) else { return false };
        let now = self.read(self.outputs(job));
        self.has_same_key(job, kept, made)
            && before.outputs == now
            && now.values().all(Option::is_some)
            && (self.jobs[job].makes == Makes::Nothing || !now.is_empty())
    }

    /// Whether all that a job is made from is as it was when it last succeeded.
    pub(super) fn has_same_key(&self, job: usize, kept: &[bool], made: &HashMap<usize, Option<Files>>) -> bool {
        let Some(before) = self.memory.get(&job) else { return false };
        let mut now = self.now(job, kept, made);
        // What the depfile named is looked at, and nothing else.
        now.found = before.found.clone().map(|found| self.read(found.into_keys()));
        // Of what was left out and is not known, nothing is said.
        let mut before = before.clone();
        before
            .deps
            .retain(|dependency, made| made.is_none() || kept[dependency.1] || now.deps.contains_key(dependency));
        before.outputs.clone_from(&now.outputs);
        before == now && now.deps.values().all(Option::is_some)
    }

    /// What the job's process does, if it does all.
    pub(super) fn make(&self, job: usize) {
        let files = self.read(self.inputs(job).into_iter().chain(self.headers(job)));
        let read = files.values().flatten().filter_map(|content| content.chars().next());
        let content = format!("{}{}{}", self.argv[job], self.variables[job] % 2, read.collect::<String>());
        match self.jobs[job].makes {
            Makes::Nothing => {}
            Makes::File => self.write(&File::Output(job).path(), &content),
            Makes::Glob => {
                for old in self.outputs(job) {
                    fs::remove_file(self.path(&old)).expect("it is there");
                }
                self.write(&format!("out/{job}.{content}"), "");
                self.write(&format!("out/{job}.x"), &content);
            }
        }
        if self.jobs[job].headers.is_some() {
            let headers = self.headers(job).into_iter().enumerate().map(|(at, header)| match at {
                // As the compiler was given it, which is run in the folder of headers.
                0 => format!("{}/{}", self.folder.path().display(), header).replace(' ', r"\ "),
                _ => header.replace("include/", "./").replace(' ', r"\ "),
            });
            let text = format!("object: {}\n", headers.collect::<Vec<_>>().join(" \\\n "));
            self.write(&format!("out/{job}_d"), &text);
        }
    }
}

pub(super) fn node(job: usize) -> NodeId {
    JobId(u32::try_from(job).expect("few")).into()
}

/// Until all files there are can be told by how they look: the clock that their times come from may be behind.
pub(super) fn wait() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_nanos();
    while u128::try_from(crate::sys::coarse_now()).expect("it is later") <= now {
        std::hint::spin_loop();
    }
}
