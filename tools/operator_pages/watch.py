"""Run a scene, and take note of every signal on both sides of its operator, in the one order they came."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import operators
from operators import DeadLetter, Flow
from operators._kernel.failures.failure import brief
from operators.testing import VirtualClock, marbles
from operators.testing._inside import inside
from operators.testing._notation import parse_demand
from reactive_streams import UNBOUNDED

MOST = 200.0
"""Seconds of virtual time after which a scene is left."""


@dataclass(frozen=True)
class Scene:
    """A small run of one operator.

    `code` is what a reader would write, where `source`, `a` and `b` are flows; its last expression is the
    flow that is run, or several. `asks` is what its Subscriber asks for, in marbles (`^2--^1!`); of several
    each has its own, or all the same.
    """

    code: str
    asks: str | tuple[str, ...] = "^2^*"
    source: str = "123|"
    a: str = "xyz|"
    b: str = "uvw|"
    timed: bool = False

    def asked(self, number: int) -> str:
        """What the Subscriber of this number asks for."""
        return self.asks if isinstance(self.asks, str) else self.asks[number]


@dataclass(frozen=True)
class Event:
    """One signal: on which lane, which way, at what time."""

    lane: str
    way: str
    text: str
    at: float


@dataclass
class Watch:
    """The lanes of a run, those that come in left and those that go out right, and what passed on them."""

    name: str
    clock: VirtualClock = field(default_factory=VirtualClock)
    left: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    over: bool = False

    def note(self, lane: str, way: str, text: str) -> None:
        """Take note of a signal, unless the run is over."""
        if not self.over:
            self.events.append(Event(lane, way, text, self.clock.now()))

    def flow(self, lane: str, text: str) -> Flow[Any]:
        """A flow of marbles whose signals are seen; digits are numbers, and it goes by the loop's time."""
        values = lambda word: int(word) if word.isdigit() else word  # noqa: E731
        made = marbles(text, values=values, error=ValueError("no"))
        return Flow.from_publisher(_Seen(made, lane, self))


@dataclass(frozen=True)
class _Seen:
    publisher: Any
    lane: str
    watch: Watch

    def subscribe(self, subscriber: Any) -> None:
        lane = self.lane
        if lane in self.watch.left:
            lane = f"{lane}, again"
        if lane not in self.watch.left:
            self.watch.left.append(lane)
        self.publisher.subscribe(_Upstream(subscriber, lane, self.watch))


class _Between:
    """Passes signals on, and has them seen."""

    def __init__(self, lane: str, watch: Watch) -> None:
        self._lane = lane
        self._watch = watch
        self._up: Any = None

    def _down(self, text: str) -> None:
        self._watch.note(self._lane, "down", text)

    def request(self, n: int) -> None:
        asked = "∞" if n == UNBOUNDED else str(n)
        self._watch.note(self._lane, "up", f"request({asked})")
        self._up.request(n)

    def cancel(self) -> None:
        self._watch.note(self._lane, "up", "cancel")
        self._up.cancel()


class _Upstream(_Between):
    """Stands between a source and the operator."""

    def __init__(self, subscriber: Any, lane: str, watch: Watch) -> None:
        super().__init__(lane, watch)
        self._to = subscriber

    def on_subscribe(self, subscription: Any) -> None:
        self._up = subscription
        self._to.on_subscribe(self)

    def on_next(self, item: Any) -> None:
        self._down(brief(item))
        self._to.on_next(item)

    def on_error(self, error: Exception) -> None:
        self._down(type(error).__name__)
        self._to.on_error(error)

    def on_complete(self) -> None:
        self._down("complete")
        self._to.on_complete()


class _Downstream(_Between):
    """The Subscriber of a run; what it gets that is a flow itself it subscribes to as well."""

    def __init__(self, lane: str, watch: Watch, first: int = 0) -> None:
        super().__init__(lane, watch)
        self.ended = False
        self._first = first
        watch.right.append(lane)

    def on_subscribe(self, subscription: Any) -> None:
        self._up = subscription
        if self._first:
            self.request(self._first)

    def on_next(self, item: Any) -> None:
        if not isinstance(item, Flow):
            self._down(_shown(item))
            return
        key = getattr(item, "key", None)
        lanes = sum(1 for lane in self._watch.right if lane.startswith("flow "))
        lane = f"flow {lanes + 1}" if key is None else f"flow {key!r}"
        self._down(lane)
        item.subscribe(_Downstream(lane, self._watch, first=UNBOUNDED))

    def on_error(self, error: Exception) -> None:
        self.ended = True
        self._watch.errors.append(error)
        self._down(type(error).__name__)

    def on_complete(self) -> None:
        self.ended = True
        self._down("complete")


def _shown(item: Any) -> str:
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return repr(item)
    return brief(item)


def watched(name: str, scene: Scene) -> Watch:
    """Run a scene of the operator of this name; what was seen."""
    watch = Watch(name)
    if not scene.timed:
        _run(watch, scene, _now)
        return watch
    with inside(watch.clock, name) as run:
        _run(watch, scene, run)
    return watch


def _now(fn: Callable[[], object]) -> None:
    fn()


def _run(watch: Watch, scene: Scene, run: Callable[[Callable[[], object]], None]) -> None:
    subscribers: list[_Downstream] = []

    def begin() -> None:
        made = evaluated(scene, watch)
        flows = made if isinstance(made, tuple) else (made,)
        one = len(flows) == 1
        for number, flow in enumerate(flows):
            subscribers.append(
                _Downstream("subscriber" if one else f"subscriber {number + 1}", watch)
            )
            flow.subscribe(subscribers[-1])

    run(begin)
    asks = [
        (mark, subscriber)
        for number, subscriber in enumerate(subscribers)
        for mark in parse_demand(scene.asked(number))
    ]
    asks.sort(key=lambda ask: ask[0].at)
    for mark, subscriber in asks:
        if scene.timed:
            watch.clock.advance_to(float(mark.at))
        if not subscriber.ended:
            run(
                subscriber.cancel
                if mark.name == "cancel"
                else partial(subscriber.request, mark.value)
            )
    watch.clock.advance(0)
    while not all(subscriber.ended for subscriber in subscribers):
        due = watch.clock.next_due
        if due is None or due > MOST:
            break
        watch.clock.advance_to(due)
    watch.over = True
    for subscriber in subscribers:
        if not subscriber.ended:
            run(subscriber.cancel)


def evaluated(scene: Scene, watch: Watch) -> Any:
    """Run the lines of a scene, and return the value of the last."""

    def called(name: str) -> Callable[..., None]:
        def fn(*args: Any) -> None:
            if "calls" not in watch.right:
                watch.right.insert(0, "calls")
            watch.note("calls", "", f"{name}({', '.join(map(_argument, args))})")

        return fn

    def subscriber(lane: str, request: int) -> _Downstream:
        return _Downstream(lane, watch, first=request)

    inner_lanes = iter(range(1, 100))
    names = {name: getattr(operators, name) for name in operators.__all__}
    names |= {
        "source": watch.flow("source", scene.source),
        "a": watch.flow("a", scene.a),
        "b": watch.flow("b", scene.b),
        "flow": lambda text: watch.flow(f"inner {next(inner_lanes)}", text),
        "called": called("called"),
        "subscriber": subscriber,
        "clock": watch.clock,
        "UNBOUNDED": UNBOUNDED,
    }
    body = ast.parse(scene.code).body
    last = body.pop()
    if not isinstance(last, ast.Expr):
        raise TypeError(f"{watch.name}: a scene ends with the flow that is run: {scene.code!r}")
    exec(compile(ast.Module(body, []), watch.name, "exec"), names)
    return eval(compile(ast.Expression(last.value), watch.name, "eval"), names)


def _argument(arg: Any) -> str:
    return f"{type(arg).__name__}()" if isinstance(arg, Exception | DeadLetter) else brief(arg)
