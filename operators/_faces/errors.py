"""What to do about errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, then
from operators.errors.on_error_resume import OnErrorResume, on_error_return
from operators.errors.retry import Retry
from reactive_streams import UNBOUNDED, Publisher

if TYPE_CHECKING:
    from operators.flow import Flow

U = TypeVar("U")


class Errors(Face[T_co]):
    """on_error_return, on_error_resume, retry."""

    __slots__ = ()

    def on_error_return(self, value: U) -> Flow[T_co | U]:
        """Return a flow that, instead of failing, ends with `value`, when there is demand for it.

        Raises TypeError for None (§2.13).

        >>> list(Flow.of("1", "x").map(int).on_error_return(-1))
        [1, -1]
        """
        return then(self, on_error_return(value))

    def on_error_resume(self, fn: Callable[[Exception], Publisher[U]]) -> Flow[T_co | U]:
        """Return a flow that, instead of failing, goes on with the flow fn(error).

        That flow is asked for what is left of the demand; its own error is passed on.

        >>> list(Flow.of("1", "x").map(int).on_error_resume(lambda error: Flow.of(7, 8)))
        [1, 7, 8]
        """
        return then(self, OnErrorResume(fn))

    def retry(self, times: int = UNBOUNDED) -> Flow[T_co]:
        """Return a flow that subscribes anew after an error, up to `times` times.

        What was emitted before stays emitted; a new try is asked for what is left of the demand.
        Raises ValueError for times < 0.

        >>> tries = iter([0, 0, 1])
        >>> Flow.defer(lambda: Flow.of(1 // next(tries))).retry(2).run()
        1
        """
        return then(self, Retry(times))
