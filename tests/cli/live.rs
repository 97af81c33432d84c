//! What stands at the bottom of a terminal while a run goes on.

use std::os::unix::process::ExitStatusExt;

use snapbox::{assert_data_eq, str};

use crate::sandbox::{PROCMAN, Sandbox, is_gone, misbehave, misbehaving, send, wait_until};
use crate::status_signal::{SIGUSR1, is_pending};
use crate::terminal::{CTRL_C, CTRL_Z, Terminal, rows, screen};

/// Three jobs, of which two run until the files `go-a` and `go-b` are there, and one needs them.
fn three() -> Sandbox {
    Sandbox::with(&format!(
        "limit = 2\n[tasks]\nfirst = {}\nsecond = {}\n[tasks.third]\nargv = ['true']\ndeps = ['first', 'second']",
        misbehaving("ready a until go-a"),
        misbehaving("ready b until go-b")
    ))
}

fn both_go(sandbox: &Sandbox) {
    sandbox.let_go("go-a");
    sandbox.let_go("go-b");
}

#[test]
fn it_shows_what_runs_and_goes_when_nothing_does() {
    let sandbox = three();
    let mut terminal = sandbox.on_terminal(&[]);
    terminal.wait_to_see("2 running, 1 waiting");
    assert_data_eq!(
        terminal.screen(),
        str![[r#"
procman: 3 jobs, at most 2 at once

        running [TIME]  first  (slot 0)
        running [TIME]  second  (slot 1)
[>                             ]  0/3: 2 running, 1 waiting

"#]]
    );
    sandbox.let_go("go-a");
    sandbox.wait_for_event("job-ended", "first");
    sandbox.let_go("go-b");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_data_eq!(
        screen(terminal.all_shown().as_bytes()),
        str![[r#"
procman: 3 jobs, at most 2 at once
             ok [TIME]  first
             ok [TIME]  second
             ok [TIME]  third

status  job         time  attempts
ok      first [TIME]         1
ok      second [TIME]         1
ok      third [TIME]         1

3 jobs in [TIME]: 3 ok; logs in .procman/runs/[RUN]/logs

"#]]
    );
}

/// What is typed, such as the `^C`, goes with it.
#[test]
fn nothing_of_it_is_left_after_an_interrupt() {
    let sandbox = three();
    let mut terminal = sandbox.on_terminal(&[]);
    terminal.wait_to_see("2 running, 1 waiting");
    terminal.type_keys(CTRL_C);
    assert_eq!(terminal.wait().signal(), Some(2));
    let screen = screen(terminal.all_shown().as_bytes());
    assert!(!screen.contains("running") && !screen.contains("^C"), "{screen}");
    assert!(
        screen.contains("procman: 3 jobs, at most 2 at once\n         cancel            SIGINT; 2 jobs are told"),
        "{screen}"
    );
}

#[test]
fn nothing_of_it_is_left_when_procman_is_killed() {
    let sandbox = three();
    let mut terminal = sandbox.on_terminal(&[]);
    terminal.wait_to_see("2 running, 1 waiting");
    send(terminal.pid(), "KILL");
    assert_eq!(terminal.wait().signal(), Some(9));
    for job in ["a", "b"] {
        is_gone(sandbox.pid(job));
    }
    assert_data_eq!(
        screen(terminal.all_shown().as_bytes()),
        str![[r#"
procman: 3 jobs, at most 2 at once

"#]]
    );
}

#[test]
fn a_stop_takes_it_away_and_a_continue_brings_it_back() {
    let sandbox = three();
    let mut terminal = sandbox.in_shell(&[]);
    terminal.wait_to_see("2 running, 1 waiting");
    terminal.type_keys(CTRL_Z);
    assert_eq!(sandbox.wait_for("changes"), "stopped SIGTSTP\n");
    wait_until("the lines to go", || (!terminal.screen().contains("running")).then_some(()));
    assert_data_eq!(
        terminal.screen(),
        str![[r#"
procman: 3 jobs, at most 2 at once

"#]]
    );
    terminal.type_keys("fg\n");
    terminal.wait_to_see("2 running, 1 waiting");
    both_go(&sandbox);
    assert_eq!(terminal.wait().code(), Some(0));
}

/// It does not end its last line, and nothing is written over that.
#[test]
fn a_job_that_has_the_terminal_has_it_alone() {
    let sandbox = Sandbox::with(&format!(
        "[tasks]\nbefore = {}\n[tasks.talk]\nargv = {}\ninteractive = true\ndeps = ['before']",
        misbehaving("ready a until go"),
        misbehaving("spam 2 ready talking until said spam 1"),
    ));
    let mut terminal = sandbox.on_terminal(&[]);
    terminal.wait_to_see("1 running, 1 waiting");
    sandbox.let_go("go");
    sandbox.pid("talking");
    sandbox.let_go("said");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_data_eq!(
        screen(terminal.all_shown().as_bytes()),
        str![[r#"
procman: 2 jobs, at most 2 at once
             ok [TIME]  before
sps                                                                                          ok [TIME]  talk

status  job         time  attempts
ok      before [TIME]         1
ok      talk [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]
    );
}

/// It does not end its line, and what there was to say in the meantime is not written behind it.
#[test]
fn what_had_to_wait_for_a_job_with_the_terminal_begins_a_line() {
    let talk = misbehaving("spam 2 ready talking until said");
    let sandbox = Sandbox::with(&format!("[tasks.talk]\nargv = {talk}\ninteractive = true"));
    let mut terminal = sandbox.on_terminal(&["--color", "never"]);
    sandbox.pid("talking");
    send(terminal.pid(), "USR1");
    wait_until("the signal to be taken", || (!is_pending(terminal.pid(), SIGUSR1)).then_some(()));
    sandbox.let_go("said");
    assert_eq!(terminal.wait().code(), Some(0));
    let rows = rows(terminal.all_shown().as_bytes());
    let at = rows.iter().position(|row| row.contains("1 job: 1 running")).expect("it is answered");
    assert!(rows[at].starts_with("         status") && rows[at - 1].starts_with("        running"), "{rows:#?}");
    assert_eq!(rows[at - 2], "sp");
}

/// Somebody works with the shell meanwhile.
#[test]
fn in_the_background_there_are_only_lines() {
    let sandbox = three();
    let manifest = sandbox.read("procman.toml");
    let sandbox = sandbox.file("procman.toml", format!("defaults.slow_after = '300ms'\n{manifest}"));
    let mut command = sandbox.program(misbehave());
    command.env("TERM", "xterm").args(["take-terminal", "exec", "sh", "-mc", "\"$0\" & wait", PROCMAN]);
    let mut terminal = Terminal::open(command);
    // By then there would be others below.
    terminal.wait_to_see("slow");
    both_go(&sandbox);
    assert_eq!(terminal.wait().code(), Some(0));
    let shown = terminal.all_shown();
    assert!(shown.contains("third") && !shown.contains("running"), "{shown}");
}

#[test]
fn it_is_only_for_a_person_at_a_terminal_that_can_do_it() {
    let quiet = [(vec![], vec![("TERM", "dumb")]), (vec![], vec![("CI", "true")]), (vec!["-q"], vec![])];
    for (arguments, variables) in quiet {
        let sandbox = three();
        let mut command = sandbox.program(misbehave());
        command
            .env("TERM", "xterm")
            .envs(variables.iter().copied())
            .args(["take-terminal", "exec", PROCMAN])
            .args(arguments);
        let mut terminal = Terminal::open(command);
        sandbox.pid("a");
        sandbox.pid("b");
        both_go(&sandbox);
        assert_eq!(terminal.wait().code(), Some(0));
        let shown = terminal.all_shown();
        assert!(!shown.contains("running"), "{variables:?}: {shown}");
    }
    assert!(!three_without_a_terminal().contains("running"));
}

fn three_without_a_terminal() -> String {
    let sandbox = three();
    both_go(&sandbox);
    sandbox.run(&[]).code(0).stderr_text()
}

/// Both have run before, and the first takes longer than anybody waits.
#[test]
fn it_says_how_long_the_run_will_still_take() {
    let sandbox = three();
    both_go(&sandbox);
    sandbox.run(&[]).code(0);
    let record = sandbox.latest().join("events.jsonl");
    let text = std::fs::read_to_string(&record).expect("a record");
    let end = text.find(r#""seconds":"#).expect("an attempt that has ended") + r#""seconds":"#.len();
    let long = format!("{}4000{}", &text[..end], &text[end..][text[end..].find(',').expect("more follows")..]);
    std::fs::write(&record, long).expect("a record");
    for go in ["go-a", "go-b"] {
        std::fs::remove_file(sandbox.path(go)).expect("a file");
    }
    let mut terminal = sandbox.on_terminal(&[]);
    terminal.wait_to_see("about 1h06m left");
    both_go(&sandbox);
    assert_eq!(terminal.wait().code(), Some(0));
}

#[test]
fn a_row_of_the_summary_is_one_on_a_narrow_terminal_too() {
    let manifest = "limit = 1\n[tasks.thumbnail]\nargv = ['true']\n\
                    matrix = { src = ['holiday/photos/the-first-of-them-all.jpg', 'holiday/photos/the-second.jpg'] }";
    let sandbox = Sandbox::with(manifest);
    let mut terminal = sandbox.on_terminal(&["--color", "never"]);
    assert_eq!(terminal.wait().code(), Some(0));
    assert_data_eq!(
        screen(terminal.all_shown().as_bytes()),
        str![[r#"
procman: 2 jobs, at most 1 at once
             ok [TIME]  thumbnail[src=holiday/photos/the-first-of-them-all.jpg]
             ok [TIME]  thumbnail[src=holiday/photos/the-second.jpg]

status  job                                                       time  attempts
ok      thumbnail[src=holiday/pho…the-first-of-them-all.jpg] [TIME]         1
ok      thumbnail[src=holiday/photos/the-second.jpg] [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]
    );
    let mut terminal = sandbox.on_terminal(&["--color", "never", "show"]);
    assert_eq!(terminal.wait().code(), Some(0));
    assert_data_eq!(
        screen(terminal.all_shown().as_bytes()),
        str![[r#"
status  job                                                       time  attempts
ok      thumbnail[src=holiday/pho…the-first-of-them-all.jpg] [TIME]         1
ok      thumbnail[src=holiday/photos/the-second.jpg] [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]
    );
}
