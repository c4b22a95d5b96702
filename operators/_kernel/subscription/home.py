"""Home: the context variables of whoever subscribed, for what others have run."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from threading import get_ident
from typing import TypeVar

from operators._kernel.hosts.loops import running_loop

R = TypeVar("R")

HOME: ContextVar[Context | None] = ContextVar("operators_home", default=None)
"""The `mark` of the home in which something runs."""


class Home:
    """The context of one subscription; whoever comes into it from outside has a copy of it.

    A context cannot be entered twice, and the turn of a loop may be another thread's before the first one has
    left: so it is a copy that is entered, which costs less than to find out whether anybody is there.
    """

    __slots__ = ("_context", "mark", "thread")

    def __init__(self) -> None:
        self.mark: Context = copy_context()
        """What HOME is, where it is this one."""
        self.thread: int = get_ident()
        """The thread of the subscribe."""
        self._context: Context | None = None

    @property
    def context(self) -> Context:
        """What is to be copied, and the copy to be entered."""
        context = self._context
        if context is None:  # two threads may make it, and either is right
            context = self.mark.copy()
            context.run(HOME.set, self.mark)
            self._context = context
        return context

    def run(self, call: Callable[[], R]) -> R:
        """Call in the context, which is entered unless this runs in it already: for who brings something."""
        if HOME.get() is self.mark:
            return call()
        return self.context.copy().run(call)

    def run_back(self, call: Callable[[], R]) -> R:
        """The same, for who has the Subscription; on the thread of the subscribe it is called as it is.

        There it is most often the Subscriber itself; but tasks of an event loop have a context each.
        """
        if get_ident() == self.thread and running_loop() is None:
            return call()
        return self.run(call)
