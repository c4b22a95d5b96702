"""The checks of a Subscriber that the official kit has, where a probe is told of what reaches it."""

from __future__ import annotations

from tck.checks.ends import end_and_listen, need_interest
from tck.checks.model import Checks
from tck.checks.subscriber_kit import SubscriberKit
from tck.driving.subscriber_stand import SubscriberStand

WHITEBOX = Checks()


def _subscribed(kit: SubscriberKit) -> SubscriberStand:
    stand = kit.whitebox()
    stand.on_subscribe()
    stand.ready()
    need_interest(stand)
    return stand


def _one(stand: SubscriberStand, rule: str = "2.1") -> bool:
    stand.trigger(1)
    if not stand.expect_request(stand.triggered, rule):
        return False
    stand.on_next()
    return stand.expect_received("3.8")


@WHITEBOX.required("2.1")
def required_exercise_whitebox_happy_path(kit: SubscriberKit) -> None:
    """Made to ask twice for one, it asks, and takes both; made to cancel, it cancels."""
    stand = _subscribed(kit)
    if _one(stand) and _one(stand):
        stand.trigger_cancel()
        stand.expect_cancel("2.6")


@WHITEBOX.required("2.1")
def required_spec201_must_signal_demand_via_subscription_request(kit: SubscriberKit) -> None:
    """Made to ask, it calls request with a positive number, and takes what comes; then the end."""
    stand = _subscribed(kit)
    if _one(stand) and not stand.cancelled:
        stand.on_complete()
        stand.settle()


WHITEBOX.untested(
    "untested_spec202_should_asynchronously_dispatch",
    "2.2", "recommended only; whether a Subscriber has to be elsewhere is its Publisher's affair",
)  # fmt: skip


def _ends(kit: SubscriberKit, end: str) -> None:
    def ready() -> SubscriberStand:
        stand = _subscribed(kit)
        stand.settle()
        return stand

    end_and_listen(ready, end)


@WHITEBOX.required("2.3")
def required_spec203_must_not_call_methods_on_subscription_or_publisher_in_on_complete(
    kit: SubscriberKit,
) -> None:
    """Inside on_complete it calls neither request nor cancel, from no thread."""
    _ends(kit, "on_complete")


@WHITEBOX.required("2.3")
def required_spec203_must_not_call_methods_on_subscription_or_publisher_in_on_error(
    kit: SubscriberKit,
) -> None:
    """Inside on_error it calls neither request nor cancel, from no thread."""
    _ends(kit, "on_error")


WHITEBOX.untested(
    "untested_spec204_must_consider_the_subscription_as_cancelled_in_after_recieving_on_complete_or_on_error",
    "2.4", "looked at by spec204_after_the_end_nothing_is_called",
)  # fmt: skip


@WHITEBOX.required("2.5")
def required_spec205_must_call_subscription_cancel_if_it_already_has_an_subscription_and_receives_another_on_subscribe_signal(  # noqa: E501
    kit: SubscriberKit,
) -> None:
    """It cancels a second Subscription, and leaves the first alone."""
    stand = _subscribed(kit)
    stand.on_subscribe()
    stand.expect_cancel("2.5", 2)
    stand.settle()


WHITEBOX.untested(
    "untested_spec206_must_call_subscription_cancel_if_it_is_no_longer_valid",
    "2.6", "only the Subscriber knows what it has a use for; that its cancel arrives is looked at "
    "by required_exercise_whitebox_happy_path",
)  # fmt: skip
WHITEBOX.untested(
    "untested_spec207_must_ensure_all_calls_on_its_subscription_take_place_from_the_same_thread_or_take_care_of_synchronization",
    "2.7", "looked at by spec207_calls_do_not_overlap",
)  # fmt: skip


@WHITEBOX.required("2.8")
def required_spec208_must_be_prepared_to_receive_on_next_signals_after_having_called_subscription_cancel(
    kit: SubscriberKit,
) -> None:
    """An element that was asked for may still come after its cancel; it does not raise."""
    stand = _subscribed(kit)
    stand.trigger(2)
    if not stand.expect_request(1):
        return
    stand.trigger_cancel()
    if stand.expect_cancel("2.6"):
        stand.on_next()
        stand.trigger(1)
        stand.trigger(1)
        stand.settle()


def _completes(kit: SubscriberKit, demand: int) -> None:
    stand = _subscribed(kit)
    if demand:
        stand.trigger(demand)
        if not stand.expect_request(1):
            return
    stand.on_complete()
    stand.expect_completed(kit.rule("2.9"))
    stand.settle()


@WHITEBOX.required("2.9")
def required_spec209_must_be_prepared_to_receive_an_on_complete_signal_with_preceding_request_call(
    kit: SubscriberKit,
) -> None:
    """It takes on_complete when it has asked for something."""
    _completes(kit, 1)


@WHITEBOX.required("2.9")
def required_spec209_must_be_prepared_to_receive_an_on_complete_signal_without_preceding_request_call(
    kit: SubscriberKit,
) -> None:
    """It takes on_complete when it has asked for nothing."""
    _completes(kit, 0)


def _fails(kit: SubscriberKit, demand: int) -> None:
    kit.need_errors()
    stand = _subscribed(kit)
    if demand:
        stand.trigger(1)
        stand.trigger(demand - 1)
        if not stand.expect_request(1):
            return
    stand.on_error()
    stand.expect_failed(kit.rule("2.10"))
    stand.settle()


@WHITEBOX.required("2.10")
def required_spec210_must_be_prepared_to_receive_an_on_error_signal_with_preceding_request_call(
    kit: SubscriberKit,
) -> None:
    """It takes on_error when it has asked for something."""
    _fails(kit, 2)


@WHITEBOX.required("2.10")
def required_spec210_must_be_prepared_to_receive_an_on_error_signal_without_preceding_request_call(
    kit: SubscriberKit,
) -> None:
    """It takes on_error when it has asked for nothing."""
    _fails(kit, 0)


WHITEBOX.untested(
    "untested_spec211_must_make_sure_that_all_calls_on_its_methods_happen_before_the_processing_of_the_respective_events",
    "2.11", "what is visible to whom cannot be seen from outside",
)  # fmt: skip
WHITEBOX.untested(
    "untested_spec212_must_not_call_on_subscribe_more_than_once_based_on_object_equality_spec_violation",
    "2.12", "it binds Publishers: each of their checks looks at it",
)  # fmt: skip
WHITEBOX.untested(
    "untested_spec213_failing_on_signal_invocation",
    "2.13", "every check looks at what the signals raise",
)  # fmt: skip


@WHITEBOX.required("2.13")
def required_spec213_on_subscribe_must_throw_null_pointer_exception_when_parameters_are_null(
    kit: SubscriberKit,
) -> None:
    """on_subscribe(None) raises a TypeError, also from one that has a Subscription."""
    _subscribed(kit).on_subscribe_none()


@WHITEBOX.required("2.13")
def required_spec213_on_next_must_throw_null_pointer_exception_when_parameters_are_null(
    kit: SubscriberKit,
) -> None:
    """on_next(None) raises a TypeError."""
    _subscribed(kit).on_next_none()


@WHITEBOX.required("2.13")
def required_spec213_on_error_must_throw_null_pointer_exception_when_parameters_are_null(
    kit: SubscriberKit,
) -> None:
    """on_error(None) raises a TypeError."""
    _subscribed(kit).on_error_none()


WHITEBOX.untested(
    "untested_spec301_must_not_be_called_outside_subscriber_context",
    "3.1", "what belongs to the context of a Subscriber cannot be seen from outside",
)  # fmt: skip


@WHITEBOX.required("3.8")
def required_spec308_request_must_register_given_number_elements_to_be_produced(
    kit: SubscriberKit,
) -> None:
    """Made to ask for two it asks for two, if not at once, and takes both; then for three more."""
    stand = _subscribed(kit)
    for n in (2, 3):
        stand.trigger(n)
        while len(stand.sent) < stand.triggered and stand.live:
            if not stand.expect_request(len(stand.sent) + 1, "3.8"):
                return
            stand.on_next()
        if not stand.expect_received("3.8"):
            return


WHITEBOX.untested(
    "untested_spec310_request_may_synchronously_call_on_next_on_subscriber",
    "3.10", "a permission for Publishers; that a Subscriber lives with it is looked at by "
    "spec310_elements_may_come_inside_request",
)  # fmt: skip
WHITEBOX.untested(
    "untested_spec311_request_may_synchronously_call_on_complete_or_on_error",
    "3.11", "a permission for Publishers; that a Subscriber lives with it is looked at by "
    "spec311_the_end_may_come_inside_request",
)  # fmt: skip
WHITEBOX.untested(
    "untested_spec314_cancel_may_cause_the_publisher_to_shutdown_if_no_other_subscription_exists",
    "3.14", "a permission for Publishers",
)  # fmt: skip
WHITEBOX.untested(
    "untested_spec315_cancel_must_not_throw_exception_and_must_signal_on_error",
    "3.15", "it binds Publishers: each of their checks looks at it",
)  # fmt: skip
WHITEBOX.untested(
    "untested_spec316_request_must_not_throw_exception_and_must_on_error_the_subscriber",
    "3.16", "it binds Publishers: each of their checks looks at it",
)  # fmt: skip
