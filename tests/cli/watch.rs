//! `--watch`: what starts a run, what does not, and how it ends.
//!
//! That something starts no run is shown by a change after it that does: whoever waits for that one would see the other.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;

use snapbox::str;

use crate::sandbox::{PROCMAN, Sandbox, is_gone, is_stopped, misbehaving, send, wait_until};
use crate::terminal::{CTRL_C, CTRL_Z, Terminal};

/// A watch at a terminal.
struct Watch {
    terminal: Terminal,
}

impl Sandbox {
    fn watch(&self, arguments: &[&str]) -> Watch {
        let arguments: Vec<&str> = ["-w", "--color", "never"].iter().chain(arguments).copied().collect();
        Watch { terminal: self.on_terminal(&arguments) }
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// How often a job has run that says so in a file.
    fn runs(&self, file: &str) -> usize {
        fs::read_to_string(self.path(file)).unwrap_or_default().lines().count()
    }
}

impl Watch {
    /// Waits until it waits for the so-manieth time.
    #[track_caller]
    fn waits(&self, number: usize) {
        wait_until(&format!("wait {number} in {:?}", self.terminal.shown()), || {
            (self.terminal.shown().matches("; Ctrl-C ends\r\n").count() >= number).then_some(())
        });
    }

    /// What has changed so far.
    fn changes(&self) -> Vec<String> {
        let shown = self.terminal.shown();
        shown.lines().filter_map(|line| line.strip_prefix("changed: ")).map(str::to_owned).collect()
    }

    fn ends(mut self) {
        self.terminal.type_keys(CTRL_C);
        assert_eq!(self.terminal.wait().signal(), Some(2), "{}", self.terminal.shown());
    }
}

/// Each copies a file.
const COPIES: &str = "
[tasks.one]
argv = ['cp', 'a', 'out/a']
inputs = ['a']
outputs = ['out/a']
[tasks.all]
argv = ['cp', '-r', 'src', 'out/src']
inputs = ['src', '!src/less']
outputs = ['out/src']
";

fn copies() -> Sandbox {
    Sandbox::with(COPIES).file("a", "1").file("src/b", "1").file("src/less/c", "1")
}

#[test]
fn what_a_job_reads_starts_it_again_and_nothing_else_does() {
    let sandbox = copies();
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    assert_eq!((sandbox.read("out/a").as_str(), sandbox.jobs_started().len()), ("1", 2));
    // Outputs, state, logs, what counts for nothing, what editors make, and what stays as it is.
    sandbox.write("out/a", "spoilt");
    sandbox.write("out/new", "");
    sandbox.write(".procman/state.jsonl", "");
    sandbox.write(".procman/latest/logs/one.log", "more");
    sandbox.write("beside", "");
    sandbox.write("src/less/c", "2");
    sandbox.write("src/.b.swp", "");
    sandbox.write("src/b~", "");
    sandbox.write("a", "1");
    sandbox.write("src/b", "2");
    watch.waits(2);
    assert_eq!(watch.changes(), ["src/b"]);
    sandbox.write("a", "2");
    watch.waits(3);
    assert_eq!(watch.changes(), ["src/b", "a"]);
    assert_eq!((sandbox.read("out/a").as_str(), sandbox.jobs_started()), ("2", vec!["one".to_owned()]));
    watch.ends();
}

#[test]
fn what_is_shown_says_what_is_waited_for_and_what_has_changed() {
    let sandbox = copies();
    let watch = sandbox.watch(&["one"]);
    watch.waits(1);
    assert!(watch.terminal.shown().contains("\r\nwatching 2 files; Ctrl-C ends\r\n"), "{}", watch.terminal.shown());
    watch.ends();
    let watch = sandbox.watch(&["-q"]);
    wait_until("a run", || watch.terminal.shown().contains("2 jobs in ").then_some(()));
    sandbox.write("a", "2");
    wait_until("a run", || (watch.terminal.shown().matches("2 jobs in ").count() == 2).then_some(()));
    let shown = watch.terminal.shown();
    assert!(!shown.contains("watching") && !shown.contains("changed"), "{shown}");
    watch.ends();
}

#[test]
fn several_changes_at_once_start_one_run() {
    let sandbox = copies();
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    for file in ["new/x", "new/y", "new/z"] {
        sandbox.write(file, "1");
    }
    fs::rename(sandbox.path("new"), sandbox.path("src/new")).expect("it is there");
    watch.waits(2);
    assert_eq!(watch.changes(), ["src/new/x (+2 more)"]);
    watch.ends();
}

#[test]
fn jobs_that_do_not_say_what_they_read_are_started_by_all_that_git_does_not_ignore() {
    let sandbox = Sandbox::with("[tasks.note]\nargv = ['sh', '-c', 'echo run >> target/runs']")
        .file(".gitignore", "target\n*.log\n")
        .file("target/runs", "")
        .file("src/a", "1")
        .file(".git/HEAD", "1");
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    sandbox.write("target/deep/a", "");
    sandbox.write("src/a.log", "");
    sandbox.write(".git/HEAD", "2");
    sandbox.write(".git/refs/x", "2");
    sandbox.write("src/.a.swp", "");
    sandbox.write("4913", "");
    sandbox.write("src/a", "2");
    watch.waits(2);
    sandbox.write("new/deep/b", "");
    watch.waits(3);
    fs::remove_file(sandbox.path("src/a")).expect("it is there");
    watch.waits(4);
    sandbox.write("new/deep/b", "more");
    watch.waits(5);
    assert_eq!(watch.changes(), ["src/a", "new/deep/b", "src/a", "new/deep/b"]);
    assert_eq!(sandbox.runs("target/runs"), 5);
    watch.ends();
}

#[test]
fn new_files_make_new_jobs_of_a_matrix() {
    let manifest = "[tasks.copy]\nargv = ['cp', '{{f}}', 'out/{{f.name}}']\nmatrix = { f = { glob = 'data/**/*.txt' } }
        inputs = ['{{f}}']\noutputs = ['out/{{f.name}}']";
    let sandbox = Sandbox::with(manifest);
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    sandbox.write("data/a.txt", "a");
    watch.waits(2);
    sandbox.write("data/deep/b.txt", "b");
    watch.waits(3);
    assert_eq!((sandbox.read("out/a.txt"), sandbox.read("out/b.txt")), ("a".to_owned(), "b".to_owned()));
    assert_eq!(sandbox.jobs_started(), ["copy[f=data/deep/b.txt]"]);
    // The whole folder may go, and come again.
    fs::remove_dir_all(sandbox.path("data")).expect("it is there");
    watch.waits(4);
    sandbox.write("data/deep/b.txt", "other");
    watch.waits(5);
    sandbox.write("data/deep/b.txt", "more");
    watch.waits(6);
    assert_eq!(sandbox.read("out/b.txt"), "more");
    assert_eq!(
        watch.changes(),
        ["data/a.txt", "data/deep/b.txt", "data/a.txt (+1 more)", "data/deep/b.txt", "data/deep/b.txt"]
    );
    watch.ends();
}

#[test]
fn all_that_the_manifest_is_made_from_counts() {
    let sandbox = Sandbox::with(
        "include = ['more/*.toml']\nenv_file = ['vars']\n[tasks.hosts]\nargv = ['touch', 'host-{{h}}']
        matrix = { h = { lines = 'hosts' } }\noutputs = ['host-{{h}}']",
    )
    .file("vars", "A=1")
    .file("hosts", "x\n")
    .file("more/a.toml", "[tasks]\na = { argv = ['touch', 'made-a'], outputs = ['made-a'] }");
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    sandbox.write("hosts", "x\ny\n");
    watch.waits(2);
    assert!(sandbox.path("host-y").exists());
    sandbox.write("more/b.toml", "[tasks]\nb = { argv = ['touch', 'more/made-b'], cwd = '..', outputs = ['made-b'] }");
    watch.waits(3);
    assert!(sandbox.path("more/made-b").exists());
    sandbox.write("vars", "A=2");
    watch.waits(4);
    sandbox.write("procman.toml", "[tasks]\nlast = { argv = ['touch', 'made-last'], outputs = ['made-last'] }");
    watch.waits(5);
    assert!(sandbox.path("made-last").exists());
    assert_eq!(watch.changes(), ["hosts", "more/b.toml", "vars", "procman.toml"]);
    watch.ends();
}

#[test]
fn a_manifest_with_problems_is_shown_and_waited_for() {
    let sandbox = Sandbox::with("[tasks]\nmake = { argv = ['touch', 'made'], inputs = ['a'] }").file("a", "1");
    let watch = sandbox.watch(&["make"]);
    watch.waits(1);
    sandbox.write("procman.toml", "[tasks]\nmake = 'touch made'");
    watch.waits(2);
    assert!(watch.terminal.shown().contains("error: `argv` must be an array"), "{}", watch.terminal.shown());
    // What counted still does, though nothing can come of it.
    sandbox.write("a", "2");
    watch.waits(3);
    fs::remove_file(sandbox.path("procman.toml")).expect("it is there");
    watch.waits(4);
    sandbox.write("procman.toml", "[tasks]\nother = ['true']");
    watch.waits(5);
    assert!(watch.terminal.shown().contains("error: there is no task `make`"), "{}", watch.terminal.shown());
    sandbox.write("procman.toml", "[tasks]\nmake = { argv = ['touch', 'made-again'], outputs = ['made-again'] }");
    watch.waits(6);
    assert!(sandbox.path("made-again").exists());
    assert_eq!(watch.changes(), ["procman.toml", "a", "procman.toml", "procman.toml", "procman.toml"]);
    watch.ends();
    // So it is at the start.
    let sandbox = Sandbox::with("include = ['gone.toml']");
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    sandbox.write("gone.toml", "[tasks]\nmake = ['touch', 'made']");
    watch.waits(2);
    assert!(sandbox.path("made").exists());
    watch.ends();
}

#[test]
fn a_slip_of_the_command_line_is_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.run(&["-w"]).code(2).stderr(str![[r#"
error: there is no procman.toml in `[FOLDER]` or in a folder above; `procman init` writes one

"#]]);
    let sandbox = Sandbox::with("[tasks]\nmake = ['true']");
    sandbox.run(&["-w", "maek"]).code(2).stderr(str![[r#"
error: there is no task `maek`; did you mean `make`?

"#]]);
    sandbox.run(&["--watch", "--set", "a=b"]).code(2).stderr(str![[r#"
error: there is no var `a` to set; vars are declared under `[vars]`

"#]]);
    sandbox.run(&["-wn"]).code(2).stderr(str![[r#"
error: `--dry-run` starts nothing, so there is nothing to do again; leave it or `--watch` out

"#]]);
    sandbox.run(&["-w", "--watch-on-busy", "wait"]).code(2);
    let mut command = sandbox.command(&["-w"]);
    command.env("PROCMAN_WATCH_ON_BUSY", "wait");
    sandbox.ran(command).code(2).stderr(str![[r#"
error: PROCMAN_WATCH_ON_BUSY is `wait`: it can be cancel or finish

"#]]);
    sandbox.run(&["--watched-by", "1"]).code(2).stderr(str![[r#"
error: nobody watches for this run: it is no pipe

"#]]);
}

/// It would never end.
#[test]
fn a_job_does_not_watch_because_its_procman_does() {
    let sandbox = Sandbox::with("[tasks]\nmake = ['true']");
    let mut command = sandbox.command(&["-q"]);
    command.env("PROCMAN_WATCH", "1").env("PROCMAN_RUN_ID", "of the other");
    sandbox.ran(command).code(0);
}

#[test]
fn what_is_not_there_yet_is_waited_for() {
    let sandbox = copies();
    fs::remove_file(sandbox.path("a")).expect("it is there");
    let watch = sandbox.watch(&["one"]);
    watch.waits(1);
    assert!(watch.terminal.shown().contains("`one` reads `a`, which is not there"), "{}", watch.terminal.shown());
    sandbox.write("a", "2");
    watch.waits(2);
    assert_eq!(sandbox.read("out/a"), "2");
    watch.ends();
}

#[test]
fn a_change_ends_a_run_which_begins_anew() {
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = {}\ninputs = ['a']", misbehaving("ready job until go")))
        .file("a", "");
    for (content, arguments) in [("2", &[][..]), ("3", &["--watch-on-busy=cancel"])] {
        sandbox.write("a", &format!("before {content}"));
        let watch = sandbox.watch(arguments);
        let first = sandbox.pid("job");
        fs::remove_file(sandbox.path("job")).expect("it is there");
        sandbox.write("a", content);
        let second = sandbox.pid("job");
        is_gone(first);
        assert_ne!(first, second);
        watch.terminal.wait_for("cancelled: ended by a change\r\n");
        sandbox.let_go("go");
        watch.waits(1);
        assert_eq!((watch.changes(), sandbox.status("job").as_str()), (vec!["a".to_owned()], "ok"));
        watch.ends();
        for file in ["go", "job"] {
            fs::remove_file(sandbox.path(file)).expect("it is there");
        }
    }
}

#[test]
fn or_it_comes_to_its_end_first() {
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = {}\ninputs = ['a']", misbehaving("ready job until go")))
        .file("a", "1");
    let watch = sandbox.watch(&["--watch-on-busy", "finish"]);
    let first = sandbox.pid("job");
    sandbox.write("a", "2");
    sandbox.let_go("go");
    watch.waits(1);
    assert_eq!(watch.changes(), ["a"]);
    assert_ne!(sandbox.pid("job"), first);
    assert!(!watch.terminal.shown().contains("cancelled"), "{}", watch.terminal.shown());
    watch.ends();
}

/// It changes what it reads, until that is as it wants it.
#[test]
fn a_formatter_comes_to_its_end() {
    for on_busy in ["cancel", "finish"] {
        for outputs in ["", "outputs = ['src/*']"] {
            let sandbox = Sandbox::with(&format!(
                "[tasks.format]\nargv = ['sh', '-c', 'echo run >> runs; sed -i s/tab/blank/ src/*']\ninputs = ['src/*']\n{outputs}\n\
                 [tasks.read]\nargv = ['sh', '-c', 'cat src/* > read']\ninputs = ['src/*']\nafter = ['format']"
            ))
            .file("src/a", "tab")
            .file("src/b", "tab");
            let watch = sandbox.watch(&["--watch-on-busy", on_busy]);
            watch.waits(1);
            assert_eq!(sandbox.read("read"), "blankblank");
            sandbox.write("src/b", "tabs");
            wait_until("it to be formatted", || (sandbox.read("src/b") == "blanks").then_some(()));
            watch.waits(2);
            assert_eq!(sandbox.read("read"), "blankblanks");
            assert!(sandbox.runs("runs") <= 4, "{}", watch.terminal.shown());
            // It says so itself that it rewrites them.
            assert!(outputs.is_empty() || !watch.terminal.shown().contains("cancelled"), "{}", watch.terminal.shown());
            watch.ends();
        }
    }
}

#[test]
fn a_job_that_changes_what_it_reads_each_time_comes_to_rest() {
    for on_busy in ["cancel", "finish"] {
        let sandbox = Sandbox::with("[tasks.log]\nargv = ['sh', '-c', 'echo run >> a']\ninputs = ['a']").file("a", "");
        let watch = sandbox.watch(&["--watch-on-busy", on_busy]);
        watch.waits(1);
        let runs = sandbox.runs("a");
        assert_eq!(runs, 11);
        let note =
            "note: a changes during every run, and starts no other; what a task makes belongs into its `outputs`\r\n";
        assert!(watch.terminal.shown().contains(note), "{}", watch.terminal.shown());
        sandbox.write("a", "anew\n");
        watch.waits(2);
        assert!(sandbox.runs("a") > 10);
        watch.ends();
    }
}

/// Each has other times in it than the one before.
#[test]
fn a_report_starts_no_run() {
    let sandbox =
        Sandbox::with("[tasks.a]\nargv = ['sh', '-c', 'echo run >> .git/runs']").file(".git/runs", "").file("b", "1");
    let watch = sandbox.watch(&["-C", ".", "--report", "html=./run.html", "--report", "json=reports/run.json"]);
    watch.waits(1);
    assert_eq!(sandbox.runs(".git/runs"), 1, "{:?}", watch.changes());
    sandbox.write("b", "2");
    watch.waits(2);
    assert_eq!((watch.changes(), sandbox.runs(".git/runs")), (vec!["b".to_owned()], 2));
    watch.ends();
}

/// The second run reads what the first has made, and makes the same.
#[test]
fn what_is_only_touched_by_a_job_starts_no_run() {
    let sandbox = Sandbox::with(
        "[tasks.touch]\nargv = ['sh', '-c', 'echo run >> runs; touch a; cp a b; mv b a']\ninputs = ['a', 'c']",
    )
    .file("a", "1")
    .file("c", "1");
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    sandbox.write("c", "2");
    watch.waits(2);
    assert_eq!((watch.changes(), sandbox.runs("runs")), (vec!["c".to_owned()], 2));
    watch.ends();
}

#[test]
fn what_a_compiler_has_found_counts() {
    let sandbox = Sandbox::with(
        "[tasks.compile]\nargv = ['sh', '-c', 'cat a.c a.h > a.o; echo a.o: a.c a.h > a.d']\ninputs = ['a.c']\noutputs = ['a.o']\ndepfile = 'a.d'",
    )
    .file("a.c", "1")
    .file("a.h", "1");
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    sandbox.write("a.h", "2");
    watch.waits(2);
    assert_eq!((watch.changes(), sandbox.read("a.o")), (vec!["a.h".to_owned()], "12".to_owned()));
    watch.ends();
}

#[test]
fn what_is_named_counts_wherever_it_lies() {
    let sandbox = Sandbox::new()
        .file("x/procman.toml", "[tasks.job]\nargv = ['true']\ninputs = ['.git/HEAD', '.git/refs/**', '../beside']")
        .file("x/.git/HEAD", "1")
        .file("x/.git/index", "1")
        .file("beside", "1");
    let watch = sandbox.watch(&["-C", "x"]);
    watch.waits(1);
    sandbox.write("x/.git/index", "2");
    sandbox.write("x/.git/HEAD", "2");
    watch.waits(2);
    sandbox.write("x/.git/refs/heads/main", "1");
    watch.waits(3);
    sandbox.write("other", "2");
    sandbox.write("beside", "2");
    watch.waits(4);
    assert_eq!(watch.changes(), ["x/.git/HEAD", "x/.git/refs/heads/main", "beside"]);
    watch.ends();
}

#[test]
fn links_are_watched_for_what_they_lead_to() {
    let sandbox = Sandbox::with(
        "[tasks.read]\nargv = ['sh', '-c', 'cat file folder/a > out']\ninputs = ['file', 'folder']\noutputs = ['out']",
    )
    .file("elsewhere/file", "1")
    .file("elsewhere/folder/a", "1");
    symlink("elsewhere/file", sandbox.path("file")).expect("a link");
    symlink("elsewhere/folder", sandbox.path("folder")).expect("a link");
    let watch = sandbox.watch(&[]);
    watch.waits(1);
    sandbox.write("elsewhere/file", "2");
    watch.waits(2);
    sandbox.write("elsewhere/folder/a", "2");
    watch.waits(3);
    assert_eq!(
        (watch.changes(), sandbox.read("out")),
        (vec!["file".to_owned(), "folder/a".to_owned()], "22".to_owned())
    );
    watch.ends();
}

#[test]
fn ctrl_c_ends_the_run_and_the_watch_with_it() {
    let sandbox =
        Sandbox::with(&format!("[tasks.job]\nargv = {}", misbehaving("note told TERM ready job until told exit 3")));
    let watch = sandbox.watch(&[]);
    sandbox.pid("job");
    watch.ends();
    // It was told once, and not killed.
    assert_eq!(sandbox.read("told"), "SIGTERM\n");
    assert_eq!(sandbox.status("job"), "cancelled");
}

#[test]
fn a_second_ctrl_c_kills() {
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = {}", misbehaving("note told TERM ready job wait")));
    let mut watch = sandbox.watch(&[]);
    let job = sandbox.pid("job");
    watch.terminal.type_keys(CTRL_C);
    sandbox.wait_for("told");
    watch.terminal.type_keys(CTRL_C);
    assert_eq!(watch.terminal.wait().signal(), Some(2));
    is_gone(job);
}

#[test]
fn a_signal_to_the_watch_alone_ends_its_run() {
    for (signal, number) in [("TERM", 15), ("INT", 2), ("HUP", 1), ("QUIT", 3)] {
        let sandbox = Sandbox::with(&format!(
            "[tasks.job]\nargv = {}",
            misbehaving("hold held note told TERM ready job until told")
        ));
        let mut watch = sandbox.watch(&[]);
        sandbox.pid("job");
        send(watch.terminal.pid(), signal);
        assert_eq!(watch.terminal.wait().signal(), Some(number));
        assert!(!sandbox.is_held("held"));
        let cancel = sandbox.events().into_iter().find(|event| event["type"] == "cancel-requested");
        assert_eq!(cancel.expect("it was cancelled")["reason"]["signal"], format!("SIG{signal}"));
    }
}

#[test]
fn a_watch_that_is_killed_leaves_nobody() {
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = {}", misbehaving("hold held ready job wait")));
    let mut watch = sandbox.watch(&[]);
    sandbox.pid("job");
    send(watch.terminal.pid(), "KILL");
    assert_eq!(watch.terminal.wait().signal(), Some(9));
    wait_until("the end of everybody", || (!sandbox.is_held("held")).then_some(()));
    wait_until("the end of the record", || {
        sandbox.events_until_cut().last().is_some_and(|event| event["type"] == "runner-died").then_some(())
    });
}

#[test]
fn a_run_that_is_killed_is_waited_after() {
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = {}\ninputs = ['a']", misbehaving("ready job until go")))
        .file("a", "1");
    let watch = sandbox.watch(&[]);
    sandbox.pid("job");
    let children = format!("/proc/{0}/task/{0}/children", watch.terminal.pid());
    let run = fs::read_to_string(children).expect("it lives").trim().parse().expect("one child");
    send(run, "KILL");
    watch.waits(1);
    assert!(watch.terminal.shown().contains("error: the run was ended by SIGKILL\r\n"), "{}", watch.terminal.shown());
    sandbox.let_go("go");
    sandbox.write("a", "2");
    watch.waits(2);
    assert_eq!(sandbox.status("job"), "ok");
    watch.ends();
}

#[test]
fn ctrl_z_stops_the_watch_and_its_run() {
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = {}\ninputs = ['a']", misbehaving("ready job until go")))
        .file("a", "1");
    let mut terminal = sandbox.in_shell(&["-w"]);
    let (job, watch) = (sandbox.pid("job"), terminal.foreground());
    terminal.type_keys(CTRL_Z);
    is_stopped(job);
    is_stopped(watch);
    assert_eq!(sandbox.wait_for("changes"), "stopped SIGTSTP\n");
    terminal.type_keys("fg\n");
    sandbox.let_go("go");
    terminal.wait_for("; Ctrl-C ends\r\n");
    // So it does while it waits.
    terminal.type_keys(CTRL_Z);
    is_stopped(watch);
    sandbox.write("a", "2");
    terminal.type_keys("fg\n");
    terminal.wait_for("changed: a\r\n");
    wait_until("another run", || (terminal.shown().matches("; Ctrl-C ends\r\n").count() == 2).then_some(()));
    terminal.type_keys(CTRL_C);
    assert_eq!(terminal.wait().code(), Some(0));
    assert!(sandbox.read("changes").ends_with("signaled SIGINT\n"));
}

#[test]
fn a_question_is_asked_before_each_run() {
    let sandbox =
        Sandbox::with("[tasks.ask]\nargv = ['sh', '-c', 'echo run >> runs']\nconfirm = 'Now?'\ninputs = ['a']")
            .file("a", "1");
    let watch = sandbox.watch(&[]);
    watch.terminal.wait_for("Now? [y/N] ");
    watch.terminal.type_keys("y\n");
    watch.waits(1);
    sandbox.write("a", "2");
    wait_until("the question", || (watch.terminal.shown().matches("[y/N] ").count() == 2).then_some(()));
    watch.terminal.type_keys("n\n");
    watch.waits(2);
    assert_eq!(sandbox.runs("runs"), 1);
    watch.ends();
}

#[test]
fn an_interactive_job_gets_the_terminal() {
    let sandbox = Sandbox::with(&format!(
        "[tasks.job]\nargv = {}\ninteractive = true\ninputs = ['a']",
        misbehaving("ready job read-terminal read")
    ))
    .file("a", "1");
    let watch = sandbox.watch(&[]);
    for round in 1..=2 {
        sandbox.pid("job");
        fs::remove_file(sandbox.path("job")).expect("it is there");
        watch.terminal.type_keys("a line\n");
        watch.waits(round);
        assert_eq!(sandbox.read("read"), "read a line\n");
        sandbox.write("a", &format!("round {round}"));
    }
    sandbox.pid("job");
    let Watch { mut terminal } = watch;
    terminal.type_keys(CTRL_C);
    assert_eq!(terminal.wait().signal(), Some(2));
}

/// The limit is one of a namespace that the test makes for itself.
#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn a_limit_of_the_system_is_an_error_that_says_what_to_do() {
    let lowered = "echo 2 > /proc/sys/user/max_inotify_watches && exec \"$@\"";
    let sandbox = Sandbox::with("[tasks]\nmake = ['touch', 'made']").file("a/b/c/d", "");
    let in_namespace = |program: &[&str]| {
        let mut command = sandbox.program("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", lowered, "sh"]).args(program);
        command
    };
    if !in_namespace(&["true"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("no limit can be set here");
        return;
    }
    sandbox.ran(in_namespace(&[PROCMAN, "-w"])).code(3).stderr(str![[r#"
error: 4 folders cannot be watched: the system lets this user watch no more; raise `fs.inotify.max_user_watches` with sysctl, or name fewer files in `inputs`

"#]]);
    assert!(!sandbox.path("made").exists());
}
