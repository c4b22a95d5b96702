"""What test_loky.py looks at, in a program of its own: loky keeps a process until its end."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import loky  # type: ignore[import-untyped]

from operators import Flow


def pool() -> Any:
    return loky.get_reusable_executor(2)


def survives(folder: Path) -> dict[str, Any]:
    killed, k = folder / "killed", 1

    def call(n: int) -> int:
        if n == 7 and not killed.exists():
            killed.touch()
            os._exit(1)
        return n + k  # what it takes along goes there as well

    flow = Flow.range(40).map_async(call, executor=pool, concurrency=4, chunk=4, on_lost="retry")
    return {"results": list(flow), "killed": killed.exists()}


def tells(folder: Path) -> dict[str, Any]:
    def call(n: int) -> int:
        os._exit(n)

    try:
        Flow.of(1).map_async(call, executor=pool()).run()
    except Exception as error:
        return {"error": type(error).__name__, "notes": "\n".join(error.__notes__)}
    return {}


if __name__ == "__main__":
    for scene in (survives, tells):
        print(json.dumps(scene(Path(sys.argv[1]))), flush=True)
    loky.get_reusable_executor(2).shutdown(kill_workers=True)
