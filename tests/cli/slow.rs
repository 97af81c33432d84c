//! `slow_after`: what runs for longer is told of, and nothing else becomes of it.

use snapbox::str;

use crate::report::report;
use crate::sandbox::Sandbox;

/// Ends when the record says that it is slow.
const SLOW: &str =
    "['sh', '-c', 'until grep -q [a]ttempt-slow .procman/latest/events.jsonl; do sleep 0.01; done; echo done']";

#[test]
fn it_is_told_while_it_runs_and_in_the_summary() {
    let sandbox = Sandbox::with(&format!(
        "limit = 1\n[defaults]\nslow_after = '20ms'\n[tasks]\nslow = {SLOW}\n[tasks.fast]\nargv = ['true']\nslow_after = '1h'"
    ));
    sandbox.run(&[]).code(0).stdout("").stderr(str![[r#"
procman: 2 jobs, at most 1 at once
           slow [TIME]  slow
             ok [TIME]  slow  (slow)
             ok [TIME]  fast

status  job       time  attempts
ok      slow [TIME]         1  (slow)
ok      fast [TIME]         1

warning: slow was slow: an attempt took [TIME]

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["-q"]).code(0).stderr(str![[r#"
2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    let events = sandbox.events();
    let slow: Vec<_> = events.iter().filter(|event| event["type"] == "attempt-slow").collect();
    assert_eq!((slow.len(), &slow[0]["job"], &slow[0]["attempt"]), (1, &"slow".into(), &1.into()));
    assert!(slow[0]["t"].as_f64().expect("a time") >= 0.02);
}

#[test]
fn every_report_says_so() {
    let sandbox = Sandbox::with(&format!("[tasks]\nfast = ['true']\n[tasks.slow]\nargv = {SLOW}\nslow_after = '20ms'"));
    sandbox.run(&["-q"]).code(0);
    let of = |format| report(&sandbox, format);
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("it is JSON");
    assert_eq!(
        (&json["jobs"][1]["attempts"][0]["slow"], &json["jobs"][0]["attempts"][0]["slow"]),
        (&true.into(), &().into())
    );
    assert_eq!(of("junit").matches(r#"<property name="slow" value="true"/>"#).count(), 1);
    assert_eq!(of("trace").matches(r#""slow":true"#).count(), 1);
    assert_eq!(of("markdown").matches(" | slow |\n").count(), 1);
    let html = of("html");
    assert_eq!(html.matches("<small>slow</small>").count(), 1);
    assert!(html.contains(r#"<p class="note">It ran for longer than its slow_after.</p>"#));
}

#[test]
fn each_attempt_is_told_of_by_itself() {
    let script = "until [ $(grep -c [a]ttempt-slow .procman/latest/events.jsonl) -ge $PROCMAN_ATTEMPT ]; do sleep 0.01; done; exit 3";
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks.again]\nargv = ['sh', '-c', '{script}']\nslow_after = '20ms'\nretries = 1"
    ));
    sandbox.run(&[]).code(1).stderr(str![[r#"
procman: 1 job, at most 2 at once
           slow [TIME]  again
          retry            again  (attempt 2, after exit 3)
           slow [TIME]  again
         failed [TIME]  again  (exit 3, slow)

status  job        time  attempts
failed  again [TIME]         2  (exit 3, slow)

failed: again: exit 3, slow, after 2 attempts
  no output
  log: .procman/runs/[RUN]/logs/again~2.log

warning: again was slow: an attempt took [TIME]

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

/// Its line waits until the terminal is back.
#[test]
fn so_is_an_interactive_one() {
    let sandbox =
        Sandbox::with(&format!("limit = 2\n[tasks.shell]\nargv = {SLOW}\nslow_after = '20ms'\ninteractive = true"));
    let mut terminal = sandbox.on_terminal(&["--color", "never"]);
    assert_eq!(terminal.wait().code(), Some(0));
    sandbox.shows(
        &terminal.all_shown(),
        str![[r#"
procman: 1 job, at most 2 at once
done
           slow [TIME]  shell
             ok [TIME]  shell  (slow)

status  job        time  attempts
ok      shell [TIME]         1  (slow)

warning: shell was slow: an attempt took [TIME]

1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]],
    );
}

#[test]
fn a_change_of_it_makes_no_other_job() {
    let sandbox = Sandbox::with("[tasks]\na = { argv = ['touch', 'made'], outputs = ['made'] }");
    sandbox.run(&["-q"]).code(0);
    let sandbox = sandbox
        .file("procman.toml", "[tasks]\na = { argv = ['touch', 'made'], outputs = ['made'], slow_after = '90s' }");
    sandbox.run(&["-q"]).code(0).stderr(str![[r#"
1 job in [TIME]: 1 up-to-date; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["rerun", "--failed"]).code(0).stderr(str![[r#"
nothing to run again: the 1 job of run [RUN] has succeeded

"#]]);
    let shown = String::from_utf8(sandbox.run(&["plan", "--json"]).code(0).stdout_bytes().to_vec()).expect("text");
    assert!(shown.contains(r#""slow_after": "1m 30s""#), "{shown}");
}

#[test]
fn none_at_all_is_an_error() {
    let sandbox =
        Sandbox::with("[tasks]\na = { argv = ['true'], slow_after = '0s' }\nb = { argv = ['true'], slow_after = 5 }");
    sandbox.run(&[]).code(2).stderr(str![[r#"
error: `slow_after` of zero would call every attempt slow
 --> procman.toml:2:37
  |
2 | a = { argv = ['true'], slow_after = '0s' }
  |                                     ^^^^
  |
  = help: leave it out to call none so

error: `slow_after` must be a duration such as "30s", not an integer
 --> procman.toml:3:37
  |
3 | b = { argv = ['true'], slow_after = 5 }
  |                                     ^
  |
  = help: write it with a unit: "5s"

error: 2 problems in procman.toml

"#]]);
}
