"""The stand for a Subscriber: the kit is its Publisher, and hears what its probe is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Literal, Protocol, TypeAlias

from tck.driving.factories import PROCESSOR, SUBSCRIBER, made
from tck.driving.feed import Feed
from tck.driving.passing_on import judged
from tck.driving.stand import Stand, unless
from tck.oracle.model import Bounds
from tck.oracle.subscriber import NO_CALL_IN_THE_END
from tck.recording.breach import Breach
from tck.recording.links import TracedSubscriber
from tck.recording.recorder import Recorder
from tck.recording.trace import Event, brief
from tck.scripts.script import Verbatim
from tck.settings import Loop, Settings

_TOLD: Final = "a signal that is taken, whatever has been asked for before"

Mode: TypeAlias = Literal["blackbox", "whitebox", "processor"]


class Puppet(Protocol):
    """What makes a Subscriber use its Subscription; a Subscription is one already."""

    def request(self, n: int, /) -> None:
        """Has the Subscriber ask for n elements."""
        ...

    def cancel(self) -> None:
        """Has the Subscriber cancel."""
        ...


class WhiteboxProbe:
    """What a Subscriber tells of the signals that reach its inside.

    A wrapper around the Subscriber calls the probe from each of the four methods, once the signal
    has been taken; `puppet` has `request(n)` and `cancel()`, which make the Subscriber call its
    Subscription. It asks for nothing by itself. The probe may be called from any thread.

    >>> class Listed:
    ...     "A Subscriber that keeps what it is given."
    ...
    ...     def __init__(self):
    ...         self.items = []
    ...
    ...     def on_subscribe(self, subscription):
    ...         if subscription is None:
    ...             raise TypeError("a Subscription is needed")
    ...         self.subscription = subscription
    ...
    ...     def on_next(self, item):
    ...         self.items.append(item)
    ...
    ...     def on_error(self, error):
    ...         pass
    ...
    ...     def on_complete(self):
    ...         pass
    >>> class Told(Listed):
    ...     "The same, and a probe is told."
    ...
    ...     def __init__(self, probe):
    ...         super().__init__()
    ...         self.probe = probe
    ...
    ...     def on_subscribe(self, subscription):
    ...         super().on_subscribe(subscription)
    ...         self.probe.on_subscribe(subscription)  # a Subscription does for a puppet
    ...
    ...     def on_next(self, item):
    ...         super().on_next(item)
    ...         self.probe.on_next(self.items[-1])
    ...
    ...     def on_error(self, error):
    ...         self.probe.on_error(error)
    ...
    ...     def on_complete(self):
    ...         self.probe.on_complete()
    >>> with SubscriberStand(Told, mode="whitebox") as stand:
    ...     stand.on_subscribe()
    ...     stand.trigger(1)
    ...     stand.on_next()
    ...     stand.expect_received()
    True
    """

    def __init__(self, recorder: Recorder | None = None) -> None:
        self._recorder = recorder or Recorder()
        self.puppet: Puppet | None = None
        self.received: list[Any] = []
        self.errors: list[Any] = []
        self.completed: int = 0

    def on_subscribe(self, puppet: Puppet, /) -> None:
        """Tells that there is a Subscription, and how to have it used."""
        if self.puppet is None:
            self.puppet = puppet
        self._recorder.wake()

    def on_next(self, item: Any, /) -> None:
        """Tells of an element."""
        self.received.append(item)
        self._recorder.wake()

    def on_error(self, error: Any, /) -> None:
        """Tells of a failure."""
        self.errors.append(error)
        self._recorder.wake()

    def on_complete(self) -> None:
        """Tells of the end."""
        self.completed += 1
        self._recorder.wake()


class _Outlet:
    """Behind a Processor: tells the probe what comes out of it; its Subscription is the puppet."""

    def __init__(self, probe: WhiteboxProbe) -> None:
        self._probe = probe
        self._served = False

    def on_subscribe(self, subscription: Any) -> None:
        if self._served:
            subscription.cancel()  # §2.5
            return
        self._served = True
        self._probe.on_subscribe(subscription)

    def on_next(self, item: Any) -> None:
        self._probe.on_next(item)

    def on_error(self, error: Any) -> None:
        self._probe.on_error(error)

    def on_complete(self) -> None:
        self._probe.on_complete()


class SubscriberStand(Stand, Feed):
    """Drives one Subscriber, which `factory()` makes, or `factory(probe)` in the mode "whitebox".

    In the mode "processor" `factory()` makes a Processor, and the probe is told what comes out.

    Errors: `Unusable` where the factory makes no such thing.

    >>> class Two:
    ...     def on_subscribe(self, subscription):
    ...         subscription.request(2)
    ...
    ...     def on_next(self, item):
    ...         pass
    ...
    ...     def on_error(self, error):
    ...         pass
    ...
    ...     def on_complete(self):
    ...         pass
    >>> with SubscriberStand(Two) as stand:
    ...     stand.on_subscribe()
    ...     stand.deliver(5)
    2
    """

    def __init__(
        self,
        factory: Callable[..., Any],
        settings: Settings | None = None,
        *,
        mode: Mode = "blackbox",
        element: Callable[[int], Any] = int,
        trigger: Callable[[Any], Any] | None = None,
        loop: Loop | bool | None = None,
    ) -> None:
        Stand.__init__(self, settings, loop=loop)
        if mode != "blackbox":
            self._script_args = (Verbatim(f"mode={mode!r}"),)
        self.made_by(factory, element=element, trigger=trigger)
        self.mode: Mode = mode
        self.probe: WhiteboxProbe = WhiteboxProbe(self.recorder)
        self.triggered: int = 0
        self._insists = False
        self._quit = self._told_to_cancel = False
        self._trigger = trigger
        args = (self.probe,) if mode == "whitebox" else ()
        methods = PROCESSOR if mode == "processor" else SUBSCRIBER
        try:
            self.component: Any = made(self._driver, factory, args, methods, self.settings.hang)
        except BaseException:
            self._driver.close()
            raise
        Feed.__init__(self, self, "up" if mode == "processor" else "a", self.component, element)
        if mode == "processor":
            self.begin("a", "1.9", self._look_behind)

    def _look_behind(self) -> None:
        """Subscribes, on the driver's thread, what tells the probe."""
        outlet = TracedSubscriber(self.recorder, "a", _Outlet(self.probe), "component")
        began = self.recorder.enter("a", "subscribe", "driver")
        try:
            self.component.subscribe(outlet)
        except BaseException as error:
            self.recorder.leave(began, error)
            raise
        self.recorder.leave(began)

    # The verdict.

    @property
    def bounds(self) -> Bounds:
        """What the rules go by."""
        return replace(super().bounds, crossing=8)

    def found(self) -> list[Breach]:
        """Returns what was broken so far, with what may only follow from another.

        Not counted is a call after the end by one who takes signals elsewhere, or later, and may
        answer an element that came before it, unless all had been quiet; and a call that overlaps
        with a request only because the kit delivers inside that.
        """
        found = [breach for breach in super().found() if not self._excused(breach)]
        return judged(found, self.trace, self.settings) if self.mode == "processor" else found

    def _excused(self, breach: Breach) -> bool:
        if breach.rule == "2.4":
            return not self._insists and breach.event.inside is None
        return breach.rule == "2.7" and self.synchronous

    # The puppet.

    def ready(self) -> bool:
        """Returns whether there is a puppet, waiting for it; in the mode "blackbox" there is none."""
        if self.mode == "blackbox":
            if self._trigger is not None:
                trigger = self._trigger
                self.act("ready")
                self.drive(self.link, "2.2", lambda: trigger(self.component))
            return self.asks()
        self.wait(self.link, lambda: self.probe.puppet is not None or self.failed, "2.1", "1.9")
        if self.probe.puppet is not None:
            return True
        if not self.failed:
            if self.mode == "processor":
                self.missing(
                    "a",
                    "1.9",
                    "on_subscribe has not come",
                    due="on_subscribe in answer to subscribe",
                )
            else:
                self.missing(
                    self.link,
                    "2.1",
                    "probe.on_subscribe(puppet) has not been called",
                    due="a Subscriber that tells its probe of on_subscribe, and so hands over what makes "
                    "it request and cancel",
                )
        return False

    def trigger(self, n: int) -> None:
        """Has the Subscriber ask for n elements."""
        if self.failed or not self.ready():
            return
        self.act("trigger", "", n)
        self._quit = self._quit or (self.cancelled and not self.triggered)
        self.triggered += n
        puppet = self.probe.puppet
        if puppet is not None:
            self.drive(self.link, "2.2", lambda: puppet.request(n))

    @property
    def gave_up(self) -> bool:
        """Whether it has cancelled of its own accord, and owes nothing any more."""
        if self.cancelled and len(self.subscriptions) > 1 and not self._told_to_cancel:
            return True  # it need not trust a Publisher that has subscribed it twice
        if self.mode == "whitebox":
            return self.cancelled and (self._quit or not (self.triggered or self._told_to_cancel))
        return self.mode == "blackbox" and self.cancelled

    # After the end.

    @property
    def called_late(self) -> bool:
        """Whether another thread has called when the terminal signal had begun."""
        return bool(self._late_calls())

    def _late_calls(self) -> list[Event]:
        trace = self.trace.link(self.link)
        ends = trace.calls("on_error", "on_complete")
        calls = trace.calls("request", "cancel") if ends else []
        return [event for event in calls if event.seq > ends[0].seq and event.inside is None]

    def at_rest(self) -> bool:
        """Returns whether it calls nothing for as long as a call may be late."""
        self.act("at_rest")
        seen = self.count(self.link, "request", "cancel")
        return not self.recorder.wait(
            lambda: self.count(self.link, "request", "cancel") > seen, self.settings.deadline
        )

    def calls_late(self) -> bool:
        """Returns whether another thread calls since the end, which is then taken for an answer to that.

        It is for the caller to know that no such call was under way when the end came.
        """
        self.act("calls_late")
        if not self.recorder.wait(lambda: self.called_late, self.settings.deadline):
            return False
        self._insists = True
        trace = self.trace
        for call in self._late_calls():
            end = trace.link(self.link).calls("on_error", "on_complete")[0]
            over = trace.end_of(end)
            if over is None or call.seq < over.seq:
                self.note(
                    self.link, "2.3",
                    f"{call.label} was called by thread {call.thread.partition('#')[0]} while {end.label} "
                    "was running",
                    due=NO_CALL_IN_THE_END,
                    about=call,
                )  # fmt: skip
                break
        return True

    def trigger_cancel(self) -> None:
        """Has the Subscriber cancel."""
        if self.failed or not self.ready():
            return
        self.act("trigger_cancel")
        self._told_to_cancel = True
        puppet = self.probe.puppet
        if puppet is not None:
            self.drive(self.link, "2.2", puppet.cancel)

    # What the probe was told.

    def expect_received(self, rule: str = "3.8") -> bool:
        """Returns whether the probe was told of all elements that were sent, in their order."""
        self.act("expect_received", "", *unless(rule, "3.8"))
        probe, sent = self.probe, self.sent
        arrived = self.wait(
            self.link,
            lambda: len(probe.received) >= len(sent) or self.failed or self.gave_up,
            rule,
            came=lambda: len(probe.received),
        )
        if self.failed or self.gave_up:
            return False
        received = probe.received[: len(sent)]
        if arrived and all(
            one is other or one == other for one, other in zip(sent, received, strict=False)
        ):
            return True
        text = (
            f"{len(sent)} elements were sent on demand: {brief(sent)}; "
            f"it has taken {len(received)}: {brief(received)}"
        )
        due = "all of them taken, in the order in which they were sent"
        if arrived:
            self.note(self.link, rule, text, due=due)
        else:
            self.missing(self.link, rule, text, due=due)
        return False

    def expect_completed(self, rule: str = "2.9") -> bool:
        """Returns whether the probe was told of the completion, in time; one that was not sent is not due."""
        self.act("expect_completed", "", *unless(rule, "2.9"))
        self.wait(self.link, lambda: self.probe.completed > 0 or self.failed, rule)
        sent = self.count(self.link, "on_complete") > 0
        if sent and not (self.probe.completed or self.failed or self.gave_up):
            self.missing(self.link, rule, self._untold("on_complete"), due=_TOLD)
        return self.probe.completed > 0

    def expect_failed(self, rule: str = "2.10") -> bool:
        """Returns whether the probe was told of the very error that was sent, in time."""
        self.act("expect_failed", "", *unless(rule, "2.10"))
        probe = self.probe
        self.wait(self.link, lambda: bool(probe.errors) or self.failed, rule)
        if self.failed or (self.gave_up and not probe.errors):
            return False
        if not probe.errors:
            self.missing(self.link, rule, self._untold("on_error"), due=_TOLD)
            return False
        if not stems_from(probe.errors[0], self.error):
            self.note(
                self.link, rule,
                f"{brief(self.error)} was sent, and {brief(probe.errors[0])} was taken",
                due="the error that was sent, or one that was raised from it",
            )  # fmt: skip
            return False
        return True

    def _untold(self, signal: str) -> str:
        if self.mode == "processor":
            return f"{signal} was sent to the Processor, and has not come out"
        return f"{signal} was sent, and the probe inside of the Subscriber was not told of it"

    def _let_go(self) -> None:
        self.let_go()


def stems_from(error: Any, cause: Any) -> bool:
    """Returns whether an error is that one, equal to it, or was raised because of it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        if each is cause or each == cause:
            return True
        seen.add(id(each))
        waiting += [getattr(each, "__cause__", None), getattr(each, "__context__", None)]
    return False
