"""Mailboxes: where pushed items wait for somebody who pulls them, by `for` or by `async for`."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import suppress
from typing import Any

from operators._kernel.arbiter import Arbiter
from operators._kernel.assembly import (
    AsyncIterableSource,
    IterableSource,
    NoneCheck,
    connect,
    discarding_scope,
    none_check,
    resolved,
)
from operators._kernel.codegen import CHECKPOINT
from operators._kernel.failure import annotate, drop_error, user_frames
from operators._kernel.fusion import cannot_fail, nestable, open_async_items, open_items
from operators._kernel.loops import running_loop
from operators._kernel.node import Node
from operators._kernel.relay import uncoupled
from operators._kernel.scope import Scope
from operators._kernel.step import Step

PREFETCH = 32
"""Items asked for ahead by a loop over a flow that crosses threads or event loops; otherwise one."""

_DEEPEST_NEST = 50


def _waiting_pullable(chain: list[Node], scope: Scope, *, asynchronous: bool) -> bool:
    """Whether the chain is one generator for a consumer that may be kept waiting by it."""
    sources = (IterableSource, AsyncIterableSource) if asynchronous else (IterableSource,)
    return (
        scope.watcher is None
        and isinstance(chain[0].operator, sources)
        and all(isinstance(node.operator, Step) for node in chain[1:])
        and nestable(chain[1:]) == len(chain) - 1
        and chain[-1].nesting <= _DEEPEST_NEST  # each flow in another takes a frame of the stack
    )


def _open(node: Node) -> Iterator[Any]:
    try:
        iterator: Iterator[Any] = node.operator.iterator()
    except Exception as error:
        raise annotate(error, node) from None
    return iterator


def pull(node: Node) -> Generator[Any, None, None]:
    """Return a generator of a flow's items; closing it early cancels."""
    scope = Scope.current()
    chain = resolved(node)
    edge = none_check(chain)
    if _waiting_pullable(chain, scope, asynchronous=False):
        steps = [*chain[1:], *edge]
        return open_items(_open(chain[0]), chain[0], steps, scope)
    return _pull_pushed([*chain, *edge], scope)


def pull_inner(node: Node) -> Iterator[Any]:
    """Return an iterator of the items of a flow inside another, whose edge does the checking."""
    scope = Scope.current()
    chain = resolved(node)
    if not _waiting_pullable(chain, scope, asynchronous=False):
        return _pull_pushed(chain, scope)
    source = _open(chain[0])
    if len(chain) == 1 and cannot_fail(source):
        return source
    return open_items(source, chain[0], chain[1:], scope)


def apull(node: Node) -> AsyncGenerator[Any, None]:
    """Return an async generator of a flow's items; closing it early cancels."""
    scope = Scope.current()
    chain = resolved(node)
    edge = none_check(chain)
    if not _waiting_pullable(chain, scope, asynchronous=True):
        return _apull_pushed([*chain, *edge], scope)
    source = chain[0]
    if isinstance(source.operator, AsyncIterableSource):
        try:
            opened: Any = source.operator.aiterator()
        except Exception as error:
            raise annotate(error, source) from None
    else:
        opened = _open(source)
    items: AsyncGenerator[Any, None]
    items = open_async_items(opened, source, [*chain[1:], *edge], scope)[0]
    return items


def prefetch_of(chain: list[Node]) -> int:
    """Return how many items a loop over this chain asks for ahead."""
    return PREFETCH if any(node.operator.asynchronous for node in chain) else 1


class _Mailbox:
    """A Subscriber that keeps what it asked for until it is taken: at most its prefetch."""

    pulls = True
    __slots__ = (
        "_batch", "_closed", "_done", "_error", "_limit", "_node", "_scope", "_started", "_taken",
        "_upstream", "items",
    )  # fmt: skip

    def __init__(self, chain: list[Node], scope: Scope) -> None:
        self._node = next(n for n in reversed(chain) if not isinstance(n.operator, NoneCheck))
        self._scope = scope
        self._batch = prefetch_of(chain)
        self._limit = max(1, self._batch - self._batch // 4)
        self.items: deque[Any] = deque()
        self._taken = 0
        self._started = False
        self._done = False
        self._closed = False
        self._error: Exception | None = None
        # The Subscription may come later than the loop wants its first item, or than it is left.
        self._upstream = Arbiter()

    def on_subscribe(self, subscription: Any) -> None:
        self._upstream.switch(subscription)

    def on_next(self, item: Any) -> None:
        self.items.append(item)
        if self._closed:
            self._discard()
        self.notify()

    def on_error(self, error: Exception) -> None:
        if self._closed:
            drop_error(error, f"after a loop over {self._node.title} was left; {self._node.where}")
            return
        self._error = error
        self._done = True
        self.notify()

    def on_complete(self) -> None:
        self._done = True
        self.notify()

    def notify(self) -> None:
        """Wake up whoever waits."""
        raise NotImplementedError

    def replenish(self) -> None:
        """Ask for the first items, and for more once three quarters of the prefetch are taken."""
        if not self._started:
            self._started = True
            self._upstream.request(self._batch)
        elif self._taken >= self._limit and not self._done:
            taken, self._taken = self._taken, 0
            self._upstream.request(taken)

    def ready(self) -> bool:
        """Whether there is an item to take, or the end to be told."""
        return bool(self.items) or self._done

    def take(self) -> Any:
        """Return the next item."""
        self._taken += 1
        return self.items.popleft()

    def failure(self) -> Exception | None:
        """Return the error that ended the stream, our frames cut, or None."""
        error = self._error
        return error.with_traceback(user_frames(error.__traceback__)) if error is not None else None

    def close(self) -> None:
        """Cancel, and discard what was not taken."""
        self._closed = True
        if not self._done:
            uncoupled(self._upstream.cancel)
        self._discard()

    def _discard(self) -> None:
        while self.items:
            with suppress(
                IndexError
            ):  # two threads may discard at once; each item is popped by one
                self._scope.discard((self.items.popleft(),))


class _ThreadMailbox(_Mailbox):
    """The mailbox of a thread, which blocks while it waits."""

    __slots__ = ("_bell", "_waiting", "runner")

    def __init__(self, chain: list[Node], scope: Scope) -> None:
        super().__init__(chain, scope)
        # The one thread that takes out, and so must not wait for room.
        self.runner = 0 if running_loop() is not None else threading.get_ident()
        self._waiting: deque[None] = deque()  # a mark while the thread waits, or is about to
        self._bell = threading.Lock()
        self._bell.acquire()

    def notify(self) -> None:
        if self._waiting and self._unmark():
            self._bell.release()

    def _unmark(self) -> bool:
        try:
            self._waiting.popleft()
        except IndexError:
            return False
        return True

    def wait(self) -> None:
        """Block until there is something; never inside a running event loop."""
        if running_loop() is not None:
            raise RuntimeError(
                "a for loop (or run, list, sum, ...) over this flow would block the running event "
                f"loop, to wait for {self._node.title}, written at {self._node.where}; "
                "use `async for` or `await`"
            )
        while not self.ready():
            self._waiting.append(None)
            # Whoever takes the mark off decides: something has come meanwhile, or the bell will ring.
            if not (self.ready() and self._unmark()):
                self._bell.acquire()


class _LoopMailbox(_Mailbox):
    """The mailbox of a task, which awaits."""

    __slots__ = ("_lock", "_loop", "_waiter")

    def __init__(self, chain: list[Node], scope: Scope) -> None:
        super().__init__(chain, scope)
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None

    def notify(self) -> None:
        with self._lock:
            waiter, self._waiter = self._waiter, None
        if waiter is None:
            return
        if running_loop() is self._loop:
            _wake(waiter)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_wake, waiter)

    async def wait(self) -> None:
        """Wait until there is something."""
        with self._lock:
            if self.ready():
                return
            self._waiter = waiter = self._loop.create_future()
        await waiter


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _pull_pushed(chain: list[Node], scope: Scope) -> Generator[Any, None, None]:
    box = _ThreadMailbox(chain, discarding_scope(chain, scope))
    try:
        uncoupled(lambda: connect(chain, box, scope))
        while True:
            uncoupled(box.replenish)
            if not box.ready():
                box.wait()
            if not box.items:
                break
            yield box.take()
        error = box.failure()
        if error is not None:
            raise error
    finally:
        box.close()


async def _apull_pushed(chain: list[Node], scope: Scope) -> AsyncGenerator[Any, None]:
    box = _LoopMailbox(chain, discarding_scope(chain, scope))
    taken = 0
    try:
        uncoupled(lambda: connect(chain, box, scope))
        while True:
            uncoupled(box.replenish)
            if not box.ready():
                await box.wait()
            if not box.items:
                break
            yield box.take()
            taken += 1
            if not taken % CHECKPOINT:
                await asyncio.sleep(0)
        error = box.failure()
        if error is not None:
            raise error
    finally:
        box.close()
