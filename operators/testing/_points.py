"""Points: the places in code at which an actor of an exploration may be made to wait.

They lie right before a lock that several actors take, before a container that several use and one changes,
and before whatever is touched by two of them, one of whom changes it, with nothing to say who comes first: no
lock, and no container through which they have handed it over. What happens between two points nobody
can tell apart. All that is found out by orders that are watched: some at the beginning, and each in which
code runs that has not run before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import operators
from operators.testing._sites import CONTENT, Site, sites
from operators.testing._tracing import Look

_LIBRARY = str(Path(operators.__file__).resolve().parent)
_KIT = str(Path(__file__).resolve().parent)
_GENERATED = "<flow"  # functions that segments of steps become

Place = tuple[CodeType, int]


Clock = dict[object, int]


class _Touched:
    """One thing that was touched: by whom, when, and whether two have done so with nothing to order them.

    `clock` is for what orders those who touch it: locks, and containers, which change as a whole.
    """

    __slots__ = ("actors", "changed", "clock", "places", "raced", "reads", "thing", "write")

    def __init__(self, thing: Any) -> None:
        self.thing = thing  # kept, for its id stands for it
        self.actors: set[object] = set()
        self.changed = False
        self.clock: Clock = {}
        self.places: set[Place] = set()
        self.raced = False
        self.reads: Clock = {}
        self.write: tuple[object, int] | None = None

    def order(self, actor: object, clock: Clock, changes: bool) -> None:
        """Take note that it was touched, and that what was done to it before comes before this."""
        self.actors.add(actor)
        self.changed = self.changed or changes
        for other, time in self.clock.items():
            clock[other] = max(time, clock.get(other, 0))
        if changes:
            self.clock = dict(clock)
            clock[actor] += 1

    def look(self, actor: object, clock: Clock, changes: bool) -> None:
        """Take note that it was touched, and look whether that was ordered."""
        others = [self.write] if self.write is not None else []
        if changes:
            others += self.reads.items()
        self.raced = self.raced or any(time > clock.get(other, 0) for other, time in others)
        if changes:
            self.write = actor, clock[actor]
        else:
            self.reads[actor] = clock[actor]

    @property
    def contested(self) -> bool:
        """Whether it makes a difference who comes first."""
        return self.raced or (self.changed and len(self.actors) > 1)


class Points:
    """Finds the points of code that runs, of the library and of some modules more, and calls `wait` there."""

    def __init__(
        self,
        modules: Iterable[ModuleType],
        wait: Callable[[], None],
        go_by: Callable[[], None],
        who: Callable[[], object],
    ) -> None:
        self._go_by = go_by
        self._more = {module.__file__ for module in modules}
        self._wait = wait
        self._who = who
        self._sites: dict[CodeType, dict[int, Site]] = {}
        self._seen: set[Place] = set()
        self._points: set[Place] = set()
        self._found: set[Place] = set()
        self._looks: dict[CodeType, Look | None] = {}
        self._foreign: dict[CodeType, bool] = {}
        self._watched: dict[tuple[int, str], _Touched] | None = None
        self._clocks: dict[object, Clock] = {}
        self._exact = False
        self.unknown: bool = False
        """Whether code has run that has not run before, so that the order is to be watched."""

    def exact(self) -> None:
        """Have every site be a point, whatever is known of it: so one counts the same ones each time."""
        self._exact = True

    def watch(self) -> None:
        """Watch the next order: each site that is no point is told to `go_by`."""
        self._looks.clear()
        self._watched = {}
        self._clocks = {}

    def learn(self) -> None:
        """Take note of what was seen in the order that was watched."""
        for touched in (self._watched or {}).values():
            if touched.contested:
                self._found |= touched.places
        self._watched = None
        self._looks.clear()
        self.unknown = False

    @property
    def grown(self) -> bool:
        """Whether there are points that are not waited at yet."""
        return len(self._found) > len(self._points)

    def adopt(self) -> None:
        """Wait at all points that are known by now: steps have other numbers from here on."""
        self._points = set(self._found)
        self._looks.clear()

    def lock(self, lock: object, frame: FrameType) -> None:
        """Be where a frame is about to take a lock."""
        if self.is_foreign(frame.f_code):
            return
        place = frame.f_code, frame.f_lasti
        if place in self._points or self._exact:
            self._wait()
        elif self._watched is not None:
            self._go_by()
        elif place not in self._seen:
            self.unknown = True
        if self._watched is not None:
            self._seen.add(place)
            self._touched(lock, "lock").places.add(place)

    def ordered(self, thing: object) -> None:
        """Take note that what was done with this thing before comes before what is done from now on."""
        if self._watched is not None and (actor := self._who()) is not None:
            self._touched(thing, "lock").order(actor, self._clock(actor), True)

    def _clock(self, actor: object) -> Clock:
        return self._clocks.setdefault(actor, {actor: 1})

    def _touched(self, thing: object, name: str) -> _Touched:
        assert self._watched is not None
        key = id(thing), name
        if key not in self._watched:
            self._watched[key] = _Touched(thing)
        return self._watched[key]

    def look(self, code: CodeType) -> Look | None:
        """Return what looks at that code as it is looked at now, or None where nothing does."""
        try:
            return self._looks[code]
        except KeyError:
            self._looks[code] = look = None if self.is_foreign(code) else self._made(code)
            return look

    def is_site(self, code: CodeType, offset: int) -> bool:
        """Whether that instruction is ever looked at."""
        return offset in self._sites_of(code)

    def is_foreign(self, code: CodeType) -> bool:
        """Whether that code is neither of the library nor of one of the modules."""
        try:
            return self._foreign[code]
        except KeyError:
            file = code.co_filename
            mine = file in self._more or file.startswith(_GENERATED)
            mine = mine or (file.startswith(_LIBRARY) and not file.startswith(_KIT))
            self._foreign[code] = not mine
            return not mine

    def _sites_of(self, code: CodeType) -> dict[int, Site]:
        try:
            return self._sites[code]
        except KeyError:
            self._sites[code] = known = dict(sites(code))
            return known

    def _made(self, code: CodeType) -> Look | None:
        known = self._sites_of(code)
        if not known:
            return None
        if self._exact or self._watched is not None:
            return self._watching(code, known)
        return self._exploring(code, known)

    def _exploring(self, code: CodeType, known: dict[int, Site]) -> Look | None:
        points = {offset for offset in known if (code, offset) in self._points}
        new = {offset for offset in known if (code, offset) not in self._seen}
        if not points and not new:
            return None
        wait = self._wait

        def look(frame: FrameType) -> None:
            if frame.f_lasti in points:
                wait()
            elif frame.f_lasti in new:
                self.unknown = True

        return look

    def _watching(self, code: CodeType, known: dict[int, Site]) -> Look:
        points = {offset for offset in known if (code, offset) in self._points}

        def look(frame: FrameType) -> None:
            if (site := known.get(frame.f_lasti)) is not None:
                if self._exact or frame.f_lasti in points:
                    self._wait()
                else:
                    self._go_by()
                self._note(site, frame)

        return look

    def _note(self, site: Site, frame: FrameType) -> None:
        actor = self._who()
        if self._watched is None or actor is None:
            return
        place = frame.f_code, frame.f_lasti
        self._seen.add(place)
        clock = self._clock(actor)
        for thing, name, changes in site.touches(frame):
            touched = self._touched(thing, name)
            touched.places.add(place)
            if name == CONTENT:
                touched.order(actor, clock, changes)
            else:
                touched.look(actor, clock, changes)
