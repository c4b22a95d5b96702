"""The scheduler of an operator with time, where it was given none."""

from __future__ import annotations

from operators._kernel.failures.checks import need_methods
from operators.schedulers.loop import event_loop
from operators.schedulers.protocol import Scheduler


def timed(operator: str, scheduler: Scheduler | None) -> Scheduler:
    """Return the scheduler, or the one of event loops for None; raises TypeError for what is none.

    >>> from operators.schedulers.choice import timed
    >>> timed("delay", None).now() > 0
    True
    """
    if scheduler is None:
        return event_loop()
    need_methods(operator, "Scheduler", scheduler, "now", "worker")
    return scheduler
