"""top: the flows of a process, seen from outside by a socket that only its user may open."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from operators._cli import main
from operators._cli.view import footer
from operators._kernel.subscription.scope import Everywhere
from operators.schedulers import immediate
from operators.watching import serve, serving
from operators.watching.serving import reading_of, serve_where_asked, socket_of

DEADLINE = 20.0


class Waiting:
    """Takes two items, and asks for no more."""

    cancel: Any = None

    def on_subscribe(self, subscription: Any) -> None:
        self.cancel = subscription.cancel
        subscription.request(2)

    def on_next(self, item: Any) -> None: ...

    def on_error(self, error: Exception) -> None: ...

    def on_complete(self) -> None: ...


def test_the_table_of_a_flow_that_runs_explains_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    consumer = Waiting()
    with serve(tmp_path / "socket") as served:
        Flow.range(99).publish_on(immediate(), prefetch=8).named("seen").subscribe(consumer)
        assert main(["top", str(served.path), "--once"]) == 0
        consumer.cancel()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"process {os.getpid()}: ")
    start = next(i for i, line in enumerate(lines) if line.startswith("publish_on 'seen', run at"))
    assert "test_top.py:" in lines[start]
    assert "waiting for consumer" in lines[start]
    assert lines[start + 1].split()[:2] == ["stage", "requested"]
    row = next(line for line in lines[start:] if line.startswith("seen")).split()
    assert row[1:6] == ["2", "2", "0", "6", "0"]
    assert (
        "in flight in all 6 = 0 worked on + 6 buffered + 0 with the consumer; at most 6 of 9"
        in lines
    )
    assert lines[-2].startswith("of N: what all stages may hold together")


def test_only_its_user_may_open_the_socket(tmp_path: Path):
    with serve(tmp_path / "socket") as served:
        assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
        with pytest.raises(FileExistsError, match="already"):
            serve(served.path)
    assert not served.path.exists()
    with serve() as served:
        assert served.path == socket_of(os.getpid())
        assert stat.S_IMODE(served.path.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setattr(serving, "_folder", lambda: folder)
    with pytest.raises(PermissionError, match="0700"):
        serve()


def test_it_is_off_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPERATORS_TOP", raising=False)
    serve_where_asked()
    assert Everywhere.begin is None
    path = tmp_path / "socket"
    monkeypatch.setenv("OPERATORS_TOP", str(path))
    serve_where_asked()
    assert path.exists()
    assert Everywhere.begin is not None
    serving._kept.pop().close()
    assert not path.exists()
    assert Everywhere.begin is None


def test_a_process_that_does_not_serve_is_told_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    assert main(["top", str(tmp_path / "none")]) == 2
    assert "operators.watching.serve()" in capsys.readouterr().err


def test_who_does_not_read_is_left_and_the_others_are_told_on(tmp_path: Path):
    with serve(tmp_path / "socket") as served:
        gone, reads = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        gone.connect(str(served.path))
        gone.close()
        with reads:
            reads.settimeout(DEADLINE)
            reads.connect(str(served.path))
            lines = reads.makefile()
            told = [json.loads(lines.readline()) for _ in range(3)]
        assert {each["pid"] for each in told} == {os.getpid()}
        lines.close()


def test_the_footer_adds_up_while_an_item_is_with_the_consumer(tmp_path: Path):
    inside, go_on = threading.Event(), threading.Event()

    def slowly(_: int) -> None:
        inside.set()
        assert go_on.wait(DEADLINE)

    flow = Flow.range(9).publish_on(immediate(), prefetch=4)
    with serve(tmp_path / "socket"):
        worker = threading.Thread(target=lambda: flow.for_each(slowly))
        worker.start()
        assert inside.wait(DEADLINE)
        (run,) = [run for run in serving.told()["runs"] if run["where"].startswith("test_top.py")]
        go_on.set()
        worker.join(DEADLINE)
    text = footer(reading_of(run), run["bound"])
    assert "+ 1 with the consumer" in text
    assert text.endswith("of 5")
