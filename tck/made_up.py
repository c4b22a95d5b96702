"""Scripts that hypothesis makes up, from `Settings.seed`.

It is imported when it is needed only, since the rest of the kit does without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from reactive_streams import UNBOUNDED
from tck.script import Action, Cancel, Raise, Reaction, Reactions, Request, Script
from tck.settings import Settings

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_BAD: Final = (0, -1, True, 1.5, "2", None)
_SIZES: Final = (1, 2, 3, 5, 10, 16, 33, 100)
_LENGTHS: Final = (5, 3, 20, 120, 50, 120, 1, 20, 0)
_LINKS: Final = "abc"


def make_up(settings: Settings, attempt: Callable[[Script], None]) -> None:
    """Calls `attempt` with `Settings.examples` scripts, no two alike.

    Left to itself hypothesis varies one example several times before it makes up another. Of so few
    each has to be another, so every round starts afresh, with a seed of its own.
    """
    import hypothesis

    strategy = scripts(settings)
    seen: set[str] = set()
    for number in range(2 * settings.examples):
        if len(seen) >= settings.examples:
            return

        @hypothesis.seed(f"{settings.seed}/{number}")
        @hypothesis.settings(
            max_examples=2,
            database=None,
            derandomize=False,
            deadline=None,
            phases=(hypothesis.Phase.generate,),
            suppress_health_check=list(hypothesis.HealthCheck),  # pyright: ignore[reportArgumentType]
            verbosity=hypothesis.Verbosity.quiet,
        )
        @hypothesis.given(strategy)
        def one(script: Script) -> None:
            if str(script) not in seen:
                seen.add(str(script))
                attempt(script)

        one()


def scripts(settings: Settings) -> SearchStrategy[Script]:
    """Returns a strategy for scripts that ask of a Publisher nothing it is not declared to do."""
    from hypothesis import strategies as st

    most = settings.max_elements
    lengths = [n for n in _LENGTHS if most is None or n <= most] or [most or 0]
    # Endless demand of an endless stream would have to be stopped; there are checks for that.
    sizes = [*_SIZES, *([UNBOUNDED] * (2 * settings.completes))]
    good = st.sampled_from(sizes)
    bad = st.sampled_from(_BAD)
    wanted: SearchStrategy[Reaction] = st.builds(Request, good)
    wrong: SearchStrategy[Reaction] = st.builds(Request, bad)
    stop: SearchStrategy[Reaction] = st.just(Cancel())
    fail: SearchStrategy[Reaction] = st.just(Raise())
    one: SearchStrategy[tuple[Reaction, ...]] = st.one_of(
        st.tuples(wanted), st.tuples(wanted, wanted), st.tuples(stop), st.tuples(stop, wanted),
        st.tuples(wanted, stop), st.tuples(wanted, fail), st.tuples(fail), st.tuples(wrong),
        st.tuples(stop, stop), st.tuples(stop, wrong),
    )  # fmt: skip
    nothing: SearchStrategy[tuple[Reaction, ...]] = st.just(())
    reactions = st.builds(
        Reactions,
        on_subscribe=st.one_of(nothing, nothing, st.tuples(wanted), one),
        each=st.sampled_from([(), (), (Request(1),)] if settings.completes else [()]),
        after=st.dictionaries(st.sampled_from((1, 2, 3, 5)), one, max_size=1),
    )
    subscriber = st.one_of(st.none(), reactions)
    request = st.tuples(st.just("request"), good)
    cancel = st.tuples(st.just("cancel"), st.none())
    mistake = st.tuples(st.just("request"), bad)
    hands = st.lists(st.sampled_from((True, True, True, False)), min_size=2, max_size=4)
    settle = st.just(("settle", None))
    alive: list[SearchStrategy[Any]] = [request] * 4 + [settle]
    if settings.concurrent_requests:
        alive.append(st.tuples(st.just("together"), hands))
    if settings.multicast or settings.per_subscriber:
        alive.append(st.tuples(st.just("subscribe"), subscriber))
    # What ends a stream comes late in a script, and is followed by what must have no effect.
    rest = st.lists(st.one_of(request, cancel, mistake), max_size=2)
    ending: SearchStrategy[list[Any]] = st.one_of(
        st.just([]),
        st.builds(_before, cancel, rest),
        st.builds(_before, mistake, rest),
    )
    return st.builds(
        _script,
        st.sampled_from(lengths),
        subscriber,
        st.lists(st.one_of(alive), min_size=1, max_size=4),
        ending,
        st.integers(0, 2),
    )


def _before(first: Any, rest: list[Any]) -> list[Any]:
    return [first, *rest]


def _script(
    elements: int, first: Reactions | None, steps: list[Any], ending: list[Any], turn: int
) -> Script:
    actions = [_subscribe("a", first)]
    links = ["a"]
    for name, value in (*steps, *ending):
        turn += 1
        link = links[turn % len(links)]
        if name == "request":
            actions.append(Action(name, link, (value,)))
        elif name == "cancel":
            actions.append(Action(name, link))
        elif name == "settle":
            actions.append(Action(name))
        elif name == "together":
            actions.append(Action(name, "", tuple(_hand(asks, link) for asks in value)))
        elif len(links) < len(_LINKS):
            links.append(_LINKS[len(links)])
            actions.append(_subscribe(links[-1], value))
    return Script("PublisherStand", (elements,), tuple(actions))


def _subscribe(link: str, reactions: Reactions | None) -> Action:
    given = () if reactions is None or reactions == Reactions() else (reactions,)
    return Action("subscribe", "", given, link)


def _hand(asks: bool, link: str) -> list[Action]:
    return [Action("request", link, (1,))] * 5 if asks else [Action("cancel", link)]
