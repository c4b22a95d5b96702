"""The runs in which time goes by, or several Subscribers take part; one letter is one second."""

from __future__ import annotations

from functools import partial

from tools.operator_pages.watch import Scene

_timed = partial(Scene, timed=True)
_TICKS = "1-2-3|"
_QUICK = "12-3---4|"

TIMED: dict[str, Scene] = {
    "from_async_iterable": _timed(
        "import asyncio\n\nasync def lines():\n    for n in range(2):\n"
        '        await asyncio.sleep(1)\n        yield f"line {n}"\n\n'
        "Flow.from_async_iterable(lines())",
        "^1---^*",
    ),
    "create": _timed(
        "async def produce(emitter):\n    for n in range(3):\n        await emitter.emit(n)\n\n"
        "Flow.create(produce)",
        "^2--^*",
    ),
    "switch_map": _timed("source.switch_map(lambda n: flow('x-y-z|'))", "^*", source="1--2|"),
    "switch_on_first": _timed(
        "source.switch_on_first(lambda first, all_of: all_of.map(lambda n: first + n))",
        "^*",
        source="1-2-3|",
    ),
    "combine_latest": _timed("source.combine_latest(a)", "^*", source="1--2|", a="-x--y|"),
    "with_latest_from": _timed("source.with_latest_from(a)", "^*", source="1-2-3|", a="-x|"),
    "race": _timed("source.race(a)", "^2", source="--12|", a="-xy|"),
    "publish_on": _timed("source.publish_on(clock, prefetch=4)", "^1--^*", source="1234|"),
    "subscribe_on": _timed("source.subscribe_on(clock)"),
    "cancel_on": _timed("source.cancel_on(clock).take(2)"),
    "restart": _timed("source.restart(1.0, times=1)", "^*", source="1|"),
    "circuit_breaker": _timed(
        "breaker = CircuitBreaker(failures=1)\n"
        "flow = source.circuit_breaker(breaker, fallback=lambda error: a)\nflow.concat(flow)",
        "^*",
        source="1#",
        a="x|",
    ),
    "on_discard": _timed("source.buffer(2).on_discard(called)", "^2---!", source="123---|"),
    # Backpressure
    "on_backpressure_latest": _timed(
        "source.on_backpressure_latest()", "^1---^1-^1", source="1234|"
    ),
    "on_backpressure_drop": _timed(
        "source.on_backpressure_drop(called)", "^1---^*", source="1234|"
    ),
    "throttle": _timed("source.throttle(0.5)", "^*"),
    "shed": _timed("source.shed(2, priority=lambda n: n, on_drop=called)", "----^*", source="312|"),
    "valve": _timed(
        "valve = Valve()\nvalve.pause()\n"
        "clock.worker().schedule(valve.resume, 3.0)\nsource.valve(valve)",
        "^*",
    ),
    "conflate": _timed("source.conflate(lambda a, b: a + b)", "^1---^*", source="1234|"),
    "batch_while_waiting": _timed("source.batch_while_waiting(4)", "^1---^*", source="1234|"),
    "extrapolate": _timed(
        "from itertools import repeat\n\nsource.extrapolate(repeat)", "^2-^1-^2", source="1--2|"
    ),
    # Time
    "interval": _timed("Flow.interval(1)", "^2-^1--^1-"),
    "timer": _timed("Flow.timer(2)", "^1"),
    "delay": _timed("source.delay(2)", "^*"),
    "delay_subscription": _timed("source.delay_subscription(2)", "^*"),
    "timeout": _timed("source.timeout(2)", "^*", source="12---3|"),
    "idle_timeout": _timed("source.idle_timeout(2)", "^*", source="12---3|"),
    "backpressure_timeout": _timed("source.backpressure_timeout(2)", "^2", source="123|"),
    "debounce": _timed("source.debounce(2)", "^*", source=_QUICK),
    "sample": _timed("source.sample(2)", "^*", source=_QUICK),
    "throttle_first": _timed("source.throttle_first(2)", "^*", source=_QUICK),
    "throttle_last": _timed("source.throttle_last(2)", "^*", source=_QUICK),
    "buffer_time": _timed("source.buffer_time(3, capacity=8)", "^*", source=_QUICK),
    "buffer_size_or_time": _timed("source.buffer_size_or_time(2, 2)", "^*", source=_QUICK),
    "take_until": _timed("source.take_until(3)", "^*", source=_TICKS),
    "skip_until": _timed("source.skip_until(1)", "^*", source=_TICKS),
    "keep_alive": _timed("source.keep_alive(2, lambda: 'still here')", "^*", source="1----2|"),
    "timestamp": _timed("source.timestamp()", "^*", source=_TICKS),
    "time_interval": _timed("source.time_interval()", "^*", source=_TICKS),
    # Share
    "publish": Scene(
        "shared = source.publish(prefetch=2).ref_count(2)\nshared, shared", ("^*", "^1^*")
    ),
    "share": _timed("shared = source.share(prefetch=4)\nshared, shared", ("^*", "-^*")),
    "replay": Scene(
        "shared = source.replay(1, prefetch=4).auto_connect()\nshared, shared", "^*", source="123|"
    ),
    "cache": Scene("cached = source.cache()\ncached, cached", "^*", source="12|"),
    # Split
    "group_by": _timed("source.group_by(lambda n: n % 2, prefetch=4)", "^*"),
    "window": _timed("source.window(2, prefetch=4)", "^*"),
    "window_until": _timed(
        "source.window_until(lambda n: n == 0, prefetch=4)", "^*", source="102|"
    ),
    "window_time": _timed("source.window_time(2, prefetch=4)", "^*", source="1-2|"),
    "broadcast": Scene("source.broadcast(2, prefetch=2)", ("^*", "^1^*")),
    "balance": Scene("source.balance(2, prefetch=2)", ("^1^1", "^1^1"), source="1234|"),
    "parallel": Scene(
        "source.parallel(2, prefetch=2).map(lambda n: n * n).sequential(prefetch=2)",
        "^1^*",
        source="1234|",
    ),
    "partition": Scene("source.partition(lambda n: n % 2, prefetch=4)", "^*", source="1234|"),
    "also_to": Scene("source.also_to(subscriber('the other', 1), prefetch=2)", "^*", source="12|"),
    "wire_tap": Scene("source.wire_tap(subscriber('the other', 1), prefetch=2)", "^*"),
    "kill_switch": _timed(
        "switch = KillSwitch()\nclock.worker().schedule(switch.shutdown, 1.5)\n"
        "source.kill_switch(switch)",
        "^*",
        source=_TICKS,
    ),
}
