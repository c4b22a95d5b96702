"""The checks of a Subscriber that the official kit has, where only its Subscription is seen."""

from __future__ import annotations

from tck.checks.ends import end_and_listen, need_interest
from tck.checks.model import Checks, Skip
from tck.checks.subscriber_kit import SubscriberKit
from tck.driving.subscriber_stand import SubscriberStand

BLACKBOX = Checks()


def _subscribed(kit: SubscriberKit) -> SubscriberStand:
    stand = kit.stand()
    stand.on_subscribe()
    # One that takes its signals on a thread of its own asks later: its first request has to be
    # here before the end is sent, or it would only cross that.
    stand.ready()
    return stand


@BLACKBOX.required("2.1")
def required_spec201_blackbox_must_signal_demand_via_subscription_request(
    kit: SubscriberKit,
) -> None:
    """It asks for something, and takes 30 elements, or as many as it asks for; then the end."""
    stand = _subscribed(kit)
    need_interest(stand)
    if stand.expect_request(1, "2.1"):
        stand.deliver(30)
        stand.settle()
        if not stand.cancelled:
            stand.on_complete()
            stand.settle()


BLACKBOX.untested(
    "untested_spec202_blackbox_should_asynchronously_dispatch",
    "2.2", "recommended only; whether a Subscriber has to be elsewhere is its Publisher's affair",
)  # fmt: skip


def _ends(kit: SubscriberKit, end: str) -> None:
    def ready() -> SubscriberStand:
        stand = _subscribed(kit)
        stand.settle()
        if stand.cancelled:
            raise Skip("it cancels its Subscription before there is an end")
        return stand

    end_and_listen(ready, end)


@BLACKBOX.required("2.3")
def required_spec203_blackbox_must_not_call_methods_on_subscription_or_publisher_in_on_complete(
    kit: SubscriberKit,
) -> None:
    """Inside on_complete it calls neither request nor cancel, from no thread."""
    _ends(kit, "on_complete")


@BLACKBOX.required("2.3")
def required_spec203_blackbox_must_not_call_methods_on_subscription_or_publisher_in_on_error(
    kit: SubscriberKit,
) -> None:
    """Inside on_error it calls neither request nor cancel, from no thread."""
    _ends(kit, "on_error")


BLACKBOX.untested(
    "untested_spec204_blackbox_must_consider_the_subscription_as_cancelled_in_after_recieving_on_complete_or_on_error",
    "2.4", "looked at by spec204_after_the_end_nothing_is_called",
)  # fmt: skip


@BLACKBOX.required("2.5")
def required_spec205_blackbox_must_call_subscription_cancel_if_it_already_has_an_subscription_and_receives_another_on_subscribe_signal(  # noqa: E501
    kit: SubscriberKit,
) -> None:
    """It cancels a second Subscription, and asks for nothing on it."""
    stand = _subscribed(kit)
    stand.settle()
    if not stand.cancelled:
        stand.on_subscribe()
        stand.expect_cancel("2.5", 2)
        stand.settle()
        if not stand.cancelled:
            stand.on_complete()


BLACKBOX.untested(
    "untested_spec206_blackbox_must_call_subscription_cancel_if_it_is_no_longer_valid",
    "2.6", "only the Subscriber knows what it has a use for",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec207_blackbox_must_ensure_all_calls_on_its_subscription_take_place_from_the_same_thread_or_take_care_of_synchronization",
    "2.7", "looked at by spec207_calls_do_not_overlap",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec208_blackbox_must_be_prepared_to_receive_on_next_signals_after_having_called_subscription_cancel",
    "2.8", "looked at by spec208_elements_after_its_own_cancel_do_no_harm",
)  # fmt: skip


def _with_demand(kit: SubscriberKit, end: str) -> None:
    stand = _subscribed(kit)
    need_interest(stand)
    if stand.expect_request(1, "2.1") and not stand.cancelled:
        getattr(stand, end)()
        stand.settle()


def _without_element(kit: SubscriberKit, end: str) -> None:
    stand = kit.stand()
    stand.on_subscribe()
    stand.asks()
    getattr(stand, end)()
    stand.settle()


@BLACKBOX.required("2.9")
def required_spec209_blackbox_must_be_prepared_to_receive_an_on_complete_signal_with_preceding_request_call(
    kit: SubscriberKit,
) -> None:
    """It takes on_complete when it has asked for something."""
    _with_demand(kit, "on_complete")


@BLACKBOX.required("2.9")
def required_spec209_blackbox_must_be_prepared_to_receive_an_on_complete_signal_without_preceding_request_call(  # noqa: E501
    kit: SubscriberKit,
) -> None:
    """It takes on_complete as the first signal, with whatever it asks for by itself."""
    _without_element(kit, "on_complete")


@BLACKBOX.required("2.10")
def required_spec210_blackbox_must_be_prepared_to_receive_an_on_error_signal_with_preceding_request_call(
    kit: SubscriberKit,
) -> None:
    """It takes on_error when it has asked for something."""
    _with_demand(kit, "on_error")


@BLACKBOX.required("2.10")
def required_spec210_blackbox_must_be_prepared_to_receive_an_on_error_signal_without_preceding_request_call(
    kit: SubscriberKit,
) -> None:
    """It takes on_error as the first signal, with whatever it asks for by itself."""
    _without_element(kit, "on_error")


BLACKBOX.untested(
    "untested_spec211_blackbox_must_make_sure_that_all_calls_on_its_methods_happen_before_the_processing_of_the_respective_events",
    "2.11", "what is visible to whom cannot be seen from outside",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec212_blackbox_must_not_call_on_subscribe_more_than_once_based_on_object_equality",
    "2.12", "it binds Publishers: each of their checks looks at it",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec213_blackbox_failing_on_signal_invocation",
    "2.13", "every check looks at what the signals raise",
)  # fmt: skip


@BLACKBOX.required("2.13")
def required_spec213_blackbox_on_subscribe_must_throw_null_pointer_exception_when_parameters_are_null(
    kit: SubscriberKit,
) -> None:
    """on_subscribe(None) raises a TypeError."""
    kit.stand().on_subscribe_none()


@BLACKBOX.required("2.13")
def required_spec213_blackbox_on_next_must_throw_null_pointer_exception_when_parameters_are_null(
    kit: SubscriberKit,
) -> None:
    """on_next(None) raises a TypeError."""
    stand = kit.stand()
    stand.on_subscribe()
    stand.on_next_none()


@BLACKBOX.required("2.13")
def required_spec213_blackbox_on_error_must_throw_null_pointer_exception_when_parameters_are_null(
    kit: SubscriberKit,
) -> None:
    """on_error(None) raises a TypeError."""
    stand = kit.stand()
    stand.on_subscribe()
    stand.on_error_none()


BLACKBOX.untested(
    "untested_spec301_blackbox_must_not_be_called_outside_subscriber_context",
    "3.1", "what belongs to the context of a Subscriber cannot be seen from outside",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec308_blackbox_request_must_register_given_number_elements_to_be_produced",
    "3.8", "it binds Subscriptions; looked at with a probe",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec310_blackbox_request_may_synchronously_call_on_next_on_subscriber",
    "3.10", "a permission for Publishers; that a Subscriber lives with it is looked at by "
    "spec310_elements_may_come_inside_request",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec311_blackbox_request_may_synchronously_call_on_complete_or_on_error",
    "3.11", "a permission for Publishers; that a Subscriber lives with it is looked at by "
    "spec311_the_end_may_come_inside_request",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec314_blackbox_cancel_may_cause_the_publisher_to_shutdown_if_no_other_subscription_exists",
    "3.14", "a permission for Publishers",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec315_blackbox_cancel_must_not_throw_exception_and_must_signal_on_error",
    "3.15", "it binds Publishers: each of their checks looks at it",
)  # fmt: skip
BLACKBOX.untested(
    "untested_spec316_blackbox_request_must_not_throw_exception_and_must_on_error_the_subscriber",
    "3.16", "it binds Publishers: each of their checks looks at it",
)  # fmt: skip
