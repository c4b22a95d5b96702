"""Locks of an exploration: who finds one taken lets the others go on, and no thread is ever blocked."""

from __future__ import annotations

import inspect
import sys
import threading
from _thread import LockType, get_ident
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

from operators.testing._actors import Order
from operators.testing._points import Points

_RLOCK = type(threading.RLock())


class Holder:
    """The order that is run now, and the places at which it may be made to wait."""

    def __init__(self) -> None:
        self.order: Order | None = None
        self.points: Points | None = None

    def step(self) -> None:
        """Be a place at which another actor may go on."""
        if self.order is not None:
            self.order.step()

    def go_by(self) -> None:
        """Be a place at which no other could."""
        if self.order is not None:
            self.order.go_by()

    def who(self) -> object:
        """The actor that runs."""
        return None if self.order is None else self.order.current

    def taken(self, lock: Lock, frame: FrameType | None) -> None:
        """Be where a lock is about to be taken."""
        if self.order is not None and self.points is not None and frame is not None:
            self.points.lock(lock, frame.f_back or frame)

    def ordered(self, thing: object) -> None:
        """Take note that one actor comes after another by this thing."""
        if self.points is not None:
            self.points.ordered(thing)


class Lock:
    """What `threading.Lock` and `threading.RLock` give while orders are explored."""

    def __init__(self, holder: Holder, again: bool) -> None:
        self._holder = holder
        self._again = again
        self._owner = 0
        self._times = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take it, as the locks of `threading` are taken."""
        self._holder.taken(self, inspect.currentframe())
        return self._take(blocking and timeout != 0, timeout > 0)

    def _take(self, blocking: bool, may_fail: bool) -> bool:
        me = get_ident()
        if self._times and not (self._again and self._owner == me):
            if not blocking:
                return False
            order = self._holder.order
            if order is None or not order.wait(lambda: not self._times):
                # Nobody will ever give it back; what has failed is not to hang as well.
                return not may_fail
        self._owner = me
        self._times += 1
        self._holder.ordered(self)
        return True

    def _give_back(self) -> None:
        self._times = max(0, self._times - 1)
        self._holder.ordered(self)

    def release(self) -> None:
        """Give it back."""
        self._give_back()

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._times > 0

    def __enter__(self) -> bool:
        self._holder.taken(self, inspect.currentframe())
        return self._take(True, False)

    def __exit__(self, *_: object) -> None:
        self._give_back()

    # What a Condition asks for.

    def _is_owned(self) -> bool:
        return self._times > 0 and self._owner == get_ident()

    def _release_save(self) -> int:
        times, self._times = self._times, 1
        self._give_back()
        return times

    def _acquire_restore(self, times: int) -> None:
        self._take(True, False)
        self._times = times


def _shared(modules: list[ModuleType]) -> Generator[tuple[Any, str, bool]]:
    """The locks that modules and their classes hold: whose, under which name, whether it is reentrant."""
    for module in modules:
        for place in [module, *[it for it in vars(module).values() if isinstance(it, type)]]:
            for name, value in list(vars(place).items()):
                if isinstance(value, (LockType, _RLOCK)):
                    yield place, name, isinstance(value, _RLOCK)


@contextmanager
def explored_locks(holder: Holder) -> Generator[None]:
    """Have the locks that this thread and actors make, and those of the library, be of the holder."""
    mine = get_ident()

    def factory(real: Callable[[], Any], again: bool) -> Callable[[], Any]:
        def make() -> Any:
            known = get_ident() == mine or (holder.order is not None and holder.order.knows())
            return Lock(holder, again) if known else real()

        return make

    library = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("operators") and not name.startswith("operators.testing")
    ]
    kept: list[tuple[Any, str, Any]] = []
    for place, name, again in _shared(library):
        kept.append((place, name, getattr(place, name)))
        setattr(place, name, Lock(holder, again))
    for name, again in (("Lock", False), ("RLock", True), ("_allocate_lock", False)):
        real = getattr(threading, name)
        kept.append((threading, name, real))
        setattr(threading, name, factory(real, again))
    try:
        yield
    finally:
        for place, name, value in kept:
            setattr(place, name, value)
