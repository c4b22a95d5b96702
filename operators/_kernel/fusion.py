"""Fusion: neighbouring steps become one generated function, with no call per step and item.

The generated text is ordinary Python, compiled once for each shape of pipeline; a line of it belongs
to one step, and so the line at which an exception was raised tells which operator failed. A run of
steps is cut into segments where one function cannot hold them all, and at each head.
"""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from inspect import GEN_CREATED, getgeneratorstate
from types import AsyncGeneratorType, GeneratorType
from typing import Any, Protocol

from operators._kernel.codegen import Function, function
from operators._kernel.failure import annotate, drop_error, user_frames
from operators._kernel.feed import Counted, Feed
from operators._kernel.kinds import resolved
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.step import Step
from operators._kernel.writer import SOURCE, head_of, nests, unnoted

_LONGEST_SEGMENT = 40
_MOST_SEGMENTS = 40
_DEEPEST_NEST = 6  # Python allows 20 nested blocks in a function, and each nest takes three of them
_MOST_TWINS = 2  # each step with two loops, one plain and one async, doubles what follows it

Steps = Sequence[Node]


def segments(steps: Steps, *, asynchronous: bool = False) -> list[list[Node]]:
    """Cut a run of steps into segments, each of which becomes one function."""
    cut: list[list[Node]] = []
    current: list[Node] = []
    for node in steps:
        step: Step = node.operator
        if current and (
            len(current) >= _LONGEST_SEGMENT
            or head_of(step, asynchronous=asynchronous)
            or any(n.operator.flush for n in current)
            or (step.flush and _may_end(current, asynchronous))
            or (
                nests(step, asynchronous=asynchronous)
                and _nests(current, asynchronous)
                >= (_MOST_TWINS if asynchronous else _DEEPEST_NEST)
            )
        ):
            cut.append(current)
            current = []
        current.append(node)
    if current or not cut:
        cut.append(current)
    return cut


def _may_end(steps: Steps, asynchronous: bool) -> bool:
    return any(node.operator.stops for node in steps) or bool(_nests(steps, asynchronous))


def _nests(steps: Steps, asynchronous: bool) -> int:
    return sum(nests(node.operator, asynchronous=asynchronous) for node in steps)


def nestable(steps: Steps) -> int:
    """Return how many of the steps may be fused with their source.

    Each segment of them is a generator over the one before, and so takes a frame of the stack.
    """
    if len(steps) <= _MOST_SEGMENTS:
        return len(steps)
    return sum(map(len, segments(steps)[:_MOST_SEGMENTS]))


class _Blame:
    """Finds the operator that raised, by the line, and annotates the error with it."""

    __slots__ = ("_code", "_sink", "_source", "_steps", "at")

    def __init__(
        self,
        code: Function,
        steps: Steps,
        source: Node | None = None,
        sink: Callable[[Exception], None] | None = None,
    ) -> None:
        self._code = code
        self._steps = steps
        self._source = source
        self._sink = sink
        self.at = SOURCE
        """The index of the step that raised, negative for what is upstream of all."""

    def _line(self, error: Exception) -> int:
        traceback = error.__traceback__
        return traceback.tb_lineno - 1 if traceback is not None else 0

    def owns(self, error: Exception) -> bool:
        """Whether one of the steps has raised it, rather than what is upstream."""
        owner = self._code.owners[self._line(error)]
        return owner != SOURCE

    def __call__(self, error: Exception, item: Any) -> Exception:
        traceback = error.__traceback__
        line = self._line(error)
        owner = self._code.owners[line]
        self.at = SOURCE if owner is None else owner if owner >= SOURCE else unnoted(owner)
        if owner == SOURCE:
            if self._source is not None:
                error = annotate(error, self._source)
        elif owner is not None and owner >= 0:
            if traceback is not None and self._code.lines[line].lstrip().startswith("for "):
                # The item is one of the inner iterable's by now; the step has kept the outer one.
                item = traceback.tb_frame.f_locals[f"origin{owner}"]
            error = annotate(error, self._steps[owner], item)
        return self.shown(error.with_traceback(user_frames(error.__traceback__)))

    def shown(self, error: Exception) -> Exception:
        """Have whoever pulls know the error that is about to be raised, and return it."""
        if self._sink is not None:
            self._sink(error)
        return error


def exhaustion(source: Iterator[Any]) -> Callable[[], bool]:
    """Return a function that tells, without pulling, whether the iterator is known to be at its end."""
    if type(source) in _SIZED or isinstance(source, Counted):
        hint = operator.length_hint
        return lambda: hint(source) == 0
    return never


def cannot_fail(source: Iterator[Any]) -> bool:
    """Whether this is an iterator of the language's own, that needs nobody to look after it."""
    return type(source) in _SIZED


def never() -> bool:
    """Return False."""
    return False


_SAMPLES: tuple[Any, ...] = (range(0), range(2**70), (), [], "", "\u1234", b"", bytearray())
_SIZED: frozenset[Any] = frozenset([type(iter(sample)) for sample in _SAMPLES])
"""Iterators of the language whose length hint is exact, and which never fail.

Those of a dict or a set are not: one that was changed meanwhile fails, and gives 0 as a hint.
"""


def let_go(items: Any) -> None:
    """Close a generator that nobody pulls any more; what its cleanup raises no one can receive."""
    # Only what nobody else can go on with is closed; a file or a cursor belongs to its opener.
    if isinstance(items, GeneratorType):
        try:
            items.close()
        except Exception as error:
            drop_error(error, "raised by a source's cleanup")


async def alet_go(items: Any) -> None:
    """Close an async generator that nobody pulls any more, likewise."""
    if isinstance(items, AsyncGeneratorType):
        try:
            await items.aclose()
        except Exception as error:
            drop_error(error, "raised by a source's cleanup")


def nothing() -> None:
    """Do nothing."""


async def anothing() -> None:
    """Do nothing."""


Sink = Callable[[Exception], None]


class Openers(Protocol):
    """How flows are opened inside of others; `assembly` and `pulling` say it."""

    def open(
        self,
        chain: list[Node],
        scope: Scope,
        run: Any,
        *,
        blocks: bool,
        prefetch: int,
        hasty: bool,
        level: int,
    ) -> Feed:
        """Return the feed of a flow."""
        ...

    def aopen(self, chain: list[Node], scope: Scope, run: Any, level: int) -> Any:
        """Return an async generator of a flow's items."""
        ...

    def aopen_either(self, chain: list[Node], scope: Scope, run: Any, level: int) -> Any:
        """Return what an async generator pulls: a feed, or an async one where that is the quicker."""
        ...


class Place:
    """Where one step stands in one subscription: what it pulls, and how it opens other flows."""

    __slots__ = ("_openers", "asynchronous", "blocks", "feed", "level", "node", "run", "scope")

    def __init__(
        self,
        node: Node,
        feed: Feed,
        scope: Scope,
        run: Any,
        openers: Openers,
        *,
        blocks: bool,
        level: int,
        asynchronous: bool = False,
    ) -> None:
        self.node = node
        self.feed = feed
        """What is upstream."""
        self.scope = scope
        self.run = run
        self.blocks = blocks
        """Whether it may block rather than give PAUSE."""
        self.level = level
        """How many flows are around this one."""
        self.asynchronous = asynchronous
        """Whether what is upstream is an async iterator."""
        self._openers = openers

    def open(
        self, node: Node, *, prefetch: int = 1, hasty: bool = False, blocks: bool | None = None
    ) -> Feed:
        """Return the feed of another flow; where that is pushed it is asked for `prefetch` items ahead."""
        return self._open(
            resolved(node), prefetch, hasty, self.blocks if blocks is None else blocks
        )

    def _open(self, chain: list[Node], prefetch: int, hasty: bool, blocks: bool) -> Feed:
        return self._openers.open(
            chain, self.scope, self.run, prefetch=prefetch, hasty=hasty, level=self.level + 1,
            blocks=blocks,
        )  # fmt: skip

    def open_either(self, node: Node) -> Any:
        """Return what an async generator pulls of another flow."""
        return self._openers.aopen_either(resolved(node), self.scope, self.run, self.level + 1)

    def successor(self, chain: list[Node]) -> Feed:
        """Return the feed of a flow that takes the place of what is upstream, of the same kind as that."""
        if not self.asynchronous:
            return self._open(chain, 1, False, self.blocks)
        items = self._openers.aopen(chain, self.scope, self.run, self.level + 1)
        return Feed(items, never, nothing, pauses=False)


def scopes(chain: Steps, scope: Scope) -> list[Scope]:
    """Return the scope of each node of a chain, which an on_discard changes for those above it."""
    found: list[Scope] = []
    for node in reversed(chain):
        found.append(scope)
        scope = node.operator.scope(scope)
    return found[::-1]


class Opening:
    """Puts segment upon segment over a feed, from upstream to downstream, for one consumer."""

    __slots__ = ("_feed", "_level", "_openers", "_run", "_scopes", "_source", "_steps")

    def __init__(
        self,
        feed: Feed,
        source: Node | None,
        steps: Steps,
        places: list[Scope],
        run: Any,
        openers: Openers,
        level: int = 0,
    ) -> None:
        self._feed = feed
        self._source = source
        """The node whose items the feed gives as they come; None: its errors say by themselves."""
        self._steps = steps
        self._scopes = places
        self._run = run
        self._openers = openers
        self._level = level

    def feed(
        self, *, blocks: bool, sink: Sink | None = None, finish: Callable[[], None] | None = None
    ) -> Feed:
        """Return the feed of the items after the steps.

        What the last segment raises is shown to `sink` as well. With `finish`, which is called when it
        is left, it is nobody else's to do what is to be done at the end.
        """
        feed, source = self._feed, self._source
        after = feed.after
        leave = nothing if finish is None else partial(_leave, after, finish)
        begun = 0
        cut = segments(self._steps)
        if source is not None and cannot_fail(feed.items):
            source = None
        elif source is not None and _head(cut[0]) in ("turns", "join"):
            cut.insert(0, [])  # which blames the source for what it raises
        several = max(
            (i for i, segment in enumerate(cut) if segment and segment[0].operator.several),
            default=-1,
        )
        for number, segment in enumerate(cut):
            last = number == len(cut) - 1
            here = self._scopes[begun : begun + len(segment)]
            begun += len(segment)
            waits = blocks and number >= several
            places = self._places(segment, here, feed, blocks=waits, asynchronous=False)
            head = segment[0].operator.opened(places[0]) if _head(segment) else None
            if head is not None:
                feed = head if isinstance(head, Feed) else head.feed()
            code = function("for" if waits else "loop", _operators(segment), pausing=feed.pauses)
            fail = _Blame(code, segment, source, sink if last else None)
            items, ending = code.build(
                feed.items, fail, feed.close, feed.ending, self._run, head,
                partial(_finals, segment, after), leave if last else nothing,
                *_discards(places), **_values(places),
            )  # fmt: skip
            one_for_one = all(node.operator.one_for_one for node in segment)
            feed = Feed(
                items,
                ending,
                partial(_close, items, feed, head, partial(_finals, segment, after, len(segment))),
                pauses=not waits and (feed.pauses or _may_pause(segment)),
                failing=feed.failing,
                length=feed.length if one_for_one else None,
            )
            source = None
        feed.after = after
        return feed

    def afeed(
        self, *, finish: Callable[[], Any], sink: Sink | None = None
    ) -> tuple[Any, Callable[[], bool]]:
        """Return an async generator of the items after the steps, over an async iterator or a feed."""
        feed, source = self._feed, self._source
        after = feed.after
        leave = partial(_aleave, after, finish)
        is_async = isinstance(feed.items, AsyncIterator)
        begun = 0
        cut = segments(self._steps, asynchronous=True)
        for number, segment in enumerate(cut):
            last = number == len(cut) - 1
            here = self._scopes[begun : begun + len(segment)]
            begun += len(segment)
            places = self._places(segment, here, feed, blocks=False, asynchronous=is_async)
            head: Any = None
            if segment and head_of(segment[0].operator, asynchronous=True):
                head = segment[0].operator.opened(places[0])
                feed = head if isinstance(head, Feed) else head.feed()
            code = function(
                "async" if is_async else "mixed", _operators(segment), pausing=feed.pauses
            )
            fail = _Blame(code, segment, source, sink if last else None)
            close: Callable[[], Any] = partial(alet_go, feed.items) if is_async else feed.close
            items, ending = code.build(
                feed.items, fail, close, feed.ending, self._run, head,
                partial(_finals, segment, after), leave if last else anothing,
                *_discards(places), **_values(places),
            )  # fmt: skip
            feed = Feed(items, ending, nothing, pauses=False)
            source, is_async = None, True
        return feed.items, feed.ending

    def _places(
        self,
        segment: list[Node],
        here: list[Scope],
        feed: Feed,
        *,
        blocks: bool,
        asynchronous: bool,
    ) -> list[Place]:
        return [
            Place(
                node,
                feed,
                scope,
                self._run,
                self._openers,
                blocks=blocks,
                level=self._level,
                asynchronous=asynchronous,
            )
            for node, scope in zip(segment, here, strict=True)
        ]


def plain_steps(steps: Steps) -> int:
    """Return how many of the steps are best run by plain generators below an async one.

    Those are the ones that only a plain generator can be, and all segments but the last, as long as no
    flow that may be asynchronous is opened there.
    """
    cut = 0
    for index, node in enumerate(steps):
        step: Step = node.operator
        if step.head in ("turns", "join") and not step.async_body:
            cut = index + 1 if step.head == "join" else index
    rest = steps[cut:]
    if any(node.operator.async_body for node in rest):
        return cut
    return cut + sum(map(len, segments(rest, asynchronous=True)[:-1]))


def only_plain(steps: Steps) -> bool:
    """Whether one of the steps can only be run by a plain generator."""
    return any(n.operator.head in ("turns", "join") and not n.operator.async_body for n in steps)


def _head(segment: Steps) -> str:
    return segment[0].operator.head if segment else ""


def _operators(segment: Steps) -> list[Step]:
    return [node.operator for node in segment]


def _values(places: list[Place]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, place in enumerate(places):
        step: Step = place.node.operator
        values = step.values()
        if type(step).bound is not Step.bound:
            values |= step.bound(place)
        for name, value in values.items():
            found[f"{name}{index}"] = value
    return found


def _discards(places: list[Place]) -> list[Callable[..., None]]:
    return [place.scope.discard for place in places if place.node.operator.leftovers]


def _may_pause(segment: Steps) -> bool:
    return any(
        node.operator.nests or node.operator.head or "skip" in node.operator.body
        for node in segment
    )


def _close(items: Any, upstream: Feed, head: Any, finals: Callable[[], None]) -> None:
    """Close a segment's generator; one that never began does nothing by itself."""
    begun = getgeneratorstate(items) != GEN_CREATED
    let_go(items)
    if not begun:
        if hasattr(head, "cancelled"):
            head.cancelled()
        upstream.let_go()
        finals()


def _finals(segment: Steps, after: list[Callable[[], None]], at: int) -> None:
    """Do what the steps have to do at an end that begins at step `at`, negative for upstream.

    Those above it are cancelled before the end is told; those below hear of it when it has been told.
    """
    for index, node in enumerate(segment):
        if node.operator.final:
            if index < at:
                node.operator.at_end(node)
            else:
                after.append(partial(node.operator.at_end, node))


def _leave(after: list[Callable[[], None]], finish: Callable[[], None]) -> None:
    while after:
        after.pop()()
    finish()


async def _aleave(after: list[Callable[[], None]], finish: Callable[[], Any]) -> None:
    while after:
        after.pop()()
    await finish()


OnNext = Callable[[Any], None]
Flush = Callable[[], None]
Leftovers = Callable[[], list[Any]]


def pushed(
    segment: Steps, stage: Any, emit: OnNext, *, foreign: bool
) -> tuple[OnNext, Flush, Leftovers]:
    """Return on_next, flush and leftovers of a stage that runs one segment of steps.

    With `foreign` the stage delivers to somebody's Subscriber, and what that raises goes to `broken`.
    """
    code = function("edge" if foreign else "push", _operators(segment))
    fail = _Blame(code, segment)
    functions: tuple[OnNext, Flush, Leftovers]
    values: dict[str, Any] = {}
    for index, node in enumerate(segment):
        for name, value in node.operator.values().items():
            values[f"{name}{index}"] = value
    functions = code.build(stage, emit, fail, **values)
    return functions
