"""Parquet files as a source and a sink."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from operators import Flow
from operators.connectors import Message, parquet, values
from tests.connectors.faults.files import folder
from tests.connectors.faults.parquet import ROWS, into, row, rows
from tests.connectors.kit import memory
from tests.operators.kit import eventually, notes, probe

pytestmark = pytest.mark.large


@pytest.fixture
def path() -> Iterator[Path]:
    with folder() as here:
        yield here / "x.parquet"


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_rows_written_are_rows_read(path: Path):
    given = [{"n": n, "word": None if n % 3 else f"w{n}"} for n in range(1_000)]
    flow = Flow.from_iterable(given).map(Message)
    assert flow.apply(parquet.sink(path)).count().run() == 1_000
    assert rows(path) == given
    assert names(path) == ["x.parquet"]


def test_record_batches_and_tables(path: Path):
    batches = [pa.record_batch({"n": [n, n + 1]}) for n in range(0, 10, 2)]
    table = pa.table({"n": [10, 11]})
    Flow.of(*batches, table).apply(parquet.sink(path)).run()
    found = list(parquet.source(path, parquet.SourceSettings(batch=5)).apply(values()))
    assert all(isinstance(each, pa.RecordBatch) for each in found)
    assert [each["n"].to_pylist() for each in found] == [
        [0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11],
    ]  # fmt: skip


def test_row_groups_are_as_large_as_was_said_and_are_read_by_number(path: Path):
    into(path, Flow.range(25), row_group=10).run()
    metadata = pq.read_metadata(path)
    assert [metadata.row_group(n).num_rows for n in range(3)] == [10, 10, 5]
    settings = parquet.SourceSettings(items="rows", row_groups=(2, 0), columns=("n",))
    assert [each["n"] for each in parquet.source(path, settings).apply(values())] == [
        *range(20, 25), *range(10),
    ]  # fmt: skip


def test_only_the_columns_that_are_wanted_are_read(path: Path):
    into(path, Flow.range(3)).run()
    settings = parquet.SourceSettings(items="rows", columns=("word",))
    assert [*parquet.source(path, settings).apply(values())] == [
        {"word": f"word {n}"} for n in range(3)
    ]


def test_a_file_is_full_after_so_many_rows(path: Path):
    into(path, Flow.range(25), rotate=10, row_group=7).run()
    assert names(path) == [f"x-0000{n}.parquet" for n in (1, 2, 3)]
    found = [
        each["n"]
        for name in names(path)
        for each in parquet.source(path.parent / name, ROWS).apply(values())
    ]
    assert found == list(range(25))


def test_files_that_are_full_stay_at_an_error(path: Path):
    with pytest.raises(ZeroDivisionError):
        into(path, Flow.range(25, 0, -1).tap(lambda n: 1 // (n - 3)), rotate=10, batch=1).run()
    assert names(path) == ["x-00001.parquet", "x-00002.parquet"]


def test_two_flows_that_write_one_file_at_once_write_it_whole_each(path: Path):
    def between(n: int) -> None:
        if n == 5:
            into(path, Flow.range(100, 103), row_group=1).run()
            assert [row["n"] for row in rows(path)] == [100, 101, 102]

    into(path, Flow.range(10).tap(between), row_group=1, batch=1).run()
    assert [row["n"] for row in rows(path)] == list(range(10))
    assert names(path) == ["x.parquet"]


def test_no_rows(path: Path):
    into(path, Flow.empty()).run()
    assert names(path) == []
    schema = pa.schema([("n", pa.int64())])
    into(path, Flow.empty(), schema=schema).run()
    assert rows(path) == []
    assert pq.read_schema(path) == schema


@pytest.mark.parametrize("batch", [1, 64])
def test_the_columns_are_those_of_the_first_group_however_the_rows_have_come(
    path: Path, batch: int
):
    settings = parquet.SinkSettings(batch=batch, row_group=4)
    given: list[dict[str, Any]] = [
        {"n": None},
        {"n": 1, "more": "a"},
        {"n": 1.5},
        {"more": None},
        {"n": 2},
    ]
    Flow.from_iterable(given).apply(parquet.sink(path, settings)).run()
    assert rows(path) == [{"n": None, "more": None, **each} for each in given]


@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([{"n": 1}, {"n": 2}, {"n": 3, "more": 1}], "no column 'more' in the file"),
        ([{"n": None}, {"n": None}, {"n": 3}], "no column 'n' that has been anything but None"),
    ],
)
def test_what_the_first_group_has_not_is_an_error(
    path: Path, batch: int, given: list[Any], says: str
):
    settings = parquet.SinkSettings(batch=batch, row_group=2)
    with pytest.raises(ValueError, match=says):
        Flow.from_iterable(given).apply(parquet.sink(path, settings)).run()
    assert names(path) == []


def test_a_schema_that_is_none_is_refused_at_the_call(path: Path):
    with pytest.raises(TypeError, match=r"schema must be a pyarrow\.Schema"):
        parquet.sink(path, parquet.SinkSettings(schema={"n": int}))


def test_a_schema_that_is_given(path: Path):
    schema = pa.schema([("n", pa.int16()), ("more", pa.float64())])
    settings = parquet.SinkSettings(schema=schema)
    Flow.of({"n": 1}, {"more": 2}, pa.record_batch({"n": [3], "more": [4]})).apply(
        parquet.sink(path, settings)
    ).run()
    assert pq.read_table(path).schema == schema
    assert rows(path) == [{"n": 1, "more": None}, {"n": None, "more": 2.0}, {"n": 3, "more": 4.0}]


def test_the_compression_that_is_asked_for(path: Path):
    into(path, Flow.range(3), compression="gzip").run()
    assert pq.read_metadata(path).row_group(0).column(0).compression == "GZIP"
    into(path, Flow.range(3), compression="none").run()
    assert pq.read_metadata(path).row_group(0).column(0).compression == "UNCOMPRESSED"


def test_so_many_are_decoded_as_are_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch):
    into(path, Flow.range(1_000)).run()
    decoded: list[int] = []

    class Counting(pq.ParquetFile):  # type: ignore[misc]
        def iter_batches(self, *arguments: Any) -> Iterator[Any]:
            for batch in super().iter_batches(*arguments):
                decoded.append(batch.num_rows)
                yield batch

    monkeypatch.setattr(pq, "ParquetFile", Counting)
    seen = probe(parquet.source(path, parquet.SourceSettings(items="rows", batch=10)), 15)
    try:
        eventually(lambda: len(seen.items) == 15)
        assert decoded == [10, 10]
    finally:
        seen.cancel()


@pytest.mark.long
def test_a_large_file_takes_no_more_memory_than_a_small_one(path: Path):
    into(path, Flow.range(400_000), row_group=20_000).run()
    before = most = 0
    for seen, message in enumerate(parquet.source(path, ROWS), 1):
        if seen == 40_000:
            before = memory()
        elif seen % 40_000 == 0:
            most = max(most, memory())
        assert message.value["n"] == seen - 1
    assert most - before < 20_000_000


def test_on_an_event_loop(path: Path):
    async def main() -> list[Any]:
        await into(path, Flow.range(500))
        return [each async for each in parquet.source(path, ROWS).apply(values())]

    assert asyncio.run(main()) == [row(n) for n in range(500)]


def test_what_is_neither_a_row_nor_a_batch(path: Path):
    with pytest.raises(TypeError, match="record batches and tables of Arrow, and rows") as raised:
        Flow.of(7).apply(parquet.sink(path)).run()
    assert "in parquet.sink, written at" in notes(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: parquet.SourceSettings(batch=0),
        lambda: parquet.SourceSettings(items="lines"),  # type: ignore[arg-type]
        lambda: parquet.SinkSettings(row_group=0),
        lambda: parquet.SinkSettings(rotate=0),
        lambda: parquet.SinkSettings(compression="best"),  # type: ignore[arg-type]
    ],
)
def test_settings_that_make_no_sense(wrong: Any):
    with pytest.raises(ValueError, match="parquet"):
        wrong()


@pytest.mark.parametrize("name", ["columns", "row_groups"])
def test_settings_of_the_wrong_type(name: str):
    with pytest.raises(TypeError, match="must be a tuple"):
        parquet.SourceSettings(**{name: "price"})  # type: ignore[arg-type]
