//! What jobs write, on a terminal: as it comes, escaped, and never in the way of a job that has the terminal.

use snapbox::str;

use crate::sandbox::{Sandbox, misbehaving};
use crate::terminal::Terminal;

/// Two jobs that write a line each when the test lets them, and then another.
fn two_at_once() -> Sandbox {
    let steps = |name: &str| {
        let wait = |file: &str| format!("until [ -e {file} ]; do sleep 0.01; done");
        format!("['sh', '-c', '{}; echo {name}1; {}; echo {name}2']", wait(&format!("{name}-begin")), wait(name))
    };
    Sandbox::with(&format!("limit = 2\n[tasks]\nold = {}\nyoung = {}", steps("old"), steps("young")))
}

#[track_caller]
fn all(mut terminal: Terminal) -> String {
    assert_eq!(terminal.wait().code(), Some(0));
    terminal.all_shown()
}

#[test]
fn prefix_shows_lines_as_they_come() {
    let sandbox = two_at_once();
    let terminal = sandbox.on_terminal(&["--color", "never", "-o", "prefix"]);
    sandbox.let_go("old-begin");
    terminal.wait_for("old   | old1");
    sandbox.let_go("young-begin");
    terminal.wait_for("young | young1");
    sandbox.let_go("young");
    terminal.wait_for("young | young2");
    terminal.wait_for("ok");
    sandbox.let_go("old");
    sandbox.shows(
        &all(terminal),
        str![[r#"
procman: 2 jobs, at most 2 at once
old   | old1
young | young1
young | young2
             ok [TIME]  young
old   | old2
             ok [TIME]  old

status  job        time  attempts
ok      old [TIME]         1
ok      young [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]],
    );
}

#[test]
fn stream_shows_the_oldest_as_it_goes_and_then_all_of_the_next() {
    let sandbox = two_at_once();
    let terminal = sandbox.on_terminal(&["--color", "never", "-o", "stream"]);
    sandbox.let_go("old-begin");
    terminal.wait_for("old1");
    sandbox.let_go("young-begin");
    sandbox.let_go("young");
    terminal.wait_for("ok");
    sandbox.let_go("old");
    sandbox.shows(
        &all(terminal),
        str![[r#"
procman: 2 jobs, at most 2 at once
         output            old
old1
             ok [TIME]  young
old2
             ok [TIME]  old
         output            young
young1
young2

status  job        time  attempts
ok      old [TIME]         1
ok      young [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]],
    );
}

#[test]
fn group_shows_them_as_they_end() {
    let sandbox = two_at_once();
    let terminal = sandbox.on_terminal(&["--color", "never", "-o", "group"]);
    sandbox.let_go("old-begin");
    sandbox.let_go("young-begin");
    sandbox.let_go("young");
    terminal.wait_for("ok");
    sandbox.let_go("old");
    sandbox.shows(
        &all(terminal),
        str![[r#"
procman: 2 jobs, at most 2 at once
         output            young
young1
young2
             ok [TIME]  young
         output            old
old1
old2
             ok [TIME]  old

status  job        time  attempts
ok      old [TIME]         1
ok      young [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]],
    );
}

#[test]
fn words_never_stand_in_a_line_of_output() {
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks]\nopen = ['sh', '-c', 'printf begun; until [ -e end ]; do sleep 0.01; done; printf ended']\nother = {}",
        misbehaving("until other exit 0")
    ));
    let terminal = sandbox.on_terminal(&["--color", "never", "-o", "stream"]);
    terminal.wait_for("begun");
    sandbox.let_go("other");
    terminal.wait_for("ok");
    sandbox.let_go("end");
    sandbox.shows(
        &all(terminal),
        str![[r#"
procman: 2 jobs, at most 2 at once
         output            open
begun
             ok [TIME]  other
ended
             ok [TIME]  open

status  job        time  attempts
ok      open [TIME]         1
ok      other [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]],
    );
}

#[test]
fn all_but_lines_and_colors_is_escaped() {
    let evil = r#""\u001b[31mred\u001b[2J\u0007\n\u00e9 still red\r\u001b]0;title\u001b[0m\r\nopen \u001b[1mbold""#;
    let sandbox = Sandbox::with(&format!("[tasks]\nevil = [\"printf\", {evil}]"));
    // The terminal itself puts a carriage return before each newline.
    let screen = |mode: &str| all(sandbox.on_terminal(&["-q", "-o", mode])).replace("\r\n", "\n");
    let lines = [
        "\u{1b}[31mred\\x1b[2J\\x07",
        "é still red\\r\\x1b]0;title\u{1b}[0m\r",
        "open \u{1b}[1mbold\u{1b}[0m",
        "1 job in",
    ];
    for mode in ["group", "stream"] {
        let shown = screen(mode);
        assert!(shown.starts_with(&lines.join("\n")), "{shown:?}");
    }
    let shown = screen("prefix");
    let prefix = "\u{1b}[36mevil |\u{1b}[0m ";
    let expected = [
        "\u{1b}[31mred\\x1b[2J\\x07\u{1b}[0m\n",
        "\u{1b}[31mé still red\\r\\x1b]0;title\u{1b}[0m\r\n",
        "open \u{1b}[1mbold\u{1b}[0m\n",
    ];
    let expected = expected.map(|line| format!("{prefix}{line}"));
    assert!(shown.starts_with(&expected.concat()), "{shown:?}");
}

/// What was written before stands there when the job begins, and what comes after waits for its end.
#[test]
fn nothing_is_written_while_a_job_has_the_terminal() {
    for mode in ["group", "prefix", "stream"] {
        let interactive = misbehaving("ready has until go spam 5");
        let sandbox = Sandbox::with(&format!(
            "[tasks]\nbefore = ['sh', '-c', 'echo before; seq 2000']\nafter = {{ argv = ['echo', 'after'], deps = ['has'] }}\n[tasks.has]\nargv = {interactive}\ninteractive = true\ndeps = ['before']"
        ));
        let terminal = sandbox.on_terminal(&["--color", "never", "-o", mode]);
        sandbox.pid("has");
        terminal.wait_for("2000\r\n");
        terminal.wait_for(" ok ");
        let shown = terminal.shown();
        sandbox.let_go("go");
        let all = all(terminal);
        let rest = all.strip_prefix(&shown).expect("it was shown before");
        assert!(rest.starts_with("spam\r\n"), "{mode}: {rest}");
        assert!(shown.contains("2000\r\n") && shown.contains("before"), "{mode}: {shown}");
        assert!(rest.contains("after\r\n"), "{mode}: {rest}");
    }
}
