"""The stand for a Publisher: probes subscribe to it, and do as they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tck.driving.counter import LONG, Counter
from tck.driving.driver import Hung
from tck.driving.factories import PUBLISHER, made
from tck.driving.probe import JudgedStand, Probe, alike
from tck.recording.own_time import wait
from tck.recording.recorder import Runaway
from tck.recording.trace import brief
from tck.scripts.script import Action, Reactions, Verbatim
from tck.settings import Loop, Settings


class PublisherStand(JudgedStand):
    """Drives one Publisher, which `factory(elements)` makes; or `factory()`, if it is one that `fails`.

    Errors: `Unusable` where the factory makes no Publisher.


    >>> class Nothing:
    ...     def subscribe(self, subscriber):
    ...         subscriber.on_subscribe(self)
    ...         subscriber.on_complete()
    ...
    ...     def request(self, n):
    ...         pass
    ...
    ...     def cancel(self):
    ...         pass
    >>> with PublisherStand(lambda elements: Nothing(), 0) as stand:
    ...     a = stand.subscribe()
    ...     a.expect_complete()
    True
    """

    def __init__(
        self,
        factory: Callable[..., Any],
        elements: int = 0,
        settings: Settings | None = None,
        *,
        loop: Loop | bool | None = None,
        fails: bool = False,
    ) -> None:
        super().__init__(settings, loop=loop)
        self._script_args = (elements,)
        self.made_by(factory)
        self.elements: int = elements
        self._bounded = self.settings.completes and not fails
        self._again: Callable[[], PublisherStand] = lambda: PublisherStand(
            factory, elements, self.settings, loop=loop
        )
        self.probes: list[Probe] = []
        self.publisher: Any = None
        try:
            self.publisher = self._made(factory, fails)
        except BaseException:
            self._driver.close()
            raise

    def _made(self, factory: Callable[..., Any], fails: bool) -> Any:
        args = () if fails else (self.elements,)
        return made(self._driver, factory, args, PUBLISHER, self.settings.hang, may_be_none=fails)

    def subscribe(self, reactions: Reactions | None = None) -> Probe:
        """Returns a probe, after subscribe was called with it on the driver's thread."""
        link = "abcdefghijklmnopqrstuvwxyz"[len(self.probes)]
        self.act("subscribe", "", *([reactions] if reactions else []), result=link)
        probe = Probe(self, link, reactions or Reactions())
        self.probes.append(probe)
        self.drive(link, "1.9", lambda: self._subscribe(link, probe.subscriber, ""))
        return probe

    def surplus(self, link: str, number: int) -> None:
        """Puts on record that an element came where the stream was to have ended."""
        # What comes after a cancel, or the end, breaks other rules.
        over = self.count(link, "cancel") > 0 or self.recorder.ended(link)
        # Asked for none, those give one that have always one.
        if self._bounded and 0 < self.elements == number - 1 and not over:
            self.note(
                link, "1.5",
                f"element number {number} came, though the factory was asked for a stream of {self.elements}",
                due=f"on_complete behind element number {self.elements}",
            )  # fmt: skip

    def falls_short(self, count: int) -> bool:
        """Returns whether such a stream ends by itself after so many elements, or before.

        It is tried, on a fresh one.
        """
        with self._again() as stand:
            probe = stand.subscribe()
            probe.request(count + 1)
            probe.arrive(count + 1)
            return probe.count <= count and stand.count(probe.link, "on_complete") > 0
        return False

    def subscribe_again(self, probe: Probe) -> None:
        """Subscribes the same Subscriber a second time."""
        self.act("subscribe_again", "", Verbatim(probe.link))
        self.drive(
            probe.link, "1.9", lambda: self._subscribe(probe.link, probe.subscriber, "again")
        )

    def subscribe_none(self) -> None:
        """Calls subscribe with None, which has to raise a TypeError."""
        self.act("subscribe_none")
        self.drive("a", "1.9", lambda: self._subscribe("a", None, "None subscriber"))

    def _subscribe(self, link: str, subscriber: Any, text: str) -> None:
        if self.publisher is None:
            return
        began = self.recorder.enter(link, "subscribe", "driver", text=text)
        try:
            self.publisher.subscribe(subscriber)
        except BaseException as error:
            for probe in self.probes:
                probe.refused = probe.refused or probe.link == link
            self.recorder.leave(began, error)
            raise
        self.recorder.leave(began)

    def together(self, *hands: list[Action]) -> None:
        """Plays lists of actions at the same time, each on a thread of its own."""
        self.act("together", "", *[list(hand) for hand in hands])
        by_link = {probe.link: probe for probe in self.probes}
        for probe in self.probes:
            probe.ready()

        def play(hand: list[Action]) -> Callable[[], None]:
            def run() -> None:
                for action in hand:
                    by_link[action.link].call(action.name, *action.args)

            return run

        self.at_once(*map(play, hands))

    def expect_same(self) -> bool:
        """Returns whether all Subscribers were sent the same, as far as each has come (§1.11)."""
        self.act("expect_same")
        longest = max(self.probes, key=lambda probe: probe.count)
        for probe in self.probes:
            elements, others = probe.elements, longest.elements
            if elements != others[: len(elements)]:
                self.note(
                    probe.link, "1.11",
                    f"{probe.link} was sent {brief(elements)}, and {longest.link} {brief(others)}",
                    due="the same elements in the same order for each Subscriber",
                )  # fmt: skip
                return False
        return True

    def expect_undivided(self) -> bool:
        """Returns whether no two Subscribers had one stream between them, an element for one or the other."""
        self.act("expect_undivided")
        a, b = self.probes[:2]
        one, other = a.elements, b.elements
        divided = one and other and len(one) + len(other) == self.elements
        if not divided or any(alike(x, y) for x in one for y in other):
            return True
        # Who gives some at a time has to be at its end: that takes no longer than the next may be late.
        if self.recorder.wait(lambda: a.count + b.count > self.elements, self.settings.deadline):
            return True
        self.note(
            b.link, "1.11",
            f"a was sent {brief(one)}, and b {brief(other)}: the two take elements away from each other",
            due="all elements for each of the two, if that is what it promises: then declare "
            "Settings.per_subscriber or multicast",
            doubt=True,
        )  # fmt: skip
        return False

    def count_elements(self, total: int, ahead: int = 1) -> None:
        """Takes elements, too many to put each on record, as far as 0.4 seconds reach."""
        self.act("count_elements", "", total, ahead)
        rule = "3.17"
        deadline = self.deadline(rule, "1.5", "1.9", "3.2", "3.8")
        patient = deadline == self.settings.deadline
        counter = Counter(total, ahead, LONG if patient else deadline)
        self._subscribe_counter(counter)
        seen = 0
        # The next element after its allowance ends it; that one may be late.
        while not wait(counter.over.wait, deadline):
            if counter.count == seen:
                self.patience.pay(deadline)
                break
            seen = counter.count
        if counter.raised is not None:
            rule = "3.3" if isinstance(counter.raised, RecursionError) else "3.16"
            self.note(
                "a", rule,
                f"request({ahead}), after {counter.count} elements, raised {counter.raised!r:.80}",
                due="that request returns, however many elements have come",
            )  # fmt: skip
        elif counter.error is not None:
            self.note(
                "a", rule, f"on_error({counter.error!r:.80}) came after {counter.count} elements",
                due=f"{total} elements, which are all asked for",
            )  # fmt: skip
        elif counter.count < total and not counter.enough:
            over = counter.over.is_set()
            what = "the stream ended" if over else "nothing comes any more"
            self.note(
                "a",
                "1.5" if over else rule,
                f"{what} after {counter.count} of {total} elements",
                due="all of them, as each is asked for",
            )

    def _subscribe_counter(self, counter: Counter) -> None:
        """Subscribes it off the record; where that hangs, it says in which call."""

        def called() -> tuple[str, str]:
            what = counter.calling or "subscribe()"
            return what, {"r": "3.4", "c": "3.5", "s": "1.9"}[what[0]]

        def wanted() -> float:
            return self.patience.hang(self.settings, called()[1])

        try:
            self._driver.call(
                lambda: self.publisher.subscribe(counter),
                self.settings.hang,
                wanted if self.patience.tired else None,
            )
        except Hung as hung:
            what, rule = called()
            self.hung("a", rule, f"{what}, after {counter.count} elements,", wanted(), hung.stack)
        except (Exception, Runaway, SystemExit):
            pass  # the counter knows what was raised to it

    def _let_go(self) -> None:
        for probe in self.probes:
            probe.drop()
