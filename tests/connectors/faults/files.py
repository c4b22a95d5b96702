"""What goes wrong around files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from operators import Flow
from operators.connectors import files, values
from operators.connectors.framing import CutFrameError, FrameTooLargeError
from tests.connectors.kit import cancelled_after, eventually, outcome

QUICK = files.SourceSettings(follow=True, poll=0.001)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _read(path: Path, settings: files.SourceSettings = QUICK) -> list[Any]:
    return list(files.source(path, settings).apply(values()))


def no_such_file() -> str:
    with folder() as here:
        return outcome(lambda: _read(here / "none", files.SourceSettings()))


def no_such_file_yet() -> str:
    with folder() as here:
        seen: list[str] = []
        flow = files.source(here / "log", QUICK).apply(values())
        run = flow.for_each(seen.append)
        (here / "log").write_text("first\n")
        cancelled_after(run, lambda: seen == ["first"])
    return "waits for it"


def no_permission_to_write() -> str:
    with folder() as here:
        flow = Flow.of("a").apply(files.sink(here / "none" / "out"))
        return outcome(flow.run)


def disk_full() -> str:
    # The device that is always full; there is one on every Linux.
    return outcome(Flow.of("a").apply(files.sink("/dev/full")).run)


def _damaged(suffix: str, damage: Callable[[bytes], bytes]) -> str:
    with folder() as here:
        path = here / f"data{suffix}"
        Flow.range(5_000).map(str).apply(files.sink(path)).run()
        path.write_bytes(damage(path.read_bytes()))
        return outcome(lambda: _read(path, files.SourceSettings()))


def cut_gzip() -> str:
    return _damaged(".gz", lambda data: data[: len(data) // 2])


def cut_zstd() -> str:
    return _damaged(".zst", lambda data: data[: len(data) // 2])


def corrupt_gzip() -> str:
    return _damaged(".gz", lambda data: data[:-8] + bytes(4) + data[-4:])


def corrupt_zstd() -> str:
    return _damaged(".zst", lambda data: data[:-4] + bytes(4))


def malformed_json() -> str:
    with folder() as here:
        (here / "rows").write_text("1\n{]\n")
        settings = files.SourceSettings(format="json")
        return outcome(lambda: _read(here / "rows", settings))


def malformed_csv() -> str:
    with folder() as here:
        (here / "rows").write_text("a,b\n1,2\n1,2,3\n")
        settings = files.SourceSettings(format="csv")
        return outcome(lambda: _read(here / "rows", settings))


def open_quotes() -> str:
    with folder() as here:
        (here / "rows").write_text('a,b\n1,"2\n')
        settings = files.SourceSettings(format="csv")
        found = outcome(lambda: _read(here / "rows", settings))
        assert found.startswith(CutFrameError.__name__)
        return found


def not_the_encoding() -> str:
    with folder() as here:
        (here / "text").write_bytes(b"fine\n\xff\xfe\n")
        return outcome(lambda: _read(here / "text", files.SourceSettings()))


def a_line_without_end() -> str:
    with folder() as here:
        (here / "text").write_bytes(b"x" * 300_000)
        settings = files.SourceSettings(largest=100_000)
        found = outcome(lambda: _read(here / "text", settings))
        assert found.startswith(FrameTooLargeError.__name__)
        return found


def _followed(change: Callable[[Path], object], expected: list[str]) -> None:
    with folder() as here:
        path = here / "log"
        path.write_text("old 1\nold 2\n")
        seen: list[str] = []
        run = files.source(path, QUICK).apply(values()).for_each(seen.append)
        eventually(lambda: len(seen) == 2)
        change(path)
        cancelled_after(run, lambda: seen == ["old 1", "old 2", *expected], str(expected))


def rotated() -> str:
    def change(path: Path) -> None:
        with path.open("a") as file:
            path.rename(path.with_name("log.1"))
            file.write("last\n")
        path.write_text("new\n")

    _followed(change, ["last", "new"])
    return "what is in the old one is read to its end, then the new one"


def truncated() -> str:
    _followed(lambda path: path.write_text("new\n"), ["new"])
    return "read from its beginning"


def half_a_line() -> str:
    def change(path: Path) -> None:
        with path.open("a") as file:
            for part in ("wh", "ole", "\n"):
                file.write(part)
                file.flush()

    _followed(change, ["whole"])
    return "waits for the rest of it"


def cancel_while_it_waits() -> str:
    with folder() as here:
        (here / "log").write_text("a\n")
        seen: list[str] = []
        run = files.source(here / "log", QUICK).apply(values()).for_each(seen.append)
        cancelled_after(run, lambda: seen == ["a"])
    return "closed, thread and all"


def cancel_while_it_writes() -> str:
    with folder() as here:
        path = here / "out"
        written: list[int] = []
        flow = Flow.range(1_000_000).map(str).apply(files.sink(path))
        run = flow.for_each(lambda line: written.append(int(line)))
        cancelled_after(run, lambda: len(written) > 100)
        lines = path.read_text().splitlines()
        assert lines == [str(n) for n in range(len(lines))]
        assert len(lines) >= len(written)
    return "what was passed on is in the file, whole lines"


def slow_reader() -> str:
    with folder() as here:
        path = here / "out"
        path.write_text("".join(f"{n}\n" for n in range(100_000)))
        settings = files.SourceSettings(prefetch=16)
        flow = files.source(path, settings)
        assert flow.describe().in_flight <= 17
        assert len(list(flow.take(20))) == 20
    return "one block in hand, and `prefetch` lines cut off"


FAULTS = {
    "a line without end": a_line_without_end,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    "corrupt gzip": corrupt_gzip,
    "corrupt zstd": corrupt_zstd,
    "cut gzip": cut_gzip,
    "cut zstd": cut_zstd,
    "disk full": disk_full,
    "half a line, followed": half_a_line,
    "malformed csv": malformed_csv,
    "malformed json": malformed_json,
    "no folder to write into": no_permission_to_write,
    "no such file": no_such_file,
    "no such file yet, followed": no_such_file_yet,
    "not the encoding": not_the_encoding,
    "quotes that do not end": open_quotes,
    "rotated, followed": rotated,
    "slow reader": slow_reader,
    "truncated, followed": truncated,
}
