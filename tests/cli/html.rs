//! The HTML report, as a file and in a browser. What needs Chromium passes with a note where there is none.

use std::path::PathBuf;
use std::process::Command;

use crate::sandbox::{Sandbox, misbehaving, wait_until};

/// A retried job, one that waits for it, one that fails, one that is skipped because of that, a slow one, and a set.
const MANIFEST: &str = r#"
limit = 2

[tasks.flaky]
argv = ["sh", "-c", "echo attempt $PROCMAN_ATTEMPT; test $PROCMAN_ATTEMPT = 2"]
retries = 1

[tasks.after]
argv = ["true"]
deps = ["flaky"]

[tasks.broken]
argv = ["sh", "-c", "echo what a pity; exit 3"]

[tasks.needy]
argv = ["true"]
deps = ["broken"]

[tasks.slow]
argv = ["sleep", "0.2"]

[tasks.each]
argv = ["true"]
matrix = { n = [1, 2] }
"#;

/// Has run with that manifest, or another, and made `r.html`.
fn reported(manifest: &str, code: i32) -> Sandbox {
    let sandbox = Sandbox::with(manifest);
    sandbox.run(&["-q", "--report", "html=r.html"]).code(code);
    sandbox
}

/// The opening tags of the rows of jobs, in order.
fn rows(page: &str) -> Vec<&str> {
    page.split("<tr id=\"").skip(1).filter_map(|row| Some(row.split_once('>')?.0)).collect()
}

/// The numbers of the jobs that are shown, in order.
fn shown(page: &str) -> Vec<&str> {
    let rows = rows(page).into_iter().filter(|row| !row.contains(" hidden"));
    rows.filter_map(|row| Some(row.split_once('"')?.0)).collect()
}

/// The time in a row's cell, the first that is of a number.
fn time(row: &str) -> Option<u64> {
    row.split("<td class=\"number").nth(1)?.split("data-value=\"").nth(1)?.split('"').next()?.parse().ok()
}

fn bars(page: &str) -> usize {
    page.matches("<a class=\"bar ").count()
}

/// A page, once its script has run, and what the console was told.
struct Opened {
    page: String,
    console: Vec<String>,
}

/// The path of a browser, and a note where there is none.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    let found = folders.find_map(|folder| Some(folder.join("chromium")).filter(|path| path.is_file()));
    if found.is_none() {
        eprintln!("skipped: chromium is not installed");
    }
    found
}

impl Sandbox {
    /// A file of the folder in a browser that reaches no network, with this behind the `#`.
    fn open(&self, browser: PathBuf, file: &str, fragment: &str) -> Opened {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut command: Command = self.program(browser);
        command.env("HOME", profile.path()).args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
        command.args(["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]);
        // The clock of the page stands still while anything is loaded, so no time is too short.
        command.args(["--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("file://{}#{fragment}", self.path(file).display()));
        let output = command.output().expect("chromium can be started");
        let page = String::from_utf8(output.stdout).expect("a page is UTF-8");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(page.contains("<html"), "chromium shows nothing: {told}");
        Opened { page, console: told.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect() }
    }
}

impl Opened {
    /// Its script ran to its end, and nothing went wrong or was held back.
    #[track_caller]
    fn is_sound(&self) {
        assert!(self.page.contains("data-ready"), "the script did not run to its end: {:?}", self.console);
        assert!(self.console.is_empty(), "{:?}", self.console);
    }

    /// What steps have noted in an attribute.
    #[track_caller]
    fn noted(&self, name: &str) -> String {
        let start = format!("data-{name}=\"");
        let rest = self.page.split_once(&start).unwrap_or_else(|| panic!("{name} was not noted")).1;
        rest.split_once('"').expect("a closing quote").0.to_owned()
    }
}

#[test]
fn a_page_is_whole_without_its_script() {
    let sandbox = reported(MANIFEST, 1);
    let page = sandbox.read("r.html");
    assert!(page.contains("</i> failed</span> 1 of 7 jobs</h1>"), "{page}");
    assert_eq!(shown(&page), ["j0", "j1", "j2", "j3", "j4", "j5", "j6"]);
    let attempts = sandbox.events().iter().filter(|event| event["type"] == "attempt-started").count();
    assert_eq!((bars(&page), attempts), (7, 7));
    for part in [
        "<article id=\"d2\" class=\"failed\">",
        "<pre>\nwhat a pity</pre>",
        "exit 3 · after ",
        "1 job skipped because of it",
        "/logs/flaky~2.log</code>",
        "<small>needs broken</small>",
        "<td class=\"task\">each</td>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

/// Whatever gets around the escaping can neither load anything nor tell anybody: the policy allows nothing.
#[test]
fn a_page_names_nothing_to_load() {
    let page = reported(MANIFEST, 1).read("r.html");
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-"), "{page}");
    for part in ["http:", "https:", "src=", "url(", "@import", "<link", "<img", "<iframe", "fetch(", "import("] {
        assert!(!page.contains(part), "{part}");
    }
}

#[test]
fn of_a_log_only_the_end_is_in_the_page() {
    let page = reported("[tasks]\na = ['seq', '1000']\nb = ['head', '-c', '100000', '/dev/zero']", 0).read("r.html");
    let log = |first: &str| page.split("<pre>\n").find(|log| log.starts_with(first)).expect("a log").to_owned();
    assert!(log("801\n").contains("\n1000</pre>"));
    assert!(page.contains("The last 200 lines of output; log: <code>.procman/runs/"));
    assert_eq!(log("\\x00").matches("\\x00").count(), 65536);
    assert!(page.contains("The last 1 line of output"));
}

#[test]
fn a_run_that_was_killed_is_shown_as_far_as_it_came() {
    let sandbox = Sandbox::with(&format!(
        "limit = 1\n[tasks]\na = ['true']\nb = {}\nc = ['true']",
        misbehaving("ready ready wait")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    running.signal("KILL");
    running.wait().died_of(9);
    wait_until("the record's end", || {
        sandbox.events_until_cut().last().is_some_and(|event| event["type"] == "runner-died").then_some(())
    });
    sandbox.run(&["report", "--format", "html", "-o", "r.html"]).code(0);
    let page = sandbox.read("r.html");
    assert!(page.contains("</i> died</span> with 1 of 3 jobs ended</h1>"), "{page}");
    assert!(page.contains("class=\"bar live"), "{page}");
    assert_eq!((rows(&page).len(), bars(&page)), (3, 2));
}

/// Some 1.2 kB a job, so that a browser still opens it at once.
#[test]
fn five_thousand_jobs_make_a_page_of_some_megabytes() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    sandbox.run(&["-q"]).code(0);
    let path = sandbox.latest().join("events.jsonl");
    let record = std::fs::read_to_string(&path).expect("a record");
    let mut start: serde_json::Value = serde_json::from_str(record.lines().next().expect("a line")).expect("JSON");
    let job = start["jobs"][0].clone();
    let named = |number: usize| {
        let mut job = job.clone();
        job["name"] = format!("simulate[seed={number}]").into();
        job
    };
    start["jobs"] = (0..5000).map(named).collect::<Vec<_>>().into();
    let mut lines = format!("{start}\n");
    for number in 0..5000 {
        let (name, start) = (format!("simulate[seed={number}]"), f64::from(number) / 100.0);
        let line = |event: serde_json::Value| format!("{event}\n");
        lines += &line(serde_json::json!({
            "v": 1, "seq": 0, "t": start, "type": "attempt-started", "job": name, "attempt": 1, "slot": number % 8,
        }));
        lines += &line(serde_json::json!({
            "v": 1, "seq": 0, "t": start + 0.08, "type": "attempt-ended", "job": name, "attempt": 1, "status": "ok",
            "exit": 0, "seconds": 0.08, "cpu": 0.01, "peak_memory": 4096,
        }));
        lines += &line(serde_json::json!({
            "v": 1, "seq": 0, "t": start + 0.08, "type": "job-ended", "job": name, "status": "ok",
        }));
    }
    std::fs::write(&path, lines).expect("a record");
    sandbox.run(&["report", "--format", "html", "-o", "r.html"]).code(0);
    let page = sandbox.read("r.html");
    assert_eq!((rows(&page).len(), bars(&page)), (5000, 5000));
    assert!(page.len() < 8_000_000, "{}", page.len());
}

#[test]
fn an_address_says_what_is_shown_and_in_which_order() {
    let Some(browser) = chromium() else { return };
    let sandbox = reported(MANIFEST, 1);
    let opened = sandbox.open(browser, "r.html", "status=ok,failed&q=A&sort=-time");
    opened.is_sound();
    let times: Vec<Option<u64>> = opened.page.split("<tr id=\"").skip(1).map(time).collect();
    assert_eq!((times.len(), times.iter().flatten().count(), times[6]), (7, 6, None), "what never ran comes last");
    assert!(times[..6].is_sorted_by(|a, b| a >= b), "{times:?}");
    // Of `after`, `broken`, `slow` and the two of `each`, those with an `a` in their names.
    let mut shown = shown(&opened.page);
    shown.sort_unstable();
    assert_eq!(shown, ["j1", "j5", "j6"]);
    assert_eq!(bars(&opened.page), 7);
    assert_eq!(opened.page.matches(" faint\"").count(), 4, "the bars of the others stand back");
    assert!(opened.page.contains("data-key=\"time\" class=\"number\" aria-sort=\"descending\""));
    assert_eq!(opened.page.matches("aria-sort=\"none\"").count(), 9);
    assert!(opened.page.contains("3 of 7 shown"));
}

/// A page with steps that run in it, with the word that lets its own script run.
fn with_steps(page: &str, steps: &str) -> String {
    let nonce = page.split("<script nonce=\"").nth(1).and_then(|rest| rest.split_once('"')).expect("a script").0;
    page.replace("</body>", &format!("<script nonce=\"{nonce}\">{steps}</script></body>"))
}

#[test]
fn headings_sort_chips_filter_and_names_open() {
    let Some(browser) = chromium() else { return };
    let sandbox = reported(MANIFEST, 1);
    let steps = r##"
        const note = (name, value) => document.documentElement.setAttribute(`data-${name}`, value);
        const order = () => [...document.querySelectorAll(".jobs tbody tr:not([hidden])")].map((row) => row.id).join();
        const click = (selector) => document.querySelector(selector).click();
        click("[data-key=job] button");
        note("up", order());
        click("[data-key=job] button");
        note("down", order());
        click("[data-key=job] button");
        note("back", order());
        click(".chip[data-status=failed]");
        click(".chip[data-status=skipped]");
        note("chips", order());
        click("#j2 a");
        note("opened", document.querySelector("#j2 + tr.details article").id);
        note("expanded", document.querySelector("#j2 a").getAttribute("aria-expanded"));
        note("address", location.hash);
        click("#j2 a");
        note("closed", document.querySelectorAll("tr.details").length);
        click(".chip");
        note("all", order());
        const first = document.querySelector(".bar[tabindex='0']");
        first.focus();
        const key = first.nextElementSibling ? "ArrowRight" : "ArrowDown";
        first.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        note("stops", document.querySelectorAll(".lane .bar[tabindex='0']").length);
        note("moved", document.activeElement !== first && document.activeElement.matches(".bar"));
        // A window that has not been given the focus yet tells nobody of it.
        document.activeElement.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
        note("tip", document.querySelector(".tip").textContent.split("\n")[0]);
    "##;
    let page = with_steps(&sandbox.read("r.html"), steps);
    let sandbox = sandbox.file("steps.html", page);
    let opened = sandbox.open(browser, "steps.html", "");
    opened.is_sound();
    let noted = |name: &str| opened.noted(name);
    assert_eq!(noted("up"), "j1,j2,j5,j6,j0,j3,j4");
    assert_eq!(noted("down"), "j4,j3,j0,j6,j5,j2,j1");
    assert_eq!(noted("back"), "j0,j1,j2,j3,j4,j5,j6");
    assert_eq!(noted("chips"), "j2,j3");
    assert_eq!((noted("opened"), noted("expanded")), ("d2".to_owned(), "true".to_owned()));
    assert_eq!(noted("address"), "#status=failed,skipped");
    assert_eq!(noted("closed"), "0");
    assert_eq!(noted("all"), "j0,j1,j2,j3,j4,j5,j6");
    assert_eq!((noted("stops"), noted("moved")), ("1".to_owned(), "true".to_owned()));
    assert!(!noted("tip").is_empty());
}

#[test]
fn the_address_of_a_job_opens_it() {
    let Some(browser) = chromium() else { return };
    let sandbox = reported(MANIFEST, 1);
    let opened = sandbox.open(browser, "r.html", "d2");
    opened.is_sound();
    let details = opened.page.split("<tr class=\"details\">").nth(1).expect("a row is open");
    assert!(details.contains("<article id=\"d2\""), "{details}");
    assert_eq!(opened.page.matches("<article id=\"d2\"").count(), 1);
}

/// The window of a browser cannot be as narrow as a frame in it.
#[test]
fn a_narrow_page_is_not_scrolled_sideways() {
    let Some(browser) = chromium() else { return };
    let long = "long".repeat(40);
    let sandbox = reported(&format!("{MANIFEST}\n[tasks.{long}]\nargv = ['sh', '-c', 'echo {long}; exit 1']"), 1);
    let steps = "location.hash = '#d0'; addEventListener('hashchange', () => {
        const { scrollWidth, clientWidth } = document.documentElement;
        const opened = document.querySelectorAll('tr.details').length;
        parent.postMessage(`${innerWidth} ${scrollWidth - clientWidth} ${opened}`, '*');
    });";
    let frame = "<iframe src='steps.html' style='width: 360px; border: 0'></iframe><script>
        addEventListener('message', ({ data }) => document.documentElement.setAttribute('data-width', data));</script>";
    let page = with_steps(&sandbox.read("r.html"), steps);
    let sandbox = sandbox.file("steps.html", page).file("frame.html", frame);
    let opened = sandbox.open(browser, "frame.html", "");
    assert_eq!(opened.console, Vec::<String>::new());
    assert_eq!(opened.noted("width"), "360 0 1");
}

#[test]
fn names_and_logs_are_no_markup() {
    let hostile =
        r#"</script></pre></title><script>document.documentElement.dataset.taken=1</script><!-- " onload=x '"#;
    let named = format!("{hostile:?}");
    let manifest = format!(
        "[tasks.{named}]\nargv = ['sh', '-c', 'printf \"%s\\342\\200\\250\\033[2J\" \"$0\"; exit 1', {named}]\n\
         [tasks.\"<img src=x onerror=document.documentElement.dataset.taken=1>\"]\nargv = ['true']\ndeps = [{named}]"
    );
    let sandbox = reported(&manifest, 1);
    let page = sandbox.read("r.html");
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<img") && !page.contains('\u{2028}') && !page.contains('\x1b'));
    assert!(page.contains("onload=x &#39;\\u{2028}</pre>"), "{page}");
    let Some(browser) = chromium() else { return };
    let opened = sandbox.open(browser, "r.html", "");
    opened.is_sound();
    assert!(!opened.page.contains("data-taken"));
    assert_eq!(opened.page.matches("<script").count(), 1);
    assert_eq!(shown(&opened.page), ["j0", "j1"]);
}

/// What a page would be told by, were its escaping to fail: that is what `is_sound` goes by.
#[test]
fn the_policy_holds_back_what_is_put_into_a_page() {
    let Some(browser) = chromium() else { return };
    let sandbox = reported(MANIFEST, 1);
    let taken =
        "<img src=\"http://localhost/x.png\"><script>document.documentElement.dataset.taken = 1</script><footer>";
    let page = sandbox.read("r.html").replace("<footer>", taken);
    let sandbox = sandbox.file("taken.html", page);
    let opened = sandbox.open(browser, "taken.html", "");
    assert!(opened.page.contains("data-ready") && !opened.page.contains("data-taken=\""));
    assert_eq!(opened.console.len(), 2, "{:?}", opened.console);
}
