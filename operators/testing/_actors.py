"""Actors: threads of which one runs at a time, and which hand over to one another where they are told to."""

from __future__ import annotations

import inspect
import sys
import traceback
from _thread import LockType, allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from types import FrameType

from operators.testing._tracing import Tracer

_DEADLINE = 60.0  # seconds of one order, in which nothing waits: only one that hangs reaches it
_ENDING = 5.0  # seconds that a thread which has nothing to do may take to end
_MOST_STEPS = 50_000

Predicate = Callable[[], bool]


class Abandoned(BaseException):
    """Raised in the actors of an order that has failed, so that their threads end."""


class Actor:
    """Something that is done in one thread, step by step."""

    def __init__(self, name: str, do: Callable[[], object], serves: bool = False) -> None:
        self.name: str = name
        self.do: Callable[[], object] = do
        self.serves: bool = serves
        """Whether nothing is amiss where it waits for ever: it works for others."""
        self.waits: Predicate | None = None
        """What it waits for; None: it can go on."""
        self.over: bool = False
        self.thread: Thread | None = None


class Thread:
    """A thread that runs one actor after another, each when its gate is opened."""

    def __init__(self, tracer: Tracer) -> None:
        self.gate: LockType = allocate_lock()
        self.gate.acquire()
        self._tracer = tracer
        self.job: Callable[[], None] | None = None
        self._ended = allocate_lock()
        self._ended.acquire()
        # Not by `threading`, whose locks are those of the exploration by now.
        self.ident: int = start_new_thread(self._serve, ())

    def _serve(self) -> None:
        while True:
            self.gate.acquire()
            job = self.job
            if job is None:
                self._ended.release()
                return
            self.job = None
            self._tracer.begin()
            try:
                job()
            finally:
                self._tracer.end()

    def end(self) -> None:
        """Have it end; one that hangs is left."""
        self.job = None
        if self.gate.locked():
            self.gate.release()
            self._ended.acquire(timeout=_ENDING)


class Threads:
    """The threads of an exploration, used again by one order after another."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer: Tracer = tracer
        self._idle: list[Thread] = []
        self._all: list[Thread] = []

    def take(self) -> Thread:
        """Return a thread that has nothing to do."""
        if not self._idle:
            self._all.append(Thread(self.tracer))
            return self._all[-1]
        return self._idle.pop()

    def give_back(self, thread: Thread) -> None:
        """Have it be taken again."""
        self._idle.append(thread)

    def end(self) -> None:
        """End all of them."""
        self._idle.clear()
        while self._all:
            self._all.pop().end()


class Order:
    """One order of the steps of some actors: the one that runs goes on unless the plan says otherwise.

    `plan` tells, for the number of a step, which actor goes on from there.
    """

    def __init__(
        self, plan: dict[int, int], threads: Threads, ordered: Callable[[object], None]
    ) -> None:
        self.ordered: Callable[[object], None] = ordered
        """To be called with a thing by whoever hands it over, and by whoever takes it after that."""
        self._plan: dict[int, int] = plan
        self._last: int = max(plan, default=-1)
        self._threads = threads
        self._by_ident: dict[int, Actor] = {}
        self._quiet = allocate_lock()
        self._quiet.acquire()
        self._over = False
        self._asks = False
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self.failure: BaseException | None = None
        self.choices: list[tuple[int, int, bool]] = []
        """After the last step of the plan: its number, another actor that could go on there, and whether
        the one that ran would have gone on."""
        self.switches: list[tuple[int, Actor, str]] = []
        """From which place on who ran, and where the one before stood."""
        self.steps: int = 0
        """The steps so far."""
        self.passed: int = 0
        """The places so far at which there could be one, if all were looked at."""
        self.exactly: dict[int, int] = {}
        """The plan, by the places and not by the steps."""

    # For the scenario ----------------------------------------------------------------------------

    def add(self, actor: Actor) -> Actor:
        """Have it take part, from now on."""
        self.actors.append(actor)
        return actor

    def knows(self) -> bool:
        """Whether this thread is that of an actor."""
        return get_ident() in self._by_ident

    def run(self) -> None:
        """Run all, until they are over or wait for ever; raises what went wrong."""
        if not self.actors:
            raise ValueError("the scenario has added no actor: nothing is to be explored")
        self._hand_on(None)
        hung = not self._quiet.acquire(timeout=_DEADLINE)
        if hung:
            raise AssertionError(f"hangs in what the exploration does not see:\n{self._stacks()}")
        self._over = True
        for actor in self.actors:  # who still waits is woken, and ends
            if actor.thread is not None and not actor.over:
                self.current = actor
                self._go(actor)
                self._quiet.acquire(timeout=_DEADLINE)
        if self.failure is not None:
            raise self.failure

    # For actors ----------------------------------------------------------------------------------

    def step(self) -> None:
        """Let another actor go on here, if the plan says so."""
        me = self.current
        if self._over or self._asks or me is None or me.thread is None:
            return
        if me.thread.ident != get_ident():
            return  # the scenario itself, or a thread that is no actor's
        if self.steps > _MOST_STEPS:
            self._note(AssertionError(f"goes on for ever: {_MOST_STEPS} steps are done"))
            raise Abandoned
        self._hand_on(me)

    def go_by(self) -> None:
        """Count a place that is no step."""
        if self._over or self._asks:
            return
        if self.current is not None and self.current.thread is not None:
            self.passed += self.current.thread.ident == get_ident()

    def wait(self, until: Predicate) -> bool:
        """Wait, and return True when it holds; False: all is over, and it never will."""
        if self._holds(until):
            return True
        me = self._by_ident.get(get_ident())
        if me is None or self._over:
            return False
        if self.failure is not None or self._asks:
            raise Abandoned
        me.waits = until
        self._hand_on(me)
        me.waits = None
        return self._holds(until)

    def _holds(self, until: Predicate) -> bool:
        """Ask, which is no step; what finds a lock taken does not hold."""
        asks, self._asks = self._asks, True
        try:
            return until()
        except Abandoned:
            return False
        finally:
            self._asks = asks

    # The baton -----------------------------------------------------------------------------------

    def _hand_on(self, me: Actor | None) -> None:
        """Have the next one go on, and wait for the turn of `me` unless that is it or is over."""
        self.steps += 1
        self.passed += 1
        after = self._next(me)
        if after is me:
            return
        if after is None:
            self._settle()
        else:
            self._switch(me, after)
        if me is None or me.over:
            return
        assert me.thread is not None
        me.thread.gate.acquire()
        if self.failure is not None:
            raise Abandoned

    def _next(self, me: Actor | None) -> Actor | None:
        ready = [actor for actor in self.actors if self._is_ready(actor)]
        if not ready:
            return None
        goes_on = me in ready
        default = me if goes_on else ready[0]
        chosen = self._plan.get(self.steps)
        if chosen is not None:
            self.exactly[self.passed] = chosen
            if chosen < len(self.actors) and self.actors[chosen] in ready:
                return self.actors[chosen]
            self._note(
                RuntimeError(
                    f"at step {self.steps} actor {chosen} cannot go on: "
                    "what the scenario does is another thing each time"
                )
            )
            return None
        if self.steps > self._last and len(ready) > 1:
            for index, actor in enumerate(self.actors):
                if actor is not default and actor in ready:
                    self.choices.append((self.steps, index, goes_on))
        return default

    def _is_ready(self, actor: Actor) -> bool:
        return not actor.over and (actor.waits is None or self._holds(actor.waits))

    def _switch(self, me: Actor | None, after: Actor) -> None:
        where = "" if me is None or me.over else _where(inspect.currentframe())
        self.switches.append((self.passed, after, where))
        self.current = after
        if after.thread is None:
            after.thread = thread = self._threads.take()
            self._by_ident[thread.ident] = after
            thread.job = lambda: self._perform(after)
        self._go(after)

    def _go(self, actor: Actor) -> None:
        assert actor.thread is not None
        actor.thread.gate.release()

    def _perform(self, actor: Actor) -> None:
        try:
            actor.do()
        except Abandoned:
            pass
        except BaseException as error:
            self._note(error)
        self._threads.tracer.end()
        actor.over = True
        if self._over or self.failure is not None:
            self._quiet.release()
            return
        thread, actor.thread = actor.thread, None
        assert thread is not None
        del self._by_ident[thread.ident]
        self._threads.give_back(thread)
        self._hand_on(actor)

    def _settle(self) -> None:
        """Nobody goes on: all is over, or something is lost."""
        stuck = [actor for actor in self.actors if not actor.over and not actor.serves]
        if stuck:
            names = ", ".join(actor.name for actor in stuck)
            self._note(AssertionError(f"waits for ever: {names}"))
        self._quiet.release()

    def _note(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error

    def _stacks(self) -> str:
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
        shown: list[str] = []
        for actor in self.actors:
            frame = frames.get(actor.thread.ident) if actor.thread is not None else None
            stack = "".join(traceback.format_stack(frame, limit=8)) if frame is not None else ""
            shown.append(f"{actor.name}:\n{stack}")
        return "\n".join(shown)


def _where(frame: FrameType | None) -> str:
    """The nearest line that is not of this kit."""
    here = __file__.rsplit("_actors", 1)[0]
    while frame is not None and frame.f_code.co_filename.startswith(here):
        frame = frame.f_back
    if frame is None:
        return "its beginning"
    name = frame.f_code.co_filename.rsplit("operators/", 1)[-1]
    return f"{name}:{frame.f_lineno} ({frame.f_code.co_name})"
