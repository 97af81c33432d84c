//! What is not procman's own can neither act on a terminal nor be taken for a command.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::sandbox::{Ran, Sandbox};

/// Clears the screen, sets a title, colors (as C1 too), deletes, reorders, goes back to the line's start; and is not UTF-8.
const EVIL: &[u8] = b"e\x1b[2J\x1b]0;t\x07\xc2\x9b31m\x7f\xe2\x80\xae\xe2\x81\xa6\xff\xc3 l";
/// The same as far as it is UTF-8, and as TOML and JSON write it.
const EVIL_ESCAPED: &str = r"e\u001b[2J\u001b]0;t\u0007\u009b31m\u007f\u202e\u2066 l";

fn evil() -> &'static OsStr {
    OsStr::from_bytes(EVIL)
}

/// Everything it showed is text that lies still.
#[track_caller]
fn is_harmless(ran: &Ran) {
    let stderr = ran.stderr_text();
    let stdout = String::from_utf8(ran.stdout_bytes().to_vec()).expect("procman writes UTF-8");
    for text in [stdout, stderr] {
        let acts = |c: char| (c.is_control() && c != '\n') || "\u{61c}\u{200e}\u{200f}".contains(c) || is_bidi(c);
        assert!(!text.contains(acts), "{:?} in {text:?}", text.chars().find(|c| acts(*c)));
    }
}

fn is_bidi(c: char) -> bool {
    ('\u{2028}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}

#[track_caller]
fn shows(ran: Ran, code: i32, escaped: &str) {
    is_harmless(&ran);
    let shown = [ran.stdout_bytes(), ran.stderr_text().as_bytes()].concat();
    let shown = String::from_utf8(shown).expect("procman writes UTF-8");
    assert!(shown.contains(escaped), "{escaped} is not in {shown}");
    ran.code(code);
}

/// How procman writes what is evil, without what is not UTF-8.
const SHOWN: &str = r"e\x1b[2J\x1b]0;t\x07\u{9b}31m\x7f\u{202e}\u{2066} l";

#[test]
fn what_a_manifest_holds() {
    let sandbox = Sandbox::with(&format!(
        r#"
[tasks.a]
argv = ["printf", "{EVIL_ESCAPED}"]
description = "{EVIL_ESCAPED}"
tags = ["{EVIL_ESCAPED}"]
[tasks.b]
argv = ["{EVIL_ESCAPED}", "x"]
manual = true
[tasks.c]
argv = ["true"]
cwd = "{EVIL_ESCAPED}"
manual = true
[tasks.d]
argv = ["cat"]
stdin = "{EVIL_ESCAPED}"
manual = true
"#
    ));
    shows(sandbox.run(&["list"]), 0, SHOWN);
    shows(sandbox.run(&["list", "--json"]), 0, EVIL_ESCAPED);
    shows(sandbox.run(&["plan", "*", "b", "c"]), 0, SHOWN);
    shows(sandbox.run(&["plan", "b", "--resolve"]), 0, SHOWN);
    shows(sandbox.run(&["plan", "b", "--json"]), 0, EVIL_ESCAPED);
    shows(sandbox.run(&["check"]), 0, SHOWN);
    shows(sandbox.run(&["-n", "a"]), 0, SHOWN);
    shows(sandbox.run(&["-v", "a"]), 0, SHOWN);
    for job in ["b", "c", "d"] {
        shows(sandbox.run(&[job]), 1, SHOWN);
    }
}

#[test]
fn what_is_wrong_with_a_manifest() {
    let evil = String::from_utf8_lossy(EVIL);
    let manifests = [
        format!("[tasks]\n\"{EVIL_ESCAPED}\" = ['true']"),
        format!("[tasks.a]\nargv = ['true']\ndeps = [\"{EVIL_ESCAPED}\"]"),
        format!("[tasks.a]\nargv = ['true']\nenv_file = [\"{EVIL_ESCAPED}\"]"),
        format!("[tasks.a]\nargv = ['true']\ntimeout = \"{EVIL_ESCAPED}\""),
        format!("[tasks.a]\nargv = ['true']\nplatforms = [\"{EVIL_ESCAPED}\"]"),
        format!("[tasks.a]\nargv = \"{EVIL_ESCAPED}\""),
        format!("\"{EVIL_ESCAPED}\" = 1"),
        format!("[tasks]\na = '{evil}' # {evil}"),
        format!("[tasks]\n{evil} = ['true']"),
        format!("default = ['nothing'] # {evil}\n[tasks]\na = ['true']"),
    ];
    for manifest in manifests {
        is_harmless(&Sandbox::with(&manifest).run(&["check"]).code(2));
    }
    is_harmless(&Sandbox::new().file("procman.toml", [b"[tasks]\na = '", EVIL, b"'"].concat()).run(&["check"]).code(2));
}

#[test]
fn what_a_job_writes() {
    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'cat evil; exit 1']").file("evil", EVIL);
    shows(sandbox.run(&[]), 1, &format!("  | {}", SHOWN.replace(" l", r"\xff\xc3 l")));
}

#[test]
fn what_the_command_line_and_the_environment_say() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    sandbox.run(&["-q"]).code(0);
    let lines: [&[&str]; 22] = [
        &["E"],
        &["run", "E"],
        &["run", "*E"],
        &["list", "E"],
        &["--fEf"],
        &["-E"],
        &["-j", "E"],
        &["--timeout", "E"],
        &["--color", "E"],
        &["-f", "E"],
        &["-C", "E"],
        &["completions", "E"],
        &["logs", "E"],
        &["logs", "--run", "E"],
        &["logs", "a", "--attempt", "E"],
        &["rerun", "E"],
        &["show", "E"],
        &["clean", "--max-size", "E"],
        &["history", "-n", "E"],
        &["rerun", "--failed", "E"],
        &["--seed", "E"],
        &["init", "E"],
    ];
    // Not all of them may be anything but UTF-8.
    for evil in [EVIL, b"\x1b[2J\xc2\x9b\xe2\x80\xae\x7f", b"\x1b[31mred", b"\xff"] {
        for line in lines {
            let mut command = sandbox.command(&[]);
            command.args(line.iter().map(|argument| {
                let parts: Vec<&[u8]> = argument.split('E').map(str::as_bytes).collect();
                OsStr::from_bytes(&parts.join(evil)).to_owned()
            }));
            let ran = sandbox.ran(command);
            is_harmless(&ran);
            ran.code(2);
        }
    }
    for name in ["LIMIT", "COLOR", "QUIET", "TIMEOUT", "DIRECTORY", "FILE"] {
        let mut command = sandbox.command(&[]);
        command.env(format!("PROCMAN_{name}"), "\x1b[2J\u{9b}\u{202e}");
        let ran = sandbox.ran(command);
        is_harmless(&ran);
        ran.code(2);
    }
    let mut command = sandbox.command(&["-n", "a", "--"]);
    command.arg(evil());
    shows(sandbox.ran(command), 0, r"\x1b[2J");
}

#[test]
fn where_a_manifest_lies() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("").join(evil());
    fs::create_dir(&folder).expect("a folder");
    let run = |manifest: &str, arguments: &[&str]| {
        fs::write(folder.join("procman.toml"), manifest).expect("a manifest");
        let mut command = sandbox.command(arguments);
        command.current_dir(&folder);
        sandbox.ran(command)
    };
    let manifest =
        "[tasks]\na = ['sh', '-c', 'echo x; exit 1']\nb = ['./missing']\n[tasks.c]\nargv = ['true']\ncwd = '..'";
    let shown = SHOWN.replace(" l", r"\xff\xc3 l");
    shows(run(manifest, &[]), 1, &shown);
    is_harmless(&run(manifest, &["plan", "--resolve"]).code(0));
    is_harmless(&run(manifest, &["logs"]).code(0));
    is_harmless(&run("[tasks]\na = []", &["check"]).code(2));
    // From outside, the folder is part of every path that is shown.
    let mut command = sandbox.command(&["-C"]);
    command.arg(evil()).arg("check");
    shows(sandbox.ran(command), 2, &shown);
    let mut command = sandbox.command(&["-f"]);
    command.arg(Path::new(evil()).join("procman.toml")).arg("check");
    shows(sandbox.ran(command), 2, &shown);
    fs::remove_file(folder.join("procman.toml")).expect("the manifest");
    let mut command = sandbox.command(&["list"]);
    command.current_dir(&folder);
    shows(sandbox.ran(command), 2, &shown);
    let mut command = sandbox.command(&["-C"]);
    command.arg(evil()).arg("init");
    shows(sandbox.ran(command), 0, &shown);
}

/// Anybody may have written into it since.
#[test]
fn what_a_record_holds() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    sandbox.run(&["-q"]).code(0);
    let record = sandbox.latest().join("events.jsonl");
    let text = fs::read_to_string(&record).expect("a record");
    let id = sandbox.latest().file_name().expect("an id").to_string_lossy().into_owned();
    let text = text.replace(r#""a""#, &format!(r#""{EVIL_ESCAPED}""#)).replace(&id, EVIL_ESCAPED);
    fs::write(&record, text).expect("a record");
    shows(sandbox.run(&["logs"]), 0, SHOWN);
    shows(sandbox.run(&["logs", "missing"]), 2, SHOWN);
    // The name of its folder, too, is anybody's.
    let folder = sandbox.latest().with_file_name(evil());
    fs::rename(sandbox.latest(), &folder).expect("the run's folder");
    let latest = sandbox.path(".procman/latest");
    fs::remove_file(&latest).expect("a link");
    symlink(folder, latest).expect("a link");
    shows(sandbox.run(&["rerun"]), 0, &format!("note: 1 job of run {}", SHOWN.trim_end_matches(" l")));
}

/// GitHub reads commands from what a step prints, such as `::add-path::` or, anywhere in a line, `##[add-path]`.
#[test]
fn on_github_a_log_gives_no_commands() {
    let sandbox =
        Sandbox::with("[tasks]\na = ['sh', '-c', 'echo ::error::x; echo \"##[error]x\"; exit 1']\nb = ['false']");
    let run = |value: &str| {
        let mut command = sandbox.command(&["-q"]);
        command.env("GITHUB_ACTIONS", value);
        sandbox.ran(command).code(1)
    };
    let word = |ran: &Ran| {
        let text = ran.stderr_text();
        let line = text.lines().find_map(|line| line.strip_prefix("::stop-commands::"));
        line.expect("it stops commands").to_owned()
    };
    let (first, second) = (run("true"), run("true"));
    let (first_word, second_word) = (word(&first), word(&second));
    assert!(first_word != second_word && first_word.len() == 32, "{first_word} {second_word}");
    let text = first.stderr_text().replace(&first_word, "WORD");
    let a: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("failed: a"))
        .take_while(|line| !line.starts_with("  log: "))
        .collect();
    assert_eq!(a, ["failed: a: exit 1", "::stop-commands::WORD", "  | ::error::x", "  | ##[error]x", "::WORD::"]);
    assert!(text.contains("\nfailed: b: exit 1\n  no output\n"), "there is nothing to stop: {text}");
    run("false").stderr(snapbox::str![[r#"

failed: a: exit 1
  | ::error::x
  | ##[error]x
  log: .procman/runs/[RUN]/logs/a.log

failed: b: exit 1
  no output
  log: .procman/runs/[RUN]/logs/b.log

2 jobs in [TIME]: 2 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

/// Of a script that is asked for, nothing is foreign.
#[test]
fn completion_scripts_hold_nothing_that_acts() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = sandbox_with_evil_environment(&["completions", shell]);
        let text = String::from_utf8(ran.stdout_bytes().to_vec()).expect("text");
        assert!(!text.contains(|c: char| c.is_control() && !"\n\t".contains(c)), "{shell}");
    }
}

fn sandbox_with_evil_environment(arguments: &[&str]) -> Ran {
    let sandbox = Sandbox::new();
    let mut command: Command = sandbox.command(arguments);
    command.env("SHELL", evil()).env("HOME", evil());
    sandbox.ran(command).code(0)
}
