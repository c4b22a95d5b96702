"""Tracing: each instruction of code that is looked at, on the threads that are, told to `Points`."""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable
from types import CodeType, FrameType, TracebackType
from typing import Any, Protocol

Look = Callable[[FrameType], None]
"""Looks at a frame that is about to run an instruction."""


class Looked(Protocol):
    """Says what is looked at."""

    def look(self, code: CodeType) -> Look | None:
        """Return what looks at that code, or None where nothing does: now, or at all."""
        ...

    def is_site(self, code: CodeType, offset: int) -> bool:
        """Whether that instruction is ever looked at."""
        ...

    def is_foreign(self, code: CodeType) -> bool:
        """Whether that code is never looked at."""
        ...


class Tracer(Protocol):
    """Looks at each instruction while it is entered, on the threads that are between `begin` and `end`."""

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

    def begin(self) -> None:
        """Look at what this thread does from now on."""
        ...

    def end(self) -> None:
        """Look at this thread no more."""
        ...


class ByTrace:
    """By the trace function of each thread: all there is before Python 3.12."""

    def __init__(self, looked: Looked) -> None:
        self._looked = looked
        self._traces: dict[CodeType, tuple[Look, Callable[..., Any]]] = {}

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self) -> None:
        """Look at what this thread does from now on."""
        sys.settrace(self._trace)

    def end(self) -> None:
        """Look at this thread no more."""
        sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        look = self._looked.look(code)
        if look is None:
            return None  # without a trace of its own it runs three times as fast
        known = self._traces.get(code)
        if known is None or known[0] is not look:
            self._traces[code] = known = look, _trace_by(look)
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return known[1]


def _trace_by(look: Look) -> Callable[[FrameType, str, Any], Any]:
    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            look(frame)
        return trace

    return trace


if sys.version_info >= (3, 12):
    _TOOLS = (4, 3, sys.monitoring.OPTIMIZER_ID, sys.monitoring.PROFILER_ID)
    """Numbers that a tool may have; those of debuggers and of coverage are left to them."""

    class ByMonitoring:
        """By the events of code itself: a trace function misses the instructions of a first run there."""

        def __init__(self, looked: Looked) -> None:
            self._looked = looked
            self._threads: set[int] = set()
            self._events: dict[CodeType, int] = {}
            self._tool = -1

        def __enter__(self) -> None:
            monitoring = sys.monitoring
            free = [tool for tool in _TOOLS if monitoring.get_tool(tool) is None]
            if not free:
                raise RuntimeError(
                    "explore: all tools that sys.monitoring can have are taken, by "
                    + ", ".join(str(monitoring.get_tool(tool)) for tool in _TOOLS)
                )
            self._tool = tool = free[0]
            monitoring.use_tool_id(tool, "operators.testing.explore")
            events = monitoring.events
            monitoring.register_callback(tool, events.PY_START, self._start)
            monitoring.register_callback(tool, events.INSTRUCTION, self._instruction)
            monitoring.set_events(tool, events.PY_START)
            monitoring.restart_events()

        def __exit__(self, *_: object) -> None:
            monitoring, tool = sys.monitoring, self._tool
            monitoring.set_events(tool, 0)
            for code, events in self._events.items():
                if events:
                    monitoring.set_local_events(tool, code, 0)
            self._events.clear()
            for event in (monitoring.events.PY_START, monitoring.events.INSTRUCTION):
                monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)

        def begin(self) -> None:
            """Look at what this thread does from now on."""
            self._threads.add(get_ident())

        def end(self) -> None:
            """Look at this thread no more."""
            self._threads.discard(get_ident())

        def _start(self, code: CodeType, offset: int) -> Any:
            if get_ident() not in self._threads:
                return None
            if self._looked.is_foreign(code):
                return sys.monitoring.DISABLE
            events = sys.monitoring.events.INSTRUCTION if self._looked.look(code) else 0
            if self._events.get(code, 0) != events:
                self._events[code] = events
                sys.monitoring.set_local_events(self._tool, code, events)
            return None

        def _instruction(self, code: CodeType, offset: int) -> Any:
            if not self._looked.is_site(code, offset):
                return sys.monitoring.DISABLE
            if get_ident() in self._threads and (look := self._looked.look(code)) is not None:
                look(sys._getframe(1))  # pyright: ignore[reportPrivateUsage]
            return None


def tracer(looked: Looked) -> Tracer:
    """Return the way to look at instructions that this Python has."""
    if sys.version_info >= (3, 12):
        return ByMonitoring(looked)
    return ByTrace(looked)
