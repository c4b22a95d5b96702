"""The checks of a Publisher's Subscriptions that the official kit has, under its names."""

from __future__ import annotations

from reactive_streams import UNBOUNDED
from tck.checks.model import Checks, Skip
from tck.checks.publisher_kit import PublisherKit
from tck.driving.probe import Probe
from tck.recording.trace import SIGNALS, Kind
from tck.scripts.script import Cancel, Reactions, Request

SUBSCRIPTION = Checks()


@SUBSCRIPTION.required("3.2")
def required_spec302_must_allow_synchronous_request_calls_from_on_next_and_on_subscribe(
    kit: PublisherKit,
) -> None:
    """A Subscriber that asks from inside its signals is served."""
    stand = kit.stand(6, shorter=True)
    a = stand.subscribe(
        Reactions(
            on_subscribe=(Request(1), Request(1), Request(1)),
            each=(Request(1),),
            after={stand.elements: (Cancel(),)},
        )
    )
    kit.expect_elements(a, stand.elements, "3.2")


@SUBSCRIPTION.required("3.3")
def required_spec303_must_not_allow_unbounded_recursion(kit: PublisherKit) -> None:
    """Asking for one more in each on_next does not pile up calls, not at the first nor the fiftieth."""
    stand = kit.stand(50 + kit.settings.recursion, shorter=True)
    a = stand.subscribe(
        Reactions(
            on_subscribe=(Request(1),), each=(Request(1),), after={stand.elements: (Cancel(),)}
        )
    )
    kit.expect_elements(a, stand.elements, "3.2")


SUBSCRIPTION.untested(
    "untested_spec304_request_should_not_perform_heavy_computations",
    "3.4", "looked at by spec304_request_returns_soon, which warns",
)  # fmt: skip
SUBSCRIPTION.untested(
    "untested_spec305_cancel_must_not_synchronously_perform_heavy_computation",
    "3.5", "looked at by spec305_cancel_returns_soon",
)  # fmt: skip


@SUBSCRIPTION.required("3.6")
def required_spec306_after_subscription_is_cancelled_request_must_be_nops(
    kit: PublisherKit,
) -> None:
    """After cancel, request of anything, good or bad, brings nothing."""
    stand = kit.stand(3, shorter=True)
    a = stand.subscribe()
    a.cancel()
    for n in (1, 1, 1, 0, -1):
        a.request(n)
    stand.settle()


@SUBSCRIPTION.required("3.7")
def required_spec307_after_subscription_is_cancelled_additional_cancelations_must_be_nops(
    kit: PublisherKit,
) -> None:
    """A second and a third cancel do nothing."""
    stand = kit.stand(1, shorter=True)
    a = stand.subscribe()
    a.cancel()
    stand.settle()
    before = len(stand.trace)
    a.cancel()
    a.cancel()
    stand.settle()
    # From elsewhere a signal may only be late, and owed to nothing, or to the first.
    if not a.expect_idle_cancels(late=False):
        return
    came = any(e.kind in SIGNALS and e.phase == "enter" for e in stand.trace[before:])
    if came and not _comes_anyway(kit):
        a.expect_idle_cancels()


def _comes_anyway(kit: PublisherKit) -> bool:
    """Returns whether a signal comes when only one cancel is made."""
    stand = kit.stand(1, shorter=True)
    a = stand.subscribe()
    a.cancel()
    signals: tuple[Kind, ...] = ("on_next", "on_error", "on_complete")
    return stand.recorder.wait(lambda: stand.count(a.link, *signals) > 0, stand.settings.deadline)


def _bad_request(kit: PublisherKit, n: int) -> Probe:
    stand = kit.stand(10, shorter=True)
    a = stand.subscribe()
    if a.ended:
        raise Skip("the stream is over before anything can be asked for")
    a.request(n)
    a.expect_error("3.9")
    stand.settle()
    return a


@SUBSCRIPTION.required("3.9")
def required_spec309_request_zero_must_signal_illegal_argument_exception(
    kit: PublisherKit,
) -> None:
    """request(0) is answered by on_error with a ValueError, and silence after it."""
    _bad_request(kit, 0)


@SUBSCRIPTION.required("3.9")
def required_spec309_request_negative_number_must_signal_illegal_argument_exception(
    kit: PublisherKit,
) -> None:
    """request(-1), and of the least number of 64 bits, likewise."""
    _bad_request(kit, -1)
    _bad_request(kit, -(2**63))


@SUBSCRIPTION.optional("3.9")
def optional_spec309_request_negative_number_may_signal_illegal_argument_exception_with_specific_message(
    kit: PublisherKit,
) -> None:
    """The ValueError's message names the rule, or what is wrong with the number."""
    a = _bad_request(kit, -1)
    errors = [e.error for e in kit.stands[-1].trace.calls("on_error") if e.link == a.link]
    text = errors[0].message.lower() if errors and errors[0] is not None else ""
    if not any(word in text for word in ("3.9", "non-positive", "negative", "positive")):
        raise Skip(f"the message does not name the rule: {text!r}")


@SUBSCRIPTION.required("3.12")
def required_spec312_cancel_must_make_the_publisher_to_eventually_stop_signaling(
    kit: PublisherKit,
) -> None:
    """With demand for many, cancelled after the first element, it stops."""
    many = 2 * kit.settings.after_cancel + 15
    stand = kit.stand(many + 5, shorter=True)
    a = stand.subscribe(Reactions(after={1: (Cancel(),)}))
    a.request(many - 5)
    a.request(5)
    kit.expect_elements(a, 1)
    a.expect_silence()


@SUBSCRIPTION.required("3.13")
def required_spec313_cancel_must_make_the_publisher_eventually_drop_all_references_to_the_subscriber(
    kit: PublisherKit,
) -> None:
    """After a cancel nothing of the Publisher's holds the Subscriber."""
    stand = kit.stand(3, shorter=True)
    a = stand.subscribe()
    a.request(1)
    kit.expect_elements(a, 1)
    a.cancel()
    a.expect_forgotten()


@SUBSCRIPTION.required("3.17")
def required_spec317_must_support_a_pending_element_count_up_to_long_max_value(
    kit: PublisherKit,
) -> None:
    """request(2**63-1) is served."""
    stand = kit.stand(3, shorter=True)
    a = stand.subscribe()
    a.request(UNBOUNDED)
    if kit.expect_elements(a, 3, "3.17"):
        kit.expect_completion(a)


@SUBSCRIPTION.required("3.17")
def required_spec317_must_support_a_cumulative_pending_element_count_up_to_long_max_value(
    kit: PublisherKit,
) -> None:
    """Demand that adds up to 2**63-1, all of it before the first element, is served."""
    stand = kit.stand(3, shorter=True)
    half = UNBOUNDED // 2
    a = stand.subscribe(Reactions(on_subscribe=(Request(half), Request(half), Request(1))))
    if kit.expect_elements(a, 3, "3.17"):
        kit.expect_completion(a)


@SUBSCRIPTION.required("3.17")
def required_spec317_must_not_signal_on_error_when_pending_above_long_max_value(
    kit: PublisherKit,
) -> None:
    """Demand beyond 2**63-1 is no error, and nothing of it is lost."""
    stand = kit.stand(12, shorter=True)
    a = stand.subscribe(Reactions(each=(Request(UNBOUNDED - 1),), after={11: (Cancel(),)}))
    a.request(1)
    kit.expect_elements(a, 11, "3.17")
    a.expect_no_error("3.17")
