//! What holds on both engines. Every test is listed once and runs on each; a visible difference is a bug.

mod audit;
mod crash;
mod engines;
mod faults;
mod feed;
mod lane;
mod support;

/// One test per name and engine. The second list is of PostgreSQL alone: what only a server can do.
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
    audit:
        refused_acts_are_recorded,
        scopes_have_chains_of_their_own,
        entries_are_listed_newest_first_by_key,
        an_intact_chain_verifies,
        an_edit_is_found,
        an_edited_column_is_found,
        an_insertion_is_found,
        a_deletion_is_found,
        a_reordering_is_found,
        a_truncation_is_found,
        a_full_rewrite_is_found;
    crash:
        nothing_acknowledged_is_lost_and_nothing_refused_is_kept;
}
