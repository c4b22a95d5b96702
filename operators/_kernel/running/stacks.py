"""Stacks: which thread or task is at work for a stage, and at which line of the user's."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from sys import _current_frames  # pyright: ignore[reportPrivateUsage]
from types import CodeType, FrameType
from typing import Any
from weakref import ref

from operators._kernel.failures.failure import class_of
from operators._kernel.hosts.background import background_loop
from operators._kernel.links.metering import Count, Link
from operators._kernel.plan.node import is_internal, short

# By where a module of it is: sysconfig knows it from a file of the interpreter's build.
_STDLIB = str(PurePath(asyncio.__file__).parents[1])
_PACKAGES = (f"{_STDLIB}/site-packages", f"{_STDLIB}/dist-packages")
_DEEPEST = 20_000  # frames that are looked through, of one thread
_LINKS = 40  # objects of the library between a stage and the link that it delivers to, at most


@dataclass(frozen=True, slots=True)
class Where:
    """A thread or a task, and the line of the user's that it is at."""

    who: str
    """Such as "thread 'MainThread'"."""
    place: str
    """Such as "app.py:12 in work"; "" where it is at no line of the user's."""

    def __str__(self) -> str:
        return f"{self.who}, {self.place}" if self.place else self.who


def place_of(frames: list[FrameType]) -> str:
    """Return the user's line that is innermost in a stack, innermost frame first; "" where there is none."""
    inside = ""
    for frame in frames:
        code = frame.f_code
        if _is_users(code.co_filename):
            return f"{short((code.co_filename, frame.f_lineno))} in {code.co_name}{inside}"
        if not inside and not is_internal(code.co_filename):
            inside = f", in {code.co_qualname}"
    return ""


def _is_users(filename: str) -> bool:
    if filename.startswith("<frozen") or is_internal(filename):
        return False
    return not filename.startswith(_STDLIB) or filename.startswith(_PACKAGES)


def stack(frame: FrameType | None) -> list[FrameType]:
    """Return a frame and those that have called it, the innermost first."""
    frames: list[FrameType] = []
    while frame is not None and len(frames) < _DEEPEST:
        frames.append(frame)
        frame = frame.f_back
    return frames


def threads() -> Iterator[tuple[threading.Thread, list[FrameType]]]:
    """Give each thread with its stack, but for the one that asks."""
    known = {thread.ident: thread for thread in threading.enumerate()}
    for ident, frame in _current_frames().items():
        thread = known.get(ident)
        if thread is not None and thread is not threading.current_thread():
            yield thread, stack(frame)


def loops() -> list[Any]:
    """Return the event loops of asyncio that run in some thread now, as far as can be seen."""
    found: dict[int, Any] = {}
    own = background_loop()
    if own is not None:
        found[id(own)] = own
    for _, frames in threads():
        for frame in frames:
            if frame.f_code.co_name in ("run_forever", "run_until_complete"):
                loop = frame.f_locals.get("self")
                if isinstance(loop, asyncio.AbstractEventLoop):
                    found[id(loop)] = loop
    return list(found.values())


def tasks(also: Any = None) -> Iterator[tuple[str, list[FrameType]]]:
    """Give the name and the stack of each task of all event loops, and of the loop given."""
    found = loops()
    if isinstance(also, asyncio.AbstractEventLoop) and also not in found:
        found.append(also)
    for loop in found:
        for task in _tasks_of(loop):
            if not task.done():
                yield task.get_name(), task_stack(task)


def _tasks_of(loop: Any) -> list[asyncio.Task[Any]]:
    # The set may change while it is copied, on the loop's own thread.
    for _ in range(100):
        with suppress(RuntimeError):
            return sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    return []


def task_stack(task: asyncio.Task[Any]) -> list[FrameType]:
    """Return the frames of what a task awaits, the innermost first."""
    frames: list[FrameType] = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        for frame, deeper in _AWAITED:
            if hasattr(awaited, frame):
                found = getattr(awaited, frame)
                awaited = getattr(awaited, deeper) if found is not None else None
                if found is not None:
                    frames.append(found)
                break
        else:
            awaited = _asked(awaited)
    return frames[::-1]


def _asked(awaited: Any) -> Any:
    """Return the async generator whose next item is awaited, or None."""
    if type(awaited).__name__ not in ("async_generator_asend", "async_generator_athrow"):
        return None
    return next((each for each in gc.get_referents(awaited) if hasattr(each, "ag_frame")), None)


_AWAITED = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))


def at_work_for(count: Count, *, delivering: Any = None, loop: Any = None) -> list[Where]:
    """Return the threads and tasks that are inside of the work of a stage, or of what it calls.

    `delivering` is the one that hands it an item, in whose delivery the stage then is.
    """
    codes = codes_of(count.node.operator)
    wanted = [each for each in (count, delivering) if each is not None]
    found: list[Where] = []
    for thread, frames in threads():
        inside = _inside(frames, codes, wanted)
        if inside is not None:
            found.append(Where(f"thread {thread.name!r}", place_of(inside)))
    for name, frames in tasks(loop):
        inside = _inside(frames, codes, wanted)
        if inside is not None:
            found.append(Where(f"task {name!r}", place_of(inside)))
    return found


def _inside(
    frames: list[FrameType], codes: set[CodeType], wanted: list[Count]
) -> list[FrameType] | None:
    for depth, frame in enumerate(frames):
        if frame.f_code in codes:
            return frames[: depth + 1]
    for depth, frame in enumerate(frames):
        if (
            is_internal(frame.f_code.co_filename)
            and _count_of(frame.f_locals.get("self")) in wanted
        ):
            return frames[: depth + 1]
    return None


def _count_of(owner: Any) -> Count | None:
    """Return the counts of the link that an object of the library is, or delivers to."""
    for _ in range(_LINKS):
        if isinstance(owner, Link):
            return owner.count
        kind = class_of(owner)
        if owner is None or not is_internal(_file_of(kind)):
            return None
        owner = next(
            (
                link
                for name in ("downstream", "_downstream", "_subscriber")
                if (link := getattr(owner, name, None)) is not None
            ),
            None,
        )
    return None


def _file_of(kind: type[Any]) -> str:
    module = sys.modules.get(kind.__module__)
    return str(getattr(module, "__file__", None) or "")


def codes_of(operator: Any) -> set[CodeType]:
    """Return the code of the user's functions, generators and coroutines that an operator was given."""
    found: set[CodeType] = set()
    for kind in type(operator).__mro__:
        slots: Any = vars(kind).get("__slots__", ())
        names: tuple[str, ...] = (slots,) if isinstance(slots, str) else tuple(slots)
        for name in names:
            _add_codes(getattr(operator, name, None), found)
    for value in getattr(operator, "__dict__", {}).values():
        _add_codes(value, found)
    return {code for code in found if _is_users(code.co_filename)}


_CALL = "__call__"  # of an object that is a function


def _add_codes(value: Any, found: set[CodeType]) -> None:
    value = getattr(value, "func", value)  # of a partial
    value = getattr(value, "__func__", value)  # of a method
    for name in ("__code__", "gi_code", "ag_code", "cr_code"):
        code: Any = getattr(value, name, None)
        if isinstance(code, CodeType):
            found.add(code)
    kind = class_of(value)
    code = getattr(getattr(kind, _CALL, None), "__code__", None)
    if isinstance(code, CodeType):
        found.add(code)


def busy_loops() -> dict[int, tuple[str, list[FrameType], tuple[Any, ...]]]:
    """Return, for each thread whose event loop is in the midst of a callback, its name, stack, and mark.

    The mark is the same as long as the same line of the user's is at work.
    """
    found: dict[int, tuple[str, list[FrameType], tuple[Any, ...]]] = {}
    for thread, frames in threads():
        depth = next(
            (i for i, each in enumerate(frames) if each.f_code.co_name == "_run_once"), None
        )
        if depth is None:
            continue
        inside = frames[:depth]
        users = [frame for frame in inside if _is_users(frame.f_code.co_filename)]
        if users:
            mark = tuple((id(frame), frame.f_lineno) for frame in users)
            found[thread.ident or 0] = (thread.name, inside, mark)
    return found


def here_and_now() -> tuple[int, Any]:
    """Return the thread that calls this, by its ident, and the task of asyncio by a weak reference."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident(), None if task is None else ref(task)


def at_now(began: tuple[int, Any], file: str) -> list[Where]:
    """Return what a task, or a thread, is at by now; a thread only as long as it is in that file."""
    ident, weak = began
    task = weak() if weak is not None else None
    if task is not None:
        if task.done():
            return []
        return [Where(f"task {task.get_name()!r}", place_of(task_stack(task)))]
    return [
        Where(f"thread {thread.name!r}", place_of(frames))
        for thread, frames in threads()
        if thread.ident == ident and any(frame.f_code.co_filename == file for frame in frames)
    ]
