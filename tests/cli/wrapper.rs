//! Jobs under something else: what a `wrapper` hands on, whether it becomes the job's program or stays as its parent.

use std::collections::BTreeSet;
use std::process::Command;

use crate::sandbox::{Sandbox, is_gone, misbehaving};

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// Becomes the program.
const EXECS: &str = "#!/bin/sh\nexec \"$@\"\n";
/// Stays, and says no more of a signal than that it came. It dies of a TERM before its child does.
const STAYS: &str = "#!/bin/sh\n\"$@\"\nexit $?\n";
/// Stays, and hands on what it is told.
const FORWARDS: &str = r#"#!/bin/sh
"$@" &
child=$!
trap 'kill -TERM $child' TERM
wait $child
code=$?
while kill -0 $child 2>/dev/null; do
    wait $child
    code=$?
done
exit $code
"#;

/// Those that become the program, and those that stay.
const EXECING: [&str; 3] = ["['nice', '-n', '10']", "['env', 'WRAPPED=1']", "['./execs']"];
const STAYING: [&str; 2] = ["['./stays']", "['./forwards']"];

/// A job `a` that does this under a wrapper.
fn sandbox(wrapper: &str, actions: &str, keys: &str) -> Sandbox {
    with_scripts(&format!("[tasks.a]\nargv = {}\nwrapper = {wrapper}\n{keys}", misbehaving(actions)))
}

fn with_scripts(manifest: &str) -> Sandbox {
    Sandbox::with(manifest).script("execs", EXECS).script("stays", STAYS).script("forwards", FORWARDS)
}

/// How the run's only job ended, less what counts the time.
#[track_caller]
fn end(sandbox: &Sandbox) -> String {
    let end = sandbox.wait_for_event("job-ended", "a");
    let how = ["status", "exit", "code", "signal"].map(|key| end.get(key).map(ToString::to_string));
    how.into_iter().flatten().collect::<Vec<_>>().join(" ").replace('"', "")
}

#[test]
fn an_exit_code_comes_through() {
    for wrapper in EXECING.into_iter().chain(STAYING) {
        let sandbox = sandbox(wrapper, "exit 7", "");
        sandbox.run(&["-q"]).code(1);
        assert_eq!(end(&sandbox), "failed 7", "{wrapper}");
    }
}

/// A parent can only put it into an exit code, as shells do.
#[test]
fn a_signal_that_a_job_dies_of_comes_through_where_the_wrapper_becomes_it() {
    for wrapper in EXECING.into_iter().chain(STAYING) {
        let sandbox = sandbox(wrapper, "die KILL", "");
        sandbox.run(&["-q"]).code(1);
        let expected = if STAYING.contains(&wrapper) { "failed 137" } else { "failed SIGKILL" };
        assert_eq!(end(&sandbox), expected, "{wrapper}");
    }
}

/// All of its group are told: the job itself, whoever stands before it. One that forwards tells it a second time.
#[test]
fn a_job_is_told_to_end_and_has_its_grace_under_any_wrapper() {
    for (name, number) in [("INT", SIGINT), ("TERM", SIGTERM)] {
        for wrapper in EXECING.into_iter().chain(STAYING) {
            let sandbox =
                sandbox(wrapper, "note notes INT,TERM,HUP,QUIT ready ready until go ready over", "grace = '10m'");
            let running = sandbox.start(&["-q"]);
            let job = sandbox.pid("ready");
            running.signal(name);
            sandbox.wait_for("notes");
            sandbox.let_go("go");
            running.wait().died_of(number);
            is_gone(job);
            assert!(sandbox.path("over").exists(), "{wrapper}: it was not let go on to its end");
            let notes: BTreeSet<String> = sandbox.read("notes").lines().map(str::to_owned).collect();
            assert_eq!(notes, BTreeSet::from(["SIGTERM".to_owned()]), "{wrapper}");
            assert_eq!(end(&sandbox), "cancelled", "{wrapper}");
        }
    }
}

#[test]
fn a_job_that_times_out_is_gone_under_any_wrapper() {
    let started = EXECING.into_iter().chain(STAYING).map(|wrapper| {
        let sandbox = sandbox(wrapper, "hold held ignore TERM ready ready wait", "timeout = '2s'\ngrace = '1ms'");
        let running = sandbox.start(&["-q"]);
        (wrapper, sandbox, running)
    });
    for (wrapper, sandbox, running) in started.collect::<Vec<_>>() {
        running.wait().code(1);
        assert_eq!(end(&sandbox), "timed-out", "{wrapper}");
        assert!(!sandbox.is_held("held"), "{wrapper}");
    }
}

#[test]
fn an_argv_reaches_its_program_byte_for_byte_under_any_wrapper() {
    let arguments = ["a b", "", "$HOME", "*", "'", "\"", "\\", "line\nbreak", "ü", "--", "-n", "{x}"];
    let argv: Vec<String> = arguments.iter().map(|argument| format!(", {argument:?}")).collect();
    let expected: Vec<String> = arguments.iter().map(|argument| format!("<{argument}>\n")).collect();
    for wrapper in EXECING.into_iter().chain(STAYING) {
        let sandbox = with_scripts(&format!("[tasks.a]\nargv = ['./show'{}]\nwrapper = {wrapper}", argv.concat()))
            .script("show", "#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n");
        sandbox.run(&["-q"]).code(0);
        assert_eq!(String::from_utf8_lossy(&sandbox.log("a.log")), expected.concat(), "{wrapper}");
        let wrapped = with_scripts(&format!("[tasks.a]\nargv = ['last']\nwrapper = ['./show'{}]", argv.concat()))
            .script("show", "#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n");
        wrapped.run(&["-q"]).code(0);
        assert_eq!(String::from_utf8_lossy(&wrapped.log("a.log")), expected.concat() + "<last>\n");
    }
}

#[test]
fn what_a_wrapper_sets_holds_for_the_job() {
    let sandbox = Sandbox::with("[tasks.a]\nargv = ['nice']\nwrapper = ['nice', '-n', '10']");
    sandbox.run(&["-q"]).code(0);
    let own = Command::new("nice").output().expect("nice can be started").stdout;
    let own: i32 = String::from_utf8_lossy(&own).trim().parse().expect("a number");
    assert_eq!(String::from_utf8_lossy(&sandbox.log("a.log")).trim(), (own + 10).min(19).to_string());
}

/// Only the wrapper knows that it is missing.
#[test]
fn a_program_that_is_missing_is_an_exit_code_of_the_wrapper() {
    let sandbox = Sandbox::with("[tasks.a]\nargv = ['no-such-program']\nwrapper = ['env']");
    sandbox.run(&["-q"]).code(1);
    assert_eq!(end(&sandbox), "failed 127");
    let sandbox = Sandbox::with("[tasks.a]\nargv = ['true']\nwrapper = ['no-such-wrapper']");
    sandbox.run(&["-q"]).code(1);
    assert_eq!(end(&sandbox), "spawn-error");
}

#[test]
fn a_wrapper_has_the_values_of_its_job() {
    let sandbox = Sandbox::with(
        "[vars]\nimage = 'alpine'\n[defaults]\nwrapper = ['env', 'IMAGE={{image}}', 'NAME={{job}}']\n\
         [tasks.a]\nargv = ['sh', '-c', 'echo $IMAGE $NAME $N']\nmatrix = { n = [1, 2] }\n\
         wrapper = ['env', 'IMAGE={{image}}', 'NAME={{job}}', 'N={{n}}']\n\
         [tasks.b]\nargv = ['sh', '-c', 'echo $IMAGE $NAME']",
    );
    sandbox.run(&["-q", "--set", "image=debian"]).code(0);
    for (job, expected) in [("a[n=1]", "debian a[n=1] 1\n"), ("a[n=2]", "debian a[n=2] 2\n"), ("b", "debian b\n")] {
        sandbox.run(&["logs", job]).code(0).stdout(expected);
    }
}
