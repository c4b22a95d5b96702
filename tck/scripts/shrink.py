"""Shrink: of a script that shows something, the shortest one that still shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tck.scripts.script import Action, Reaction, Reactions, Request, Script, Verbatim


def shrink(
    script: Script,
    still_fails: Callable[[Script], bool],
    *,
    runs: int = 200,
    go_on: Callable[[], bool] = lambda: True,
) -> Script:
    """Returns the shortest script found for which `still_fails` is true; the given one at worst.

    It tries `runs` scripts at most, for as long as `go_on` says so.

    First whole stretches of actions are left out, then what single actions do, then their numbers
    are made smaller; over again for as long as that helps, and the bounds allow.

    >>> long = Script(
    ...     "PublisherStand",
    ...     (9,),
    ...     (
    ...         Action("subscribe", result="a"),
    ...         Action("request", "a", (7,)),
    ...         Action("cancel", "a"),
    ...         Action("request", "a", (40,)),
    ...     ),
    ... )
    >>> short = shrink(
    ...     long, lambda s: any(a.name == "request" and a.args[0] > 3 for a in s.actions)
    ... )
    >>> short.args, [str(action) for action in short.actions]
    ((0,), ['a = stand.subscribe()', 'a.request(4)'])
    """
    seen = {str(script)}
    best = script
    progress = True
    while progress:
        progress = False
        for candidate in _smaller(best):
            text = str(candidate)
            if text in seen:
                continue
            if runs <= 0 or not go_on():
                return best
            seen.add(text)
            runs -= 1
            if still_fails(candidate):
                best, progress = candidate, True
                break
    return best


def _smaller(script: Script) -> Iterator[Script]:
    actions = script.actions
    size = len(actions)
    while size:
        for at in range(0, len(actions), size):
            kept = _usable(actions[:at] + actions[at + size :])
            if len(kept) < len(actions):
                yield replace(script, actions=kept)
        size //= 2
    for at, action in enumerate(actions):
        for simpler in _simpler(action):
            yield replace(script, actions=(*actions[:at], simpler, *actions[at + 1 :]))
    if script.args and type(script.args[0]) is int:
        for less in (0, *_less(script.args[0])):
            yield replace(script, args=(less, *script.args[1:]))


def _usable(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Leaves out what needs a link that is no longer made."""
    links = {""}
    kept: list[Action] = []
    for action in actions:
        used = {action.link, *(str(a) for a in action.args if isinstance(a, Verbatim))}
        if action.name == "together":
            used |= {each.link for hand in action.args for each in hand}
        if used <= links:
            kept.append(action)
            links.add(action.result)
    return tuple(kept)


def _simpler(action: Action) -> Iterator[Action]:
    if action.name == "together":
        for hands in _fewer_hands(action.args):
            yield replace(action, args=hands)
        return
    for at, value in enumerate(action.args):
        simpler: Iterator[Any] = iter(())
        if isinstance(value, Reactions):
            simpler = _fewer_reactions(value)
            if value == Reactions():
                yield replace(action, args=())
        elif type(value) is int:
            simpler = _less(value)
        for each in simpler:
            yield replace(action, args=(*action.args[:at], each, *action.args[at + 1 :]))


def _less(n: int) -> Iterator[int]:
    # A bad number stays a bad one: -5 may become -1, and never 1.
    if n > 0:
        yield from dict.fromkeys(each for each in (1, 2, n // 2, n - 1) if 0 < each < n)
    elif n < -1:
        yield -1


def _fewer_hands(hands: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if len(hands) > 2:
        for at in range(len(hands)):
            yield (*hands[:at], *hands[at + 1 :])
    for at, hand in enumerate(hands):
        if len(hand) > 1:
            for shorter in (hand[: len(hand) // 2], hand[:-1]):
                yield (*hands[:at], shorter, *hands[at + 1 :])


def _fewer_reactions(reactions: Reactions) -> Iterator[Reactions]:
    for fewer in _fewer(reactions.on_subscribe):
        yield replace(reactions, on_subscribe=fewer)
    for fewer in _fewer(reactions.each):
        yield replace(reactions, each=fewer)
    for fewer in _fewer(reactions.on_end):
        yield replace(reactions, on_end=fewer)
    for key, value in reactions.after.items():
        others = {k: v for k, v in reactions.after.items() if k != key}
        for fewer in _fewer(value):
            yield replace(reactions, after={**others, key: fewer} if fewer else others)
        for less in _less(key):
            if less > 0 and less not in others:
                yield replace(reactions, after={**others, less: value})


def _fewer(several: tuple[Reaction, ...]) -> Iterator[tuple[Reaction, ...]]:
    for at in range(len(several)):
        yield (*several[:at], *several[at + 1 :])
    for at, each in enumerate(several):
        if isinstance(each, Request) and type(each.n) is int:
            for less in _less(each.n):
                yield (*several[:at], Request(less), *several[at + 1 :])
