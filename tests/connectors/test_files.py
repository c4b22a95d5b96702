"""Files as sources and sinks."""

from __future__ import annotations

import asyncio
import gzip
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import Flow
from operators.connectors import Message, files, values
from operators.connectors.files import changes
from operators.connectors.framing import BadRecordError
from tests.connectors.kit import DEADLINE, cancelled_after, eventually
from tests.operators.kit import notes, probe

SUFFIXES = ["", ".gz", ".zst"]


def read(path: Path, **settings: Any) -> list[Any]:
    return list(files.source(path, files.SourceSettings(**settings)).apply(values()))


def write(path: Path, items: list[Any], **settings: Any) -> None:
    Flow.of(*items).apply(files.sink(path, files.SinkSettings(**settings))).run()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("kind", "items"),
    [
        ("lines", ["a", "", "größer", "x" * 200_000]),
        ("csv", [{"name": 'a "b"', "text": "two\nlines"}, {"name": "", "text": "a,b"}]),
        ("json", [{"a": [1, None]}, "text\nof two lines", 3]),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, suffix: str, kind: str, items: list[Any]):
    path = tmp_path / f"data{suffix}"
    write(path, items, format=kind)
    assert read(path, format=kind) == items
    write(path, items, format=kind, append=True)
    assert read(path, format=kind, prefetch=1) == items * 2


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_blocks_are_bytes(tmp_path: Path, suffix: str):
    path = tmp_path / f"data{suffix}"
    data = os.urandom(100_000)
    write(path, [data[:50_000], data[50_000:]], format="blocks")
    blocks = read(path, format="blocks", block=4_096)
    assert b"".join(blocks) == data
    assert max(map(len, blocks)) <= 4_096


def test_lines_are_cut_the_same_however_the_blocks_fall(tmp_path: Path):
    path = tmp_path / "text"
    path.write_bytes(b"a\r\nbc\n\ndef\r\n\r\nlast")
    for block in range(1, 20):
        assert read(path, block=block) == ["a", "bc", "", "def", "", "last"]


def test_a_message_has_the_path(tmp_path: Path):
    path = tmp_path / "text"
    path.write_text("a\n")
    assert list(files.source(path)) == [Message("a", {"path": str(path)})]


def test_a_bad_line_is_named_with_its_number_and_where_the_source_stands(tmp_path: Path):
    path = tmp_path / "rows"
    path.write_text('"fine"\n\nnot json\n')
    with pytest.raises(BadRecordError, match=r"line 3: .*not json") as raised:
        read(path, format="json")
    assert "in files.source, written at" in notes(raised.value)


@pytest.mark.parametrize(
    ("format", "text", "good"),
    [
        ("json", b"1\n2\nthree\n4\n", [1, 2]),
        ("json", b"1\n2\nthree", [1, 2]),
        ("lines", b"a\nb\n\xff\nc\n", ["a", "b"]),
        ("csv", b"n\n1\n2\n3,4\n5\n", [{"n": "1"}, {"n": "2"}]),
        ("csv", b"n\n1\n2\n3,4", [{"n": "1"}, {"n": "2"}]),
        ("csv", b'n\n1\n2\n"never\n%b\n' % (b"x" * 40), [{"n": "1"}, {"n": "2"}]),
        ("lines", b"a\nb\n%b\nc\n" % (b"x" * 40), ["a", "b"]),
    ],
)
@pytest.mark.parametrize("block", [3, 100])
def test_what_comes_before_a_record_that_is_wrong_is_given_however_it_is_read(
    tmp_path: Path, format: Any, text: bytes, good: list[Any], block: int
):
    path = tmp_path / "rows"
    path.write_bytes(text)
    settings = files.SourceSettings(format=format, block=block, largest=30)
    got: list[Any] = []
    with pytest.raises(ValueError, match=r"line|allowed"):
        files.source(path, settings).apply(values()).tap(got.append).run()
    assert got == good


@pytest.mark.parametrize(
    ("format", "items", "says"),
    [
        ("blocks", [5], r"a block is bytes, got 5 \(int\)"),
        ("blocks", ["text"], "a block is bytes"),
        ("csv", [(1, 2)], "a row of CSV is a dict"),
        ("csv", [{"a": 1}, {"b": 1}], "the columns are"),
    ],
)
def test_what_has_no_place_in_a_format_is_named(
    tmp_path: Path, format: Any, items: list[Any], says: str
):
    sink = files.sink(tmp_path / "out", files.SinkSettings(format=format))
    with pytest.raises((TypeError, ValueError), match=says):
        Flow.from_iterable(items).apply(sink).run()


def test_bytes_are_a_line_as_they_are(tmp_path: Path):
    path = tmp_path / "text"
    Flow.of(b"a", "b", 3).apply(files.sink(path)).run()
    assert path.read_bytes() == b"a\nb\n3\n"
    with pytest.raises(ValueError, match="line feed"):
        Flow.of(b"a\nb").apply(files.sink(path)).run()


def test_columns_are_written_by_their_names(tmp_path: Path):
    path = tmp_path / "rows.csv"
    rows = files.SinkSettings(format="csv")
    Flow.of({"a": 1, "b": 2}, {"b": 4, "a": 3}).apply(files.sink(path, rows)).run()
    assert path.read_text() == "a,b\n1,2\n3,4\n"


@pytest.mark.parametrize(("format", "item"), [("lines", "c,d"), ("csv", {"a": "c", "b": "d"})])
def test_what_is_appended_begins_a_line(tmp_path: Path, format: Any, item: Any):
    path = tmp_path / "rows"
    path.write_text("a,b\n1,2")
    settings = files.SinkSettings(format=format, append=True)
    Flow.of(item).apply(files.sink(path, settings)).run()
    assert path.read_text() == "a,b\n1,2\nc,d\n"


def test_a_quote_within_a_field_is_a_letter(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text('size,"the ""name"""\n5" disk,x\n6,"a, ""b""\nc"\n"",y"\n')
    assert read(path, format="csv") == [
        {"size": '5" disk', 'the "name"': "x"},
        {"size": "6", 'the "name"': 'a, "b"\nc'},
        {"size": "", 'the "name"': 'y"'},
    ]


def test_two_columns_of_one_name_are_an_error(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,a\n1,2,3\n")
    with pytest.raises(BadRecordError, match="line 1: two columns are called 'a'"):
        read(path, format="csv")


FIELDS = st.text(max_size=6) | st.text('a,"\r\n ', max_size=6)


@given(st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1, max_size=5))
def test_rows_come_back_as_they_were_written(rows: list[list[str]]):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        dicts = [{"a": a, "b": b} for a, b in rows]
        Flow.from_iterable(dicts).apply(files.sink(path, files.SinkSettings(format="csv"))).run()
        assert read(path, format="csv") == dicts


def test_nothing_is_opened_before_there_is_demand(tmp_path: Path):
    path = tmp_path / "text"
    seen = probe(files.source(path), 0)
    path.write_text("a\n")
    seen.request(1)
    eventually(lambda: seen.items)
    assert seen.items[0].value == "a"
    seen.cancel()


def test_on_an_event_loop(tmp_path: Path):
    async def main() -> list[Any]:
        path = tmp_path / "text"
        await Flow.range(2_000).map(str).apply(files.sink(path))
        return [line async for line in files.source(path).apply(values())]

    assert asyncio.run(main()) == [str(n) for n in range(2_000)]


def test_rotation_keeps_so_many_and_loses_no_line(tmp_path: Path):
    path = tmp_path / "log"
    lines = [f"line {n:04}" for n in range(100)]
    write(path, lines, rotate=300, keep=3)
    parts = [tmp_path / "log.3", tmp_path / "log.2", tmp_path / "log.1", path]
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(each.name for each in parts)
    assert all(part.stat().st_size <= 300 for part in parts)
    found = [line for part in parts for line in part.read_text().splitlines()]
    assert found == lines[-len(found) :]
    write(path, lines, rotate=100_000)
    assert read(path) == lines


def test_each_rotated_file_has_the_names_of_its_columns(tmp_path: Path):
    path = tmp_path / "rows.gz"
    rows = [{"n": str(n)} for n in range(10)]
    write(path, rows, format="csv", rotate=6, keep=20)
    parts = [tmp_path / f"rows.gz.{n}" for n in range(9, 0, -1)]
    read_back = [
        row
        for part in [*parts, path]
        if part.exists()
        for row in read(part, format="csv", compression="gzip")
    ]
    assert read_back == rows


def test_appending_goes_on_with_the_size_that_is_there(tmp_path: Path):
    path = tmp_path / "log"
    write(path, ["x" * 49] * 2, rotate=100)
    write(path, ["y" * 49], rotate=100, append=True)
    assert (tmp_path / "log.1").read_text() == ("x" * 49 + "\n") * 2
    assert path.read_text() == "y" * 49 + "\n"


@pytest.mark.parametrize(("policy", "most"), [("never", 0), ("end", 1), ("batch", 11)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: Any, most: int, suffix: str
):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    write(tmp_path / f"out{suffix}", ["a"] * 10, fsync=policy, batch=1)
    assert (most > 0) <= len(synced) <= most
    if policy == "batch":
        assert len(synced) >= 2


def test_with_fsync_an_item_is_passed_on_when_the_disk_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    order: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: order.append("disk"))
    settings = files.SinkSettings(fsync="batch", batch=1)
    Flow.of("a", "b").apply(files.sink(tmp_path / "out", settings)).tap(order.append).run()
    assert order[:4] == ["disk", "a", "disk", "b"]


@pytest.fixture(params=["watchfiles", "looking"])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system tells of changes; what is looked at every so often is tried, too."""
    if request.param == "looking":
        monkeypatch.setattr(changes, "find_spec", lambda _: None)
    else:
        pytest.importorskip("watchfiles")
    return bool(request.param == "watchfiles")


def test_a_followed_file_is_told_of_at_once(tmp_path: Path, told: bool):
    """Also where it is not there, is renamed, or emptied; with nobody to tell, it is looked at."""
    path = tmp_path / "log"
    seen: list[str] = []
    settings = files.SourceSettings(follow=True, poll=2 * DEADLINE if told else 0.01)
    run = files.source(path, settings).apply(values()).for_each(seen.append)
    lines = ["first", "second", "anew", "x"]
    for n, line in enumerate(lines):
        if n == 2:
            path.rename(tmp_path / "log.1")
        with path.open("a" if n == 1 else "w") as file:
            file.write(line + "\n")
        eventually(lambda n=n: len(seen) > n)  # type: ignore[misc]
    begun = time.monotonic()
    cancelled_after(run, lambda: True)
    assert time.monotonic() - begun < DEADLINE / 2
    assert seen == lines


def test_follow_from_the_end(tmp_path: Path, told: bool):
    path = tmp_path / "log"
    path.write_text("old\n")
    seen: list[str] = []
    settings = files.SourceSettings(follow=True, start="end", poll=0.001)
    run = files.source(path, settings).apply(values()).for_each(seen.append)

    def comes() -> bool:
        with path.open("a") as file:
            file.write("new\n")
        return bool(seen)

    eventually(comes)
    cancelled_after(run, lambda: True)
    assert set(seen) == {"new"}


def test_a_followed_file_that_is_rotated_by_the_sink_loses_no_line(tmp_path: Path, told: bool):
    path = tmp_path / "log"
    seen: list[str] = []
    settings = files.SourceSettings(follow=True, poll=0.001)
    run = files.source(path, settings).apply(values()).for_each(seen.append)
    lines = [f"line {n}" for n in range(60)]
    sink = files.sink(path, files.SinkSettings(rotate=100, append=True))

    def seen_before(line: str) -> str:
        # As slow as whoever follows: a file that is renamed twice between two looks is not seen.
        eventually(lambda: len(seen) >= int(line.split()[1]) - 1)
        return line

    Flow.of(*lines).map(seen_before).apply(sink).run()
    cancelled_after(run, lambda: seen == lines, "all lines")


def test_a_compressed_file_of_several_parts_is_read_whole(tmp_path: Path):
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"a\n") + gzip.compress(b"b\n"))
    assert read(path) == ["a", "b"]


def test_as_a_subscriber(tmp_path: Path):
    subscriber = files.sink(tmp_path / "out").subscriber()
    Flow.of("a", "b").subscribe(subscriber)
    subscriber.handle.result(DEADLINE)
    assert (tmp_path / "out").read_text() == "a\nb\n"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: files.SourceSettings(format="xml"),  # type: ignore[arg-type]
        lambda: files.SourceSettings(encoding="utf-16"),
        lambda: files.SourceSettings(start="end"),
        lambda: files.SourceSettings(follow=True, format="blocks"),
        lambda: files.SourceSettings(prefetch=0),
        lambda: files.SinkSettings(fsync="sometimes"),  # type: ignore[arg-type]
        lambda: files.SinkSettings(rotate=0),
        lambda: files.source("log.gz", files.SourceSettings(follow=True)),
    ],
)
def test_settings_that_make_no_sense(wrong: Callable[[], Any]):
    with pytest.raises((ValueError, TypeError), match="files"):
        wrong()


@pytest.mark.parametrize(
    ("kind", "items", "message"),
    [
        ("lines", ["a\nb"], "no line feed"),
        ("csv", [{"a": 1}, {"b": 1}], "columns"),
        ("json", [object()], "JSON"),
    ],
)
def test_a_value_that_does_not_fit_the_format(
    tmp_path: Path, kind: Any, items: list[Any], message: str
):
    with pytest.raises((ValueError, TypeError), match=message):
        write(tmp_path / "out", items, format=kind)
