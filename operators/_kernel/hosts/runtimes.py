"""Runtimes: what an event loop has to have for us, and which one runs in this thread: asyncio's, or trio's.

That of asyncio is used as it is, and so are those in its place (uvloop, rloop). A run of trio gets a loop
that is spelt like one of asyncio (`trio_runs`). So what runs on either calls a few methods by one name.
The rest is here: which exceptions say that a task is cancelled, how to give the loop its turn, and what
a cancelled task has to do before it may wait for its cleanup.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from asyncio import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module
from inspect import CORO_SUSPENDED, getcoroutinestate
from typing import Any, Protocol

_modules = sys.modules


class Loop(Protocol):
    """An event loop, of whichever runtime, as far as it is used here."""

    def time(self) -> float:
        """Return the seconds of its clock, from any thread."""
        ...

    def is_closed(self) -> bool:
        """Whether nothing will run on it any more."""
        ...

    def is_running(self) -> bool:
        """Whether some thread runs it now."""
        ...

    def call_soon(self, callback: Callable[..., object], *args: Any) -> Any:
        """Call it in a later turn; on the loop's own thread. The loop alone keeps what it returns."""
        ...

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> Any:
        """Call it in a later turn, from any thread; RuntimeError where it is closed."""
        ...

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> Any:
        """Call it in `delay` seconds of its clock, unless what is returned is cancelled."""
        ...

    def create_task(self, coro: Any, /) -> Any:
        """Run a coroutine as a task, in a copy of the current context."""
        ...

    def create_future(self) -> Any:
        """Return what one task may await, and others set."""
        ...


def running_loop() -> Any:
    """Return the event loop that runs in this thread, or None."""
    if "trio" in _modules:
        return _of_either()
    return _get_running_loop()


def _of_either() -> Any:
    trio = _trio()
    if trio is not None and trio.in_task():  # also as a guest of asyncio, whose loop runs then, too
        return trio.current_loop()
    loop = _get_running_loop()
    if loop is None and trio is not None and trio.in_run():  # it is at work between two tasks
        return trio.current_loop()
    return loop


def need_loop() -> Any:
    """Return the event loop that runs in this thread; raises RuntimeError where there is none."""
    loop = running_loop()
    if loop is None:
        raise RuntimeError("no running event loop, neither of asyncio nor of trio")
    return loop


_known: Any = None


def _trio() -> Any:
    """Return our side of trio; None while that is being imported."""
    global _known
    if _known is None:
        lowlevel = _modules.get("trio.lowlevel")
        if lowlevel is None or not hasattr(_modules["trio"], "lowlevel"):
            return None
        _known = import_module("operators._kernel.hosts.trio_runs")
    return _known


def on_trio() -> bool:
    """Whether it is trio that runs in this thread."""
    return "trio" in _modules and of_trio(running_loop())


def of_trio(loop: Any) -> bool:
    """Whether the loop is that of a run of trio."""
    return _known is not None and type(loop) is _known.TrioLoop


def looker(loop: Any) -> Callable[[], Any]:
    """Return the quickest function that gives this loop where it runs in this thread, else another or None.

    A guest of asyncio is on its host's thread, inside of one of its callbacks: that loop runs, too.
    """
    return running_loop if of_trio(loop) else _get_running_loop


def current_task(loop: Any) -> Any:
    """Return the task, of asyncio or one of ours on trio, that runs on this loop now; None: none does."""
    return loop.current_task() if of_trio(loop) else asyncio.current_task(loop)


_OF_ASYNCIO = (asyncio.CancelledError,)


def cancellations() -> tuple[type[BaseException], ...]:
    """Return the exceptions by which a task is told that it is cancelled, for an `except`."""
    if "trio" in _modules and (trio := _trio()) is not None:
        return trio.CANCELLATIONS  # type: ignore[no-any-return]
    return _OF_ASYNCIO


def is_cancellation(raised: BaseException) -> bool:
    """Whether it says that the task is cancelled: also a group of nothing else, as of a nursery."""
    if isinstance(raised, BaseExceptionGroup):
        return all(map(is_cancellation, raised.exceptions))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return isinstance(raised, cancellations())


_NOTHING: AbstractContextManager[object] = nullcontext()


def shielded() -> AbstractContextManager[object]:
    """Have what is awaited inside go on in a cancelled task; nothing that was entered before ends inside.

    A cancel of asyncio is raised once, so that there it is nothing. One of trio is raised at each await.
    """
    if on_trio():
        return _trio().shield()  # type: ignore[no-any-return]
    return _NOTHING


def let_clean_up() -> None:
    """Have the task of ours that runs here, cancelled or not, await what there is to clean up."""
    if on_trio() and (task := running_loop().current_task()) is not None:
        task.shield()


def kept(items: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """Return an async generator that closes these items where it is left by a `break`, say.

    A loop of asyncio does that for any; on trio they would be closed with no await allowed, and a warning.
    """
    return _trio().Kept(items, running_loop())  # type: ignore[no-any-return]


def remedy(error: Exception) -> str | None:
    """Return what to do about code of one runtime that was run on the other; None: it is no such error."""
    text = str(error)
    if "no running event loop" in text or "unrecognized yield message" in text:
        if on_trio():
            return (
                "trio runs here, and this is code of asyncio: put .subscribe_on(thread()) right after it, "
                "and it runs on the library's own loop of asyncio"
            )
    elif "must be called from async context" in text and not on_trio():
        return "this is code of trio, and no trio runs here: run the flow inside of trio.run"
    return None


async def sleep(seconds: float) -> None:
    """Wait, on the clock of the runtime."""
    if on_trio():
        await _trio().sleep(seconds)
    else:
        await asyncio.sleep(seconds)


def weakly(handle: Any) -> Callable[[], Any]:
    """Return what gives the handle of a loop as long as that keeps it; rloop's takes no weak reference."""
    try:
        return weakref.ref(handle)
    except TypeError:
        return lambda: handle


class _Turn:
    """To be awaited by a task of asyncio: the loop has its turn."""

    def __await__(self) -> Generator[None, None, None]:
        yield


_TURN = _Turn()


async def turn() -> None:
    """Give the event loop its turn; on trio it is a checkpoint: a cancelled task ends here."""
    if on_trio():
        await _trio().checkpoint()
    else:
        await _TURN


class _Begun(list[None]):
    """To be awaited once by a coroutine, which can be begun by that before it has a task.

    What is thrown into a coroutine that was never begun, it does not see: a task that is cancelled
    before its first step would end without a word.
    """

    __await__ = list[None].__iter__


BEGUN: Any = _Begun([None])


class _Unbegun(Coroutine[Any, Any, Any]):
    """A coroutine to be given to a task factory, which may await it.

    That is refused of one that is begun, and waits for `BEGUN`.
    """

    __slots__ = ("__name__", "__qualname__", "_made")

    def __init__(self, made: Any) -> None:
        self._made = made
        self.__name__: str = made.__name__
        self.__qualname__: str = made.__qualname__

    def send(self, value: Any, /) -> Any:
        """Go on with it."""
        return self._made.send(value)

    def throw(self, *raised: Any) -> Any:
        """Raise it there."""
        return self._made.throw(*raised)

    def close(self) -> None:
        """Leave it."""
        self._made.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self  # type: ignore[return-value]

    def __next__(self) -> Any:
        return self._made.send(None)

    def ended(self, task: Any) -> None:
        """Have it end with its task: one that is cancelled before its first step has not come to it."""
        if getcoroutinestate(self._made) == CORO_SUSPENDED:
            with suppress(BaseException):
                self._made.throw(asyncio.CancelledError)
            with suppress(RuntimeError):  # it awaits something
                self._made.close()


def task_of(loop: Any, made: Any, **settings: Any) -> Any:
    """Return a task of this loop for a coroutine that awaits `BEGUN` first, whether it is begun or not.

    Task factories there are that make the task of a coroutine of their own, which awaits the one that they
    were given: as those that follow what is done, for traces.
    """
    known: Callable[[], Any] | None = getattr(loop, "get_task_factory", None)
    factory = None if known is None else known()
    if factory is None or factory is getattr(asyncio, "eager_task_factory", None):
        return loop.create_task(made, **settings)
    handed = _Unbegun(made)
    task = loop.create_task(handed, **settings)
    task.add_done_callback(handed.ended)
    return task
