"""What hides what: which breach may be no more than the consequence of another, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Where: TypeAlias = Literal["signals", "silence"]


@dataclass(frozen=True, slots=True)
class Consequence:
    """One pair: where the first rule is broken, a breach of the second may only follow from that."""

    cause: str
    effect: str
    where: Where
    """signals: on the same link, later. silence: what is due and does not come, in any check."""
    reason: str

    def __str__(self) -> str:
        return f"{self.effect} may follow from {self.cause}: {self.reason}"


def _rows(where: Where, *rows: tuple[str, str, str]) -> Iterable[Consequence]:
    for cause, effects, reason in rows:
        for effect in effects.split():
            yield Consequence(cause, effect, where, reason)


FOLLOWS: Final[tuple[Consequence, ...]] = (
    *_rows(
        "signals",
        ("1.9", "1.1", "who was never subscribed has had no way to ask for anything"),
        ("1.9", "1.8 3.12", "who was never subscribed has nothing to cancel"),
        ("2.12", "1.1", "two streams on one link: what was asked for cannot be told apart"),
        ("2.12", "1.3", "two streams on one link: each may keep its own signals in order"),
        ("2.12", "1.7", "two streams on one link: one may go on when the other has ended"),
        ("2.12", "2.5", "the second Subscription is the Publisher's mistake"),
        ("1.7", "1.1", "who goes on after the end does not look at demand either"),
        ("1.7", "1.8 3.12 3.6", "who goes on after the end does not look at cancel either"),
        ("1.7", "2.13", "who goes on after the end does not look at what the Subscriber raised"),
        ("3.6", "1.1", "an element for a request after cancel is one that nobody asked for"),
        ("3.6", "1.7 1.8 3.12", "an element for a request after cancel comes after cancel"),
        ("2.12", "1.5", "two streams on one link: together they have more than one was to have"),
        ("1.1", "3.6", "where too much came, what was asked for before a cancel cannot be told"),
        ("3.12", "1.1 3.6", "who ignores cancel serves the requests behind it, too"),
        ("1.8", "1.1 3.6", "who ignores cancel serves the requests behind it, too"),
        (
            "3.3",
            "1.4 1.9 2.13 3.15 3.16",
            "what ends a recursion is a RecursionError, through all that is on the stack",
        ),
        ("3.15", "2.13", "the error goes through the Subscriber's method, which called in faith"),
        ("3.16", "2.13", "the error goes through the Subscriber's method, which called in faith"),
        ("2.3", "2.4", "a Subscription that is used in the end is used after it"),
        ("2.8", "2.13", "a Subscriber that has failed takes nothing more"),
        ("2.9", "2.13", "a Subscriber that has failed takes nothing more"),
        ("2.10", "2.13", "a Subscriber that has failed takes nothing more"),
    ),
    *_rows(
        "silence",
        ("1.9", "1.1 1.4 1.5 1.11 3.2 3.8 3.9 3.17", "who is never subscribed gets nothing"),
        ("2.12", "1.5 1.11 3.2 3.8 3.9 3.17", "one of two streams may end what is due to both"),
        ("2.13", "1.4 1.5 1.11 3.2 3.8 3.9 3.17 4.2", "who has raised counts as cancelled"),
        ("3.15", "1.4 1.5 1.11 3.2 3.8 3.9 3.17", "who has raised may be past going on"),
        ("3.16", "1.4 1.5 1.11 3.2 3.8 3.9 3.17", "who has raised may be past going on"),
        ("3.8", "1.5", "a stream whose elements get lost may never reach its end"),
        ("3.8", "1.11", "demand that is lost for one Subscriber is lost for each of several"),
        ("3.8", "3.2", "demand that is lost when given plainly is lost inside a signal, too"),
        ("3.8", "3.17", "demand that is lost when it is small is lost when it is large, too"),
        ("3.2", "1.5", "a stream whose elements get lost may never reach its end"),
        ("3.2", "1.11", "what is lost inside a signal is lost for each of several Subscribers"),
        ("3.2", "3.9", "what is lost inside a signal may be a bad request as well as a good one"),
        ("3.2", "3.17", "what is lost inside a signal is lost when it is large, too"),
    ),
)
"""The whole table. What it hides is listed with its cause, as "also seen"."""

SILENCING: Final = frozenset(
    each.cause for each in FOLLOWS if each.where == "silence" and each.effect == "3.8"
)
"""After these nothing that is due can be expected on the same link."""

_REASONS: Final = {(each.where, each.cause, each.effect): each.reason for each in FOLLOWS}


def why_it_follows(effect: str, cause: str, where: Where) -> str | None:
    """Returns why a breach of one rule may follow from one of another; None where it does not.

    >>> why_it_follows("2.4", "2.3", "signals")
    'a Subscription that is used in the end is used after it'
    >>> why_it_follows("3.9", "3.8", "silence")
    """
    return _REASONS.get((where, cause, effect))


def causes_of(effect: str, where: Where) -> list[str]:
    """Returns the rules from which a breach of this one may follow, in the order of the table."""
    return [each.cause for each in FOLLOWS if (each.where, each.effect) == (where, effect)]
