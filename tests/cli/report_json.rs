//! What is in a JSON report.

use serde_json::Value;

use crate::report::{is, report, some_of_everything};
use crate::sandbox::Sandbox;

/// Puts names in place of what is measured; of the critical path, which hangs on that, nothing is left.
fn redact(document: &str) -> String {
    let (before, rest) = document.split_once("  \"critical_path\": {\n").expect("it has one");
    let (_, after) = rest.split_once("\n  },\n").expect("its end");
    let lines = before.lines().chain(after.lines());
    let redacted = lines.map(|line| {
        let Some((key, value)) = line.split_once(": ") else { return line.to_owned() };
        let comma = if value.ends_with(',') { "," } else { "" };
        match key.trim().trim_matches('"') {
            "at" => format!("{key}: [AT]{comma}"),
            "seconds" | "waited" | "start" | "cpu" => format!("{key}: [SECONDS]{comma}"),
            "peak_memory" => format!("{key}: [BYTES]{comma}"),
            _ => line.to_owned(),
        }
    });
    redacted.collect::<Vec<_>>().join("\n")
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one document")]
fn it_is_all_that_is_known_of_a_run() {
    let document = report(&some_of_everything(), "json");
    let value: Value = serde_json::from_str(&document).expect("it is JSON");
    assert!(value["seconds"].is_f64() && value["jobs"][0]["attempts"][0]["peak_memory"].is_u64());
    is(
        &redact(&document),
        snapbox::str![[r#"
{
  "version": 1,
  "run": "[RUN]",
  "at": [AT],
  "procman": "0.1.0",
  "manifest": "[FOLDER]/procman.toml",
  "status": "failed",
  "seconds": [SECONDS],
  "limit": 1,
  "counts": {
    "ok": 2,
    "flaky": 1,
    "failed": 3,
    "timed-out": 1,
    "spawn-error": 1,
    "allowed-failure": 1,
    "skipped": 2
  },
  "jobs": [
    {
      "name": "fine",
      "status": "ok",
      "argv": [
        "echo",
        "not shown"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "ok",
          "exit": 0,
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/fine.log"
          }
        }
      ]
    },
    {
      "name": "needs-broken",
      "status": "skipped",
      "dependency": "broken",
      "argv": [
        "true"
      ],
      "cwd": ".",
      "deps": [
        "broken"
      ],
      "seconds": [SECONDS],
      "attempts": []
    },
    {
      "name": "broken",
      "status": "failed",
      "exit": 3,
      "argv": [
        "./broken"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "failed",
          "exit": 3,
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/broken.log"
          }
        }
      ]
    },
    {
      "name": "shaky",
      "status": "flaky",
      "argv": [
        "./shaky"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "failed",
          "exit": 1,
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/shaky.log"
          }
        },
        {
          "attempt": 2,
          "slot": 0,
          "start": [SECONDS],
          "status": "ok",
          "exit": 0,
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/shaky~2.log"
          }
        }
      ]
    },
    {
      "name": "slow",
      "status": "timed-out",
      "argv": [
        "sleep",
        "1000"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "timed-out",
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/slow.log"
          }
        }
      ]
    },
    {
      "name": "allowed",
      "status": "allowed-failure",
      "cause": {
        "status": "failed",
        "exit": 1
      },
      "argv": [
        "false"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "failed",
          "exit": 1,
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/allowed.log"
          }
        }
      ]
    },
    {
      "name": "missing",
      "status": "spawn-error",
      "error": "there is no program at `[FOLDER]/missing`",
      "argv": [
        "./missing"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "spawn-error",
          "error": "there is no program at `[FOLDER]/missing`",
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/missing.log"
          }
        }
      ]
    },
    {
      "name": "apart",
      "status": "failed",
      "signal": "SIGKILL",
      "argv": [
        "sh",
        "-c",
        "echo one; echo two >&2; kill -9 $$"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "failed",
          "signal": "SIGKILL",
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "stdout": ".procman/runs/[RUN]/logs/apart~out.log",
            "stderr": ".procman/runs/[RUN]/logs/apart~err.log"
          }
        },
        {
          "attempt": 2,
          "slot": 0,
          "start": [SECONDS],
          "status": "failed",
          "signal": "SIGKILL",
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "stdout": ".procman/runs/[RUN]/logs/apart~2~out.log",
            "stderr": ".procman/runs/[RUN]/logs/apart~2~err.log"
          }
        }
      ]
    },
    {
      "name": "cells[n=1]",
      "status": "ok",
      "argv": [
        "test",
        "1",
        "=",
        "1"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "ok",
          "exit": 0,
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/cells[n=1].log"
          }
        }
      ]
    },
    {
      "name": "cells[n=2]",
      "status": "failed",
      "exit": 1,
      "argv": [
        "test",
        "2",
        "=",
        "1"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "waited": [SECONDS],
      "attempts": [
        {
          "attempt": 1,
          "slot": 0,
          "start": [SECONDS],
          "status": "failed",
          "exit": 1,
          "seconds": [SECONDS],
          "cpu": [SECONDS],
          "peak_memory": [BYTES],
          "logs": {
            "output": ".procman/runs/[RUN]/logs/cells[n=2].log"
          }
        }
      ]
    },
    {
      "name": "elsewhere",
      "status": "skipped",
      "platform": "linux, only macos",
      "argv": [
        "true"
      ],
      "cwd": ".",
      "seconds": [SECONDS],
      "attempts": []
    }
  ]
}
"#]],
    );
}

#[test]
fn what_decided_how_long_it_took_is_in_it() {
    let sandbox = Sandbox::with(
        "limit = 1
[tasks]
first = ['true']
second = { argv = ['true'], deps = ['first'] }
both = { deps = ['first', 'second'] }
last = { argv = ['true'], deps = ['both'] }
",
    );
    sandbox.run(&["-q"]).code(0);
    let document: Value = serde_json::from_str(&report(&sandbox, "json")).expect("it is JSON");
    let path = &document["critical_path"];
    assert_eq!(path["jobs"], serde_json::json!(["first", "second", "last"]));
    let jobs = document["jobs"].as_array().expect("a list");
    let seconds = |value: &Value| value.as_f64().expect("a number");
    let sum: f64 = jobs.iter().map(|job| seconds(&job["seconds"])).sum();
    assert!((seconds(&path["seconds"]) - sum).abs() < 1e-5, "{document}");
    assert!(jobs.iter().all(|job| seconds(&job["waited"]) >= 0.0));
    assert_eq!(document["groups"], serde_json::json!([{ "name": "both", "deps": ["first", "second"] }]));
}
