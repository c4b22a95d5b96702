"""Scripts that are made up at random, from `Settings.seed`."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from reactive_streams import UNBOUNDED
from tck.scripts.script import Action, Cancel, Raise, Reaction, Reactions, Request, Script
from tck.settings import Settings

_BAD: Final = (0, -1)
_ODD: Final = (True, 1.5, "2", None)
_SIZES: Final = (1, 2, 3, 5, 10, 16, 33, 100)
_LENGTHS: Final = (5, 3, 20, 120, 50, 120, 1, 20, 0)
_LINKS: Final = "abc"


def make_up(settings: Settings) -> Iterator[Script]:
    """Returns `Settings.examples` scripts, no two alike: the same ones for the same settings.

    They ask of a Publisher nothing that it is not declared to do. So few there may be (the streams
    have no elements, say) that some are missing.
    """
    seen: set[str] = set()
    for number in range(4 * settings.examples):
        if len(seen) >= settings.examples:
            return
        script = _Author(settings, Random(f"{settings.seed}/{number}")).script()
        if str(script) not in seen:
            seen.add(str(script))
            yield script


class _Author:
    """Makes up one script."""

    def __init__(self, settings: Settings, chance: Random) -> None:
        self._settings = settings
        self._chance = chance
        most = settings.max_elements
        self._lengths = [n for n in _LENGTHS if most is None or n <= most] or [most or 0]
        # Endless demand of an endless stream would have to be stopped; there are checks for that.
        self._bad = _BAD if settings.non_int == "cannot cross" else (*_BAD, *_ODD)
        self._sizes = [*_SIZES, *([UNBOUNDED] * (2 * settings.completes))]

    def script(self) -> Script:
        """Returns a script: the first Subscriber, some calls, and at times an end and what follows it."""
        chance, settings = self._chance, self._settings
        length = chance.choice(self._lengths)
        actions = [_subscribe("a", self._reactions())]
        links = ["a"]
        turn = chance.randrange(3)
        alive = ["request"] * 4 + ["settle"]
        if settings.concurrent_requests:
            alive.append("together")
        if settings.multicast or settings.per_subscriber:
            alive.append("subscribe")
        # What ends a stream comes late in a script, and is followed by what must have no effect.
        steps = [chance.choice(alive) for _ in range(chance.randint(1, 4))]
        ending = chance.choice(("", "cancel", "mistake"))
        if ending:
            after = [
                chance.choice(("request", "cancel", "mistake")) for _ in range(chance.randint(0, 2))
            ]
            steps += [ending, *after]
        for name in steps:
            turn += 1
            link = links[turn % len(links)]
            if name == "request":
                actions.append(Action("request", link, (chance.choice(self._sizes),)))
            elif name == "mistake":
                actions.append(Action("request", link, (chance.choice(self._bad),)))
            elif name == "cancel":
                actions.append(Action("cancel", link))
            elif name == "settle":
                actions.append(Action("settle"))
            elif name == "together":
                hands = [chance.random() < 0.75 for _ in range(chance.randint(2, 4))]
                actions.append(Action("together", "", tuple(_hand(asks, link) for asks in hands)))
            elif len(links) < len(_LINKS):
                links.append(_LINKS[len(links)])
                actions.append(_subscribe(links[-1], self._reactions()))
        return Script("PublisherStand", (length,), tuple(actions))

    def _reactions(self) -> Reactions | None:
        chance = self._chance
        if chance.random() < 0.5:
            return None
        first = chance.choice(("nothing", "nothing", "one", "some"))
        on_subscribe: tuple[Reaction, ...] = ()
        if first == "one":
            on_subscribe = (self._request(),)
        elif first == "some":
            on_subscribe = self._some()
        each: tuple[Reaction, ...] = ()
        if self._settings.completes and chance.random() < 1 / 3:
            each = (Request(1),)
        after = {chance.choice((1, 2, 3, 5)): self._some()} if chance.random() < 0.5 else {}
        return Reactions(on_subscribe=on_subscribe, each=each, after=after)

    def _some(self) -> tuple[Reaction, ...]:
        wrong = Request(self._chance.choice(self._bad))
        ways: tuple[tuple[Reaction, ...], ...] = (
            (self._request(),), (self._request(), self._request()), (Cancel(),),
            (Cancel(), self._request()), (self._request(), Cancel()), (self._request(), Raise()),
            (Raise(),), (wrong,), (Cancel(), Cancel()), (Cancel(), wrong),
        )  # fmt: skip
        return self._chance.choice(ways)

    def _request(self) -> Request:
        return Request(self._chance.choice(self._sizes))


def _subscribe(link: str, reactions: Reactions | None) -> Action:
    given = () if reactions is None or reactions == Reactions() else (reactions,)
    return Action("subscribe", "", given, link)


def _hand(asks: bool, link: str) -> list[Action]:
    return [Action("request", link, (1,))] * 5 if asks else [Action("cancel", link)]
