//! What a job has made that did not succeed never counts.

use std::fs;

use snapbox::str;

use crate::sandbox::{Sandbox, is_gone, misbehaving};

fn write(sandbox: &Sandbox, path: &str, content: &str) {
    fs::write(sandbox.path(path), content).expect("a file");
}

fn remove(sandbox: &Sandbox, path: &str) {
    fs::remove_file(sandbox.path(path)).expect("it was there");
}

/// `make` writes a half, and then a whole if it is let; `use` copies what it makes.
fn half_made(after_the_half: &str, more: &str) -> Sandbox {
    let rest = misbehaving(after_the_half);
    let rest = rest.trim_matches(['[', ']']);
    Sandbox::with(&format!(
        r#"
        limit = 1
        [tasks.make]
        argv = ["sh", "-c", 'echo half > out; if test -e whole; then echo whole > out; else exec "$@"; fi', "sh", {rest}]
        outputs = ["out"]
        {more}
        [tasks.use]
        argv = ["cp", "out", "copy"]
        inputs = ["out"]
        outputs = ["copy"]
        "#
    ))
}

/// The half does not count: the next run makes the whole.
#[track_caller]
fn the_half_does_not_count(sandbox: &Sandbox) {
    assert_eq!(
        sandbox.read("out"),
        "half
"
    );
    let expected = "make would run:
    no success of it is known
use would run:
    no success of it is known
";
    sandbox.run(&["explain"]).code(0).stdout(expected);
    write(sandbox, "whole", "");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["make", "use"]);
    assert_eq!(
        sandbox.read("copy"),
        "whole
"
    );
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

#[test]
fn what_a_failed_job_has_half_made_does_not_count() {
    let sandbox = half_made("exit 1", "");
    sandbox.run(&["-q"]).code(1);
    the_half_does_not_count(&sandbox);
}

#[test]
fn what_a_job_that_timed_out_has_half_made_does_not_count() {
    let sandbox = half_made("wait", "timeout = '100ms'\ngrace = '0s'");
    sandbox.run(&["-q"]).code(1);
    assert_eq!(sandbox.status("make"), "timed-out");
    the_half_does_not_count(&sandbox);
}

#[test]
fn what_a_cancelled_job_has_half_made_does_not_count() {
    let sandbox = half_made("ready at-work wait", "");
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("at-work");
    running.signal("INT");
    running.wait().died_of(2);
    the_half_does_not_count(&sandbox);
}

#[test]
fn what_a_killed_procman_has_half_made_does_not_count() {
    let sandbox = half_made("ready at-work wait", "");
    let running = sandbox.start(&["-q"]);
    let job = sandbox.pid("at-work");
    running.signal("KILL");
    running.wait().died_of(9);
    is_gone(job);
    the_half_does_not_count(&sandbox);
}

#[test]
fn a_half_in_the_place_of_a_whole_does_not_count_either() {
    let sandbox = half_made("exit 1", "env = { A = '1' }").file("whole", "");
    sandbox.run(&["-q"]).code(0);
    remove(&sandbox, "whole");
    let manifest = sandbox.read("procman.toml");
    write(&sandbox, "procman.toml", &manifest.replace("'1'", "'2'"));
    sandbox.run(&["-q"]).code(1);
    // As it was when it succeeded, but for what lies in its output's place.
    write(&sandbox, "procman.toml", &manifest);
    write(&sandbox, "whole", "");
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
make would run:
    output `out` changed
use is up to date, unless `make`, which runs first, changes something

"#]]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["make"]);
    assert_eq!(sandbox.read("copy"), "whole\n");
}

/// It had succeeded with just these, and yet it fails with them.
#[test]
fn a_success_that_a_failure_has_disproved_does_not_count_any_more() {
    let sandbox =
        Sandbox::with("[tasks.make]\nargv = ['sh', '-c', 'echo > out; test ! -e broken']\noutputs = ['out']\n");
    sandbox.run(&["-q"]).code(0);
    write(&sandbox, "broken", "");
    sandbox.run(&["explain"]).code(0).stdout("make is up to date\n");
    sandbox.run(&["-q", "--force"]).code(1);
    sandbox.run(&["explain"]).code(0).stdout("make would run:\n    no success of it is known\n");
    sandbox.run(&["-q"]).code(1);
}
