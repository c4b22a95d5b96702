"""Dask: its executor, with futures that get the result also when the worker dies once it has been sent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from typing import Any


def is_of_dask(executor: object) -> bool:
    """Whether it is what `client.get_executor()` of Dask returns."""
    kind = type(executor)
    return kind.__name__ == "ClientExecutor" and kind.__module__.partition(".")[0] == "distributed"


class DaskExecutor(Executor):
    """Gives calls to the client of Dask whose executor it is, and waits for each by itself.

    Dask's own executor fetches a result, and asks only then whether there is one. When the worker has been
    lost in between, it takes the result for an error, and falls over it.
    """

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._client = executor._client
        self._settings: dict[str, Any] = executor._kwargs

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have the cluster make a call; a cancel of the future is passed on to it."""
        if self._executor._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        there = self._client.submit(fn, *args, **self._settings, **kwargs)
        self._executor._futures.add(there)  # what its shutdown cancels
        here: Future[Any] = Future()

        def cancelled(here: Future[Any]) -> None:
            if here.cancelled() and there.status != "cancelled":
                there.cancel()

        here.add_done_callback(cancelled)
        self._client.loop.add_callback(_tell, there, here)
        return here


async def _tell(there: Any, here: Future[Any]) -> None:
    result: Any = None
    error: BaseException | None = None
    try:
        result = await there
    except CancelledError:
        here.cancel()
    except BaseException as raised:
        error = raised
    if not here.set_running_or_notify_cancel():
        return
    if error is None:
        here.set_result(result)
    else:
        here.set_exception(error)
