"""The two protocols of scheduling; a virtual clock satisfies them as well as a thread."""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import Protocol, runtime_checkable


@runtime_checkable
class Worker(Protocol):
    """Runs functions one after another, in the order of their times."""

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        """Run `fn` once, `delay` seconds from now; after `close` it is not run."""
        ...

    def close(self) -> None:
        """Run nothing that was not begun; a second call has no effect."""
        ...


@runtime_checkable
class LossyWorker(Worker, Protocol):
    """A worker that runs on what may drop accepted work, as an executor that is shut down does."""

    def on_lost(self, tell: Callable[[Exception], object]) -> None:
        """Have `tell` called once, with the reason, if what was scheduled will never run."""
        ...


@runtime_checkable
class Scheduler(Protocol):
    """Gives the time and serial workers."""

    def now(self) -> float:
        """Return the time in seconds, from a start of its own; it never goes back."""
        ...

    def worker(self) -> Worker:
        """Return a new serial worker; whoever takes it closes it."""
        ...
