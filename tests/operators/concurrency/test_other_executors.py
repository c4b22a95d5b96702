"""map_async on executors that are not always there: sub-interpreters, MPI."""

from __future__ import annotations

import concurrent.futures
import importlib.util
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from tests.cli.program import ROOT, environment
from tests.operators.kit import notes

PROGRAM = Path(__file__).with_name("mpi_program.py")
A_WORLD = 120.0  # seconds: processes are slow to begin on a busy machine


def add_one(n: int) -> int:
    return n + 1


def not_6(n: int) -> int:
    if n == 6:
        raise ValueError(n)
    return n + 1


def _unpacked(packed: bytes) -> Any:
    fn, args, kwargs = pickle.loads(packed)
    return fn(*args, **kwargs)


class Interpreters(ThreadPoolExecutor):
    """Threads that are sent all by pickle, as the InterpreterPoolExecutor of Python 3.14 does it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(_unpacked, pickle.dumps((fn, args, kwargs)))


def interpreters() -> Executor:
    made: Any = getattr(concurrent.futures, "InterpreterPoolExecutor", None)
    if made is None:
        pytest.skip("InterpreterPoolExecutor is of Python 3.14")
    pool: Executor = made(2)
    return pool


POOLS = pytest.mark.parametrize(
    "make",
    [pytest.param(lambda: Interpreters(2), id="alike"), pytest.param(interpreters, id="3.14")],
)


@POOLS
@pytest.mark.parametrize("chunk", [None, 7])
def test_sub_interpreters(make: Callable[[], Executor], chunk: int | None) -> None:
    with make() as pool:
        flow = Flow.range(100).map_async(add_one, executor=pool, chunk=chunk)
        assert list(flow) == list(range(1, 101))
        assert list(flow.take(3)) == [1, 2, 3]


@POOLS
@pytest.mark.parametrize("chunk", [None, 4])
def test_an_error_there_is_that_of_its_item(
    make: Callable[[], Executor], chunk: int | None
) -> None:
    with make() as pool:
        with pytest.raises(ValueError, match="6") as raised:
            list(Flow.range(20).map_async(not_6, executor=pool, chunk=chunk))
        assert "item: 6" in notes(raised.value)
        batches = Flow.range(10).map_batches(list, max_size=4, executor=pool)
        assert list(batches) == list(range(10))


@pytest.mark.timeout(A_WORLD + 20)
def test_mpi() -> None:
    if importlib.util.find_spec("mpi4py") is None:
        pytest.skip("mpi4py is not installed")
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which(
        "mpiexec"
    )
    if mpiexec is None:
        pytest.skip("there is no mpiexec")
    command = [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", str(PROGRAM)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=A_WORLD
    )
    assert ran.returncode == 0, ran.stderr[-3_000:]
    assert ran.stdout.splitlines() == ["one by one", "in chunks", "item: 6", "left early"]
