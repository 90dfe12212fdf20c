//! What a user meets when something is wrong: bad files, a machine that is not ready, modules that fail, clients that
//! misbehave, a simulation that is killed. Each with its documented exit code and the exact words.
//!
//! | fault | exit code | test |
//! |---|---|---|
//! | malformed JSON | 1 | `files::malformed_json_is_shown`, `files::a_malformed_module_file_is_shown` |
//! | malformed YAML | 1 | `files::malformed_yaml_is_shown`, `files::a_malformed_settings_file_is_shown` |
//! | malformed `.env` | 1 | `files::a_malformed_env_file_is_shown` |
//! | malformed route | 1 | `files::a_malformed_route_is_shown` |
//! | unknown variable | 1 | `files::an_unknown_variable_in_braces_is_shown_until_it_is_set` |
//! | unknown variable without braces | 0, warned of | `files::an_unknown_variable_is_shown` |
//! | unknown module in a route | 1 | `files::an_unknown_module_in_a_route_is_shown` |
//! | no solution, no folder | 1 | `files::a_folder_without_a_solution_says_so` |
//! | wrong name of a module | 1 | `starts::names_that_the_deployment_does_not_have_are_refused` |
//! | port in use | 3 | `starts::a_taken_port_names_who_has_it` |
//! | two simulators on one solution | 3 | `starts::one_solution_has_one_simulation` |
//! | damaged state | 1 | `starts::damaged_state_says_how_to_begin_anew` |
//! | no engine | 3 | `starts::an_engine_that_is_not_there_is_told` |
//! | engine dies while running | 3 | `engine::an_engine_that_dies_is_told_and_its_containers_are_removed_later` |
//! | engine restarts while running | lives on | `engine::an_engine_that_is_started_again_gets_its_containers_back` |
//! | image missing | 4, 3 or 1 | `engine::an_image_that_cannot_be_had_is_told` |
//! | image unknown to its registry | 4 | `shared_engine::an_image_that_no_registry_has_is_refused` |
//! | module exits at once | 4 with `--fail-on` | `modules::a_simulation_ends_with_its_module_if_told_so` |
//! | module cannot be started | 4 with `--fail-on` | `modules::a_program_that_is_not_there_is_told` |
//! | module cannot be called | 4 | `modules::a_module_that_cannot_be_called_is_told` |
//! | wrong, expired, foreign SAS token | lives on | `clients::a_bad_token_is_refused_by_mqtt`, `clients::a_bad_token_is_refused_by_https` |
//! | oversized message | lives on | `clients::a_message_that_is_too_long_ends_its_connection_only` |
//! | garbage bytes on every port | lives on | `clients::garbage_on_every_door_disturbs_nobody` |
//! | clock jumps ahead | lives on | `clock::a_clock_that_jumps_ahead_lets_old_tokens_in_no_more_and_ends_no_connection`, `clock::a_clock_that_jumps_ahead_ends_the_time_of_what_waits_and_of_nothing_after` |
//! | clock jumps back | lives on | `clock::a_clock_that_jumps_back_loses_nothing_and_delays_no_restart` |
//! | disk full while running | 3 | `machine::a_full_disk_ends_the_simulation_and_loses_nothing` |
//! | disk full at the start | 3 | `machine::a_full_disk_at_the_start_is_told` |
//! | damaged queue | lives on | `starts::a_queue_that_lost_messages_is_told_and_delivers_the_rest` |
//! | disk full under stdout | 3 | `machine::results_on_a_full_disk_are_an_error` |
//! | read-only folder | 3 | `machine::a_read_only_folder_is_told` |
//! | Ctrl-C, SIGTERM, closed terminal | 130, 143, 143 | `endings::ctrl_c_sigterm_and_a_closed_terminal_are_gentle` |
//! | `kill -9` | | `endings::what_a_killed_edgectl_left_is_cleaned`, `endings::acknowledged_messages_survive_a_kill` |
//! | `kill -9` at random moments of a stream | | `crashes::what_was_acknowledged_arrives_in_order_after_twenty_kills` |
//! | module killed in a stream | lives on | `links::a_reader_killed_in_the_middle_goes_on_where_it_was` |
//! | 100 connections a second | lives on | `links::a_reader_that_connects_a_hundred_times_a_second_loses_nothing` |
//! | bytes flipped under TLS | lives on | `links::flipped_bytes_end_connections_and_change_nothing` |
//! | no room for messages | lives on | `links::a_store_that_is_full_refuses_and_takes_more_once_it_was_read` |
//!
//! Faults of commands that speak to a running simulation are in `tests/control.rs`, of `build` and `push` in
//! `tests/build.rs`, of `deploy` in `tests/deploy.rs` and `tests/data/manifest/refused`, of `new` in `tests/new.rs`.

#[path = "faults/clients.rs"]
mod clients;
#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/crashes.rs"]
mod crashes;
#[path = "faults/crowd.rs"]
mod crowd;
#[path = "faults/doors.rs"]
mod doors;
#[path = "faults/endings.rs"]
mod endings;
#[path = "faults/engine.rs"]
mod engine;
#[path = "faults/files.rs"]
mod files;
#[path = "faults/links.rs"]
mod links;
#[path = "faults/machine.rs"]
mod machine;
#[path = "faults/modules.rs"]
mod modules;
#[path = "faults/preparations.rs"]
mod preparations;
#[path = "faults/shared_engine.rs"]
mod shared_engine;
#[path = "faults/starts.rs"]
mod starts;
#[path = "faults/stream.rs"]
mod stream;
mod support;

#[test]
fn the_table_above_names_tests_that_are_here() {
    let table = include_str!("faults.rs").lines().filter(|line| line.starts_with("//! |"));
    let named: Vec<(&str, &str)> = table.flat_map(|line| line.split('`')).filter_map(|t| t.split_once("::")).collect();
    assert!(named.len() > 30, "{named:?}");
    for (file, test) in named {
        let path = format!("{}/tests/faults/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(source.contains(&format!("#[test]\nfn {test}() {{")), "{file}::{test}");
    }
}
