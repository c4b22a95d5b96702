"""A stage of one's own: handlers for what comes from both sides; the kernel does the rest."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Generic

from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import SerialStage, nothing
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.scope import Scope
from operators.custom.kinds import Custom, In, Out, need_plain
from reactive_streams import UNBOUNDED


class Stage(Custom[In, Out], Generic[In, Out]):
    """An operator with state, in the manner of a graph stage: it reacts to what comes, one event at a time.

    What a subclass sets in `__init__` are its settings; for each run it is copied, and `on_start` makes the
    state. The kernel sees to demand, order, threads, and to it that there is one end and one cancel: handlers
    need no lock. Downstream wants an item: `on_pull`, which by default asks upstream for one. An item comes:
    `on_push`. Upstream has completed: `on_end`. A handler calls `push`, `pull`, `complete` and `fail`;
    where `on_push` has pushed nothing, and downstream still wants an item, `on_pull` is called again. What a
    handler raises fails the flow, with a note of where, and cancels upstream.

    >>> from operators import Flow
    >>> from operators.custom import Stage
    >>> class Pairs(Stage[int, tuple[int, int]]):
    ...     def on_start(self):
    ...         self.first = []
    ...
    ...     def on_push(self, item):
    ...         if self.first:
    ...             self.push((self.first.pop(), item))
    ...         else:
    ...             self.first.append(item)
    ...
    ...     def held(self):
    ...         return self.first
    >>> list(Flow.range(5).apply(Pairs()))
    [(0, 1), (2, 3)]
    """

    name: str = ""
    """What it is called in errors and in explain(); by default after the class."""
    contract: Contract = Contract.REPLACES
    """What it does with demand, in a word; what it says by default is what the default `on_pull` does."""
    holds: int = 1
    """The largest number of items that it holds at any time, those that wait for demand included."""
    _port: _Port

    # What a subclass says -----------------------------------------------------------------------

    def on_start(self) -> None:
        """Make the state of one run; called before anything else."""

    def on_pull(self) -> None:
        """Downstream wants an item, and none is on its way: `push` one, `pull` one, or end."""
        self.pull()

    def on_push(self, item: In) -> None:
        """An item has come, which was pulled."""
        raise NotImplementedError(f"{type(self).__name__} has no on_push")

    def on_end(self) -> None:
        """Upstream has completed: by default this stage does. It may go on and push, with each `on_pull`."""
        self.complete()

    def on_error(self, error: Exception) -> None:
        """Upstream has failed: by default this stage does, once what was pushed is delivered."""
        self.fail(error)

    def on_close(self) -> None:
        """The stream is over, in whatever way; called once, and may overlap with no other handler."""

    def held(self) -> Iterable[Any]:
        """Return the items that the state still holds: at the end, whichever, they are discarded."""
        return ()

    # What its handlers call ---------------------------------------------------------------------

    def push(self, item: Out) -> None:  # type: ignore[misc]  # a parameter, but not of the protocol
        """Give an item downstream; it waits where there is no demand for it."""
        self._port.push(item)

    def pull(self) -> None:
        """Ask upstream for one item; nothing more is asked for until it has come.

        Raises RuntimeError where upstream has ended.
        """
        self._port.pull()

    def complete(self) -> None:
        """End the stream when what was pushed is delivered; upstream is cancelled, where it has not ended."""
        self._port.stop()

    def fail(self, error: Exception) -> None:
        """End the stream with an error when what was pushed is delivered."""
        self._port.stop(error)

    def discard(self, item: Any) -> None:
        """Hand an item that will not be delivered to on_discard."""
        self._port.drop(item)

    def operator(self) -> Any:
        """Return what stands in the pipeline; raise TypeError where a handler is a coroutine function."""
        need_plain(self, *_HANDLERS)
        return _Operator(self)


_HANDLERS = ("on_start", "on_pull", "on_push", "on_end", "on_error", "on_close", "held")


class _Operator(Link):
    """The place of a stage in a pipeline."""

    __slots__ = ("_stage", "contract", "name")
    polled = True
    asynchronous = True

    def __init__(self, stage: Stage[Any, Any]) -> None:
        self._stage = stage
        self.name: str = stage.name or type(stage).__name__.lower()
        self.contract: Contract = stage.contract

    @property
    def holds(self) -> int:
        return self._stage.holds

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _Port(copy.copy(self._stage), downstream, node, scope)


class _Port(SerialStage):
    """The kernel's side of a stage."""

    __slots__ = ("_awaits", "_logic", "_upstream_is_over", "_wanted")

    def __init__(self, logic: Stage[Any, Any], downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._logic = logic
        self._wanted = 0  # items that downstream has asked for and that were not pushed
        self._awaits = False  # whether an item was pulled that has not come
        self._upstream_is_over = False
        logic._port = self  # pyright: ignore[reportPrivateUsage]

    # From both sides ----------------------------------------------------------------------------

    def prepare(self) -> None:
        self.tell(self._start, None, nothing)

    def _start(self, _: None) -> None:
        self._logic.on_start()

    def request(self, n: int) -> None:
        super().request(n)
        n = plain(n)
        if demand_error(n) is None:
            self.tell_back(self._want, n)

    def _want(self, n: int) -> None:
        self._wanted = min(self._wanted + n, UNBOUNDED)
        self._look()

    def poll(self) -> Any:
        item = super().poll()
        if item is EMPTY and self.polls and not self.over:
            self.tell(self._want_one, None, nothing)
            item = super().poll()
        return item

    def _want_one(self, _: None) -> None:
        if not self.outbox:
            self._wanted = 1
            self._look()

    def item(self, item: Any) -> None:
        self._awaits = False
        self._logic.on_push(item)
        self._look()

    def ended(self, _: None) -> None:
        self._awaits = False
        self._upstream_is_over = True
        self._logic.on_end()
        self._look()

    def failed(self, error: Exception) -> None:
        self._awaits = False
        self._upstream_is_over = True
        self._logic.on_error(error)
        self._look()

    def _look(self) -> None:
        while self._wants():
            before = self._wanted, len(self.outbox)
            self._logic.on_pull()
            if before == (self._wanted, len(self.outbox)) and self._wants():
                raise RuntimeError(
                    f"{self.node.title}: on_pull has neither pushed, nor pulled, nor ended the stream, "
                    "which would wait for ever"
                )

    def _wants(self) -> bool:
        return self._wanted > 0 and not (self._awaits or self.over)

    def kept(self) -> list[Any]:
        held = list(self._logic.held())
        self._logic.held = tuple  # type: ignore[method-assign]
        return held

    def closed(self) -> None:
        super().closed()
        self.tell(nothing, None, self._end)

    def _end(self, _: None) -> None:
        self._logic.on_close()

    # From the handlers --------------------------------------------------------------------------

    def push(self, item: Any) -> None:
        """Put an item out."""
        if self._wanted < UNBOUNDED:
            self._wanted -= 1
        self.put(item)

    def pull(self) -> None:
        """Ask upstream for an item, unless one is on its way."""
        if self._upstream_is_over:
            raise RuntimeError(
                f"{self.node.title}: pull, and upstream has ended; push, or complete"
            )
        if not self._awaits and not self.over:
            self._awaits = True
            self.upstream.request(1)

    def stop(self, error: Exception | None = None) -> None:
        if self._upstream_is_over:
            self.finish(error)
        else:
            super().stop(error)
