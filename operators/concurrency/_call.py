"""Call: one item on its way through map_async, and what becomes of calls that come too late."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import CoroutineType
from typing import Any, get_origin

from operators._kernel.failures.checks import is_coroutine_function
from operators._kernel.failures.failure import brief, kind_of, user_frames
from operators._kernel.hosts.runtimes import is_cancellation
from operators._kernel.subscription.drain import Drain
from operators.concurrency._tasks import fetch_soon

BEATS = 16
"""Calls between two looks at the clock."""
_PREFIX = "calls in flight failed as well: "
_MOST_KINDS = 5


class Call:
    """One item, and what its call has come to; whoever holds it last lets go of all of it."""

    item: Any = None
    made: Any = None
    """What is to be awaited, where the function was called already."""
    result: Any = None
    error: Exception | None = None
    begun: bool = False
    """Whether a thread of this process is at it, or was."""
    done: bool = False
    """Whether the call is over, whatever way."""
    seen: bool = False
    """Whether the one that delivers knows that it is over."""
    cancelled: bool = False
    """Whether there was no call, or none to its end: so that the item itself is what is left."""
    hushed: bool = False
    """Whether its failure is no news to anybody, once the stream is over."""
    key: Any = None
    keyed: Any = None
    """What is to be told of its end, since others wait for that; None: none does."""
    by: str = "map_async"
    """The operator whose call it is."""
    size: int = 1
    """How many items it is for."""
    losses: int = 0
    """How many times the worker that was at it has died, where it could be nobody else's fault."""
    whole: Any = None
    """The chunk of which this is one item, made by itself; else None."""
    began: float = 0.0
    """When it began, for who measures how long calls take."""
    among: int = 1
    """How many were in flight then, with it."""

    def give(self, result: Any) -> None:
        """Take what the function has given for the outcome."""
        if type(result) is CoroutineType:
            let_go_of(result)
            self.error = TypeError(
                f"{self.by}: what fn gave was awaited and gave a coroutine; await that in fn"
            )
        else:
            self.result = result

    def end_with(self, raised: BaseException, *, hushed: bool, gone: bool) -> bool:
        """Take what a call in a task has raised for its outcome; return whether it is the task's as well.

        `gone`: the loop has; what is raised is what becomes of a cleanup that would have to be awaited.
        """
        if isinstance(raised, Exception):
            self.hushed = hushed
            if gone:
                self.drop()
            else:
                self.fail(raised)
            return False
        if is_cancellation(raised):
            self.drop()
        elif isinstance(raised, GeneratorExit):
            self.drop()
            with suppress(RuntimeError):  # no loop runs: it is one that lets go of its tasks
                fetch_soon()
        else:
            self.end_by(raised)
            fetch_soon()
        return True

    def fail(self, error: Exception) -> None:
        """Take the error for the outcome, without the frames of ours that would keep the call."""
        self.error = error.with_traceback(user_frames(error.__traceback__))

    def end_by(self, raised: BaseException) -> None:
        """Take note that the call was ended by what no signal may carry, such as a SystemExit."""
        self.error = RuntimeError(f"{self.by}: the call was ended by {brief(raised)}")
        self.error.__cause__ = raised
        self.hushed = isinstance(raised, KeyboardInterrupt)  # all processes of a terminal get one

    def drop(self, by_whom: str = "") -> None:
        """Take note that the call was cancelled, or never made."""
        give_up(self.made)
        self.cancelled = True
        self.error = RuntimeError(f"{self.by}: the call was cancelled{by_whom}")

    def let_go(self) -> None:
        """Keep nothing of what it was about."""
        self.item = self.made = self.result = self.error = self.key = self.keyed = None
        self.whole = None


class Aftermath:
    """What becomes of calls in flight after the first failure: it is told by a note on that error."""

    __slots__ = ("_drain", "_error", "_failures", "_firsts", "_total")

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._failures: deque[tuple[str, str]] = deque()
        self._drain = Drain()
        self._firsts: dict[str, list[Any]] = {}
        self._total = 0

    def add(self, error: Exception, item: Any) -> None:
        """Tell of one more failure; several threads may do so at once."""
        told = "the same error" if error is self._error else brief(error)
        self._failures.append((type(error).__name__, f"{told} for item {brief(item)}"))
        if not self._drain.enter():
            return
        while True:
            while self._failures:
                self._count(*self._failures.popleft())
            self._tell()
            if not self._drain.again():
                return

    def _count(self, kind: str, text: str) -> None:
        self._total += 1
        if kind in self._firsts:
            self._firsts[kind][0] += 1
        elif len(self._firsts) < _MOST_KINDS:
            self._firsts[kind] = [1, text]

    def _tell(self) -> None:
        kinds = [f"{n} {kind}, first {text}" for kind, (n, text) in self._firsts.items()]
        note = f"{self._total} {_PREFIX}{'; '.join(kinds)}"
        with suppress(Exception):  # an error that takes no note is still the one that was signalled
            notes = getattr(self._error, "__notes__", None)
            if notes is None:
                self._error.add_note(note)
            else:
                notes[:] = [*(each for each in notes if _PREFIX not in each), note]


def gives_awaitables(fn: Callable[..., Any]) -> bool:
    """Whether it can be told without a call that what `fn` gives is to be awaited.

    That is so for coroutine functions, for classes whose instances can be awaited, and for functions
    whose annotation says so. Of others it is known when they have been called.
    """
    if isinstance(fn, type):
        return hasattr(fn, "__await__")
    return is_coroutine_function(fn) or _marked(fn) or _says_so(fn)


def _marked(fn: Any) -> bool:
    # Compiled functions, and those of older libraries, say by a mark of asyncio's that they are such.
    mark = getattr(asyncio.coroutines, "_is_coroutine", None)
    return mark is not None and getattr(fn, "_is_coroutine", None) is mark


def _says_so(fn: Callable[..., Any]) -> bool:
    with suppress(Exception):  # of a name that cannot be resolved nothing is known
        result = inspect.signature(fn, eval_str=True).return_annotation
        kind = get_origin(result) or result
        return isinstance(kind, type) and hasattr(kind, "__await__")
    return False


_NEED_A_LOOP = ("no running event loop", "no current event loop", "Non-thread-safe operation")


def needs_a_loop(error: RuntimeError) -> bool:
    """Whether a function has failed because no event loop ran where it was called.

    The coroutines that it has made for nothing are closed: nobody is to be told that they were never
    awaited.
    """
    if not wants_a_loop(error):
        return False
    traceback = error.__traceback__
    while traceback is not None:
        values: Any = traceback.tb_frame.f_locals.values()
        for value in values:
            let_go_of(value)
            if type(value) is tuple:  # the *args of asyncio.gather
                list(map(let_go_of, value))  # pyright: ignore[reportUnknownArgumentType]
        traceback = traceback.tb_next
    return True


def wants_a_loop(error: RuntimeError) -> bool:
    """Whether an error says that no event loop runs here."""
    return any(text in str(error) for text in _NEED_A_LOOP)


def let_go_of(made: Any) -> None:
    """Close a coroutine that was not begun, and that nobody will await."""
    if inspect.iscoroutine(made) and inspect.getcoroutinestate(made) == inspect.CORO_CREATED:
        made.close()


def no_awaitable(by: str, result: Any) -> Any:
    """Return what a call on an executor has given; raises TypeError where that is to be awaited."""
    if inspect.iscoroutine(result) or isinstance(result, asyncio.Future):
        give_up(result)
        raise TypeError(
            f"{by}: fn gave a {kind_of(result)}, which is to be awaited; on an executor nothing is: "
            "leave executor= out"
        )
    return result


def give_up(made: Any) -> None:
    """Let go of what a function has given to be awaited, and what nobody will await."""
    let_go_of(made)
    if isinstance(made, asyncio.Future):
        _cancel_soon(made)  # pyright: ignore[reportUnknownArgumentType]


def _cancel_soon(future: asyncio.Future[Any]) -> None:
    with suppress(RuntimeError):  # its loop is closed
        future.get_loop().call_soon_threadsafe(_cancel, future)


def _cancel(future: asyncio.Future[Any]) -> None:
    if not future.cancel() and not future.cancelled():
        future.exception()  # which asyncio would else say that nobody has asked for
