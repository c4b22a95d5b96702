"""as_processor: a chain of operators as a standalone Processor."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow, RuleViolation, as_processor
from operators.schedulers import thread
from reactive_streams import UNBOUNDED, Processor
from tests.operators.kit import BAD_REQUESTS, Handmade, Probe, Pulled, probe


def doubler() -> Processor[int, int]:
    return as_processor(lambda flow: flow.map(lambda n: n * 2))


@pytest.mark.parametrize("first", ["upstream", "downstream"])
@pytest.mark.parametrize(
    "build",
    [
        lambda f: f,
        lambda f: f.map(lambda n: n),
        lambda f: f.filter(lambda n: True).limit_rate(2),
        lambda f: f.publish_on(thread()),
        lambda f: f.concat_map(lambda n: Flow.of(n)),
    ],
)
def test_either_side_may_come_first(first: str, build: Any):
    processor = as_processor(build)
    publisher = Handmade(range(5))
    seen = Probe(UNBOUNDED)
    assert isinstance(processor, Processor)
    if first == "upstream":
        publisher.subscribe(processor)
        processor.subscribe(seen)
    else:
        processor.subscribe(seen)
        publisher.subscribe(processor)

    seen.until_end()
    assert seen.items == list(range(5))
    assert seen.completed
    assert seen.violations == []


def test_demand_waits_for_upstream():
    processor, publisher = doubler(), Handmade()
    seen = probe(processor).request(2).request(1)
    publisher.subscribe(processor)
    assert publisher.requests == [3]
    publisher.emit(1, 2)
    seen.request(4)
    assert publisher.requests == [3, 4]
    assert seen.items == [2, 4]


def test_the_end_waits_for_downstream():
    for error in (None, KeyError()):
        processor = doubler()
        publisher = Handmade()
        publisher.subscribe(processor)
        publisher.complete() if error is None else publisher.fail(error)
        seen = probe(processor)
        assert seen.error is error
        assert seen.completed == (error is None)
        assert len(seen.signals) == 2


def test_nothing_is_asked_for_without_a_subscriber():
    processor, publisher = doubler(), Handmade(range(5))
    publisher.subscribe(processor)

    assert publisher.requests == []


def test_a_second_upstream_is_cancelled_by_rule_2_5():
    processor, first, second = doubler(), Handmade(), Handmade()
    first.subscribe(processor)
    second.subscribe(processor)

    assert (first.cancels, second.cancels) == (0, 1)


def test_a_second_subscriber_gets_an_error():
    processor = doubler()
    probe(processor)
    seen = probe(processor)

    assert isinstance(seen.error, RuntimeError)
    assert "it takes one only" in str(seen.error)
    assert len(seen.signals) == 2


def test_a_cancel_goes_up_even_to_an_upstream_that_comes_later():
    processor, publisher = doubler(), Handmade()
    seen = probe(processor)
    seen.cancel()
    publisher.subscribe(processor)
    assert publisher.cancels == 1

    processor, publisher = doubler(), Handmade()
    publisher.subscribe(processor)
    probe(processor).cancel()
    assert publisher.cancels == 1


@pytest.mark.parametrize(("n", "kind"), BAD_REQUESTS)
def test_a_bad_request_is_answered_once(n: Any, kind: type[Exception]):
    processor, publisher = doubler(), Handmade()
    publisher.subscribe(processor)
    seen = probe(processor).request(n).request(n)

    assert isinstance(seen.error, kind)
    assert len(seen.signals) == 2
    assert publisher.cancels == 1
    assert publisher.requests == []


def test_none_is_refused_by_all_its_methods():
    processor: Any = doubler()
    with pytest.raises(TypeError, match="None is not an element"):
        processor.on_next(None)
    with pytest.raises(TypeError, match="None is not an error"):
        processor.on_error(None)
    with pytest.raises(TypeError, match="is not a Subscription"):
        processor.on_subscribe(None)
    with pytest.raises(TypeError, match="is not a Subscriber"):
        processor.subscribe(None)

    publisher = Handmade([1])
    publisher.subscribe(processor)
    assert probe(processor, 1).items == [2]


def test_more_than_was_asked_for_breaks_rule_1_1():
    processor, publisher = doubler(), Handmade()
    publisher.subscribe(processor)
    seen = probe(processor, 1)
    publisher.emit(1, 2)

    assert seen.items == [2]
    assert isinstance(seen.error, RuleViolation)
    assert seen.error.rule == "1.1"
    assert publisher.cancels == 1


def test_an_item_without_a_subscriber_goes_to_the_hook(dropped: Any):
    processor = doubler()
    processor.on_next(1)

    error, _ = dropped.take(RuntimeError)
    assert "an item came without demand (§1.1): 1" in str(error)


def test_our_own_flows_run_through_it():
    processor = doubler()
    pulled = Pulled(range(5))
    Flow.from_iterable(pulled).subscribe(processor)

    assert list(Flow.from_publisher(processor).take(2)) == [0, 2]
    assert pulled.closed == 1


def test_a_loop_over_one_that_is_fed_by_another_thread():
    processor: Any = as_processor(lambda flow: flow.buffer(2))
    feeding = threading.Thread(target=lambda: Flow.range(5).subscribe(processor))
    feeding.start()

    assert list(Flow.from_publisher(processor)) == [[0, 1], [2, 3], [4]]
    feeding.join()
