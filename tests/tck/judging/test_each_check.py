"""Each check on its own: a wrong component is found by that check alone, and no check is without one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tck.broken import GALLERY
from tck.checks.all import (
    PROCESSOR_CHECKS,
    PUBLISHER_CHECKS,
    SUBSCRIBER_CHECKS,
    WHITEBOX_CHECKS,
)
from tck.checks.model import Check
from tck.checks.processor_kit import ProcessorKit
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import run_check
from tck.checks.subscriber_kit import SubscriberKit
from tck.gallery.broken._exhibit import Exhibit
from tck.settings import Settings

BY_NAME = {each.name: each for each in GALLERY}

PUBLISHERS = {
    "required_create_publisher1_must_produce_a_stream_of_exactly1_element": "Spec105HasOneMore",
    "required_create_publisher3_must_produce_a_stream_of_exactly3_elements": "Spec105HasOneMore",
    "required_spec101_subscription_request_must_result_in_the_correct_number_of_produced_elements":
        "Spec101SendsOneTooMany",
    "required_spec102_may_signal_less_than_requested_and_terminate_subscription":
        "Spec105HasOneMore",
    "stochastic_spec103_must_signal_on_methods_sequentially": "Spec103SignalsFromTwoThreads",
    "optional_spec104_must_signal_on_error_when_fails": "Spec107CompletesAfterError",
    "required_spec105_must_signal_on_complete_when_finite_stream_terminates":
        "Spec105NeverCompletes",
    "optional_spec105_empty_stream_must_terminate_by_signalling_on_complete":
        "Spec107EmptySignalsLate",
    "required_spec107_must_not_emit_further_signals_once_on_complete_has_been_signalled":
        "Spec106ServesRequestsAfterCompletion",
    "required_spec109_subscribe_throw_npe_on_null_subscriber": "Spec109AcceptsNone",
    "required_spec109_must_issue_on_subscribe_for_non_null_subscriber":
        "Spec109CompletesWithoutOnSubscribe",
    "required_spec109_may_reject_calls_to_subscribe_if_publisher_is_unable_or_unwilling_to_serve_them_rejection_must_trigger_on_error_after_on_subscribe":
        "Spec109FailsWithoutOnSubscribe",
    "optional_spec111_may_support_multi_subscribe": "Spec109RaisesForTheSecond",
    "optional_spec111_registered_subscribers_must_receive_on_next_or_on_complete_signals":
        "Spec109RaisesForTheSecond",
    "optional_spec111_multicast_must_produce_the_same_elements_in_the_same_sequence_to_all_of_its_subscribers_when_requesting_one_by_one":
        "Spec111MulticastDivides",
    "optional_spec111_multicast_must_produce_the_same_elements_in_the_same_sequence_to_all_of_its_subscribers_when_requesting_many_upfront":
        "Spec111MulticastDivides",
    "optional_spec111_multicast_must_produce_the_same_elements_in_the_same_sequence_to_all_of_its_subscribers_when_requesting_many_upfront_and_complete_as_expected":
        "Spec111MulticastDivides",
    "required_spec302_must_allow_synchronous_request_calls_from_on_next_and_on_subscribe":
        "Spec302LosesRequestInOnNext",
    "required_spec303_must_not_allow_unbounded_recursion": "Spec303Recurses",
    "required_spec306_after_subscription_is_cancelled_request_must_be_nops":
        "Spec306AnswersBadRequestAfterCancel",
    "required_spec307_after_subscription_is_cancelled_additional_cancelations_must_be_nops":
        "Spec307SecondCancelSignals",
    "required_spec309_request_zero_must_signal_illegal_argument_exception": "Spec309IgnoresZero",
    "required_spec309_request_negative_number_must_signal_illegal_argument_exception":
        "Spec309IgnoresNegative",
    "optional_spec309_request_negative_number_may_signal_illegal_argument_exception_with_specific_message":
        "Spec309SignalsTheWrongType",
    "required_spec312_cancel_must_make_the_publisher_to_eventually_stop_signaling":
        "Spec108IgnoresCancelInItsLoop",
    "required_spec313_cancel_must_make_the_publisher_eventually_drop_all_references_to_the_subscriber":
        "Spec313KeepsTheSubscriber",
    "required_spec317_must_support_a_pending_element_count_up_to_long_max_value":
        "Spec105HasOneMore",
    "required_spec317_must_support_a_cumulative_pending_element_count_up_to_long_max_value":
        "Spec308SetsInsteadOfAdding",
    "required_spec317_must_not_signal_on_error_when_pending_above_long_max_value":
        "Spec317FailsBeyondUnbounded",
    "spec101_larger_requests_bring_exactly_as_many": "Spec101SendsOneTooManyForLargeRequests",
    "spec101_a_long_stream_goes_on": "Spec308StopsSilentlyAfterDozens",
    "spec101_demand_of_several_requests_adds_up": "Spec101SendsOneTooMany",
    "spec104_a_failed_publisher_says_so": "Spec104FailsSilently",
    "spec105_an_empty_stream_completes": "Spec105EmptyNeverCompletes",
    "spec106_after_the_end_nothing_has_an_effect": "Spec306AnswersBadRequestAfterCompletion",
    "spec107_after_on_error_comes_nothing": "Spec107ServesRequestsAfterError",
    "spec107_after_the_error_of_a_bad_request_comes_nothing": "Spec107GoesOnAfterBadRequest",
    "spec107_nothing_comes_late": "Spec107EmptySignalsLate",
    "spec108_cancel_inside_on_next_stops_a_synchronous_loop": "Spec108IgnoresCancelInItsLoop",
    "spec108_cancel_inside_on_subscribe_stops_everything": "Spec312CancelDoesNothing",
    "spec312_cancel_from_outside_stops_an_unbounded_stream": "Spec108IgnoresCancelInItsLoop",
    "spec304_request_returns_soon": "Spec304RequestBlocks",
    "spec305_cancel_returns_soon": "Spec305CancelBlocks",
    "spec315_cancel_never_raises": "Spec315CancelRaises",
    "spec316_request_never_raises": "Spec316RaisesForBadRequest",
    "spec309_what_is_no_int_is_answered_by_an_error": "Spec309IgnoresWhatIsNotAnInt",
    "spec309_a_bad_request_inside_a_signal_is_answered_too": "Spec309IgnoresBadRequestInOnNext",
    "spec213_a_subscriber_that_raises_is_taken_for_cancelled": "Spec213GoesOnAfterSubscriberRaised",
    "spec308_concurrent_requests_add_up": "Spec308LosesConcurrentRequests",
    "spec305_concurrent_cancels_and_requests_are_safe": "Spec305CancelIsNotThreadSafe",
    "spec111_a_second_subscriber_takes_nothing_from_the_first": "Spec111SharesOneCursor",
    "spec317_demand_beyond_the_bound_is_not_lost": "Spec317FailsBeyondUnbounded",
    "spec317_a_hundred_thousand_requests_are_served": "Spec317OverflowsTheStack",
}  # fmt: skip

SUBSCRIBERS = {
    "required_spec201_blackbox_must_signal_demand_via_subscription_request": "Spec201NeverRequests",
    "required_spec203_blackbox_must_not_call_methods_on_subscription_or_publisher_in_on_complete":
        "Spec203CancelsFromAnotherThread",
    "required_spec203_blackbox_must_not_call_methods_on_subscription_or_publisher_in_on_error":
        "Spec203RequestsInOnError",
    "required_spec205_blackbox_must_call_subscription_cancel_if_it_already_has_an_subscription_and_receives_another_on_subscribe_signal":
        "Spec205KeepsTheSecond",
    "required_spec209_blackbox_must_be_prepared_to_receive_an_on_complete_signal_with_preceding_request_call":
        "Spec209RaisesOnEarlyComplete",
    "required_spec209_blackbox_must_be_prepared_to_receive_an_on_complete_signal_without_preceding_request_call":
        "Spec209RaisesOnEarlyComplete",
    "required_spec210_blackbox_must_be_prepared_to_receive_an_on_error_signal_with_preceding_request_call":
        "Spec210RaisesOnEarlyError",
    "required_spec210_blackbox_must_be_prepared_to_receive_an_on_error_signal_without_preceding_request_call":
        "Spec210RaisesOnEarlyError",
    "required_spec213_blackbox_on_subscribe_must_throw_null_pointer_exception_when_parameters_are_null":
        "Spec213AcceptsNoneForASubscription",
    "required_spec213_blackbox_on_next_must_throw_null_pointer_exception_when_parameters_are_null":
        "Spec213AcceptsNoneAsAnElement",
    "required_spec213_blackbox_on_error_must_throw_null_pointer_exception_when_parameters_are_null":
        "Spec213AcceptsNoneForAnError",
    "spec213_elements_are_taken": "Spec213RaisesTheErrorItReceives",
    "spec310_elements_may_come_inside_request": "Spec213FailsInsideRequest",
    "spec311_the_end_may_come_inside_request": "Spec213FailsInsideRequest",
    "spec204_after_the_end_nothing_is_called": "Spec204RequestsAfterTheEnd",
    "spec205_the_first_subscription_goes_on": "Spec205UsesTheSecond",
    "spec207_calls_do_not_overlap": "Spec207RequestsConcurrently",
    "spec208_elements_after_its_own_cancel_do_no_harm": "Spec208RaisesAfterCancel",
    "spec309_it_asks_for_positive_numbers": "Spec309RequestsZero",
    "required_exercise_whitebox_happy_path": "Spec201NeverRequests",
    "required_spec201_must_signal_demand_via_subscription_request": "Spec201NeverRequests",
    "required_spec203_must_not_call_methods_on_subscription_or_publisher_in_on_complete":
        "Spec203CancelsFromAnotherThread",
    "required_spec203_must_not_call_methods_on_subscription_or_publisher_in_on_error":
        "Spec203RequestsInOnError",
    "required_spec205_must_call_subscription_cancel_if_it_already_has_an_subscription_and_receives_another_on_subscribe_signal":
        "Spec205KeepsTheSecond",
    "required_spec208_must_be_prepared_to_receive_on_next_signals_after_having_called_subscription_cancel":
        "Spec208RaisesAfterCancel",
    "required_spec209_must_be_prepared_to_receive_an_on_complete_signal_with_preceding_request_call":
        "Spec209RaisesOnEarlyComplete",
    "required_spec209_must_be_prepared_to_receive_an_on_complete_signal_without_preceding_request_call":
        "Spec209RaisesOnEarlyComplete",
    "required_spec210_must_be_prepared_to_receive_an_on_error_signal_with_preceding_request_call":
        "Spec210RaisesOnEarlyError",
    "required_spec210_must_be_prepared_to_receive_an_on_error_signal_without_preceding_request_call":
        "Spec210RaisesOnEarlyError",
    "required_spec213_on_subscribe_must_throw_null_pointer_exception_when_parameters_are_null":
        "Spec213AcceptsNoneForASubscription",
    "required_spec213_on_next_must_throw_null_pointer_exception_when_parameters_are_null":
        "Spec213AcceptsNoneAsAnElement",
    "required_spec213_on_error_must_throw_null_pointer_exception_when_parameters_are_null":
        "Spec213AcceptsNoneForAnError",
    "required_spec308_request_must_register_given_number_elements_to_be_produced":
        "Spec308DropsElements",
    "spec308_no_element_is_dropped": "Spec308DropsElements",
    "spec205_the_first_subscription_is_still_the_one_in_use": "Spec205ReplacesTheFirst",
    "spec204_a_probed_one_calls_nothing_after_the_end": "Spec204RequestsAfterTheEnd",
    "spec310_probed_elements_may_come_inside_request": "Spec213OnNextRaises",
}  # fmt: skip

PROCESSORS = {
    "required_spec104_must_call_on_error_on_all_its_subscribers_if_it_encounters_a_non_recoverable_error":
        "Spec402FailsForOneOnly",
    "must_immediately_pass_on_on_error_events_received_from_its_upstream_to_its_downstream":
        "Spec402DelaysTheError",
    "required_must_request_from_upstream_for_elements_that_have_been_requested_long_ago":
        "Spec201ProcessorKeepsDemand",
    "spec201_demand_is_passed_on": "Spec201ProcessorKeepsDemand",
    "spec201_demand_that_comes_before_upstream_is_passed_on": "Spec201ProcessorForgetsEarlyDemand",
    "spec206_a_cancel_is_passed_on": "Spec206ProcessorDoesNotCancelUpstream",
    "spec207_upstream_is_called_by_one_thread_at_a_time": "Spec207ProcessorAsksFromAnyThread",
    "spec207_a_cancel_waits_until_a_request_is_over": "Spec207ProcessorCancelsDuringRequest",
    "spec105_the_end_comes_behind_the_elements": "Spec105ProcessorCompletesBeforeTheElements",
    "spec107_one_terminal_signal_comes_out": "Spec107ProcessorCompletesAfterError",
    "spec402_upstream_is_over_after_its_error": "Spec402UsesUpstreamAfterError",
    "spec401_it_asks_for_no_more_than_its_buffer": "Spec401ProcessorAsksForMoreThanItsBuffer",
    "spec401_it_keeps_the_rules_of_a_publisher_for_none": "Spec401ProcessorAcceptsNoSubscriber",
    "spec308_a_long_stream_passes_through": "Spec308ProcessorDropsElements",
}  # fmt: skip

REFUSED = "it looks at Settings, which refuse such a value when they are made"
WITHOUT = {
    "required_validate_max_elements_from_publisher": REFUSED,
    "required_validate_bounded_depth_of_on_next_and_request_recursion": REFUSED,
}
"""Why a check has no exhibit. Those that are not made say why themselves."""


def made(checks: Iterable[Check]) -> list[Check]:
    return [each for each in checks if each.kind != "untested"]


SHARED = {id(each) for each in (*PUBLISHER_CHECKS, *WHITEBOX_CHECKS)}
OWN = [each for each in made(PROCESSOR_CHECKS) if id(each) not in SHARED]
"""What only a Processor is put through: its other checks are those of a Publisher and of a Subscriber."""
SUITES: list[tuple[list[Check], dict[str, str]]] = [
    (made(PUBLISHER_CHECKS), PUBLISHERS),
    (made((*SUBSCRIBER_CHECKS, *WHITEBOX_CHECKS)), SUBSCRIBERS),
    (OWN, PROCESSORS),
]
CASES = [
    pytest.param(check, BY_NAME.get(table.get(check.name, "")), id=check.name[:90])
    for checks, table in SUITES
    for check in checks
    if check.name not in WITHOUT and check.whole is None
]


QUIET = 0.02


def kit(check: Check, exhibit: Exhibit, quiet: float = QUIET) -> Callable[[], Any]:
    values: dict[str, Any] = {"deadline": 0.3, "quiet": quiet, "hang": 1.0, **exhibit.settings}
    settings = Settings(**values)
    if exhibit.kind == "publisher":
        return lambda: PublisherKit(exhibit.factory, exhibit.failed, settings)
    if exhibit.kind == "processor":
        return lambda: ProcessorKit(exhibit.factory, settings)
    if check in WHITEBOX_CHECKS:
        return lambda: SubscriberKit(None, exhibit.whitebox, settings)
    return lambda: SubscriberKit(exhibit.factory, None, settings)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("check", "exhibit"), CASES)
def test_it_finds_a_wrong_one_alone(check: Check, exhibit: Exhibit | None) -> None:
    assert exhibit is not None, "a wrong component that it finds has to be named in the table"
    result = run_check(check, kit(check, exhibit))
    for quiet in (0.5, 2.0):
        if (
            result.outcome == "passed"
        ):  # what comes late, on a thread of its own, comes later on a busy machine
            result = run_check(check, kit(check, exhibit, quiet))
    assert result.outcome in {"failed", "warned"}, result.reason
    assert {each.rule for each in result.violations} & {exhibit.rule, *exhibit.follows}


def test_the_table_names_no_check_that_there_is_not() -> None:
    for checks, table in SUITES:
        assert set(table) <= {each.name for each in checks}
    every = {each.name for checks, _ in SUITES for each in checks}
    assert set(WITHOUT) <= every


def test_what_is_not_made_says_why() -> None:
    for checks in (PUBLISHER_CHECKS, SUBSCRIBER_CHECKS, WHITEBOX_CHECKS, PROCESSOR_CHECKS):
        assert [each.name for each in checks if each.kind == "untested" and not each.why] == []
