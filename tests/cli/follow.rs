//! A log that is followed from elsewhere while its run goes on.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};

use snapbox::str;

use crate::sandbox::{Sandbox, misbehaving, wait_until};
use crate::terminal::CTRL_C;

/// A job that writes a line, and for each of these files another when it is there.
fn step_by_step(files: &[&str]) -> String {
    let step = |file: &&str| format!("until [ -e {file} ]; do sleep 0.01; done; echo {file}; ");
    format!("['sh', '-c', 'echo first; {}']", files.iter().map(step).collect::<String>())
}

/// Waits until there is a run.
fn is_there(sandbox: &Sandbox) {
    wait_until("the run", || sandbox.path(".procman/latest").exists().then_some(()));
}

/// `procman logs -f`, whose stdout and stderr are files.
struct Follower<'s> {
    sandbox: &'s Sandbox,
    child: Child,
}

impl<'s> Follower<'s> {
    fn start(sandbox: &'s Sandbox, arguments: &[&str]) -> Self {
        is_there(sandbox);
        let mut command = sandbox.command(&[&["logs", "-f"], arguments].concat());
        let file = |name| File::create(sandbox.path(name)).expect("a file");
        let child = command.stdout(file("out")).stderr(file("err")).spawn().expect("procman can be started");
        Self { sandbox, child }
    }

    /// Waits until it has written this, and nothing else.
    #[track_caller]
    fn wrote(&self, text: &str) {
        wait_until(&format!("{text:?}"), || (self.sandbox.read("out") == text).then_some(()));
    }

    /// Waits for its end.
    #[track_caller]
    fn ended(&mut self, code: i32) -> (String, String) {
        let status: ExitStatus = wait_until("its end", || self.child.try_wait().expect("it is a child"));
        let (out, err) = (self.sandbox.read("out"), self.sandbox.read("err"));
        assert_eq!(status.code(), Some(code), "{out}{err}");
        (out, err)
    }

    fn lives(&mut self) -> bool {
        self.child.try_wait().expect("it is a child").is_none()
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        // After a test that worked it has ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn what_is_there_is_shown_and_then_what_comes_until_the_job_has_ended() {
    let sandbox = Sandbox::with(&format!(
        "[tasks]\na = {}\nother = {}",
        step_by_step(&["second", "third"]),
        misbehaving("ready other until go")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("other");
    let mut follower = Follower::start(&sandbox, &["a"]);
    follower.wrote("first\n");
    sandbox.let_go("second");
    follower.wrote("first\nsecond\n");
    assert!(follower.lives());
    sandbox.let_go("third");
    assert_eq!(follower.ended(0), ("first\nsecond\nthird\n".to_owned(), String::new()));
    // The run goes on.
    assert!(sandbox.events().iter().all(|event| event["type"] != "run-ended"));
    sandbox.let_go("go");
    running.wait().code(0);
    sandbox.run(&["logs", "-f", "a"]).code(0).stdout("first\nsecond\nthird\n").stderr("");
}

#[test]
fn a_job_that_has_not_been_started_is_waited_for() {
    let sandbox = Sandbox::with(&format!(
        "[tasks]\nbefore = {}\na = {{ argv = ['echo', 'done'], deps = ['before'] }}",
        misbehaving("ready before until go")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("before");
    sandbox.run(&["logs", "a"]).code(2).stdout("").stderr(str![[r#"
error: `a` has no log yet: it has not been started; `procman logs -f a` waits for it

"#]]);
    let mut follower = Follower::start(&sandbox, &["a"]);
    assert!(follower.lives());
    sandbox.let_go("go");
    assert_eq!(follower.ended(0), ("done\n".to_owned(), String::new()));
    running.wait().code(0);
}

#[test]
fn one_that_never_will_be_is_not() {
    let sandbox = Sandbox::with(&format!(
        "[tasks]\nbefore = {}\na = {{ argv = ['true'], deps = ['before'] }}",
        misbehaving("ready before until go exit 1")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("before");
    let mut follower = Follower::start(&sandbox, &["a"]);
    sandbox.let_go("go");
    let never = "error: `a` has no log: it was never started (skipped)\n";
    assert_eq!(follower.ended(2), (String::new(), never.to_owned()));
    running.wait().code(1);
}

#[test]
fn one_attempt_follows_the_other() {
    let argv =
        "['sh', '-c', 'echo try $PROCMAN_ATTEMPT; until [ -e go$PROCMAN_ATTEMPT ]; do sleep 0.01; done; exit 1']";
    let sandbox = Sandbox::with(&format!("[tasks]\na = {{ argv = {argv}, retries = 2 }}"));
    let running = sandbox.start(&["-q"]);
    let mut follower = Follower::start(&sandbox, &["a"]);
    follower.wrote("try 1\n");
    sandbox.let_go("go1");
    follower.wrote("try 1\ntry 2\n");
    // Whoever comes now sees the attempt that runs, and those to come; or only the one that is asked for.
    sandbox.let_go("go2");
    assert_eq!(
        String::from_utf8_lossy(sandbox.run(&["logs", "-f", "a", "--attempt", "2"]).code(0).stdout_bytes()),
        "try 2\n"
    );
    follower.wrote("try 1\ntry 2\ntry 3\n");
    sandbox.let_go("go3");
    let (_, notes) = follower.ended(0);
    assert_eq!(notes, "note: attempt 2 of `a`\nnote: attempt 3 of `a`\n");
    running.wait().code(1);
    sandbox.run(&["logs", "-f", "a"]).code(0).stdout("try 3\n").stderr("");
    sandbox.run(&["logs", "-f", "a", "--attempt", "4"]).code(2).stdout("").stderr(str![[r#"
error: `a` has no attempt 4: 3 attempts, failed

"#]]);
}

#[test]
fn of_streams_apart_lines_are_kept_whole() {
    let script = "printf a; echo 1 >&2; until [ -e go ]; do sleep 0.01; done; echo b; printf 2 >&2; printf c";
    let sandbox = Sandbox::with(&format!("[tasks]\na = {{ argv = ['sh', '-c', '{script}'], streams = 'split' }}"));
    let running = sandbox.start(&["-q"]);
    let mut follower = Follower::start(&sandbox, &["a"]);
    follower.wrote("1\n");
    sandbox.let_go("go");
    let (out, _) = follower.ended(0);
    assert!(["1\nab\nc2", "1\nab\n2c"].contains(&&*out), "{out:?}");
    running.wait().code(0);
    sandbox.run(&["logs", "-f", "a", "--stderr"]).code(0).stdout("1\n2");
    sandbox.run(&["logs", "-f", "a", "--stdout"]).code(0).stdout("ab\nc");
}

#[test]
fn it_ends_when_procman_has_died() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}\nb = ['true']", misbehaving("ready a until never")));
    let running = sandbox.start(&["-q", "a"]);
    sandbox.pid("a");
    let mut follower = Follower::start(&sandbox, &["a"]);
    assert!(follower.lives());
    running.signal("KILL");
    running.wait();
    let (_, warning) = follower.ended(0);
    assert!(
        warning.starts_with("warning: run 2") && warning.ends_with(" was over before `a` had ended\n"),
        "{warning}"
    );
    // Of one whose guardian could not say so either.
    wait_until("the end of the record", || {
        sandbox.events_until_cut().last().is_some_and(|event| event["type"] == "runner-died").then_some(())
    });
    let events = sandbox.latest().join("events.jsonl");
    let text = fs::read_to_string(&events).expect("a record");
    fs::write(&events, &text[..text.len() - 20]).expect("it is written");
    sandbox.run(&["logs", "-f", "a"]).code(0).stdout("").stderr(str![[r#"
warning: run [RUN] was over before `a` had ended

"#]]);
    // Of one that died as it began.
    fs::write(&events, "").expect("it is written");
    sandbox.run(&["logs", "-f", "a"]).code(2).stdout("").stderr(str![[r#"
error: the record `.procman/runs/[RUN]/events.jsonl` cannot be read: it does not begin with a run's start

"#]]);
}

#[test]
fn one_job_has_to_be_named() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}\nb = ['true']", misbehaving("ready a until go")));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("a");
    sandbox.wait_for_event("job-ended", "b");
    sandbox.run(&["logs", "-f"]).code(2).stdout("").stderr(str![[r#"
error: `-f` follows one job, as in `procman logs -f TASK`; these run now: a

"#]]);
    sandbox.let_go("go");
    running.wait().code(0);
    sandbox.run(&["logs", "-f"]).code(2).stdout("").stderr(str![[r#"
error: `-f` follows one job, as in `procman logs -f TASK`; `procman logs` lists what there is

"#]]);
    sandbox.run(&["logs", "-f", "c"]).code(2).stdout("").stderr(str![[r#"
error: no job `c` is in run [RUN]; `procman logs` lists what there is

"#]]);
}

/// Elsewhere `-f` names the manifest.
#[test]
fn the_manifest_is_named_before_or_in_full() {
    let sandbox = Sandbox::with("").file("other/x.toml", "[tasks]\na = ['echo', 'x']");
    sandbox.run(&["-q", "-f", "other/x.toml"]).code(0);
    sandbox.run(&["-f", "other/x.toml", "logs", "-f", "a"]).code(0).stdout("x\n");
    sandbox.run(&["logs", "--file", "other/x.toml", "-f", "a"]).code(0).stdout("x\n");
}

#[test]
fn a_log_that_is_gone_or_is_none_is_named() {
    let sandbox = Sandbox::with("[tasks]\na = ['echo', 'a']");
    sandbox.run(&["-q"]).code(0);
    let log = sandbox.latest().join("logs/a.log");
    fs::remove_file(&log).expect("the log is there");
    for line in [&["logs", "a"][..], &["logs", "-f", "a"]] {
        sandbox.run(line).code(3).stdout("").stderr(str![[r#"
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` cannot be read: no such file or directory

"#]]);
    }
    rustix::fs::mknodat(rustix::fs::CWD, &log, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a FIFO");
    sandbox.run(&["logs", "-f", "a"]).code(3).stdout("").stderr(str![[r#"
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` cannot be read: it is a FIFO, not a regular file

"#]]);
}

#[test]
fn a_log_that_is_removed_under_way_is_shown_to_its_end() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}", step_by_step(&["second"])));
    let running = sandbox.start(&["-q"]);
    let mut follower = Follower::start(&sandbox, &["a"]);
    follower.wrote("first\n");
    fs::remove_file(sandbox.latest().join("logs/a.log")).expect("the log is there");
    sandbox.let_go("second");
    assert_eq!(follower.ended(0).0, "first\nsecond\n");
    running.wait().code(3);
}

#[test]
fn an_interactive_job_has_nothing_to_follow() {
    let sandbox = Sandbox::with("[tasks]\na = { argv = ['true'], interactive = true }");
    let mut terminal = sandbox.on_terminal(&["-q"]);
    assert_eq!(terminal.wait().code(), Some(0));
    sandbox.run(&["logs", "-f", "a"]).code(2).stdout("").stderr(str![[r#"
error: `a` has no log: it is interactive, and writes to the terminal

"#]]);
}

#[test]
fn at_a_terminal_it_is_ended_by_ctrl_c() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}", step_by_step(&["never"])));
    let running = sandbox.start(&["-q"]);
    is_there(&sandbox);
    let mut terminal = sandbox.on_terminal(&["logs", "-f", "a"]);
    terminal.wait_for("first");
    terminal.type_keys(CTRL_C);
    assert_eq!(terminal.wait().signal(), Some(2));
    running.signal("TERM");
    running.wait().died_of(15);
}

#[test]
fn whoever_has_seen_enough_ends_it() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}", step_by_step(&["second", "third"])));
    let running = sandbox.start(&["-q"]);
    is_there(&sandbox);
    let mut command = sandbox.command(&["logs", "-f", "a"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("procman can be started");
    let mut first = [0; 6];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("it writes");
    assert_eq!(&first, b"first\n");
    sandbox.let_go("second");
    assert_eq!(wait_until("its end", || child.try_wait().expect("it is a child")).code(), Some(0));
    sandbox.let_go("third");
    running.wait().code(0);
}

// What is shown at a terminal.

/// A log is read in stretches of 64 KiB.
#[test]
fn what_lies_across_the_end_of_a_stretch_is_shown_whole() {
    for (text, shown) in [("é", "é"), ("\x1b[1;31m!\x1b[0m", "\x1b[1;31m!\x1b[0m"), ("\r\n!", "\r\n!"), ("\r!", "\\r!")]
    {
        for before in 1..text.len() {
            let log = format!("{}{text}\n", "x".repeat(64 * 1024 - before));
            let sandbox = Sandbox::with("[tasks]\na = ['cat', 'text']").file("text", log);
            sandbox.run(&["-q"]).code(0);
            for line in [&["logs", "a"][..], &["logs", "-f", "a"]] {
                let mut terminal = sandbox.on_terminal(line);
                assert_eq!(terminal.wait().code(), Some(0));
                // Between stretches colors are switched off and on again.
                let all = terminal.all_shown().replace("\x1b[0m\x1b[1;31m", "");
                assert!(
                    all.trim_end().ends_with(&format!("x{shown}").replace("\r\n", "\r\r\n")),
                    "{:?}",
                    &all[all.len() - 40..]
                );
            }
        }
    }
}

#[test]
fn what_a_job_has_written_only_in_part_waits_for_the_rest() {
    let script = r"printf 'a\303'; until [ -e go ]; do sleep 0.01; done; printf '\251\033[2J'";
    let sandbox = Sandbox::with(&format!("[tasks]\na = ['sh', '-c', \"\"\"{}\"\"\"]", script.replace('\\', r"\\")));
    let running = sandbox.start(&["-q"]);
    is_there(&sandbox);
    let mut terminal = sandbox.on_terminal(&["logs", "-f", "a"]);
    terminal.wait_for("a");
    sandbox.let_go("go");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_eq!(terminal.all_shown(), r"aé\x1b[2J");
    running.wait().code(0);
}

#[test]
fn colors_end_with_the_log_that_they_are_in() {
    let sandbox =
        Sandbox::with("[tasks.a]\nargv = ['sh', '-c', 'cat red; echo plain >&2; printf \"\\r\"']\nstreams = 'split'")
            .file("red", "\x1b[31mred\n");
    sandbox.run(&["-q"]).code(0);
    for line in [&["logs", "a"][..], &["logs", "-f", "a"]] {
        let mut terminal = sandbox.on_terminal(line);
        assert_eq!(terminal.wait().code(), Some(0));
        assert_eq!(terminal.all_shown(), "\x1b[31mred\r\n\x1b[0m\x1b[31m\\r\x1b[0mplain\r\n");
    }
}
