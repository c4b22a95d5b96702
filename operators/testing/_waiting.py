"""Who waits for what, as far as it can be told from outside."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import threading
from collections.abc import Callable
from sys import _current_frames  # pyright: ignore[reportPrivateUsage]
from types import FrameType
from typing import Any

from operators.schedulers import ThreadScheduler


def idle(thread: threading.Thread) -> bool:
    """Whether it is known that the thread has nothing to do for anybody."""
    if not thread.is_alive() or thread is threading.current_thread():
        return True
    frame = _current_frames().get(thread.ident or 0)
    if frame is None:  # it has ended, or was not started by Python
        return True
    queue = _QUEUES.get((frame.f_code.co_qualname, frame.f_code.co_filename))
    return queue is not None and bool(queue(frame.f_locals).empty())


_QUEUES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("_worker", str(concurrent.futures.thread.__file__)): lambda names: names["work_queue"],
    ("_Tasks._next", ThreadScheduler.worker.__code__.co_filename): lambda names: names["came"],
}
"""Where threads wait for work, by the function and the file, and from which queue that comes."""


def who_waits(loop: asyncio.AbstractEventLoop, *, but: frozenset[str] = frozenset()) -> str:
    """Return a line for each task of the loop, and for each other thread that is not idle."""
    lines = [_task(task) for task in sorted(asyncio.all_tasks(loop), key=_name)]
    lines += who_works(but=but)
    return "\n".join(lines) or "No task is left, and no other thread."


def who_works(*, but: frozenset[str] = frozenset()) -> list[str]:
    """Return a line for each thread, this one left out, that is not known to be idle."""
    return [_thread(it) for it in threading.enumerate() if it.name not in but and not idle(it)]


def _name(task: asyncio.Task[Any]) -> tuple[int, str]:
    return len(task.get_name()), task.get_name()


def _task(task: asyncio.Task[Any]) -> str:
    waits: Any = task.get_coro()
    frames: list[FrameType] = []
    while waits is not None:
        frame, deeper = _step(waits)
        if frame is None:
            break
        frames.append(frame)
        waits = deeper
    where = " < ".join(_place(frame) for frame in reversed(frames[-4:])) or "at its beginning"
    for_what = "" if waits is None else f", for {_short(waits)}"
    return f"task {task.get_name()!r} waits{for_what}: {where}"


def _step(awaited: Any) -> tuple[FrameType | None, Any]:
    for frame, deeper in (
        ("cr_frame", "cr_await"),
        ("gi_frame", "gi_yieldfrom"),
        ("ag_frame", "ag_await"),
    ):
        if hasattr(awaited, frame):
            return getattr(awaited, frame), getattr(awaited, deeper)
    return None, awaited


def _short(what: Any) -> str:
    text = f"a {type(what).__name__}" if type(what).__module__ in _PLAIN else repr(what)
    return text if len(text) <= 120 else text[:117] + "..."


_PLAIN = ("builtins", "_asyncio", "asyncio.futures")


def place_of(thread: threading.Thread) -> str:
    """Return the function that the thread is in, and where that is."""
    frame = _current_frames().get(thread.ident or 0)
    return "somewhere" if frame is None else _place(frame)


def _thread(thread: threading.Thread) -> str:
    where = place_of(thread)
    kind = "daemon thread" if thread.daemon else "thread"
    return f"{kind} {thread.name!r} is at {where}"


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
