"""What goes wrong around Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from operators import Flow
from operators.connectors import parquet, values
from tests.connectors.faults.files import folder
from tests.connectors.kit import cancelled_after, eventually, outcome

large = True
ROWS = parquet.SourceSettings(items="rows")


def row(n: int) -> dict[str, Any]:
    return {"n": n, "word": f"word {n}"}


def rows(path: Path) -> list[Any]:
    return list(parquet.source(path, ROWS).apply(values()))


def into(path: Path, flow: Flow[int], **settings: Any) -> Flow[Any]:
    return flow.map(row).apply(parquet.sink(path, parquet.SinkSettings(**settings)))


def no_file() -> str:
    with folder() as here:
        return outcome(parquet.source(here / "none.parquet").run).partition(". Detail")[0]


def not_parquet() -> str:
    with folder() as here:
        path = here / "x.parquet"
        path.write_bytes(b"this is no such file" * 100)
        return outcome(parquet.source(path).run)


def cut_short() -> str:
    with folder() as here:
        path = here / "x.parquet"
        into(path, Flow.range(10_000)).run()
        path.write_bytes(path.read_bytes()[:-1_000])
        return outcome(parquet.source(path).run)


def damaged() -> str:
    with folder() as here:
        path = here / "x.parquet"
        into(path, Flow.range(10_000)).run()
        data = bytearray(path.read_bytes())
        data[200:400] = bytes(200)
        path.write_bytes(data)
        return outcome(parquet.source(path).run).partition(":")[0]


def no_column() -> str:
    with folder() as here:
        path = here / "x.parquet"
        into(path, Flow.range(10)).run()
        settings = parquet.SourceSettings(columns=("price",))
        return outcome(parquet.source(path, settings).run)


def a_row_that_does_not_fit() -> str:
    with folder() as here:
        flow = Flow.of({"n": 1}, {"n": "one"}).apply(
            parquet.sink(here / "x.parquet", parquet.SinkSettings(row_group=1))
        )
        found = outcome(flow.run)
        assert list(here.iterdir()) == []
        return f"{found}; there is no file"


def a_column_that_is_new() -> str:
    with folder() as here:
        flow = Flow.of({"n": 1}, {"n": 2, "m": 3}).apply(
            parquet.sink(here / "x.parquet", parquet.SinkSettings(row_group=1))
        )
        found = outcome(flow.run)
        assert list(here.iterdir()) == []
        return f"{found}; there is no file"


def no_folder() -> str:
    with folder() as here:
        return outcome(into(here / "none" / "x.parquet", Flow.range(3)).run).partition(". Detail")[
            0
        ]


def cancel_while_it_writes() -> str:
    with folder() as here:
        path = here / "x.parquet"
        path.write_text("the one before")
        written: list[Any] = []
        run = into(path, Flow.range(10_000_000), row_group=100).for_each(written.append)
        cancelled_after(run, lambda: len(written) > 500)
        eventually(lambda: [each.name for each in here.iterdir()] == ["x.parquet"])
        assert path.read_text() == "the one before"
    return "what is not complete is deleted; a file that was there before is still there"


def cancel_while_it_reads() -> str:
    with folder() as here:
        path = here / "x.parquet"
        into(path, Flow.range(10_000)).run()
        for _ in parquet.source(path, parquet.SourceSettings(items="rows", batch=10)):
            break
        path.unlink()
    return "the file is closed"


def slow_reader() -> str:
    with folder() as here:
        path = here / "x.parquet"
        into(path, Flow.range(1_000)).run()
        settings = parquet.SourceSettings(items="rows", batch=10)
        for seen, _ in enumerate(parquet.source(path, settings).take(15)):
            if seen == 12:
                assert len(rows(path)) == 1_000
    return "one batch in hand"


def two_threads() -> str:
    with folder() as here:
        paths = [here / "a.parquet", here / "b.parquet"]
        runs = [into(path, Flow.range(5_000)).for_each(lambda _: None) for path in paths]
        for run in runs:
            run.result(20)
        assert [len(rows(path)) for path in paths] == [5_000, 5_000]
    return "a file each: two flows into the same one are two that replace it"


FAULTS = {
    "a column that is new": a_column_that_is_new,
    "a row that does not fit": a_row_that_does_not_fit,
    "cancel while it reads": cancel_while_it_reads,
    "cancel while it writes": cancel_while_it_writes,
    "cut short": cut_short,
    "damaged": damaged,
    "no such column": no_column,
    "no such file": no_file,
    "no such folder": no_folder,
    "not a Parquet file": not_parquet,
    "slow reader": slow_reader,
    "two threads": two_threads,
}
