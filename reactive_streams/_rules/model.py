"""What a rule is made of."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["MUST", "MUST NOT", "REQUIRED", "SHOULD", "RECOMMENDED", "MAY"]
"""A binding word, with the meaning that RFC 2119 gives it."""

Party: TypeAlias = Literal["Publisher", "Subscriber", "Subscription", "Processor", "Caller"]
"""Who has to keep a rule. "Caller" is whoever brings a Publisher and a Subscriber together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what is demanded, of whom, how firmly, and what for.

    Binding words stand in capitals in `statement`, and only there. `level` is the one which the
    specification puts first; `also` holds the others.

    >>> example = Rule(
    ...     id="9.9",
    ...     level="MAY",
    ...     binds=("Publisher",),
    ...     statement="A Publisher MAY hum.",
    ...     intent="Silence is not demanded.",
    ... )
    >>> example.mandatory
    False
    """

    id: str
    level: Level
    binds: tuple[Party, ...]
    statement: str
    intent: str
    also: tuple[Level, ...] = ()

    @property
    def mandatory(self) -> bool:
        """True if the rule, or a part of it, can be broken: it says MUST, MUST NOT or REQUIRED.

        >>> Rule(
        ...     id="9.8",
        ...     level="MAY",
        ...     also=("MUST",),
        ...     binds=("Publisher",),
        ...     statement="It MAY sing, but it MUST keep time.",
        ...     intent="Others dance to it.",
        ... ).mandatory
        True
        """
        return not {"MUST", "MUST NOT", "REQUIRED"}.isdisjoint((self.level, *self.also))
