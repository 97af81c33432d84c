//! Tasks that ask before they run.

use std::os::unix::process::ExitStatusExt;

use snapbox::str;

use crate::sandbox::{Sandbox, wait_until};
use crate::terminal::{CTRL_C, Terminal};

const CTRL_D: &str = "\x04";

/// Two that ask, one that needs the first of them, and one that nobody has to be asked for.
const MANIFEST: &str = "
[tasks]
first = ['touch', 'first-ran']
[tasks.deploy]
argv = ['touch', 'deploy-ran']
confirm = 'Deploy to production?'
[tasks.announce]
argv = ['touch', 'announce-ran']
deps = ['deploy']
[tasks.wipe]
argv = ['touch', 'wipe-ran']
confirm = 'Wipe it all?'
";

/// Which of the tasks have run.
fn ran(sandbox: &Sandbox) -> Vec<&'static str> {
    let tasks = ["first", "deploy", "announce", "wipe"];
    tasks.into_iter().filter(|task| sandbox.path(&format!("{task}-ran")).exists()).collect()
}

fn has_no_run(sandbox: &Sandbox) -> bool {
    let runs = std::fs::read_dir(sandbox.path(".procman/runs")).map_or(0, Iterator::count);
    runs == 0 && ran(sandbox).is_empty()
}

/// Waits for so many questions, and answers the last.
fn answer(terminal: &Terminal, number: usize, keys: &str) {
    wait_until("the question", || (terminal.shown().matches("[y/N] ").count() == number).then_some(()));
    terminal.type_keys(keys);
}

fn statuses(sandbox: &Sandbox) -> Vec<String> {
    let ended = sandbox.events().into_iter().filter(|event| event["type"] == "job-ended");
    let mut statuses: Vec<String> = ended.map(|event| format!("{} {}", event["job"], event["status"])).collect();
    statuses.sort();
    statuses
}

#[test]
fn without_a_terminal_nothing_is_started_unless_the_answer_is_given() {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.run(&[]).code(2).stdout("").stderr(str![[r#"
error: `deploy` asks before it runs, and there is no terminal to ask at; start procman at one, or say yes with `--yes`

"#]]);
    assert!(has_no_run(&sandbox));
    sandbox.run(&["-q", "first"]).code(0);
    assert_eq!(ran(&sandbox), ["first"]);
    for (arguments, variable) in [(&["-qy"][..], ""), (&["-q", "--yes"], "0"), (&["-q"], "1")] {
        let sandbox = Sandbox::with(MANIFEST);
        let mut command = sandbox.command(arguments);
        command.env("PROCMAN_YES", variable);
        sandbox.ran(command).code(0);
        assert_eq!(ran(&sandbox), ["first", "deploy", "announce", "wipe"]);
    }
}

#[test]
fn what_is_confirmed_runs_and_what_is_refused_is_cancelled() {
    let sandbox = Sandbox::with(MANIFEST);
    let mut terminal = sandbox.on_terminal(&["-q", "--color", "never"]);
    // All is asked before anything starts, in the manifest's order.
    answer(&terminal, 1, "n\n");
    answer(&terminal, 2, "");
    assert!(has_no_run(&sandbox));
    let questions = "deploy: Deploy to production? [y/N] n\r\nwipe: Wipe it all? [y/N] ";
    assert!(terminal.shown().ends_with(questions), "{}", terminal.shown());
    terminal.type_keys("Yes\n");
    assert_eq!(terminal.wait().code(), Some(1));
    assert_eq!(ran(&sandbox), ["first", "wipe"]);
    let ended = [r#""announce" "skipped""#, r#""deploy" "cancelled""#, r#""first" "ok""#, r#""wipe" "ok""#];
    assert_eq!(statuses(&sandbox), ended);
    let skipped = sandbox.events().into_iter().find(|event| event["job"] == "announce").expect("it ended");
    assert_eq!(skipped["dependency"], "deploy");
    let last = sandbox.events().pop().expect("an event");
    assert_eq!((last["type"].as_str(), last["status"].as_str()), (Some("run-ended"), Some("cancelled")));
}

#[test]
fn no_answer_and_any_other_answer_is_no() {
    for keys in ["\n", "yeah\n", CTRL_D] {
        let sandbox = Sandbox::with(MANIFEST);
        let mut terminal = sandbox.on_terminal(&["-q", "wipe"]);
        answer(&terminal, 1, keys);
        assert_eq!(terminal.wait().code(), Some(1), "{keys:?}");
        assert_eq!((ran(&sandbox).len(), statuses(&sandbox).concat().as_str()), (0, r#""wipe" "cancelled""#));
    }
    let sandbox = Sandbox::with(MANIFEST);
    let mut terminal = sandbox.on_terminal(&["-q", "wipe"]);
    answer(&terminal, 1, "y\n");
    assert_eq!((terminal.wait().code(), ran(&sandbox)), (Some(0), vec!["wipe"]));
}

#[test]
fn ctrl_c_at_a_question_ends_procman_with_nothing_started() {
    let sandbox = Sandbox::with(MANIFEST);
    let mut terminal = sandbox.on_terminal(&[]);
    answer(&terminal, 1, CTRL_C);
    assert_eq!(terminal.wait().signal(), Some(2));
    assert!(has_no_run(&sandbox));
}

/// Nobody would see a question that goes into a file.
#[test]
fn the_question_needs_a_terminal_to_stand_on() {
    let sandbox = Sandbox::with(MANIFEST);
    let mut terminal = sandbox.in_shell_through("sh", &["-c", r#"exec "$0" -q wipe 2> errors"#]);
    assert_eq!(terminal.wait().code(), Some(0));
    assert_eq!(sandbox.read("changes"), "exited 2\n");
    assert!(sandbox.read("errors").starts_with("error: `wipe` asks before it runs"));
}

#[test]
fn a_task_of_many_jobs_asks_once_and_what_does_not_run_here_does_not_ask() {
    let sandbox = Sandbox::with(
        "[tasks.many]\nmatrix = { n = ['1', '2', '3'] }\nargv = ['touch', 'ran{{n}}']\nconfirm = \"All\\u202e three?\"\n[tasks.elsewhere]\nargv = ['true']\nplatforms = ['windows']\nconfirm = 'Here?'",
    );
    let mut terminal = sandbox.on_terminal(&["-q", "--color", "never"]);
    answer(&terminal, 1, "n\n");
    assert_eq!(terminal.wait().code(), Some(1));
    assert!(!sandbox.path("ran1").exists() && !sandbox.path("ran3").exists());
    let shown = terminal.all_shown();
    assert!(
        shown.starts_with("many: All\\u{202e} three? [y/N] n\r\n") && shown.matches("[y/N]").count() == 1,
        "{shown}"
    );
}

#[test]
fn what_is_up_to_date_does_not_ask() {
    let sandbox = Sandbox::with(
        "[tasks.make]\nargv = ['cp', 'source', 'made']\ninputs = ['source']\noutputs = ['made']\nconfirm = 'Make it?'",
    );
    let sandbox = sandbox.file("source", "1");
    sandbox.run(&["-qy"]).code(0);
    sandbox.run(&["-q"]).code(0);
    let sandbox = sandbox.file("source", "two");
    sandbox.run(&["-q"]).code(2);
    assert_eq!(sandbox.read("made"), "1");
}

#[test]
fn what_starts_nothing_asks_nothing() {
    let sandbox = Sandbox::with(MANIFEST);
    for arguments in [&["-n"][..], &["plan"], &["list"], &["check"]] {
        sandbox.run(arguments).code(0);
    }
}

#[test]
fn a_rerun_asks_again() {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.run(&["-qy", "wipe"]).code(0);
    sandbox.run(&["rerun"]).code(2).stderr(str![[r#"
error: `wipe` asks before it runs, and there is no terminal to ask at; start procman at one, or say yes with `--yes`

"#]]);
    sandbox.run(&["rerun", "-qy"]).code(0);
}

#[test]
fn a_question_asks_something_of_a_process() {
    let manifest = "[tasks.a]\nargv = ['true']\nconfirm = ' '\n[tasks.b]\nargv = ['true']\nconfirm = true\n[tasks.group]\ndeps = ['a']\nconfirm = 'Really?'";
    Sandbox::with(manifest).run(&[]).code(2).stderr(str![[r#"
error: `confirm` asks nothing
 --> procman.toml:3:11
  |
3 | confirm = ' '
  |           ^^^
  |
  = help: write the question, or leave it out

error: `confirm` must be a string, not a boolean
 --> procman.toml:6:11
  |
6 | confirm = true
  |           ^^^^
  |
  = help: write it as a string: "true"

error: `confirm` has no effect on `group`, which has no `argv` and so no process of its own
 --> procman.toml:9:11
  |
9 | confirm = 'Really?'
  |           ^^^^^^^^^
  |
  = help: give it an `argv`, or set this on the tasks it stands for

error: 3 problems in procman.toml

"#]]);
}

#[test]
fn a_question_is_no_template() {
    let sandbox = Sandbox::with("vars.to = 'here'\n[tasks]\na = { argv = ['true'], confirm = 'To {{to}}?' }");
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: no value is put into `confirm`: it is asked as it is written
 --> procman.toml:3:34
  |
3 | a = { argv = ['true'], confirm = 'To {{to}}?' }
  |                                  ^^^^^^^^^^^^
  |
  = help: it is asked once for the whole task; write it out

error: 1 problem in procman.toml

"#]]);
}

#[test]
fn what_changes_while_the_user_thinks_is_seen() {
    let sandbox = Sandbox::with(
        "[tasks]
        copy = { argv = ['cp', 'in', 'out'], inputs = ['in'], outputs = ['out'] }
        ask = { argv = ['true'], confirm = 'Now?' }",
    )
    .file("in", "before");
    sandbox.run(&["-qy"]).code(0);
    let mut terminal = sandbox.on_terminal(&["-q"]);
    answer(&terminal, 1, "");
    std::fs::write(sandbox.path("in"), "after").expect("a file");
    terminal.type_keys("y\n");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_eq!(sandbox.read("out"), "after");
}
