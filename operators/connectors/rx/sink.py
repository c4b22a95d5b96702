"""An observer as a sink."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from operators._kernel.failures.checks import need_methods
from operators.connectors.arguments import need_arguments
from operators.connectors.message import value_of
from operators.connectors.rx.settings import SinkSettings
from operators.custom import Sink


class _Sink(Sink[Any]):
    name = "rx.sink"
    asyncio_only = False

    def __init__(self, observer: Any, settings: SinkSettings) -> None:
        need_methods("rx.sink", "Observer", observer, "on_next", "on_error", "on_completed")
        self._observer = observer
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        observer = self._observer

        async def write(items: list[Any]) -> None:
            for item in items:
                observer.on_next(value_of(item))

        try:
            yield write
        except Exception as error:
            observer.on_error(error)
            raise
        observer.on_completed()


def sink(observer: Any, settings: SinkSettings = SinkSettings()) -> Sink[Any]:  # noqa: B008 - frozen
    """Return a sink that tells an observer of reactivex, a Subject for instance, what comes, and the end.

    Its functions are called on the event loop that runs the flow, or on the library's own: they may not
    block. It is told of an error as well; at a cancel, of nothing. What it raises fails the flow.

    >>> from operators import Flow
    >>> from operators.connectors import rx
    >>> from reactivex.subject import ReplaySubject
    >>> subject = ReplaySubject()
    >>> Flow.of("a", "b").apply(rx.sink(subject)).run()
    'b'
    >>> _ = subject.subscribe(print)
    a
    b
    """
    need_arguments("rx.sink", SinkSettings, settings)
    return _Sink(observer, settings)
