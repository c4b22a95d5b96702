"""What tests of a flow look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from operators._faces.face import Face, T_co

if TYPE_CHECKING:
    from operators.testing import VirtualClock


class Testing(Face[T_co]):
    """to_marbles."""

    __slots__ = ()
    __test__ = False  # it is no test, as pytest could think

    def to_marbles(
        self,
        *,
        show: Callable[[Any], str] = str,
        clock: VirtualClock | None = None,
        tick: float = 1.0,
        demand: str = "^*",
        most: int = 1000,
    ) -> str:
        """Return what the flow signals, and when, as a line of text: see `operators.testing.marbles`.

        It runs on the event loop of `clock`, or of a new one, in virtual time, until its end, for `most`
        ticks of `tick` seconds at most, and is then cancelled. `demand` is asked for at the ticks of its own
        marbles: `^2` two items, `^` one, `^*` all, `!` a cancel. An item is written as `show` gives it.
        Raises ValueError for one that cannot be written, and for a signal between two ticks; RuntimeError
        on a running event loop.

        >>> Flow.of(1, 2).concat(Flow.error(ValueError())).to_marbles()
        '(12#)'
        >>> Flow.of(1, 2, 3).to_marbles(demand="^--^^")
        '1--2(3|)'
        """
        from operators.testing.marbles import to_marbles

        return to_marbles(self, show=show, clock=clock, tick=tick, demand=demand, most=most)  # type: ignore[arg-type]
