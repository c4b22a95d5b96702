"""The stand for a Subscriber: the kit is its Publisher, and hears what its probe is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, Protocol, TypeAlias

from tck.feed import Feed
from tck.links import TracedSubscriber
from tck.publisher_stand import Verbatim
from tck.recorder import Recorder
from tck.rules import Bounds, Breach
from tck.settings import Settings
from tck.stand import Stand
from tck.trace import brief

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
        loop: bool = False,
    ) -> None:
        Stand.__init__(self, settings, loop=loop)
        if mode != "blackbox":
            self._script_args = (Verbatim(f"mode={mode!r}"),)
        self.mode: Mode = mode
        self.probe: WhiteboxProbe = WhiteboxProbe(self.recorder)
        self.component: Any = None
        self.failure: BaseException | None = None
        self.triggered: int = 0
        self.strict: bool = False
        """Whether a call after the end counts although it may have crossed it: all was quiet."""
        self._trigger = trigger
        try:
            self.component = self._driver.call(lambda: self._make(factory), self.settings.hang)
        except Exception as error:
            self.failure = error
        link = "up" if mode == "processor" else "a"
        Feed.__init__(self, self, link, self.component, element)

    def _make(self, factory: Callable[..., Any]) -> Any:
        if self.mode == "whitebox":
            return factory(self.probe)
        component = factory()
        if self.mode == "processor":
            outlet = TracedSubscriber(self.recorder, "a", _Outlet(self.probe), "component")
            began = self.recorder.enter("a", "subscribe", "driver")
            try:
                component.subscribe(outlet)
            except BaseException as error:
                self.recorder.leave(began, error)
                raise
            self.recorder.leave(began)
        return component

    # The verdict.

    @property
    def bounds(self) -> Bounds:
        """What the rules go by."""
        return replace(super().bounds, crossing=8)

    def breaches(self) -> list[Breach]:
        """Returns what was broken so far.

        Not counted is a call after the end by one who takes signals elsewhere, or later, and may
        answer an element that came before it, unless all had been quiet; and a call that overlaps
        with a request only because the kit delivers inside that.
        """
        return [breach for breach in super().breaches() if not self._excused(breach)]

    def _excused(self, breach: Breach) -> bool:
        if breach.rule == "2.4":
            return not self.strict and breach.event.inside is None
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
        self.recorder.wait(
            lambda: self.probe.puppet is not None or self.failed, self.deadline("2.1", "1.9")
        )
        if self.probe.puppet is not None:
            return True
        if not self.failed:
            if self.mode == "processor":
                self.missing("a", "1.9", "on_subscribe has not come")
            else:
                self.missing(self.link, "2.1", "the probe has not been given its puppet")
        return False

    def trigger(self, n: int) -> None:
        """Has the Subscriber ask for n elements."""
        if self.failed or not self.ready():
            return
        self.act("trigger", "", n)
        self.triggered += n
        puppet = self.probe.puppet
        if puppet is not None:
            self.drive(self.link, "2.2", lambda: puppet.request(n))

    def trigger_cancel(self) -> None:
        """Has the Subscriber cancel."""
        if self.failed or not self.ready():
            return
        self.act("trigger_cancel")
        puppet = self.probe.puppet
        if puppet is not None:
            self.drive(self.link, "2.2", puppet.cancel)

    # What the probe was told.

    def expect_received(self, rule: str = "3.8") -> bool:
        """Returns whether the probe was told of all elements that were sent, in their order."""
        self.act("expect_received")
        probe, sent = self.probe, self.sent
        arrived = self.recorder.wait(
            lambda: len(probe.received) >= len(sent) or self.failed, self.deadline(rule)
        )
        if self.failed:
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
        if arrived:
            self.note(self.link, rule, text)
        else:
            self.missing(self.link, rule, text)
        return False

    def expect_completed(self, rule: str = "2.9") -> bool:
        """Returns whether the probe was told of the completion, in time."""
        self.act("expect_completed")
        self.recorder.wait(lambda: self.probe.completed > 0 or self.failed, self.deadline(rule))
        if not (self.probe.completed or self.failed):
            self.missing(self.link, rule, "on_complete was sent, and not taken")
        return self.probe.completed > 0

    def expect_failed(self, rule: str = "2.10") -> bool:
        """Returns whether the probe was told of the very error that was sent, in time."""
        self.act("expect_failed")
        probe = self.probe
        self.recorder.wait(lambda: bool(probe.errors) or self.failed, self.deadline(rule))
        if self.failed:
            return False
        if not probe.errors:
            self.missing(self.link, rule, "on_error was sent, and not taken")
            return False
        if not stems_from(probe.errors[0], self.error):
            self.note(
                self.link, rule,
                f"{brief(self.error)} was sent, and {brief(probe.errors[0])} was taken",
            )  # fmt: skip
            return False
        return True

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
