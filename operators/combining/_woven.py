"""Woven: operators that take the items of several flows in an order of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.failures.failure import annotate
from operators._kernel.fusing.ahead import all_ahead, others_go_on
from operators._kernel.fusing.feed import PAUSE, Feed
from operators._kernel.fusing.fusion import let_go
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.scope import Scope
from operators.combining._sides import SidesStage

END: Any = object()
"""What a side gives where it is over."""

Sides = Sequence[Callable[[], Any]]
"""Each gives the next item of one flow, or PAUSE where there is none now, or END."""


class Joined(Step, Link):
    """An operator over several flows, each of which is asked for `prefetch` items ahead."""

    __slots__ = ("others", "prefetch")
    strict = True
    contract: Contract = Contract.PREFETCH
    head = "join"
    pushes = False

    def __init__(self, others: tuple[Node, ...], prefetch: int) -> None:
        need_count(self.name, "prefetch", prefetch)
        self.others: tuple[Node, ...] = others
        self.prefetch: int = prefetch

    @property
    def holds(self) -> int:
        return self.prefetch * (len(self.others) + 1)

    @property
    def flows(self) -> tuple[Node, ...]:
        return self.others

    @property
    def synchronous(self) -> bool:
        return all(other.synchronous for other in self.others)

    @property
    def alongside(self) -> bool:
        return not self.synchronous

    @property
    def details(self) -> str:
        return f"{len(self.others) + 1} flows, prefetch={self.prefetch}"

    @property
    def prefetch_upstream(self) -> int:
        return self.prefetch

    @property
    def roots(self) -> bool:
        return True


class Woven(Joined):
    """An operator over several flows; `weave` says which of them is to give the next item."""

    __slots__ = ()

    def weave(self, sides: Sides, hand: dict[int, Any]) -> Iterator[Any]:
        """Give the items, or PAUSE; what was taken and not given yet is in `hand`."""
        raise NotImplementedError

    def opened(self, place: Place) -> Feed:
        blocks = place.blocks and self.synchronous
        opened = [
            place.open(node, prefetch=self.prefetch, hasty=True, blocks=blocks)
            for node in self.others
        ]
        nodes = (place.node.chain()[-2], *self.others)
        sides = all_ahead([place.feed, *opened], nodes, place, self.prefetch)
        woven = _Pulled(self, place, sides)
        return Feed(
            woven.items, woven.ending, woven.close, failing=woven.failing,
            pauses=not place.blocks and any(side.pauses for side in sides),
        )  # fmt: skip

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _WovenStage(self, downstream, node, scope).first


class _Pulled:
    __slots__ = ("_hand", "_place", "_raised", "_sides", "items")

    def __init__(self, operator: Woven, place: Place, sides: list[Feed]) -> None:
        self._place = place
        self._sides = sides
        self._hand: dict[int, Any] = {}
        self._raised: Exception | None = None  # by one of the flows
        self.items: Iterator[Any] = self._woven(
            operator.weave([partial(self._next, side) for side in sides], self._hand)
        )

    def _next(self, side: Feed) -> Any:
        try:
            item = next(side.items, END)
            if item is PAUSE:
                others_go_on(self._sides, side)
            return item
        except Exception as error:
            self._raised = error
            raise

    def _woven(self, items: Iterator[Any]) -> Iterator[Any]:
        pause = self._place.pause
        try:
            if not any(side.pauses for side in self._sides):
                yield from items
                return
            for item in items:
                if item is not PAUSE:
                    yield item
                elif (waiting := pause()) is not None:
                    yield waiting
        except Exception as error:
            if error is not self._raised:
                raise annotate(error, self._place.node) from None
            raise
        finally:
            self._place.scope.discard(self._hand.values())

    def ending(self) -> bool:
        if self.failing():
            return True
        return not self._hand and all(side.ending() for side in self._sides)

    def failing(self) -> bool:
        return any(side.failing() for side in self._sides)

    def close(self) -> None:
        let_go(self.items)
        for side in self._sides[1:]:
            side.close()
        self._sides[0].let_go()


class _WovenStage(SidesStage):
    __slots__ = ("_hand", "_over", "_woven")

    def __init__(self, operator: Woven, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(operator.others, operator.prefetch, downstream, node, scope)
        self._hand: dict[int, Any] = {}
        self._over = False
        sides = [partial(self._next, side) for side in self.sides]
        self._woven = operator.weave(sides, self._hand)

    def _next(self, side: Any) -> Any:
        item = side.inbox.poll()
        if item is EMPTY:
            return END if side.finished() else PAUSE
        side.inbox.replenish()
        return item

    @property
    def waiting(self) -> int:
        return super().waiting + len(self._hand)

    def poll(self) -> Any:
        if self._over:
            return EMPTY
        try:
            item = next(self._woven, END)
        except Exception as error:
            self._over = True
            self.abort(annotate(error, self.node))
            return EMPTY
        if item is END:
            self._over = True
        return EMPTY if item is END or item is PAUSE else item

    def exhausted(self) -> bool:
        over = self._over or (not self._hand and all(side.finished() for side in self.sides))
        if over:
            self.halt()
        return over

    def closed(self) -> None:
        let_go(self._woven)

    def held(self) -> list[Any]:
        held = [*self._hand.values(), *super().held()]
        self._hand.clear()
        return held
