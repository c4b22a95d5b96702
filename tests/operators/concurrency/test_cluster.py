"""map_async on a cluster of Dask: processes that come and go, in a program of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from operators.concurrency._losses import died
from tests.cli.program import ROOT, environment
from tests.operators.kit import notes

PROGRAM = Path(__file__).with_name("cluster_program.py")
A_CLUSTER = 240.0  # seconds, to start and to end one, and for all between, on a busy machine
# Whichever of them is first waits for it.
pytestmark = [
    pytest.mark.large,
    pytest.mark.timeout(A_CLUSTER + 20),
    pytest.mark.xdist_group("dask"),
]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    folder = tmp_path_factory.mktemp("cluster")
    command = [sys.executable, str(PROGRAM), str(folder)]
    # Where workers of Dask keep what they spill: not beside the code.
    env = environment(DASK_TEMPORARY_DIRECTORY=str(folder))
    ran = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=A_CLUSTER
    )
    assert ran.returncode == 0, ran.stderr[-3_000:]
    return {line["scene"]: line for line in map(json.loads, ran.stdout.splitlines())}


@pytest.mark.long
def test_a_worker_that_is_killed_in_the_middle_of_10_000_items_is_not_seen(scenes: Any) -> None:
    assert scenes["ten_thousand"]["killed"]
    assert scenes["ten_thousand"]["right"]


def test_chunks_are_sized_by_themselves(scenes: Any) -> None:
    assert scenes["sized_by_itself"]["right"]


def test_equal_items_are_calls_of_their_own(scenes: Any) -> None:
    assert scenes["equal_items"]["different"] == 20


def test_an_error_is_that_of_its_item(scenes: Any) -> None:
    scene = scenes["wrong_item"]
    assert scene["error"] == "ZeroDivisionError"
    assert "item: 6" in scene["notes"][0]


def test_batches_go_there_too(scenes: Any) -> None:
    assert scenes["batches"]["results"] == list(range(1, 21))


def test_who_leaves_early_waits_for_nothing(scenes: Any) -> None:
    assert scenes["left_early"]["results"] == [0, 1, 2]


def test_the_demo_counts_words_on_it(scenes: Any) -> None:
    scene = scenes["words"]
    assert (scene["files"], scene["lines"]) == (20, sum(range(20)))
    assert scene["totals"] == {f"name{k}": sum(range(k, 20, 3)) for k in range(3)}


def test_a_result_that_is_here_is_not_lost_with_its_worker(scenes: Any) -> None:
    # Dask's own executor raises "too many values to unpack (expected 3)" then, or the result itself.
    assert scenes["lost_when_sent"]["results"] == list(range(9))


# Without a cluster ------------------------------------------------------------------------------


class KilledWorker(Exception):
    """As the one of Dask is called, which says that several workers have died at a call."""


KilledWorker.__module__ = "distributed.scheduler"


def test_dask_calls_it_so(scenes: Any) -> None:
    assert scenes["its_own_name"]["died"]
    assert not died(type("KilledWorker", (Exception,), {})())


def same(n: int) -> int:
    return n


class DiesOf(Executor):
    """Makes calls at once; one with a certain item in it ends as on a worker that died, so many times."""

    def __init__(self, item: int, times: int) -> None:
        self.item = item
        self.times = times
        self.chunks: list[list[int]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        ticket: Any = fn
        made, sent = ticket.__reduce__()  # as it is for a process
        future: Future[Any] = Future()
        self.chunks.append(sent[1])
        if self.item in sent[1] and self.times:
            self.times -= 1
            future.set_exception(KilledWorker(f"task {len(self.chunks)}"))
        else:
            future.set_result(made(*sent)())
        return future


def test_what_dask_has_given_up_is_made_again(dropped: Any) -> None:
    pool = DiesOf(6, 2)
    flow = Flow.range(12).map_async(same, executor=pool, chunk=4, on_lost="retry", tries=2)
    assert list(flow) == list(range(12))
    # In its chunk, that chunk alone, and then each of it by itself. (A chunk is what is there in time.)
    sent = [chunk for chunk in pool.chunks if 6 in chunk]
    assert len(sent) == 3
    assert sent[0] == sent[1]
    assert sent[2] == [6]


def test_the_item_that_workers_die_of_is_named(dropped: Any) -> None:
    pool = DiesOf(6, 99)
    came: list[int] = []
    flow = Flow.range(12).map_async(same, executor=pool, chunk=4, on_lost="retry", tries=1)
    with pytest.raises(KilledWorker) as raised:
        list(flow.tap(came.append))
    assert came == [0, 1, 2, 3, 4, 5]
    assert "item: 6" in notes(raised.value)
    assert "2 workers have died, each when this was the only call" in notes(raised.value)
    assert "broken pool" not in notes(raised.value)


def test_calls_that_the_executor_has_cancelled_are_told_so() -> None:
    class Gone(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            return future

    with pytest.raises(RuntimeError, match="cancelled by the executor: it was shut down") as raised:
        list(Flow.range(9).map_async(same, executor=Gone()))
    assert "item: 0" in notes(raised.value)


def test_a_client_is_told_to_give_its_executor() -> None:
    class Client:
        def submit(self) -> None: ...
        def shutdown(self) -> None: ...
        def get_executor(self) -> None: ...

    client: Any = Client()
    with pytest.raises(TypeError, match=r"map_async: a Client is no .*; give its get_executor"):
        Flow.range(3).map_async(same, executor=client)
