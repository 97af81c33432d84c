//! `man`: the page of the manual.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

fn page() -> String {
    let ran = Sandbox::new().run(&["man"]).code(0).stderr("");
    String::from_utf8(ran.stdout_bytes().to_vec()).expect("text")
}

/// The words of a text of help that are names of options.
fn options(help: &str) -> Vec<&str> {
    let words = help.lines().flat_map(|line| line.split_whitespace().take_while(|word| word.starts_with('-')));
    words.map(|word| word.trim_end_matches(',').split(['=', '[', '.']).next().unwrap_or_default()).collect()
}

#[test]
fn every_command_and_every_option_is_on_the_page() {
    let sandbox = Sandbox::new();
    let help = |arguments: &[&str]| {
        let ran = sandbox.run(arguments).code(0);
        String::from_utf8(ran.stdout_bytes().to_vec()).expect("text")
    };
    let (page, top) = (page(), help(&["--help"]));
    let commands = top.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let commands: Vec<&str> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        assert!(page.contains(&format!("\n.SS\nprocman {command}")), "{command}");
        let help = help(&[command, "--help"]);
        let options = options(&help);
        assert!(options.contains(&"--color"), "{options:?}");
        for option in options {
            assert!(page.contains(&option.replace('-', r"\-")), "{command} {option}");
        }
    }
}

#[test]
fn what_it_reads_and_leaves_is_on_the_page() {
    let page = page();
    for section in
        ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", r#""EXIT STATUS""#, "ENVIRONMENT", "FILES"]
    {
        assert_eq!(page.matches(&format!("\n.SH {section}\n")).count(), 1, "{section}");
    }
    for name in [
        "PROCMAN_FILE",
        "PROCMAN_LIMIT",
        "PROCMAN_FAIL_FAST",
        "PROCMAN_SLOT",
        "PROCMAN_OUTPUT",
        "PROCMAN_WATCH_ON_BUSY",
        "NO_COLOR",
        "\n\\fBCI\\fR\n",
        "GITHUB_STEP_SUMMARY",
        "procman.toml",
        "events.jsonl",
        "state.jsonl",
        ".procman/key",
    ] {
        assert!(page.contains(name), "{name}");
    }
    // They would be shown as quotes that open and never close.
    assert!(!page.contains('`'), "{page}");
    assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn groff_has_no_complaint() {
    let mut groff = Command::new("groff");
    groff.args(["-man", "-Tutf8", "-ww"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = groff.spawn() else {
        eprintln!("skipped: groff is not installed");
        return;
    };
    child.stdin.take().expect("a pipe").write_all(page().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("job's"));
}
