//! What every store must do: one suite, run on a fresh store per test. A failed expectation panics.

mod cases;
mod erasures;
mod identities;
mod leases;
mod ledger;
mod lives;
mod merging;
mod models;
mod news;
mod observed;
mod overview;
mod profiles;
mod runs;
mod segments;
mod syncs;
mod write_keys;

use std::sync::Arc;

use crate::Store;

/// Holds a backend to the contract. `make` opens a store that holds nothing yet, another one each time.
pub async fn all(make: impl AsyncFn() -> Arc<dyn Store>) {
    identities::an_empty_store_knows_nobody(&*make().await).await;
    identities::profiles_are_found_by_their_identifiers(&*make().await).await;
    identities::the_earliest_sighting_is_kept(&*make().await).await;
    identities::identities_come_in_the_order_asked(&*make().await).await;
    identities::any_text_may_identify(&*make().await).await;
    identities::many_identifiers_travel_at_once(&*make().await).await;
    identities::numbers_go_on_without_gaps(&*make().await).await;

    merging::the_winner_answers_for_the_loser(&*make().await).await;
    merging::chains_are_flattened(&*make().await).await;
    merging::merges_are_counted_and_listed(&*make().await).await;
    merging::strangers_cannot_merge(&*make().await).await;

    overview::attachments_are_told_whole(&*make().await).await;
    overview::identities_are_counted_and_crowds_found(&*make().await).await;
    overview::refusals_add_up(&*make().await).await;

    news::only_what_is_new_is_told(&*make().await).await;
    news::whatever_happens_the_news_add_up(&*make().await).await;

    segments::segments_are_numbered_and_found_by_day(&*make().await).await;
    segments::the_same_flush_twice_changes_nothing(&*make().await).await;
    segments::a_merged_segment_stands_for_its_sources(&*make().await).await;
    segments::what_does_not_add_up_is_not_merged(&*make().await).await;
    segments::what_was_merged_is_never_named_again(&*make().await).await;
    segments::imports_remember_how_far_they_came(&*make().await).await;

    models::rows_are_known_by_model_and_key(&*make().await).await;
    models::what_a_sync_did_not_meet_is_found(&*make().await).await;
    models::a_batch_is_true_with_its_facts_or_not_at_all(&*make().await).await;

    leases::a_lease_has_one_holder(&*make().await).await;
    leases::of_two_takers_one_wins(make().await).await;

    write_keys::write_keys_are_kept_until_revoked(&*make().await).await;
    write_keys::a_key_is_good_for_one_thing(&*make().await).await;

    profiles::a_profile_is_found_by_all_its_names(&*make().await).await;
    profiles::whoever_was_erased_is_found_by_no_name(&*make().await).await;
    profiles::users_and_accounts_know_each_other(&*make().await).await;
    profiles::what_was_sent_of_people_is_found_everywhere(&*make().await).await;
    profiles::rows_of_models_are_found_by_whom_they_are_about(&*make().await).await;

    observed::what_is_flushed_is_counted(&*make().await).await;
    observed::events_are_found_by_time(&*make().await).await;

    runs::a_run_is_claimed_until_recorded(&*make().await).await;
    runs::a_run_is_recorded_once(&*make().await).await;
    runs::history_goes_forward(&*make().await).await;
    runs::recording_is_all_or_nothing(&*make().await).await;
    runs::runs_are_claimed_together(&*make().await).await;
    runs::runs_are_recorded_together(&*make().await).await;
    runs::runs_recorded_together_are_all_or_nothing(&*make().await).await;
    runs::a_membership_that_did_not_change_is_kept(&*make().await).await;
    runs::memberships_and_changes_read_back(&*make().await).await;
    runs::changes_come_in_order_of_recording(&*make().await).await;
    runs::rewinding_forgets_later_runs(&*make().await).await;
    runs::what_runs_had_seen_is_known_while_they_count(&*make().await).await;

    syncs::one_sync_is_pending_per_pair(&*make().await).await;
    syncs::only_what_was_sent_is_settled(&*make().await).await;
    syncs::asked_again_meanwhile_stays_pending(&*make().await).await;
    syncs::what_others_say_is_kept(&*make().await).await;
    syncs::a_remote_audience_is_remembered(&*make().await).await;
    syncs::limits_hold_until_cleared(&*make().await).await;
    syncs::whoever_is_suppressed_is_known_by_hashes(&*make().await).await;
    syncs::a_store_has_a_name_of_its_own(&*make().await, &*make().await).await;

    ledger::rows_are_known_by_profile_schema_and_cells(&*make().await).await;
    ledger::ledgers_of_different_pairs_do_not_mix(&*make().await).await;
    ledger::people_are_found_in_every_ledger_of_a_destination(&*make().await).await;
    ledger::a_large_ledger_reads_back_in_order(&*make().await).await;

    erasures::an_erasure_is_remembered_step_by_step(&*make().await).await;
    erasures::whoever_is_erased_is_kept_out(&*make().await).await;
    erasures::everything_of_a_person_goes_and_nothing_else(&*make().await).await;
    erasures::erased_people_were_never_members(&*make().await).await;
    erasures::a_segment_is_named_without_their_rows(&*make().await).await;
    erasures::what_a_merge_took_in_may_be_left_again(&*make().await).await;

    lives::a_retired_key_stays_retired(&*make().await).await;
    lives::a_run_that_is_refused_retires_nobody(&*make().await).await;
    lives::the_first_recording_is_remembered(&*make().await).await;
    lives::what_was_sent_is_known_without_definitions(&*make().await).await;
    lives::a_hold_lasts_until_it_is_allowed(&*make().await).await;
    lives::who_is_held_back_is_recorded_with_a_run(&*make().await).await;
    lives::a_dropped_pair_begins_anew(&*make().await).await;
}
