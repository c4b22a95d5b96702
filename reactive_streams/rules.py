"""The 43 rules of Reactive Streams 1.0.4, worded for Python, as data.

The ids, the binding words and the meaning are those of the specification; the wording is our own.
Where Java speaks of null there is None, answered by `TypeError`; an illegal argument is a
`ValueError` or a `TypeError`, delivered by `on_error`; and what holds between threads holds between
event loops as well.
"""

import re
from difflib import get_close_matches
from typing import Final

from reactive_streams._rules.model import Level, Party, Rule
from reactive_streams._rules.processor import PROCESSOR_RULES
from reactive_streams._rules.publisher import PUBLISHER_RULES
from reactive_streams._rules.subscriber import SUBSCRIBER_RULES
from reactive_streams._rules.subscription import SUBSCRIPTION_RULES

__all__ = ["RULES", "Level", "Party", "Rule", "rule"]

RULES: Final[tuple[Rule, ...]] = (
    *PUBLISHER_RULES,
    *SUBSCRIBER_RULES,
    *SUBSCRIPTION_RULES,
    *PROCESSOR_RULES,
)
"""Every rule, from 1.1 to 4.2, in the order of the specification."""

_BY_ID: Final = {each.id: each for each in RULES}


def rule(rule_id: str, /) -> Rule:
    """Returns the rule with that id, written "3.9" or "§3.9".

    Errors: `LookupError` for an id that does not exist; its message is one line, which names ids
    near it and the range of each chapter.

    >>> rule("3.9").level
    'MUST'
    >>> rule("§1.2").mandatory
    False
    >>> rule("3.18")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    LookupError: no rule '3.18'; near it: 3.15, 3.16, 3.17; there are 1.1-1.11, 2.1-2.13, ...
    """
    plain = rule_id.strip().removeprefix("§")
    try:
        return _BY_ID[plain]
    except KeyError:
        near = _near(plain)
        hint = f"near it: {', '.join(near)}; " if near else ""
        raise LookupError(f"no rule {rule_id!r}; {hint}there are {_ranges()}") from None


def _near(plain: str) -> list[str]:
    # Closeness of spelling would put 3.1 beside 3.18; where numbers can be read, they decide.
    numbers = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", plain)
    if numbers is None:
        return get_close_matches(plain, _BY_ID, cutoff=0.5)
    wanted = int(numbers[1]), int(numbers[2])
    nearest = sorted(_BY_ID, key=lambda known: _distance(wanted, _parts(known)))[:3]
    return sorted(nearest, key=_parts)


def _parts(rule_id: str) -> tuple[int, int]:
    chapter, number = rule_id.split(".")
    return int(chapter), int(number)


def _distance(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return abs(one[0] - other[0]), abs(one[1] - other[1])


def _ranges() -> str:
    chapters = (PUBLISHER_RULES, SUBSCRIBER_RULES, SUBSCRIPTION_RULES, PROCESSOR_RULES)
    return ", ".join(f"{chapter[0].id}-{chapter[-1].id}" for chapter in chapters)
