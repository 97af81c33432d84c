//! What is done for GitHub and its like: annotations, and the summary of a step.

use std::fs;

use crate::report::{is, some_of_everything};
use crate::sandbox::{Ran, Sandbox};

fn on_github(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = sandbox.command(arguments);
    command.env("GITHUB_ACTIONS", "true").envs(variables.iter().copied());
    sandbox.ran(command)
}

/// What was told by commands, without those around what jobs write.
fn annotations(ran: &Ran) -> Vec<String> {
    let text = ran.stderr_text();
    text.lines().filter(|line| line.starts_with("::error ")).map(str::to_owned).collect()
}

#[test]
fn each_failed_job_is_annotated_where_its_task_is_written() {
    let sandbox = some_of_everything();
    let ran = on_github(&sandbox, &[], &["-q"]).code(1);
    let root = sandbox.path("").display().to_string();
    let shown = annotations(&ran).join("\n").replace(root.trim_end_matches('/'), "[FOLDER]");
    is(
        &shown,
        snapbox::str![[r#"
::error file=procman.toml,line=5,title=failed%3A broken::exit 3%0Aout%0A<b>&|``` ]]>\x07	\xff
::error file=procman.toml,line=7,title=timed-out%3A slow::timed-out
::error file=procman.toml,line=9,title=spawn-error%3A missing::there is no program at `[FOLDER]/missing`
::error file=procman.toml,line=10,title=failed%3A apart::signal SIGKILL, after 2 attempts%0Aone%0Atwo
::error file=procman.toml,line=11,title=failed%3A cells[n=2]::exit 1
"#]],
    );
}

#[test]
fn files_are_told_as_seen_from_the_repository() {
    let sandbox =
        Sandbox::new().file("repository/sub/procman.toml", "include = ['more/*.toml']\n\n[tasks]\na = ['false']").file(
            "repository/sub/more/tasks.toml",
            "# é\n[tasks]\nb = { argv = ['true'] }\n\n  [tasks.'c']\nargv = ['false']",
        );
    let of = |workspace: &str| {
        let workspace = sandbox.path(workspace).display().to_string();
        let variables = [("GITHUB_WORKSPACE", &*workspace)];
        let ran = on_github(&sandbox, &variables, &["-q", "-C", "repository/sub"]).code(1);
        let file = |line: &String| line.split(",title").next().expect("a beginning").to_owned();
        annotations(&ran).iter().map(file).collect::<Vec<_>>()
    };
    let expected = ["::error file=sub/procman.toml,line=4", "::error file=sub/more/tasks.toml,line=5"];
    assert_eq!(of("repository"), expected);
    fs::create_dir(sandbox.path("elsewhere")).expect("a folder");
    assert_eq!(of("elsewhere"), expected.map(|line| line.replace("sub/", "")));
    std::os::unix::fs::symlink("repository", sandbox.path("link")).expect("a link");
    assert_eq!(of("link"), expected);
}

#[test]
fn elsewhere_nothing_is_annotated_and_nothing_where_nobody_is_to_be_told() {
    let sandbox = Sandbox::with("[tasks]\na = ['false']");
    assert!(annotations(&sandbox.run(&["-q"]).code(1)).is_empty());
    assert!(on_github(&sandbox, &[], &["-qq"]).code(1).stderr_text().is_empty());
}

/// The annotations stand outside of the marks between which nothing is a command, whatever the jobs have written.
#[test]
fn an_annotation_is_a_command_and_what_a_job_writes_is_none() {
    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'echo \"::error::x\"; echo \"::endgroup::\"; exit 1']");
    for mode in ["failures", "group", "prefix", "stream"] {
        let ran = on_github(&sandbox, &[], &["-o", mode]).code(1);
        for text in [ran.stderr_text(), String::from_utf8(ran.stdout_bytes().to_vec()).expect("text")] {
            let mut stopped: Option<String> = None;
            for line in text.lines() {
                match (&stopped, line.strip_prefix("::stop-commands::")) {
                    (None, Some(word)) => stopped = Some(format!("::{word}::")),
                    (Some(mark), _) if line == mark => stopped = None,
                    (Some(_), _) => assert!(!line.starts_with("::error file"), "{text}"),
                    (None, None) => assert!(!line.starts_with("::error::x") && line != "::endgroup::", "{text}"),
                }
            }
            assert!(stopped.is_none(), "{text}");
        }
        assert_eq!(
            annotations(&ran),
            ["::error file=procman.toml,line=2,title=failed%3A a::exit 1%0A::error::x%0A::endgroup::"]
        );
    }
}

#[test]
fn what_jobs_have_written_is_folded_unless_they_have_failed() {
    let sandbox = Sandbox::with(
        "limit = 1\n[tasks]\na = ['printf', 'no end']\nb = ['sh', '-c', 'echo broken; exit 1']\nc = ['true']\n\
         d = { argv = ['sh', '-c', 'echo $PROCMAN_ATTEMPT; test $PROCMAN_ATTEMPT = 2'], retries = 1 }",
    );
    let stdout = |arguments: &[&str]| {
        let ran = on_github(&sandbox, &[], arguments).code(1);
        let text = String::from_utf8(ran.stdout_bytes().to_vec()).expect("text");
        let word = text.split_once("::stop-commands::").and_then(|(_, after)| after.lines().next());
        word.map(|word| text.replace(word, "WORD")).unwrap_or(text)
    };
    is(
        &stdout(&["-o", "group"]),
        snapbox::str![[r#"
::group::a
::stop-commands::WORD
no end
::WORD::
::endgroup::
::stop-commands::WORD
broken
::WORD::
::stop-commands::WORD
1
::WORD::
::group::d (attempt 2)
::stop-commands::WORD
2
::WORD::
::endgroup::

"#]],
    );
    for mode in ["failures", "prefix", "stream"] {
        assert!(!stdout(&["-o", mode]).contains("group::"), "nobody knows yet whether it fails");
    }
}

#[test]
fn the_run_is_added_to_the_summary_of_the_step() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file("summary.md", "before\n");
    let path = sandbox.path("summary.md").display().to_string();
    let run = || {
        on_github(&sandbox, &[("GITHUB_STEP_SUMMARY", &path)], &["-q"]).code(0).stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]])
    };
    run();
    run();
    let text = sandbox.read("summary.md");
    assert!(text.starts_with("before\n### procman: ok\n"), "{text}");
    assert_eq!(text.matches("### procman: ok\n\n1 job in ").count(), 2, "{text}");
    assert!(text.ends_with("</details>\n\n"), "{text}");
}

#[test]
fn a_summary_that_cannot_be_written_is_a_warning() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file("full.md", vec![b'x'; 1024 * 1024]).file("folder/x", "");
    let run = |path: &str| {
        let path = sandbox.path(path).display().to_string();
        on_github(&sandbox, &[("GITHUB_STEP_SUMMARY", &path)], &["-q"]).code(0)
    };
    run("missing/summary.md").stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
warning: the step's summary `[FOLDER]/missing/summary.md` cannot be written: no such file or directory

"#]]);
    run("folder").stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
warning: the step's summary `[FOLDER]/folder` cannot be written: it is no file

"#]]);
    run("full.md").stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
warning: the step's summary `[FOLDER]/full.md` cannot be written: it is full

"#]]);
    assert_eq!(sandbox.read("full.md").len(), 1024 * 1024);
}
