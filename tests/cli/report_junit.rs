//! What is in a report in `JUnit`'s format.

use crate::report::{is, report, some_of_everything};

/// Puts names in place of what is measured.
fn redact(document: &str) -> String {
    let mut out = String::new();
    let mut rest = document;
    while let Some((at, key)) =
        [" timestamp=\"", " time=\""].iter().filter_map(|key| Some((rest.find(key)?, key))).min()
    {
        let (before, value) = rest.split_at(at + key.len());
        let end = value.find('"').expect("its end");
        out.push_str(before);
        out.push_str(if key.contains("timestamp") { "[AT]" } else { "[SECONDS]" });
        rest = &value[end..];
    }
    out + rest
}

#[test]
fn jobs_are_test_cases() {
    is(
        &redact(&report(&some_of_everything(), "junit")),
        snapbox::str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="[RUN]" tests="11" skipped="3" failures="3" errors="2" timestamp="[AT]" time="[SECONDS]">
    <testsuite name="procman" tests="9" skipped="3" errors="2" failures="2" time="[SECONDS]">
        <testcase name="fine" classname="procman" timestamp="[AT]" time="[SECONDS]"/>
        <testcase name="needs-broken" classname="procman" time="[SECONDS]">
            <skipped message="needs broken" type="skipped"/>
        </testcase>
        <testcase name="broken" classname="procman" timestamp="[AT]" time="[SECONDS]">
            <failure message="exit 3" type="failed">out
&lt;b&gt;&amp;|``` ]]&gt;\x07        \xff
log: .procman/runs/[RUN]/logs/broken.log
</failure>
            <system-out>out
&lt;b&gt;&amp;|``` ]]&gt;\x07        \xff</system-out>
        </testcase>
        <testcase name="shaky" classname="procman" timestamp="[AT]" time="[SECONDS]">
            <flakyFailure timestamp="[AT]" time="[SECONDS]" message="exit 1" type="failed">
                <system-out>this is attempt 1</system-out>
            </flakyFailure>
            <system-out>this is attempt 2</system-out>
        </testcase>
        <testcase name="slow" classname="procman" timestamp="[AT]" time="[SECONDS]">
            <error message="timed-out" type="timed-out">no output
log: .procman/runs/[RUN]/logs/slow.log
</error>
        </testcase>
        <testcase name="allowed" classname="procman" timestamp="[AT]" time="[SECONDS]">
            <skipped message="it may fail, and did: exit 1" type="allowed-failure"/>
        </testcase>
        <testcase name="missing" classname="procman" timestamp="[AT]" time="[SECONDS]">
            <error message="there is no program at `[FOLDER]/missing`" type="spawn-error"/>
        </testcase>
        <testcase name="apart" classname="procman" timestamp="[AT]" time="[SECONDS]">
            <failure message="signal SIGKILL" type="failed">one
log: .procman/runs/[RUN]/logs/apart~2~out.log
two
log: .procman/runs/[RUN]/logs/apart~2~err.log
</failure>
            <rerunFailure timestamp="[AT]" time="[SECONDS]" message="signal SIGKILL" type="failed">
                <system-out>one</system-out>
                <system-err>two</system-err>
            </rerunFailure>
            <system-out>one</system-out>
            <system-err>two</system-err>
        </testcase>
        <testcase name="elsewhere" classname="procman" time="[SECONDS]">
            <skipped message="not for linux, only macos" type="skipped"/>
        </testcase>
    </testsuite>
    <testsuite name="cells" tests="2" skipped="0" errors="0" failures="1" time="[SECONDS]">
        <testcase name="cells[n=1]" classname="cells" timestamp="[AT]" time="[SECONDS]"/>
        <testcase name="cells[n=2]" classname="cells" timestamp="[AT]" time="[SECONDS]">
            <failure message="exit 1" type="failed">no output
log: .procman/runs/[RUN]/logs/cells[n=2].log
</failure>
        </testcase>
    </testsuite>
</testsuites>

"#]],
    );
}
