//! What a run shows, word for word.

use snapbox::str;

use crate::sandbox::Sandbox;

const MIXED: &str = r#"
limit = 1
[tasks]
good = ["true"]
bad = ["sh", "-c", "echo some output; echo some more >&2; exit 3"]
missing = ["no-such-program"]
killed = ["sh", "-c", "kill -9 $$"]

[tasks.needs-bad]
argv = ["true"]
deps = ["bad"]

[tasks.needs-that]
argv = ["true"]
deps = ["needs-bad"]

[tasks.flaky]
argv = ["sh", "-c", "test $PROCMAN_ATTEMPT = 2"]
retries = 3

[tasks.hopeless]
argv = ["sh", "-c", "echo attempt $PROCMAN_ATTEMPT; exit 1"]
retries = 1

[tasks.may-fail]
argv = ["false"]
allow_failure = true

[tasks.elsewhere]
argv = ["true"]
platforms = ["windows"]

[tasks.slow]
argv = ["sleep", "600"]
timeout = "100ms"
"#;

#[test]
fn every_status_has_its_line_its_row_and_its_count() {
    Sandbox::with(MIXED).run(&[]).code(1).stdout("").stderr(str![[r#"
procman: 11 jobs, at most 1 at once
        skipped         -  elsewhere  (not for linux, only windows)
             ok [TIME]  good
         failed [TIME]  bad  (exit 3)
        skipped         -  needs-bad  (needs bad)
        skipped         -  needs-that  (needs bad)
    spawn-error [TIME]  missing  (no program `no-such-program` is on the job's PATH; install it, or write its path)
         failed [TIME]  killed  (signal SIGKILL)
          retry            flaky  (attempt 2, after exit 1)
          flaky [TIME]  flaky
          retry            hopeless  (attempt 2, after exit 1)
         failed [TIME]  hopeless  (exit 1)
allowed-failure [TIME]  may-fail  (exit 1)
      timed-out [TIME]  slow

status           job             time  attempts
ok               good [TIME]         1
failed           bad [TIME]         1  (exit 3)
spawn-error      missing [TIME]         1
failed           killed [TIME]         1  (signal SIGKILL)
skipped          needs-bad          -         0  (needs bad)
skipped          needs-that         -         0  (needs bad)
flaky            flaky [TIME]         2
failed           hopeless [TIME]         2  (exit 1)
allowed-failure  may-fail [TIME]         1  (exit 1)
skipped          elsewhere          -         0  (not for linux, only windows)
timed-out        slow [TIME]         1

failed: bad: exit 3
  | some output
  | some more
  log: .procman/runs/[RUN]/logs/bad.log

spawn-error: missing: no program `no-such-program` is on the job's PATH; install it, or write its path

failed: killed: signal SIGKILL
  no output
  log: .procman/runs/[RUN]/logs/killed.log

failed: hopeless: exit 1, after 2 attempts
  | attempt 2
  log: .procman/runs/[RUN]/logs/hopeless~2.log

timed-out: slow
  no output
  log: .procman/runs/[RUN]/logs/slow.log

11 jobs in [TIME]: 1 ok, 1 flaky, 3 failed, 1 timed-out, 1 spawn-error, 1 allowed-failure, 3 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn quiet_leaves_failures_and_counts() {
    Sandbox::with(MIXED).run(&["-q"]).code(1).stdout("").stderr(str![[r#"

failed: bad: exit 3
  | some output
  | some more
  log: .procman/runs/[RUN]/logs/bad.log

spawn-error: missing: no program `no-such-program` is on the job's PATH; install it, or write its path

failed: killed: signal SIGKILL
  no output
  log: .procman/runs/[RUN]/logs/killed.log

failed: hopeless: exit 1, after 2 attempts
  | attempt 2
  log: .procman/runs/[RUN]/logs/hopeless~2.log

timed-out: slow
  no output
  log: .procman/runs/[RUN]/logs/slow.log

11 jobs in [TIME]: 1 ok, 1 flaky, 3 failed, 1 timed-out, 1 spawn-error, 1 allowed-failure, 3 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn very_quiet_leaves_nothing() {
    Sandbox::with(MIXED).run(&["-qq"]).code(1).stdout("").stderr("");
}

#[test]
fn a_good_run_in_quiet_is_one_line() {
    Sandbox::with("[tasks]\na = ['true']").run(&["-q"]).code(0).stdout("").stderr(str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn verbose_tells_what_starts() {
    let ran = Sandbox::with("limit = 1\n[tasks]\na = ['echo', 'a b']").run(&["-v"]).code(0);
    let text = ran.stderr_text();
    assert!(text.contains("          start            a  echo 'a b'\n"), "{text}");
    assert!(text.contains("status  job      time  attempts  peak memory\n"), "{text}");
}

#[test]
fn colors_are_the_terminals_or_the_users_wish() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']\nb = ['false']");
    let plain = sandbox.run(&[]).code(1).stderr_text();
    assert!(!plain.contains('\x1b'), "{plain:?}");
    let colored = sandbox.run(&["--color", "always"]).code(1).stderr_text();
    assert!(colored.contains("\x1b[32;1m             ok\x1b[0m"), "{colored:?}");
    assert!(colored.contains("\x1b[31;1mfailed\x1b[0m: \x1b[1mb\x1b[0m: exit 1\n"), "{colored:?}");
    let mut command = sandbox.command(&[]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(sandbox.ran(command).code(1).stderr_text().contains('\x1b'));
    let mut command = sandbox.command(&["--color", "always"]);
    command.env("NO_COLOR", "1");
    assert!(sandbox.ran(command).code(1).stderr_text().contains('\x1b'));
}

#[test]
fn what_jobs_wrote_cannot_act_on_the_terminal() {
    let sandbox = Sandbox::with(
        r#"
[tasks]
"odd name é" = ["printf", "\\033]0;title\\007\\033[2Jcleared\\r\\nnot \\377 text\\342\\200\\256\\n\\tcaret\\n"]
"#
        .replace("printf\", ", "sh\", \"-c\", \"printf '%b' \\\"$1\\\"; exit 1\", \"sh\", ")
        .as_str(),
    );
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

failed: odd name é: exit 1
  | \x1b]0;title\x07\x1b[2Jcleared
  | not \xff text\u{202e}
  | 	caret
  log: .procman/runs/[RUN]/logs/odd%20name%20%C3%A9.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

/// Minified text or binary data in one line does not push all else off the screen.
#[test]
fn only_both_ends_of_a_long_line_are_shown() {
    let script = "printf 'its beginning, '; head -c 5000 /dev/zero | tr '\\\\0' x; echo ', its end'; exit 1";
    let sandbox = Sandbox::with(&format!("[tasks]\na = ['sh', '-c', \"{script}\"]"));
    let shown = sandbox.run(&["-q"]).code(1).stderr_text();
    let (begin, end) = ("x".repeat(385), "x".repeat(391));
    let line = format!("\n  | its beginning, {begin} [... 4224 bytes ...] {end}, its end\n  log: ");
    assert!(shown.contains(&line), "{shown}");
}

#[test]
fn only_the_end_of_a_long_log_is_shown() {
    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'seq 1 100000; exit 1']");
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

failed: a: exit 1
  the last 20 lines of output:
  | 99981
  | 99982
  | 99983
  | 99984
  | 99985
  | 99986
  | 99987
  | 99988
  | 99989
  | 99990
  | 99991
  | 99992
  | 99993
  | 99994
  | 99995
  | 99996
  | 99997
  | 99998
  | 99999
  | 100000
  log: .procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn split_streams_are_shown_one_after_the_other() {
    let sandbox = Sandbox::with("[tasks.a]\nargv = ['sh', '-c', 'echo out; exit 1']\nstreams = 'split'");
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

failed: a: exit 1
  | out
  log: .procman/runs/[RUN]/logs/a~out.log
  no stderr
  log: .procman/runs/[RUN]/logs/a~err.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn of_many_jobs_those_that_are_simply_ok_are_one_row() {
    let tasks: Vec<String> = (0..150).map(|n| format!("t{n} = ['true']\n")).collect();
    let sandbox = Sandbox::with(&format!("[tasks]\n{}bad = ['false']", tasks.concat()));
    let text = sandbox.run(&[]).code(1).stderr_text();
    let table: Vec<&str> = text.split("\n\n").nth(1).expect("a table").lines().collect();
    assert_eq!(table.len(), 3, "{table:?}");
    assert!(table[1].starts_with("failed  bad  "), "{table:?}");
    assert_eq!(table[2], "ok      (150 jobs like this)");
}

#[test]
fn paths_are_shown_from_where_procman_was_called() {
    let sandbox = Sandbox::new().file("sub/procman.toml", "[tasks]\na = ['false']");
    sandbox.run(&["-q", "-C", "sub"]).code(1).stderr(str![[r#"

failed: a: exit 1
  no output
  log: sub/.procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 failed; logs in sub/.procman/runs/[RUN]/logs

"#]]);
    let mut command = sandbox.command(&["-q"]);
    command.current_dir(sandbox.path("sub"));
    sandbox.ran(command).code(1).stderr(str![[r#"

failed: a: exit 1
  no output
  log: .procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn nothing_to_run_is_said() {
    let sandbox = Sandbox::with("[tasks.a]\nargv = ['true']\nmanual = true");
    sandbox.run(&[]).code(2).stderr(str![[r#"
error: there is nothing to run: `default` is empty, or every task is `manual` or `private`

"#]]);
}

#[test]
fn processes_that_were_left_behind_are_warned_of() {
    let leave = "[tasks.job]\nargv = ['sh', '-c', 'sleep 600 & exit 0']\n";
    let sandbox = Sandbox::with(&format!("limit = 2\n{leave}"));
    let ran = sandbox.run(&[]).code(0);
    let stderr = ran.stderr_text();
    let warning = stderr.lines().find(|line| line.starts_with("warning: ")).expect("a warning");
    let pid = warning.strip_prefix("warning: job left processes behind, which were ended: sleep (pid ");
    assert!(pid.and_then(|rest| rest.strip_suffix(")")).is_some_and(|pid| pid.parse::<u32>().is_ok()), "{warning}");
    let many: Vec<String> = (0..30).map(|n| leave.replace("job", &format!("job{n}"))).collect();
    let sandbox = Sandbox::with(&format!("limit = 30\n{}", many.concat()));
    let stderr = sandbox.run(&[]).code(0).stderr_text();
    assert_eq!(stderr.lines().filter(|line| line.starts_with("warning: ")).count(), 21, "{stderr}");
    assert!(stderr.contains("warning: and 10 more like these\n"), "{stderr}");
}
