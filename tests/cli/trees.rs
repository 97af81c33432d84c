//! What a job leaves behind: children in the background, in sessions of their own, and daemons.

use std::fs;

use crate::sandbox::{PROCMAN, Sandbox, is_alive, misbehave, misbehaving, send, wait_until};

const SIGTERM: i32 = 15;

/// Each way to leave a process behind, with the actions that do it. The process says `left` when it is there.
const WAYS: [(&str, &str); 10] = [
    ("background", "background { ready left wait }"),
    ("redirected", "background { silent ready left wait }"),
    ("session", "background { session ready left wait }"),
    ("daemon", "daemon { ready left wait }"),
    ("nested", "daemon { background { daemon { ready left wait } } wait }"),
    (FORGETFUL, "daemon { forget ready left wait }"),
    ("stubborn", "daemon { ignore TERM,INT,HUP ready left wait }"),
    ("headless", "daemon { headless ready left wait }"),
    ("stopped", "background { session ready left stop wait }"),
    ("reforking", "background { ready left refork 1000 wait }"),
];
/// Nobody can tell whose it was while there are other jobs.
const FORGETFUL: &str = "forgetful";

/// A job for each of them, in a folder of its name, that ends by `end` when its process is there.
fn ways(end: &str, keys: &str) -> Sandbox {
    let task = |(name, leave): &(&str, &str)| {
        let argv = misbehaving(&format!("hold lock {leave} until left {end}"));
        format!("[tasks.{name}]\nargv = {argv}\ncwd = '{name}'\n{keys}\n")
    };
    let manifest = format!("limit = {}\n{}", WAYS.len(), WAYS.iter().map(task).collect::<String>());
    WAYS.iter().fold(Sandbox::with(&manifest), |sandbox, (name, _)| sandbox.file(&format!("{name}/folder"), ""))
}

/// Waits for the same file of each.
fn wait_for_each(sandbox: &Sandbox, file: &str) {
    for (name, _) in WAYS {
        sandbox.wait_for(&format!("{name}/{file}"));
    }
}

/// Each job has ended so, and all that it left behind, and whatever came of that, is gone.
#[track_caller]
fn all_are_gone(sandbox: &Sandbox, status: &str) {
    let lives = |name: &str| {
        let left = lives(sandbox, &format!("{name}/left"));
        left || sandbox.is_held(&format!("{name}/lock"))
    };
    let left: Vec<&str> = WAYS.iter().map(|(name, _)| *name).filter(|name| lives(name)).collect();
    assert_eq!(left, [""; 0]);
    for (name, _) in WAYS {
        let expected = if name == FORGETFUL && status == "leaked" { "ok" } else { status };
        assert_eq!(sandbox.wait_for_event("job-ended", name)["status"], expected, "{name}");
    }
}

/// Whether the process that wrote its id into this file lives. After this it does not, so that nothing stays after a
/// test, and it is only asked for while it is in the sandbox, in case that its id is another's now.
#[track_caller]
fn lives(sandbox: &Sandbox, file: &str) -> bool {
    let pid = sandbox.pid(file);
    let lives = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder.starts_with(sandbox.path("")));
    if lives {
        send(pid, "KILL");
    }
    lives
}

fn task(actions: &str, keys: &str) -> String {
    format!("[tasks.a]\nargv = {}\n{keys}\n", misbehaving(actions))
}

#[test]
fn what_a_good_job_leaves_is_removed_and_the_job_is_good() {
    let sandbox = ways("exit 0", "");
    sandbox.run(&["-q"]).code(0);
    all_are_gone(&sandbox, "ok");
}

#[test]
fn what_a_failed_job_leaves_is_removed_too() {
    let sandbox = ways("exit 3", "leak = 'kill'");
    sandbox.run(&["-q"]).code(1);
    all_are_gone(&sandbox, "failed");
}

#[test]
fn a_timeout_removes_the_whole_tree() {
    let sandbox = ways("wait", "timeout = '3s'\ngrace = '100ms'");
    sandbox.run(&["-q"]).code(1);
    all_are_gone(&sandbox, "timed-out");
}

#[test]
fn a_cancel_removes_the_whole_tree() {
    let sandbox = ways("ready leader wait", "grace = '100ms'");
    let running = sandbox.start(&["-q"]);
    wait_for_each(&sandbox, "leader");
    running.signal("TERM");
    running.wait().died_of(SIGTERM);
    all_are_gone(&sandbox, "cancelled");
}

/// The grace would be over only after the test.
#[test]
fn a_second_signal_removes_the_whole_tree_at_once() {
    let sandbox = ways("note told TERM ready leader wait", "grace = '10m'");
    let running = sandbox.start(&["-q"]);
    wait_for_each(&sandbox, "leader");
    running.signal("TERM");
    wait_for_each(&sandbox, "told");
    running.signal("TERM");
    running.wait().died_of(SIGTERM);
    all_are_gone(&sandbox, "cancelled");
}

/// Also what can be laid to no job, which is told to end first when there is time.
#[test]
fn after_a_second_signal_what_belongs_to_no_job_is_killed_at_once() {
    let daemon = "daemon { forget note asked TERM ready left wait }";
    let sandbox =
        Sandbox::with(&task(&format!("{daemon} until left note told TERM ready leader wait"), "grace = '10m'"));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("leader");
    running.signal("TERM");
    sandbox.wait_for("told");
    running.signal("TERM");
    running.wait().died_of(SIGTERM);
    assert!(!lives(&sandbox, "left") && !sandbox.path("asked").exists());
}

#[test]
fn on_request_leaving_something_is_a_failure() {
    let sandbox = ways("exit 0", "leak = 'fail'");
    sandbox.run(&["-q"]).code(1);
    all_are_gone(&sandbox, "leaked");
}

/// While it does, no look at all processes is sure to have seen everybody.
#[test]
fn one_that_forks_on_and_on_hides_nobody() {
    let leave = "hold lock background { silent ready left wait } until left exit 0";
    let fork = "background { ready storm refork 5000 wait } until storm exit 0";
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks.storm]\nargv = {}\nleak = 'fail'\n{}",
        misbehaving(fork),
        task(&format!("until storm {leave}"), "leak = 'fail'")
    ));
    sandbox.run(&["-q"]).code(1);
    assert!(!lives(&sandbox, "left") && !sandbox.is_held("lock"));
    for job in ["a", "storm"] {
        assert_eq!(sandbox.wait_for_event("job-ended", job)["status"], "leaked", "{job}");
    }
}

#[test]
fn on_request_what_is_left_lives_on() {
    for leave in
        ["background { ready left wait }", "background { session ready left wait }", "daemon { ready left wait }"]
    {
        let sandbox = Sandbox::with(&task(&format!("hold lock {leave} until left exit 0"), "leak = 'ignore'"));
        sandbox.run(&["-q"]).code(0);
        assert!(sandbox.is_held("lock") && lives(&sandbox, "left"), "{leave}");
        assert_eq!(sandbox.wait_for_event("job-ended", "a")["status"], "ok", "{leave}");
    }
}

/// The last child of a pipeline often ends a moment after its leader.
#[test]
fn a_child_that_ends_by_itself_within_a_moment_is_not_left() {
    for child in ["background { ready child orphan }", "background { session silent ready child orphan }"] {
        let sandbox = Sandbox::with(&task(&format!("hold lock {child} until child exit 0"), "leak = 'fail'"));
        sandbox.run(&["-q"]).code(0);
        assert!(!sandbox.is_held("lock"));
        assert_eq!(sandbox.wait_for_event("job-ended", "a")["status"], "ok");
    }
}

#[test]
fn the_children_of_other_jobs_are_left_alone() {
    let patient = "background { session silent ready child until go ready done } until done exit 0";
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks.patient]\nargv = {}\n{}",
        misbehaving(patient),
        task("until child daemon { ready left wait } until left exit 0", "")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for_event("job-ended", "a");
    assert!(!lives(&sandbox, "left"), "it is removed while the run goes on");
    sandbox.let_go("go");
    running.wait().code(0);
    assert!(sandbox.path("done").exists());
}

/// A procman that took the place of a shell by an exec has that shell's children.
#[test]
fn children_that_procman_had_before_it_began_are_left_alone() {
    let before = "background { silent ready child wait } daemon { ready stranger wait } until child until stranger";
    let sandbox = Sandbox::with(&task("daemon { ready left wait } until left exit 0", ""));
    sandbox.ran(sandbox.command_after(before, &["-q"])).code(0);
    assert_eq!(["child", "stranger", "left"].map(|file| lives(&sandbox, file)), [true, true, false]);
}

#[test]
fn what_an_attempt_leaves_is_gone_before_the_next() {
    let leave = format!("{} background {{ session silent ready left wait }} until left exit 1", misbehave().display());
    let script = format!("[ $PROCMAN_ATTEMPT = 2 ] || exec {leave}; ! kill -0 $(cat left)");
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = ['sh', '-c', '{script}']\nretries = 1"));
    sandbox.run(&["-q"]).code(0);
    assert!(sandbox.events().iter().any(|event| event["type"] == "job-ended" && event["status"] == "flaky"));
}

/// What cannot be ended is named in bounded time. Only root can make a program that becomes another user.
#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn what_cannot_be_ended_is_named_with_its_id() {
    let sandbox = Sandbox::with(
        "[tasks.job]\nargv = ['./setuid', 'background', '{', 'user', '0', 'ready', 'left', 'until', 'go', '}', 'until', 'left']\n",
    );
    let user = (2_000_000 + std::process::id()).to_string();
    let set_up = format!(
        "cp {} setuid && cp {} procman && chown 0 setuid && chmod 4755 setuid && chown {user} .",
        misbehave().display(),
        PROCMAN
    );
    let done = sandbox.program("sh").args(["-c", &set_up]).status().expect("a shell");
    let mut command = sandbox.program(misbehave());
    command.args(["user", &user, "exec", "./procman", "-q"]);
    if !done.success() || !is_root() {
        eprintln!("skipped: only root can make a program of another user");
        return;
    }
    let ran = sandbox.ran(command).code(3);
    let left = sandbox.pid("left");
    assert!(is_alive(left));
    fs::write(sandbox.path("go"), "").expect("a file");
    let stderr = ran.stderr_text();
    let error =
        format!("error: processes of job cannot be ended and live on: setuid (pid {left}); who may end them must\n");
    assert!(stderr.ends_with(&error), "{stderr}");
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// What the inner one runs has the inner one's marks, and its guardian needs a moment to end it.
#[test]
fn the_jobs_of_a_procman_that_is_a_job_go_with_it() {
    let inner = misbehaving("note told TERM hold ../lock ready ../there wait");
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks.outer]\nargv = ['{PROCMAN}', '-q']\ncwd = 'inner'\ngrace = '100ms'\ntimeout = '2s'\n\
         [tasks.other]\nargv = {}",
        misbehaving("until go")
    ))
    .file("inner/procman.toml", format!("[tasks.job]\nargv = {inner}\ngrace = '10m'"));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("there");
    sandbox.wait_for_event("job-ended", "outer");
    let is_held = sandbox.is_held("lock");
    sandbox.let_go("go");
    running.wait().code(1);
    assert!(!is_held);
}

/// procman adopts them, so nobody else does.
#[test]
fn orphans_that_have_ended_are_reaped_while_their_job_goes_on() {
    let sandbox = Sandbox::with(&task("daemon { ready first } daemon { ready last } until first until go", ""));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("first");
    let last = sandbox.pid("last");
    wait_until("the end of the last", || (!std::path::Path::new(&format!("/proc/{last}")).exists()).then_some(()));
    sandbox.let_go("go");
    running.wait().code(0);
}
