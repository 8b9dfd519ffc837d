//! What holds on both engines. Every test is listed once and runs on each; a visible difference is a bug.

mod audit;
mod crash;
mod engines;
mod facts;
mod faults;
mod feed;
mod fixtures;
mod lane;
mod limits;
mod lists;
mod many;
mod records;
mod schema;
mod snapshot;
mod support;
mod usage;
mod uses;

/// One test per name and engine. What only one engine can suffer is in `engines.rs`.
macro_rules! conformance {
    ($($module:ident: $($name:ident),+;)*) => {
        mod sqlite {
            use crate::testing::TestStore;
            $($(
                #[tokio::test]
                async fn $name() {
                    super::$module::$name(TestStore::sqlite().await).await;
                }
            )+)*
        }

        #[cfg(feature = "postgres-tests")]
        mod postgres {
            use crate::testing::TestStore;
            $($(
                #[tokio::test]
                async fn $name() {
                    super::$module::$name(TestStore::postgres().await).await;
                }
            )+)*
        }
    };
}

conformance! {
    lane:
        every_write_has_its_own_revision_row_and_audit_entry,
        a_failed_job_leaves_its_neighbours_untouched,
        a_job_that_swallows_an_sql_error_fails,
        a_wrong_statement_fails_its_job_alone,
        a_panic_fails_its_job_alone,
        a_job_that_hangs_fails_alone,
        a_slow_statement_fails_alone,
        a_dropped_request_loses_nothing,
        a_broken_constraint_is_named,
        a_side_write_has_no_revision,
        closing_finishes_the_queue,
        values_come_back_as_they_went_in;
    feed:
        a_tailing_reader_misses_nothing_of_two_writers,
        the_index_has_a_write_when_it_returns,
        the_index_is_exact_while_a_job_runs,
        lane_and_tail_apply_every_row_once,
        a_snapshot_stays_at_its_revision,
        a_hole_in_the_feed_is_refused,
        a_feed_is_forgotten_once_every_node_has_applied_it,
        only_the_beginning_of_a_feed_is_forgotten,
        a_long_feed_is_forgotten_in_pieces,
        whoever_follows_misses_nothing_that_is_forgotten,
        a_feed_that_went_back_is_refused,
        nodes_confirm_what_they_applied,
        silent_nodes_are_forgotten;
    faults:
        a_connection_lost_before_commit_is_tried_again,
        a_connection_lost_after_commit_is_not_repeated,
        a_side_write_lost_after_commit_is_not_repeated,
        a_database_that_stays_away_fails_the_jobs,
        a_newer_schema_is_refused,
        migrating_twice_changes_nothing;
    uses:
        a_nonce_counts_once_however_many_ask,
        a_replay_leaves_its_neighbours_untouched,
        uses_are_committed_together,
        nonces_are_forgotten_when_their_time_is_over,
        a_use_without_record_needs_no_database,
        what_cannot_be_recorded_is_not_used;
    audit:
        refused_acts_are_recorded,
        scopes_have_chains_of_their_own,
        entries_are_listed_newest_first_by_key,
        entries_are_found_by_their_request,
        an_intact_chain_verifies,
        an_edit_is_found,
        an_edited_column_is_found,
        an_insertion_is_found,
        a_deletion_is_found,
        a_reordering_is_found,
        an_exchange_is_found,
        a_truncation_is_found,
        a_full_rewrite_is_found;
    crash:
        every_use_that_was_answered_is_recorded,
        nothing_acknowledged_is_lost_and_nothing_refused_is_kept;
    records:
        organizations_and_namespaces_come_back_as_they_went_in,
        users_and_roles_come_back_as_they_went_in,
        a_credential_comes_back_as_it_went_in,
        what_never_changes_of_a_credential_is_refused,
        nothing_is_found_under_another_organization,
        what_a_removal_takes_along_is_stated,
        credentials_are_found_by_what_they_belong_to,
        a_digest_moves_to_a_newer_pepper,
        sessions_end_once,
        a_sign_in_ends_once,
        a_second_factor_comes_back_as_it_went_in,
        a_recovery_code_is_used_once,
        one_time_links_are_used_once,
        failures_are_counted_until_forgotten,
        a_setting_is_what_it_was_last_set_to,
        an_idempotency_key_is_kept_for_its_caller,
        profiles_and_links_come_back_as_they_went_in;
    limits:
        every_conflict_is_named,
        a_rename_to_a_taken_name_is_refused,
        concurrent_creators_make_exactly_as_many_as_the_limit_allows,
        concurrent_creators_supersede_one_another,
        concurrent_creators_take_a_name_once,
        a_caller_revoked_earlier_in_the_batch_cannot_act;
    facts:
        a_user_is_loaded_with_everything_that_counts,
        a_credential_is_loaded_with_its_owner,
        a_namespace_is_loaded_with_what_is_above;
    lists:
        a_list_of_credentials_shows_what_was_asked_for,
        a_list_of_credentials_hides_what_may_not_be_seen,
        pages_have_no_gap_and_no_repeat_while_rows_come,
        lists_of_namespaces_are_filtered_and_paged,
        lists_of_people_roles_and_grants_are_paged,
        several_records_are_found_by_their_ids;
    usage:
        uses_are_counted_in_any_order,
        uses_are_added_up_by_day_and_by_credential,
        many_uses_are_written_at_once,
        sums_are_those_of_the_days;
    schema:
        both_engines_have_the_same_schema,
        an_older_feed_has_the_times_of_its_audit_log;
    snapshot:
        a_snapshot_is_the_fold_of_the_feed,
        both_engines_answer_the_same,
        a_snapshot_comes_in_pieces_without_a_seam;
}
