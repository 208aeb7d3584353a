#pragma once

#include "rig.h"

// The scenarios, each a whole run, so that a mutant of the program can be put through one in a line:
//
//     CHECK_FALSE(killed_at_random({{"OUTBOX_RELAY_FAILPOINTS=no_gate=on"}}).findings.empty());
namespace outbox_relay::testing {

// crash_test.cpp
Report killed_at_random(const Conditions& conditions = {});
Report killed_while_deleting(const Conditions& conditions = {});
Report stopped_under_load(const Conditions& conditions = {});
Report stopped_in_an_outage(const Conditions& conditions = {});

// postgres_test.cpp
Report database_crashes(const Conditions& conditions = {});
Report asynchronous_commits_vanish(const Conditions& conditions = {});
Report backends_terminated(const Conditions& conditions = {});
Report standby_promoted(const Conditions& conditions = {});
Report standby_promoted_behind_a_balancer(const Conditions& conditions = {});
Report standby_promoted_beside_a_silent_primary(const Conditions& conditions = {});
Report transactions_prepared(const Conditions& conditions = {});
Report disk_full(const Conditions& conditions = {});
Report writers_open_for_long(const Conditions& conditions = {});
Report password_rotated(const Conditions& conditions = {});

/// From now on the database takes so long for each.
void delay_completions(const Rig& rig, milliseconds delay);

// table_test.cpp
Report table_locked(const Conditions& conditions = {});
Report rows_contended(const Conditions& conditions = {});
Report table_altered(const Conditions& conditions = {});
Report rights_taken_away(const Conditions& conditions = {});
Report table_truncated(const Conditions& conditions = {});
Report table_replaced(const Conditions& conditions = {});

// kafka_test.cpp
Report broker_killed(const Conditions& conditions = {});
Report replicas_lost(const Conditions& conditions = {});
Report leaders_moved(const Conditions& conditions = {});
Report partitions_without_leader(const Conditions& conditions = {});
Report topic_created_late(const Conditions& conditions = {});
Report access_denied(const Conditions& conditions = {});

// network_test.cpp
Report database_out_of_sight(const Conditions& conditions = {});
Report answers_of_the_database_lost(const Conditions& conditions = {});
Report kafka_out_of_sight(const Conditions& conditions = {});
Report answers_of_kafka_lost(const Conditions& conditions = {});
Report packets_lost(const Conditions& conditions = {});
Report slow_networks(const Conditions& conditions = {});

// host_test.cpp
Report paused(const Conditions& conditions = {});
Report out_of_descriptors(const Conditions& conditions = {});
Report without_standard_output(const Conditions& conditions = {});
Report log_unread(const Conditions& conditions = {});
Report names_unanswered(const Conditions& conditions = {});
Report starved(const Conditions& conditions = {});
Report clock_stepped(const Conditions& conditions = {});

// rows_test.cpp
Report odd_rows(const Conditions& conditions = {});
Report large_rows_in_little_memory(const Conditions& conditions = {});

// mutants_test.cpp
Report nothing_wrong(const Conditions& conditions = {});
Report killed_far_from_kafka(const Conditions& conditions = {});
Report requests_refused(const Conditions& conditions = {});
Report first_requests_refused(const Conditions& conditions = {});
Report killed_above_open_writers(const Conditions& conditions = {});
Report two_at_once(const Conditions& conditions = {});
Report ids_reused(const Conditions& conditions = {});

// soak_test.cpp
Report anything_at_any_time(const Conditions& conditions = {});

// failpoints_test.cpp
Report killed_at_each_point(const Conditions& conditions = {});

// relays_test.cpp
Report leaders_in_turns(const Conditions& conditions = {});
Report leaders_in_turns_by_lease(const Conditions& conditions = {});
Report leaders_in_turns_behind_a_pooler(const Conditions& conditions = {});

// refusals_test.cpp
Report flawed_rows_parked(const Conditions& conditions = {});
Report flawed_rows_as_dead_letters(const Conditions& conditions = {});
Report refused_without_reason(const Conditions& conditions = {});
Report many_held_behind_one(const Conditions& conditions = {});

}  // namespace outbox_relay::testing
