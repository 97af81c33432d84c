//! `graph`: what waits for what, drawn.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use snapbox::{IntoData, str};

use crate::sandbox::Sandbox;

/// A task of every kind, waiting in every way.
const PROJECT: &str = "
default = ['all']
[tasks]
fmt = ['true']
[tasks.compile]
description = 'An object of each source'
argv = ['true']
matrix = { src = ['a', 'b'] }
deps = ['config']
inputs = ['{{src}}.c']
outputs = ['{{src}}.o']
[tasks.link]
argv = ['true']
inputs = ['*.o', 'flags']
outputs = ['prog']
[tasks.config]
argv = ['true']
outputs = ['flags']
private = true
[tasks.test]
argv = ['true']
matrix = { n = { range = [1, 3] } }
deps = ['link', 'quick']
[tasks.quick]
deps = ['fmt']
[tasks.report]
argv = ['true']
after = ['test', 'fmt', 'slow']
stdin = 'prog'
[tasks.all]
description = 'Everything'
deps = ['test', 'report']
[tasks.slow]
deps = ['never']
[tasks.never]
argv = ['true']
manual = true
";

#[track_caller]
fn draws(manifest: &str, arguments: &[&str], stdout: impl IntoData) {
    let arguments: Vec<&str> = ["graph"].iter().chain(arguments).copied().collect();
    Sandbox::with(manifest).run(&arguments).code(0).stderr("").stdout(stdout);
}

#[test]
fn as_text_it_is_a_tree_under_what_nothing_needs() {
    draws(
        PROJECT,
        &[],
        str![[r#"
all (group)
├── test (3 jobs)
│   ├── link
│   │   ├── compile (2 jobs; for *.o)
│   │   │   └── config
│   │   └── config (for flags)
│   └── quick (group)
│       └── fmt
└── report
    ├── link (for prog) (*)
    ├── test (3 jobs; after)
    └── fmt (after)

"#]],
    );
}

#[test]
fn each_job_of_a_matrix_is_drawn_when_asked_for() {
    draws(
        PROJECT,
        &["--by", "job", "link", "test"],
        str![[r#"
test (3 jobs)
├── test[n=1]
│   ├── link
│   │   ├── compile[src=a] (for *.o)
│   │   │   └── config
│   │   ├── compile[src=b] (for *.o)
│   │   │   └── config
│   │   └── config (for flags)
│   └── quick (group)
│       └── fmt
├── test[n=2]
│   ├── link (*)
│   └── quick (group) (*)
└── test[n=3]
    ├── link (*)
    └── quick (group) (*)

"#]],
    );
}

#[test]
fn it_selects_as_run_does() {
    draws(
        PROJECT,
        &["link"],
        str![[r#"
link
├── compile (2 jobs; for *.o)
│   └── config
└── config (for flags)

"#]],
    );
    draws(
        PROJECT,
        &["--no-deps", "link", "report"],
        str![[r#"
report
└── link (for prog)

"#]],
    );
    draws(
        PROJECT,
        &["compile[src=a]"],
        str![[r#"
compile (1 job)
└── config

"#]],
    );
    draws(
        PROJECT,
        &["--by", "job", "compile[src=a]"],
        str![[r#"
compile[src=a]
└── config

"#]],
    );
    draws(
        PROJECT,
        &["fmt", "slow"],
        str![[r#"
fmt
slow (group)
└── never

"#]],
    );
    let sandbox = Sandbox::with(PROJECT);
    sandbox.run(&["graph", "lnik"]).code(2).stdout("").stderr(str![[r#"
error: there is no task `lnik`; did you mean `link`?

"#]]);
    sandbox.run(&["graph", "config"]).code(2).stdout("").stderr(str![[r#"
error: `config` is private: it runs only as a dependency

"#]]);
    let mut command = sandbox.command(&["graph", "link"]);
    command.env("PROCMAN_NO_DEPS", "1");
    sandbox.ran(command).code(0).stdout("link\n");
}

#[test]
fn what_only_comes_first_and_is_not_there_is_not_drawn() {
    let manifest = "[tasks]\na = { argv = ['true'], after = ['none', 'some'] }\nb = ['true']\nc = ['true']\n\
                    none = { deps = ['c'] }\nsome = { deps = ['b', 'c'] }";
    draws(
        manifest,
        &["a", "b"],
        str![[r#"
a
└── some (group; after)
some (group)
└── b

"#]],
    );
}

#[test]
fn a_matrix_without_jobs_is_drawn_as_such() {
    let manifest = "[tasks]\nt = { argv = ['true'], matrix = { f = { glob = '*.none' } } }\nu = { deps = ['t'] }\n\
                    v = { argv = ['true'], deps = ['t'] }";
    draws(
        manifest,
        &[],
        str![[r#"
u (group)
└── t (no jobs)
v
└── t (no jobs)

"#]],
    );
}

/// The jobs do not, and so they can run.
#[test]
fn tasks_may_wait_for_each_other_in_a_circle() {
    let manifest = "[tasks]\na = { argv = ['true'], matrix = { n = [1, 2] }, inputs = ['b{{n}}'], outputs = ['a{{n}}'] }\n\
                    b = { argv = ['true'], matrix = { n = [2, 3] }, inputs = ['a1'], outputs = ['b{{n}}'] }";
    draws(
        manifest,
        &[],
        str![[r#"
a (2 jobs)
└── b (2 jobs; for b2)
    └── a (2 jobs; for a1) (*)

"#]],
    );
    draws(
        manifest,
        &["--by", "job"],
        str![[r#"
a (2 jobs)
├── a[n=1]
└── a[n=2]
    └── b[n=2] (for b2)
        └── a[n=1] (for a1)
b (2 jobs)
├── b[n=2] (*)
└── b[n=3]
    └── a[n=1] (for a1)

"#]],
    );
}

#[test]
fn many_jobs_are_one_line_and_one_edge() {
    let manifest = "[tasks]\na = { argv = ['true'], matrix = { x = { range = [1, 100] }, y = { range = [1, 100] } } }\n\
                    b = { argv = ['true'], matrix = { x = { range = [1, 10000] } }, deps = ['a'] }";
    draws(
        manifest,
        &[],
        str![[r#"
b (10000 jobs)
└── a (10000 jobs)

"#]],
    );
    let ran = Sandbox::with(manifest).run(&["graph", "--by", "job", "--format", "dot"]).code(0);
    // A line for each job and each matrix, one for each edge, and three around them.
    let lines = String::from_utf8_lossy(ran.stdout_bytes()).lines().count();
    assert_eq!(lines, 20_002 + 30_000 + 3);
}

#[test]
fn as_json_it_is_data_in_the_order_of_the_manifest() {
    draws(
        PROJECT,
        &["--format", "json", "--no-deps", "all", "link", "quick"],
        str![[r#"
{
  "nodes": [
    {
      "name": "fmt",
      "kind": "job"
    },
    {
      "name": "link",
      "kind": "job"
    },
    {
      "name": "test",
      "kind": "matrix",
      "jobs": 3
    },
    {
      "name": "quick",
      "kind": "group"
    },
    {
      "name": "report",
      "kind": "job"
    },
    {
      "name": "all",
      "kind": "group",
      "description": "Everything"
    }
  ],
  "edges": [
    {
      "from": "test",
      "to": "link",
      "kind": "needs"
    },
    {
      "from": "test",
      "to": "quick",
      "kind": "needs"
    },
    {
      "from": "quick",
      "to": "fmt",
      "kind": "needs"
    },
    {
      "from": "report",
      "to": "link",
      "kind": "file",
      "files": [
        "prog"
      ]
    },
    {
      "from": "report",
      "to": "test",
      "kind": "after"
    },
    {
      "from": "report",
      "to": "fmt",
      "kind": "after"
    },
    {
      "from": "all",
      "to": "test",
      "kind": "needs"
    },
    {
      "from": "all",
      "to": "report",
      "kind": "needs"
    }
  ]
}

"#]],
    );
}

#[test]
fn as_json_a_job_says_of_which_task_it_is() {
    draws(
        PROJECT,
        &["--format", "json", "--by", "job", "test[n=1]", "link"],
        str![[r#"
{
  "nodes": [
    {
      "name": "fmt",
      "kind": "job"
    },
    {
      "name": "compile[src=a]",
      "kind": "job",
      "task": "compile",
      "description": "An object of each source"
    },
    {
      "name": "compile[src=b]",
      "kind": "job",
      "task": "compile",
      "description": "An object of each source"
    },
    {
      "name": "link",
      "kind": "job"
    },
    {
      "name": "config",
      "kind": "job"
    },
    {
      "name": "test[n=1]",
      "kind": "job",
      "task": "test"
    },
    {
      "name": "quick",
      "kind": "group"
    }
  ],
  "edges": [
    {
      "from": "compile[src=a]",
      "to": "config",
      "kind": "needs"
    },
    {
      "from": "compile[src=b]",
      "to": "config",
      "kind": "needs"
    },
    {
      "from": "link",
      "to": "compile[src=a]",
      "kind": "file",
      "files": [
        "*.o"
      ]
    },
    {
      "from": "link",
      "to": "compile[src=b]",
      "kind": "file",
      "files": [
        "*.o"
      ]
    },
    {
      "from": "link",
      "to": "config",
      "kind": "file",
      "files": [
        "flags"
      ]
    },
    {
      "from": "test[n=1]",
      "to": "link",
      "kind": "needs"
    },
    {
      "from": "test[n=1]",
      "to": "quick",
      "kind": "needs"
    },
    {
      "from": "quick",
      "to": "fmt",
      "kind": "needs"
    }
  ]
}

"#]],
    );
}

/// As `plan --json` has it.
#[test]
fn what_depends_on_the_machine_is_not_in_what_may_be_checked_in() {
    let manifest = "[tasks]\na = { argv = ['true'], outputs = ['{{root}}/../x-{{env.USER}}'] }\n\
                    b = { argv = ['true'], inputs = ['{{root}}/../x-{{env.USER}}'] }";
    let sandbox = Sandbox::with(manifest);
    let graph = |format: &str| {
        let mut command = sandbox.command(&["graph", "--format", format]);
        command.env("USER", "somebody");
        let ran = sandbox.ran(command).code(0);
        String::from_utf8(ran.stdout_bytes().to_vec()).expect("text")
    };
    assert!(graph("text").contains("x-somebody"), "{}", graph("text"));
    for format in ["json", "dot", "mermaid"] {
        assert!(!graph(format).contains("somebody"), "{}", graph(format));
    }
}

#[test]
fn as_dot_it_tells_kinds_apart() {
    draws(
        PROJECT,
        &["--format", "dot"],
        str![[r#"
digraph procman {
    node [shape=box];
    "fmt" [label="fmt"];
    "compile" [label="compile\n2 jobs", shape=box3d, tooltip="An object of each source"];
    "link" [label="link"];
    "config" [label="config"];
    "test" [label="test\n3 jobs", shape=box3d];
    "quick" [label="quick\ngroup", shape=ellipse];
    "report" [label="report"];
    "all" [label="all\ngroup", shape=ellipse, tooltip="Everything"];
    "compile" -> "config";
    "link" -> "compile" [style=dotted, label="*.o"];
    "link" -> "config" [style=dotted, label="flags"];
    "test" -> "link";
    "test" -> "quick";
    "quick" -> "fmt";
    "report" -> "link" [style=dotted, label="prog"];
    "report" -> "test" [style=dashed];
    "report" -> "fmt" [style=dashed];
    "all" -> "test";
    "all" -> "report";
}

"#]],
    );
}

#[test]
fn as_mermaid_it_tells_kinds_apart() {
    draws(
        PROJECT,
        &["--format", "mermaid"],
        str![[r##"
flowchart TD
    n0["fmt"]
    n1[["compile<br>2 jobs"]]
    n2["link"]
    n3["config"]
    n4[["test<br>3 jobs"]]
    n5(["quick<br>group"])
    n6["report"]
    n7(["all<br>group"])
    n1 --> n3
    n2 -->|"#42;.o"| n1
    n2 -->|"flags"| n3
    n4 --> n2
    n4 --> n5
    n5 --> n0
    n6 -->|"prog"| n2
    n6 -.-> n4
    n6 -.-> n0
    n7 --> n4
    n7 --> n6

"##]],
    );
}

/// Names that mean something to those who draw.
const NAMES: &str = r#"
[tasks]
'a "quoted"' = ['true']
'back\slash\' = ['true']
'a\nb' = ['true']
'<b>&amp; [x] {y} |z|' = ['true']
'#35; `code` *so* _so_' = ['true']
'1. item' = ['true']
end = ['true']
'é ü' = ['true']
[tasks.graph]
argv = ['true']
description = 'all "of" these, <i>\N</i> &lt;'
deps = [
    'a "quoted"', 'back\slash\', 'a\nb', '<b>&amp; [x] {y} |z|', '#35; `code` *so* _so_', '1. item', 'end', 'é ü',
]
[tasks.'made']
argv = ['true']
outputs = ['- "b" & c']
[tasks.'reads']
argv = ['true']
inputs = ['- "b" & c']
"#;

#[test]
fn names_mean_nothing_to_who_draws_them() {
    draws(
        NAMES,
        &["--format", "dot"],
        str![[r##"
digraph procman {
    node [shape=box];
    "a \"quoted\"" [label="a \"quoted\""];
    "back\\slash\\" [label="back\\slash\\"];
    "a\\nb" [label="a\\nb"];
    "<b>&amp; [x] {y} |z|" [label="<b>&amp;amp; [x] {y} |z|"];
    "#35; `code` *so* _so_" [label="#35; `code` *so* _so_"];
    "1. item" [label="1. item"];
    "end" [label="end"];
    "é ü" [label="é ü"];
    "graph" [label="graph", tooltip="all \"of\" these, <i>\\N</i> &amp;lt;"];
    "made" [label="made"];
    "reads" [label="reads"];
    "graph" -> "a \"quoted\"";
    "graph" -> "back\\slash\\";
    "graph" -> "a\\nb";
    "graph" -> "<b>&amp; [x] {y} |z|";
    "graph" -> "#35; `code` *so* _so_";
    "graph" -> "1. item";
    "graph" -> "end";
    "graph" -> "é ü";
    "reads" -> "made" [style=dotted, label="- \"b\" &amp; c"];
}

"##]],
    );
    draws(
        NAMES,
        &["--format", "mermaid"],
        str![[r##"
flowchart TD
    n0["a #34;quoted#34;"]
    n1["back#92;slash#92;"]
    n2["a#92;nb"]
    n3["#60;b#62;#38;amp#59; #91;x#93; #123;y#125; #124;z#124;"]
    n4["#35;35#59; #96;code#96; #42;so#42; #95;so#95;"]
    n5["1#46; item"]
    n6["end"]
    n7["é ü"]
    n8["graph"]
    n9["made"]
    n10["reads"]
    n8 --> n0
    n8 --> n1
    n8 --> n2
    n8 --> n3
    n8 --> n4
    n8 --> n5
    n8 --> n6
    n8 --> n7
    n10 -->|"#45; #34;b#34; #38; c"| n9

"##]],
    );
}

/// What Graphviz makes of it, as the texts in its picture.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn drawn(dot: &[u8]) -> Option<Vec<String>> {
    let command =
        Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = command else {
        eprintln!("skipped: graphviz is not installed");
        return None;
    };
    child.stdin.take().expect("a pipe").write_all(dot).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let picture = String::from_utf8(output.stdout).expect("text");
    let texts = picture.split("<text ").skip(1).filter_map(|rest| rest.split_once('>')?.1.split_once("</text>"));
    let plain = |text: &str| {
        let characters =
            [("&#160;", " "), ("&#45;", "-"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")];
        characters.iter().fold(text.to_owned(), |text, (name, character)| text.replace(name, character))
    };
    Some(texts.map(|(text, _)| plain(text)).collect())
}

#[test]
fn graphviz_draws_the_names_as_they_are() {
    let graph =
        |manifest: &str| Sandbox::with(manifest).run(&["graph", "--format", "dot"]).code(0).stdout_bytes().to_vec();
    let Some(mut texts) = drawn(&graph(NAMES)) else { return };
    texts.sort_unstable();
    let mut expected = vec![
        r#"a "quoted""#,
        r"back\slash\",
        r"a\nb",
        "<b>&amp; [x] {y} |z|",
        "#35; `code` *so* _so_",
        "1. item",
        "end",
        "é ü",
        "graph",
        "made",
        "reads",
        r#"- "b" & c"#,
    ];
    expected.sort_unstable();
    assert_eq!(texts, expected);
    let texts = drawn(&graph(PROJECT)).expect("it is installed");
    assert!(texts.iter().any(|text| text == "compile") && texts.iter().any(|text| text == "2 jobs"), "{texts:?}");
}

// How it went.

const ENDS: &str = "
limit = 1
[tasks]
good = ['true']
bad = { argv = ['false'], matrix = { n = [1, 2] } }
mixed = { argv = ['sh', '-c', 'exit {{n}}'], matrix = { n = [0, 1, 2] } }
allowed = { argv = ['false'], allow_failure = true }
skipped = { argv = ['true'], deps = ['bad'] }
other = { argv = ['true'], manual = true }
all = { deps = ['good', 'mixed', 'allowed', 'skipped', 'other'] }
";

fn ended() -> Sandbox {
    let sandbox = Sandbox::with(ENDS);
    sandbox.run(&["-q", "good", "mixed", "allowed", "skipped"]).code(1);
    sandbox
}

#[test]
fn the_last_run_marks_what_was_in_it() {
    let sandbox = ended();
    sandbox.run(&["graph", "--last"]).code(0).stderr("").stdout(str![[r#"
all (group)
├── good: ok
├── mixed: 1 ok, 2 failed (3 jobs)
├── allowed: allowed-failure
├── skipped: skipped
│   └── bad: 2 failed (2 jobs)
└── other

"#]]);
    sandbox.run(&["graph", "--last", "--by", "job", "mixed"]).code(0).stderr("").stdout(str![[r#"
mixed (3 jobs)
├── mixed[n=0]: ok
├── mixed[n=1]: failed
└── mixed[n=2]: failed

"#]]);
}

#[test]
fn as_json_a_job_has_a_status_and_a_matrix_many() {
    let sandbox = ended();
    sandbox.run(&["graph", "--last", "--format", "json", "all"]).code(0).stderr("").stdout(str![[r#"
{
  "nodes": [
    {
      "name": "good",
      "kind": "job",
      "status": "ok"
    },
    {
      "name": "bad",
      "kind": "matrix",
      "jobs": 2,
      "statuses": {
        "failed": 2
      }
    },
    {
      "name": "mixed",
      "kind": "matrix",
      "jobs": 3,
      "statuses": {
        "ok": 1,
        "failed": 2
      }
    },
    {
      "name": "allowed",
      "kind": "job",
      "status": "allowed-failure"
    },
    {
      "name": "skipped",
      "kind": "job",
      "status": "skipped"
    },
    {
      "name": "other",
      "kind": "job"
    },
    {
      "name": "all",
      "kind": "group"
    }
  ],
  "edges": [
    {
      "from": "skipped",
      "to": "bad",
      "kind": "needs"
    },
    {
      "from": "all",
      "to": "good",
      "kind": "needs"
    },
    {
      "from": "all",
      "to": "mixed",
      "kind": "needs"
    },
    {
      "from": "all",
      "to": "allowed",
      "kind": "needs"
    },
    {
      "from": "all",
      "to": "skipped",
      "kind": "needs"
    },
    {
      "from": "all",
      "to": "other",
      "kind": "needs"
    }
  ]
}

"#]]);
}

#[test]
fn in_a_picture_the_last_run_has_colors() {
    let sandbox = ended();
    sandbox.run(&["graph", "--last", "--format", "mermaid"]).code(0).stderr("").stdout(str![[r#"
flowchart TD
    n0["good<br>ok"]:::good
    n1[["bad<br>2 jobs<br>2 failed"]]:::bad
    n2[["mixed<br>3 jobs<br>1 ok, 2 failed"]]:::bad
    n3["allowed<br>allowed-failure"]:::doubtful
    n4["skipped<br>skipped"]:::skipped
    n5["other"]
    n6(["all<br>group"])
    n4 --> n1
    n6 --> n0
    n6 --> n2
    n6 --> n3
    n6 --> n4
    n6 --> n5
    classDef good fill:#c8e6c9,color:#000
    classDef skipped fill:#e0e0e0,color:#000
    classDef doubtful fill:#fff3b0,color:#000
    classDef bad fill:#f8c4c4,color:#000

"#]]);
    let dot = sandbox.run(&["graph", "--last", "--format", "dot"]).code(0).stderr("");
    let bytes = dot.stdout_bytes().to_vec();
    dot.stdout(str![[r##"
digraph procman {
    node [shape=box];
    "good" [label="good\nok", style=filled, fillcolor="#c8e6c9"];
    "bad" [label="bad\n2 jobs\n2 failed", shape=box3d, style=filled, fillcolor="#f8c4c4"];
    "mixed" [label="mixed\n3 jobs\n1 ok, 2 failed", shape=box3d, style=filled, fillcolor="#f8c4c4"];
    "allowed" [label="allowed\nallowed-failure", style=filled, fillcolor="#fff3b0"];
    "skipped" [label="skipped\nskipped", style=filled, fillcolor="#e0e0e0"];
    "other" [label="other"];
    "all" [label="all\ngroup", shape=ellipse];
    "skipped" -> "bad";
    "all" -> "good";
    "all" -> "mixed";
    "all" -> "allowed";
    "all" -> "skipped";
    "all" -> "other";
}

"##]]);
    drawn(&bytes);
}

#[test]
fn on_a_terminal_a_status_has_its_color() {
    ended().run(&["--color", "always", "graph", "--last", "good", "mixed"]).code(0).stdout(
        "good: \x1b[32;1mok\x1b[0m\n\
         mixed: \x1b[32;1m1 ok\x1b[0m, \x1b[31;1m2 failed\x1b[0m \x1b[2m(3 jobs)\x1b[0m\n",
    );
}

#[test]
fn a_job_without_an_end_is_unfinished_and_one_that_was_not_started_is_nothing() {
    let sandbox = ended();
    let path = sandbox.latest().join("events.jsonl");
    let record = fs::read_to_string(&path).expect("a record");
    let upto = record.find("\"attempt-ended\"").and_then(|at| record[..at].rfind('\n')).expect("an attempt ended");
    fs::write(&path, &record[..=upto]).expect("a file");
    sandbox.run(&["graph", "--last", "good", "allowed"]).code(0).stdout("good: unfinished\nallowed\n");
}

#[test]
fn without_a_run_there_is_nothing_to_mark() {
    Sandbox::with(ENDS).run(&["graph", "--last"]).code(2).stdout("").stderr(str![[r#"
error: there is no run yet; `procman run` makes one

"#]]);
}

#[test]
fn other_formats_are_refused() {
    Sandbox::with(ENDS).run(&["graph", "--format", "svg"]).code(2).stdout("").stderr(str![[r#"
error: invalid value 'svg' for '--format <FORMAT>'
  [possible values: text, dot, mermaid, json]

For more information, try '--help'.

"#]]);
}

#[test]
fn a_full_disk_behind_stdout_is_told() {
    for format in ["text", "dot", "mermaid", "json"] {
        let sandbox = Sandbox::with(PROJECT);
        let mut command = sandbox.command(&["graph", "--format", format]);
        command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it"));
        sandbox.ran(command).code(3).stderr("error: stdout cannot be written: no space left on device\n");
    }
}
