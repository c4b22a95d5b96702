"""What test_cluster.py looks at: flows on a cluster of Dask, each told of by a line of JSON."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed

from operators import Flow
from operators.concurrency._losses import died

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "examples"))
dask: Any = distributed  # its types are partial
cluster_example: Any = __import__("cluster")


class KillsItsWorker:
    """Adds one to each item; when it first sees one of them, it kills its process."""

    def __init__(self, item: int, folder: Path) -> None:
        self.item = item
        self.killed = folder / "killed"

    def __call__(self, n: int) -> int:
        if n == self.item and not self.killed.exists():
            self.killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return n + 1


def slow(n: int) -> int:
    time.sleep(0.05)
    return n


def told(flow: Flow[Any]) -> dict[str, Any]:
    try:
        return {"results": list(flow)}
    except Exception as error:
        return {
            "error": type(error).__name__,
            "text": str(error),
            "notes": getattr(error, "__notes__", []),
        }


def ten_thousand(client: Any, folder: Path) -> dict[str, Any]:
    fn = KillsItsWorker(5_000, folder)
    flow = Flow.range(10_000).map_async(fn, executor=client.get_executor(), chunk=50)
    return {"right": list(flow) == list(range(1, 10_001)), "killed": fn.killed.exists()}


def sized_by_itself(client: Any, folder: Path) -> dict[str, Any]:
    flow = Flow.range(2_000).map_async(
        lambda n: n + 1, executor=client.get_executor(), chunk="auto"
    )
    return {"right": list(flow) == list(range(1, 2_001))}


def equal_items(client: Any, folder: Path) -> dict[str, Any]:
    flow = Flow.of(*[1] * 20).map_async(lambda n: random.random(), executor=client.get_executor())
    return {"different": len(set(flow))}


def wrong_item(client: Any, folder: Path) -> dict[str, Any]:
    return told(
        Flow.range(20).map_async(lambda n: 1 // (n - 6), executor=client.get_executor(), chunk=4)
    )


def batches(client: Any, folder: Path) -> dict[str, Any]:
    flow = Flow.range(20).map_batches(
        lambda ns: [n + 1 for n in ns], max_size=4, concurrency=2, executor=client.get_executor()
    )
    return told(flow)


def left_early(client: Any, folder: Path) -> dict[str, Any]:
    return told(Flow.range(10_000).map_async(slow, executor=client.get_executor()).take(3))


def words(client: Any, folder: Path) -> dict[str, Any]:
    root = folder / "tree"
    root.mkdir()
    for n in range(20):
        (root / f"file{n}.py").write_text(f"name{n % 3} = {n}\n" * n)
    report = cluster_example.words_on(client, root).run()
    return {"files": report.files, "lines": report.lines, "totals": report.totals()}


def lost_when_sent(client: Any, folder: Path) -> dict[str, Any]:
    gather = client._gather

    async def gathered(futures: list[Any], *args: Any, **kwargs: Any) -> Any:
        results = await gather(futures, *args, **kwargs)
        for future in futures:
            future._state.lose()  # as when its worker dies at that moment
        return results

    client._gather = gathered
    try:
        return told(Flow.range(9).map_async(lambda n: n, executor=client.get_executor(), chunk=3))
    finally:
        del client._gather


def its_own_name(client: Any, folder: Path) -> dict[str, Any]:
    return {"died": died(dask.scheduler.KilledWorker("task", None, 3))}


SCENES: list[Callable[[Any, Path], dict[str, Any]]] = [
    ten_thousand, sized_by_itself, equal_items, wrong_item, batches, left_early, words,
    lost_when_sent, its_own_name,
]  # fmt: skip


def main() -> None:
    cluster = dask.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    folder = Path(sys.argv[1])
    with cluster, dask.Client(cluster) as client:
        for scene in SCENES:
            began = time.monotonic()
            line = scene(client, folder)
            seconds = round(time.monotonic() - began, 2)
            print(json.dumps({"scene": scene.__name__, "seconds": seconds, **line}), flush=True)


if __name__ == "__main__":
    main()
