//! What a shell offers while somebody types.

use std::path::Path;
use std::process::Command;

use snapbox::str;

use crate::sandbox::{PROCMAN, Sandbox, misbehaving};
use crate::terminal::Terminal;

const PROJECT: &str = "
default = ['quick-fmt']
[tasks]
quick-fmt = ['true', '--all']
logs = ['true']
[tasks.quiet]
description = \"Says nothing,\\nat length\"
argv = ['true']
aliases = ['still']
tags = ['slow', 'with:colon']
manual = true
[tasks.each]
argv = ['true']
matrix = { n = [1, 2], s = ['a b', 'c:d'] }
[tasks.secret]
argv = ['true']
private = true
[tasks.whole]
deps = ['each']
";

fn project() -> Sandbox {
    let other = "[tasks]\nelsewhere = ['true']";
    Sandbox::with(PROJECT).file("sub/procman.toml", "[tasks]\ndeeper = ['true']").file("other.toml", other)
}

/// What the last of these words may become, with what is said of it.
#[track_caller]
fn offers(sandbox: &Sandbox, words: &[&str]) -> String {
    let line: Vec<&str> = ["__complete", "procman"].iter().chain(words).copied().collect();
    let ran = sandbox.run(&line).code(0).stderr("");
    String::from_utf8(ran.stdout_bytes().to_vec()).expect("text")
}

/// The same, without what is said.
#[track_caller]
fn values(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    offers(sandbox, words).lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_first_word_may_be_a_task_or_a_command() {
    let first = values(&project(), &[""]);
    assert_eq!(first[..5], ["quick-fmt", "quiet", "each", "whole", "run"]);
    // It is hidden by the command.
    assert_eq!(first.iter().filter(|value| *value == "logs").count(), 1);
    assert!(
        !first.iter().any(|value| value.starts_with('-') || value == "secret" || value.starts_with("__")),
        "{first:?}"
    );
}

#[test]
fn tasks_are_offered_with_what_they_are_for() {
    let sandbox = project();
    let both = "quick-fmt\ttrue --all\nquiet\tSays nothing, (manual)\n";
    assert_eq!(offers(&sandbox, &["qui"]), both);
    for command in ["run", "list", "check", "plan", "graph", "explain"] {
        assert_eq!(offers(&sandbox, &[command, "qui"]), both, "{command}");
        assert_eq!(offers(&sandbox, &["-q", command, "whole", "qui"]), both, "{command}");
    }
    assert_eq!(offers(&sandbox, &["whole", "qui"]), both);
    assert_eq!(offers(&sandbox, &["whole", "log"]), "logs\ttrue\n");
    assert_eq!(offers(&sandbox, &["whol"]), "whole\ta group\n");
}

#[test]
fn other_names_are_offered_when_something_is_typed() {
    let sandbox = project();
    assert_eq!(offers(&sandbox, &["sti"]), "still\talias of quiet\n");
    assert_eq!(offers(&sandbox, &["tag:s"]), "tag:slow\tall tasks with the tag slow\n");
    assert_eq!(values(&sandbox, &["tag:with:"]), ["tag:with:colon"]);
    assert_eq!(
        values(&sandbox, &["each["]),
        ["each[n=1,s=a b]", "each[n=1,s=c:d]", "each[n=2,s=a b]", "each[n=2,s=c:d]"]
    );
    assert_eq!(values(&sandbox, &["each[n=2,s=c"]), ["each[n=2,s=c:d]"]);
    assert_eq!(values(&sandbox, &["secret["]), Vec::<String>::new());
}

#[test]
fn the_manifest_is_the_one_that_the_line_names() {
    let sandbox = project();
    for line in [
        &["-C", "sub", "deep"][..],
        &["-Csub", "run", "deep"],
        &["--directory=sub", "-q", "deep"],
        &["run", "-C", "sub", "deep"],
    ] {
        assert_eq!(values(&sandbox, line), ["deeper"], "{line:?}");
    }
    for line in [&["-f", "other.toml", "else"][..], &["list", "--file", "other.toml", "else"]] {
        assert_eq!(values(&sandbox, line), ["elsewhere"], "{line:?}");
    }
    let mut command = sandbox.command(&["__complete", "procman", "deep"]);
    command.env("PROCMAN_DIRECTORY", "sub");
    sandbox.ran(command).code(0).stdout("deeper\ttrue\n");
}

#[test]
fn options_are_offered_with_their_values() {
    let sandbox = project();
    assert_eq!(offers(&sandbox, &["--no-d"]), "--no-deps\tLeave out what the named tasks depend on\n");
    assert_eq!(values(&sandbox, &["graph", "--format", ""]), ["text", "dot", "mermaid", "json"]);
    assert_eq!(values(&sandbox, &["rerun", "--report", ""]), ["json=", "junit=", "trace=", "markdown=", "html="]);
    assert_eq!(values(&sandbox, &["--report=ht"]), ["--report=html="]);
    assert_eq!(values(&sandbox, &["--fail-fast=k"]), ["--fail-fast=kill"]);
    assert_eq!(values(&sandbox, &["-C", "s"]), ["sub/"]);
    assert_eq!(values(&sandbox, &["-f", "o"]), ["other.toml"]);
    assert_eq!(values(&sandbox, &["completions", "z"]), ["zsh"]);
}

#[test]
fn runs_and_their_jobs_are_offered() {
    let sandbox = project();
    assert_eq!(offers(&sandbox, &["logs", ""]), "");
    sandbox.run(&["-q", "quick-fmt"]).code(0);
    let first = sandbox.latest().file_name().expect("its id").to_string_lossy().into_owned();
    sandbox.run(&["-q", "each"]).code(0);
    let second = sandbox.latest().file_name().expect("its id").to_string_lossy().into_owned();
    assert_eq!(offers(&sandbox, &["logs", "each[n=1,s=c"]), "each[n=1,s=c:d]\tok\n");
    assert_eq!(offers(&sandbox, &["logs", "--run", &first, ""]), "quick-fmt\tok\n");
    // Each way to call a run that the commands understand.
    for run in [&*second, &second[second.len() - 8..], "latest"] {
        assert_eq!(values(&sandbox, &["logs", "--run", run, "each[n=1,s=c"]), ["each[n=1,s=c:d]"], "{run}");
    }
    assert_eq!(offers(&sandbox, &["logs", "--run", "2", ""]), "", "it is the beginning of both");
    for line in [&["logs", "--run", ""][..], &["rerun", ""], &["show", ""], &["report", ""]] {
        assert_eq!(values(&sandbox, line), ["latest", &*second, &*first]);
    }
}

#[test]
fn a_job_of_a_run_under_way_is_offered_with_what_it_does() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}", misbehaving("ready ready wait")));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("ready");
    assert_eq!(offers(&sandbox, &["logs", ""]), "a\trunning\n");
    running.signal("INT");
    running.wait().died_of(2);
    assert_eq!(offers(&sandbox, &["logs", ""]), "a\tcancelled\n");
}

/// Nor is a word said of it, in the middle of somebody's line.
#[test]
fn a_manifest_that_is_broken_or_missing_has_no_tasks() {
    for sandbox in [Sandbox::new(), Sandbox::with("broken"), Sandbox::with("[tasks]\nquick = 'no argv'")] {
        assert_eq!(offers(&sandbox, &["qui"]), "");
        assert_eq!(values(&sandbox, &["gra"]), ["graph"]);
        for line in [
            &[][..],
            &["-C", "missing", "q"],
            &["-f", "missing", "q"],
            &["run", "--", ""],
            &["logs", ""],
            &["-j", "x", "q"],
        ] {
            assert_eq!(offers(&sandbox, line), "", "{line:?}");
        }
    }
    let sandbox = project();
    let mut command = sandbox.command(&["__complete", "procman", "qui"]);
    command.env("PROCMAN_COLOR", "wrong");
    sandbox.ran(command).code(0).stderr("").stdout("");
}

#[test]
fn nothing_is_started_and_nothing_is_written() {
    let sandbox = Sandbox::with("[tasks]\na = ['touch', 'started']");
    assert_eq!(values(&sandbox, &["run", "a"]), ["a"]);
    assert!(!sandbox.path(".procman").exists() && !sandbox.path("started").exists());
}

#[test]
fn what_acts_on_a_terminal_is_not_offered_as_it_is() {
    let sandbox = Sandbox::with("[tasks.a]\ndescription = \"x\\u001b[2J\\ty\"\nargv = ['true']").file("\x1b[2J", "");
    assert_eq!(offers(&sandbox, &["run", "a"]), "a\tx\\ty\n");
    assert_eq!(values(&sandbox, &["-f", ""]), [".", "procman.toml"]);
}

#[test]
fn other_shells_have_a_script_of_the_commands() {
    for shell in ["elvish", "powershell"] {
        let ran = Sandbox::new().run(&["completions", shell]).code(0).stderr("");
        let script = String::from_utf8_lossy(ran.stdout_bytes());
        for command in ["run", "list", "check", "plan", "init", "logs", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    Sandbox::new().run(&["completions", "csh"]).code(2).stdout("").stderr(str![[r#"
error: invalid value 'csh' for '<SHELL>'
  [possible values: bash, elvish, fish, powershell, zsh]

  tip: a similar value exists: 'zsh'

For more information, try '--help'.

"#]]);
}

// In the shells themselves.

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn is_installed(shell: &str) -> bool {
    let is_there = Command::new(shell).arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: {shell} is not installed");
    }
    is_there
}

/// What is typed before a tab, and what then stands on the line, where names need to be quoted.
const TYPED: [(&str, &str); 10] = [
    ("procman quick", "procman quick-fmt "),
    ("procman run quie", "procman run quiet "),
    ("procman tag:s", "procman tag:slow "),
    ("procman tag:with:c", "procman tag:with:colon "),
    ("procman gra", "procman graph "),
    ("procman graph --format=me", "procman graph --format=mermaid "),
    ("procman list --js", "procman list --json "),
    ("procman -C sub dee", "procman -C sub deeper "),
    ("procman -C su", "procman -C sub/"),
    ("procman quiet -- other.t", "procman quiet -- other.toml "),
];

/// A shell with the script, and a key that shows what stands on the line.
fn shell(sandbox: &Sandbox, program: &str, arguments: &[&str], set_up: &str) -> Terminal {
    let terminal = sandbox.terminal("take-terminal exec", program.as_ref(), arguments);
    let folder = Path::new(PROCMAN).parent().expect("a program is in a folder").display();
    terminal.type_keys(&format!("PATH={folder}:$PATH; {set_up}; echo rea''dy\n"));
    terminal.wait_for("ready\r\n");
    terminal
}

const TAB: &str = "\t";
const SHOW: &str = "\x14";
const KILL_LINE: &str = "\x15";
/// Past `zle -I`, which leaves the terminal to the kernel for a moment: that would take the key that kills the line for its
/// own.
const SHOW_IN_ZSH: &str = r#"show() { print -r -- "line<$BUFFER>" > $TTY }; zle -N show; bindkey '^T' show"#;

#[track_caller]
fn completes(terminal: &Terminal, typed: &str, line: &str) {
    terminal.type_keys(&format!("{typed}{TAB}{SHOW}"));
    terminal.wait_for(&format!("line<{line}>"));
    terminal.type_keys(KILL_LINE);
}

#[test]
fn bash_completes() {
    if !is_installed("bash") {
        return;
    }
    let sandbox = project();
    let set_up = r#"source <(procman completions bash); bind -x '"\C-t": printf "line<%s>\n" "$READLINE_LINE"'"#;
    let terminal = shell(&sandbox, "bash", &["--norc", "--noprofile", "-i"], set_up);
    for (typed, line) in TYPED {
        completes(&terminal, typed, line);
    }
    completes(&terminal, "procman each[n=1,s=a", r"procman each[n=1,s=a\ b\] ");
    completes(&terminal, r"procman each\[n=2,s=a", r"procman each\[n=2,s=a\ b\] ");
    completes(&terminal, "procman 'each[n=1,s=a", "procman 'each[n=1,s=a b]' ");
    completes(&terminal, "procman 'each[n=1,s=c", "procman 'each[n=1,s=c:d]' ");
    terminal.type_keys(&format!("procman qui{TAB}{TAB}"));
    terminal.wait_for("quick-fmt  (true --all)");
    terminal.wait_for("quiet      (Says nothing, (manual))");
}

#[test]
fn zsh_completes() {
    if !is_installed("zsh") {
        return;
    }
    let sandbox = project();
    let set_up = r#"autoload -U compinit; compinit -u -D; source <(procman completions zsh)"#;
    let terminal = shell(&sandbox, "zsh", &["-f", "-i"], &format!("{set_up}; {SHOW_IN_ZSH}"));
    for (typed, line) in TYPED {
        completes(&terminal, typed, line);
    }
    // A bracket that is not quoted is a pattern to zsh, which nothing fits.
    completes(&terminal, r"procman each\[n=1,s=a", r"procman each\[n=1,s=a\ b\] ");
    completes(&terminal, "procman 'each[n=1,s=a", "procman 'each[n=1,s=a b]' ");
    completes(&terminal, r"procman each\[n=1,s=c", r"procman each\[n=1,s=c:d\] ");
    terminal.type_keys(&format!("procman qui{TAB}"));
    terminal.wait_for("-- true --all");
    terminal.wait_for("-- Says nothing, (manual)");
}

/// Where the script lies in a folder that zsh looks for completions in.
#[test]
fn zsh_finds_the_script_by_itself() {
    if !is_installed("zsh") {
        return;
    }
    let sandbox = project();
    let script = sandbox.run(&["completions", "zsh"]).stdout_bytes().to_vec();
    let sandbox = sandbox.file("functions/_procman", script);
    let set_up = r#"fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D"#;
    let terminal = shell(&sandbox, "zsh", &["-f", "-i"], &format!("{set_up}; {SHOW_IN_ZSH}"));
    completes(&terminal, "procman quick", "procman quick-fmt ");
    completes(&terminal, "procman quie", "procman quiet ");
}

#[test]
fn fish_completes() {
    if !is_installed("fish") {
        return;
    }
    let sandbox = project();
    let folder = Path::new(PROCMAN).parent().expect("a program is in a folder").display();
    let asked = |line: &str| {
        let mut fish = sandbox.program("fish");
        let set_up = format!("set PATH {folder} $PATH; procman completions fish | source; complete -C {line}");
        fish.args(["--no-config", "-c", &set_up]).env("HOME", sandbox.path(""));
        let ran = sandbox.ran(fish).code(0).stderr("");
        String::from_utf8(ran.stdout_bytes().to_vec()).expect("text")
    };
    assert_eq!(asked("'procman qui'"), "quick-fmt\ttrue --all\nquiet\tSays nothing, (manual)\n");
    assert_eq!(asked("'procman tag:s'"), "tag:slow\tall tasks with the tag slow\n");
    assert_eq!(asked("'procman each[n=1,s=a'"), "each[n=1,s=a b]\n");
    assert_eq!(asked(r#""procman 'each[n=1,s=a""#), "each[n=1,s=a b]\n");
    assert_eq!(asked(r"'procman each\\[n=2,s=c'"), "each[n=2,s=c:d]\n");
    assert_eq!(asked("'procman -C sub dee'"), "deeper\ttrue\n");
    assert_eq!(asked("'procman --no-d'"), "--no-deps\tLeave out what the named tasks depend on\n");
    assert_eq!(asked("'procman quiet -- other.t'"), "other.toml\n");
    assert_eq!(asked("'procman other.t'"), "");
}
