//! What is in a report in Markdown.

use crate::report::{is, report, some_of_everything};
use crate::sandbox::Sandbox;

/// Puts a name in place of times.
fn redact(document: &str) -> String {
    let redact = |word: &str| {
        let number = word.trim_end().strip_suffix('s').filter(|number| number.contains('.'));
        if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) {
            word.replace(word.trim_end(), "[TIME]")
        } else {
            word.to_owned()
        }
    };
    document
        .split_inclusive([' ', ':'])
        .map(|word| match word.strip_suffix(':') {
            Some(word) => redact(word) + ":",
            None => redact(word),
        })
        .collect()
}

#[test]
fn what_failed_is_shown_with_the_end_of_its_output() {
    is(
        &redact(&report(&some_of_everything(), "markdown")),
        snapbox::str![[r#"
### procman: failed

11 jobs in [TIME]: 2 ok, 1 flaky, 3 failed, 1 timed-out, 1 spawn-error, 1 allowed-failure, 2 skipped

| status | job | time | attempts | |
| --- | --- | ---: | ---: | --- |
| ok | fine | [TIME] | 1 |  |
| skipped | needs-broken |  | 0 | needs broken |
| failed | broken | [TIME] | 1 | exit 3 |
| flaky | shaky | [TIME] | 2 |  |
| timed-out | slow | [TIME] | 1 |  |
| allowed-failure | allowed | [TIME] | 1 | exit 1 |
| spawn-error | missing | [TIME] | 1 | there is no program at \`[FOLDER]/missing\` |
| failed | apart | [TIME] | 2 | signal SIGKILL |
| ok | cells\[n=1\] | [TIME] | 1 |  |
| failed | cells\[n=2\] | [TIME] | 1 | exit 1 |
| skipped | elsewhere |  | 0 | not for linux, only macos |

<details open>
<summary>failed: <b>broken</b>: exit 3</summary>

````text
out
<b>&|``` ]]>\x07	\xff
````

Log: .procman/runs/[RUN]/logs/broken.log

</details>

<details open>
<summary>timed-out: <b>slow</b></summary>

No output.

Log: .procman/runs/[RUN]/logs/slow.log

</details>

<details open>
<summary>spawn-error: <b>missing</b>: there is no program at `[FOLDER]/missing`</summary>

</details>

<details open>
<summary>failed: <b>apart</b>: signal SIGKILL, after 2 attempts</summary>

```text
one
```

Log: .procman/runs/[RUN]/logs/apart\~2\~out.log

```text
two
```

Log: .procman/runs/[RUN]/logs/apart\~2\~err.log

</details>

<details open>
<summary>failed: <b>cells[n=2]</b>: exit 1</summary>

No output.

Log: .procman/runs/[RUN]/logs/cells\[n=2\].log

</details>

"#]],
    );
}

#[test]
fn when_all_is_well_the_table_is_folded() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']\n'b|<c>_' = ['true']");
    sandbox.run(&["-q"]).code(0);
    is(
        &redact(&report(&sandbox, "markdown")),
        snapbox::str![[r#"
### procman: ok

2 jobs in [TIME]: 2 ok

<details>
<summary>All jobs</summary>

| status | job | time | attempts | |
| --- | --- | ---: | ---: | --- |
| ok | a | [TIME] | 1 |  |
| ok | b&#124;&lt;c&gt;\_ | [TIME] | 1 |  |

</details>

"#]],
    );
}

#[test]
fn of_many_jobs_those_that_did_nothing_of_note_are_a_row() {
    let sandbox = Sandbox::with(
        "[tasks]\na = { argv = ['true'], matrix = { n = { range = [1, 120] } } }\nb = { argv = ['false'], allow_failure = true }",
    );
    sandbox.run(&["-q"]).code(0);
    is(
        &redact(&report(&sandbox, "markdown")),
        snapbox::str![[r#"
### procman: ok

121 jobs in [TIME]: 120 ok, 1 allowed-failure

<details>
<summary>All jobs</summary>

| status | job | time | attempts | |
| --- | --- | ---: | ---: | --- |
| allowed-failure | b | [TIME] | 1 | exit 1 |
| ok | (120 jobs like this) | | | |

</details>

"#]],
    );
}
