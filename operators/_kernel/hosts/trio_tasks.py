"""Trio's tasks: coroutines as system tasks, and what they await and are given to be called."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context, copy_context
from types import coroutine as types_coroutine
from typing import TYPE_CHECKING, Any, cast

import trio
from trio import lowlevel

from operators._kernel.hosts.threads import report

if TYPE_CHECKING:
    from operators._kernel.hosts.trio_runs import TrioLoop


class Waiter:
    """What one task awaits, and others set: as much of a future as is needed."""

    __slots__ = ("_done", "_error", "_loop", "_result", "_task")

    def __init__(self, loop: TrioLoop) -> None:
        self._loop = loop
        self._done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._task: Any = None

    def done(self) -> bool:
        """Whether it was set, or the one who awaited it was cancelled."""
        return self._done

    def set_result(self, result: Any) -> None:
        """Have the task go on with this."""
        self._done = True
        self._result = result
        task, self._task = self._task, None
        if task is not None:
            lowlevel.reschedule(task)

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self._done:
            self._task = lowlevel.current_task()
            self._loop.begin_wait(self)
            try:
                yield from lowlevel.wait_task_rescheduled(self._abort).__await__()  # noqa: ASYNC105
            finally:
                self._loop.end_wait(self)
        return self._result

    def _abort(self, _: object) -> lowlevel.Abort:
        self._task = None
        self._done = True
        return lowlevel.Abort.SUCCEEDED


class Handle:
    """A call that is to be made; `gone` is told when it is cancelled before."""

    __slots__ = ("__weakref__", "_args", "_callback", "_context", "_gone")

    def __init__(
        self,
        callback: Callable[..., object],
        args: Any,
        gone: Callable[[Handle], object] | None = None,
    ) -> None:
        self._callback: Callable[..., object] | None = callback
        self._args = args
        self._context: Context | None = copy_context()
        self._gone = gone

    @property
    def over(self) -> bool:
        """Whether it was made, or cancelled."""
        return self._callback is None

    def cancel(self) -> None:
        """Have it not be made, and nothing kept for it."""
        gone = self._gone
        self.let_go()
        if gone is not None:
            gone(self)

    def let_go(self) -> None:
        """Keep nothing of it."""
        self._callback = self._args = self._context = self._gone = None

    def __call__(self) -> None:
        callback, context, args = self._callback, self._context, self._args or ()
        self.let_go()
        if callback is None or context is None:
            return
        try:
            context.run(callback, *args)
        except (
            BaseException
        ):  # a SystemExit too: in a system task it would be an "internal error" of trio
            report()


class TrioTask:
    """A coroutine that runs as a system task; how it ends is nobody's failure but its own."""

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_cancelled",
        "_coroutine",
        "_done",
        "_guard",
        "_loop",
        "_scope",
    )

    def __init__(self, loop: TrioLoop, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._scope = trio.CancelScope()
        self._guard = trio.CancelScope()
        self._callbacks: list[tuple[Callable[[Any], object], Context]] = []
        self._done = False
        self._cancelled = False

    async def run(self) -> None:
        """Run the coroutine, which may have been begun already."""
        loop = self._loop
        task = lowlevel.current_task()
        try:
            with self._scope, self._guard:
                await the_rest(self._coroutine)
            self._cancelled = self._scope.cancelled_caught
        except trio.Cancelled:  # the run is about to end
            self._cancelled = True
            raise
        except BaseException as raised:
            # Who has made the task looks after its errors, and tells of a SystemExit by one: raised here it
            # would be an "internal error" of trio. What cancels others in it is trio's own.
            if isinstance(raised, BaseExceptionGroup):
                group = cast("BaseExceptionGroup[BaseException]", raised)
                cancelled = group.split(trio.Cancelled)[0]
                if cancelled is not None:
                    raise cancelled from None
        finally:
            self._done = True
            loop.tasks.pop(task, None)
            callbacks, self._callbacks = self._callbacks, []
            for callback, context in callbacks:
                self._tell(callback, context)
            loop.stir()

    def _tell(self, callback: Callable[[Any], object], context: Context) -> None:
        with suppress(RuntimeError):  # the run is over
            context.run(self._loop.call_soon, callback, self)

    def shield(self) -> None:
        """Have what it awaits from now on not be cancelled: it cleans up."""
        self._guard.shield = True

    def cancel(self) -> None:
        """Have each await of it be cancelled."""
        if not self._done:
            self._scope.cancel()

    def done(self) -> bool:
        """Whether it has ended."""
        return self._done

    def cancelled(self) -> bool:
        """Whether it has ended by a cancel."""
        return self._cancelled

    def exception(self) -> None:
        """Return nothing: who has made the task looks after its errors."""

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """Have it called soon after the end."""
        if self._done:
            self._tell(callback, copy_context())
        else:
            self._callbacks.append((callback, copy_context()))

    def get_loop(self) -> TrioLoop:
        """Return the loop that it runs on."""
        return self._loop

    def get_coro(self) -> Coroutine[Any, Any, Any]:
        """Return what it runs."""
        return self._coroutine


async def close(items: AsyncGenerator[Any, None]) -> None:
    try:
        with trio.CancelScope(shield=True):
            await items.aclose()
    except Exception:
        report()


@types_coroutine
def the_rest(coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    # An `await` refuses one that was begun.
    return (yield from coroutine.__await__())


class Kept(AsyncGenerator[Any, None]):
    """An async generator, which is closed by a task of its own where nobody has it any more."""

    __slots__ = ("_begun", "_items", "_loop")

    def __init__(self, items: AsyncGenerator[Any, None], loop: TrioLoop) -> None:
        self._items = items
        self._loop = loop
        self._begun = False

    def __anext__(self) -> Any:
        self._begun = True
        return self._items.__anext__()

    def asend(self, value: Any) -> Any:
        self._begun = True
        return self._items.asend(value)

    def athrow(self, *raised: Any) -> Any:
        self._begun = False
        return self._items.athrow(*raised)

    def aclose(self) -> Any:
        self._begun = False
        return self._items.aclose()

    @property
    def ag_frame(self) -> Any:
        return getattr(self._items, "ag_frame", None)

    def __del__(self) -> None:
        if self._begun and self.ag_frame is not None:
            with suppress(RuntimeError):  # the run is over
                self._loop.call_soon_threadsafe(self._loop.close_later, self._items)
