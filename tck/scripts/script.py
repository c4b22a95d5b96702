"""Scripts: what a run did, as data: it can be printed as Python, played again, and made shorter."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from tck.scripts.written import written
from tck.settings import Loop, Settings


class Stuck(Exception):
    """The component has not returned from a call, so that the run cannot go on; it is on record."""


class TooSlow(Stuck):
    """Each of several things came in time, and all of them take too long; that is no fault."""

    def __init__(self, came: int, seconds: float) -> None:
        super().__init__(came, seconds)
        self.pace: float = seconds / max(came, 1)
        """Seconds for each."""

    def __str__(self) -> str:
        return f"it is too slow to be seen through: {self.pace:.2g} s for each element"


STANDS: Final[dict[str, Callable[..., Any]]] = {}
"""The kinds of stands, by name; each enters itself, for a script knows of them no more than that."""


_TRIES: Final = 100
"""How often a script is played that shows something by chance."""


@dataclass(frozen=True, slots=True)
class Request:
    """A Subscriber's reaction: ask for n more."""

    n: Any = 1

    def __str__(self) -> str:
        return f"Request({self.n!r})"


@dataclass(frozen=True, slots=True)
class Cancel:
    """A Subscriber's reaction: ask for no more."""

    def __str__(self) -> str:
        return "Cancel()"


@dataclass(frozen=True, slots=True)
class Raise:
    """A Subscriber's reaction: raise a ProbeError, which no Subscriber may do (§2.13)."""

    def __str__(self) -> str:
        return "Raise()"


Reaction: TypeAlias = Request | Cancel | Raise


@dataclass(frozen=True)
class Reactions:
    """What a probe does inside the signals it is given; `after[k]` on the k-th element, from 1."""

    on_subscribe: tuple[Reaction, ...] = ()
    each: tuple[Reaction, ...] = ()
    after: dict[int, tuple[Reaction, ...]] = field(default_factory=dict[int, tuple[Reaction, ...]])
    on_end: tuple[Reaction, ...] = ()

    def __str__(self) -> str:
        parts: list[str] = []
        for name in ("on_subscribe", "each", "on_end"):
            value: tuple[Reaction, ...] = getattr(self, name)
            if value:
                parts.append(f"{name}={_tuple(value)}")
        if self.after:
            inner = ", ".join(f"{k}: {_tuple(v)}" for k, v in sorted(self.after.items()))
            parts.append(f"after={{{inner}}}")
        return f"Reactions({', '.join(parts)})"


def _tuple(values: tuple[Reaction, ...]) -> str:
    return f"({', '.join(map(str, values))}{',' if len(values) == 1 else ''})"


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a script: a method of a stand, or of what stands on one of its links."""

    name: str
    link: str = ""
    args: tuple[Any, ...] = ()
    result: str = ""

    def __str__(self) -> str:
        call = f"{self.name}({', '.join(map(_argument, self.args))})"
        owner = self.link or "stand"
        return f"{self.result} = {owner}.{call}" if self.result else f"{owner}.{call}"


def _argument(value: Any) -> str:
    if isinstance(value, Reactions):
        return str(value)
    if isinstance(value, Action):
        args = f", {value.args!r}" if value.args else ""
        return f"Action({_argument(value.name)}, {_argument(value.link)}{args})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_argument, value))}]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if type(value) is str and '"' not in value and "\\" not in value and value.isprintable():
        return f'"{value}"'  # as formatters write it
    return repr(value)


class Verbatim(str):
    """A name that stands in a script as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Snippet(str):
    """A script as a Python program, which still knows the script."""

    source: Script | None = None


@dataclass(frozen=True)
class Script:
    """The actions of one run on one kind of stand.

    >>> print(
    ...     Script(
    ...         "PublisherStand",
    ...         (3,),
    ...         (Action("subscribe", result="a"), Action("request", "a", (1,))),
    ...     ).snippet("mine:numbers")
    ... )
    import tck
    from mine import numbers
    <BLANKLINE>
    with tck.PublisherStand(numbers, 3) as stand:
        a = stand.subscribe()
        a.request(1)
        stand.settle()
    print(stand.report())
    raise SystemExit(bool(stand.breaches()))
    """

    stand: str
    args: tuple[Any, ...]
    actions: tuple[Action, ...]
    loop: Loop = "thread"
    """What all calls are made on."""
    failing: str | None = None
    """Of a run with a Publisher that fails: where its factory is, as for `snippet`, if that is known."""
    until: str = ""
    """Of a run that shows something by chance only: the rule until whose breach it is played again."""
    place: str = ""
    """Where the factory is, as for `snippet`, if that is known."""
    places: tuple[tuple[str, str], ...] = ()
    """Where the functions are that a stand is given by keyword."""
    functions: tuple[tuple[str, Any], ...] = field(default=(), compare=False, repr=False)
    """What has no such place, and is written down whole: "factory", or a keyword."""
    changes: tuple[tuple[str, Any], ...] = ()
    """The settings that differ from the default ones, and matter to a stand."""

    @property
    def size(self) -> int:
        """Returns how long a reader has to look at it."""
        return sum(len(str(action)) + 20 for action in self.actions)

    def play(
        self,
        factory: Callable[..., Any],
        settings: Settings | None = None,
        *,
        loop: Loop | bool | None = None,
        before: Callable[[Any], None] = lambda _stand: None,
    ) -> Any:
        """Returns a fresh stand, still open, after all actions were made on it; `before` is given it first.

        A component that hangs ends the play; that is on record, and nothing raises. The breaches
        are `stand.breaches()`; the stand has to be closed.
        """
        args: list[Any] = []
        options: dict[str, Any] = {}
        for value in self.args:
            if isinstance(value, Verbatim):  # an argument by keyword, such as mode='whitebox'
                name, _, text = value.partition("=")
                options[name] = ast.literal_eval(text)
            else:
                args.append(value)
        options["loop"] = self.loop if loop is None else loop
        stand = STANDS[self.stand](factory, *args, settings=settings, **options)
        if stand.stuck is not None:
            return stand
        before(stand)
        known: dict[str, Any] = {"": stand}
        try:
            for action in self.actions:
                call = getattr(known[action.link], action.name)
                given = [known[a] if isinstance(a, Verbatim) else a for a in action.args]
                known[action.result or "-"] = call(*given)
        except Stuck:
            pass  # on record
        except BaseException:
            stand.close()
            raise
        return stand

    def snippet(self, subject: str = "") -> Snippet:
        """Returns the script as a Python program.

        `subject` is the factory's "module:name" or "path/to/file.py:name"; without it, and where the
        script does not know it either, it is written down with what it uses (`written`).
        """
        subject = subject or self.place if self.failing is None else self.failing
        place, _, name = subject.rpartition(":")
        lines = ["import tck"]
        more = dict(self.places)
        names = sorted({word for action in self.actions for word in _words(action)})
        if names:
            lines.append(f"from tck import {', '.join(names)}")
        plain = all(part.isidentifier() for part in place.split("."))
        if not name:
            name = "factory"
        elif plain and name.isidentifier() and not place.endswith(".py"):
            lines.append(f"from {place} import {name}")
        else:
            name = "factory"
            more = {"factory": subject, **more}
        if more:
            lines += ["from tck.scripts import load", ""]
            lines += [f"{keyword} = load({_argument(at)})" for keyword, at in more.items()]
        functions = dict(self.functions)
        if place:
            functions.pop("factory", None)
        for keyword, function in functions.items():
            lines += ["", *written(function, keyword)]
        if self.failing is not None:
            name = f"lambda _: {name}()"
        options = [f"{name}={_argument(value)}" for name, value in self.changes]
        args = ", ".join(
            [
                name,
                *map(_argument, self.args),
                *(f"{keyword}={keyword}" for keyword, _ in self.places),
                *(f"{keyword}={keyword}" for keyword in functions if keyword != "factory"),
                *([f"settings=tck.Settings({', '.join(options)})"] if options else []),
                *([f'loop="{self.loop}"'] if self.loop != "thread" else []),
            ]
        )
        body = [f"    {action}" for action in self.actions]
        if not self.actions or self.actions[-1].name != "settle":
            body.append("    stand.settle()")
        head = [f"with tck.{self.stand}({args}) as stand:"]
        if self.until:
            # What threads do is not the same each time.
            again = [
                *head,
                *body,
                f'if "{self.until}" in {{each.rule for each in stand.breaches()}}:',
            ]
            again.append("    break")
            head, body = [f"for _ in range({_TRIES}):"], [f"    {line}" for line in again]
        tail = ["print(stand.report())", "raise SystemExit(bool(stand.breaches()))"]
        snippet = Snippet("\n".join([*lines, "", *head, *body, *tail]))
        snippet.source = self
        return snippet


def _words(action: Action) -> set[str]:
    text = str(action)
    return {
        word for word in ("Action", "Reactions", "Request", "Cancel", "Raise") if f"{word}(" in text
    }
