"""Errors, for every function that a user gives: operator, place and item, and no frame of ours."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, eventually, library_frames, line_of, notes, probe


class BoomError(Exception):
    pass


def boom(*args: Any) -> Any:
    if args[-1:] in [(3,), (("with", 3),)]:
        raise BoomError(args)
    return args[-1]


def boom_one(error: Any) -> Any:
    raise BoomError(error)


async def boom_later(n: int) -> int:
    await asyncio.sleep(0)
    return boom(n)


def boom_inside(n: int) -> Any:
    yield n
    boom(n)


# What the user's function is called with last, where the note is to show it.
FAILING: dict[str, tuple[Callable[[Any], Any], str, str | None]] = {
    "map": (lambda f: f.map(boom), "map", "3"),
    "filter": (lambda f: f.filter(boom), "filter", "3"),
    "take_while": (lambda f: f.take_while(boom), "take_while", "3"),
    "skip_while": (lambda f: f.skip_while(boom), "skip_while", "3"),
    "scan": (lambda f: f.scan(boom), "scan", "3"),
    "scan with a seed": (lambda f: f.scan(boom, 0), "scan", "3"),
    "reduce": (lambda f: f.reduce(boom), "reduce", "3"),
    "distinct": (lambda f: f.distinct(boom), "distinct", "3"),
    "distinct_until_changed": (lambda f: f.distinct_until_changed(boom), "distinct_until_changed", "3"),
    "tap": (lambda f: f.tap(boom), "tap", "3"),
    "tap of all": (lambda f: f.tap(boom, on_cancel=list), "tap", "3"),
    "flat_map_iterable": (lambda f: f.flat_map_iterable(lambda n: [boom(n)]), "flat_map_iterable", "3"),
    "flat_map": (lambda f: f.flat_map(lambda n: Flow.of(boom(n))), "flat_map", "3"),
    "flat_map, no flow": (lambda f: f.map(lambda n: n).flat_map(lambda n: boom(n) or 5), "flat_map", "1"),
    "concat_map": (lambda f: f.concat_map(lambda n: Flow.of(boom(n))), "concat_map", "3"),
    "map_async": (lambda f: f.map_async(boom, concurrency=1), "map_async", "3"),
    "map_async of coroutines": (lambda f: f.map_async(boom_later, concurrency=1), "map_async", "3"),
    "an inner map": (lambda f: f.concat_map(lambda n: Flow.of(n).map(boom)), "map", "3"),
    "an inner map of several": (lambda f: f.flat_map(lambda n: Flow.of(n).map(boom)), "map", "3"),
    "an inner iterable": (lambda f: f.flat_map_iterable(boom_inside), "flat_map_iterable", None),
    "named": (lambda f: f.map(boom).named("the boom"), "map 'the boom'", "3"),
    "the second of two": (lambda f: f.map(lambda n: ("with", n)).map(boom), "map", "('with', 3)"),
    "on_error_resume": (lambda f: f.map(boom_one).on_error_resume(boom_one), "on_error_resume", None),
    "beyond a hop": (lambda f: f.publish_on(thread()).map(boom), "map", "3"),
    "before a hop": (lambda f: f.map(boom).publish_on(thread()), "map", "3"),
}  # fmt: skip
CASES = pytest.mark.parametrize(("build", "title", "item"), FAILING.values(), ids=FAILING)
WORLDS = pytest.mark.parametrize("world", ["fused", "pushed"])


def upstream(world: str) -> Flow[int]:
    return Flow.of(1, 2, 3, 4) if world == "fused" else Flow.from_publisher(Handmade([1, 2, 3, 4]))


def check(error: Exception, build: Any, title: str, item: str | None) -> None:
    place = f"in {title}, written at {__file__}:{build.__code__.co_firstlineno}"
    assert place in notes(error)
    if item is not None:
        assert f"{place}\n  item: {item}" in notes(error)


@CASES
@WORLDS
def test_a_subscriber_gets_the_error_with_its_place(build: Any, title: str, item: Any, world: str):
    seen = probe(build(upstream(world)), UNBOUNDED).until_end()

    check(seen.error, build, title, item)
    assert library_frames(seen.error) == []
    assert seen.violations == []


@CASES
@WORLDS
def test_a_loop_raises_the_error_with_its_place(build: Any, title: str, item: Any, world: str):
    with pytest.raises((BoomError, TypeError)) as caught:
        list(build(upstream(world)))

    check(caught.value, build, title, item)
    assert len(library_frames(caught.value)) <= 1  # the generator that the loop pulls from


@CASES
@WORLDS
def test_an_async_loop_raises_the_error_with_its_place(
    build: Any, title: str, item: Any, world: str
):
    async def loop() -> None:
        async with contextlib.aclosing(aiter(build(upstream(world)))) as items:
            async for _ in items:
                pass

    with pytest.raises((BoomError, TypeError)) as caught:
        asyncio.run(loop())

    check(caught.value, build, title, item)
    assert len(library_frames(caught.value)) <= 1


@CASES
def test_a_handle_raises_the_error_with_its_place(build: Any, title: str, item: Any):
    handle = build(upstream("fused")).for_each(lambda item: None)
    with pytest.raises((BoomError, TypeError)) as caught:
        handle.result(20)

    check(caught.value, build, title, item)


@pytest.mark.parametrize(
    "run",
    [lambda f: f.run(), lambda f: f.for_each(list).result(20), lambda f: asyncio.run(last(f))],
)
def test_what_runs_a_flow_adds_only_itself(run: Any):
    with pytest.raises(BoomError) as caught:
        run(Flow.of(3).map(boom))

    frames = library_frames(caught.value)
    assert all(
        frame.startswith(("/_faces/running.py", "/_kernel/running/handle.py", "<flow"))
        for frame in frames
    )
    assert sum(frame.startswith("<flow") for frame in frames) <= 1


async def last(flow: Flow[Any]) -> Any:
    return await flow


def test_one_error_is_noted_once_for_each_operator_that_it_passed():
    flow = Flow.of(3).map(boom).limit_rate(2).publish_on(thread()).filter(bool)
    with pytest.raises(BoomError) as caught:
        list(flow)

    assert notes(caught.value).count("written at") == 1


def test_an_error_object_that_is_raised_again_and_again_does_not_grow():
    error = BoomError()

    def again(n: int) -> int:
        raise error

    for _ in range(50):
        with pytest.raises(BoomError):
            list(Flow.of(1).map(again))
    assert len(error.__notes__) == 1
    for n in range(50):
        with pytest.raises(BoomError):
            list(Flow.of(n).map(again))
    assert len(error.__notes__) <= 8


def test_a_long_item_is_shown_in_short():
    with pytest.raises(BoomError) as caught:
        list(Flow.of("x" * 1000).map(boom_one))  # the long item

    assert f"in map, written at {line_of('# the long item', __file__)}" in notes(caught.value)
    assert "xxx... (1002 chars)" in notes(caught.value)
    assert len(notes(caught.value)) < 500


def test_an_item_without_a_repr_is_no_second_failure():
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(BoomError) as caught:
        list(Flow.of(Shy()).map(boom_one))

    assert "item: <Shy, whose repr raised RuntimeError>" in notes(caught.value)


@WORLDS
@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration])
def test_stop_iteration_does_not_end_a_flow_in_silence(kind: type[Exception], world: str):
    def stop(n: int) -> int:
        raise kind

    for flow in (
        upstream(world).map(stop),
        upstream(world).filter(stop),
        upstream(world).tap(stop),
    ):
        with pytest.raises(RuntimeError, match=f"the function raised {kind.__name__}") as caught:
            list(flow)
        assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@WORLDS
def test_what_is_no_exception_is_no_signal(kind: type[BaseException], world: str):
    def stop(n: int) -> int:
        raise kind

    ended: list[str] = []
    for build in (
        lambda f: f.map(stop),
        lambda f: f.limit_rate(2).map(stop),
        lambda f: f.reduce(lambda a, b: stop(a)),
        lambda f: f.flat_map(stop),
        lambda f: f.concat_map(stop),
        lambda f: f.buffer(2).map(stop),
    ):
        publisher = Handmade([1, 2, 3])
        source = Flow.of(1, 2, 3) if world == "fused" else Flow.from_publisher(publisher)
        with pytest.raises(kind):
            list(build(source.on_finally(lambda: ended.append("over"))))
        assert ended.pop() == "over"
        with pytest.raises(kind):
            probe(build(upstream(world)), UNBOUNDED)


@pytest.mark.parametrize("source", ["of", "create", "from_iterable"])
def test_an_error_of_a_source_names_it(source: str):
    def produce(emitter: Any) -> None:
        raise BoomError

    makers: dict[str, Callable[[], Any]] = {
        "of": lambda: Flow.generate(0, boom_one),
        "create": lambda: Flow.create(produce),
        "from_iterable": lambda: Flow.from_iterable(map(boom_one, itertools.count())),
    }
    name = {"of": "generate"}.get(source, source)
    with pytest.raises(BoomError) as caught:
        list(makers[source]())

    assert f"in {name}, written at {__file__}:" in notes(caught.value)
    assert len(library_frames(caught.value)) <= 1


NONE_GIVERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "map": (lambda f: f.map(lambda n: None), "map"),
    "map, then filter": (lambda f: f.map(lambda n: None).filter(lambda n: True), "map"),
    "scan": (lambda f: f.scan(lambda a, b: None, 0), "scan"),
    "reduce": (lambda f: f.reduce(lambda a, b: None), "reduce"),
    "flat_map_iterable": (lambda f: f.flat_map_iterable(lambda n: [None]), "flat_map_iterable"),
    "flat_map": (lambda f: f.flat_map(lambda n: Flow.from_iterable([None])), "from_iterable"),
    "concat_map": (lambda f: f.concat_map(lambda n: Flow.from_iterable([None])), "from_iterable"),
    "map_async": (lambda f: f.map_async(lambda n: None), "map_async"),
    "concat": (lambda f: f.concat(Flow.from_iterable([None])), "from_iterable"),
    "merge": (lambda f: f.merge(Flow.from_iterable([None])), "from_iterable"),
    "generate": (lambda f: Flow.generate(1, lambda n: (None, n)), "generate"),
    "from_iterable": (lambda f: Flow.from_iterable([None]), "from_iterable"),
    "defer": (lambda f: Flow.defer(lambda: Flow.from_iterable([None])), "from_iterable"),
    "beyond a hop": (lambda f: f.map(lambda n: None).publish_on(thread()), "map"),
    "in a group": (
        lambda f: f.map(lambda n: None).group_by(str).flat_map(lambda group: group.to_list()),
        "map",
    ),
    "in a window": (
        lambda f: f.map(lambda n: None).window(2).flat_map(lambda window: window.to_list()),
        "map",
    ),
    "of a list, in a group": (
        lambda f: Flow.from_iterable([None]).group_by(str).flat_map(lambda group: group.merge(f)),
        "from_iterable",
    ),
    "of a list, in a window": (
        lambda f: Flow.from_iterable([None]).window(2).flat_map(lambda window: window.merge(f)),
        "from_iterable",
    ),
    "as the first of all": (
        lambda f: f.map(lambda n: None).switch_on_first(lambda first, whole: whole),
        "map",
    ),
}


@pytest.mark.parametrize(("build", "title"), NONE_GIVERS.values(), ids=NONE_GIVERS)
@WORLDS
def test_none_is_an_error_at_the_edge(build: Any, title: str, world: str):
    place = f"{title}, written at {__file__}:{build.__code__.co_firstlineno}"
    seen = probe(build(upstream(world)), UNBOUNDED).until_end()
    assert isinstance(seen.error, TypeError)
    assert "None is not an element (§2.13)" in str(seen.error)
    assert place in str(seen.error)
    assert None not in seen.items

    with pytest.raises(TypeError, match="None is not an element"):
        list(build(upstream(world)))
    with pytest.raises(TypeError, match="None is not an element"):
        build(upstream(world)).for_each(lambda item: None).result(20)


@WORLDS
def test_none_may_pass_between_operators(world: str):
    words = {1: "one", 3: "three"}
    flow = upstream(world).map(words.get).filter(lambda word: word is not None)

    assert list(flow) == ["one", "three"]
    assert probe(
        flow if world == "fused" else upstream(world).map(words.get).filter(bool), 9
    ).items == [
        "one",
        "three",
    ]


@WORLDS
def test_an_error_cancels_upstream(world: str):
    publisher = Handmade([1, 2, 3, 4])
    closed: list[str] = []
    source: Flow[int] = Flow.from_publisher(publisher) if world == "pushed" else Flow.range(1, 5)
    seen = probe(source.on_finally(lambda: closed.append("over")).map(boom), UNBOUNDED).until_end()

    eventually(lambda: closed == ["over"])
    assert seen.items == [1, 2]
    assert publisher.cancels == (world == "pushed")
