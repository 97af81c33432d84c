//! What of the jobs' output is shown while they run, mode by mode.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use snapbox::str;

use crate::sandbox::{PROCMAN, Sandbox, wait_until};

const LIVE: [&str; 3] = ["group", "prefix", "stream"];

/// One after the other: one that does not end its line, one that fails twice, one with its streams apart, one that
/// writes nothing.
fn four_kinds() -> Sandbox {
    Sandbox::with(
        r#"
limit = 1
[tasks]
open = ["printf", "one\ntwo"]
silent = ["true"]
[tasks.again]
argv = ["sh", "-c", "echo try $PROCMAN_ATTEMPT; exit 3"]
retries = 1
[tasks.apart]
argv = ["sh", "-c", "echo out; printf err >&2; printf more"]
streams = "split"
"#,
    )
}

#[test]
fn failures_shows_the_end_of_what_failed_in_the_summary() {
    for options in [&["open", "again"][..], &["-o", "failures", "open", "again"]] {
        four_kinds().run(options).code(1).stdout("").stderr(str![[r#"
procman: 2 jobs, at most 1 at once
             ok [TIME]  open
          retry            again  (attempt 2, after exit 3)
         failed [TIME]  again  (exit 3)

status  job        time  attempts
ok      open [TIME]         1
failed  again [TIME]         2  (exit 3)

failed: again: exit 3, after 2 attempts
  | try 2
  log: .procman/runs/[RUN]/logs/again~2.log

2 jobs in [TIME]: 1 ok, 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
    }
}

#[test]
fn quiet_shows_nothing_of_it() {
    four_kinds().run(&["-o", "quiet"]).code(1).stdout("").stderr(str![[r#"
procman: 4 jobs, at most 1 at once
             ok [TIME]  open
             ok [TIME]  silent
          retry            again  (attempt 2, after exit 3)
         failed [TIME]  again  (exit 3)
             ok [TIME]  apart

status  job         time  attempts
ok      open [TIME]         1
ok      silent [TIME]         1
failed  again [TIME]         2  (exit 3)
ok      apart [TIME]         1

failed: again: exit 3, after 2 attempts
  log: .procman/runs/[RUN]/logs/again~2.log

4 jobs in [TIME]: 3 ok, 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn group_shows_each_attempt_as_a_whole() {
    four_kinds()
        .run(&["-o", "group"])
        .code(1)
        .stdout(str![[r#"
one
two
try 1
try 2
out
more
err

"#]])
        .stderr(str![[r#"
procman: 4 jobs, at most 1 at once
         output            open
             ok [TIME]  open
             ok [TIME]  silent
         output            again
          retry            again  (attempt 2, after exit 3)
         output            again  (attempt 2)
         failed [TIME]  again  (exit 3)
         output            apart
             ok [TIME]  apart

status  job         time  attempts
ok      open [TIME]         1
ok      silent [TIME]         1
failed  again [TIME]         2  (exit 3)
ok      apart [TIME]         1

failed: again: exit 3, after 2 attempts
  | try 2
  log: .procman/runs/[RUN]/logs/again~2.log

4 jobs in [TIME]: 3 ok, 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn prefix_puts_the_name_in_front_of_each_line() {
    four_kinds()
        .run(&["--output=prefix"])
        .code(1)
        .stdout(str![[r#"
open   | one
open   | two
again  | try 1
again  | try 2
apart  | out
apart  | more
apart  | err

"#]])
        .stderr(str![[r#"
procman: 4 jobs, at most 1 at once
             ok [TIME]  open
             ok [TIME]  silent
          retry            again  (attempt 2, after exit 3)
         failed [TIME]  again  (exit 3)
             ok [TIME]  apart

status  job         time  attempts
ok      open [TIME]         1
ok      silent [TIME]         1
failed  again [TIME]         2  (exit 3)
ok      apart [TIME]         1

failed: again: exit 3, after 2 attempts
  | try 2
  log: .procman/runs/[RUN]/logs/again~2.log

4 jobs in [TIME]: 3 ok, 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn stream_shows_one_job_after_the_other() {
    four_kinds()
        .run(&["-ostream"])
        .code(1)
        .stdout(str![[r#"
one
two
try 1
try 2
out
more
err

"#]])
        .stderr(str![[r#"
procman: 4 jobs, at most 1 at once
         output            open
             ok [TIME]  open
             ok [TIME]  silent
         output            again
          retry            again  (attempt 2, after exit 3)
         output            again  (attempt 2)
         failed [TIME]  again  (exit 3)
         output            apart
             ok [TIME]  apart

status  job         time  attempts
ok      open [TIME]         1
ok      silent [TIME]         1
failed  again [TIME]         2  (exit 3)
ok      apart [TIME]         1

failed: again: exit 3, after 2 attempts
  | try 2
  log: .procman/runs/[RUN]/logs/again~2.log

4 jobs in [TIME]: 3 ok, 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn without_words_there_is_only_output() {
    for quiet in ["-q", "-qq"] {
        let ran = four_kinds().run(&[quiet, "-o", "group", "open", "apart"]).code(0);
        assert_eq!(ran.stdout_bytes(), b"one\ntwo\nout\nmore\nerr\n", "{quiet}");
        assert!(ran.stderr_text().lines().count() <= 1, "{quiet}");
    }
}

#[test]
fn the_mode_may_come_from_the_environment_and_holds_for_a_rerun() {
    let sandbox = four_kinds();
    let with = |value: &str, arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.env("PROCMAN_OUTPUT", value);
        sandbox.ran(command)
    };
    with("group", &["-q", "open"]).code(0).stdout("one\ntwo\n");
    with("group", &["-q", "-o", "prefix", "open"]).code(0).stdout("open | one\nopen | two\n");
    with("stream", &["rerun", "-q"]).code(0).stdout("one\ntwo\n");
    with("loud", &["-q", "open"]).code(2).stderr(str![[r#"
error: PROCMAN_OUTPUT is `loud`: it can be failures, group, prefix, stream or quiet

"#]]);
    sandbox.run(&["rerun", "-q", "-o", "loud"]).code(2).stderr(str![[r#"
error: invalid value 'loud' for '--output <MODE>'
  [possible values: failures, group, prefix, stream, quiet]

For more information, try '--help'.

"#]]);
}

/// A write that was cut anywhere would show.
#[test]
fn to_a_pipe_bytes_go_as_they_are() {
    let sandbox = Sandbox::with("[tasks]\njob = ['cat', 'all']");
    let all: Vec<u8> = (0..300_000u32).flat_map(|n| [&n.to_le_bytes()[..], b"\xff\r\x1b"].concat()).collect();
    let sandbox = sandbox.file("all", &all);
    let ended = [&all[..], b"\n"].concat();
    for mode in ["group", "stream"] {
        assert!(sandbox.run(&["-q", "-o", mode]).code(0).stdout_bytes() == ended, "{mode}");
    }
    let prefixed: Vec<u8> =
        ended.split_inclusive(|byte| *byte == b'\n').flat_map(|line| [b"job | ", line].concat()).collect();
    assert!(sandbox.run(&["-q", "-o", "prefix"]).code(0).stdout_bytes() == prefixed);
}

/// Of each job the lines behind its prefix are its log.
#[test]
fn a_hundred_thousand_lines_at_once_are_each_there_once() {
    let line = "for i in $(seq 25000); do echo $PROCMAN_JOB $i; done";
    let jobs: Vec<String> = (0..4).map(|n| format!("job{n} = ['sh', '-c', '{line}']\n")).collect();
    let sandbox = Sandbox::with(&format!("limit = 4\n[tasks]\n{}", jobs.concat()));
    for mode in LIVE {
        let ran = sandbox.run(&["-q", "-o", mode]).code(0);
        let shown = String::from_utf8(ran.stdout_bytes().to_vec()).expect("text");
        assert_eq!(shown.lines().count(), 100_000, "{mode}");
        for job in 0..4 {
            let prefix = format!("job{job} | ");
            let of_this_job = |line: &&str| line.starts_with(&format!("job{job} "));
            let lines: Vec<&str> = shown.lines().filter(of_this_job).collect();
            let lines: Vec<&str> = lines.iter().map(|line| line.strip_prefix(&prefix).unwrap_or(line)).collect();
            let log = String::from_utf8(sandbox.log(&format!("job{job}.log"))).expect("text");
            assert!(lines == log.lines().collect::<Vec<_>>(), "{mode}");
        }
        if mode != "prefix" {
            let mut jobs: Vec<&str> = shown.lines().map(|line| &line[..4]).collect();
            jobs.dedup();
            assert_eq!(jobs.len(), 4, "{mode}: jobs are interleaved");
        }
    }
}

/// Lines of others wait until it is whole, and then it is one.
#[test]
fn a_huge_line_stays_one_line() {
    let huge = "printf begin; head -c 1000000 /dev/zero | tr '\\\\0' x; touch begun; until [ -e go ]; do sleep 0.01; done; echo end";
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks]\nhuge = [\"sh\", \"-c\", \"{huge}\"]\nother = ['sh', '-c', 'until [ -e begun ]; do sleep 0.01; done; seq 5; touch go']"
    ));
    let ran = sandbox.run(&["-q", "-o", "prefix"]).code(0);
    let shown = String::from_utf8(ran.stdout_bytes().to_vec()).expect("text");
    let mut lines: Vec<&str> = shown.lines().collect();
    lines.sort_unstable();
    let whole = format!("huge  | begin{}end", "x".repeat(1_000_000));
    assert!(lines[0] == whole);
    assert_eq!(lines[1..], ["other | 1", "other | 2", "other | 3", "other | 4", "other | 5"]);
}

/// A log that is all holes, in an address space that has no room for two thirds of it.
#[test]
fn output_of_any_length_takes_little_memory() {
    let sandbox = Sandbox::with("[tasks]\njob = ['truncate', '--size', '512M', '/dev/stdout']");
    for mode in LIVE {
        let mut command = sandbox.program("sh");
        command.args(["-c", "ulimit -v 340000; exec \"$@\"", "sh", PROCMAN, "-q", "-o", mode]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("procman can be started");
        let mut stdout = BufReader::with_capacity(1 << 20, child.stdout.take().expect("a pipe"));
        let mut length = 0;
        loop {
            let read = stdout.fill_buf().expect("it can be read").len();
            if read == 0 {
                break;
            }
            length += read;
            stdout.consume(read);
        }
        let mut stderr = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
        assert!(child.wait().expect("it ends").success(), "{stderr}");
        let prefix = if mode == "prefix" { "job | ".len() } else { 0 };
        assert_eq!(length, (1 << 29) + 1 + prefix, "{mode}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_stops_nothing() {
    let sandbox =
        Sandbox::with("limit = 2\n[tasks]\na = ['seq', '100000']\nb = ['seq', '100000']\nc = ['touch', 'ran']");
    for mode in LIVE {
        let mut command = sandbox.command(&["-q", "-o", mode]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("procman can be started");
        let mut first = [0];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("it writes");
        let ran = child.wait_with_output().expect("it ends");
        assert_eq!(ran.status.code(), Some(0), "{mode}");
        assert!(String::from_utf8_lossy(&ran.stderr).starts_with("3 jobs in "), "{mode}");
    }
}

/// Its output is longer than a pipe holds: the job that comes after it starts all the same.
#[test]
fn a_reader_that_stalls_holds_up_no_job_and_loses_nothing() {
    for mode in LIVE {
        let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['seq', '200000']\nb = ['touch', 'ran']");
        let running = sandbox.start(&["-o", mode]);
        wait_until("the second job", || sandbox.path("ran").exists().then_some(()));
        let ran = running.wait().code(0);
        assert_eq!(ran.stdout_bytes().split_inclusive(|byte| *byte == b'\n').count(), 200_000, "{mode}");
    }
}

#[test]
fn a_full_disk_behind_stdout_is_a_fault_of_the_run_and_of_no_job() {
    for mode in LIVE {
        let sandbox = Sandbox::with("[tasks]\na = ['echo', 'a']");
        let mut command = sandbox.command(&["-q", "-o", mode]);
        command.stdout(File::options().write(true).open("/dev/full").expect("Linux has it"));
        sandbox.ran(command).code(3).stderr(str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
error: stdout cannot be written: no space left on device

"#]]);
        assert_eq!(sandbox.status("a"), "ok");
    }
}

/// Words and output in one file stand in the order in which they came, and never in one line.
#[test]
fn where_both_go_to_the_same_place_they_are_in_order() {
    let sandbox = four_kinds();
    for mode in LIVE {
        let shown = File::create(sandbox.path("shown")).expect("a file");
        let mut command = sandbox.command(&["-o", mode, "open", "again"]);
        command.stdout(shown.try_clone().expect("a descriptor")).stderr(shown);
        sandbox.ran(command).code(1);
        let shown = fs::read_to_string(sandbox.path("shown")).expect("text");
        let words = |line: &&str| !line.starts_with("procman:") && !line.contains(" ok ");
        let lines: Vec<&str> = shown.lines().filter(words).take_while(|line| !line.is_empty()).collect();
        assert!(lines.iter().any(|line| line.ends_with("two")), "{shown}");
        let at =
            |end: &str| lines.iter().position(|line| line.ends_with(end)).unwrap_or_else(|| panic!("{end}: {shown}"));
        assert!(
            at("try 1") < at("(attempt 2, after exit 3)") && at("(attempt 2, after exit 3)") < at("try 2"),
            "{shown}"
        );
        assert!(at("try 2") < at("again  (exit 3)"), "{shown}");
        // Its whole output stands above the summary already, but where lines of others may stand between.
        assert_eq!(shown.contains("  | try 2"), mode == "prefix", "{shown}");
    }
}

#[test]
fn on_github_no_line_of_it_is_a_command() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['printf', '::error::a\\nopen']\nb = ['echo', '##[error]b']");
    for mode in LIVE {
        let mut command = sandbox.command(&["-q", "-o", mode]);
        command.env("GITHUB_ACTIONS", "true");
        let ran = sandbox.ran(command).code(0);
        let shown = String::from_utf8(ran.stdout_bytes().to_vec()).expect("text");
        let word = shown.lines().find_map(|line| line.strip_prefix("::stop-commands::")).expect("a mark");
        let mut is_stopped = false;
        for line in shown.lines() {
            match line {
                line if line == format!("::stop-commands::{word}") => is_stopped = true,
                line if line == format!("::{word}::") => is_stopped = false,
                "::group::a" | "::group::b" | "::endgroup::" if mode == "group" => assert!(!is_stopped, "{line}"),
                line => assert!(is_stopped, "{mode}: {line}"),
            }
        }
        assert!(!is_stopped, "{mode}");
        assert!(shown.contains("##[error]b"), "{mode}");
    }
}
