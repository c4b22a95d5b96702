"""Turns: the feeds of a segment that begins with several flows, as one feed of their turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from inspect import GEN_SUSPENDED, getgeneratorstate
from itertools import islice, starmap
from operator import length_hint
from typing import Any, NoReturn
from weakref import ref

from operators._kernel.failures.failure import annotate, user_frames
from operators._kernel.fusing.ahead import ahead, others_go_on
from operators._kernel.fusing.bells import cleaning, settle
from operators._kernel.fusing.feed import PAUSE, VISIT, Feed
from operators._kernel.fusing.fusion import let_go, nothing
from operators._kernel.fusing.inners import Listed, Opened, has_failed, leave, over
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import none_error, resolved
from operators._kernel.plan.node import Node

_END: Any = object()
_NONE: Any = iter(())


class Turns:
    """What is the same for all that gives turns of inner flows, which are of three kinds.

    One of a source of the language's own, without a None, is that one's iterator and nothing else: many
    tiny flows cost no more than they must. One that may have a None is `Listed`, any other is `Opened`.
    """

    __slots__ = ("_checks", "_finish", "_given", "_items", "_make", "_place", "_visit")

    def __init__(self, place: Place, make: Callable[[Any], Node]) -> None:
        self._place = place
        self._make = make
        self._checks = False
        self._finish: Callable[[], None] = nothing
        self._visit: Iterator[Any] = _NONE
        self._items: Iterator[Any] = self._turns()
        self._given: Callable[[], Any] = nothing

    @property
    def node(self) -> Node:
        """The operator that opens the inner flows."""
        return self._place.node

    @property
    def underway(self) -> bool:
        """Whether it has begun, and is neither over nor closed."""
        items: Any = self._given() if self._checks else self._items
        return items is not None and getgeneratorstate(items) == GEN_SUSPENDED

    def feed(self) -> Feed:
        """Return the feed of the turns."""
        return Feed(
            self._items, self._ending, self.let_go, failing=self._failing,
            pauses=not self._place.blocks,
        )  # fmt: skip

    def visits(self, finish: Callable[[], None]) -> Generator[Iterator[Any], None, None]:
        """Return the turns with no None in them, to be chained.

        All is closed when they are over or left, and `finish` called.
        """
        self._checks = True
        self._finish = finish
        items: Any = self._items
        # Else what nobody has any more would not be closed at once.
        self._given = ref(items)
        self._items = _NONE
        return items  # type: ignore[no-any-return]

    def giver(self) -> Node | None:
        """Return the source of the inner flow that has its turn, where that may have given a None."""
        current = self._current()
        return current.node if isinstance(current, (Listed, Opened)) else None

    def overtaken(self) -> bool:
        """Whether what is left of a turn is not to be given, since another inner flow has failed."""
        return False

    def _open(
        self, outer: Any, prefetch: int, *, hasty: bool, blocks: bool, alone: bool = False
    ) -> Any:
        place = self._place
        try:
            node = self._make(outer)
            if node.operator.own and node.upstream is None:
                return node.operator.iterator() if node.operator.never_none else Listed(node)
            chain_of = resolved(node)
            feed = place.open_chain(
                chain_of, prefetch=prefetch, hasty=hasty, blocks=blocks, alone=alone
            )
            return Opened(self._opened(feed, node), chain_of[0])
        except Exception as error:
            raise annotate(error, place.node, outer) from None

    def _opened(self, feed: Feed, node: Node) -> Feed:
        """Return the feed of an inner flow as it is to be taken from."""
        return feed

    def _visited(self, inner: Opened, items: Iterator[Any]) -> Iterator[Any]:
        """Return a visit of an inner flow's items, which is closed with the turns."""
        self._visit = visit = self._checked(inner, items) if self._checks else items
        return visit

    def _leave(self) -> None:
        # Else it closes the others, and ends itself.
        if not getattr(self._visit, "gi_running", False):
            let_go(self._visit)

    def _checked(self, inner: Opened, items: Iterator[Any]) -> Iterator[Any]:
        """Return a visit of the items, which has no None; where it fails, all is closed first."""
        try:
            for item in items:
                if item is None:
                    _refuse(inner.node)
                yield item
        except Exception as error:
            visits = self._given()
            if visits is not None:
                visits.close()
            # By this, for one that is frozen.
            error.with_traceback(user_frames(error.__traceback__))
            raise

    def _turns(self) -> Generator[Any, None, None]:
        raise NotImplementedError

    def _current(self) -> Any:
        """Return the inner flow that has its turn, if there is one."""
        raise NotImplementedError

    def _ending(self) -> bool:
        raise NotImplementedError

    def _failing(self) -> bool:
        raise NotImplementedError

    def let_go(self) -> None:
        """Close all that is open."""
        raise NotImplementedError

    def _end(self) -> None:
        """Do what is to be done at the end of visits that were given away."""
        if self._checks:
            self.let_go()
            self._finish()


def _refuse(node: Node) -> NoReturn:
    raise none_error(node)


class OneByOne(Turns):
    """Gives the inner flows one after another, each as one turn (concat_map)."""

    __slots__ = ("_inner",)

    def __init__(self, place: Place, make: Callable[[Any], Node]) -> None:
        self._inner: Any = None
        super().__init__(place, make)

    def _turns(self) -> Generator[Any, None, None]:
        try:
            for outer in self._place.feed.items:
                if outer is PAUSE:
                    yield PAUSE
                    continue
                self._inner = inner = self._open(
                    outer, 1, hasty=False, blocks=self._place.blocks, alone=True
                )
                if type(inner) is Opened:
                    items = inner.feed.items
                    yield self._visited(inner, items)
                    self._inner = None
                    inner.feed.let_go()  # its end may be known before its source is closed
                    inner.feed.told()
                    if not self._place.settled and not self._place.feed.ending():
                        yield from self._cleaning()
                    continue
                items = inner.items if type(inner) is Listed else inner
                while self._checks:
                    yield islice(items, VISIT) if items is inner else inner.turn(VISIT)
                    if not length_hint(items):
                        break
                else:
                    yield items
                self._inner = None
        except Exception as error:
            error.with_traceback(user_frames(error.__traceback__))
            raise
        finally:
            self._end()

    def _cleaning(self) -> Iterator[Any]:
        """Wait until what the last inner flow has left is cleaned up."""
        place = self._place
        if place.blocks:
            settle(place.alone)
            return iter(())
        return cleaning(place.alone, place.run)

    def _current(self) -> Any:
        return self._inner

    def _ending(self) -> bool:
        inner = self._inner
        if inner is None:
            return self._place.feed.ending()
        if type(inner) is not Opened:
            return over(inner) and self._place.feed.ending()
        feed = inner.feed
        return feed.ending() and (feed.failing() or self._place.feed.ending())

    def _failing(self) -> bool:
        inner = self._inner
        fails = type(inner) is Opened and inner.feed.failing()
        return fails or self._place.feed.failing()

    def let_go(self) -> None:
        let_go(self._items)
        self._leave()
        inner, self._inner = self._inner, None
        if type(inner) is Opened:
            leave(inner.feed, self._place.feed)
        self._place.feed.let_go()


class InTurns(Turns):
    """Gives turns of several inner flows, in a round (flat_map), or of one after another."""

    __slots__ = (
        "_active", "_broken", "_completed", "_concurrency", "_ordered", "_prefetch", "_queued",
    )  # fmt: skip

    def __init__(
        self,
        place: Place,
        make: Callable[[Any], Node],
        concurrency: int,
        prefetch: int,
        *,
        ordered: bool = False,
    ) -> None:
        self._ordered = ordered  # the first one has all turns until it is over
        self._concurrency = concurrency
        self._prefetch = prefetch
        self._active: deque[Any] = deque()
        self._queued = 0
        self._broken: Exception | None = None  # what has kept it from opening the first ones
        self._completed = False
        super().__init__(place, make)

    def _turns(self) -> Generator[Any, None, None]:
        active, most, checks = self._active, self._prefetch, self._checks
        first, rotate, rotates = active.popleft, active.rotate, not self._ordered
        fruitless = alone = 0
        if self._broken is not None:
            raise self._broken
        try:
            while True:
                if self._queued:
                    self._look_for_errors()
                if not self._completed and len(active) < self._concurrency:
                    self._refill()
                if fruitless >= (len(active) if rotates else bool(active)):
                    if not active and self._completed:
                        return
                    if not rotates and len(active) > 1:
                        self._have_others_go_on()
                    if len(active) >= self._concurrency and not self._completed:
                        self._look_upstream()
                    if (pause := self._place.pause()) is not None:
                        yield pause
                    fruitless = 0
                    continue
                inner = active[0]
                if type(inner) is Opened:
                    yield self._visited(inner, inner.turn(most))
                    if inner.done:
                        first()
                        self._queued -= inner.feed.pauses
                        inner.feed.let_go()
                        inner.feed.told()
                        fruitless = 0
                        continue
                    fruitless = fruitless + 1 if inner.fruitless else 0
                else:
                    fruitless = 0
                    items = inner.items if type(inner) is Listed else inner
                    if alone:
                        alone -= 1
                    elif checks and rotates and length_hint(items) > most:
                        yield from self._rounds()
                        alone = len(active) - 1
                    yield inner.turn(most) if checks and items is not inner else islice(items, most)
                    if not length_hint(items):
                        first()
                        continue
                    if items is not inner and inner.broken:
                        continue
                if rotates:
                    rotate(-1)
        except Exception as error:
            error.with_traceback(user_frames(error.__traceback__))
            raise
        finally:
            self._end()

    def _opened(self, feed: Feed, node: Node) -> Feed:
        return ahead(feed, node, self._place, self._prefetch) if self._ordered else feed

    def _rounds(self) -> Iterator[Iterator[Any]]:
        """Return the turns of all inner flows, for as many rounds as none of them can end, or fail."""
        if not self._completed and len(self._active) < self._concurrency:
            return iter(())  # upstream may have another one
        most, rounds = self._prefetch, max(1, VISIT // self._prefetch)
        turns: list[tuple[Iterator[Any], int]] = []
        for inner in self._active:
            if type(inner) is Opened:
                return iter(())
            listed = type(inner) is Listed
            turns.append((inner.items if listed else inner, most))
            rounds = min(
                rounds, (inner.look(rounds * most) if listed else length_hint(inner)) // most
            )
            if not rounds:
                break
        return starmap(islice, turns * rounds)

    def begin(self) -> None:
        """Open the first inner flows, before anything is asked for: some may be pushed, and not wait."""
        try:
            self._refill()
        except Exception as error:
            self._broken = error

    def _refill(self) -> None:
        outers, active = self._place.feed.items, self._active
        while len(active) < self._concurrency:
            outer = next(outers, _END)
            if outer is _END:
                self._completed = True
                return
            if outer is PAUSE:
                return
            inner = self._open(outer, self._prefetch, hasty=True, blocks=False)
            active.append(inner)
            if type(inner) is Opened:
                self._queued += inner.feed.pauses

    def _current(self) -> Any:
        return self._active[0] if self._active else None

    def _look_for_errors(self) -> None:
        for inner in self._active:
            if has_failed(inner):
                next(inner.items, None)  # raises it

    def _look_upstream(self) -> None:
        """Raise the error of upstream, which is not pulled while all places are taken."""
        outer = self._place.feed
        if outer.pauses and outer.failing() and outer.ending():
            next(outer.items, None)

    def _have_others_go_on(self) -> None:
        opened = [inner.feed for inner in self._active if type(inner) is Opened]
        others_go_on(opened, opened[0])

    def _ending(self) -> bool:
        if self._broken is not None or (self._queued and self._failing()):
            return True
        for inner in self._active:
            if not over(inner):
                return False
        return self._completed or self._place.feed.ending()

    def _failing(self) -> bool:
        return self._broken is not None or self.overtaken() or self._place.feed.failing()

    def overtaken(self) -> bool:
        return bool(self._queued) and self._place.run.once(self, self._one_has_failed)

    def _one_has_failed(self) -> bool:
        return any(map(has_failed, self._active))

    def let_go(self) -> None:
        let_go(self._items)
        self._leave()
        while self._active:
            inner = self._active.popleft()
            if type(inner) is Opened:
                leave(inner.feed, self._place.feed)
        self._place.feed.let_go()
