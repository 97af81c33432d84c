//! Why a job's program could not be started, word for word, and how those that can be are.

use std::fs;

use snapbox::str;

use crate::sandbox::Sandbox;

/// The one line that says why.
#[track_caller]
fn spawn_error(sandbox: &Sandbox, expected: &str) {
    let ran = sandbox.run(&["-q"]).code(1);
    let stderr = ran.stderr_text();
    let found = stderr.lines().find_map(|line| line.strip_prefix("spawn-error: job: "));
    let folder = sandbox.path("").display().to_string();
    assert_eq!(found.map(|text| text.replace(folder.trim_end_matches('/'), "[FOLDER]")).as_deref(), Some(expected));
    let events = sandbox.events();
    let end = events.iter().find(|event| event["type"] == "job-ended").expect("the job ended");
    assert_eq!(end["status"], "spawn-error");
}

#[test]
fn a_program_that_is_not_on_path() {
    let sandbox = Sandbox::with("[tasks]\njob = ['no-such-program']");
    spawn_error(&sandbox, "no program `no-such-program` is on the job's PATH; install it, or write its path");
}

#[test]
fn the_path_is_the_tasks_own() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['tool', 'x']\nenv = { PATH = 'bin' }")
        .script("bin/tool", "#!/bin/sh\necho found $1\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("job.log"), b"found x\n");
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['sh', '-c', 'true']\nenv = { PATH = 'bin' }");
    spawn_error(&sandbox, "no program `sh` is on the job's PATH; install it, or write its path");
}

#[test]
fn without_a_path_programs_are_found_on_the_systems_own() {
    let sandbox = Sandbox::with("inherit_env = false\n[tasks]\njob = ['sh', '-c', 'echo found']");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("job.log"), b"found\n");
}

#[test]
fn a_path_with_no_program_at_it() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']");
    spawn_error(&sandbox, "there is no program at `[FOLDER]/tool`");
}

#[test]
fn a_program_with_a_slash_starts_at_cwd() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['./tool']\ncwd = 'sub'").script("sub/tool", "#!/bin/sh\npwd\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(String::from_utf8_lossy(&sandbox.log("job.log")), format!("{}\n", sandbox.path("sub").display()));
}

#[test]
fn a_directory_that_is_missing() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['true']\ncwd = 'nowhere'");
    spawn_error(&sandbox, "the job's directory `[FOLDER]/nowhere` does not exist");
}

#[test]
fn a_directory_that_is_a_file() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['true']\ncwd = 'file'").file("file", "");
    spawn_error(&sandbox, "the job's directory `[FOLDER]/file` is not a directory");
}

#[test]
fn a_directory_in_place_of_a_program() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']").file("tool/x", "");
    spawn_error(&sandbox, "`[FOLDER]/tool` is a directory, not a program");
}

#[test]
fn a_file_that_is_not_executable() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']").file("tool", "#!/bin/sh\n");
    spawn_error(&sandbox, "`[FOLDER]/tool` is not executable; `chmod +x` makes it so");
}

#[test]
fn a_file_on_path_that_is_not_executable() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['tool']\nenv = { PATH = 'bin' }").file("bin/tool", "");
    spawn_error(&sandbox, "`[FOLDER]/bin/tool` is not executable; `chmod +x` makes it so");
}

#[test]
fn a_script_without_an_interpreter_is_not_handed_to_a_shell() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']").script("tool", "touch was-run\n");
    spawn_error(
        &sandbox,
        "`[FOLDER]/tool` is neither a binary nor a script with a `#!` line; procman runs nothing through a shell, so \
         its first line must name the interpreter",
    );
    assert!(!sandbox.path("was-run").exists());
}

#[test]
fn an_interpreter_that_is_missing() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']").script("tool", "#!/no/such/interpreter -x\n");
    spawn_error(&sandbox, "`[FOLDER]/tool` asks for the interpreter `/no/such/interpreter`, which does not exist");
}

#[test]
fn an_interpreter_with_a_carriage_return() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']").script("tool", "#!/bin/sh\r\necho hi\r\n");
    spawn_error(
        &sandbox,
        "`[FOLDER]/tool` asks for the interpreter `/bin/sh\\r`, which does not exist; its first line ends in a \
         carriage return, as files from Windows do",
    );
}

#[test]
fn a_stdin_that_is_missing() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['cat']\nstdin = 'nothing'");
    spawn_error(&sandbox, "stdin `[FOLDER]/nothing` cannot be read: no such file or directory");
}

/// Opening one waits for its writer, out of reach of the timeout.
#[test]
fn a_stdin_that_is_a_fifo_is_refused() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['cat']\nstdin = 'fifo'");
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("fifo")).status().expect("mkfifo can be started");
    assert!(made.success());
    spawn_error(&sandbox, "stdin `[FOLDER]/fifo` cannot be read: it is a FIFO, and opening one waits for its writer");
}

#[test]
fn an_argument_that_is_too_long() {
    let sandbox =
        Sandbox::with(&format!("inherit_env = false\n[tasks]\njob = ['/bin/true', '{}']", "x".repeat(131_072)));
    spawn_error(
        &sandbox,
        "one of its arguments or variables takes 131073 bytes; the system takes 131072 in one; put it into a file",
    );
}

/// The limit that is named is the one that counts: what just fits below it is taken, and what is just above is not.
#[test]
fn arguments_that_are_too_much_together() {
    let jobs = |last: usize| {
        let argument = |length: usize| format!("'{}'", "x".repeat(length));
        let arguments: Vec<String> = (0..5).map(|_| argument(99_999)).chain([argument(last)]).collect();
        format!("inherit_env = false\n[tasks]\njob = ['/bin/true', {}]", arguments.join(", "))
    };
    // A quarter of the two megabytes that the stack is given.
    let limit = 512 * 1024;
    let ran = |sandbox: &Sandbox| {
        let mut command = std::process::Command::new("sh");
        let line = format!("ulimit -s 2048; exec {} -q", env!("CARGO_BIN_EXE_procman"));
        command.args(["-c", &line]).current_dir(sandbox.path(""));
        sandbox.ran(command)
    };
    let sandbox = Sandbox::with(&jobs(99_999));
    let stderr = ran(&sandbox).code(1).stderr_text();
    let size = stderr.split_once("its arguments and environment take ").and_then(|(_, rest)| rest.split_once(' '));
    let (size, rest) = size.unwrap_or_else(|| panic!("{stderr}"));
    assert!(
        rest.starts_with(&format!("bytes; the system takes {limit}, a quarter of the stack limit (`ulimit -s`)\n")),
        "{stderr}"
    );
    // The rest of it: a run's variables are of the same length each time; the path of the program counts as well.
    let others = size.parse::<usize>().expect("a number") - 99_999;
    let most = limit - others - "/bin/true".len();
    ran(&Sandbox::with(&jobs(most - 100))).code(0);
    ran(&Sandbox::with(&jobs(most + 100))).code(1);
}

/// A process that has a program open for writing; ends with the test at the latest.
struct Writer(std::process::Child);

impl Writer {
    /// `then` is what it does with the program open.
    fn of_a_program(sandbox: &Sandbox, then: &str) -> Self {
        // Not this process: what it has open may for a moment be open in the children of other tests.
        let line = format!("cp \"$(command -v env)\" tool; exec 3>>tool; echo > held; {then}");
        let mut command = std::process::Command::new("sh");
        let this = Self(command.args(["-c", &line]).current_dir(sandbox.path("")).spawn().expect("sh can be started"));
        sandbox.wait_for("held");
        this
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn a_program_that_is_written_to_for_a_moment_is_waited_for() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']");
    // The log is made just before the first try. After that ten programs take longer to start than the one that fails
    // to, on a busy machine too, and not nearly as long as procman goes on trying.
    let moment =
        "until [ -e .procman/runs/*/logs/job.log ]; do :; done; for n in 0 1 2 3 4 5 6 7 8 9; do env > out; done";
    let _writer = Writer::of_a_program(&sandbox, moment);
    sandbox.run(&["-q"]).code(0);
    let started = sandbox.events().iter().filter(|event| event["type"] == "attempt-started").count();
    assert_eq!(started, 1);
}

#[test]
fn a_program_that_is_written_to_all_the_time() {
    let sandbox = Sandbox::with("[tasks]\njob = ['./tool']");
    let _writer = Writer::of_a_program(&sandbox, "exec sleep 600");
    spawn_error(
        &sandbox,
        "`[FOLDER]/tool`, or its interpreter, is open for writing and stayed so; start it when whoever writes it is done",
    );
}

/// What a job writes to is its own; procman keeps nothing open for it.
#[test]
fn no_descriptor_is_held_for_a_live_job() {
    let script = "echo > ready-$PROCMAN_JOB; until [ -e go ]; do sleep 0.05; done";
    let jobs: Vec<String> = (0..50).map(|n| format!("t{n} = ['sh', '-c', '{script}']\n")).collect();
    let sandbox = Sandbox::with(&format!(
        "limit = 50\n[defaults]\nstreams = 'split'\nstdin = 'procman.toml'\n[tasks]\n{}",
        jobs.concat()
    ));
    let running = sandbox.start(&["-q"]);
    for n in 0..50 {
        sandbox.wait_for(&format!("ready-t{n}"));
    }
    let open = || -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(format!("/proc/{}/fd", running.pid())).expect("it runs");
        entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect()
    };
    let of_a_job =
        |path: &std::path::PathBuf| path.ends_with("procman.toml") || path.to_string_lossy().contains("/logs/");
    // The last job may be ahead of the thread that started it.
    crate::sandbox::wait_until("the last log's close", || (!open().iter().any(of_a_job)).then_some(()));
    assert!(open().len() < 25, "{:?}", open());
    fs::write(sandbox.path("go"), "").expect("a file");
    running.wait().code(0);
}

#[test]
fn arguments_are_delivered_byte_for_byte() {
    let sandbox = Sandbox::with(
        r#"
[tasks]
job = ["printf", "[%s]", "", "a b", "$HOME", "*", "`x`", "a\nb", "\\", "é", "--"]
"#,
    );
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("job.log"), "[][a b][$HOME][*][`x`][a\nb][\\][é][--]".as_bytes());
}

#[test]
fn a_wrapper_stands_in_front() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['sh', '-c', 'echo $A']\nwrapper = ['env', 'A=wrapped']");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("job.log"), b"wrapped\n");
}

/// A fork would copy procman's memory map for every job, and a shell might run what is no program.
#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn jobs_are_started_by_posix_spawn_and_never_by_fork() {
    let sandbox = Sandbox::with(
        "[env]\nPATH = '/bin:/usr/bin'\n[tasks]\na = ['true']\n[tasks.b]\nargv = ['sh', '-c', 'pwd']\ncwd = 'sub'\nenv = { X = '1' }",
    )
    .file("sub/file", "");
    let trace = sandbox.path("trace");
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-e", "trace=clone,clone3,fork,vfork,execve", "-o"]).arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_procman")).arg("-q").current_dir(sandbox.path(""));
    match command.output() {
        Err(error) => {
            eprintln!("skipped: strace cannot be started: {error}");
            return;
        }
        Ok(ran) => assert!(ran.status.success(), "{ran:?}"),
    }
    let trace = fs::read_to_string(trace).expect("strace wrote it");
    let spawns = trace.lines().filter(|line| line.contains("clone") && line.contains("CLONE_VFORK")).count();
    let programs: Vec<&str> = trace.lines().filter(|line| line.contains("execve(")).collect();
    // Two jobs, and procman itself, which strace starts.
    assert_eq!((spawns, programs.len()), (2, 3), "{trace}");
    let copies = |line: &&str| {
        let is_fork = line.contains(" fork(")
            || (line.contains("clone") && line.contains("flags=") && !line.contains("CLONE_VM"));
        is_fork && !line.contains("resumed")
    };
    // The guardian, which procman makes of itself before it has read anything.
    assert_eq!(trace.lines().filter(copies).count(), 1, "{trace}");
}

/// The jobs count the threads of procman, their parent.
#[test]
fn there_are_never_more_slot_threads_than_the_limit() {
    let count = "sh', '-c', 'grep -l ^slot- /proc/$PPID/task/*/comm | wc -l";
    let jobs: Vec<String> = (0..60).map(|n| format!("t{n} = ['{count}']\n")).collect();
    let sandbox = Sandbox::with(&format!("limit = 20\n[tasks]\n{}", jobs.concat()));
    sandbox.run(&["-q"]).code(0);
    let threads = (0..60).map(|n| String::from_utf8(sandbox.log(&format!("t{n}.log"))).expect("text"));
    let most = threads.map(|count| count.trim().parse::<usize>().expect("a number")).max();
    assert!(most.is_some_and(|most| (1..=20).contains(&most)), "{most:?}");
}

#[test]
fn each_job_leads_a_session_of_its_own_with_nothing_to_read() {
    let sandbox = Sandbox::with("[tasks]\njob = ['cat', '/proc/self/stat', '-']");
    sandbox.run(&["-q"]).code(0);
    let stat = String::from_utf8(sandbox.log("job.log")).expect("text");
    let fields: Vec<&str> = stat.split(' ').collect();
    let (pid, group, session) = (fields[0], fields[4], fields[5]);
    assert_eq!((group, session), (pid, pid));
}

#[test]
fn only_the_three_standard_descriptors_reach_a_job() {
    let sandbox = Sandbox::with("[tasks]\njob = ['sh', '-c', 'ls /proc/$$/fd; :']");
    let mut command = std::process::Command::new("sh");
    let line = format!("exec 7</dev/null; exec {} -qq", env!("CARGO_BIN_EXE_procman"));
    command.args(["-c", &line]).current_dir(sandbox.path(""));
    sandbox.ran(command).code(0).stderr(str![]);
    assert_eq!(sandbox.log("job.log"), b"0\n1\n2\n");
}
