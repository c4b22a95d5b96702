"""A small run of each operator, for the picture on its page."""

from __future__ import annotations

from tools.operator_pages.timed_scenes import TIMED
from tools.operator_pages.watch import Scene

_FETCH = """import asyncio

async def fetch(n):
    await asyncio.sleep(4 - n)
    return f"page {n}"

"""

_EMBED = """import asyncio

async def embed(batch):
    await asyncio.sleep(2.5)
    return [n * n for n in batch]

"""

SCENES: dict[str, Scene] = {
    # Sources
    "of": Scene('Flow.of("a", "b", "c")'),
    "empty": Scene("Flow.empty()", ""),
    "never": Scene("Flow.never()", "^*!"),
    "error": Scene('Flow.error(ValueError("no"))', ""),
    "range": Scene("Flow.range(3)", "^2^1"),
    "from_iterable": Scene("Flow.from_iterable(iter([1, 2, 3]))"),
    "from_publisher": Scene("Flow.from_publisher(source)"),
    "defer": Scene("Flow.defer(lambda: source)"),
    "generate": Scene("Flow.generate(1, lambda n: (n, 2 * n) if n < 8 else None)"),
    "repeat_value": Scene('Flow.repeat_value("a")', "^2^1!"),
    "from_future": Scene(
        "from concurrent.futures import Future\n\nfuture = Future()\nfuture.set_result(7)\n"
        "Flow.from_future(future)",
        "^1",
    ),
    "using": Scene(
        "from contextlib import contextmanager\n\n@contextmanager\ndef opened():\n"
        '    called("open")\n    yield "file"\n    called("close")\n\n'
        "Flow.using(opened, lambda file: source)",
    ),
    # Transform
    "map": Scene("source.map(lambda n: n * n)"),
    "starmap": Scene("source.map(lambda n: (n, 10)).starmap(lambda a, b: a + b)"),
    "map_not_none": Scene('source.map_not_none({1: "one", 3: "three"}.get)'),
    "scan": Scene("source.scan(lambda total, n: total + n)"),
    "reduce": Scene("source.reduce(lambda total, n: total + n)", "^1"),
    "enumerate": Scene("a.enumerate()"),
    "pairwise": Scene("source.pairwise()", "^1^*"),
    "buffer": Scene("source.buffer(2)", "^1^1", source="123|"),
    "flat_map_iterable": Scene("source.flat_map_iterable(range)", "^2^2^*"),
    "shuffle": Scene("source.shuffle(2, seed=3)", "^2^*", source="1234|"),
    "buffer_weighted": Scene("source.buffer_weighted(3, lambda n: n)", "^1^*", source="1232|"),
    "materialize": Scene("source.materialize()", "^2^*", source="12|"),
    "dematerialize": Scene("source.map(OnNext).dematerialize()"),
    # Filter
    "filter": Scene("source.filter(lambda n: n % 2)"),
    "take": Scene("source.take(2)", "^*", source="1234|"),
    "take_while": Scene("source.take_while(lambda n: n < 3)", "^*", source="1234|"),
    "skip": Scene("source.skip(2)", "^1^*", source="1234|"),
    "skip_while": Scene("source.skip_while(lambda n: n < 2)"),
    "distinct": Scene("source.distinct()", source="12131|"),
    "distinct_until_changed": Scene("source.distinct_until_changed()", source="1121|"),
    "take_last": Scene("source.take_last(2)", "^1^1"),
    "skip_last": Scene("source.skip_last(1)", "^1^*"),
    "ignore_elements": Scene("source.ignore_elements()", "^1"),
    "default_if_empty": Scene("source.default_if_empty(0)", "^1", source="|"),
    "switch_if_empty": Scene("source.switch_if_empty(a)", "^2^*", source="|"),
    "of_type": Scene("source.of_type(int)", source="1x2|"),
    "cast": Scene("source.cast(int)", source="12x3|"),
    # Combine
    "flat_map": Scene(
        "source.flat_map(lambda n: flow('xy|'), concurrency=2, prefetch=2)", "^3^*", "12|"
    ),
    "concat_map": Scene("source.concat_map(lambda n: flow('xy|'))", "^3^*", source="12|"),
    "zip": Scene("source.zip(a, prefetch=2)", a="xy|"),
    "zip_longest": Scene("source.zip_longest(a, prefetch=2, fillvalue='-')", "^*", a="x|"),
    "merge": Scene("source.merge(a, prefetch=2)", a="xy|"),
    "merge_sorted": Scene("source.merge_sorted(a, prefetch=2)", "^*", source="14|", a="23|"),
    "interleave": Scene("source.interleave(a, prefetch=2)", a="xy|"),
    "start_with": Scene("source.start_with(0)"),
    "concat": Scene("source.concat(a)", source="12|", a="xy|"),
    "concat_map_eager": Scene(
        "source.concat_map_eager(lambda n: flow('xy|'), concurrency=2, prefetch=2)", "^*", "12|"
    ),
    "expand": Scene("source.expand(lambda n: Flow.range(n))", "^*", source="2|"),
    # Results
    "first": Scene("source.first()", "^1"),
    "last": Scene("source.last()", "^1"),
    "single": Scene("source.single()", "^1"),
    "element_at": Scene("source.element_at(1)", "^1"),
    "count": Scene("source.count()", "^1"),
    "sum": Scene("source.sum()", "^1"),
    "min": Scene("source.min()", "^1", source="213|"),
    "max": Scene("source.max()", "^1", source="132|"),
    "to_list": Scene("source.to_list()", "^1"),
    "to_set": Scene("source.to_set()", "^1", source="121|"),
    "to_dict": Scene("source.to_dict(str)", "^1"),
    "collect": Scene("source.collect(list, list.append)", "^1"),
    "all": Scene("source.all(lambda n: n < 2)", "^1"),
    "any": Scene("source.any(lambda n: n == 2)", "^1"),
    "contains": Scene("source.contains(2)", "^1"),
    # Errors
    "on_error_return": Scene("source.on_error_return(0)", source="12#"),
    "on_error_resume": Scene("source.on_error_resume(lambda error: a)", "^3^*", source="12#"),
    "on_error_map": Scene("source.on_error_map(lambda error: OSError(error))", source="12#"),
    "skip_errors": Scene("source.map(int).skip_errors(called)", source="1x2|"),
    "retry": Scene("source.retry(1)", "^3^*", source="12#"),
    "repeat": Scene("source.repeat(2)", "^3^*", source="12|"),
    # Backpressure
    "limit_rate": Scene("source.limit_rate(4)", "^*", source="123456|"),
    "on_backpressure_buffer": Scene("source.on_backpressure_buffer(8)", "^1^*"),
    "cap_demand": Scene("source.cap_demand(2)", "^*", source="1234|"),
    # Lifecycle
    "tap": Scene("source.tap(called)", "^*"),
    "on_start": Scene("source.on_start(called)"),
    "on_terminate": Scene("source.on_terminate(called)"),
    "on_finally": Scene("source.on_finally(called)", "^2!"),
    "checkpoint": Scene(
        'state = {"version": 1, "given": 2, "flow": ["range"]}\nFlow.range(5).checkpoint(state)',
        "^1^*",
    ),
    "named": Scene('source.map(str).named("as text")'),
    "pipe": Scene("source.pipe(lambda flow: flow.map(str))"),
    "watch": Scene("source.map(str).watch(stall=5.0)", "^*"),
    "apply": Scene(
        "from operators.custom import Stage\n\nclass Twice(Stage[int, int]):\n"
        "    def on_push(self, item):\n        self.push(2 * item)\n\nsource.apply(Twice())"
    ),
    # Concurrency
    "map_async": Scene(_FETCH + "source.map_async(fetch, concurrency=2)", "^*", timed=True),
    "map_batches": Scene(
        _EMBED + "source.map_batches(embed, max_size=2)", "^*", source="12345|", timed=True
    ),
    **TIMED,
}
"""Of each method of Flow that makes an operator; what the code leaves out is `source`, 1 2 3."""
