"""For the whole suite: no test leaves anything running, no generated example is too slow."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import types
import weakref
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from operators.testing import leaks
from tck.recording.own_time import Allowance

pytest_plugins = ["pytester"]

# A busy machine is slow, which says nothing about an example; and what CI runs, it can run again.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

SECONDS_TO_END = 5.0
# Idle threads which a library keeps for its next call, by design, for a few seconds.
KEPT_BY_OTHERS = ("Trio thread ",)

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
            f"{leaks.where_of(generator.ag_code)}: left to the loop to close"
            for generator in list(getattr(loop, "_asyncgens", ()))
            if leaks.begun(generator)
        )
        await shutdown(loop)

    asyncio.BaseEventLoop.shutdown_asyncgens = shutdown_and_remember  # type: ignore[method-assign, assignment]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers",
        action="store_true",
        help="run the tests that need a real server, and no others",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector: none of its many objects is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose between the tests that need a real server (the marker `server`) and all others."""
    wanted = config.getoption("--servers")
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        of_a_server = item.get_closest_marker("server") is not None
        (chosen if of_a_server is wanted else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = chosen
    for item in items:
        if (mark := item.get_closest_marker("server")) is not None:
            item.add_marker(pytest.mark.xdist_group(mark.args[0]))  # one worker begins it


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
    """Have a test's time not pass while others keep it from running: it is for what hangs.

    What its child processes are kept from is not seen: who has some is given three times as long.
    """
    result = yield
    timeout: float = settings.timeout  # type: ignore[attr-defined]
    give_up = signal.getsignal(signal.SIGALRM)
    allowance = Allowance(timeout, most=5)
    end = time.monotonic() + 3 * timeout

    def look(signum: int, frame: types.FrameType | None) -> None:
        __tracebackhide__ = True
        left = allowance.left
        if left <= 0 and _child_ids():
            left = min(end - time.monotonic(), 5.0)
        if left > 0:
            signal.setitimer(signal.ITIMER_REAL, max(0.1, left))
        elif callable(give_up):
            give_up(signum, frame)

    if callable(give_up):
        signal.signal(signal.SIGALRM, look)
    return result


def _told(thread: threading.Thread) -> str:
    kind = "daemon " if thread.daemon else ""
    return f"{kind}{thread.name!r}, started at {_origins.get(thread, 'an unknown place')}"


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
    """What is kept to the end of the process: the helpers of multiprocessing, and servers that are shared."""
    servers = sys.modules.get("tests.connectors.servers.base")
    kept: set[int | None] = set(servers.KEPT) if servers is not None else set()
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


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test which leaves a thread, task, executor, loop, generator, link, item or process behind."""
    children = _child_ids()
    _unclosed.clear()
    _asyncio_errors.messages.clear()
    with leaks.looking(_told, but=KEPT_BY_OTHERS) as look:
        yield
        deadline = time.monotonic() + SECONDS_TO_END
        left = [(leak.kind, leak.what) for leak in look.left(SECONDS_TO_END)]
        left += [("process", it) for it in _processes(children, deadline)]
        left += [("async generator", it) for it in _unclosed]
        left += [("asyncio error", it) for it in _asyncio_errors.messages]

    allowed = {
        mark.args[0] for mark in request.node.iter_markers("may_leave") if mark.kwargs["reason"]
    }
    left = [(kind, what) for kind, what in left if kind not in allowed]
    if left:
        pytest.fail(
            "the test left behind:\n" + "\n".join(f"    {kind}: {what}" for kind, what in left),
            pytrace=False,
        )
