"""Leaks: what a piece of code has left running."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import inspect
import site
import sysconfig
import threading
import time
import types
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import _DummyThread  # pyright: ignore[reportPrivateUsage]
from typing import Any

import operators
from operators._kernel.failures.failure import class_of
from operators._kernel.fusing.turns import Turns
from operators._kernel.links.queued import QueuedStage
from operators._kernel.links.stage import FusedStage, Stage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.ends import NOWHERE
from operators.testing._waiting import place_of

KINDS = (
    "thread", "task", "generator", "async generator", "coroutine", "executor", "event loop", "link", "items",
)  # fmt: skip
"""What a leak may be of."""

_LIBRARY = str(Path(operators.__file__).resolve().parent)
_KIT = str(Path(__file__).resolve().parent)
_OTHERS = tuple(
    {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        "<frozen",
    }
)


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that was left running."""

    kind: str
    """One of KINDS."""
    what: str
    """Which one, and where it comes from."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


@contextmanager
def no_leaks(*, allow: Iterable[str] = (), seconds: float = 5.0) -> Generator[None]:
    """Raise AssertionError at the end of the `with` for what was begun inside, and is not over.

    Looked for are threads, tasks, generators (also asynchronous ones, and coroutines), executors and event
    loops; links of flows that have neither ended nor were cancelled; and items that a link still holds which
    is over. What is about to end has `seconds` for it. Kinds in `allow` are let pass. What the block raises
    is raised, and nothing is checked then.

    >>> from operators import Flow
    >>> from operators.schedulers import immediate
    >>> from operators.testing import TestSubscriber, no_leaks
    >>> with no_leaks():
    ...     list(Flow.range(100).map_async(str))[-1]
    '99'
    >>> with no_leaks():
    ...     seen = TestSubscriber()
    ...     Flow.range(3).buffer(2).publish_on(immediate()).subscribe(seen)
    Traceback (most recent call last):
    AssertionError: left behind:
    ...
    """
    allowed = set(allow)
    if not allowed <= set(KINDS):
        raise ValueError(
            f"no_leaks: allow is of {', '.join(KINDS)}; got {sorted(allowed - set(KINDS))}"
        )
    with looking() as look:
        yield
        left = [leak for leak in look.left(seconds) if leak.kind not in allowed]
    if left:
        raise AssertionError("left behind:\n" + "\n".join(f"    {leak}" for leak in left))


_SETTLES = 1.0  # seconds


class Look:
    """What was there before, and so is not looked at."""

    def __init__(self, told: Callable[[threading.Thread], str], but: tuple[str, ...]) -> None:
        self._but = but
        self._threads = set(threading.enumerate())
        self._told = told
        self._before = {id(it) for it in gc.get_objects() if _judge(it) is not None}

    def left(self, seconds: float = 5.0) -> list[Leak]:
        """Return what was begun since, and is not over within so many seconds."""
        deadline = time.monotonic() + seconds
        leaks = [Leak("thread", self._told(it)) for it in self._threads_left(deadline)]
        return leaks + self._objects_left(min(deadline, time.monotonic() + _SETTLES))

    def _threads_left(self, deadline: float) -> list[threading.Thread]:
        new = set(threading.enumerate()) - self._threads - {threading.current_thread()}
        # One that Python did not start has no end that Python could wait for.
        new = {
            it
            for it in new
            if not isinstance(it, _DummyThread) and not it.name.startswith(self._but)
        }
        for thread in new:
            while thread.ident is None and time.monotonic() < deadline:
                time.sleep(0.001)  # it is about to begin, and cannot be joined yet
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return [it for it in new if it.is_alive()]

    def _objects_left(self, deadline: float) -> list[Leak]:
        if not self._running():
            return []
        # A cycle (of an exception and its frame, say) is not held by anyone: only what remains counts.
        gc.collect()
        while (running := self._running()) and time.monotonic() < deadline:
            time.sleep(0.005)  # another thread may be at letting go of it
        return running

    def _running(self) -> list[Leak]:
        found = ((it, _judge(it)) for it in gc.get_objects())
        return [leak for it, leak in found if leak is not None and id(it) not in self._before]


_looking = 0


@contextmanager
def looking(
    told: Callable[[threading.Thread], str] | None = None, *, but: tuple[str, ...] = ()
) -> Generator[Look]:
    """Look, from now on, for what is begun; one inside another is allowed.

    `told` says where a thread comes from; threads whose names begin like those in `but` are let pass.
    """
    global _looking
    if not _looking:
        gc.freeze()  # afterwards only what is made meanwhile is looked at, which makes it affordable
    _looking += 1
    try:
        yield Look(told or _thread, but)
    finally:
        _looking -= 1
        if not _looking:
            gc.unfreeze()


# What is running, by its type ------------------------------------------------------------------------


def _judge(it: Any) -> Leak | None:
    kind: Any = class_of(it)  # whatever it says of itself
    judge = _JUDGES.get(kind)
    if judge is not None:
        return judge(it)
    if issubclass(kind, Stage):
        return _link(it)
    if issubclass(kind, Turns):
        return _left_open(it.node) if it.underway else None
    if issubclass(kind, asyncio.BaseEventLoop) and not it.is_closed():
        return Leak("event loop", repr(it))
    return None


def _generator(it: types.GeneratorType[Any, Any, Any]) -> Leak | None:
    runs = _ours(it.gi_code) and inspect.getgeneratorstate(it) == inspect.GEN_SUSPENDED
    return Leak("generator", where_of(it.gi_code)) if runs else None


def _async_generator(it: types.AsyncGeneratorType[Any, Any]) -> Leak | None:
    return (
        Leak("async generator", where_of(it.ag_code)) if _ours(it.ag_code) and begun(it) else None
    )


def _coroutine(it: types.CoroutineType[Any, Any, Any]) -> Leak | None:
    runs = _ours(it.cr_code) and inspect.getcoroutinestate(it) == inspect.CORO_SUSPENDED
    return Leak("coroutine", where_of(it.cr_code)) if runs else None


def _task(it: asyncio.Task[Any]) -> Leak | None:
    return None if it.done() else Leak("task", repr(it))


def _threads_of(it: Any) -> Leak | None:
    if it._shutdown:
        return None
    return Leak(
        "executor", f"a ThreadPoolExecutor {it._thread_name_prefix!r} that nobody shut down"
    )


def _processes_of(it: Any) -> Leak | None:
    if it._executor_manager_thread is None:
        return None
    return Leak("executor", "a ProcessPoolExecutor that nobody shut down")


_JUDGES: dict[type, Callable[[Any], Leak | None]] = {
    types.GeneratorType: _generator,
    types.AsyncGeneratorType: _async_generator,
    types.CoroutineType: _coroutine,
    asyncio.Task: _task,
    concurrent.futures.ThreadPoolExecutor: _threads_of,
    concurrent.futures.ProcessPoolExecutor: _processes_of,
}


def _link(it: Stage) -> Leak | None:
    over = it.done or (isinstance(it, QueuedStage) and it.cancelled)
    name = f"{it.node.title}, written at {it.node.where}"
    if over:
        held = getattr(it, "occupied", None) or getattr(it, "buffered", None) or 0
        return Leak("items", f"{held} in {name}, which is over") if held else None
    if it.upstream is NOWHERE or _passed_by(it):
        return None
    return _left_open(it.node)


def _left_open(node: Node) -> Leak:
    return Leak("link", f"{node.title}, written at {node.where}, is neither over nor cancelled")


def _passed_by(it: Stage) -> bool:
    # Downstream has upstream's own Subscription, and cancels that.
    return isinstance(it, FusedStage) and it.passed_by


def begun(generator: types.AsyncGeneratorType[Any, Any]) -> bool:
    """Whether it is between its first item and its end: one that was never begun holds nothing."""
    frame = generator.ag_frame
    if frame is None:
        return False
    # 3.11 does not tell; one that was not begun stands at its first line.
    first = frame.f_lineno != generator.ag_code.co_firstlineno
    return bool(getattr(generator, "ag_suspended", first))


def _ours(code: types.CodeType) -> bool:
    name = code.co_filename
    if name.startswith(_KIT):  # whoever looks
        return False
    return name.startswith((_LIBRARY, "<flow ")) or not name.startswith(_OTHERS)


def where_of(code: types.CodeType) -> str:
    """Return the name of a function, and where it begins."""
    return f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno})"


def _thread(thread: threading.Thread) -> str:
    kind = "daemon " if thread.daemon else ""
    return f"{kind}{thread.name!r}, which is at {place_of(thread)}"
