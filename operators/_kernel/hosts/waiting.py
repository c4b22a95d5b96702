"""Waiting: who waits for room in a buffer, and who must not, since nobody else could make it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from threading import get_ident
from typing import Any

from operators._kernel.hosts.exits import ending_all
from operators._kernel.hosts.runtimes import need_loop, running_loop


class LoopBell:
    """Wakes up one coroutine, from any thread; it is rung by `release`, as a lock is."""

    __slots__ = ("_loop", "waiter")

    def __init__(self) -> None:
        self._loop = need_loop()
        self.waiter: Any = self._loop.create_future()

    def release(self) -> None:
        """Have the coroutine go on."""
        if running_loop() is self._loop:
            _wake(self.waiter)
            return
        with suppress(RuntimeError):  # the loop is closed, and nobody waits there any more
            self._loop.call_soon_threadsafe(_wake, self.waiter)


def _wake(waiter: Any) -> None:
    if not waiter.done():
        waiter.set_result(None)


def refusal_to_wait(node: Any) -> Exception:
    """Return the error of a loop on a thread with an event loop, which must not wait for what is to come.

    It is for who has written the loop: what goes on after an error, or tries again, does not help.
    """
    error = RuntimeError(
        "a for loop (or run, list, sum, ...) over this flow would block the running event "
        f"loop, to wait for {node.title}, written at {node.where}; "
        "use `async for` or `await`, which a cell of a notebook may do at top level"
    )
    return ending_all(error)


def refuse_to_block(stage: Any, room: str) -> None:
    """Raise RuntimeError where this thread, if it waited for room, would wait for itself.

    On an event loop the stream fails with it too: what a callback raises there reaches nobody who waits
    for the stream. Inside a delivery it is the failure of whoever emits, and ends the stream as such.
    """
    me = get_ident()
    inside = any(getattr(each, "runner", 0) == me for each in below(stage))
    if inside:
        why = "emit would wait for this very thread, which is delivering an item of the same stream"
    elif running_loop() is not None:
        why = "emit would block the event loop that runs in this thread"
    elif stage.opener == me and not _crosses(stage):
        why = "emit would wait, inside of subscribe, for a request that can only come after it"
    else:
        return
    text = (
        f"{why}: {stage.node.title}, written at {stage.node.where}, has {room}; use a producer that is "
        "an `async def` and awaits emit, another overflow=, a larger capacity=, or another thread"
    )
    error = RuntimeError(text)
    if running_loop() is not None and not inside:
        stage.turn_down(error)
    raise error


def _crosses(stage: Any) -> bool:
    # Who asks may then be another thread than the one that subscribes. An edge is no operator of its own.
    following = [each for each in below(stage.downstream) if _node(each) is not stage.node]
    return any(getattr(_operator(each), "asynchronous", False) for each in following)


def _node(stage: Any) -> Any:
    return getattr(stage, "node", None)


def _operator(stage: Any) -> Any:
    node = _node(stage)
    return None if node is None else node.operator


def kept_by(stage: Any) -> bool:
    """Whether a `for` subscribes, on this thread, and takes nothing out before it has."""
    if running_loop() is not None:
        return False  # there nothing may block, and who subscribes may count on that very thread
    following = list(below(stage.downstream))
    return any(getattr(each, "pulls", False) for each in following) and not any(
        getattr(_operator(each), "detached", False) for each in following
    )


_LINKS = ("downstream", "_downstream", "stage", "_stage")


def below(stage: Any) -> Iterator[Any]:
    """Give a stage, and what is downstream of it as far as that is of the library."""
    seen: set[int] = set()
    while stage is not None and type(stage).__module__.startswith("operators."):
        if id(stage) in seen:
            return
        seen.add(id(stage))
        yield stage
        links = (getattr(stage, name, None) for name in _LINKS)
        stage = next((link for link in links if link is not None), None)


def consumer_of(stage: Any) -> Any:
    """Return the Subscriber, none of the library's, that takes the items of a stage; None: there is none."""
    last = list(below(stage))[-1]
    found = next((link for name in _LINKS if (link := getattr(last, name, None)) is not None), None)
    return None if found is None or type(found).__module__.startswith("operators.") else found


def told_of(stage: Any) -> str:
    """Return, in words, who takes the items of a stage."""
    last = list(below(stage))[-1]
    consumer = consumer_of(stage) or last
    node = next(
        (found for each in reversed(list(below(stage))) if (found := _node(each)) is not None), None
    )
    behind = "" if node is None else f" behind {node.title} ({node.place})"
    return f"{type(consumer).__name__}{behind}"
