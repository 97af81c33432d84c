//! Manifests of several files.

use std::os::unix::fs::symlink;

use snapbox::str;

use crate::sandbox::Sandbox;

/// A folder with these files, the first of them the manifest.
fn files(files: &[(&str, &str)]) -> Sandbox {
    files.iter().fold(Sandbox::new(), |sandbox, (path, content)| sandbox.file(path, content))
}

#[track_caller]
fn rejected(manifest: &[(&str, &str)], stderr: impl snapbox::IntoData) {
    files(manifest).run(&[]).code(2).stdout("").stderr(stderr);
}

#[test]
fn tasks_of_all_files_are_one_set_in_the_order_of_inclusion() {
    let sandbox = files(&[
        (
            "procman.toml",
            "include = ['b.toml', 'lib/*.toml']\ndefault = ['all']\n[tasks]\nall = { deps = ['b', 'y'] }\n\
             last = ['true']",
        ),
        (
            "b.toml",
            "include = ['nested/c.toml']\n[tasks]\nb = { argv = ['echo', 'b'], deps = ['c'], aliases = ['bee'] }",
        ),
        ("nested/c.toml", "[tasks]\nc = { argv = ['echo', 'c'], description = 'From the depth' }"),
        ("lib/10.toml", "[tasks]\nx = { argv = ['echo', 'x'], deps = ['bee'] }"),
        ("lib/9.toml", "[tasks]\ny = { argv = ['echo', 'y'], deps = ['x'] }"),
        ("lib/none.txt", "this is not included"),
    ]);
    sandbox.run(&["list"]).code(0).stdout(str![[r#"
all   a group
last  true
b     echo b (alias bee)
c     From the depth
x     echo x
y     echo y

"#]]);
    sandbox.run(&["-n"]).code(0).stdout(str![[r#"
c: echo c
b: echo b
x: echo x
y: echo y

"#]]);
    sandbox.run(&["check"]).code(0).stderr(str![[r#"
procman.toml: 6 tasks, no problems

"#]]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("y.log"), b"y\n");
}

#[test]
fn a_manifest_may_have_all_its_tasks_from_others() {
    let sandbox = files(&[("procman.toml", "include = ['a.toml']"), ("a.toml", "[tasks]\na = ['echo', 'a']")]);
    sandbox.run(&["-n"]).code(0).stdout("a: echo a\n");
    rejected(
        &[("procman.toml", "include = ['a.toml', 'none/**']"), ("a.toml", "[env]\nA = '1'")],
        str![[r#"
error: there are no tasks
 --> procman.toml:1:32
  |
1 | include = ['a.toml', 'none/**']
  |                                ^
  |
  = help: add one under `[tasks]`, such as `hello = ["echo", "hello"]`

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn paths_start_at_the_folder_of_the_file_they_are_written_in() {
    let show = "['sh', '-c', 'pwd; echo \"$FROM\"; cat; echo \"$PROCMAN_ROOT\"']";
    let sandbox = files(&[
        (
            "procman.toml",
            &format!("include = ['sub/a.toml', 'dir/b.toml']\nenv_file = ['vars']\n[tasks]\ntop = {show}"),
        ),
        ("vars", "FROM=top"),
        ("text", "text of the top\n"),
        ("sub/vars", "FROM=sub"),
        ("sub/text", "text of sub\n"),
        ("sub/deep/here", ""),
        (
            "sub/a.toml",
            &format!(
                "[tasks]\nown = {show}\nall = {{ argv = {show}, cwd = 'deep', stdin = 'text', env_file = ['vars'] }}"
            ),
        ),
        ("dir/text", "text of dir\n"),
        ("dir/b.toml", &format!("include = ['../sub/more/c.toml']\n[defaults]\nstdin = 'text'\n[tasks]\nb = {show}")),
        ("sub/more/c.toml", &format!("[tasks]\nc = {show}\nd = {{ argv = {show}, stdin = 'c.toml' }}")),
    ]);
    let show = |name: &str| {
        let log = String::from_utf8(sandbox.log(&format!("{name}.log"))).expect("text");
        log.replace(sandbox.path("").to_str().expect("text").trim_end_matches('/'), "[FOLDER]")
    };
    sandbox.run(&["-q"]).code(0);
    assert_eq!(show("top"), "[FOLDER]\ntop\n[FOLDER]\n");
    assert_eq!(show("own"), "[FOLDER]/sub\ntop\n[FOLDER]\n");
    assert_eq!(show("all"), "[FOLDER]/sub/deep\nsub\ntext of sub\n[FOLDER]\n");
    assert_eq!(show("b"), "[FOLDER]/dir\ntop\ntext of dir\n[FOLDER]\n");
    assert_eq!(show("c"), "[FOLDER]/sub/more\ntop\ntext of dir\n[FOLDER]\n");
    assert!(show("d").starts_with("[FOLDER]/sub/more\ntop\n[tasks]\nc ="), "{}", show("d"));
}

#[test]
fn a_directory_of_the_outer_defaults_stays_where_it_is() {
    let sandbox = files(&[
        ("procman.toml", "include = ['sub/a.toml']\n[defaults]\ncwd = 'work'\ntags = ['outer']\ngrace = '1s'"),
        ("work/here", ""),
        ("sub/own/here", ""),
        ("sub/a.toml", "include = ['b.toml']\n[tasks]\na = ['pwd']"),
        ("sub/b.toml", "[defaults]\ncwd = 'own'\ntags = ['inner']\n[tasks]\nb = ['pwd']"),
    ]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("a.log"), format!("{}\n", sandbox.path("work").display()).as_bytes());
    assert_eq!(sandbox.log("b.log"), format!("{}\n", sandbox.path("sub/own").display()).as_bytes());
    sandbox.run(&["-n", "tag:outer"]).code(0).stdout("a: pwd\n");
    sandbox.run(&["-n", "tag:inner"]).code(0).stdout("b: pwd\n");
}

#[test]
fn what_an_included_file_says_lies_over_the_file_around_it_and_reaches_no_other() {
    let show = "['sh', '-c', 'echo $A $B $C $D $E ${HOME-nothing}']";
    let sandbox = files(&[
        (
            "procman.toml",
            &format!(
                "include = ['sub/a.toml', 'b.toml']\nenv = {{ A = 'top', B = 'top', C = 'top' }}\n[defaults]\n\
                 env = {{ D = 'top', E = 'top' }}\n[tasks]\ntop = {show}"
            ),
        ),
        ("sub/vars", "B=file"),
        (
            "sub/a.toml",
            &format!(
                "inherit_env = ['PATH']\nenv_file = ['vars']\nenv = {{ C = 'a', D = 'a' }}\n[defaults]\n\
                 env = {{ E = 'a' }}\n[tasks]\na = {show}\nown = {{ argv = {show}, env_file = ['vars'], env = {{ E = 'own' }} }}"
            ),
        ),
        ("b.toml", &format!("[tasks]\nb = {show}")),
    ]);
    let mut command = sandbox.command(&["-q"]);
    command.env("HOME", "inherited");
    sandbox.ran(command).code(0);
    assert_eq!(sandbox.log("top.log"), b"top top top top top inherited\n");
    assert_eq!(sandbox.log("a.log"), b"top file a top a nothing\n");
    assert_eq!(sandbox.log("own.log"), b"top file a top own nothing\n");
    assert_eq!(sandbox.log("b.log"), b"top top top top top inherited\n");
}

#[test]
fn a_glob_does_not_mean_the_file_it_is_written_in() {
    let sandbox = files(&[
        ("procman.toml", "include = ['*.toml', '*.tml']\n[tasks]\na = ['true']"),
        ("b.toml", "[tasks]\nb = ['true']"),
    ]);
    symlink("procman.toml", sandbox.path("link.tml")).expect("a link");
    sandbox.run(&["-n"]).code(0).stdout("a: true\nb: true\n");
}

#[test]
fn files_are_found_from_wherever_procman_is_called() {
    let manifest = [
        ("sub/procman.toml", "include = ['a/*.toml']"),
        ("sub/a/a.toml", "[tasks]\na = { argv = ['true'], dep = [] }"),
    ];
    let sandbox = files(&manifest);
    sandbox.run(&["-f", "sub/procman.toml"]).code(2).stderr(str![[r#"
error: unknown key `dep`
 --> sub/a/a.toml:2:24
  |
2 | a = { argv = ['true'], dep = [] }
  |                        ^^^
  |
  = help: did you mean `deps`?

error: 1 problem in sub/a/a.toml

"#]]);
    sandbox.run(&["-C", "sub/a"]).code(2).stderr(str![[r#"
error: unknown key `dep`
 --> sub/a/a.toml:2:24
  |
2 | a = { argv = ['true'], dep = [] }
  |                        ^^^
  |
  = help: did you mean `deps`?

error: 1 problem in sub/a/a.toml

"#]]);
}

#[test]
fn warnings_are_shown_in_their_own_files() {
    let sandbox = files(&[
        ("procman.toml", "include = ['a.toml']\n[tasks]\nhere = ['no-such-program']"),
        ("a.toml", "# é\n[tasks]\nlist = ['true']\n  'thé' = ['neither-this']"),
    ]);
    sandbox.run(&["check"]).code(0).stderr(str![[r#"
warning: no program `no-such-program` is on the job's PATH; install it, or write its path
 --> procman.toml:3:1
  |
3 | here = ['no-such-program']
  | ^^^^

warning: the subcommand `list` hides this task
 --> a.toml:3:1
  |
3 | list = ['true']
  | ^^^^
  |
  = help: `procman run list` reaches it

warning: no program `neither-this` is on the job's PATH; install it, or write its path
 --> a.toml:4:3
  |
4 |   'thé' = ['neither-this']
  |   ^^^^^

procman.toml: 3 tasks, 3 warnings

"#]]);
}

#[test]
fn a_file_that_is_named_must_be_readable() {
    let sandbox = files(&[
        (
            "procman.toml",
            "include = ['missing.toml', 'folder', '', 'bytes.toml', 'a[', 'a.toml/b']\n\
             [tasks]\na = { argv = ['a'], deps = ['unknown'] }\n",
        ),
        ("folder/a.toml", ""),
        ("a.toml", ""),
    ])
    .file("bytes.toml", b"[tasks]\na = ['\xff']");
    sandbox.run(&[]).code(2).stderr(str![[r#"
error: `missing.toml` cannot be included: there is no such file
 --> procman.toml:1:12
  |
1 | include = ['missing.toml', 'folder', '', 'bytes.toml', 'a[', 'a.toml/b']
  |            ^^^^^^^^^^^^^^
  |
  = help: a file that is named must be there; a glob may match nothing

error: `folder` cannot be included: it is a folder
 --> procman.toml:1:28
  |
1 | include = ['missing.toml', 'folder', '', 'bytes.toml', 'a[', 'a.toml/b']
  |                            ^^^^^^^^
  |
  = help: to include the files in it, write `/*.toml` after it

error: `` cannot be included: the path is empty
 --> procman.toml:1:38
  |
1 | include = ['missing.toml', 'folder', '', 'bytes.toml', 'a[', 'a.toml/b']
  |                                      ^^

error: `a[` cannot be included: unclosed character class; missing ']'
 --> procman.toml:1:56
  |
1 | include = ['missing.toml', 'folder', '', 'bytes.toml', 'a[', 'a.toml/b']
  |                                                        ^^^^

error: `a.toml/b` cannot be included: not a directory
 --> procman.toml:1:62
  |
1 | include = ['missing.toml', 'folder', '', 'bytes.toml', 'a[', 'a.toml/b']
  |                                                              ^^^^^^^^^^

error: the file is not UTF-8: the byte 0xFF here begins no character
 --> bytes.toml:2:7
  |
2 | a = ['�']
  |       ^

error: 6 problems in procman.toml, bytes.toml

"#]]);
}

#[test]
fn a_loop_is_shown_as_its_path_with_each_edge_where_it_is_written() {
    rejected(
        &[
            ("procman.toml", "\ninclude = ['sub/a.toml']\n[tasks]\na = ['true']\n"),
            ("sub/a.toml", "include = ['b.toml']\n"),
            ("sub/b.toml", "# back\ninclude = ['../procman.toml', 'a.toml', './b.toml', 'b*.toml']\n"),
        ],
        str![[r#"
error: files include each other in a loop: procman.toml -> sub/a.toml -> sub/b.toml -> procman.toml
 --> procman.toml:2:12
  |
2 | include = ['sub/a.toml']
  |            ^^^^^^^^^^^^ `procman.toml` includes `sub/a.toml`
  |
 ::: sub/a.toml:1:12
  |
1 | include = ['b.toml']
  |            -------- `sub/a.toml` includes `sub/b.toml`
  |
 ::: sub/b.toml:2:12
  |
2 | include = ['../procman.toml', 'a.toml', './b.toml', 'b*.toml']
  |            ----------------- `sub/b.toml` includes `procman.toml`
  |
  = help: remove one of these includes

error: files include each other in a loop: sub/a.toml -> sub/b.toml -> sub/a.toml
 --> sub/a.toml:1:12
  |
1 | include = ['b.toml']
  |            ^^^^^^^^ `sub/a.toml` includes `sub/b.toml`
  |
 ::: sub/b.toml:2:31
  |
2 | include = ['../procman.toml', 'a.toml', './b.toml', 'b*.toml']
  |                               -------- `sub/b.toml` includes `sub/a.toml`
  |
  = help: remove one of these includes

error: a file includes itself: sub/b.toml -> sub/b.toml
 --> sub/b.toml:2:41
  |
2 | include = ['../procman.toml', 'a.toml', './b.toml', 'b*.toml']
  |                                         ^^^^^^^^^^ `sub/b.toml` includes `sub/b.toml`
  |
  = help: remove it

error: 3 problems in procman.toml, sub/a.toml, sub/b.toml

"#]],
    );
}

#[test]
fn a_file_that_is_included_twice_is_named_with_both_places() {
    let sandbox = files(&[
        ("procman.toml", "include = ['a.toml', 'sub/b.toml', './a.toml', '*.toml']\n"),
        ("a.toml", "[tasks]\na = ['true']\n"),
        ("sub/b.toml", "include = ['../link.toml']\n"),
    ]);
    symlink("a.toml", sandbox.path("link.toml")).expect("a link");
    sandbox.run(&[]).code(2).stderr(str![[r#"
error: `a.toml` is included twice
 --> procman.toml:1:36
  |
1 | include = ['a.toml', 'sub/b.toml', './a.toml', '*.toml']
  |            --------                ^^^^^^^^^^
  |            |
  |            the first time here
  |
  = help: leave one of the two out; every file can name its tasks

error: `a.toml` is included twice
 --> procman.toml:1:48
  |
1 | include = ['a.toml', 'sub/b.toml', './a.toml', '*.toml']
  |            -------- the first time here        ^^^^^^^^
  |
  = help: leave one of the two out; every file can name its tasks

error: `a.toml` is included twice
 --> sub/b.toml:1:12
  |
1 | include = ['../link.toml']
  |            ^^^^^^^^^^^^^^
  |
 ::: procman.toml:1:12
  |
1 | include = ['a.toml', 'sub/b.toml', './a.toml', '*.toml']
  |            -------- the first time here
  |
  = help: leave one of the two out; every file can name its tasks

error: 3 problems in procman.toml, sub/b.toml

"#]]);
}

#[test]
fn keys_of_a_whole_run_belong_to_the_top_file() {
    rejected(
        &[
            ("procman.toml", "include = ['a.toml']\n[tasks]\na = ['true']\n"),
            ("a.toml", "limit = 'many'\non_failure = 'kill'\ndefault = ['b']\nlimits = 2\n[tasks]\nb = ['true']"),
        ],
        str![[r#"
error: `limit` belongs to the top file alone
 --> a.toml:1:1
  |
1 | limit = 'many'
  | ^^^^^
  |
  = help: write it in `procman.toml`

error: `on_failure` belongs to the top file alone
 --> a.toml:2:1
  |
2 | on_failure = 'kill'
  | ^^^^^^^^^^
  |
  = help: write it in `procman.toml`

error: `default` belongs to the top file alone
 --> a.toml:3:1
  |
3 | default = ['b']
  | ^^^^^^^
  |
  = help: write it in `procman.toml`

error: unknown key `limits`
 --> a.toml:4:1
  |
4 | limits = 2
  | ^^^^^^
  |
  = help: did you mean `limit`?

error: 4 problems in a.toml

"#]],
    );
}

#[test]
fn a_name_is_there_once_in_all_files() {
    rejected(
        &[
            (
                "procman.toml",
                "include = ['a.toml', 'b.toml']\n[tasks]\nbuild = ['true']\nTest = ['true']\nci = { deps = ['build'] }\n",
            ),
            ("a.toml", "\n[tasks]\nbuild = ['true']\nci = ['true']\ntest = ['true']\n"),
            (
                "b.toml",
                "\n\n[tasks]\nbuild = { deps = ['ci'] }\nx = { argv = ['true'], aliases = ['ci'] }\nBuild = ['true']\n",
            ),
        ],
        str![[r#"
error: `Test` and `test` differ only in case or Unicode form
 --> procman.toml:4:1
  |
4 | Test = ['true']
  | ^^^^
  |
 ::: a.toml:5:1
  |
5 | test = ['true']
  | ---- the other is here

error: task `build` is there twice
 --> a.toml:3:1
  |
3 | build = ['true']
  | ^^^^^
  |
 ::: procman.toml:3:1
  |
3 | build = ['true']
  | ----- the other is here
  |
  = help: all files of a manifest share their names; rename one

error: task `ci` is there twice
 --> a.toml:4:1
  |
4 | ci = ['true']
  | ^^
  |
 ::: procman.toml:5:1
  |
5 | ci = { deps = ['build'] }
  | -- the other is here
  |
  = help: all files of a manifest share their names; rename one

error: task `build` is there twice
 --> b.toml:4:1
  |
4 | build = { deps = ['ci'] }
  | ^^^^^
  |
 ::: procman.toml:3:1
  |
3 | build = ['true']
  | ----- the other is here
  |
  = help: all files of a manifest share their names; rename one

error: alias `ci` is a task's name already
 --> b.toml:5:35
  |
5 | x = { argv = ['true'], aliases = ['ci'] }
  |                                   ^^^^
  |
 ::: procman.toml:5:1
  |
5 | ci = { deps = ['build'] }
  | -- task `ci`

error: `Build` and `build` differ only in case or Unicode form
 --> b.toml:6:1
  |
6 | Build = ['true']
  | ^^^^^
  |
 ::: procman.toml:3:1
  |
3 | build = ['true']
  | ----- the other is here

error: 6 problems in procman.toml, a.toml, b.toml

"#]],
    );
}

#[test]
fn problems_of_all_files_are_reported_in_one_go() {
    rejected(
        &[
            ("procman.toml", "include = ['a.toml', 'b.toml']\nlimit = 0\n[tasks]\na = { argv = ['a'], deps = ['bb'] }"),
            ("a.toml", "[defaults]\ntimeout = 5\nargv = ['x']\n[tasks]\nb = { argv = 'b' }\n"),
            (
                "b.toml",
                "env_file = ['.env']\n[tasks]\nc = { argv = ['c'], deps = ['aa', 'b'] }\nd = { argv = ['d', '\u{202e}', 1] }",
            ),
        ],
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:2:9
  |
2 | limit = 0
  |         ^

error: unknown task `bb`
 --> procman.toml:4:29
  |
4 | a = { argv = ['a'], deps = ['bb'] }
  |                             ^^^^
  |
  = help: did you mean `b`?

error: `timeout` must be a duration such as "30s", not an integer
 --> a.toml:2:11
  |
2 | timeout = 5
  |           ^
  |
  = help: write it with a unit: "5s"

error: `argv` cannot be a default
 --> a.toml:3:8
  |
3 | argv = ['x']
  |        ^^^^^
  |
  = help: it is a task's own; write it in the task

error: `argv` must be an array of strings, not a string
 --> a.toml:5:14
  |
5 | b = { argv = 'b' }
  |              ^^^
  |
  = help: write the program and each argument apart: ["b"]

error: the env_file `.env` cannot be read: there is no file at [FOLDER]/.env
 --> b.toml:1:13
  |
1 | env_file = ['.env']
  |             ^^^^^^

error: unknown task `aa`
 --> b.toml:3:29
  |
3 | c = { argv = ['c'], deps = ['aa', 'b'] }
  |                             ^^^^
  |
  = help: did you mean `a`?

error: `argv[2]` must be a string, not an integer
 --> b.toml:4:25
  |
4 | d = { argv = ['d', '�', 1] }
  |                         ^
  |
  = help: write it as a string: "1"

error: 8 problems in procman.toml, a.toml, b.toml

"#]],
    );
}

#[test]
fn what_is_no_toml_is_reported_in_its_file_and_nobody_is_blamed_for_what_is_missing() {
    rejected(
        &[
            ("procman.toml", "include = ['a.toml', 'b.toml']\n[tasks]\na = { argv = ['a'], deps = ['b'] }\nc = []\n"),
            ("a.toml", "\n[tasks]\nb = ['b' 'c'], x = 1\nq = [make]\n[tasks]\n"),
            ("b.toml", "[tasks]\nd = { argv = ['d'], comand = 1 }"),
        ],
        str![[r#"
error: `argv` is empty
 --> procman.toml:4:5
  |
4 | c = []
  |     ^^
  |
  = help: give at least the program

error: this is not TOML: missing comma between array elements, expected `,`
 --> a.toml:3:10
  |
3 | b = ['b' 'c'], x = 1
  |          ^

error: this is not TOML: string values must be quoted, expected literal string
 --> a.toml:4:6
  |
4 | q = [make]
  |      ^^^^

error: `tasks` is there twice
 --> a.toml:5:2
  |
5 | [tasks]
  |  ^^^^^

error: unknown key `comand`
 --> b.toml:2:21
  |
2 | d = { argv = ['d'], comand = 1 }
  |                     ^^^^^^
  |
  = help: the keys of a task are argv, description, deps, after, cwd, env, env_remove, env_file, inherit_env, timeout, grace, slow_after, retries, success_codes, allow_failure, leak, inputs, outputs, depfile, matrix, tags, aliases, private, manual, platforms, weight, pools, memory, priority, interactive, confirm, stdin, streams, wrapper

error: 5 problems in procman.toml, a.toml, b.toml

"#]],
    );
}

#[test]
fn a_cycle_across_files_is_shown_in_each() {
    rejected(
        &[
            ("procman.toml", "include = ['a.toml', 'b.toml']\n[tasks]\na = { argv = ['a'], deps = ['b'] }\n"),
            ("a.toml", "[tasks.b]\nargv = ['b']\nafter = [\n  'c',\n]\n"),
            ("b.toml", "[tasks]\nc = { deps = ['d'] }\nd = { argv = ['d'], deps = ['a'] }"),
        ],
        str![[r#"
error: tasks wait for each other in a cycle: a -> b -> c -> d -> a
 --> procman.toml:3:29
  |
3 | a = { argv = ['a'], deps = ['b'] }
  |                             ^^^ `a` waits for `b`
  |
 ::: a.toml:4:3
  |
4 |   'c',
  |   --- `b` waits for `c`
  |
 ::: b.toml:2:15
  |
2 | c = { deps = ['d'] }
  |               --- `c` waits for `d`
3 | d = { argv = ['d'], deps = ['a'] }
  |                             --- `d` waits for `a`
  |
  = help: remove one of these dependencies

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn the_hash_of_a_manifest_covers_all_its_files() {
    let hash = |manifest: &[(&str, &str)]| {
        let sandbox = files(manifest);
        sandbox.run(&["-q"]).code(0);
        sandbox.events()[0]["manifest_hash"].as_str().expect("a hash").to_owned()
    };
    let top = ("procman.toml", "include = ['*/*.toml']\n[tasks]\na = ['true']");
    let (b, c) = ("[tasks]\nb = ['true']", "[tasks]\nc = ['true']");
    let hashes = [
        hash(&[top]),
        hash(&[top, ("x/b.toml", b)]),
        hash(&[top, ("x/b.toml", b), ("x/c.toml", c)]),
        hash(&[top, ("x/b.toml", c), ("x/c.toml", b)]),
        hash(&[top, ("y/b.toml", b), ("x/c.toml", c)]),
    ];
    assert_eq!(hashes[0], blake3::hash(top.1.as_bytes()).to_string());
    for (at, one) in hashes.iter().enumerate() {
        assert_eq!(hashes.iter().position(|other| other == one), Some(at));
    }
    assert_eq!(hash(&[top, ("x/b.toml", b), ("x/c.toml", c)]), hashes[2]);
}
