"""What the guard only counts changes nothing of what it finds: the oracle is told of all it needs."""

from __future__ import annotations

import random
import threading
import weakref
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import pytest

from tck.guard import guard
from tck.oracle.model import Bounds, Link

SEEDS = range(200)
VALUES: dict[str, list[Any]] = {
    "on_next": [1, 2, 3, 4, 5, None],
    "request": [1, 1, 2, 5, 2**63 - 1, 0, 1.5, True],
}


class Hand:
    """A thread that makes calls and comes back from them, each when it is told to."""

    def __init__(self) -> None:
        self.orders: SimpleQueue[Any] = SimpleQueue()
        self.done: SimpleQueue[None] = SimpleQueue()
        self.depth = 0
        self.thread = threading.Thread(target=self.obey, daemon=True)
        self.thread.start()

    def tell(self, order: Any) -> None:
        self.orders.put(order)
        self.done.get(timeout=10)

    def obey(self) -> Any:
        """Makes calls until it is to come back, with an error if it is told one."""
        while True:
            order = self.orders.get()
            if order is None or isinstance(order, Exception):
                return order
            self.depth += 1
            with suppress(Exception):
                order()
            self.depth -= 1
            self.done.put(None)

    def inside(self) -> None:
        """What every call is, on the other side of the guard."""
        self.done.put(None)
        error = self.obey()
        if error is not None:
            raise error


class World:
    """One guarded link between a Publisher and a Subscriber who do as the hands are told."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.hands = [Hand(), Hand()]
        self.by_thread: dict[int, Hand] = {}
        self.subscriber: Any = None
        self.subscription: Any = None
        world = self

        class Publisher:
            def subscribe(self, subscriber: Any) -> None:
                world.subscriber = subscriber
                world.inside()

        class Party:
            def on_subscribe(self, subscription: Any) -> None:
                world.subscription = subscription
                world.inside()

            def on_next(self, item: Any) -> None:
                world.inside()

            on_error = request = on_next

            def on_complete(self) -> None:
                world.inside()

            cancel = on_complete

        self.party = Party()
        self.guarded = guard(
            Publisher(),
            report=lambda b: self.found.append((b.rule, b.message)),
            bounds=Bounds(responsive=60.0),
        )

    def inside(self) -> None:
        self.by_thread[threading.get_ident()].inside()

    def order(self, kind: str, value: Any) -> Any:
        def call(hand: Hand) -> Any:
            def make() -> None:
                self.by_thread[threading.get_ident()] = hand
                if kind == "subscribe":
                    self.guarded.subscribe(self.party)
                elif kind == "on_subscribe":
                    self.subscriber.on_subscribe(self.party)
                elif kind in {"on_next", "on_error"}:
                    getattr(self.subscriber, kind)(value)
                elif kind == "on_complete":
                    self.subscriber.on_complete()
                elif kind == "request":
                    self.subscription.request(value)
                else:
                    self.subscription.cancel()

            return make

        return call


def program(seed: int) -> list[tuple[int, str, Any]]:
    """Returns steps: which hand, what it does, and with what; the more tame, the later a rule is broken."""
    chance = random.Random(seed)
    wild = (1.0, 0.2, 0.02, 0.0)[seed % 4]
    steps: list[tuple[int, str, Any]] = [(0, "subscribe", None), (0, "on_subscribe", None)]
    open_: list[list[str]] = [["subscribe", "on_subscribe"], []]
    asked = sent = 0
    for _ in range(chance.randint(4, 80)):
        hand = chance.randrange(2) if seed % 5 else 0
        mine, others = open_[hand], open_[1 - hand]
        if mine and chance.random() < 0.5:
            mine.pop()
            failed = chance.random() < 0.2 * wild
            steps.append((hand, "back", ValueError("boom") if failed else None))
            continue
        kind = chance.choice(
            ["on_next"] * 8 + ["request"] * 8 + ["cancel", "on_complete", "on_error"]
        )
        value: Any = chance.choice(VALUES.get(kind, [ValueError("end")]))
        if chance.random() >= wild:
            if kind == "on_next":
                allowed = sent < asked and "on_next" not in mine
                allowed = allowed and not {"on_next", "on_subscribe"} & set(others)
            else:
                allowed = kind == "request" and "request" not in others
            value = value if type(value) is int and value > 0 else 1
            if not allowed:
                continue
        if len(mine) < 6:
            mine.append(kind)
            steps.append((hand, kind, value))
            sent += kind == "on_next"
            asked += value if kind == "request" and type(value) is int else 0
    for hand, left in enumerate(open_):
        steps += [(hand, "back", None)] * len(left)
    return steps


def play(steps: list[tuple[int, str, Any]]) -> list[tuple[str, str]]:
    world = World()
    idents = {}
    for number, kind, value in steps:
        hand = world.hands[number]
        if kind == "back":
            if hand.depth:
                hand.tell(value)
        else:
            hand.tell(world.order(kind, value)(hand))
    for ident, hand in world.by_thread.items():
        idents[str(ident)] = f"hand {world.hands.index(hand)}"
    for hand in world.hands:
        while hand.depth:
            hand.tell(None)
        hand.orders.put(None)
        hand.thread.join(10)
    told = []
    for rule, message in world.found:
        for thread, name in idents.items():
            message = message.replace(thread, name)
        told.append((rule, " ".join(w for w in message.split() if not w.startswith("Thread-"))))
    return told


@pytest.mark.parametrize("seed", SEEDS)
def test_it_finds_what_it_finds_when_all_is_shown(seed: int, monkeypatch: pytest.MonkeyPatch):
    steps = program(seed)
    brisk = play(steps)
    monkeypatch.setattr(Link, "calm", False)
    assert brisk == play(steps)


def test_these_programs_break_much_and_little():
    found = [play(program(seed)) for seed in SEEDS]
    assert sum(not each for each in found) > 30
    rules = {rule for each in found for rule, _ in each}
    assert rules >= {"1.1", "1.3", "1.7", "2.7", "3.9", "3.3", "2.13"}


START: list[tuple[int, str, Any]] = [
    (0, "subscribe", None), (0, "on_subscribe", None), (0, "back", None), (0, "back", None),
]  # fmt: skip


def test_a_thread_that_was_only_counted_may_cross_the_end():
    steps = [
        *START, (1, "request", 5), (1, "back", None), (0, "on_next", 1), (0, "back", None),
        (0, "on_complete", None), (0, "back", None), (1, "request", 1), (1, "back", None),
    ]  # fmt: skip
    assert play(steps) == []
    # One that has never called cannot have been about to.
    assert [rule for rule, _ in play([s for s in steps if s != (1, "request", 5)][:-3])] == ["1.1"]
    other = [(0, kind, value) if kind == "request" and value == 5 else (h, kind, value)
             for h, kind, value in steps]  # fmt: skip
    other[other.index((1, "back", None))] = (0, "back", None)
    assert [rule for rule, _ in play(other)] == ["2.4"]


def test_a_call_that_was_only_counted_may_be_slow():
    class Anyone:
        def subscribe(self, subscriber: Any) -> None:
            subscriber.on_subscribe(self)

        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(1)

        def request(self, n: Any) -> None: ...

        cancel = on_error = on_complete = on_next = request

    found: list[Any] = []
    party: Any = Anyone()
    guard(party, report=found.append, bounds=Bounds(responsive=0.0)).subscribe(party)
    assert [breach.rule for breach in found] == ["3.4"]


def test_what_was_counted_is_let_go_of():
    class Element:
        pass

    held: list[Any] = []

    class Anyone:
        def subscribe(self, subscriber: Any) -> None:
            subscriber.on_subscribe(self)
            element = Element()
            held.extend([subscriber, weakref.ref(element)])
            subscriber.on_next(element)

        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(1)

        def request(self, n: Any) -> None: ...

        cancel = on_error = on_complete = on_next = request

    party: Any = Anyone()
    guard(party).subscribe(party)
    assert held[1]() is None
