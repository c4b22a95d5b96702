"""Bad arguments: a clear error, naming operator and argument, at the line where the operator is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow, Valve, as_processor
from operators.schedulers import event_loop, executor, immediate
from tests.operators.catalogue import OPERATORS, RUNNING, SOURCES, WITHOUT_ITEMS
from tests.operators.timed_cases import BAD_TIMES

Call = Callable[[Any], Any]
# What a type checker would refuse as well.
SOURCES_OF: Any = Flow
PROCESSOR: Any = as_processor


async def _coroutine(item: int) -> int:
    return item


def _pairs(*calls: tuple[str, Call, type[Exception], str]) -> list[Any]:
    return [pytest.param(*call, id=f"{call[0]}-{number}") for number, call in enumerate(calls)]


NO_FUNCTION = _pairs(
    ("map", lambda f: f.map(3), TypeError, "fn must be callable, got 3 (int)"),
    ("map_not_none", lambda f: f.map_not_none(3), TypeError, "fn must be callable, got 3 (int)"),
    ("filter", lambda f: f.filter(None), TypeError, "predicate must be callable, got None"),
    ("take_while", lambda f: f.take_while("p"), TypeError, "predicate must be callable, got 'p'"),
    ("skip_while", lambda f: f.skip_while(1), TypeError, "predicate must be callable"),
    ("scan", lambda f: f.scan(None), TypeError, "fn must be callable"),
    ("scan", lambda f: f.scan(0, 0), TypeError, "fn must be callable"),
    ("scan", lambda f: f.scan(0, max), TypeError, "the function comes first: scan(fn, seed)"),
    ("scan", lambda f: f.scan(max, seed_factory=1), TypeError, "seed_factory must be callable"),
    ("scan", lambda f: f.scan(max, 1, seed_factory=int), TypeError, "not both"),
    ("reduce", lambda f: f.reduce(0), TypeError, "fn must be callable"),
    ("min", lambda f: f.min(3), TypeError, "key must be callable"),
    ("max", lambda f: f.max("len"), TypeError, "key must be callable"),
    ("to_dict", lambda f: f.to_dict(None), TypeError, "key must be callable"),
    ("to_dict", lambda f: f.to_dict(str, 3), TypeError, "value must be callable"),
    ("collect", lambda f: f.collect([], list.append), TypeError, "factory must be callable"),
    ("collect", lambda f: f.collect(list, None), TypeError, "add must be callable"),
    ("all", lambda f: f.all(None), TypeError, "predicate must be callable"),
    ("any", lambda f: f.any(True), TypeError, "predicate must be callable"),
    ("distinct", lambda f: f.distinct(0), TypeError, "key must be callable"),
    ("distinct_until_changed", lambda f: f.distinct_until_changed(0), TypeError, "key must be"),
    ("flat_map_iterable", lambda f: f.flat_map_iterable([1]), TypeError, "fn must be callable"),
    ("flat_map", lambda f: f.flat_map(Flow.of(1)), TypeError, "fn must be callable"),
    ("concat_map", lambda f: f.concat_map(None), TypeError, "fn must be callable"),
    ("map_async", lambda f: f.map_async(None), TypeError, "fn must be callable"),
    ("map_batches", lambda f: f.map_batches(None), TypeError, "fn must be callable"),
    (
        "map_batches",
        lambda f: f.map_batches(list, max_weight=1, weight=1),
        TypeError,
        "weight must be",
    ),
    ("tap", lambda f: f.tap(1), TypeError, "on_next must be callable"),
    ("tap", lambda f: f.tap(on_error=1), TypeError, "on_error must be callable"),
    ("tap", lambda f: f.tap(on_complete=1), TypeError, "on_complete must be callable"),
    ("tap", lambda f: f.tap(on_request=1), TypeError, "on_request must be callable"),
    ("tap", lambda f: f.tap(on_cancel=1), TypeError, "on_cancel must be callable"),
    ("tap", lambda f: f.tap(), TypeError, "needs at least one function"),
    ("buffer_weighted", lambda f: f.buffer_weighted(1, 2), TypeError, "weight must be callable"),
    ("merge_sorted", lambda f: f.merge_sorted(key=2), TypeError, "key must be callable"),
    ("concat_map_eager", lambda f: f.concat_map_eager(1), TypeError, "fn must be callable"),
    ("expand", lambda f: f.expand([]), TypeError, "fn must be callable"),
    ("conflate", lambda f: f.conflate(3), TypeError, "fn must be callable"),
    ("conflate", lambda f: f.conflate(max, 3), TypeError, "seed must be callable"),
    ("extrapolate", lambda f: f.extrapolate([1]), TypeError, "fn must be callable"),
    ("using", lambda f: SOURCES_OF.using(open, 3), TypeError, "fn must be callable"),
    ("using", lambda f: SOURCES_OF.using(3, open), TypeError, "factory must be callable"),
    ("starmap", lambda f: f.starmap(3), TypeError, "fn must be callable"),
    ("on_error_map", lambda f: f.on_error_map(KeyError()), TypeError, "fn must be callable"),
    ("skip_errors", lambda f: f.map(str).skip_errors([]), TypeError, "to must be callable"),
    ("repeat", lambda f: f.repeat(until=True), TypeError, "until must be callable"),
    ("on_start", lambda f: f.on_start(None), TypeError, "fn must be callable"),
    ("on_terminate", lambda f: f.on_terminate(1), TypeError, "fn must be callable"),
    ("on_finally", lambda f: f.on_finally(None), TypeError, "fn must be callable"),
    ("on_discard", lambda f: f.on_discard([]), TypeError, "fn must be callable"),
    ("on_error_resume", lambda f: f.on_error_resume(Flow.of(1)), TypeError, "fn must be callable"),
    ("on_backpressure_buffer", lambda f: f.on_backpressure_buffer(on_drop=1), TypeError, "on_drop"),
    ("on_backpressure_drop", lambda f: f.on_backpressure_drop(1), TypeError, "on_drop must be"),
    ("on_backpressure_latest", lambda f: f.on_backpressure_latest(1), TypeError, "on_drop must be"),
    ("publish", lambda f: f.publish(on_drop=1), TypeError, "on_drop must be callable"),
    ("group_by", lambda f: f.group_by("k"), TypeError, "key must be callable"),
    ("group_by", lambda f: f.group_by(str, until=1), TypeError, "until must be callable"),
    ("window_until", lambda f: f.window_until(None), TypeError, "predicate must be callable"),
    ("partition", lambda f: f.partition(2), TypeError, "fn must be callable"),
    ("switch_map", lambda f: f.switch_map(Flow.of(1)), TypeError, "fn must be callable"),
    ("pipe", lambda f: f.pipe(1), TypeError, "fn must be callable"),
    ("for_each", lambda f: f.for_each(None), TypeError, "fn must be callable"),
    ("defer", lambda f: SOURCES_OF.defer(Flow.of(1)), TypeError, "factory must be callable"),
    ("generate", lambda f: SOURCES_OF.generate(1, 2), TypeError, "step must be callable"),
    ("create", lambda f: SOURCES_OF.create(None), TypeError, "producer must be callable"),
    ("as_processor", lambda f: PROCESSOR(None), TypeError, "build must be callable"),
)

NO_COUNT = _pairs(
    ("take", lambda f: f.take(-1), ValueError, "n must be at least 0, got -1"),
    ("take", lambda f: f.take(1.0), TypeError, "n must be an int of at least 0, got 1.0 (float)"),
    ("take", lambda f: f.take(True), TypeError, "n must be an int"),
    ("take", lambda f: f.take(None), TypeError, "n must be an int"),
    ("take_last", lambda f: f.take_last(-1), ValueError, "n must be at least 0, got -1"),
    ("take_last", lambda f: f.take_last(1.5), TypeError, "n must be an int"),
    ("shuffle", lambda f: f.shuffle(0), ValueError, "buffer must be at least 1, got 0"),
    ("shuffle", lambda f: f.shuffle(seed="1"), TypeError, "seed must be an int or None, got"),
    ("skip_last", lambda f: f.skip_last(-1), ValueError, "n must be at least 0, got -1"),
    ("skip_last", lambda f: f.skip_last("2"), TypeError, "n must be an int"),
    ("skip", lambda f: f.skip(-1), ValueError, "n must be at least 0, got -1"),
    ("skip", lambda f: f.skip("2"), TypeError, "n must be an int"),
    ("enumerate", lambda f: f.enumerate("1"), TypeError, "start must be an int"),
    ("enumerate", lambda f: f.enumerate(True), TypeError, "start must be an int"),
    ("element_at", lambda f: f.element_at(-1), ValueError, "index must be at least 0"),
    ("element_at", lambda f: f.element_at("1"), TypeError, "index must be an int"),
    ("buffer", lambda f: f.buffer(0), ValueError, "size must be at least 1, got 0"),
    ("buffer", lambda f: f.buffer(2.5), TypeError, "size must be an int"),
    ("retry", lambda f: f.retry(-1), ValueError, "times must be at least 0"),
    ("retry", lambda f: f.retry(2.0), TypeError, "times must be an int"),
    ("buffer", lambda f: f.buffer(2, 0), ValueError, "skip must be at least 1, got 0"),
    ("buffer", lambda f: f.buffer(2, "1"), TypeError, "skip must be an int"),
    (
        "buffer_weighted",
        lambda f: f.buffer_weighted(0, int),
        ValueError,
        "limit must be greater than 0",
    ),
    ("buffer_weighted", lambda f: f.buffer_weighted("1", int), TypeError, "limit must be a number"),
    (
        "concat_map_eager",
        lambda f: f.concat_map_eager(Flow.of, concurrency=0),
        ValueError,
        "concurrency",
    ),
    ("expand", lambda f: f.expand(Flow.of, capacity=0), ValueError, "capacity must be at least 1"),
    ("interleave", lambda f: f.interleave(size=0), ValueError, "size must be at least 1"),
    ("interleave", lambda f: f.interleave(prefetch=0), ValueError, "prefetch must be at least 1"),
    ("zip_longest", lambda f: f.zip_longest(prefetch=0), ValueError, "prefetch must be at least 1"),
    ("cap_demand", lambda f: f.cap_demand(0), ValueError, "most must be at least 1"),
    (
        "batch_while_waiting",
        lambda f: f.batch_while_waiting(0),
        ValueError,
        "size must be at least 1",
    ),
    ("valve", lambda f: f.valve(Valve(), prefetch=0), ValueError, "prefetch must be at least 1"),
    ("repeat", lambda f: f.repeat(-1), ValueError, "times must be at least 0"),
    ("repeat", lambda f: f.repeat(None), TypeError, "times must be an int"),
    ("limit_rate", lambda f: f.limit_rate(0), ValueError, "batch must be at least 1"),
    (
        "flat_map",
        lambda f: f.flat_map(Flow.of, concurrency=0),
        ValueError,
        "concurrency must be at",
    ),
    ("flat_map", lambda f: f.flat_map(Flow.of, concurrency=True), TypeError, "concurrency must be"),
    (
        "flat_map",
        lambda f: f.flat_map(Flow.of, prefetch=0),
        ValueError,
        "prefetch must be at least",
    ),
    ("map_async", lambda f: f.map_async(str, concurrency=0), ValueError, "concurrency must be at"),
    ("map_async", lambda f: f.map_async(str, concurrency="2"), TypeError, "concurrency must be an"),
    ("map_batches", lambda f: f.map_batches(list, max_size=0), ValueError, "max_size must be at"),
    (
        "map_batches",
        lambda f: f.map_batches(list, concurrency=0),
        ValueError,
        "concurrency must be",
    ),
    (
        "map_batches",
        lambda f: f.map_batches(list, max_weight="1", weight=len),
        TypeError,
        "max_weight",
    ),
    ("map_batches", lambda f: f.map_batches(list, weight=len), TypeError, "go together"),
    ("zip", lambda f: f.zip(Flow.of(1), prefetch=0), ValueError, "prefetch must be at least 1"),
    ("merge", lambda f: f.merge(Flow.of(1), prefetch=0), ValueError, "prefetch must be at least 1"),
    ("publish_on", lambda f: f.publish_on(immediate(), prefetch=0), ValueError, "prefetch must be"),
    ("publish_on", lambda f: f.publish_on(immediate(), prefetch=None), TypeError, "prefetch must"),
    (
        "on_backpressure_buffer",
        lambda f: f.on_backpressure_buffer(0),
        ValueError,
        "capacity must be",
    ),
    ("on_backpressure_buffer", lambda f: f.on_backpressure_buffer(1.5), TypeError, "capacity must"),
    (
        "create",
        lambda f: SOURCES_OF.create(print, capacity=0),
        ValueError,
        "capacity must be at least 1",
    ),
    ("publish", lambda f: f.publish(prefetch=0), ValueError, "prefetch must be at least 1"),
    ("publish", lambda f: f.publish(idle="x"), ValueError, "idle must be one of hold, drop"),
    ("share", lambda f: f.share(prefetch=1.5), TypeError, "prefetch must be an int"),
    ("share", lambda f: f.share(grace=-1), ValueError, "grace must be"),
    ("replay", lambda f: f.replay(0), ValueError, "n must be at least 1"),
    ("replay", lambda f: f.replay(None), TypeError, "without a bound it is UNBOUNDED"),
    ("replay", lambda f: f.replay(1, age="x"), TypeError, "age must be a number of seconds"),
    ("group_by", lambda f: f.group_by(str, groups=0), ValueError, "groups must be at least 1"),
    ("group_by", lambda f: f.group_by(str, most=0), ValueError, "most must be at least 1"),
    ("group_by", lambda f: f.group_by(str, idle="1"), TypeError, "idle must be a number of"),
    ("switch_on_first", lambda f: f.switch_on_first(Flow.of(1)), TypeError, "fn must be callable"),
    (
        "switch_on_first",
        lambda f: f.switch_on_first(max, prefetch=0),
        ValueError,
        "prefetch must be",
    ),
    ("switch_map", lambda f: f.switch_map(str, prefetch=0), ValueError, "prefetch must be at"),
    ("combine_latest", lambda f: f.combine_latest(f, prefetch=0), ValueError, "prefetch must be"),
    ("window", lambda f: f.window(0), ValueError, "n must be at least 1"),
    ("window", lambda f: f.window(1, prefetch=0), ValueError, "prefetch must be at least 1"),
    ("window_time", lambda f: f.window_time(0), ValueError, "seconds must be"),
    ("window_time", lambda f: f.window_time(1, most=0), ValueError, "most must be at least 1"),
    ("broadcast", lambda f: f.broadcast(0), ValueError, "n must be at least 1"),
    ("balance", lambda f: f.balance("2"), TypeError, "n must be an int"),
    ("parallel", lambda f: f.parallel(0), ValueError, "n must be at least 1"),
    ("partition", lambda f: f.partition(bool, 0), ValueError, "n must be at least 1"),
    ("range", lambda f: SOURCES_OF.range(1, 2, 0), ValueError, "must not be zero"),
    ("range", lambda f: SOURCES_OF.range(1.5), TypeError, "float"),
)

NOT_THAT = _pairs(
    ("combine_latest", lambda f: f.combine_latest([1]), TypeError, "others must give a Flow"),
    ("with_latest_from", lambda f: f.with_latest_from(3), TypeError, "others must give a Flow"),
    ("race", lambda f: f.race(None), TypeError, "others must give a Flow or a Publisher"),
    ("apply", lambda f: f.apply(print), TypeError, "needs an operator made with operators.custom"),
    ("to_marbles", lambda f: f.to_marbles(most=0), ValueError, "most must be at least 1"),
    ("also_to", lambda f: f.also_to(print), TypeError, "is not a Subscriber"),
    ("wire_tap", lambda f: f.wire_tap(3), TypeError, "is not a Subscriber"),
    ("of", lambda f: SOURCES_OF.of(1, None), TypeError, "None is not an element"),
    ("from_iterable", lambda f: SOURCES_OF.from_iterable(5), TypeError, "needs an iterable, got 5 (int)"),
    ("from_iterable", lambda f: SOURCES_OF.from_iterable(None), TypeError, "needs an iterable, got None"),
    ("from_iterable", lambda f: SOURCES_OF.from_iterable(list), TypeError, "needs an iterable"),
    ("from_async_iterable", lambda f: SOURCES_OF.from_async_iterable([1]), TypeError, "an async iterable"),
    ("from_publisher", lambda f: SOURCES_OF.from_publisher(5), TypeError, "is not a Publisher"),
    ("from_publisher", lambda f: SOURCES_OF.from_publisher(None), TypeError, "is not a Publisher"),
    ("error", lambda f: SOURCES_OF.error("no"), TypeError, "needs an Exception (an instance), got 'no'"),
    ("error", lambda f: SOURCES_OF.error(ValueError), TypeError, "needs an Exception (an instance)"),
    ("error", lambda f: SOURCES_OF.error(KeyboardInterrupt()), TypeError, "needs an Exception"),
    ("first", lambda f: f.first(default=None), TypeError, "default must not be None"),
    ("last", lambda f: f.last(default=None), TypeError, "default must not be None"),
    ("single", lambda f: f.single(default=None), TypeError, "default must not be None"),
    ("element_at", lambda f: f.element_at(0, default=None), TypeError, "default must not be None"),
    ("min", lambda f: f.min(default=None), TypeError, "default must not be None"),
    ("max", lambda f: f.max(default=None), TypeError, "default must not be None"),
    ("sum", lambda f: f.sum(None), TypeError, "start must be something to add to"),
    ("contains", lambda f: f.contains(None), TypeError, "None is not an element"),
    ("on_error_return", lambda f: f.on_error_return(None), TypeError, "None is not an element"),
    ("default_if_empty", lambda f: f.default_if_empty(None), TypeError, "None is not an element"),
    ("switch_if_empty", lambda f: f.switch_if_empty([1]), TypeError, "other must give a Flow or a"),
    ("valve", lambda f: f.valve(True), TypeError, "needs a Valve, got True (bool)"),
    ("from_future", lambda f: SOURCES_OF.from_future(3), TypeError, "needs a future"),
    ("repeat_value", lambda f: SOURCES_OF.repeat_value(None), TypeError, "None is not an element"),
    ("start_with", lambda f: f.start_with(1, None), TypeError, "None is not an element"),
    ("merge_sorted", lambda f: f.merge_sorted([1]), TypeError, "others must give a Flow or a Publisher"),
    ("zip_longest", lambda f: f.zip_longest(3), TypeError, "others must give a Flow or a Publisher"),
    ("skip_errors", lambda f: f.skip_errors(list), TypeError, "stands behind of"),
    ("skip_errors", lambda f: f.map(str).take(2).skip_errors(list), TypeError, "behind take"),
    ("of_type", lambda f: f.of_type("int"), TypeError, "kind must be a class, or a tuple of some"),
    ("of_type", lambda f: f.of_type(()), TypeError, "kind must be a class, or a tuple of some"),
    ("cast", lambda f: f.cast((int, 3)), TypeError, "kind must be a class, or a tuple of some"),
    ("zip", lambda f: f.zip(5), TypeError, "others must give a Flow or a Publisher, got 5 (int)"),
    ("merge", lambda f: f.merge(None), TypeError, "others must give a Flow or a Publisher"),
    ("concat", lambda f: f.concat([1]), TypeError, "got [1] (list)"),
    ("checkpoint", lambda f: SOURCES_OF.range(3).checkpoint(3), TypeError, "a state is what state"),
    ("watch", lambda f: f.watch(stall=0), ValueError, "stall must be more than 0 seconds"),
    ("named", lambda f: f.named(3), TypeError, "label must be a str, got 3"),
    ("pipe", lambda f: f.pipe(list), TypeError, "fn must return a Flow, got [1] (list)"),
    ("create", lambda f: SOURCES_OF.create(print, overflow="spill"), ValueError, "overflow must be one of"),
    ("create", lambda f: SOURCES_OF.create(print, scheduler=3), TypeError, "is not a Scheduler"),
    ("on_backpressure_buffer", lambda f: f.on_backpressure_buffer(9, overflow="latest"), ValueError,
     "overflow must be one of error, drop_newest, drop_oldest, block; got 'latest'"),
    ("publish_on", lambda f: f.publish_on(None), TypeError, "None (NoneType) is not a Scheduler"),
    ("cancel_on", lambda f: f.cancel_on(3), TypeError, "is not a Scheduler"),
    ("subscribe_on", lambda f: f.subscribe_on(3), TypeError, "is not a Scheduler"),
    ("map_async", lambda f: f.map_async(str, executor=5), TypeError, "concurrent.futures.Executor"),
    ("map_batches", lambda f: f.map_batches(list, executor=5), TypeError, "futures.Executor"),
    ("map_batches", lambda f: f.map_batches(list, scheduler=5), TypeError, "is not a Scheduler"),
    ("subscribe", lambda f: f.subscribe(None), TypeError, "None (NoneType) is not a Subscriber"),
    ("subscribe", lambda f: f.subscribe(print), TypeError, "it has no on_subscribe, on_next"),
    ("as_processor", lambda f: PROCESSOR(lambda flow: 1), TypeError, "build must return a Flow"),
)  # fmt: skip

NO_TIME = _pairs(*BAD_TIMES)

TABLE = [*NO_TIME, *NO_FUNCTION, *NO_COUNT, *NOT_THAT]
TAKES_ANYTHING = {
    "cache", "empty", "never", "pairwise", "count", "to_list", "to_set", "materialize", "dematerialize",
    "ignore_elements", "run", "describe", "explain"
}  # fmt: skip
"""Those without an argument that could be wrong (a file that cannot be written to aside)."""


@pytest.mark.parametrize(("name", "call", "kind", "words"), TABLE)
def test_a_bad_argument_is_refused_when_the_operator_is_called(
    name: str, call: Call, kind: type[Exception], words: str
):
    with pytest.raises(kind, match=re.escape(words)) as caught:
        call(Flow.of(1))
    if name != "range":  # which says what the built-in says
        assert str(caught.value).startswith(f"{name}: ")


def test_every_method_has_its_line_in_the_table():
    told = {param.values[0] for param in TABLE}
    known = {case.name for case in OPERATORS.values()} | {made.name for made in SOURCES.values()}

    assert (known | WITHOUT_ITEMS | RUNNING) - told - TAKES_ANYTHING == set()


def test_a_coroutine_function_does_not_go_with_an_executor():
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(TypeError, match="map_async: a coroutine function"),
    ):
        Flow.of(1).map_async(_coroutine, executor=pool)


def test_a_process_pool_is_no_scheduler():
    with (
        ProcessPoolExecutor(1) as pool,
        pytest.raises(TypeError, match="executor: stages cannot run on a process pool"),
    ):
        executor(pool)


def test_no_pool_is_no_scheduler():
    with pytest.raises(TypeError, match="executor: pool must be"):
        executor(None)  # type: ignore[arg-type]


def test_what_is_no_loop_is_no_scheduler():
    with pytest.raises(TypeError, match="event_loop: loop must be"):
        event_loop(3)  # type: ignore[arg-type]


def test_async_iterables_are_pointed_to_their_source():
    async def numbers():
        yield 1

    with pytest.raises(TypeError, match="use from_async_iterable"):
        Flow.from_iterable(numbers())


def test_lists_are_pointed_to_flat_map_iterable():
    with pytest.raises(TypeError, match="there is flat_map_iterable"):
        list(SOURCES_OF.of(1).flat_map(lambda n: [n]))
