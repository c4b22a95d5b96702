"""What the checkers infer for flows that are shared or split; read by them, never run."""

from typing import Any, assert_type

from operators import ConnectableFlow, Emitted, Flow, GroupedFlow, MergeHub, PartitionHub, Rails
from operators.schedulers import immediate, thread
from reactive_streams import Subscriber


def shared(numbers: Flow[int], sink: Subscriber[int]) -> None:
    assert_type(numbers.publish(), ConnectableFlow[int])
    assert_type(numbers.publish().ref_count(2, grace=1.0, scheduler=thread()), Flow[int])
    assert_type(numbers.replay(3).auto_connect(), Flow[int])
    assert_type(numbers.replay(3, age=1.0), ConnectableFlow[int])
    assert_type(numbers.share(), Flow[int])
    assert_type(numbers.cache(), Flow[int])
    assert_type(numbers.also_to(sink), Flow[int])
    assert_type(numbers.wire_tap(sink), Flow[int])


def split(words: Flow[str]) -> None:
    assert_type(words.group_by(len), Flow[GroupedFlow[str, int]])
    assert_type(words.window(3), Flow[Flow[str]])
    assert_type(words.window_until(str.isupper), Flow[Flow[str]])
    assert_type(words.window_time(1.0), Flow[Flow[str]])
    assert_type(words.broadcast(2), tuple[Flow[str], ...])
    assert_type(words.balance(2), tuple[Flow[str], ...])
    rails = words.parallel(2).run_on(immediate()).map(len).filter(bool).tap(print)
    assert_type(rails, Rails[int])
    assert_type(rails.flat_map(Flow.range).reduce(max).sequential(), Flow[int])
    assert_type(words.parallel(2).apply(lambda rail: rail.buffer(2)).sequential(), Flow[list[str]])
    assert_type(words.partition(len, 3), tuple[Flow[str], ...])


def joined(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(words.switch_map(lambda word: Flow.of(len(word))), Flow[int])
    assert_type(numbers.combine_latest(words), Flow[tuple[Any, ...]])
    assert_type(numbers.with_latest_from(words), Flow[tuple[Any, ...]])
    assert_type(numbers.race(numbers), Flow[int])
    assert_type(numbers.switch_on_first(lambda first, flow: flow.map(str)), Flow[str])


def shown(words: Flow[str]) -> None:
    assert_type(words.to_marbles(), str)


def hubs(numbers: Flow[int], words: Flow[str]) -> None:
    merged: MergeHub[int] = MergeHub(sources=3)
    assert_type(merged.attach(numbers), Emitted)
    assert_type(merged.map(str), Flow[str])
    parted = PartitionHub[str](lambda word, ids: ids[len(word) % len(ids)])
    words.subscribe(parted)
    assert_type(parted.emit("a"), Emitted)
    assert_type(parted.ids, tuple[int, ...])
    assert_type(parted.map(len), Flow[int])
