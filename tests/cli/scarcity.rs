//! Too little of something: jobs wait for it, and only where nothing is possible at all does the run end.

use std::os::unix::fs::chown;
use std::process::Command;

use snapbox::str;

use crate::sandbox::{Ran, Sandbox};

/// The code that says: procman could not do its own work.
const FAULT: i32 = 3;

fn jobs(count: usize) -> String {
    let jobs: Vec<String> = (0..count).map(|n| format!("t{n} = ['sleep', '0.01']\n")).collect();
    format!("limit = {count}\n[tasks]\n{}", jobs.concat())
}

/// Raises the amount of something from nothing until the run succeeds; below that it must be a fault, quickly and with
/// `cause` in its text. Returns the last fault.
#[track_caller]
fn rises_until_all_finish(sandbox: &Sandbox, cause: &str, mut run: impl FnMut(u32) -> Ran) -> (u32, Ran) {
    let mut last = None;
    for amount in 1..60 {
        let ran = run(amount);
        if ran.exit_code() == Some(0) {
            all_finished_though_some_waited(sandbox);
            return last.expect("it cannot do without");
        }
        let ran = ran.code(FAULT);
        let stderr = ran.stderr_text();
        assert!(
            stderr.lines().last().is_some_and(|line| line.starts_with("error: ") && line.contains(cause)),
            "{stderr}"
        );
        last = Some((amount, ran));
    }
    panic!("it never succeeds");
}

#[track_caller]
fn all_finished_though_some_waited(sandbox: &Sandbox) {
    let events = sandbox.events();
    let count = |of: &str| events.iter().filter(|event| event["type"] == of).count();
    let jobs = events[0]["jobs"].as_array().expect("a plan").len();
    assert!(count("attempt-deferred") > 0);
    assert_eq!((count("attempt-ended"), count("job-ended")), (jobs, jobs));
    assert!(events.iter().filter(|event| event["type"] == "job-ended").all(|event| event["status"] == "ok"));
    assert!(events.iter().all(|event| event["attempt"].as_u64().is_none_or(|attempt| attempt == 1)));
}

/// Runs procman as a user that nobody is, who may have only so many processes and threads. `None` where that cannot be:
/// what root does is not limited.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn stranger(sandbox: &Sandbox) -> Option<impl Fn(u32, &[&str]) -> Command> {
    // Processes are counted by user, over the whole machine.
    let user = 1_000_000 + std::process::id();
    // By a process of its own: what this one has open for writing may be open in the children of other tests too.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_procman")).arg(sandbox.path("copy")).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let given = ["", "procman.toml", "copy"].map(|path| chown(sandbox.path(path), Some(user), Some(user)));
    let as_user = move |processes: u32| {
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={user}")).arg("--clear-groups");
        command.args(["prlimit", &format!("--nproc={processes}")]);
        command
    };
    let works =
        given.iter().all(Result::is_ok) && as_user(20).arg("true").status().is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: this needs root, setpriv and prlimit");
        return None;
    }
    let folder = sandbox.path("");
    Some(move |processes, arguments: &[&str]| {
        let mut command = as_user(processes);
        command.arg(folder.join("copy")).args(arguments).current_dir(&folder);
        command
    })
}

#[test]
fn a_hundred_jobs_finish_where_there_may_be_twenty_processes() {
    let sandbox = Sandbox::with(&jobs(100));
    let Some(stranger) = stranger(&sandbox) else { return };
    sandbox.ran(stranger(20, &["-q"])).code(0);
    all_finished_though_some_waited(&sandbox);
}

#[test]
fn where_there_may_be_no_process_at_all_that_is_said() {
    let sandbox = Sandbox::with(&jobs(3));
    let Some(stranger) = stranger(&sandbox) else { return };
    let run = |processes| sandbox.ran(stranger(processes, &["-q"]));
    rises_until_all_finish(&sandbox, "resource temporarily unavailable", run).1.stderr(str![[r#"
3 jobs in [TIME]: 3 cancelled; logs in .procman/runs/[RUN]/logs
error: nothing can be started, 7 tries have failed: no process can be started: resource temporarily unavailable; `ulimit -u`, or the control group, allows no more processes and threads; raise it, or end some

"#]]);
}

#[test]
fn jobs_finish_with_the_fewest_descriptors_that_one_needs() {
    let sandbox =
        Sandbox::with(&jobs(50).replace("[tasks]", "[defaults]\nstreams = 'split'\nstdin = 'procman.toml'\n[tasks]"));
    let run = |files: u32, arguments: &str| {
        let mut command = Command::new("sh");
        let line = format!("ulimit -n {files}; exec {} {arguments}", env!("CARGO_BIN_EXE_procman"));
        command.args(["-c", &line]).current_dir(sandbox.path(""));
        sandbox.ran(command)
    };
    // Fewer are not even enough for the shell.
    let most = rises_until_all_finish(&sandbox, "too many open files", |files| run(files + 3, "-q")).0;
    run(most + 3, "-v --limit 1 t0").code(FAULT).stderr(str![[r#"
procman: 1 job, at most 1 at once
          start            t0  sleep 0.01
       deferred            t0  (stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it)
          start            t0  sleep 0.01
       deferred            t0  (stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it)
          start            t0  sleep 0.01
       deferred            t0  (stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it)
          start            t0  sleep 0.01
       deferred            t0  (stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it)
          start            t0  sleep 0.01
       deferred            t0  (stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it)
          start            t0  sleep 0.01
       deferred            t0  (stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it)
          start            t0  sleep 0.01
       deferred            t0  (stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it)
         cancel            nothing can be started, 7 tries have failed: stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it
      cancelled         -  t0

status     job      time  attempts  peak memory
cancelled  t0          -         0          0 B

1 job in [TIME]: 1 cancelled; logs in .procman/runs/[RUN]/logs
error: nothing can be started, 7 tries have failed: stdin `[FOLDER]/procman.toml` cannot be read: too many open files; `ulimit -n` allows no more open files; raise it

"#]]);
}
