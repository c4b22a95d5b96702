"""Signals: SIGTERM and the like, for a run that is to be drained by the first and cancelled by the next."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from types import FrameType
from typing import Any

from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.threads import begin


class Signals:
    """The handlers of some signals of the process, from `listen` until `restore`.

    A handler runs in the midst of whatever the main thread does, which may hold any lock. So it only
    leaves a note: for the event loop that runs there, or else for a thread that waits for it. Where
    several runs listen to a signal, each of them is told of it, and they may end in any order.
    """

    def __init__(self, name: str, numbers: list[int]) -> None:
        self._numbers = numbers
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                f"{name}: drain_on needs the main thread, where alone Python sets signal handlers; begin "
                "the run there, or call handle.drain() from a handler of your own"
            )
        self._before: dict[int, Any] = {}
        self._over = False
        self._loop: Any = None
        self._notes: SimpleQueue[bool] = SimpleQueue()  # whose put may come inside of a put
        self._thread: threading.Thread | None = None
        self._answers: list[Callable[[], object]] = []

    def listen(self, first: Callable[[], object], second: Callable[[], object]) -> None:
        """Have `first` be called at the first signal, and `second` at the next."""
        self._answers = [first, second]
        self._loop = running_loop()
        if self._loop is None:
            self._thread = threading.Thread(
                target=self._wait, name="operators-signals", daemon=True
            )
            begin(self._thread)
        for number in self._numbers:
            self._before[number] = signal.getsignal(number)
            signal.signal(number, self._came)

    def restore(self) -> None:
        """Put the handlers back that were there before; where this is another thread, as soon as can be.

        That is when a signal comes: it is given to the handler that was there before then.
        """
        self._over = True
        self._answers = []
        thread, self._thread = self._thread, None
        if thread is not None:
            self._notes.put(False)
            if thread is not threading.current_thread():
                thread.join()
        if threading.current_thread() is threading.main_thread():
            for number in self._before:
                self._put_back(number)

    def _put_back(self, number: int) -> bool:
        """Restore what was there before, and return True; False where another one is there by now."""
        if signal.getsignal(number) != self._came:
            return False
        signal.signal(number, self._earlier(number))
        return True

    def _earlier(self, number: int) -> Any:
        """Return the handler of before: not that of a run which was over before this one is."""
        before = self._before[number]
        while isinstance(signals := getattr(before, "__self__", None), Signals) and signals._over:
            before = signals._before[number]
        return signal.SIG_DFL if before is None else before

    def _came(self, number: int, frame: FrameType | None) -> None:
        if self._over:
            if self._put_back(number):
                signal.raise_signal(number)
            elif callable(
                earlier := self._earlier(number)
            ):  # a handler of others has called this one
                earlier(number, frame)
            return
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed, and the run with it
                self._loop.call_soon_threadsafe(self._answer)
        else:
            self._notes.put(True)
        earlier = self._earlier(number)
        # A run beside this one listens too.
        if isinstance(getattr(earlier, "__self__", None), Signals):
            earlier(number, frame)

    def _wait(self) -> None:
        while self._notes.get():
            self._answer()

    def _answer(self) -> None:
        if self._answers:
            self._answers.pop(0)()
