"""Places: where a driver's calls are made: on a plain thread, or inside a running event loop."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, Protocol

from tck.settings import LOOPS, Loop


def loop_named(name: Loop | bool | None) -> Loop:
    """Returns the name of a loop; True is asyncio, False and None a thread without any.

    Errors: `ValueError` for another name, `ImportError` for a loop that is not installed.

    >>> loop_named(True), loop_named(None), loop_named("thread")
    ('asyncio', 'thread', 'thread')
    """
    if name is None or isinstance(name, bool):
        return "asyncio" if name else "thread"
    if name not in LOOPS:
        raise ValueError(f"loop is one of {', '.join(map(repr, LOOPS))}, not {name!r}")
    if name == "trio" and importlib.util.find_spec("trio") is None:
        raise ImportError('loop="trio" needs trio, which is not installed: pip install trio')
    return name


def wanted_by(error: BaseException) -> Loop | None:
    """Returns the loop for want of which this was raised; None where it was not.

    >>> wanted_by(RuntimeError("no running event loop"))
    'asyncio'
    """
    text = str(error) if isinstance(error, RuntimeError) else ""
    found: Loop | None = None
    if "event loop" in text or "unknown async library" in text:
        found = "asyncio"
    elif "must be called from async context" in text:
        found = "trio"
    return found


class Place(Protocol):
    """Where calls are made, one after another, on the thread that `run` is called on."""

    errors: list[BaseException]
    """What has ended tasks and callbacks that the calls have left behind."""

    def put(self, call: Callable[[], None]) -> None:
        """Has a call made that raises nothing; from any thread."""
        ...

    def run(self) -> None:
        """Makes the calls until `stop` is called."""
        ...

    def stop(self) -> None:
        """Ends `run`, and what still goes on there."""
        ...


def _innermost(error: Any) -> BaseException:
    """Returns what was raised, without the groups around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return error  # type: ignore[no-any-return]


class _OnThread:
    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def put(self, call: Callable[[], None]) -> None:
        self._calls.put(call)

    def run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def stop(self) -> None:
        self._calls.put(None)


class _OnAsyncio:
    """Each call is a callback of the running loop; what the component leaves behind runs in between."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._loop = asyncio.new_event_loop()
        self._over = False

    def put(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # closed: the call is not made, as on a thread that has ended
            self._loop.call_soon_threadsafe(call)

    def run(self) -> None:
        loop = self._loop
        loop.set_exception_handler(self._heard)
        try:
            while not self._over:
                try:
                    loop.run_forever()
                except (
                    BaseException
                ) as error:  # a task may call sys.exit, and nobody is to go on waiting
                    self.errors.append(error)
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def stop(self) -> None:
        self.put(self._stop)

    def _stop(self) -> None:
        self._over = True
        self._loop.stop()

    def _heard(self, _loop: Any, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.errors.append(error)


class _OnTrio:
    """Each call is made by a task, in whose nursery (`parent_nursery`) a component may start others.

    One that raises cancels those beside it, as in every nursery of trio.
    """

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._calls: deque[Callable[[], None]] = deque()
        self._over = False
        self._lock = threading.Lock()
        self._token: Any = None
        self._bell: Any = None

    def put(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        self._ring()

    def _ring(self) -> None:
        with self._lock:
            if self._token is not None:
                # It has ended; where that was too soon, it begins again.
                with suppress(RuntimeError):
                    self._token.run_sync_soon(self._bell.set)

    def run(self) -> None:
        import trio

        while not self._over:
            try:
                trio.run(self._main)
            except BaseException as error:  # what a system task has raised ends all of trio
                self.errors.append(error)
            finally:
                with self._lock:
                    self._token = None

    async def _main(self) -> None:
        import trio

        self._bell = trio.Event()
        with self._lock:
            self._token = trio.lowlevel.current_trio_token()
        while not self._over:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._serve, nursery.cancel_scope)
            except BaseException as error:
                if trio.current_effective_deadline() == -math.inf:
                    raise  # all of trio ends
                self.errors.append(_innermost(error))

    async def _serve(self, scope: Any) -> None:
        import trio

        while True:
            self._bell = trio.Event()
            while self._calls:
                self._calls.popleft()()
                if self._over:
                    scope.cancel()
                await trio.lowlevel.checkpoint()
            await self._bell.wait()

    def stop(self) -> None:
        self.put(self._stop)

    def _stop(self) -> None:
        self._over = True


_PLACES: Final[dict[Loop, Callable[[], Place]]] = {
    "thread": _OnThread,
    "asyncio": _OnAsyncio,
    "trio": _OnTrio,
}


def place(loop: Loop) -> Place:
    """Returns a fresh place of that kind."""
    return _PLACES[loop]()
