"""Run one suite with a fault in the kernel: exit code 0 where the official kit has found it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from faults import sow  # noqa: E402
from machine import leave, start  # noqa: E402


def main() -> int:
    """Return 0 where a check has failed, else 1."""
    fault = sow(sys.argv[1])
    start()
    from official import run

    found = run(fault.suite, fault.words, tell=lambda _line: None)
    for check, reason in found.failed.items():
        print(f"{check}: {reason}"[:200])
    if not found.failed:
        print(f"{found.passed} passed, {len(found.skipped)} skipped, and none has found it")
    return int(not found.failed)


if __name__ == "__main__":
    leave(main())
