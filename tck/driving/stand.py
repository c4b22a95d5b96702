"""Stands: one fresh component each, driven step by step, with all that happens on record."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, NoReturn, Self

from tck.driving.crew import Job
from tck.driving.driver import Driver, Hung
from tck.driving.patience import Patience, Tired
from tck.oracle.follows import SILENCING
from tck.oracle.model import Bounds
from tck.oracle.rules import judge_all
from tck.recording.breach import Breach
from tck.recording.diagram import diagram
from tck.recording.recorder import Recorder, Runaway
from tck.recording.trace import Event, Kind, Trace, brief
from tck.scripts.place import place_of
from tck.scripts.script import STANDS, Action, Script, Stuck, TooSlow
from tck.settings import Loop, Settings

# What a stand by itself goes by; the other settings are for those who decide what to try.
_MATTERING = (
    "deadline",
    "quiet",
    "responsive",
    "hang",
    "recursion",
    "after_cancel",
    "recovers",
    "completes",
)


ON_RECORD: Final = (Exception, Runaway, SystemExit)
"""What a component may raise: it is taken down as the end of a call."""
_MOMENT: Final = 0.2
"""Seconds after which is looked whether there is anything left to wait for."""
_RETURN: Final = "that it returns soon: who has called it can do nothing until then"
_ALL_TOGETHER = 5
"""So many deadlines are spent on things that each come in time."""


class ProbeError(Exception):
    """What the kit raises on purpose, to see what becomes of it."""


class Stand:
    """What all stands have: the driver, the record, the waiting, and the verdict.

    Each public step is taken down as an action, so that a run can be printed and played again.
    A step never raises for what the component does: that is on record.
    """

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        STANDS[cls.__name__] = cls

    def __init__(
        self, settings: Settings | None = None, *, loop: Loop | bool | None = None
    ) -> None:
        self.settings: Settings = settings or Settings.from_environment()
        self.recorder: Recorder = Recorder()
        self.patience = Patience()
        self._driver = Driver(loop=loop)
        self._actions: list[Action] = []
        self._script_args: tuple[Any, ...] = ()
        self.failing: str | None = None
        """Of a Publisher that is to fail: where its factory is, as \"module:name\" or \"\"."""
        self.stuck: Stuck | None = None
        """That the very first call hangs, which was made along with the stand."""
        self._muted = 0
        self._interval: float | None = None
        self._made_by: tuple[object, dict[str, object]] = (None, {})
        self._judged: tuple[int, list[Breach]] | None = None
        self._threads = frozenset(threading.enumerate())
        self.listening: float = 0.0
        """Until when, by `time.perf_counter`, there is still to be listened for what comes late."""
        self._looks: list[tuple[Callable[[], bool], int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Ends the run; a component that hangs is on record, and raises no further."""
        self.close()
        return isinstance(error, Stuck)

    @property
    def patience(self) -> Patience:
        """How long is waited for what does not come."""
        return self._patience

    @patience.setter
    def patience(self, patience: Patience) -> None:
        self._patience = patience
        # A stream that never ends is cut short; one that does may be long.
        self.recorder.most = patience.crowd(50_000 if self.settings.completes else 4_000)

    # The verdict.

    @property
    def trace(self) -> Trace:
        """What has happened so far."""
        return self.recorder.trace()

    @property
    def bounds(self) -> Bounds:
        """What the rules go by."""
        return Bounds.of(self.settings)

    def found(self) -> list[Breach]:
        """Returns what was broken so far, with what may only follow from another (`Breach.follows`)."""
        trace = self.trace
        if self._judged is None or self._judged[0] < len(trace):
            self._judged = len(trace), judge_all(trace, self.bounds)
        return self._judged[1].copy()

    def breaches(self) -> list[Breach]:
        """Returns what was broken so far, in the order of the events."""
        return [breach for breach in self.found() if not breach.follows]

    def report(self) -> str:
        """Returns the diagram of what has happened, with what was broken marked in it."""
        return diagram(self.trace, self.breaches())

    @property
    def script(self) -> Script:
        """What was done so far."""
        usual = Settings()
        factory, more = self._made_by
        named = [(k, place_of(each)) for k, each in more.items() if each and not _usual(each)]
        nameless = [(k, more[k]) for k, place in named if not place]
        changes = ((name, getattr(self.settings, name)) for name in _MATTERING)
        return Script(
            type(self).__name__,
            self._script_args,
            tuple(self._actions),
            self._driver.loop,
            self.failing,
            place=place_of(factory),
            places=tuple((k, place) for k, place in named if place),
            functions=(("factory", factory), *nameless),
            changes=tuple(
                (name, value) for name, value in changes if value != getattr(usual, name)
            ),
        )

    @property
    def on_loop(self) -> bool:
        """Whether all calls are made on the thread of a running event loop."""
        return self._driver.on_loop

    def made_by(self, factory: object, **more: object) -> None:
        """Takes down where the factory is, and functions given by keyword, for the script."""
        self._made_by = (factory, more)

    # Steps.

    def act(self, name: str, link: str = "", *args: Any, result: str = "") -> None:
        """Takes a step down as part of the script, unless it is part of another step."""
        if not self._muted:
            self._actions.append(Action(name, link, args, result))

    def drive(self, link: str, rule: str, function: Callable[[], Any]) -> Any:
        """Returns what a call on the driver's thread returns; None where it raises.

        A call that does not come back is put on record as a breach of `rule`, and `Stuck` is raised.
        """

        def wanted() -> float:
            inner = self.recorder.innermost(self._driver.ident)
            hangs = rule if inner is None else self._hang_rule(inner, rule)
            return self.patience.hang(self.settings, hangs)

        began = time.perf_counter()
        try:
            return self._driver.call(
                function, self.settings.hang, wanted if self.patience.tired else None
            )
        except Hung as hung:
            seconds = wanted()
            inner = self.recorder.innermost(hung.thread)
            what = inner.label if inner is not None else "the call"
            rule, link = (self._hang_rule(inner, rule), inner.link) if inner else (rule, link)
            self.hung(link, rule, what, seconds, hung.stack)
        except ON_RECORD:
            return None
        finally:
            self.patience.pay_for_call(time.perf_counter() - began, self.settings.responsive)

    def hung(self, link: str, rule: str, what: str, seconds: float, stack: str = "") -> NoReturn:
        """Puts on record that a call has not returned, and raises `Stuck`."""
        self.patience.pay(seconds)
        if seconds < self.settings.hang and not self.patience.hung[rule]:
            raise Tired  # so short a time cannot be held against anybody
        others = ", like others before it" if seconds < self.settings.hang else ""
        text = f"{what} has not returned within {seconds:g} s{others}"
        self.recorder.remark(link, "hung", rule, text, stack, due=_RETURN)
        raise Stuck(what) from None

    def _hang_rule(self, call: Event, otherwise: str) -> str:
        if call.kind == "request" and self.recorder.delivering(call):
            return "3.2"  # another, on the same thread, has not hung: it has delivered
        return _hang_rule(call.kind, otherwise)

    def begin(self, link: str, rule: str, function: Callable[[], Any]) -> None:
        """Makes the first call along with the stand; where it hangs, `stuck` says so."""
        try:
            self.drive(link, rule, function)
        except Stuck as stuck:
            self.stuck = stuck

    def expect(
        self,
        link: str,
        rule: str,
        text: str,
        condition: Callable[[], bool],
        seconds: float = 0,
        *,
        due: str,
    ) -> bool:
        """Returns whether what is due came in time; where not, that is put on record for the rule."""
        if self.wait(link, condition, rule, seconds=seconds):
            return True
        self.missing(link, rule, text, due=due)
        return False

    def wait(
        self,
        link: str,
        condition: Callable[[], bool],
        *rules: str,
        seconds: float = 0,
        came: Callable[[], int] = lambda: 0,
    ) -> bool:
        """Returns whether the condition came true in time, where one of these rules demands it.

        `came` says how many have come of several things; each gives the next one its time anew.

        Errors: `TooSlow` where they go on coming, and take too long together.
        """
        if condition():
            return True
        began, first = time.perf_counter(), came()
        while True:
            seen = came()
            if not self._wait(
                link,
                lambda seen=seen: condition() or came() != seen,  # type: ignore[misc]
                seconds or self.deadline(*rules),
            ):
                return False
            if condition():
                return True
            took = time.perf_counter() - began
            if took > _ALL_TOGETHER * self.settings.deadline:
                raise TooSlow(came() - first, took)

    def _wait(self, link: str, condition: Callable[[], bool], seconds: float) -> bool:
        first = min(seconds, _MOMENT)
        arrived = self.recorder.wait(condition, first)
        if not arrived and first < seconds and not self._silenced(link):
            first = seconds
            arrived = self.recorder.wait(condition, seconds - _MOMENT)
        if not arrived:
            self.patience.pay(first)
        return arrived

    def _silenced(self, link: str) -> bool:
        # What is missing behind such a breach is not held against anybody: why wait for it.
        return any(
            each.event.link == link and each.rule in SILENCING and each.kind != "doubt"
            for each in self.breaches()
        )

    def deadline(self, *rules: str) -> float:
        """Returns how long is waited for what one of these rules demands."""
        return self.patience.deadline(self.settings.deadline, *rules)

    def missing(self, link: str, rule: str, text: str, known: str = "", *, due: str) -> None:
        """Puts on record that something due has not come; `known` is what it is remembered by.

        `due` is what was expected, in the words of who has not read the rule.
        """
        self.patience.miss(known or rule)
        for error in self._driver.errors[:1]:
            text += f"; a task on its loop has ended with {brief(error)}"
        self.recorder.remark(link, "missing", rule, text, due=due)

    def note(
        self,
        link: str,
        rule: str,
        text: str,
        *,
        due: str,
        doubt: bool = False,
        about: Event | None = None,
    ) -> None:
        """Puts on record a breach that was found by other means than the signals.

        `due` is as for `missing`; `about` is the signal that is wrong, if it is one. `doubt` says
        that it may be meant so: it is to be warned of only.
        """
        self.recorder.remark(link, "note", rule, text, due=due, doubt=doubt, about=about)

    def count(self, link: str, *kinds: Kind) -> int:
        """Returns how many calls of these kinds have begun on a link."""
        return self.recorder.count(link, *kinds)

    def settle(self) -> None:
        """Listens until it has been quiet for `Settings.quiet` seconds."""
        self.act("settle")
        self.recorder.listen(self.for_now(self.settings.quiet), self.settings.hang)

    def for_now(self, quiet: float) -> float:
        """Returns how many of so many seconds are to be listened for before one goes on.

        The rest is listened for later, in `listening`, where nothing but the kit makes a sound.
        """
        brief = self.patience.silence(quiet) if self._calm() else quiet
        if brief < quiet:
            self.listening = max(self.listening, time.perf_counter() + quiet)
        return brief

    def look(self, well: Callable[[], bool]) -> bool:
        """Returns whether all is well, as something says that looks: now, and again if more comes later."""
        seen = len(self.trace)
        fine = well()
        if fine and self.listening:
            self._looks.append((well, seen))
        return fine

    def look_again(self) -> None:
        """Has that looked at again which more has come for, once all has been listened for."""
        looks, self._looks = self._looks, []
        for well, seen in looks:
            if len(self.trace) > seen:
                well()

    def _calm(self) -> bool:
        """Returns whether all signals so far came on the kit's own threads, and there are no new ones."""
        new = (thread for thread in threading.enumerate() if thread not in self._threads)
        return not (
            self._driver.on_loop
            or any(not thread.name.startswith("tck-") for thread in new)
            or any(not event.thread.startswith("tck-") for event in self.trace)
        )

    def at_once(self, *calls: Callable[[], Any]) -> None:
        """Runs calls on threads of their own, which a barrier lets go together, to their end.

        Inside an event loop they are callbacks of one loop instead, one after another.
        """
        if self._driver.on_loop:
            for call in calls:
                self.drive("a", "3.4", call)
            return
        barrier = threading.Barrier(len(calls))

        def run(call: Callable[[], Any]) -> None:
            barrier.wait()  # all of them begin, however long that takes a busy machine
            call()

        jobs = [
            Job(partial(run, call), f"tck-{number}", ON_RECORD)
            for number, call in enumerate(calls, 1)
        ]
        hang = self.patience.hang(self.settings, "3.4")
        for job in jobs:
            if not job.join(hang):
                inner = self.recorder.innermost(job.ident)
                what = inner.label if inner is not None else "a call"
                rule = _hang_rule(inner.kind if inner else "request", "3.4")
                self.hung("a", rule, f"{what}, on one of {len(calls)} threads,", hang)

    def shake(self) -> None:
        """Has threads take turns as often as the interpreter can, until the stand is closed."""
        self.act("shake")
        if self._interval is None:
            self._interval = sys.getswitchinterval()
            sys.setswitchinterval(1e-6)

    def close(self) -> None:
        """Ends the run: what still goes on is cancelled, and no longer on record."""
        if self._interval is not None:
            sys.setswitchinterval(self._interval)
            self._interval = None
        if self.recorder.closed:
            return
        self.recorder.close()
        with suppress(*ON_RECORD):  # the run is over: this is no part of it
            self._driver.call(self._let_go, self.patience.hang(self.settings, "3.5"))
        self._driver.close()

    def _let_go(self) -> None:
        """Cancel what still goes on; called on the driver's thread."""


def _usual(function: object) -> bool:
    return str(getattr(function, "__module__", "")).partition(".")[0] in {"builtins", "tck"}


def unless(rule: str, usual: str) -> tuple[str, ...]:
    """Returns the rule as an argument in a script; nothing where it goes without saying."""
    return () if rule == usual else (rule,)


def _hang_rule(kind: Kind, otherwise: str) -> str:
    return {
        "request": "3.4", "cancel": "3.5", "subscribe": "1.9", "on_next": "2.2",
        "on_subscribe": "2.2", "on_error": "2.2", "on_complete": "2.2",
    }.get(kind, otherwise)  # fmt: skip
