//! What the README promises, and the tests that stand behind each promise.

use std::fs;
use std::path::Path;

/// How a promise begins, and the tests behind it.
const PROMISES: [(&str, &[&str]); 15] = [
    (
        "No shell.",
        &["arguments_are_delivered_byte_for_byte", "a_script_without_an_interpreter_is_not_handed_to_a_shell"],
    ),
    (
        "Output deadlocks nothing.",
        &[
            "what_a_pipe_could_not_hold_deadlocks_nothing",
            "a_reader_that_does_not_read_holds_up_nothing",
            "a_reader_that_goes_away_stops_nothing",
        ],
    ),
    (
        "Ends are orderly.",
        &[
            "a_signal_ends_the_jobs_with_their_children_and_then_procman",
            "whatever_ends_procman_a_job_is_told_once_and_by_term",
            "a_job_hears_of_a_key_at_the_terminal_once",
            "after_its_grace_a_job_is_killed",
            "a_second_signal_kills_at_once",
            "under_nohup_procman_and_its_jobs_outlive_a_hang_up",
            "in_the_background_of_a_script_keys_are_for_others",
            "blocked_signals_and_ignored_children_and_pipes_reach_no_job",
            "procman_ends_by_a_signal_that_was_blocked",
        ],
    ),
    (
        "Nobody is left.",
        &[
            "what_a_good_job_leaves_is_removed_and_the_job_is_good",
            "on_request_leaving_something_is_a_failure",
            "on_request_what_is_left_lives_on",
            "a_timeout_removes_the_whole_tree",
            "a_cancel_removes_the_whole_tree",
            "what_cannot_be_ended_is_named_with_its_id",
        ],
    ),
    (
        "Not even when procman is killed.",
        &[
            "whatever_kills_procman_its_jobs_die_with_it_and_the_record_says_so",
            "the_guardian_outlives_procmans_whole_group",
            "when_procman_is_killed_the_modes_come_back_too",
            "a_run_killed_at_any_moment_leaves_nobody_and_its_rest_can_be_run",
        ],
    ),
    (
        "Ctrl-Z stops everything.",
        &[
            "ctrl_z_stops_the_jobs_and_then_procman_and_fg_continues_both",
            "clocks_stand_while_the_run_does",
            "three_hundred_stops_by_the_terminal_during_three_thousand_starts",
            "a_continue_that_follows_at_once_is_not_lost",
            "a_job_that_stops_itself_is_shown_and_goes_on_when_it_is_continued",
            "a_job_that_has_stopped_itself_can_be_ended",
            "a_job_that_has_stopped_itself_times_out",
        ],
    ),
    (
        "The terminal is yours.",
        &[
            "the_terminal_reaches_no_job",
            "it_reads_the_terminal_writes_to_it_and_gives_it_back",
            "the_terminals_modes_come_back_however_it_ends",
        ],
    ),
    (
        "Too little is no failure.",
        &[
            "a_hundred_jobs_finish_where_there_may_be_twenty_processes",
            "jobs_finish_with_the_fewest_descriptors_that_one_needs",
            "where_there_may_be_no_process_at_all_that_is_said",
        ],
    ),
    (
        "Retries start clean.",
        &["what_an_attempt_leaves_is_gone_before_the_next", "a_job_that_waits_for_its_next_attempt_holds_no_place"],
    ),
    (
        "The record is true.",
        &["nothing_starts_whose_start_is_not_in_the_record", "wherever_a_record_ends_exactly_the_rest_is_unfinished"],
    ),
    (
        "Up to date is true.",
        &[
            "what_has_nothing_new_to_work_on_does_not_run",
            "an_edit_that_keeps_size_and_time_is_seen",
            "times_alone_mean_nothing",
            "a_glob_counts_by_what_it_fits",
            "what_its_process_is_given_counts",
            "an_output_has_to_be_as_it_was_left",
            "a_dependency_that_made_the_same_again_leaves_its_dependents_alone",
            "an_input_that_changes_while_the_job_runs_leaves_it_not_up_to_date",
            "what_a_failed_job_has_half_made_does_not_count",
            "what_a_job_that_timed_out_has_half_made_does_not_count",
            "what_a_cancelled_job_has_half_made_does_not_count",
            "what_a_killed_procman_has_half_made_does_not_count",
            "what_cannot_be_understood_is_as_good_as_nothing",
        ],
    ),
    (
        "Nothing else is touched.",
        &[
            "what_is_planted_at_a_logs_name_is_neither_followed_nor_waited_for",
            "a_folder_of_logs_that_is_replaced_by_a_link_is_not_followed",
            "removing_old_runs_follows_no_link",
        ],
    ),
    (
        "Runs do not mix.",
        &[
            "runs_at_the_same_time_have_folders_of_their_own",
            "a_manifest_that_is_changed_during_a_run_changes_nothing",
            "a_killed_runner_leaves_no_lock_and_its_rest_can_be_run",
            "a_job_is_the_same_wherever_it_stands_in_the_manifest",
            "what_has_changed_is_run_again_with_all_that_needs_it",
        ],
    ),
    (
        "Output is data.",
        &[
            "what_a_manifest_holds",
            "what_is_wrong_with_a_manifest",
            "what_a_job_writes",
            "what_the_command_line_and_the_environment_say",
            "what_a_record_holds",
            "on_github_a_log_gives_no_commands",
        ],
    ),
    (
        "State is private.",
        &["state_is_for_its_owner_alone_and_ignored_by_git", "variables_are_recorded_by_name_and_their_values_nowhere"],
    ),
];

fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_promise_of_the_readme_has_tests_that_are_there() {
    let readme = fs::read_to_string(project("README.md")).expect("the README");
    let section = readme.split("## What procman promises").nth(1).and_then(|rest| rest.split("\n## ").next());
    let promised: Vec<&str> = section
        .expect("it has that section")
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split("**").next())
        .collect();
    assert_eq!(promised, PROMISES.map(|(promise, _)| promise));
    let sources = fs::read_dir(project("tests/cli")).expect("the tests").flatten();
    let sources: Vec<String> = sources.map(|file| fs::read_to_string(file.path()).expect("a source")).collect();
    for (promise, tests) in PROMISES {
        assert!(!tests.is_empty(), "{promise}");
        for test in tests {
            let declaration = format!("\nfn {test}() {{");
            assert!(sources.iter().any(|source| source.contains(&declaration)), "{promise}: {test}");
        }
    }
}
