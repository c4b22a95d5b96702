"""What a program prints as a source."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from operators.connectors.arguments import need_arguments
from operators.connectors.files.records import LineReader
from operators.connectors.framing import Lines
from operators.connectors.message import Message
from operators.connectors.processes.child import AT_ONCE, running
from operators.connectors.processes.settings import SourceSettings
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[Message[Any]]):
    name = "processes.source"

    def __init__(self, command: Sequence[str], settings: SourceSettings) -> None:
        self._command = command
        self._settings = settings
        self.details: str = command[0]
        self.holds: int = settings.prefetch if settings.format == "lines" else 1

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        settings = self._settings
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        async with running(self._command, settings, **pipes) as child:
            stdout = child.stdout
            lines, records = Lines(settings.largest), LineReader(settings.encoding)
            while data := await stdout.read(AT_ONCE):
                if settings.format == "blocks":
                    yield [Message(data)]
                    continue
                lines.feed(data)
                while frames := lines.take(settings.prefetch):
                    yield [Message(text) for text in records.values(frames)]
                    records.check()
            if last := lines.finish():
                yield [Message(text) for text in records.values(last)]
                records.check()
            await child.ended()


def source(
    command: Sequence[str],
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of what a program prints, which is started anew for each Subscriber.

    No shell is involved. What is not asked for (§1.1) stays in the pipe, but for some 200 KiB that were
    read; when that is full the program waits. It completes when the program has ended with code 0; with
    another code it fails with a ProcessError, which has the end of its standard error. A cancel has the
    program end. Fails with a FileNotFoundError where there is no such program, and with a BadRecordError,
    which has the number of the line, for what is not in its encoding.

    >>> import sys
    >>> from operators import Flow
    >>> from operators.connectors import processes
    >>> program = [sys.executable, "-c", "print('7'); raise SystemExit('no luck')"]
    >>> for message in processes.source(program).on_error_resume(lambda error: Flow.of(error)):
    ...     print(getattr(message, "value", None) or message.complaint)
    7
    no luck
    """
    need_arguments("processes.source", SourceSettings, settings, command=command)
    return _Source(tuple(command), settings).flow()
