//! The variables a job sees.

use crate::sandbox::Sandbox;

/// What the job `job` prints, which is some of its variables.
#[track_caller]
fn log_of(sandbox: &Sandbox, variables: &[(&str, &str)]) -> String {
    let mut command = sandbox.command(&["-q"]);
    command.envs(variables.iter().copied());
    sandbox.ran(command).code(0);
    String::from_utf8(sandbox.log("job.log")).expect("text")
}

#[test]
fn layers_lie_over_each_other_in_the_documented_order() {
    let sandbox = Sandbox::with(
        r#"
env_file = ["global.env"]
[env]
B = "global env"
C = "global env"
D = "global env"
E = "global env"
[tasks.job]
argv = ["sh", "-c", "echo \"$A|$B|$C|$D|${E-unset}|$F\""]
env_file = ["task.env"]
env = { D = "task env" }
env_remove = ["E"]
"#,
    )
    .file("global.env", "A='global file'\nB=x\nC=x\nD=x\n")
    .file("task.env", "C='task file'\nD=x\nE=x\n");
    let log = log_of(&sandbox, &[("A", "inherited"), ("F", "inherited")]);
    assert_eq!(log, "global file|global env|task file|task env|unset|inherited\n");
}

#[test]
fn a_tasks_env_lies_over_that_of_the_defaults() {
    let sandbox = Sandbox::with(
        r#"
[defaults]
env = { A = "default", B = "default" }
[tasks.job]
argv = ["sh", "-c", "echo \"$A|$B|$C\""]
env_file = ["task.env"]
env = { B = "task" }
"#,
    )
    .file("task.env", "A=file\nC=file\n");
    assert_eq!(log_of(&sandbox, &[]), "default|task|file\n");
}

#[test]
fn inherit_env_lets_through_nothing_or_what_it_names() {
    let names = "argv = ['/usr/bin/env']\n";
    let own = |log: String| -> Vec<String> {
        log.lines().filter(|line| !line.starts_with("PROCMAN")).map(str::to_owned).collect()
    };
    let sandbox = Sandbox::with(&format!("inherit_env = false\n[tasks.job]\n{names}"));
    assert_eq!(own(log_of(&sandbox, &[("A", "1")])), Vec::<String>::new());
    let sandbox = Sandbox::with(&format!("inherit_env = ['A', 'Z']\n[tasks.job]\n{names}"));
    assert_eq!(own(log_of(&sandbox, &[("A", "1"), ("B", "2")])), ["A=1"]);
    let sandbox = Sandbox::with(&format!("inherit_env = false\n[tasks.job]\n{names}inherit_env = ['B']"));
    assert_eq!(own(log_of(&sandbox, &[("A", "1"), ("B", "2")])), ["B=2"]);
}

#[test]
fn a_job_is_told_which_it_is() {
    let sandbox = Sandbox::with(
        "[tasks.job]\nargv = ['sh', '-c', 'env | grep ^PROCMAN | sort; test $PROCMAN_ATTEMPT = 2']\nretries = 1",
    );
    let log = log_of(&sandbox, &[]);
    assert_eq!(log.replace("PROCMAN_ATTEMPT=1", "PROCMAN_ATTEMPT=2").lines().count(), 7);
    let second = String::from_utf8(sandbox.log("job~2.log")).expect("text");
    let run = sandbox.latest().file_name().expect("a run's folder").to_string_lossy().into_owned();
    let root = sandbox.path("").display().to_string();
    let expected = format!(
        "PROCMAN=1\nPROCMAN_ATTEMPT=2\nPROCMAN_JOB=job\nPROCMAN_ROOT={}\nPROCMAN_RUN_ID={run}\nPROCMAN_SLOT=0\nPROCMAN_TASK=job\n",
        root.trim_end_matches('/')
    );
    assert_eq!(second, expected);
}

#[test]
fn what_procman_says_lies_over_all_else() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['/usr/bin/env']\nenv = { PROCMAN_JOB = 'mine' }");
    let log = log_of(&sandbox, &[]);
    let said: Vec<&str> = log.lines().filter(|line| line.starts_with("PROCMAN_JOB=")).collect();
    assert_eq!(said, ["PROCMAN_JOB=job"]);
}

#[test]
fn what_an_outer_run_said_does_not_pass() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['sh', '-c', 'echo $PROCMAN_JOB $PROCMAN_LIMIT']");
    assert_eq!(log_of(&sandbox, &[("PROCMAN_JOB", "outer"), ("PROCMAN_LIMIT", "1")]), "job\n");
}

#[test]
fn slots_are_numbered_below_the_limit() {
    let sandbox = Sandbox::with(
        r#"
limit = 2
[tasks]
a = ["sh", "-c", "echo $PROCMAN_SLOT > a; until [ -e b ]; do sleep 0.01; done"]
b = ["sh", "-c", "echo $PROCMAN_SLOT > b; until [ -e a ]; do sleep 0.01; done"]
"#,
    );
    sandbox.run(&["-q"]).code(0);
    let mut slots = [sandbox.read("a"), sandbox.read("b")];
    slots.sort();
    assert_eq!(slots, ["0\n", "1\n"]);
}
