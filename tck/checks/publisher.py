"""The checks of a Publisher that the official kit has, under its names."""

from __future__ import annotations

from reactive_streams import UNBOUNDED
from tck.checks.model import Checks, Skip
from tck.checks.publisher_kit import PublisherKit
from tck.checks.subscription import SUBSCRIPTION
from tck.driving.probe import Probe
from tck.scripts.script import Reactions, Request

PUBLISHER = Checks()
_ONE_BY_ONE = Reactions(on_subscribe=(Request(1),), each=(Request(1),))


def _exactly(kit: PublisherKit, elements: int) -> None:
    stand = kit.stand(elements)
    a = stand.subscribe()
    for total in range(1, elements + 1):
        a.request(1)
        if not a.expect_elements(total):
            return
    kit.expect_completion(a)


@PUBLISHER.required("1.1")
def required_create_publisher1_must_produce_a_stream_of_exactly1_element(kit: PublisherKit) -> None:
    """The factory's publisher of one element has one, and completes."""
    _exactly(kit, 1)


@PUBLISHER.required("1.1")
def required_create_publisher3_must_produce_a_stream_of_exactly3_elements(
    kit: PublisherKit,
) -> None:
    """The factory's publisher of three elements has three, and completes."""
    _exactly(kit, 3)


@PUBLISHER.required("1.1")
def required_validate_max_elements_from_publisher(kit: PublisherKit) -> None:
    """Settings.max_elements is a number that makes sense."""
    most = kit.settings.max_elements
    if most is not None and not 0 <= most <= UNBOUNDED:
        raise ValueError(f"Settings.max_elements must be within 0 and 2**63-1, not {most!r}")


@PUBLISHER.required("3.3")
def required_validate_bounded_depth_of_on_next_and_request_recursion(kit: PublisherKit) -> None:
    """Settings.recursion is a number that makes sense."""
    if kit.settings.recursion < 1:
        raise ValueError(f"Settings.recursion must be at least 1, not {kit.settings.recursion!r}")


@PUBLISHER.required("1.1")
def required_spec101_subscription_request_must_result_in_the_correct_number_of_produced_elements(
    kit: PublisherKit,
) -> None:
    """Nothing without demand; then request(1), request(1) + request(2): as many, and no more."""
    stand = kit.stand(5, shorter=True)
    a = stand.subscribe()
    stand.settle()
    total = 0
    for asked in ((1,), (1, 2)):
        for n in asked:
            a.request(n)
            total += n
        if not kit.expect_elements(a, total):
            return
        stand.settle()
    a.cancel()


@PUBLISHER.required("1.2")
def required_spec102_may_signal_less_than_requested_and_terminate_subscription(
    kit: PublisherKit,
) -> None:
    """request(10) of three elements: three, and the end."""
    stand = kit.stand(3, shorter=True)
    a = stand.subscribe()
    a.request(10)
    if kit.expect_elements(a, 3):
        kit.expect_completion(a)


@PUBLISHER.stochastic("1.3")
def stochastic_spec103_must_signal_on_methods_sequentially(kit: PublisherKit) -> None:
    """Asked for one by one, from inside the signals, none overlaps another; several times over."""
    for _ in range(10):
        stand = kit.stand(10, shorter=True)
        a = stand.subscribe(_ONE_BY_ONE)
        if not kit.expect_elements(a, 10, "3.2"):
            return
        kit.end(a)


@PUBLISHER.optional("1.4")
def optional_spec104_must_signal_on_error_when_fails(kit: PublisherKit) -> None:
    """A publisher that fails says so by on_error, without being asked for anything."""
    stand = kit.failed()
    a = stand.subscribe()
    stand.settle()
    if not a.ended:
        raise Skip("it says so only when something is asked for")
    a.expect_error("1.4")


@PUBLISHER.required("1.5")
def required_spec105_must_signal_on_complete_when_finite_stream_terminates(
    kit: PublisherKit,
) -> None:
    """After its last element a finite stream completes, and is silent."""
    stand = kit.stand(3, shorter=True)
    a = stand.subscribe()
    for total in range(1, stand.elements + 1):
        a.request(1)
        if not a.expect_elements(total):
            return
    kit.expect_completion(a)
    stand.settle()


@PUBLISHER.optional("1.5")
def optional_spec105_empty_stream_must_terminate_by_signalling_on_complete(
    kit: PublisherKit,
) -> None:
    """A publisher of no elements completes."""
    stand = kit.stand(0)
    a = stand.subscribe()
    kit.expect_completion(a)
    stand.settle()


PUBLISHER.untested(
    "untested_spec106_must_consider_subscription_cancelled_after_on_error_or_on_complete_has_been_called",
    "1.6", "what a Publisher considers is its own; that it is silent is looked at by "
    "spec106_after_the_end_nothing_has_an_effect",
)  # fmt: skip


@PUBLISHER.required("1.7")
def required_spec107_must_not_emit_further_signals_once_on_complete_has_been_signalled(
    kit: PublisherKit,
) -> None:
    """After on_complete further requests bring nothing."""
    stand = kit.stand(1)
    a = stand.subscribe()
    a.request(10)
    kit.expect_completion(a)
    a.request(10)
    stand.settle()


PUBLISHER.untested(
    "untested_spec107_must_not_emit_further_signals_once_on_error_has_been_signalled",
    "1.7", "looked at by spec107_after_on_error_comes_nothing",
)  # fmt: skip
PUBLISHER.untested(
    "untested_spec108_possibly_canceled_subscription_should_not_receive_on_error_or_on_complete_signals",
    "1.8", "eventually: a terminal signal may cross a cancel; elements are looked at by "
    "spec108_cancel_inside_on_next_stops_a_synchronous_loop",
)  # fmt: skip
PUBLISHER.untested(
    "untested_spec109_subscribe_should_not_throw_non_fatal_throwable",
    "1.9", "every check looks at what subscribe raises",
)  # fmt: skip


@PUBLISHER.required("1.9")
def required_spec109_subscribe_throw_npe_on_null_subscriber(kit: PublisherKit) -> None:
    """subscribe(None) raises a TypeError."""
    kit.stand(0, shorter=True).subscribe_none()


@PUBLISHER.required("1.9")
def required_spec109_must_issue_on_subscribe_for_non_null_subscriber(kit: PublisherKit) -> None:
    """on_subscribe comes, once, and before all else."""
    stand = kit.stand(0, shorter=True)
    a = stand.subscribe()
    a.expect_subscribed()
    a.request(1)
    stand.settle()


@PUBLISHER.required("1.9")
def required_spec109_may_reject_calls_to_subscribe_if_publisher_is_unable_or_unwilling_to_serve_them_rejection_must_trigger_on_error_after_on_subscribe(  # noqa: E501
    kit: PublisherKit,
) -> None:
    """Who is turned away gets on_subscribe, then on_error."""
    stand = kit.failed()
    a = stand.subscribe()
    if a.expect_subscribed():
        stand.settle()
        if not a.ended:
            a.request(1)
        a.expect_error("1.4")


PUBLISHER.untested(
    "untested_spec110_reject_a_subscription_request_if_the_same_subscriber_subscribes_twice",
    "1.10", "it binds who calls subscribe; to notice it would need endless memory",
)  # fmt: skip


def _several(kit: PublisherKit, count: int, elements: int) -> tuple[list[Probe], int]:
    if not (kit.settings.multicast or kit.settings.per_subscriber):
        stand = kit.stand(elements, shorter=True)
        probes = [stand.subscribe() for _ in range(count)]
        for probe in probes:
            probe.expect_subscribed()
            if stand.count(probe.link, "on_error"):
                raise Skip("it takes one Subscriber only")
        return probes, stand.elements
    stand = kit.stand(elements, shorter=True)
    probes = [stand.subscribe() for _ in range(count)]
    for probe in probes:
        probe.expect_subscribed("1.11")
    return probes, stand.elements


@PUBLISHER.optional("1.11")
def optional_spec111_may_support_multi_subscribe(kit: PublisherKit) -> None:
    """A second Subscriber is served too."""
    _several(kit, 2, 1)
    kit.stands[-1].settle()
    for probe in kit.stands[-1].probes:
        if kit.stands[-1].count(probe.link, "on_error"):
            raise Skip("it takes one Subscriber only")


@PUBLISHER.optional("1.11")
def optional_spec111_registered_subscribers_must_receive_on_next_or_on_complete_signals(
    kit: PublisherKit,
) -> None:
    """Two Subscribers that ask get an element each, or the end."""
    probes, elements = _several(kit, 2, 1)
    for probe in probes:
        probe.request(1)
    for probe in probes:
        if not kit.reached(probe, min(1, elements)):
            raise Skip("a second Subscriber gets nothing of its own")


def _multicast(kit: PublisherKit, patterns: tuple[tuple[int, ...], ...], elements: int) -> None:
    if not kit.settings.multicast:
        raise Skip("the publishers are not declared to be multicast (Settings.multicast)")
    probes, elements = _several(kit, len(patterns), elements)
    for step in range(max(map(len, patterns))):
        for probe, pattern in zip(probes, patterns, strict=True):
            if step < len(pattern):
                probe.request(pattern[step])
    for probe in probes:
        probe.expect_elements(elements, "1.11")
    kit.stands[-1].expect_same()


@PUBLISHER.optional("1.11")
def optional_spec111_multicast_must_produce_the_same_elements_in_the_same_sequence_to_all_of_its_subscribers_when_requesting_one_by_one(  # noqa: E501
    kit: PublisherKit,
) -> None:
    """Three Subscribers at different paces are sent the same."""
    _multicast(kit, ((1, 1, 2, 1), (2, 3), (3, 1, 1)), 5)


@PUBLISHER.optional("1.11")
def optional_spec111_multicast_must_produce_the_same_elements_in_the_same_sequence_to_all_of_its_subscribers_when_requesting_many_upfront(  # noqa: E501
    kit: PublisherKit,
) -> None:
    """Three Subscribers that ask for all at once are sent the same."""
    _multicast(kit, ((4,), (4,), (4,)), 3)


@PUBLISHER.optional("1.11")
def optional_spec111_multicast_must_produce_the_same_elements_in_the_same_sequence_to_all_of_its_subscribers_when_requesting_many_upfront_and_complete_as_expected(  # noqa: E501
    kit: PublisherKit,
) -> None:
    """Three Subscribers that ask for all at once are sent the same, and the end."""
    _multicast(kit, ((4,), (4,), (4,)), 3)
    for probe in kit.stands[-1].probes:
        kit.expect_completion(probe)


PUBLISHER.all.extend(SUBSCRIPTION.all)
