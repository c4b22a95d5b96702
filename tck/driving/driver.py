"""Driver: the thread that calls the component under test, so that what hangs hangs only there."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from tck.driving import hush
from tck.driving.crew import Job
from tck.driving.places import loop_named, place
from tck.recording.own_time import wait
from tck.settings import Loop

_MOMENT: Final = 0.05


class Hung(Exception):
    """A call has not returned in time; `stack` says where it was."""

    def __init__(self, stack: str, thread: int) -> None:
        super().__init__(stack, thread)  # what it is made of again by copy and pickle
        self.stack = stack
        self.thread = thread

    def __str__(self) -> str:
        return "a call has not returned"


class Driver:
    """Runs calls one after another on a thread of its own, on which an event loop may run.

    With a loop, every call is made inside it, as the objects of asyncio and trio demand; the loop
    goes on between the calls.
    """

    def __init__(self, *, loop: Loop | bool | None = None) -> None:
        self.loop: Loop = loop_named(loop)
        """What the calls are made on."""
        self._place = place(self.loop)
        self._stuck = False
        self._hushed = True
        hush.begin()
        self._job: Job | None = None

    @property
    def on_loop(self) -> bool:
        """Whether calls are made inside a running event loop."""
        return self.loop != "thread"

    @property
    def errors(self) -> list[BaseException]:
        """What has ended tasks and callbacks that the calls have left behind on the loop."""
        return self._place.errors

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
        done = threading.Lock()  # an Event is made of two, and of a queue
        done.acquire()
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.append((function(), None))
            except BaseException as error:
                outcome.append((None, error))
            finally:
                done.release()

        self._place.put(run)
        job = self._begun()

        def made(most: float) -> bool:
            return bool(outcome) or done.acquire(timeout=most)

        if patience is not None and not made(_MOMENT):
            seconds = patience() - _MOMENT
        if not wait(made, max(seconds, 0)):
            self._stuck = job.spoilt = True
            raise Hung(self.stack(), self.ident)
        value, error = outcome.pop()
        if error is not None:
            job.spoilt = True
            raise error
        return value

    def _begun(self) -> Job:
        if self._job is None:
            self._job = Job(self._place.run, "tck-driver")
            self._job.spoilt = self.on_loop  # which may leave more behind than can be seen
        return self._job

    @property
    def ident(self) -> int:
        """The thread's identifier."""
        return self._job.ident if self._job is not None else 0

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
        if self._hushed:
            self._hushed = False
            hush.end()
        self._place.stop()
        if not self._stuck:
            self._begun().join(1.0)
