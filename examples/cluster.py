"""The words of Python, counted on a cluster: the pipeline of stdlib_words.py with one argument more.

    python examples/cluster.py                       two processes on this machine, one of which is killed
    python examples/cluster.py tcp://scheduler:8786  a cluster of Dask that runs already

Needs `pip install 'reactive-streams[dask]'`. Reading and counting stay here; tokenising goes to the workers,
never more files at once than the pipeline has asked for. Dask does again elsewhere what a worker was at when
it died, and the report is the same, killed worker or not.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import distributed
import stdlib_words

from operators import Flow

dask: Any = distributed  # its types are partial


def words_on(client: Any, root: Path) -> Flow[stdlib_words.Report]:
    flow: Flow[stdlib_words.Report] = stdlib_words.pipeline_over(
        root, pause=0.0, executor=client.get_executor()
    )
    return flow


def kill_one(client: Any) -> None:
    # As the kernel does with a process when there is no memory left.
    pids: dict[str, int] = client.run(os.getpid)
    os.kill(next(iter(pids.values())), signal.SIGKILL)


def main(address: str | None) -> None:
    here: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with dask.Client(address) if address else dask.Client(**here) as client:
        flow = words_on(client, stdlib_words.STDLIB)
        if address:
            client.upload_file(stdlib_words.__file__)  # else its functions are unknown there
        else:
            flow = flow.tap(lambda report: kill_one(client) if report.files == 200 else None)
        print(flow.run())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
