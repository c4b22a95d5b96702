"""For the whole suite: no test leaves anything running, no generated example is too slow."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import inspect
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tck.own_time import Allowance

pytest_plugins = ["pytester"]

# A busy machine is slow, which says nothing about an example; and what CI runs, it can run again.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

SECONDS_TO_END = 5.0
# Idle threads which a library keeps for its next call, by design, for a few seconds.
KEPT_BY_OTHERS = ("Trio thread ",)
PROJECT = str(Path(__file__).resolve().parent.parent) + os.sep

_origins: weakref.WeakKeyDictionary[threading.Thread, str] = weakref.WeakKeyDictionary()


def _remember_origins() -> None:
    """Make every thread tell where it was started: its own stack does not know it any more."""
    start = threading.Thread.start

    def start_and_remember(thread: threading.Thread) -> None:
        frame: types.FrameType | None = sys._getframe(1)
        frames: list[str] = []
        while frame is not None and len(frames) < 6:
            code = frame.f_code
            if "_pytest" in code.co_filename:
                break
            if code.co_filename != threading.__file__:
                frames.append(f"{code.co_filename}:{frame.f_lineno} in {code.co_qualname}")
            frame = frame.f_back
        _origins[thread] = "\n        from ".join(frames)
        start(thread)

    threading.Thread.start = start_and_remember  # type: ignore[method-assign, assignment]


class _Errors(logging.Handler):
    """What asyncio can only log: a pending task destroyed, an exception that nobody fetched."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().partition("\n")[0]
        if record.exc_info:
            text += f" ({record.exc_info[1]!r})"
        self.messages.append(text)


_asyncio_errors = _Errors()
_unclosed: list[str] = []


def _remember_unclosed_generators() -> None:
    """Note the asynchronous generators that a loop has to close for those who should have."""
    shutdown = asyncio.BaseEventLoop.shutdown_asyncgens

    async def shutdown_and_remember(loop: asyncio.BaseEventLoop) -> None:
        _unclosed.extend(
            f"{_where(generator.ag_code)}: left to the loop to close"
            for generator in list(getattr(loop, "_asyncgens", ()))
            if _begun(generator)
        )
        await shutdown(loop)

    asyncio.BaseEventLoop.shutdown_asyncgens = shutdown_and_remember  # type: ignore[method-assign, assignment]


def pytest_configure() -> None:
    _remember_origins()
    _remember_unclosed_generators()
    logging.getLogger("asyncio").addHandler(_asyncio_errors)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Spread the tests as `spread` says, for `--dist loadfile`."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.spread import Spread

    return Spread(config, log)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_timeout_set_timer(
    item: pytest.Item, settings: object
) -> Generator[None, object, object]:
    """Have a test's time not pass while others keep it from running: it is for what hangs."""
    result = yield
    timeout: float = settings.timeout  # type: ignore[attr-defined]
    give_up = signal.getsignal(signal.SIGALRM)
    allowance = Allowance(timeout, most=5)

    def look(signum: int, frame: types.FrameType | None) -> None:
        __tracebackhide__ = True
        if allowance.left > 0:
            signal.setitimer(signal.ITIMER_REAL, max(0.1, allowance.left))
        elif callable(give_up):
            give_up(signum, frame)

    if callable(give_up):
        signal.signal(signal.SIGALRM, look)
    return result


def _where(code: types.CodeType) -> str:
    return f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno})"


def _threads(before: set[threading.Thread], deadline: float) -> list[str]:
    left = []
    for thread in set(threading.enumerate()) - before:
        # One that Python did not start has no end that Python could wait for.
        if isinstance(thread, threading._DummyThread) or thread.name.startswith(KEPT_BY_OTHERS):
            continue
        # One that another thread is about to start is listed already, and cannot be joined yet.
        thread._started.wait(max(0.0, deadline - time.monotonic()))  # type: ignore[attr-defined]
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            kind = "daemon " if thread.daemon else ""
            origin = _origins.get(thread, "an unknown place")
            left.append(f"{kind}{thread.name!r}, started at {origin}")
    return left


def _child_ids() -> set[int]:
    """The processes that this one started and has not waited for, where the system tells."""
    ids: set[int] = set()
    try:
        for task in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{task}/children", encoding="ascii") as children:
                    ids.update(map(int, children.read().split()))
            except (FileNotFoundError, ProcessLookupError):  # the thread has ended in between
                continue
    except FileNotFoundError:
        ids.update(child.pid for child in multiprocessing.active_children() if child.pid)
    return ids


def _kept_processes() -> set[int | None]:
    """The helpers that multiprocessing keeps to the end of the process, once it needed them."""
    kept: set[int | None] = set()
    for module, name, pid in (
        ("multiprocessing.resource_tracker", "_resource_tracker", "_pid"),
        ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid"),
    ):
        if module in sys.modules:
            kept.add(getattr(getattr(sys.modules[module], name), pid))
    return kept


def _processes(before: set[int], deadline: float) -> list[str]:
    left = _child_ids() - before
    while left - _kept_processes() and time.monotonic() < deadline:
        multiprocessing.active_children()  # waits for those of its own that have ended
        time.sleep(0.01)
        left = _child_ids() - before
    return [f"process {child}: {_command(child)}" for child in sorted(left - _kept_processes())]


def _command(process: int) -> str:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        command = ""
    return command or "ended, but not waited for"


def _of_project(code: types.CodeType) -> bool:
    name = code.co_filename
    return name.startswith(PROJECT) and "site-packages" not in name


def _begun(generator: types.AsyncGeneratorType) -> bool:
    """Whether it is between its first item and its end: one that was never begun holds nothing."""
    frame = generator.ag_frame
    if frame is None:
        return False
    # 3.11 does not tell; one that was not begun stands at its first line.
    begun = frame.f_lineno != generator.ag_code.co_firstlineno
    return bool(getattr(generator, "ag_suspended", begun))


# What is looked for among the objects that a test has made, and how one that is running is told.
_RUNNING: dict[type, tuple[str, Callable[..., bool], Callable[..., str]]] = {
    types.GeneratorType: (
        "generator",
        lambda it: _of_project(it.gi_code) and inspect.getgeneratorstate(it) == "GEN_SUSPENDED",
        lambda it: _where(it.gi_code),
    ),
    types.AsyncGeneratorType: (
        "async generator",
        lambda it: _of_project(it.ag_code) and _begun(it),
        lambda it: _where(it.ag_code),
    ),
    types.CoroutineType: (
        "coroutine",
        lambda it: _of_project(it.cr_code) and inspect.getcoroutinestate(it) == "CORO_SUSPENDED",
        lambda it: _where(it.cr_code),
    ),
    asyncio.Task: ("task", lambda it: not it.done(), repr),
    concurrent.futures.ThreadPoolExecutor: (
        "executor",
        lambda it: not it._shutdown,
        lambda it: f"a ThreadPoolExecutor {it._thread_name_prefix!r} that nobody shut down",
    ),
    concurrent.futures.ProcessPoolExecutor: (
        "executor",
        lambda it: it._executor_manager_thread is not None,
        lambda it: "a ProcessPoolExecutor that nobody shut down",
    ),
}
_LOOP = ("event loop", lambda it: not it.is_closed(), repr)


def _running(objects: Iterable[object]) -> list[tuple[str, str]]:
    found = []
    for item in objects:
        look = _RUNNING.get(type(item))
        if look is None:
            if not isinstance(item, asyncio.BaseEventLoop):
                continue
            look = _LOOP
        kind, runs, tell = look
        if runs(item):
            found.append((kind, tell(item)))
    return found


def _objects_left() -> list[tuple[str, str]]:
    """What is running among the objects made since `gc.freeze()`, and can still be reached."""
    if not _running(gc.get_objects()):
        return []
    # A cycle (of an exception and its frame, say) is not held by anyone: only what remains counts.
    gc.collect()
    return _running(gc.get_objects())


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test which leaves a thread, task, executor, loop, generator or process behind."""
    threads = set(threading.enumerate())
    children = _child_ids()
    _unclosed.clear()
    _asyncio_errors.messages.clear()
    # Afterwards only what the test made is looked at, which is what makes a look affordable.
    gc.freeze()
    try:
        yield
        deadline = time.monotonic() + SECONDS_TO_END
        left = [("thread", it) for it in _threads(threads, deadline)]
        left += [("process", it) for it in _processes(children, deadline)]
        left += _objects_left()
        left += [("async generator", it) for it in _unclosed]
        left += [("asyncio error", it) for it in _asyncio_errors.messages]
    finally:
        gc.unfreeze()

    allowed = {
        mark.args[0] for mark in request.node.iter_markers("may_leave") if mark.kwargs["reason"]
    }
    left = [(kind, what) for kind, what in left if kind not in allowed]
    if left:
        pytest.fail(
            "the test left behind:\n" + "\n".join(f"    {kind}: {what}" for kind, what in left),
            pytrace=False,
        )
