//! A folder of its own for each test, and procman run in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Once, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use rustix::time::{ClockId, clock_gettime};
use snapbox::{Assert, IntoData};
use tempfile::TempDir;

use crate::terminal::screen;

/// The program that is tested.
pub(crate) const PROCMAN: &str = env!("CARGO_BIN_EXE_procman");

/// How long anything may take before a test gives up on it; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder, removed at the end.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        catch_what_is_ignored();
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// With this manifest in it.
    pub(crate) fn with(manifest: &str) -> Self {
        Self::new().file("procman.toml", manifest)
    }

    /// Adds a file.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, content).expect("a file");
        self
    }

    /// Adds an executable file.
    pub(crate) fn script(self, path: &str, content: &str) -> Self {
        let this = self.file(path, content);
        fs::set_permissions(this.path(path), fs::Permissions::from_mode(0o755)).expect("permissions");
        this
    }

    /// A path in the folder, without links in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there").join(path)
    }

    /// What a file in the folder holds.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A program in the folder, in an environment that holds only what programs need.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path("")).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// A `procman` command line there.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(PROCMAN);
        command.args(arguments);
        command
    }

    /// The same, of a procman that `misbehave` becomes after these actions.
    pub(crate) fn command_after(&self, actions: &str, arguments: &[&str]) -> Command {
        let mut command = self.program(misbehave());
        command.args(actions.split_whitespace()).args(["exec", PROCMAN]).args(arguments);
        command
    }

    /// Runs procman to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command(arguments))
    }

    /// Runs a command made by [`Sandbox::command`] to its end.
    #[track_caller]
    pub(crate) fn ran(&self, mut command: Command) -> Ran {
        Ran { output: command.output().expect("procman can be started"), folder: self.path("") }
    }

    /// Starts procman and leaves it running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.started(self.command(arguments))
    }

    /// The same, of a command made by [`Sandbox::command`] and its like.
    pub(crate) fn started(&self, mut command: Command) -> Running {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { child: command.spawn().expect("procman can be started"), folder: self.path("") }
    }

    /// What a terminal looks like after this was written to it is this, as [`Ran::stdout`] compares it.
    #[track_caller]
    pub(crate) fn shows(&self, shown: &str, expected: impl IntoData) {
        compare(&self.path(""), screen(shown.as_bytes()).as_bytes(), expected);
    }

    /// Waits until a file is there with something in it, and returns that.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str) -> String {
        let path = self.path(path);
        wait_until(&path.display().to_string(), || fs::read_to_string(&path).ok().filter(|text| !text.is_empty()))
    }

    /// The process id that a job writes into a file, when it is there.
    #[track_caller]
    pub(crate) fn pid(&self, path: &str) -> i32 {
        self.wait_for(path).trim().parse().expect("a process id")
    }

    /// Whether anyone is alive of a `misbehave hold FILE` and all its descendants.
    #[track_caller]
    pub(crate) fn is_held(&self, path: &str) -> bool {
        File::open(self.path(path)).expect("somebody has held it").try_lock().is_err()
    }

    /// The folder of the latest run.
    pub(crate) fn latest(&self) -> PathBuf {
        self.path(".procman/latest").canonicalize().expect("there is a latest run")
    }

    /// The events of the latest run.
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        events_of(&self.latest())
    }

    /// The jobs that the latest run started, in that order, each for each of its attempts.
    pub(crate) fn jobs_started(&self) -> Vec<String> {
        let mut events = self.events();
        events.retain(|event| event["type"] == "attempt-started");
        events.iter().map(|event| event["job"].as_str().expect("a name").to_owned()).collect()
    }

    /// How a job of the latest run ended.
    #[track_caller]
    pub(crate) fn status(&self, job: &str) -> String {
        let events = self.events();
        let end = events.iter().find(|event| event["type"] == "job-ended" && event["job"] == job);
        end.unwrap_or_else(|| panic!("{job} has no end"))["status"].as_str().expect("a word").to_owned()
    }

    /// The same, of a record whose last line was cut.
    pub(crate) fn events_until_cut(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.latest().join("events.jsonl")).expect("the latest run has a record");
        text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits until the record of the latest run has an event of this type and job, and returns that.
    #[track_caller]
    pub(crate) fn wait_for_event(&self, kind: &str, job: &str) -> serde_json::Value {
        wait_until(&format!("{kind} of {job}"), || {
            let text = fs::read_to_string(self.path(".procman/latest/events.jsonl")).ok()?;
            let mut events = text.lines().map_while(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            events.find(|event| event["type"] == kind && event["job"] == job)
        })
    }

    /// Lets go of a `misbehave until FILE`.
    pub(crate) fn let_go(&self, path: &str) {
        fs::write(self.path(path), "").expect("a file");
    }

    /// The bytes of a log of the latest run.
    #[track_caller]
    pub(crate) fn log(&self, name: &str) -> Vec<u8> {
        let path = self.latest().join("logs").join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// The events of a run, by its folder.
pub(crate) fn events_of(run: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join("events.jsonl")).expect("a run has a record");
    text.lines().map(|line| serde_json::from_str(line).expect("a record is JSON lines")).collect()
}

/// What the tests were started to ignore, by `nohup` or in the background of a script, procman would rightly ignore too. A
/// signal that is caught here is a default one to the programs started from here.
fn catch_what_is_ignored() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
        for signal in [1, 2, 3, 15].into_iter().filter(|signal| ignored & (1 << (signal - 1)) != 0) {
            signal_hook::flag::register(signal, Arc::default()).expect("a signal that can be caught");
        }
    });
}

/// Asks again and again until there is an answer.
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: nothing after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until all that is written now is older than what the clock of file systems, a slow one, says.
pub(crate) fn let_the_clock_go_on() {
    let now = clock_gettime(ClockId::Realtime);
    wait_until("a tick of the clock", || (clock_gettime(ClockId::RealtimeCoarse) > now).then_some(()));
}

/// Whether a process lives; a zombie does not.
pub(crate) fn is_alive(pid: i32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// Waits until a process is stopped.
#[track_caller]
pub(crate) fn is_stopped(pid: i32) {
    wait_until(&format!("a stop of process {pid}"), || state(pid).filter(|state| *state == 'T'));
}

/// What a process is doing, as a letter of proc(5).
fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The state follows the name, which stands in parentheses and may hold any.
    stat.rsplit(')').next()?.trim_start().chars().next()
}

/// Waits until a process has ended.
#[track_caller]
pub(crate) fn is_gone(pid: i32) {
    wait_until(&format!("the end of process {pid}"), || (!is_alive(pid)).then_some(()));
}

/// Sends a signal by its name, such as `INT`.
pub(crate) fn send(pid: i32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status().expect("kill can be started");
    assert!(sent.success(), "process {pid} has ended already");
}

/// The argv of a job that performs these actions of `misbehave`, as a manifest has it.
pub(crate) fn misbehaving(actions: &str) -> String {
    let words = actions.split_whitespace().map(|word| format!(", '{word}'"));
    format!("['{}'{}]", misbehave().display(), words.collect::<String>())
}

/// The path of `misbehave`, which `cargo test` builds, and `cargo test --test cli` does not.
pub(crate) fn misbehave() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let profile = Path::new(PROCMAN).parent().expect("a program is in a folder");
        let path = profile.join("examples/misbehave");
        let written = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/misbehave")).expect("its source");
        let newest = written.filter_map(|file| changed(&file.ok()?.path())).max();
        if changed(&path) < newest {
            build_misbehave(profile);
        }
        path
    })
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// Builds it into the folder that procman was built into.
fn build_misbehave(profile: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--example", "misbehave", "--profile"]);
    // Cargo's own name for it is not that of its folder.
    let name = profile.file_name().filter(|name| *name != "debug").unwrap_or("dev".as_ref());
    build.arg(name).arg("--target-dir").arg(profile.parent().expect("a profile's folder is in another"));
    assert!(build.status().expect("cargo can be started").success(), "misbehave cannot be built");
}

/// procman, still running.
pub(crate) struct Running {
    child: Child,
    folder: PathBuf,
}

impl Running {
    /// Sends it a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        send(self.pid(), name);
    }

    /// Its process id, which is also that of what it became by an exec.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().expect("a process id")
    }

    /// Waits for its end.
    pub(crate) fn wait(self) -> Ran {
        Ran { output: self.child.wait_with_output().expect("procman ends"), folder: self.folder }
    }
}

/// procman, at its end.
#[derive(Debug)]
pub(crate) struct Ran {
    output: Output,
    folder: PathBuf,
}

impl Ran {
    /// It exited with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "{self:#?}");
        self
    }

    /// The code it exited with; `None` if it died of a signal.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// It died of this signal.
    #[track_caller]
    pub(crate) fn died_of(self, signal: i32) -> Self {
        assert_eq!(self.output.status.signal(), Some(signal), "{self:#?}");
        self
    }

    /// Its stdout was this, as a whole, `[TIME]`, `[RUN]` and `[FOLDER]` standing for what they say.
    #[track_caller]
    pub(crate) fn stdout(self, expected: impl IntoData) -> Self {
        compare(&self.folder, &self.output.stdout, expected);
        self
    }

    /// Its stderr was this, as a whole.
    #[track_caller]
    pub(crate) fn stderr(self, expected: impl IntoData) -> Self {
        compare(&self.folder, &self.output.stderr, expected);
        self
    }

    /// Its stderr as it was.
    pub(crate) fn stderr_text(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).expect("procman writes UTF-8")
    }

    /// Its stdout as it was.
    pub(crate) fn stdout_bytes(&self) -> &[u8] {
        &self.output.stdout
    }
}

#[track_caller]
fn compare(folder: &Path, actual: &[u8], expected: impl IntoData) {
    let text = String::from_utf8_lossy(actual);
    let text = text.replace(&folder.display().to_string().trim_end_matches('/').to_owned(), "[FOLDER]");
    // Raw: nothing in the expected text is a wildcard.
    Assert::new().action_env("SNAPSHOTS").eq(redact(&text).into_data().raw(), expected.into_data().raw());
}

/// Replaces times, run ids and amounts of memory, with the blanks that align them.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at(at);
            let starts_word = !before.ends_with(|c: char| c.is_alphanumeric() || "-._~".contains(c));
            let mut length =
                from.find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c))).unwrap_or(from.len());
            let word = &from[..length];
            let replaced = if !starts_word {
                None
            } else if is_run_id(word) {
                Some("[RUN]")
            } else if is_time(word) {
                Some("[TIME]")
            } else if [" KiB", " MiB"].iter().any(|unit| from[length..].starts_with(unit)) {
                length += " MiB".len();
                Some("[MEMORY]")
            } else {
                None
            };
            if let Some(name) = replaced {
                // One blank of an aligned column stays.
                let trimmed = before.trim_end_matches(' ');
                out.push_str(trimmed);
                out.push_str(if trimmed.len() < before.len() { " " } else { "" });
                out.push_str(name);
            } else {
                out.push_str(before);
                out.push_str(word);
            }
            rest = &from[length..];
        }
        out.push_str(rest);
    }
    out
}

fn is_run_id(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    parts.len() == 3 && parts[0].len() == 8 && parts[1].len() == 10 && parts[2].len() == 8
}

fn is_time(word: &str) -> bool {
    let digits_and = |text: &str, unit: &str| {
        text.strip_suffix(unit)
            .is_some_and(|number| number.contains('.') && number.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    };
    digits_and(word, "s")
}
