"""Feed: the items of a flow as somebody pulls them, and what all feeds of one consumer share.

A feed is an iterator that gives an item, or PAUSE: there is none now. Its consumer then waits until the
bell is rung, or gives the event loop its turn, and pulls again. So one iterator serves a `for` loop,
an `async for`, and the loop that pushes to a Subscriber; and an operator on several flows goes on with
those that have something.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import islice, repeat
from time import monotonic
from typing import Any, ClassVar, Protocol

from operators._kernel.hosts.slices import SLICE

_MOST_BEATS = 64
_SLOW = 0.0005
VISIT = 1_000
"""Items of one visit, where whoever chains visits is given those of a single flow."""
NEVER = float("inf")
"""The deadline of who has no slices, but a thread of its own."""


class _Pause:
    __slots__ = ()

    def __repr__(self) -> str:
        return "PAUSE"


PAUSE: Any = _Pause()


class Bell(Protocol):
    """Wakes a consumer, from any thread."""

    blocks: ClassVar[bool]
    """Whether the consumer blocks its thread when it waits."""

    def ring(self) -> None:
        """Have the consumer look again."""
        ...

    def wait(self) -> None:
        """Wait, on a thread, until it is rung; it may have been already."""
        ...


class Pace:
    """The time of one consumer, which may run on an event loop, and whether it has left."""

    __slots__ = ("_answers", "_beats", "_begun", "_last", "_owed", "_way", "deadline", "halted")

    pushes: ClassVar[bool] = False
    """Whether it gives on what it pulls: functions of a flow that is pushed run where that is, not here."""

    def __init__(self) -> None:
        self.deadline: float = NEVER
        self.halted: bool = False
        self._beats = 1
        self._last = 0.0
        # When the slice began, until somebody is back at work in it.
        self._begun: float | None = None
        self._owed = False  # whether work was put off, and nobody is back at it
        self._way = 0.0  # seconds from the consumer to that work, through all the flows between
        self._answers: dict[int, bool] | None = None

    def once(self, who: object, ask: Callable[[], bool]) -> bool:
        """Return what `ask` gives, which may ask others in turn: of each only once, until all is answered.

        For what each of several flows inside of each other has to know in two ways: they would ask
        twice as often with each that is around.
        """
        answers = self._answers
        if answers is None:
            self._answers = {}
            try:
                return ask()
            finally:
                self._answers = None
        known = answers.get(id(who))
        if known is None:
            answers[id(who)] = known = ask()
        return known

    @property
    def bell(self) -> Any:
        """What wakes the consumer."""
        raise NotImplementedError

    def begin_slice(self) -> None:
        """Take note that the consumer begins to run on an event loop, for a slice of its time."""
        self._last = self._begun = now = monotonic()
        self.deadline = now + SLICE + self._way

    def end_slices(self) -> None:
        """Take note that the consumer runs on a thread of its own, for as long as it likes."""
        self.deadline = NEVER

    def pace(self) -> int:
        """Return how many items may pass until this is asked again; 0: give a turn; -1: be over.

        The number grows while items are quick, so that a look at the clock costs next to nothing.
        """
        if self.halted:
            return -1
        if self.deadline == NEVER:
            return _MOST_BEATS
        now = monotonic()
        beats = self._beats
        if now - self._last < _SLOW:
            beats = min(beats * 2, _MOST_BEATS)
        else:
            beats = max(1, beats // 8)
        self._beats, self._last = beats, now
        if now < self.deadline:
            return beats
        self.bell.ring()
        return 0

    def put_off(self) -> None:
        """Take note of work in the midst of which a turn is given, by all flows that are around it."""
        if self._owed and self._begun is not None:
            self._way = max(SLICE, 2 * self._way)  # the slice was over on the way
        self._begun = None
        self._owed = True

    def resumed(self) -> int:
        """Return how many items may pass, one at least, as what was put off is gone on with; -1: be over.

        Its slice begins here: the way to it, through flows inside of flows, may take longer than a slice, and
        nothing would ever be done at the end of it.
        """
        if self.halted:
            return -1
        if self.deadline == NEVER:
            return _MOST_BEATS
        begun = self._begun
        if begun is not None:  # else another one was back before
            self._begun = None
            self._owed = False
            self._last = now = monotonic()
            self._way = now - begun
            self.deadline = now + SLICE
        return 1


class Run(Pace):
    """What the feeds of one consumer share: its bell, its time, and whether it has left."""

    __slots__ = ("_bell", "_make")

    def __init__(self, make: Callable[[], Bell]) -> None:
        super().__init__()
        self._make = make
        self._bell: Bell | None = None  # most never wait

    @property
    def bell(self) -> Any:
        bell = self._bell
        if bell is None:
            self._bell = bell = self._make()
        return bell


class Counted(Iterator[Any]):
    """An iterator whose length hint is 0 exactly at its end."""

    def __length_hint__(self) -> int:
        raise NotImplementedError


class Failing(Counted):
    """An iterator that has nothing but an error."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception = error

    def __length_hint__(self) -> int:
        return 0

    def __next__(self) -> Any:
        raise self.error


class Feed:
    """The items of one flow, for one consumer."""

    __slots__ = (
        "_close",
        "_sound",
        "after",
        "ending",
        "failing",
        "items",
        "length",
        "pauses",
        "queued",
    )

    def __init__(
        self,
        items: Iterator[Any],
        ending: Callable[[], bool],
        close: Callable[[], object],
        *,
        pauses: bool,
        failing: Callable[[], bool] = bool,
        length: int | None = None,
        sound: bool = False,
        queued: Callable[[], int] = int,
    ) -> None:
        self._sound = sound  # what it gives is known never to fail, nor to be None
        self.items: Iterator[Any] = items
        self.ending: Callable[[], bool] = ending
        """Tells, without a pull, whether it is known that no further item comes."""
        self.failing: Callable[[], bool] = failing
        """Tells, where it is known to be over, whether that is by an error."""
        self.queued: Callable[[], int] = queued
        """Tells how many items wait in a queue of its own, to be pulled."""
        self.pauses: bool = pauses
        """Whether a PAUSE may come instead of an item."""
        self.length: int | None = length
        """How many items it has in all, where that is known."""
        self.after: list[Callable[[], None]] = []
        """What is to be done once the end has been told, the last first."""
        self._close = close

    def visits(self, finish: Callable[[], None]) -> Generator[Iterator[Any], None, None] | None:
        """Return its items in parts, to be chained; None: they may fail, or be None.

        It is closed with them, and `finish` is called.
        """
        length = self.length
        return None if length is None or not self._sound else self._parts(length, finish)

    def _parts(
        self, length: int, finish: Callable[[], None]
    ) -> Generator[Iterator[Any], None, None]:
        try:
            yield from map(islice, repeat(self.items, -(-length // VISIT)), repeat(VISIT))
        finally:
            self._close()
            finish()

    def let_go(self) -> None:
        """Close all that is open."""
        self._close()

    def close(self) -> None:
        """Close all that is open, and do what is to be done at the end."""
        self._close()
        self.told()

    def told(self) -> None:
        """Do what is to be done once the end has been told."""
        while self.after:
            self.after.pop()()
