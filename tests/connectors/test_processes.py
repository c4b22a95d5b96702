"""What programs print, and what they read."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, processes, values
from operators.connectors.framing import BadRecordError
from tests.connectors.faults.processes import python
from tests.connectors.kit import eventually
from tests.operators.kit import DEADLINE, notes, probe, soon

COPY = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, open(sys.argv[1], 'wb'))"


def test_lines_are_text_and_blocks_are_bytes():
    code = "import sys; sys.stdout.write('größer\\r\\n\\nlast')"
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    lines = processes.SourceSettings(env=env)
    assert list(processes.source(python(code), lines).apply(values())) == ["größer", "", "last"]
    blocks = processes.SourceSettings(format="blocks", env=env)
    found = processes.source(python(code), blocks).apply(values())
    assert b"".join(found) == "größer\r\n\nlast".encode()


def test_a_line_that_is_not_in_the_encoding_is_named_after_those_before_it():
    code = r"import sys; sys.stdout.buffer.write(b'a\nb\n\xff\nc\n')"
    got: list[str] = []
    with pytest.raises(BadRecordError, match="line 3"):
        processes.source(python(code)).apply(values()).tap(got.append).run()
    assert got == ["a", "b"]


def test_each_run_starts_it_anew():
    flow = processes.source(python("import os; print(os.getpid())")).apply(values())
    assert len({*flow, *flow}) == 2


def test_demand_counts_lines():
    seen = probe(processes.source(python("for n in range(1000): print(n)")), 3)
    eventually(lambda: len(seen.items) == 3)
    seen.request(2)
    eventually(lambda: len(seen.items) == 5)
    assert [each.value for each in seen.items] == ["0", "1", "2", "3", "4"]
    seen.cancel()


def test_what_is_written_is_what_it_reads(tmp_path: Path):
    path = tmp_path / "copy"
    items: list[Any] = [Message("a"), "b", 3, b"\x00raw"]
    assert Flow.of(*items).apply(processes.sink(python(COPY, str(path)))).count().run() == 4
    assert path.read_bytes() == b"a\nb\n3\n\x00raw"


def test_more_than_the_pipe_holds(tmp_path: Path):
    path = tmp_path / "copy"
    flow = Flow.range(2_000).map(lambda _: b"x" * 1_000)
    flow.apply(processes.sink(python(COPY, str(path)))).run()
    assert path.stat().st_size == 2_000_000


def test_on_an_event_loop():
    async def main() -> list[Any]:
        flow = processes.source(python("print(1); print(2)")).apply(values())
        return [line async for line in flow]

    assert asyncio.run(main()) == ["1", "2"]


def test_a_cancel_while_it_starts_does_not_wait_for_what_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    begun = tmp_path / "begun"  # a program of the program reads the pipe from then on
    program = ["/bin/sh", "-c", f"(touch {begun}; exec cat); true"]
    settings = processes.SinkSettings(stdout="drop")
    connect = asyncio.SelectorEventLoop.connect_write_pipe

    async def main() -> None:
        go_on = asyncio.Event()

        async def held_up(*args: Any) -> Any:
            await go_on.wait()
            return await connect(*args)

        monkeypatch.setattr(asyncio.SelectorEventLoop, "connect_write_pipe", held_up)

        async def use() -> None:
            async for _ in Flow.of("a").apply(processes.sink(program, settings)):
                pass

        using = asyncio.create_task(use())
        await soon(begun.exists)
        using.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        go_on.set()
        _, left = await asyncio.wait([using], timeout=DEADLINE)
        assert not left
        assert using.cancelled()

    asyncio.run(main())


def test_a_failure_has_code_and_complaint_and_where_it_stands():
    code = "import sys; print('x' * 10_000, 'end', file=sys.stderr); sys.exit(2)"
    with pytest.raises(processes.ProcessError, match="ended with code 2") as raised:
        processes.source(python(code)).run()
    assert raised.value.code == 2
    assert raised.value.complaint.endswith("end")
    assert len(raised.value.complaint) <= 2_000
    assert "in processes.source, written at" in notes(raised.value)


def test_a_folder_to_run_in(tmp_path: Path):
    settings = processes.SourceSettings(cwd=tmp_path)
    found = processes.source(python("import os; print(os.getcwd())"), settings).run()
    assert found is not None
    assert Path(found.value).resolve() == tmp_path.resolve()


def test_one_program_into_another():
    upper = "import sys; sys.exit(sys.stdin.read() != 'a\\nb\\n')"
    one = processes.source(python("print('a'); print('b')"))
    assert one.apply(processes.sink([sys.executable, "-c", upper])).count().run() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: processes.SourceSettings(format="csv"),  # type: ignore[arg-type]
        lambda: processes.SourceSettings(prefetch=0),
        lambda: processes.SinkSettings(batch=0),
        lambda: processes.SinkSettings(stdout="pipe"),  # type: ignore[arg-type]
        lambda: processes.SinkSettings(grace=-1),
    ],
)
def test_settings_that_make_no_sense(wrong: Any):
    with pytest.raises(ValueError, match="processes"):
        wrong()
