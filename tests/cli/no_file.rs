//! What lies in the place of a manifest and is no file.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use rustix::fs::{CWD, FileType, mknodat};
use snapbox::str;

use crate::sandbox::Sandbox;

fn fifo(sandbox: &Sandbox, path: &str) {
    mknodat(CWD, sandbox.path(path), FileType::Fifo, 0o600.into(), 0).expect("a FIFO");
}

#[test]
fn a_fifo_is_named_and_not_waited_for() {
    let sandbox = Sandbox::new();
    fifo(&sandbox, "procman.toml");
    for command in ["check", "list", "run"] {
        sandbox.run(&[command]).code(2).stdout("").stderr(str![[r#"
error: the manifest `procman.toml` cannot be read: it is a FIFO, not a regular file

"#]]);
    }
}

#[test]
fn an_included_fifo_is_named_at_its_place() {
    let sandbox = Sandbox::with("include = ['more']\n[tasks]\na = ['true']");
    fifo(&sandbox, "more");
    sandbox.run(&["check"]).code(2).stdout("").stderr(str![[r#"
error: `more` cannot be included: it is a FIFO, not a regular file
 --> procman.toml:1:12
  |
1 | include = ['more']
  |            ^^^^^^

error: 1 problem in procman.toml

"#]]);
}

#[test]
fn links_and_stdin_may_lead_to_a_file() {
    let sandbox = Sandbox::new().file("real.toml", "[tasks]\na = ['true']");
    symlink("real.toml", sandbox.path("procman.toml")).expect("a link");
    sandbox.run(&["check"]).code(0);
    let mut command = sandbox.command(&["-f", "/dev/stdin", "check"]);
    command.stdin(fs::File::open(sandbox.path("real.toml")).expect("it is there"));
    sandbox.ran(command).code(0);
    let mut command = sandbox.command(&["-f", "/dev/stdin", "check"]);
    command.stdin(Stdio::piped());
    sandbox.ran(command).code(2).stdout("").stderr(str![[r#"
error: the manifest `/dev/stdin` cannot be read: it is a FIFO, not a regular file

"#]]);
    symlink("loop.toml", sandbox.path("loop.toml")).expect("a link");
    sandbox.run(&["-f", "loop.toml", "check"]).code(2).stdout("").stderr(str![[r#"
error: the manifest `loop.toml` cannot be read: too many levels of symbolic links

"#]]);
}
