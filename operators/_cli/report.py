"""What is said when a run is over."""

from __future__ import annotations

import re
import sys
import sysconfig
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from operators._kernel.plan.node import is_internal
from operators._kernel.running.explain import bound
from operators.watching.meters import Reading

_LONGEST_RESULT = 10_000  # characters
_FRAME = re.compile(r'\s*File "(?P<file>[^"]*)", line \d+')
_STDLIB = Path(sysconfig.get_path("stdlib"))
_MACHINERY = tuple(
    str(_STDLIB / name) for name in ("concurrent", "multiprocessing", "asyncio", "threading.py")
)


def failure_text(error: BaseException) -> str:
    """Return the error as Python shows it, with its notes, and with the user's frames only."""
    text = "".join(traceback.format_exception(error))
    kept: list[str] = []
    ours = False
    indent = 0
    for line in text.splitlines():
        frame = _FRAME.match(line)
        if frame:
            ours = _is_machinery(frame["file"])
            indent = len(line) - len(line.lstrip())
        elif ours and len(line) - len(line.lstrip()) <= indent:
            ours = False
        if not ours:
            kept.append(line)
    return "the pipeline failed:\n" + "\n".join(_without_empty_headers(kept))


def _is_machinery(file: str) -> bool:
    return is_internal(file) or file.startswith(_MACHINERY) or file.startswith("<frozen")


def _without_empty_headers(lines: list[str]) -> Iterator[str]:
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.strip().startswith("Traceback (most recent") and not _FRAME.match(after):
            continue
        yield line


def result_text(result: Any) -> str:
    """Return what is shown of the last item: its str(), cut where it is endless."""
    try:
        text = str(result)
    except Exception as error:
        return f"<{type(result).__name__}, whose str() raised {error!r}>"
    if len(text) > _LONGEST_RESULT:
        text = f"{text[:_LONGEST_RESULT]}... ({len(text):,} characters)"
    return text if "\n" in text else f"result: {text}"


def summary(
    items: int, seconds: float, reading: Reading, promised: int, waited_for: Counter[str]
) -> Iterator[str]:
    """Give the last lines: items, the largest number in flight beside its bound, memory."""
    yield f"items       {items:,} in {seconds:.1f} s ({items / max(seconds, 1e-9):,.1f} items/s)"
    made = any(stage.made for stage in reading.stages)
    beside = ", beside what flows made meanwhile hold" if made else ""
    yield (
        f"in flight   at most {reading.most_in_flight:,} at any time; "
        f"the promised bound is {bound(promised)}{beside}"
    )
    shares = [(name, n / waited_for.total()) for name, n in waited_for.most_common(3) if name]
    if shares:
        told = ", ".join(f"{name} ({share:.0%} of the time)" for name, share in shares)
        yield f"waited for  {told}"
    memory = peak_memory()
    if memory is not None:
        own, child = memory
        children = f"; {child:,} MB the largest child process" if child else ""
        yield f"memory      {own:,} MB at the peak{children}"


def peak_memory() -> tuple[int, int] | None:
    """Return the peak of this process and of its largest child that has ended, in MB, where known."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (_high_water_mark() or own) // unit, children // unit


def _high_water_mark() -> int:
    """Return this process's own peak in kB, or 0: on Linux getrusage counts in who started it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "0 0")
    return int(line.split()[1])
