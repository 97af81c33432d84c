//! Manifests that are for a later procman.

use snapbox::{assert_data_eq, str};

use crate::sandbox::Sandbox;

#[test]
fn a_manifest_for_this_version_or_an_earlier_one_is_read() {
    for version in ["0", "0.1", "0.0.99", env!("CARGO_PKG_VERSION")] {
        Sandbox::with(&format!("min_version = '{version}'\n[tasks]\na = ['true']")).run(&["-q"]).code(0);
    }
}

/// What else it says may be wrong only for this version, or missing: what it includes, for instance.
#[test]
fn of_one_for_a_later_version_only_that_is_said() {
    let rest =
        ["speed = 'warp'\ninclude = ['missing.toml']\n[tasks.a]\nargv = 'x'\nhyper = true", "[tasks]\na = @loop"];
    for (rest, arguments) in rest.into_iter().zip([&["check"][..], &["-q"]]) {
        let sandbox = Sandbox::with(&format!("min_version = '99.1'\n{rest}"));
        let stderr = sandbox.run(arguments).code(2).stdout("").stderr_text();
        assert_data_eq!(
            stderr.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"),
            str![[r#"
error: the manifest is for procman 99.1 or later, and this is procman [VERSION]
 --> procman.toml:1:15
  |
1 | min_version = '99.1'
  |               ^^^^^^
  |
  = help: install a later one

error: 1 problem in procman.toml

"#]]
        );
    }
}

#[test]
fn a_version_is_up_to_three_numbers() {
    for version in ["'one'", "0.1", "'1.2.3.4'"] {
        let stderr =
            Sandbox::with(&format!("min_version = {version}\n[tasks]\na = ['true']")).run(&[]).code(2).stderr_text();
        assert!(stderr.contains("procman.toml:1:15"), "{stderr}");
    }
    Sandbox::with("min_version = '>=0.1'\nspeed = 1").run(&[]).code(2).stderr(str![[r#"
error: `min_version` is not a version
 --> procman.toml:1:15
  |
1 | min_version = '>=0.1'
  |               ^^^^^^^
  |
  = help: write up to three numbers, such as "0.1" or "1.2.3"

error: unknown key `speed`
 --> procman.toml:2:1
  |
2 | speed = 1
  | ^^^^^
  |
  = help: the keys of a manifest are min_version, limit, default, on_failure, pools, log, include, env, env_file, inherit_env, vars, defaults, tasks

error: 2 problems in procman.toml

"#]]);
}

#[test]
fn it_belongs_to_the_top_file() {
    let sandbox =
        Sandbox::with("include = ['more.toml']\n[tasks]\na = ['true']").file("more.toml", "min_version = '99'");
    sandbox.run(&[]).code(2).stderr(str![[r#"
error: `min_version` belongs to the top file alone
 --> more.toml:1:1
  |
1 | min_version = '99'
  | ^^^^^^^^^^^
  |
  = help: write it in `procman.toml`

error: 1 problem in more.toml

"#]]);
}
