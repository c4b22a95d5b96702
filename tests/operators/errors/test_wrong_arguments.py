"""What a newcomer gives in place of what is due: the message names what to use."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import CircuitBreaker, Flow, as_processor
from operators._kernel.failures.checks import is_coroutine_function
from operators.hooks import set_error_hook
from operators.schedulers import thread
from tests.operators.kit import probe

Make = Callable[[Any], Any]
FLOW: Any = Flow
F: Any = Flow.of(1)
CLASS: Any = Flow


async def coroutine(*_: Any) -> int:
    return 1


async def agenerator(*_: Any) -> AsyncIterator[int]:
    yield 1


def generator(*_: Any) -> Iterator[int]:
    yield 1


class WithAsyncCall:
    async def __call__(self, *_: Any) -> int:
        return 1


class Methods:
    async def method(self, *_: Any) -> int:
        return 1

    @staticmethod
    async def static(*_: Any) -> int:
        return 1

    @classmethod
    async def of_class(cls, *_: Any) -> int:
        return 1


COROUTINES: dict[str, Any] = {
    "a function": coroutine,
    "a partial": functools.partial(coroutine, 1),
    "a partial of one": functools.partial(functools.partial(Methods().method, 1)),
    "a method": Methods().method,
    "a static method": Methods.static,
    "a static method object": staticmethod(coroutine),
    "a class method": Methods.of_class,
    "an object": WithAsyncCall(),
    "a partial of an object": functools.partial(WithAsyncCall(), 2),
}

# Where a plain function is due, and what is named in place of a coroutine function.
PLAIN: dict[str, tuple[Make, str]] = {
    "map": (lambda fn: F.map(fn), "use map_async"),
    "filter": (lambda fn: F.filter(fn), "use map_async"),
    "take_while": (lambda fn: F.take_while(fn), "use map_async"),
    "map_batches by weight": (
        lambda fn: F.map_batches(list, max_weight=1, weight=fn), "use map_async",
    ),
    "buffer_weighted": (lambda fn: F.buffer_weighted(1, fn), "use map_async"),
    "merge_sorted": (lambda fn: F.merge_sorted(key=fn), "use map_async"),
    "concat_map_eager": (lambda fn: F.concat_map_eager(fn), "use map_async(fn).concat_map"),
    "expand": (lambda fn: F.expand(fn), "use expand(lambda item"),
    "conflate": (lambda fn: F.conflate(fn), "use map_async"),
    "conflate of a seed": (lambda fn: F.conflate(max, fn), "use map_async"),
    "extrapolate": (lambda fn: F.extrapolate(fn), "use map_async"),
    "using": (lambda fn: FLOW.using(open, fn), "map_async"),
    "starmap": (lambda fn: F.starmap(fn), "use map_async"),
    "on_error_map": (lambda fn: F.on_error_map(fn), "give a plain function"),
    "skip_errors": (lambda fn: F.map(str).skip_errors(fn), "give a plain function"),
    "repeat": (lambda fn: F.repeat(until=fn), "give a plain function"),
    "on_start": (lambda fn: F.on_start(fn), "give a plain function"),
    "on_terminate": (lambda fn: F.on_terminate(fn), "give a plain function"),
    "take_until": (lambda fn: F.take_until(fn), "use map_async"),
    "skip_while": (lambda fn: F.skip_while(fn), "use map_async"),
    "distinct": (lambda fn: F.distinct(fn), "use map_async"),
    "distinct_until_changed": (lambda fn: F.distinct_until_changed(fn), "use map_async"),
    "scan": (lambda fn: F.scan(fn), "use `async for`"),
    "reduce": (lambda fn: F.reduce(fn), "use `async for`"),
    "min": (lambda fn: F.min(fn), "use map_async"),
    "max": (lambda fn: F.max(fn), "use map_async"),
    "to_dict": (lambda fn: F.to_dict(fn), "use map_async"),
    "to_dict of values": (lambda fn: F.to_dict(str, fn), "use map_async"),
    "collect": (lambda fn: F.collect(list, fn), "use `async for`"),
    "collect into": (lambda fn: F.collect(fn, list.append), "use `async for`"),
    "all": (lambda fn: F.all(fn), "use map_async"),
    "any": (lambda fn: F.any(fn), "use map_async"),
    "flat_map": (lambda fn: F.flat_map(fn), "use map_async(fn).flat_map"),
    "concat_map": (lambda fn: F.concat_map(fn), "use map_async(fn).concat_map"),
    "flat_map_iterable": (lambda fn: F.flat_map_iterable(fn), "use map_async(fn).flat_map_iterable"),
    "tap": (lambda fn: F.tap(fn), "use map_async"),
    "tap of errors": (lambda fn: F.tap(on_error=fn), "use map_async"),
    "tap of requests": (lambda fn: F.tap(on_request=fn), "give a plain function"),
    "on_finally": (lambda fn: F.on_finally(fn), "give a plain function"),
    "on_discard": (lambda fn: F.on_discard(fn), "give a plain function"),
    "on_error_resume": (lambda fn: F.on_error_resume(fn), "map_async(fn)"),
    "on_backpressure_drop": (lambda fn: F.on_backpressure_drop(fn), "give a plain function"),
    "on_backpressure_latest": (lambda fn: F.on_backpressure_latest(fn), "give a plain function"),
    "on_backpressure_buffer": (
        lambda fn: F.on_backpressure_buffer(on_drop=fn), "give a plain function"
    ),
    "for_each": (lambda fn: F.for_each(fn), "use map_async(fn).for_each"),
    "generate": (lambda fn: FLOW.generate(0, fn), "Flow.from_async_iterable"),
    "defer": (lambda fn: FLOW.defer(fn), "Flow.from_async_iterable"),
    "pipe": (lambda fn: F.pipe(fn), "takes a flow and returns one"),
    "as_processor": (lambda fn: as_processor(fn), "takes a flow and returns one"),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", PLAIN)


@EVERY
@pytest.mark.parametrize("kind", COROUTINES)
def test_a_coroutine_function_is_refused_when_the_operator_is_called(name: str, kind: str):
    call, words = PLAIN[name]
    with pytest.raises(TypeError, match=re.escape(words)) as caught:
        call(COROUTINES[kind])
    assert "is a coroutine function" in str(caught.value)
    assert str(caught.value).startswith(f"{name.split(' ')[0]}: ")


@EVERY
def test_an_async_generator_function_is_refused_when_the_operator_is_called(name: str):
    with pytest.raises(TypeError, match="async generator function") as caught:
        PLAIN[name][0](agenerator)
    assert "from_async_iterable" in str(caught.value)


# What only shows when it is called; the functions are given as many arguments as they are called with.
HIDDEN: dict[str, Make] = {
    "map": lambda fn: F.map(fn),
    "map_not_none": lambda fn: F.map_not_none(fn),
    "filter": lambda fn: F.filter(fn),
    "take_while": lambda fn: F.take_while(fn),
    "buffer_weighted": lambda fn: F.buffer_weighted(1, fn),
    "merge_sorted": lambda fn: F.merge_sorted(key=fn),
    "concat_map_eager": lambda fn: F.concat_map_eager(fn),
    "expand": lambda fn: F.expand(fn),
    "conflate": lambda fn: F.conflate(max, fn),
    "extrapolate": lambda fn: F.extrapolate(fn),
    "starmap": lambda fn: Flow.of((1, 2)).starmap(fn),
    "on_error_map": lambda fn: Flow.error(KeyError()).on_error_map(fn),
    "skip_errors": lambda fn: Flow.of("a").map(int).skip_errors(fn),
    "repeat": lambda fn: F.repeat(until=fn),
    "on_start": lambda fn: F.on_start(fn),
    "on_terminate": lambda fn: F.on_terminate(fn),
    "take_until": lambda fn: F.take_until(fn),
    "skip_while": lambda fn: F.skip_while(fn),
    "distinct": lambda fn: F.distinct(fn),
    "distinct_until_changed": lambda fn: F.distinct_until_changed(fn),
    "scan": lambda fn: Flow.of(1, 2).scan(fn),
    "reduce": lambda fn: Flow.of(1, 2).reduce(fn),
    "reduce with a seed": lambda fn: F.reduce(fn, 0),
    "min": lambda fn: Flow.of(1, 2).min(fn),
    "max": lambda fn: Flow.of(1, 2).max(fn),
    "to_dict": lambda fn: F.to_dict(fn),
    "to_dict of values": lambda fn: F.to_dict(str, fn),
    "group_by": lambda fn: F.group_by(fn).flat_map(lambda group: group),
    "group_by until": lambda fn: F.group_by(str, until=fn).flat_map(lambda group: group),
    "window_until": lambda fn: F.window_until(fn).flat_map(lambda window: window),
    "retry": lambda fn: Flow.error(KeyError()).retry(on=fn),
    "circuit_breaker": lambda fn: Flow.error(KeyError()).circuit_breaker(CircuitBreaker(on=fn)),
    "collect": lambda fn: F.collect(list, fn),
    "collect into": lambda fn: F.collect(fn, list.append),
    "all": lambda fn: F.all(fn),
    "any": lambda fn: F.any(fn),
    "flat_map": lambda fn: F.flat_map(fn),
    "concat_map": lambda fn: F.concat_map(fn),
    "flat_map_iterable": lambda fn: F.flat_map_iterable(fn),
    "tap": lambda fn: F.tap(fn),
    "tap of the end": lambda fn: F.tap(on_complete=fn),
    "tap of all": lambda fn: F.tap(fn, on_request=lambda n: None),
    "on_error_resume": lambda fn: Flow.error(KeyError()).on_error_resume(fn),
    "generate": lambda fn: FLOW.generate(0, fn),
    "defer": lambda fn: FLOW.defer(fn),
}


class ToBeAwaited:
    def __await__(self) -> Any:
        yield


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("pushed", [False, True])
@pytest.mark.parametrize("gives", [coroutine, lambda *_: ToBeAwaited()])
def test_a_function_that_gives_an_awaitable_fails_at_the_first_item(
    name: str, pushed: bool, gives: Any
):
    """And the coroutine is closed: a warning that nobody awaited it would fail the test."""
    flow = HIDDEN[name](lambda *args: gives(*args))
    with pytest.raises(TypeError, match="gave something to be awaited"):
        list(Flow.from_publisher(flow) if pushed else flow)


@pytest.mark.parametrize("name", ["map", "filter", "scan", "reduce", "tap", "distinct"])
def test_so_it_does_in_a_pushed_stage(name: str):
    flow: Any = Flow.from_publisher(Flow.of(1, 2))
    with pytest.raises(TypeError, match="gave something to be awaited"):
        list(getattr(flow, name)(lambda *args: coroutine(*args)))


@pytest.mark.parametrize("name", ["on_finally", "on_discard", "on_drop", "on_cancel"])
def test_where_an_error_cannot_be_signalled_the_hook_is_told(name: str, dropped: Any):
    def fn(*args: Any) -> Any:
        return coroutine(*args)

    flow: Any = {
        "on_finally": lambda: F.on_finally(fn),
        "on_discard": lambda: Flow.range(9).buffer(2).on_discard(fn).take(1),
        "on_drop": lambda: Flow.range(3).on_backpressure_drop(fn),
        "on_cancel": lambda: Flow.range(9).tap(on_cancel=fn).take(1),
    }[name]()
    if name == "on_drop":
        with pytest.raises(TypeError, match="gave something to be awaited"):
            list(flow)
    else:
        seen = probe(flow, 1)
        seen.cancel()
        if name != "on_discard":
            assert "gave something to be awaited" in str(dropped.take(TypeError)[0])


def test_a_flow_and_a_handle_are_what_they_are():
    made = list(F.map(lambda n: Flow.of(n)))
    assert list(made[0]) == [1]
    F.map(lambda n: Flow.of(n).for_each(lambda _: None)).run()


def test_only_the_first_result_is_looked_at():
    async def never() -> None:
        raise NotImplementedError

    left = list(Flow.of(1, 2).map(lambda n: n if n == 1 else never()))
    left[1].close()  # type: ignore[union-attr]


def test_so_are_they_where_a_coroutine_function_is_welcome():
    for call in (F.map_async, F.map_batches, FLOW.create):
        with pytest.raises(TypeError, match="from_async_iterable"):
            call(agenerator)


def test_a_class_whose_objects_are_coroutine_functions_is_none():
    assert not is_coroutine_function(WithAsyncCall)
    assert [type(made) for made in F.map(lambda _: WithAsyncCall())] == [WithAsyncCall]


def test_what_wraps_a_coroutine_function_and_waits_for_it_is_welcome():
    @functools.wraps(coroutine)
    def waits(*args: Any) -> int:
        return asyncio.run(coroutine(*args))

    assert list(F.map(waits)) == [1]


GIVEN: dict[str, tuple[Make, str]] = {
    "Flow of a list": (lambda _: FLOW([1, 2]), "use Flow.from_iterable"),
    "Flow of a generator": (lambda _: FLOW(generator()), "use Flow.from_iterable"),
    "Flow of nothing": (lambda _: FLOW(), "Flow.empty()"),
    "Flow of several": (lambda _: FLOW(1, 2), "use Flow.of"),
    "Flow of a number": (lambda _: FLOW(5), "use Flow.of"),
    "Flow of None": (lambda _: FLOW(None), "use Flow.of"),
    "Flow of a Publisher": (lambda it: FLOW(it), "use Flow.from_publisher"),
    "Flow of a function": (lambda _: FLOW(lambda: F), "use Flow.defer"),
    "Flow of an async generator": (lambda _: FLOW(agenerator()), "use Flow.from_async_iterable"),
    "Flow of a generator function": (lambda _: FLOW(agenerator), "Flow.from_async_iterable(...)"),
    "zip of a list of flows": (lambda _: FLOW.zip([F, F]), "Flow.zip(*flows)"),
    "merge of a list of flows": (lambda _: FLOW.merge([F, F]), "Flow.merge(*flows)"),
    "concat of a tuple of flows": (lambda _: FLOW.concat((F, F)), "Flow.concat(*flows)"),
    "zip of a list": (lambda _: F.zip([1, 2]), "use Flow.from_iterable"),
    "zip of lists": (lambda _: F.zip([F]), "zip(*flows)"),
    "merge of an iterator": (lambda _: F.merge(iter([1])), "use Flow.from_iterable"),
    "merge of a generator": (lambda _: F.merge(f for f in [F]), "merge(*flows)"),
    "concat of a list of flows": (lambda _: F.concat([F, F]), "concat(*flows)"),
    "concat of a number": (lambda _: F.concat(1), "use Flow.of"),
    "concat of a string": (lambda _: F.concat("abc"), "use Flow.from_iterable"),
    "zip of an async generator": (lambda _: F.zip(agenerator()), "use Flow.from_async_iterable"),
    "map of a list": (lambda _: FLOW.map([1], str), "use Flow.from_iterable"),
    "filter of a list": (lambda _: FLOW.filter([1], bool), "use Flow.from_iterable"),
    "subscribe(on_next=)": (lambda _: F.subscribe(on_next=print), "for_each(fn)"),
    "subscribe of functions": (lambda _: F.subscribe(print, print), "for_each(fn)"),
    "subscribe()": (lambda _: F.subscribe(), "for_each(fn)"),
    "subscribe of a function": (lambda _: F.subscribe(print), "for_each(fn)"),
    "from_iterable of a number": (lambda _: FLOW.from_iterable(5), "use of"),
    "from_iterable of an async generator": (
        lambda _: FLOW.from_iterable(agenerator()), "use from_async_iterable"
    ),
    "from_iterable of a generator function": (lambda _: FLOW.from_iterable(generator), "call the"),
    "from_iterable of an async function": (lambda _: FLOW.from_iterable(agenerator), "call the"),
    "from_iterable of a class": (lambda _: FLOW.from_iterable(list), "an object of the class"),
    "from_iterable of a Publisher": (lambda it: FLOW.from_iterable(it), "use from_publisher"),
    "from_iterable of a coroutine": (lambda _: FLOW.from_iterable(coroutine()), "map_async"),
    "from_async_iterable of a list": (lambda _: FLOW.from_async_iterable([1]), "use from_iterable"),
    "from_async_iterable of a function": (lambda _: FLOW.from_async_iterable(agenerator), "call the"),
    "from_async_iterable of a coroutine": (
        lambda _: FLOW.from_async_iterable(coroutine()), "map_async"
    ),
    "from_publisher of a list": (lambda _: FLOW.from_publisher([1]), "use Flow.from_iterable"),
    "from_publisher of an async generator": (
        lambda _: FLOW.from_publisher(agenerator()), "use Flow.from_async_iterable"
    ),
    "defer of a flow": (lambda _: FLOW.defer(F), "lambda *_: flow"),
    "map of a coroutine": (lambda _: F.map(coroutine()), "the function itself"),
    "on_error_resume of a flow": (lambda _: F.on_error_resume(F), "lambda *_: flow"),
    "flat_map of a flow": (lambda _: F.flat_map(F), "lambda *_: flow"),
    "publish_on of a pool": (lambda it: F.publish_on(it.pool), "schedulers.executor(pool)"),
    "subscribe_on of a function": (lambda _: F.subscribe_on(thread), "call it"),
    "publish_on of a name": (lambda _: F.publish_on("thread"), "operators.schedulers"),
    "publish_on of a loop": (lambda it: F.publish_on(it.loop), "schedulers.event_loop(loop)"),
    "retry of None": (lambda _: F.retry(None), "UNBOUNDED"),
    "retry for ever": (lambda _: F.retry(float("inf")), "UNBOUNDED"),
    "take of a str": (lambda _: F.take("3"), "an int of at least 0, got '3' (str)"),
    "pipe that returns nothing": (lambda _: F.pipe(lambda flow: None), "`return` missing"),
    "pipe that returns a coroutine": (
        lambda _: F.pipe(lambda flow: coroutine()), "takes a flow and returns one"
    ),
    # What a function of the user's gives.
    "flat_map to a list": (lambda _: list(F.flat_map(lambda n: [n])), "flat_map_iterable"),
    "flat_map to a number": (lambda _: list(F.flat_map(lambda n: n)), "use Flow.of"),
    "flat_map to None": (lambda _: list(F.flat_map(lambda n: None)), "`return` missing"),
    "flat_map to an async generator": (
        lambda _: list(F.flat_map(lambda n: agenerator())), "use Flow.from_async_iterable"
    ),
    "concat_map to a coroutine": (lambda _: list(F.concat_map(lambda n: coroutine())), "map_async"),
    "defer to a list": (lambda _: list(FLOW.defer(lambda: [1])), "use Flow.from_iterable"),
    "defer to a coroutine": (lambda _: list(FLOW.defer(lambda: coroutine())), "awaited"),
    "resume to a list": (
        lambda _: list(FLOW.error(KeyError()).on_error_resume(lambda e: [e])),
        "use Flow.from_iterable",
    ),
    "generate to a coroutine": (lambda _: list(FLOW.generate(0, lambda n: coroutine())), "awaited"),
    "for_each to a coroutine": (
        lambda _: F.for_each(lambda n: coroutine()).result(), "map_async(fn).for_each"
    ),
}  # fmt: skip


class Given:
    """Somebody's Publisher, and what else a newcomer has at hand."""

    def __init__(self) -> None:
        self.pool: Any = None
        self.loop: Any = None

    def subscribe(self, subscriber: Any) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("name", GIVEN)
def test_the_message_names_what_to_use(name: str):
    call, words = GIVEN[name]
    given = Given()
    given.loop = asyncio.new_event_loop()
    try:
        with ThreadPoolExecutor(1) as given.pool, pytest.raises(TypeError) as caught:
            call(given)
    finally:
        given.loop.close()
    assert words in str(caught.value)
    told = str(caught.value).replace(type(given.loop).__name__, "")
    assert not re.search(r"\b_\w+|_kernel", told), "it names what is ours alone"


SOURCES = [
    "of", "empty", "never", "error", "range", "from_iterable", "from_async_iterable",
    "from_publisher", "from_future", "using", "repeat_value", "defer", "generate", "create", "interval",
    "timer",
]  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_not_to_be_called_on_a_flow(name: str):
    with pytest.raises(TypeError, match=rf"it is Flow\.{name}\("):
        getattr(F, name)(9)
    assert callable(getattr(Flow, name))


def test_every_source_is_known_here():
    found = [name for name in dir(Flow) if isinstance(_attribute(name), classmethod)]
    assert {name for name in found if not name.startswith("_")} == set(SOURCES)


def _attribute(name: str) -> Any:
    return next((vars(base)[name] for base in Flow.__mro__ if name in vars(base)), None)


def test_a_class_of_somebodys_own_has_the_sources_too():
    class Mine(Flow[int]):
        pass

    assert list(Mine.of(1).map(str)) == ["1"]


def test_private_names_stay_private():
    def told(publisher: Any) -> str:
        return Flow.from_publisher(publisher).describe().stages[0].details

    processor: Any = as_processor(lambda flow: flow)
    assert told(processor) == "Processor"
    assert told(Flow.of(1)) == "Flow"
    processor.subscribe(_Ignores())
    with pytest.raises(TypeError, match=r"map: fn must be callable, got a Processor \(Processor\)"):
        F.map(processor)


def test_a_call_that_python_refuses_is_one_of_the_flow():
    with pytest.raises(TypeError, match=r"^Flow\.window\(\) takes 2 positional arguments"):
        F.window(3, 1)
    with pytest.raises(TypeError, match=r"^Flow\.range\(\) got an unexpected keyword"):
        CLASS.range(until=3)
    names = {name for name in dir(Flow) if not name.startswith("__")}
    methods = {
        name: getattr(Flow, name) for name in names if inspect.isroutine(getattr(Flow, name))
    }
    assert {method.__qualname__ for method in methods.values()} == {
        f"Flow.{name}" for name in methods
    }


def test_a_hook_is_a_plain_function():
    for hook, told in ((5, "must be callable"), (coroutine, "give a plain function")):
        with pytest.raises(TypeError, match=f"^set_error_hook: .*{told}"):
            set_error_hook(hook)  # type: ignore[arg-type]


def test_what_cannot_be_spread_names_the_function():
    def named(*_: Any) -> int:
        return 1

    for fn, name in ((named, r"\.named\(\)"), (print, r"^builtins\.print\(\)")):
        with pytest.raises(TypeError, match=name) as caught:
            list(FLOW.of(1).starmap(fn))
        assert "argument after *" in str(caught.value)


def test_a_number_that_is_to_be_awaited():
    with pytest.raises(TypeError, match=r"^partition: fn gave something to be awaited"):
        list(FLOW.of(1).partition(lambda n: coroutine(n), 1)[0])


class _Ignores:
    def on_subscribe(self, _: Any) -> None:
        pass

    on_next = on_error = on_subscribe

    def on_complete(self) -> None:
        pass
