"""What test_other_executors.py has run by mpiexec: map_async on the processes of MPI."""

from __future__ import annotations

import importlib
from typing import Any

from operators import Flow

futures: Any = importlib.import_module("mpi4py.futures")


def add_one(n: int) -> int:
    return n + 1


def not_6(n: int) -> int:
    if n == 6:
        raise ValueError(n)
    return n + 1


if __name__ == "__main__":
    with futures.MPIPoolExecutor() as pool:
        for what, chunk in (("one by one", None), ("in chunks", 8)):
            flow = Flow.range(200).map_async(add_one, executor=pool, chunk=chunk)
            print(what if list(flow) == list(range(1, 201)) else "wrong", flush=True)
        try:
            Flow.range(20).map_async(not_6, executor=pool, chunk=4).run()
        except ValueError as error:
            print(error.__notes__[0].rpartition("\n")[2].strip(), flush=True)
        early = list(Flow.range(1_000).map_async(add_one, executor=pool).take(3))
        print("left early" if early == [1, 2, 3] else "wrong", flush=True)
