//! The examples, copied and run. `c_project` has one of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sandbox::Sandbox;

impl Sandbox {
    /// With a copy of what is checked in of `examples/NAME`.
    pub(crate) fn of_example(name: &str) -> Self {
        let this = Self::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let ignored = fs::read_to_string(source.join(".gitignore")).unwrap_or_default();
        let ignored: Vec<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
        copy(&source, &this.path(""), &ignored);
        this
    }
}

/// Copies a folder, less what is ignored and what is hidden.
fn copy(from: &Path, to: &Path, ignored: &[&str]) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        let name = name.to_str().expect("a name in UTF-8");
        if name.starts_with('.') || ignored.contains(&name) {
            continue;
        }
        if entry.path().is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target, ignored);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn a_set_of_independent_jobs_runs() {
    let sandbox = Sandbox::of_example("jobset");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("sort-alpha.log"), b"one morning\nran low\nwhen the river\n");
    sandbox.run(&["-n", "tag:checksum", "count-a*"]).code(0).stdout(
        "count-alpha: wc -w data/alpha.txt\n\
         checksums: cksum data/alpha.txt data/beta.txt data/gamma.txt data/delta.txt\n",
    );
}

/// The names of the jobs that were not up to date; every job ended well.
#[track_caller]
fn ran(sandbox: &Sandbox) -> BTreeSet<String> {
    sandbox.run(&["-q"]).code(0);
    let events = sandbox.events();
    let ended = events.iter().filter(|event| event["type"] == "job-ended" && event["status"] != "up-to-date");
    ended.map(|event| event["job"].as_str().expect("a name").to_owned()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[track_caller]
fn edit(sandbox: &Sandbox, path: &str, old: &str, new: &str) {
    let text = sandbox.read(path);
    assert!(text.contains(old), "{old} is not in {path}");
    fs::write(sandbox.path(path), text.replacen(old, new, 1)).expect("a file");
}

#[test]
fn a_sweep_runs_what_was_added_and_joins_it() {
    let sandbox = Sandbox::of_example("sweep");
    assert_eq!(ran(&sandbox).len(), 2 * 3 * 13 + 1);
    let table = sandbox.read("table.tsv");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 3 * 13);
    assert_eq!(lines[..2], ["drag\tspeed\tangle\tdistance\theight\tseconds", "0.000\t20\t15\t20.38\t1.36\t1.05"]);
    assert_eq!(sandbox.read("picture.svg").matches("<polyline").count(), 2 * 3);
    assert_eq!(ran(&sandbox), names(&[]));

    // It comes out as it was, and the others need not know.
    fs::remove_file(sandbox.path("results/0.005-30-45.tsv")).expect("it was made");
    assert_eq!(ran(&sandbox), names(&["throw[drag=0.005,speed=30,angle=45]"]));
    assert_eq!(sandbox.read("table.tsv"), table);

    edit(&sandbox, "procman.toml", "[20, 30, 40]", "[20, 30, 40, 50]");
    let added = ran(&sandbox);
    assert_eq!(added.len(), 2 * 13 + 1);
    assert!(added.iter().all(|job| job == "join" || job.contains("speed=50")), "{added:?}");
    assert_eq!(sandbox.read("table.tsv").lines().count(), 1 + 2 * 4 * 13);
    assert_eq!(sandbox.read("picture.svg").matches("<polyline").count(), 2 * 4);
    assert_eq!(ran(&sandbox), names(&[]));
}

#[test]
fn a_folder_of_texts_becomes_pages_and_an_index() {
    let sandbox = Sandbox::of_example("convert");
    assert_eq!(ran(&sandbox).len(), 5);
    let index = sandbox.read("site/index.html");
    assert!(index.contains(r#"<li><a href="soup.html">Soup of lentils</a></li>"#), "{index}");
    assert!(sandbox.read("site/soup.html").contains("<li>cumin &amp; lemon</li>"));
    assert_eq!(ran(&sandbox), names(&[]));

    fs::remove_file(sandbox.path("site/tea.html")).expect("it was made");
    assert_eq!(ran(&sandbox), names(&["page[text=recipes/tea.txt]"]));
    edit(&sandbox, "recipes/tea.txt", "Tea with mint", "Mint in tea");
    assert_eq!(ran(&sandbox), names(&["page[text=recipes/tea.txt]", "index"]));
    assert_eq!(sandbox.read("site/index.html"), index.replace("Tea with mint", "Mint in tea"));
    let sandbox = sandbox.file("recipes/rice.txt", "Rice\n\nBoil it.\n");
    assert_eq!(ran(&sandbox), names(&["page[text=recipes/rice.txt]", "index"]));
    assert_eq!(ran(&sandbox), names(&[]));
}
