//! What is in a report of trace events.

use serde_json::Value;

use crate::report::{is, report};
use crate::sandbox::{Sandbox, is_stopped, misbehaving, wait_until};

fn events(document: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(document).expect("it is JSON");
    document["traceEvents"].as_array().expect("a list").clone()
}

/// Puts names in place of what is measured.
fn redact(document: &str) -> String {
    let redacted = document.split_inclusive(',').map(|field| {
        let Some((key, value)) = field.split_once(':') else { return field.to_owned() };
        match key.trim_start_matches(['{', '\n']) {
            r#""ts""# | r#""dur""# | r#""cpu""# | r#""peak_memory""# => {
                format!("{key}:[NUMBER]{}", value.trim_start_matches(|c: char| c.is_ascii_digit() || ".e-".contains(c)))
            }
            _ => field.to_owned(),
        }
    });
    redacted.collect()
}

#[test]
fn a_lane_for_each_slot() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['true']\nb = ['./b']\nc = { argv = ['false'], retries = 1 }");
    sandbox.run(&["-q"]).code(1);
    is(
        &redact(&report(&sandbox, "trace")),
        snapbox::str![[r#"
{"displayTimeUnit":"ms","traceEvents":[
{"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"procman [RUN]"}},
{"name":"thread_name","ph":"M","pid":1,"tid":0,"args":{"name":"run"}},
{"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"slot 0"}},
{"name":"a","cat":"ok","ph":"X","ts":[NUMBER],"dur":[NUMBER],"pid":1,"tid":1,"args":{"attempt":1,"status":"ok","exit":0,"argv":"true","cpu":[NUMBER],"peak_memory":[NUMBER],"logs":[".procman/runs/[RUN]/logs/a.log"]}},
{"name":"b","cat":"spawn-error","ph":"X","ts":[NUMBER],"dur":[NUMBER],"pid":1,"tid":1,"args":{"attempt":1,"status":"spawn-error","error":"there is no program at `[FOLDER]/b`","argv":"./b","cpu":[NUMBER],"peak_memory":[NUMBER],"logs":[".procman/runs/[RUN]/logs/b.log"]}},
{"name":"c","cat":"failed","ph":"X","ts":[NUMBER],"dur":[NUMBER],"pid":1,"tid":1,"args":{"attempt":1,"status":"failed","exit":1,"argv":"false","cpu":[NUMBER],"peak_memory":[NUMBER],"logs":[".procman/runs/[RUN]/logs/c.log"]}},
{"name":"c","cat":"failed","ph":"X","ts":[NUMBER],"dur":[NUMBER],"pid":1,"tid":1,"args":{"attempt":2,"status":"failed","exit":1,"argv":"false","cpu":[NUMBER],"peak_memory":[NUMBER],"logs":[".procman/runs/[RUN]/logs/c~2.log"]}}
]}

"#]],
    );
}

#[test]
fn what_happens_to_the_run_is_in_it_and_what_has_no_end_goes_on_until_now() {
    let sandbox = Sandbox::with(&format!("limit = 1\n[tasks]\na = {}\nb = ['true']", misbehaving("ready ready wait")));
    let running = sandbox.start(&["-q"]);
    let job = sandbox.pid("ready");
    running.signal("TSTP");
    is_stopped(job);
    is_stopped(running.pid());
    let document = report(&sandbox, "trace");
    let names = |document: &str| {
        let mut events = events(document);
        events.retain(|event| event["ph"] != "M");
        let name = |event: &Value| format!("{} {}", event["name"].as_str().expect("a name"), event["cat"]);
        events.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(&document), [r#"a "running""#, r#"paused "run""#]);
    running.signal("CONT");
    let resumed = || sandbox.events_until_cut().iter().any(|event| event["type"] == "resumed").then_some(());
    wait_until("the run to go on", resumed);
    running.signal("INT");
    running.wait().died_of(2);
    let document = report(&sandbox, "trace");
    let expected = [r#"a "cancelled""#, r#"paused "run""#, r#"resumed "run""#, r#"cancel "run""#];
    assert_eq!(names(&document), expected);
    let cancel = &events(&document)[6]["args"];
    assert_eq!(*cancel, serde_json::json!({ "reason": "SIGINT", "level": "terminate" }));
}

/// As many at once as there is room for, with retries, for as long as it takes to use each slot many times.
#[test]
fn in_one_lane_none_begins_before_another_has_ended() {
    let sandbox = Sandbox::with(
        "limit = 3\n[tasks]\na = { argv = ['true'], matrix = { n = { range = [1, 40] } } }\n\
         b = { argv = ['false'], retries = 3, matrix = { n = { range = [1, 5] } } }",
    );
    sandbox.run(&["-q"]).code(1);
    let mut free = [0; 4];
    let mut spans = events(&report(&sandbox, "trace"));
    spans.retain(|event| event["ph"] == "X");
    assert_eq!(spans.len(), 60);
    for span in spans {
        let number = |key: &str| span[key].as_u64().expect("a number");
        let free = &mut free[usize::try_from(number("tid")).expect("a lane")];
        assert!(*free <= number("ts"), "{span} begins before {free}");
        *free = number("ts") + number("dur");
    }
}
