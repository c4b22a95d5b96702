"""Stands: one fresh component each, driven step by step, with all that happens on record."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from tck.diagram import diagram
from tck.driver import Driver, Hung
from tck.patience import Patience
from tck.recorder import Recorder, Runaway
from tck.rules import Bounds, Breach, judge
from tck.script import Action, Script
from tck.settings import Settings
from tck.trace import Event, Kind, Trace

# What a stand by itself goes by; the other settings are for those who decide what to try.
_MATTERING = ("deadline", "quiet", "responsive", "hang", "recursion", "after_cancel")


class ProbeError(Exception):
    """What the kit raises on purpose, to see what becomes of it."""


class Stuck(Exception):
    """The component has not returned from a call, so that the run cannot go on; it is on record."""


class Stand:
    """What all stands have: the driver, the record, the waiting, and the verdict.

    Each public step is taken down as an action, so that a run can be printed and played again.
    A step never raises for what the component does: that is on record.
    """

    def __init__(self, settings: Settings | None = None, *, loop: bool = False) -> None:
        self.settings: Settings = settings or Settings.from_environment()
        # A stream that never ends is cut short; one that does may be long.
        self.patience: Patience = Patience()
        self.recorder: Recorder = Recorder(50_000 if self.settings.completes else 4_000)
        self._driver = Driver(loop=loop)
        self._actions: list[Action] = []
        self._script_args: tuple[Any, ...] = ()
        self.failing: str | None = None
        """Of a Publisher that is to fail: where its factory is, as \"module:name\" or \"\"."""
        self._muted = 0

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

    # The verdict.

    @property
    def trace(self) -> Trace:
        """What has happened so far."""
        return self.recorder.trace()

    @property
    def bounds(self) -> Bounds:
        """What the rules go by."""
        return Bounds.of(self.settings)

    def breaches(self) -> list[Breach]:
        """Returns what was broken so far, in the order of the events."""
        return judge(self.trace, self.bounds)

    def report(self) -> str:
        """Returns the diagram of what has happened, with what was broken marked in it."""
        return diagram(self.trace, self.breaches())

    @property
    def script(self) -> Script:
        """What was done so far."""
        usual = Settings()
        changes = ((name, getattr(self.settings, name)) for name in _MATTERING)
        return Script(
            type(self).__name__,
            self._script_args,
            tuple(self._actions),
            self.on_loop,
            self.failing,
            tuple((name, value) for name, value in changes if value != getattr(usual, name)),
        )

    @property
    def on_loop(self) -> bool:
        """Whether all calls are made on the thread of a running event loop."""
        return self._driver.on_loop

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

        try:
            return self._driver.call(
                function, self.settings.hang, wanted if self.patience.tired else None
            )
        except Hung as hung:
            seconds = wanted()
            inner = self.recorder.innermost(hung.thread)
            what = inner.label if inner is not None else "the call"
            rule, link = (self._hang_rule(inner, rule), inner.link) if inner else (rule, link)
            self.recorder.remark(
                link, "hung", rule, f"{what} {self.not_returned(seconds)}", hung.stack
            )
            raise Stuck(what) from None
        except (Exception, Runaway):
            return None  # it is on record as the end of the call

    def _hang_rule(self, call: Event, otherwise: str) -> str:
        if call.kind == "request" and self.recorder.delivering(call):
            return "3.2"  # another, on the same thread, has not hung: it has delivered
        return _hang_rule(call.kind, otherwise)

    def expect(
        self, link: str, rule: str, text: str, condition: Callable[[], bool], seconds: float = 0
    ) -> bool:
        """Returns whether what is due came in time; where not, that is put on record for the rule."""
        if self.recorder.wait(condition, seconds or self.deadline(rule)):
            return True
        self.missing(link, rule, text)
        return False

    def not_returned(self, seconds: float) -> str:
        """Returns in words that a call has hung for so long."""
        others = ", like others before it" if seconds < self.settings.hang else ""
        return f"has not returned within {seconds:g} s{others}"

    def deadline(self, *rules: str) -> float:
        """Returns how long is waited for what one of these rules demands."""
        return self.patience.deadline(self.settings.deadline, *rules)

    def missing(self, link: str, rule: str, text: str) -> None:
        """Puts on record that something due has not come."""
        self.patience.miss(rule)
        self.recorder.remark(link, "missing", rule, text)

    def note(self, link: str, rule: str, text: str) -> None:
        """Puts on record a breach that was found by other means than the signals."""
        self.recorder.remark(link, "note", rule, text)

    def count(self, link: str, *kinds: Kind) -> int:
        """Returns how many calls of these kinds have begun on a link."""
        return self.recorder.count(link, *kinds)

    def settle(self) -> None:
        """Listens until it has been quiet for `Settings.quiet` seconds."""
        self.act("settle")
        self.recorder.listen(self.settings.quiet, self.settings.hang)

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
            barrier.wait(self.settings.hang)
            with suppress(Exception, Runaway):  # it is on record
                call()

        threads = [
            threading.Thread(target=run, args=(call,), name=f"tck-{number}", daemon=True)
            for number, call in enumerate(calls, 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(self.settings.hang)
            if thread.is_alive():
                inner = self.recorder.innermost(thread.ident or 0)
                what = inner.label if inner is not None else "a call"
                rule = _hang_rule(inner.kind if inner else "request", "3.4")
                self.recorder.remark(
                    "a", "hung", rule,
                    f"{what}, on one of {len(calls)} threads, has not returned "
                    f"within {self.settings.hang:g} s",
                )  # fmt: skip
                raise Stuck(what)

    def close(self) -> None:
        """Ends the run: what still goes on is cancelled, and no longer on record."""
        if self.recorder.closed:
            return
        self.recorder.close()
        with suppress(Exception, Runaway):  # the run is over: this is no part of it
            self._driver.call(self._let_go, self.patience.hang(self.settings, "3.5"))
        self._driver.close()

    def _let_go(self) -> None:
        """Cancel what still goes on; called on the driver's thread."""


def _hang_rule(kind: Kind, otherwise: str) -> str:
    return {
        "request": "3.4", "cancel": "3.5", "subscribe": "1.9", "on_next": "2.2",
        "on_subscribe": "2.2", "on_error": "2.2", "on_complete": "2.2",
    }.get(kind, otherwise)  # fmt: skip
