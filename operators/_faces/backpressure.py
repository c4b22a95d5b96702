"""What to do with items that come faster than they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from operators._faces.face import Face, T_co, then
from operators.backpressure.limit_rate import LimitRate
from operators.backpressure.on_backpressure import (
    OnBackpressureBuffer,
    OnBackpressureDrop,
    OnBackpressureLatest,
)

if TYPE_CHECKING:
    from operators.flow import Flow


class Backpressure(Face[T_co]):
    """limit_rate and on_backpressure_*."""

    __slots__ = ()

    def limit_rate(self, batch: int) -> Flow[T_co]:
        """Return a flow that asks upstream for at most `batch` items at a time.

        It asks again when three quarters have come, never for more than was asked of it. Raises
        ValueError for a batch under 1.

        >>> asked = []
        >>> list(Flow.range(5).tap(on_request=asked.append).limit_rate(2).reduce(max)), asked
        ([4], [2, 2, 2])
        """
        return then(self, LimitRate(batch))

    def on_backpressure_buffer(
        self,
        capacity: int = 256,
        *,
        overflow: Literal["error", "drop_newest", "drop_oldest", "block"] = "error",
        on_drop: Callable[[T_co], object] | None = None,
    ) -> Flow[T_co]:
        """Return a flow that takes all that comes, and keeps up to `capacity` items for demand.

        When that is full, `overflow` decides: "error" fails with a BackpressureError, "drop_newest" and
        "drop_oldest" drop an item, which goes to `on_drop` or else to on_discard, and "block" holds
        upstream back: it is asked for no more than there is room for. What was asked for and comes while
        an earlier item is still being delivered waits too, and counts.

        >>> list(Flow.range(3).on_backpressure_buffer(8))
        [0, 1, 2]
        """
        return then(self, OnBackpressureBuffer(capacity, overflow, on_drop))

    def on_backpressure_drop(self, on_drop: Callable[[T_co], object] | None = None) -> Flow[T_co]:
        """Return a flow that takes all that comes and drops what nobody asked for.

        It keeps nothing: an item is delivered if, when it comes, it has been asked for and no other item
        is being delivered. Else it is dropped, and goes to `on_drop`, or else to on_discard.

        >>> Flow.range(3).on_backpressure_drop().for_each(print).result()
        0
        1
        2
        >>> dropped = []
        >>> list(Flow.range(3).on_backpressure_drop(dropped.append)), dropped
        ([], [0, 1, 2])
        """
        return then(self, OnBackpressureDrop(on_drop))

    def on_backpressure_latest(self, on_drop: Callable[[T_co], object] | None = None) -> Flow[T_co]:
        """Return a flow that takes all that comes and keeps, for demand, the latest item only.

        It keeps one item, however many were asked for and however slowly they are delivered. An item that
        is replaced goes to `on_drop`, or else to on_discard.

        >>> list(Flow.range(3).on_backpressure_latest())
        [2]
        """
        return then(self, OnBackpressureLatest(on_drop))
