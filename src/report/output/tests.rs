//! Each mode beside a simple picture of what it is to show, whatever comes in which order; then how it looks.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;

const JOBS: usize = 3;

/// Logs as they are while the messages about them are still on their way.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Logs for Disk {
    fn size(&mut self, log: &str) -> io::Result<u64> {
        Ok(self.0.lock().expect("nobody panics with it").get(log).map_or(0, |bytes| bytes.len() as u64))
    }

    fn read(&mut self, log: &str, from: u64, into: &mut [u8]) -> io::Result<usize> {
        let logs = self.0.lock().expect("nobody panics with it");
        let bytes = logs.get(log).ok_or(io::ErrorKind::NotFound)?;
        let rest = bytes.get(usize::try_from(from).expect("it is small")..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shown {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics with it").clone()
    }
}

/// One step of what happens; what is not possible is passed over.
#[derive(Debug, Clone)]
enum Step {
    Start(usize),
    Write(usize, LogStream, Vec<u8>),
    /// It could not be started: its log is removed.
    Defer(usize),
    End(usize),
    /// The oldest message arrives.
    Arrive,
    Look,
}

#[derive(Debug)]
enum News {
    Started(usize, u32),
    Deferred(usize, u32),
    Ended(usize, u32),
}

fn steps(defers: bool) -> impl Strategy<Value = Vec<Step>> {
    let bytes = prop::collection::vec(prop::sample::select(b"ab|\n".to_vec()), 1..20);
    let stream = prop_oneof![Just(LogStream::Stdout), Just(LogStream::Stderr)];
    let step = prop_oneof![
        2 => (0..JOBS).prop_map(Step::Start),
        4 => (0..JOBS, stream, bytes).prop_map(|(job, stream, bytes)| Step::Write(job, stream, bytes)),
        u32::from(defers) => (0..JOBS).prop_map(Step::Defer),
        1 => (0..JOBS).prop_map(Step::End),
        4 => Just(Step::Arrive),
        4 => Just(Step::Look),
    ];
    prop::collection::vec(step, 0..60)
}

/// A run of jobs that is shown.
struct World {
    jobs: Vec<Arc<PlannedJob>>,
    disk: Disk,
    /// For each job, the number of its attempt and whether that runs.
    attempts: Vec<(u32, bool)>,
    started: Vec<(usize, u32)>,
    ended: Vec<(usize, u32)>,
    news: VecDeque<News>,
    output: Output,
    display: Display,
    shown: Shown,
}

impl World {
    fn new(mode: OutputMode, split: bool, buffer: usize) -> Self {
        let job = |number: usize| PlannedJob {
            name: format!("j{number}").into(),
            argv: vec!["true".into()],
            cwd: ".".into(),
            env: Vec::new(),
            definition: None,
            deps: Vec::new(),
            after: Vec::new(),
            log: Some(format!("j{number}")),
            split,
            file: None,
            line: None,
        };
        let (disk, shown) = (Disk::default(), Shown::default());
        let look = Look { name_width: 2, ..Look::default() };
        Self {
            jobs: (0..JOBS).map(|number| Arc::new(job(number))).collect(),
            output: Output::with(mode, look, Box::new(disk.clone()), buffer),
            display: Display::to(shown.clone(), io::sink()),
            disk,
            attempts: vec![(0, false); JOBS],
            started: Vec::new(),
            ended: Vec::new(),
            news: VecDeque::new(),
            shown,
        }
    }

    fn log(&self, job: usize, attempt: u32, stream: LogStream) -> String {
        file_name(&format!("j{job}"), attempt, if self.jobs[job].split { stream } else { LogStream::Merged })
    }

    fn content(&self, (job, attempt): (usize, u32), stream: LogStream) -> Vec<u8> {
        let logs = self.disk.0.lock().expect("nobody panics with it");
        logs.get(&self.log(job, attempt, stream)).cloned().unwrap_or_default()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Start(job) if !self.attempts[job].1 => {
                let number = self.attempts[job].0 + 1;
                self.attempts[job] = (number, true);
                self.started.push((job, number));
                self.news.push_back(News::Started(job, number));
            }
            Step::Write(job, stream, mut bytes) if self.attempts[job].1 => {
                if stream == LogStream::Stderr && self.jobs[job].split {
                    bytes.make_ascii_uppercase();
                }
                let log = self.log(job, self.attempts[job].0, stream);
                self.disk.0.lock().expect("nobody panics with it").entry(log).or_default().extend(bytes);
            }
            Step::Defer(job) if self.attempts[job].1 => {
                let number = self.attempts[job].0;
                if self.content((job, number), LogStream::Stdout).is_empty() {
                    self.attempts[job] = (number - 1, false);
                    self.started.retain(|started| *started != (job, number));
                    self.news.push_back(News::Deferred(job, number));
                }
            }
            Step::End(job) if self.attempts[job].1 => {
                self.attempts[job].1 = false;
                self.ended.push((job, self.attempts[job].0));
                self.news.push_back(News::Ended(job, self.attempts[job].0));
            }
            Step::Arrive => match self.news.pop_front() {
                Some(News::Started(job, number)) => {
                    self.output.started(&Arc::clone(&self.jobs[job]), number, 0, &self.display);
                }
                Some(News::Deferred(job, number)) => self.output.deferred(&format!("j{job}"), number),
                Some(News::Ended(job, number)) => {
                    self.output.ended(&format!("j{job}"), number, true, &mut self.display);
                }
                None => {}
            },
            Step::Look => _ = self.output.look(&mut self.display),
            Step::Start(_) | Step::Write(..) | Step::Defer(_) | Step::End(_) => {}
        }
    }

    /// After these steps all ends, and all messages arrive. The answer is what was shown.
    fn run(&mut self, steps: impl IntoIterator<Item = Step>) -> Vec<u8> {
        for step in steps.into_iter().chain((0..JOBS).map(Step::End)) {
            self.step(step);
        }
        while !self.news.is_empty() {
            self.step(Step::Arrive);
        }
        while self.output.look(&mut self.display) == super::News::More {}
        assert!(self.output.attempts.is_empty());
        self.display.write();
        self.shown.bytes()
    }
}

fn line_ended(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    bytes
}

/// The lines behind this prefix; all of them without any.
fn demultiplexed(shown: &[u8], prefix: &[u8]) -> Vec<u8> {
    shown
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_prefix(prefix))
        .collect::<Vec<_>>()
        .concat()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn group_shows_each_attempt_whole_in_the_order_of_the_ends(
        steps in steps(true), split: bool, buffer in 1..12usize
    ) {
        let mut world = World::new(OutputMode::Group, split, buffer);
        let shown = world.run(steps);
        let streams = if split { &[LogStream::Stdout, LogStream::Stderr][..] } else { &[LogStream::Merged] };
        let logs = world.ended.iter().flat_map(|ended| streams.iter().map(|stream| world.content(*ended, *stream)));
        prop_assert_eq!(shown, logs.flat_map(line_ended).collect::<Vec<u8>>());
    }

    #[test]
    fn stream_shows_each_attempt_whole_in_the_order_of_the_starts(steps in steps(false), buffer in 1..12usize) {
        let mut world = World::new(OutputMode::Stream, false, buffer);
        let shown = world.run(steps);
        let logs = world.started.iter().map(|started| world.content(*started, LogStream::Merged));
        prop_assert_eq!(shown, logs.flat_map(line_ended).collect::<Vec<u8>>());
    }

    /// What was not shown of the oldest before its end is all that is held.
    #[test]
    fn stream_shows_what_the_oldest_writes_at_once(writes in prop::collection::vec("[a-z\n]{1,20}", 1..10), buffer in 1..12usize) {
        let mut world = World::new(OutputMode::Stream, false, buffer);
        world.step(Step::Start(1));
        world.step(Step::Start(0));
        world.step(Step::Arrive);
        world.step(Step::Arrive);
        let mut expected = Vec::new();
        for write in writes {
            world.step(Step::Write(0, LogStream::Merged, b"held\n".to_vec()));
            world.step(Step::Write(1, LogStream::Merged, write.clone().into_bytes()));
            while world.output.look(&mut world.display) == super::News::More {}
            world.display.write();
            expected.extend(write.into_bytes());
            prop_assert_eq!(&world.shown.bytes(), &expected);
        }
    }

    #[test]
    fn stream_shows_split_streams_by_whole_lines(steps in steps(false), buffer in 1..12usize) {
        let mut world = World::new(OutputMode::Stream, true, buffer);
        let shown = world.run(steps);
        let of = |started: &(usize, u32), stream| line_ended(world.content(*started, stream));
        // Lines without a letter may be of either; there are as many as there should be.
        let letters = |bytes: Vec<u8>, upper: bool| {
            let is_of = |line: &&[u8]| line.iter().any(|byte| byte.is_ascii_alphabetic() && byte.is_ascii_uppercase() == upper);
            bytes.split_inclusive(|byte| *byte == b'\n').filter(is_of).collect::<Vec<_>>().concat()
        };
        let whole = world.started.iter().flat_map(|started| [of(started, LogStream::Stdout), of(started, LogStream::Stderr)]);
        prop_assert_eq!(shown.len(), whole.map(|bytes| bytes.len()).sum::<usize>());
        for (stream, upper) in [(LogStream::Stdout, false), (LogStream::Stderr, true)] {
            let expected: Vec<u8> = world.started.iter().flat_map(|started| letters(of(started, stream), upper)).collect();
            prop_assert_eq!(letters(shown.clone(), upper), expected);
        }
    }

    #[test]
    fn prefix_shows_every_line_of_a_job_in_order(steps in steps(true), buffer in 1..12usize) {
        let mut world = World::new(OutputMode::Prefix, false, buffer);
        let shown = world.run(steps);
        let mut length = 0;
        for job in 0..JOBS {
            let of_this_job = world.ended.iter().filter(|(ended, _)| *ended == job);
            let expected: Vec<u8> =
                of_this_job.flat_map(|ended| line_ended(world.content(*ended, LogStream::Merged))).collect();
            let lines = demultiplexed(&shown, format!("j{job} | ").as_bytes());
            length += lines.len() + lines.split_inclusive(|byte| *byte == b'\n').count() * "j0 | ".len();
            prop_assert_eq!(lines, expected);
        }
        prop_assert_eq!(shown.len(), length);
    }

    /// An attempt that is deferred may have been found again before that is told.
    #[test]
    fn stream_shows_an_attempt_that_was_deferred_once(steps in steps(true), buffer in 1..12usize) {
        let mut world = World::new(OutputMode::Stream, false, buffer);
        let of_one = |step: &Step| match step {
            Step::Start(job) | Step::Write(job, ..) | Step::Defer(job) | Step::End(job) => *job == 0,
            Step::Arrive | Step::Look => true,
        };
        let shown = world.run(steps.into_iter().filter(of_one));
        let logs = world.ended.iter().map(|ended| world.content(*ended, LogStream::Merged));
        prop_assert_eq!(shown, logs.flat_map(line_ended).collect::<Vec<u8>>());
    }

    #[test]
    fn failures_and_quiet_show_nothing(steps in steps(true), quiet: bool) {
        let mut world = World::new(if quiet { OutputMode::Quiet } else { OutputMode::Failures }, false, 8);
        prop_assert_eq!(world.run(steps), b"");
        prop_assert!(!world.output.is_following());
    }
}

/// A process that outlives its job may go on writing.
#[test]
fn what_is_written_after_the_end_is_not_waited_for() {
    struct Growing(u64);
    impl Logs for Growing {
        fn size(&mut self, _: &str) -> io::Result<u64> {
            Ok(self.0)
        }

        fn read(&mut self, _: &str, _: u64, into: &mut [u8]) -> io::Result<usize> {
            self.0 += 10;
            assert!(self.0 < 1_000, "it is read for ever");
            into.fill(b'x');
            Ok(into.len())
        }
    }
    let shown = Shown::default();
    let mut display = Display::to(shown.clone(), io::sink());
    let (mut logs, mut buffer) = (Growing(25), [0; 10]);
    let mut follow = Follow::new("log".to_owned(), Pen::new(Vec::new(), false));
    follow.rest(&mut Tools { logs: &mut logs, buffer: &mut buffer, display: &mut display }).expect("it can be read");
    display.write();
    assert_eq!(shown.bytes(), format!("{}\n", "x".repeat(25)).into_bytes());
}

#[test]
fn names_are_cut_and_padded_by_columns() {
    let look = Look { name_width: 6, ..Look::default() };
    assert_eq!(look.prefix("日本", 0), "日本   | ".as_bytes());
    assert_eq!(look.prefix("a\u{1b}[2J", 0), "a\\…[2J | ".as_bytes());
    assert_eq!(name_width(["a", "日本", "\u{1b}"].into_iter()), 4);
    assert_eq!(name_width(["a".repeat(100).as_str()].into_iter()), WIDEST_NAME);
}

#[test]
fn colors_end_with_their_line_and_go_on_behind_the_next_prefix() {
    let shown = Shown::default();
    let mut display = Display::to(shown.clone(), io::sink());
    let mut pen = Pen::new(b"j | ".to_vec(), true);
    for piece in [&b"\x1b[31mred\r"[..], b"\nstill\n\x1b[0mplain\r\nmo", b"ved\rback\n", b"\x1b[1mbold \xe2\x82"] {
        pen.show(piece, &mut display);
    }
    pen.finish(&mut display);
    display.write();
    let expected = concat!(
        "j | \x1b[31mred\x1b[0m\r\n",
        "j | \x1b[31mstill\x1b[0m\n",
        "j | \x1b[31m\x1b[0mplain\r\n",
        "j | moved\\rback\n",
        "j | \x1b[1mbold \x1b[0m\x1b[1m\\xe2\\x82\x1b[0m\n",
    );
    assert_eq!(String::from_utf8(shown.bytes()).expect("text"), expected);
}
