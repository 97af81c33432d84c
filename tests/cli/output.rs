//! What jobs write.

use std::io::Read;
use std::process::Stdio;

use crate::sandbox::{Sandbox, is_alive, wait_until};

#[test]
fn both_streams_go_to_one_log_in_true_order() {
    let sandbox = Sandbox::with("[tasks]\njob = ['sh', '-c', 'echo 1; echo 2 >&2; echo 3; echo 4 >&2']");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("job.log"), b"1\n2\n3\n4\n");
}

#[test]
fn split_streams_have_a_log_each() {
    let sandbox =
        Sandbox::with("[tasks.job]\nargv = ['sh', '-c', 'echo 1; echo 2 >&2; echo 3']\nstreams = 'split'\nretries = 0");
    sandbox.run(&["-q"]).code(0);
    assert_eq!((sandbox.log("job~out.log"), sandbox.log("job~err.log")), (b"1\n3\n".to_vec(), b"2\n".to_vec()));
}

#[test]
fn each_attempt_has_a_log_of_its_own() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['sh', '-c', 'echo $PROCMAN_ATTEMPT; exit 1']\nretries = 2");
    sandbox.run(&["-q"]).code(1);
    let logs = ["job.log", "job~2.log", "job~3.log"].map(|name| sandbox.log(name));
    assert_eq!(logs, [b"1\n", b"2\n", b"3\n"]);
}

#[test]
fn bytes_are_kept_as_they_are() {
    let sandbox = Sandbox::with(
        r#"[tasks]
job = ["printf", "a\\000\\377\\033[31mb\\r\\n\\nno end"]
"#,
    );
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("job.log"), b"a\0\xff\x1b[31mb\r\n\nno end");
}

#[test]
fn stdin_is_a_file_or_empty() {
    let sandbox =
        Sandbox::with("[tasks.a]\nargv = ['cat']\nstdin = 'input'\n[tasks.b]\nargv = ['cat']").file("input", "read me");
    sandbox.run(&["-q"]).code(0);
    assert_eq!((sandbox.log("a.log"), sandbox.log("b.log")), (b"read me".to_vec(), Vec::new()));
}

#[test]
fn what_a_pipe_could_not_hold_deadlocks_nothing() {
    let sandbox = Sandbox::with(
        "[tasks.job]\nargv = ['sh', '-c', 'head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero']\nstreams = 'split'",
    );
    sandbox.run(&["-q"]).code(0);
    assert_eq!((sandbox.log("job~out.log").len(), sandbox.log("job~err.log").len()), (3_000_000, 3_000_000));
}

#[test]
fn a_job_that_leaves_a_child_with_its_output_open_ends_all_the_same() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['sh', '-c', 'sleep 60 & echo $! > child']\nleak = 'ignore'");
    sandbox.run(&["-q"]).code(0);
    let child = sandbox.read("child");
    assert!(is_alive(child.trim().parse().expect("a process id")), "procman waited for it");
    std::process::Command::new("kill").arg(child.trim()).status().expect("kill can be started");
}

/// Nothing reads the other end: procman must neither panic nor leave the run unfinished.
#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['true']\nb = ['true']\nc = ['sh', '-c', 'exit 3']");
    for options in [&["-v"][..], &["-q"], &[]] {
        let mut command = sandbox.command(options);
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("procman can be started");
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().expect("it ends").code(), Some(1));
        let last = sandbox.events().pop().expect("a record has events");
        assert_eq!((&last["type"], &last["status"]), (&"run-ended".into(), &"failed".into()));
    }
}

#[test]
fn a_reader_of_data_that_has_seen_enough_is_no_error() {
    let tasks: Vec<String> = (0..5_000).map(|n| format!("t{n} = ['true']\n")).collect();
    let sandbox = Sandbox::with(&format!("[tasks]\n{}", tasks.concat()));
    for subcommand in ["plan", "list", "-n"] {
        let mut command = sandbox.command(&[subcommand]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("procman can be started");
        let mut first = [0];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("it writes");
        let ran = child.wait_with_output().expect("it ends");
        assert_eq!((ran.status.code(), ran.stderr), (Some(0), Vec::new()), "{subcommand}");
    }
}

#[test]
fn a_full_disk_behind_stdout_is_told() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    let mut command = sandbox.command(&["plan"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it"));
    sandbox.ran(command).code(3).stderr("error: stdout cannot be written: no space left on device\n");
}

#[test]
fn a_full_disk_behind_stdout_is_told_by_every_command_that_prints() {
    let sandbox = Sandbox::with("[tasks]\na = ['echo', 'a']");
    sandbox.run(&["-q"]).code(0);
    let lines = "list|-n|logs|logs a|history|show|completions bash|--help";
    for line in lines.split('|') {
        let line: &[&str] = &line.split(' ').collect::<Vec<_>>();
        let mut command = sandbox.command(line);
        command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it"));
        sandbox.ran(command).code(3).stderr("error: stdout cannot be written: no space left on device\n");
    }
}

/// What procman itself says is lost then, and nothing else; nor does it land in a file that got a free descriptor.
#[test]
fn without_stdout_and_stderr_jobs_run_and_the_exit_code_tells() {
    let sandbox = Sandbox::with("[tasks]\ngood = ['sh', '-c', 'echo out; echo err >&2']\nbad = ['sh', '-c', 'exit 4']");
    for redirection in [">&- 2>&-", "2>&-", ">&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full", "2>/dev/full"] {
        for (arguments, code) in [("-v good", 0), ("", 1), ("missing", 2), ("check", 0), ("--unknown", 2)] {
            let mut command = std::process::Command::new("sh");
            let line = format!("exec {} {arguments} {redirection}", env!("CARGO_BIN_EXE_procman"));
            command.args(["-c", &line]).current_dir(sandbox.path(""));
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("sh can be started");
            assert_eq!(status.code(), Some(code), "{line}");
        }
        assert_eq!(sandbox.log("good.log"), b"out\nerr\n", "{redirection}");
        let last = sandbox.events().pop().expect("a record has events");
        assert_eq!((&last["type"], &last["status"]), (&"run-ended".into(), &"failed".into()), "{redirection}");
    }
}

/// Nobody reads until all is over: jobs start and time out all the same, and then everything is there to be read.
#[test]
fn a_reader_that_stalls_holds_up_no_timeout_and_loses_nothing() {
    // At a limit of 1 in the manifest's order: when the last two come, the pipe has long been full.
    let tasks: Vec<String> = (0..1_000).map(|n| format!("{}{n} = ['true']\n", "t".repeat(100))).collect();
    let last = "[tasks.endless]\nargv = ['sleep', '600']\ntimeout = '100ms'\n[tasks.after]\nargv = ['true']\n";
    let sandbox = Sandbox::with(&format!("limit = 1\n[tasks]\n{}{last}", tasks.concat()));
    let running = sandbox.start(&[]);
    let record = sandbox.path(".procman/latest/events.jsonl");
    wait_until("the run's end", || {
        let ended = std::fs::read_to_string(&record).ok()?.lines().last()?.contains(r#""type":"run-ended""#);
        ended.then_some(())
    });
    let status = |job: &str| {
        let end = sandbox.events().into_iter().find(|event| event["type"] == "job-ended" && event["job"] == job);
        end.expect("every job ends")["status"].clone()
    };
    assert_eq!((status("endless"), status("after")), ("timed-out".into(), "ok".into()));
    let text = running.wait().code(1).stderr_text();
    assert_eq!(text.lines().filter(|line| line.starts_with("             ok ")).count(), 1_001);
    assert!(text.contains("1002 jobs in "), "{text}");
}
