//! What every store has to do, as cases. [`store_contract_tests!`](crate::store_contract_tests)
//! makes a test of each, on a store that your factory makes anew.

mod bindings;
mod calls;
mod channels;
mod erasure;
mod inbox;
mod isolation;
mod merchants;
mod outbox;
mod payments;
mod pre_orders;
mod random;
mod tenants;
mod upkeep;
mod watches;
mod world;

pub use bindings::*;
pub use calls::*;
pub use channels::*;
pub use erasure::*;
pub use inbox::*;
pub use isolation::*;
pub use merchants::*;
pub use outbox::*;
pub use payments::*;
pub use pre_orders::*;
pub use tenants::*;
pub use upkeep::*;
pub use watches::*;

/// Makes one `#[tokio::test]` of each case of the contract.
///
/// The factory is an async function that returns a fresh, empty store as `Arc<dyn Store>`, and
/// something that lives as long as the case: a temporary folder, or `()`.
#[macro_export]
macro_rules! store_contract_tests {
    ($factory:path) => {
        $crate::store_contract_tests! { $factory;
            a_payment_comes_back_with_everything_in_it
            any_payment_comes_back_as_it_was_written
            a_new_attempt_starts_without_captures_and_refunds
            a_payment_is_found_by_order_and_by_any_attempt
            a_write_that_expects_an_old_version_is_a_conflict
            an_order_has_one_payment_at_an_account_in_a_mode
            of_two_commits_at_once_one_wins
            a_commit_that_fails_writes_nothing
            history_comes_back_in_order
            payments_that_keep_a_tenant_connected_are_counted
            two_payments_cannot_share_a_reference

            a_pre_order_comes_back_without_an_order
            an_order_is_linked_to_one_payment
            forgotten_pre_orders_are_found
            customers_of_settled_payments_are_erased_when_they_are_old

            a_payment_has_one_open_call
            a_new_key_keeps_the_call
            a_call_left_open_is_leased_once_it_is_old
            calls_that_cannot_be_finished_take_turns
            the_payment_of_a_command_is_found_by_its_open_call

            the_same_input_is_received_once
            an_event_is_received_by_what_is_known_of_its_tenant_while_that_is_so
            commands_of_an_order_are_claimed_one_after_the_other
            a_postponed_command_holds_back_its_order_only
            a_row_that_is_put_off_has_spent_no_try
            events_are_not_held_back_by_commands
            a_parked_command_holds_nothing_back
            a_lease_that_ended_is_given_to_another_and_its_fence_is_refused
            an_ended_row_is_ended_once
            a_commit_without_its_lease_writes_nothing
            a_settled_call_ends_its_command_whoever_holds_it
            what_is_written_for_a_held_row_needs_its_lease
            a_foreign_event_keeps_its_id_only
            claims_are_limited

            a_read_message_is_hidden_with_all_later_ones_of_its_order
            deleted_messages_are_gone_and_deleting_is_idempotent
            a_channel_keeps_the_order_of_telling
            a_read_of_nothing_hides_nothing
            a_result_that_is_never_deleted_is_parked_and_blocks_its_order
            news_that_is_never_deleted_is_parked_and_blocks_nothing
            a_message_that_is_read_often_but_not_long_is_not_parked
            a_message_shows_after_the_one_it_waits_for
            a_message_after_everything_waits_for_messages_and_work
            a_message_after_everything_waits_no_more_once_another_follows

            pushed_messages_of_an_order_are_claimed_strictly_in_turn
            a_failed_push_is_tried_again_later_and_holds_back_its_order
            a_push_that_is_put_off_has_spent_no_try
            a_parked_push_blocks_only_if_it_is_a_result
            a_push_waits_for_the_message_it_comes_after
            a_push_after_everything_waits_no_more_once_another_follows
            a_push_that_lost_its_lease_changes_nothing
            only_the_asked_channels_are_claimed
            news_parked_on_a_polled_channel_lets_pushed_results_go
            claimed_messages_are_limited

            a_tenant_comes_back_with_settings_and_methods
            a_tenant_is_written_at_the_expected_version
            credentials_of_several_accounts_stay_beside_each_other
            messages_of_a_tenant_commit_are_told
            an_installation_has_one_id
            tenants_are_gone_through_in_order

            a_merchant_comes_back_and_is_written_at_the_expected_version
            a_merchant_belongs_to_one_tenant_and_one_platform
            open_merchants_are_counted
            a_change_of_a_merchant_ends_its_event_and_is_told
            a_payment_is_found_by_its_transfer
            an_item_is_paid_out_once

            what_has_ended_is_given_up_once_it_is_old
            what_has_not_ended_is_never_given_up
            rows_are_given_up_in_small_steps
            no_migration_is_missing

            an_account_is_looked_after_once_at_a_time
            what_is_known_of_an_account_never_goes_back
            accounts_of_merchants_are_looked_after
            payments_to_compare_are_listed_page_by_page

            a_tenant_sees_nothing_of_another
            a_tenant_changes_nothing_of_another
            two_tenants_may_use_the_same_names
            a_commit_that_mixes_tenants_is_refused
            the_tenant_of_a_reference_is_found
            what_waits_is_counted
        }
    };
    ($factory:path; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (store, _guard) = $factory().await;
                $crate::store_contract::$case(store).await;
            }
        )*
    };
}
