"""A stream as a sink."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from operators._kernel.failures.checks import need_text, shown
from operators.connectors.arguments import need_arguments
from operators.connectors.message import value_of
from operators.connectors.redis.client import Server
from operators.connectors.redis.settings import SinkSettings
from operators.custom import Sink


class _Sink(Sink[Any]):
    name = "redis.sink"

    def __init__(self, url: str, stream: str, settings: SinkSettings) -> None:
        need_text("redis.sink", "stream", stream)
        self._server = Server("redis.sink", url, settings.timeout)
        self._stream = stream
        self._settings = settings
        self.details: str = f"{stream} of {self._server.shown}"
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        server, maxlen = self._server, self._settings.maxlen
        async with server.opened() as client:
            await server.answer(client.ping())

            async def write(items: list[Any]) -> None:
                async with client.pipeline(transaction=False) as pipeline:
                    for item in items:
                        pipeline.xadd(self._stream, _fields(item), maxlen=maxlen, approximate=True)
                    await server.answer(pipeline.execute())

            yield write


def _fields(item: Any) -> dict[Any, Any]:
    value = value_of(item)
    if not isinstance(value, Mapping) or not value:
        raise TypeError(
            "redis.sink: an entry of a stream is a mapping of field to value, with one at least, "
            f"got {shown(value)}"
        )
    fields: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
    return dict(fields)


def sink(url: str, stream: str, settings: SinkSettings = SinkSettings()) -> Sink[Any]:  # noqa: B008 - frozen
    """Return a sink that appends each item, a mapping of fields or a Message of one, to a stream (XADD).

    What has come while those before were written goes to the server in one go, `settings.batch` at most,
    and an item is passed on when the server has answered for it: acknowledged then, each is written at
    least once. A batch that fails may be written in part. `url` is "redis://user:password@host:port/db",
    "rediss://..." with TLS or "unix://...". Fails with a redis.exceptions.RedisError, with
    TimeoutError where no answer comes, with TypeError for what is no mapping.

    >>> from operators import Flow
    >>> from operators.connectors import redis
    >>> sink = redis.sink("redis://localhost", "sold", redis.SinkSettings(maxlen=100_000))
    >>> writing = Flow.of({"name": "tea"}, {"name": "rum"}).apply(sink)
    """
    need_arguments("redis.sink", SinkSettings, settings, url=url, stream=stream)
    return _Sink(url, stream, settings)
