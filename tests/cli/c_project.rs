//! `examples/c-project` edit by edit, beside ninja and make on the same files: what is compiled and linked anew.
//!
//! What is made is what the compiler was told to make: a `cc` in front of the real one writes that down. ninja and make go
//! by times, so every file has one that the test gives it, in seconds long past.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::sandbox::Sandbox;

/// Something that a developer does, and what is made anew because of it.
struct Edit {
    what: &'static str,
    perform: fn(&Project),
    /// By ninja and by make.
    made: &'static [&'static str],
    /// What of that procman knows to be as it was.
    spared: &'static [&'static str],
}

/// The edits, each after the one before it.
const EDITS: [Edit; 11] = [
    Edit { what: "nothing", perform: |_| {}, made: &[], spared: &[] },
    Edit {
        what: "a source",
        perform: |project| {
            project.replace("src/function.c", r#"    {"tan""#, "    {\"abs\", fabs, \"x / abs(x)\"},\n    {\"tan\"");
        },
        made: &["function.o", "calculate"],
        spared: &[],
    },
    Edit {
        what: "a header",
        perform: |project| project.replace("src/variable.h", "VARIABLES 100", "VARIABLES 101"),
        made: &["main.o", "plot.o", "value.o", "variable.o", "calculate"],
        spared: &[],
    },
    Edit {
        what: "a deleted object",
        perform: |project| fs::remove_file(project.sandbox.path("build/show.o")).expect("it was made"),
        made: &["show.o", "calculate"],
        spared: &["calculate"],
    },
    Edit {
        what: "a source with the same bytes and a new time",
        perform: |project| project.replace("src/parse.c", "", ""),
        made: &["parse.o", "calculate"],
        spared: &["parse.o", "calculate"],
    },
    Edit {
        what: "a header with the same bytes and a new time",
        perform: |project| project.replace("src/value.h", "", ""),
        made: &["main.o", "plot.o", "simplify.o", "value.o", "calculate"],
        spared: &["main.o", "plot.o", "simplify.o", "value.o", "calculate"],
    },
    Edit {
        what: "a comment",
        perform: |project| project.replace("src/tree.c", "which are made once", "made once"),
        made: &["tree.o", "calculate"],
        spared: &["calculate"],
    },
    Edit {
        what: "a new source and a new header",
        perform: |project| {
            project.write("src/zero.h", "double zero(void);\n");
            project.write("src/zero.c", "#include \"zero.h\"\n\ndouble zero(void)\n{\n    return 0;\n}\n");
            project.replace("build.ninja", VARIABLE, &[VARIABLE, ZERO].concat());
            project.replace("build.ninja", LAST_OBJECT, &[LAST_OBJECT, ZERO_OBJECT].concat());
        },
        made: &["zero.o", "calculate"],
        spared: &[],
    },
    Edit {
        what: "a header that is removed with all that included it",
        perform: |project| {
            project.replace("src/zero.c", "#include \"zero.h\"", "double zero(void);");
            fs::remove_file(project.sandbox.path("src/zero.h")).expect("it was added");
        },
        made: &["zero.o", "calculate"],
        spared: &["calculate"],
    },
    Edit {
        what: "a removed source",
        perform: |project| {
            fs::remove_file(project.sandbox.path("src/zero.c")).expect("it was added");
            project.replace("build.ninja", ZERO, "");
            project.replace("build.ninja", ZERO_OBJECT, "");
        },
        made: &["calculate"],
        spared: &[],
    },
    Edit {
        what: "a flag",
        perform: |project| {
            project.write("opt", "-O1");
            project.replace("build.ninja", "opt = -O2", "opt = -O1");
        },
        made: &[
            "arena.o",
            "derive.o",
            "fail.o",
            "function.o",
            "main.o",
            "parse.o",
            "plot.o",
            "show.o",
            "simplify.o",
            "token.o",
            "tree.o",
            "value.o",
            "variable.o",
            "calculate",
        ],
        spared: &[],
    },
];

const VARIABLE: &str = "build build/variable.o: compile src/variable.c\n";
const ZERO: &str = "build build/zero.o: compile src/zero.c\n";
const LAST_OBJECT: &str = " $\n    build/variable.o";
const ZERO_OBJECT: &str = " $\n    build/zero.o";

/// Writes down what is to be made, and has the real one make it.
const CC: &str = r#"#!/bin/sh
before=
for word; do
    [ "$before" = -o ] && echo "$word" >>made
    before=$word
done
PATH=${PATH#*:} exec cc "$@"
"#;

/// A copy of the example, for one of the tools.
struct Project {
    tool: &'static str,
    sandbox: Sandbox,
    /// In seconds since the epoch.
    now: u64,
}

impl Project {
    fn new(tool: &'static str) -> Self {
        let sandbox = Sandbox::of_example("c-project").script("bin/cc", CC).file("opt", "-O2");
        let mut this = Self { tool, sandbox, now: 0 };
        this.let_time_pass();
        this
    }

    /// What has been written since the last time is older than what is written from now on.
    fn let_time_pass(&mut self) {
        for folder in ["src", "tests", "build"] {
            for file in fs::read_dir(self.sandbox.path(folder)).into_iter().flatten() {
                let path = file.expect("a file").path();
                let modified = fs::metadata(&path).and_then(|found| found.modified()).expect("a time");
                if modified > at(self.now) {
                    // Each is younger than what it is made from.
                    let age = match path.extension().and_then(|extension| extension.to_str()) {
                        Some("ok") => 3,
                        _ if path.ends_with("calculate") => 2,
                        _ => u64::from(folder == "build"),
                    };
                    set_time(&path, self.now + age);
                }
            }
        }
        self.now += 10;
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.sandbox.path(path);
        fs::write(&path, text).expect("a file");
        set_time(&path, self.now);
    }

    #[track_caller]
    fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.sandbox.read(path);
        assert!(text.contains(old), "{old} is not in {path}");
        self.write(path, &text.replacen(old, new, 1));
    }

    /// Has the tool do what there is to do; what the compiler had to make for it.
    #[track_caller]
    fn make(&mut self) -> BTreeSet<String> {
        let opt = self.sandbox.read("opt");
        let mut command = match self.tool {
            "procman" => self.sandbox.command(&["-q", "--set", &format!("opt={opt}")]),
            tool => self.sandbox.program(tool),
        };
        if self.tool == "make" {
            command.arg(format!("OPT={opt}"));
        }
        command.env(
            "PATH",
            format!("{}:{}", self.sandbox.path("bin").display(), std::env::var("PATH").unwrap_or_default()),
        );
        fs::write(self.sandbox.path("made"), "").expect("a file");
        self.sandbox.ran(command).code(0);
        self.let_time_pass();
        self.sandbox.read("made").lines().map(|path| path.trim_start_matches("build/").to_owned()).collect()
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn set_time(path: &Path, seconds: u64) {
    File::open(path).and_then(|file| file.set_modified(at(seconds))).expect("a time");
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn what_ninja_makes_anew_is_made_less_what_would_come_out_the_same() {
    let tools = ["procman", "ninja", "make"];
    for tool in ["cc", "ninja", "make"] {
        if let Err(error) = Command::new(tool).arg("--version").output() {
            eprintln!("skipped: {tool} cannot be started: {error}");
            return;
        }
    }
    let mut projects = tools.map(Project::new);
    for project in &mut projects {
        assert_eq!(project.make().len(), 14, "{} makes all objects and the program", project.tool);
    }
    for edit in &EDITS {
        for project in &mut projects {
            (edit.perform)(project);
            let spared = if project.tool == "procman" { edit.spared } else { &[] };
            let made = edit.made.iter().filter(|name| !spared.contains(name)).map(|name| (*name).to_owned());
            let made: BTreeSet<String> = made.collect();
            assert_eq!(project.make(), made, "{}: {}", project.tool, edit.what);
            if project.tool == "procman" && made.is_empty() {
                let is_started = |event: &serde_json::Value| event["type"] == "attempt-started";
                assert!(!project.sandbox.events().iter().any(is_started), "a job has run: {}", edit.what);
            }
        }
        let [procman, ninja, make] =
            projects.each_ref().map(|project| fs::read(project.sandbox.path("build/calculate")));
        let procman = procman.expect("it was made");
        assert!(procman == ninja.expect("it was made"), "the program is another one than ninja's: {}", edit.what);
        assert!(procman == make.expect("it was made"), "the program is another one than make's: {}", edit.what);
    }
}
