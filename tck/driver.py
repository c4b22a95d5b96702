"""Driver: the thread that calls the component under test, so that what hangs hangs only there."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType
from typing import Any, Final

from tck.own_time import wait

_MOMENT: Final = 0.2


class Hung(Exception):
    """A call has not returned in time; `stack` says where it was."""

    def __init__(self, stack: str, thread: int) -> None:
        super().__init__(stack, thread)  # what it is made of again by copy and pickle
        self.stack = stack
        self.thread = thread

    def __str__(self) -> str:
        return "a call has not returned"


class Driver:
    """Runs calls one after another on a thread of its own, which may have an event loop.

    With a loop, every call is made from a callback of the running loop, as the objects of asyncio
    demand; the loop goes on between the calls.
    """

    def __init__(self, *, loop: bool = False) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._loop = asyncio.new_event_loop() if loop else None
        self._stuck = False
        self._thread = threading.Thread(target=self._serve, name="tck-driver", daemon=True)
        self._thread.start()

    @property
    def on_loop(self) -> bool:
        """Whether calls are made inside a running event loop."""
        return self._loop is not None

    def call(
        self,
        function: Callable[[], Any],
        seconds: float,
        patience: Callable[[], float] | None = None,
    ) -> Any:
        """Returns what the function returns; raises what it raises, or `Hung` when it takes longer.

        `patience` is asked after a moment how many seconds it is to be in all.
        """
        if self._stuck:
            raise Hung(self.stack(), self.ident)
        done = threading.Event()
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.append((function(), None))
            except BaseException as error:
                outcome.append((None, error))
            finally:
                done.set()

        if self._loop is None:
            self._calls.put(run)
        else:
            self._loop.call_soon_threadsafe(run)
        if patience is not None and not done.wait(_MOMENT):
            seconds = patience() - _MOMENT
        if not wait(done.wait, max(seconds, 0)):
            self._stuck = True
            raise Hung(self.stack(), self.ident)
        value, error = outcome.pop()
        if error is not None:
            raise error
        return value

    @property
    def ident(self) -> int:
        """The thread's identifier."""
        return self._thread.ident or 0

    def stack(self) -> str:
        """Returns where the thread is, innermost call last, without the kit's own frames."""
        frames_now: dict[int, FrameType] = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
        frame = frames_now.get(self.ident)
        if frame is None:
            return ""
        frames = traceback.extract_stack(frame)
        own = [each for each in frames if "/tck/" not in each.filename.replace("\\", "/")]
        own = [each for each in own if "/threading.py" not in each.filename]
        return "".join(traceback.format_list(own or frames[-3:]))

    def close(self) -> None:
        """Ends the thread; one that hangs is left behind, as a daemon."""
        if self._loop is None:
            self._calls.put(None)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
        if not self._stuck:
            self._thread.join(1.0)

    def _serve(self) -> None:
        if self._loop is None:
            while (call := self._calls.get()) is not None:
                call()
            return
        loop = self._loop
        loop.set_exception_handler(lambda _loop, _context: None)
        try:
            loop.run_forever()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
