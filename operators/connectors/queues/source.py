"""A queue as a source."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.loops import running_loop
from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.connectors.queues.ports import FULL, ClosedError, says_closed, taking
from operators.connectors.queues.settings import SourceSettings
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[Message[Any]]):
    name = "queues.source"
    asyncio_only = False
    any_thread = False  # the queue may be anybody's

    def __init__(self, queue: Any, settings: SourceSettings) -> None:
        self._queue = queue
        self._settings = settings
        self._back: deque[Any] = deque()
        self._take = taking(queue, settings.longest_wait, self._back)
        self.details: str = type(queue).__name__
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncIterator[list[Message[Any]]]:
        told = _telling(self._queue, self._back)
        settings = self._settings
        is_open = True
        while is_open:
            try:
                items = [await self._take()]
            except ClosedError:
                if self._back:
                    continue
                return
            items += self._more()
            messages: list[Message[Any]] = []
            for item in items:
                if _is_end(item, settings.end):
                    told(item, True)
                    is_open = False
                    break
                messages.append(Message(item, settle=_Told(told, item)))
            if messages:
                yield messages

    def _more(self) -> list[Any]:
        """Take what else is there, up to the end."""
        items: list[Any] = []
        take = getattr(self._queue, "get_nowait", None)
        while len(items) < self._settings.prefetch - 1 and take is not None:
            try:
                items.append(take())
            except Exception:  # empty, or shut down: the next one to wait for an item is told
                break
            if _is_end(items[-1], self._settings.end):
                break
        return items


class _Told:
    """The answer for one item."""

    __slots__ = ("_item", "_tell")

    def __init__(self, tell: Any, item: Any) -> None:
        self._tell = tell
        self._item = item

    def __call__(self, done: bool) -> None:
        self._tell(self._item, done)


def _is_end(item: Any, end: Any) -> bool:
    if item is end:
        return True
    # What compares item by item, such as an array, is no end.
    return end is not None and (item == end) is True


def _telling(queue: Any, back: deque[Any]) -> Any:
    """Return the function that tells a queue what became of an item, from whatever thread.

    What is to be given again, and the queue has no room for, is put into `back`.
    """
    done = getattr(queue, "task_done", None)
    put = getattr(queue, "put_nowait", None)

    def tell(item: Any, dealt_with: bool) -> None:
        if not dealt_with and not _put_back(put, item):
            back.append(item)  # for the queue it is under way as before
        elif done is not None:
            done()

    if not isinstance(queue, asyncio.Queue):
        return tell
    loop = asyncio.get_running_loop()

    def marshalled(item: Any, dealt_with: bool) -> None:
        if running_loop() is loop:
            tell(item, dealt_with)
        else:
            loop.call_soon_threadsafe(tell, item, dealt_with)

    return marshalled


def _put_back(put: Any, item: Any) -> bool:
    if put is None:
        return False
    try:
        put(item)
    except FULL:
        return False
    except Exception as error:
        if says_closed(error):
            return False
        raise
    return True


def source(
    queue: Any,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of what is taken from a queue, one item for each item asked for (§1.1).

    `queue` is an asyncio.Queue, a queue.Queue or SimpleQueue, a multiprocessing Queue or JoinableQueue,
    one of a manager, either side of a janus queue, or a receiving anyio stream; anything with a
    `get_nowait`, or with a `get` or `receive` to be awaited. It ends at `settings.end`, or when the queue
    is shut down or closed, else never.
    `ack()` calls `task_done` where there is one, `nack()` puts the item back first, at the end of the queue;
    where that has no room, is shut down, or is a stream, this flow gives it again next.
    Several Subscribers share what is in the queue. Raises TypeError for what is no queue.

    >>> import queue
    >>> from operators.connectors import queues
    >>> work = queue.Queue()
    >>> for name in ("a", "b", None):
    ...     work.put(name)
    >>> for message in queues.source(work):
    ...     print(message.value, message.ack())
    a True
    b True
    >>> work.unfinished_tasks
    0
    """
    need_arguments("queues.source", SourceSettings, settings)
    return _Source(queue, settings).flow()
