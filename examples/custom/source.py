"""A source: the lines of a file that are asked for, which is closed when nobody wants more.

Run it: `python examples/custom/source.py`.
"""

from __future__ import annotations

from pathlib import Path

from operators.custom import Source


class Lines(Source[str]):
    """The lines of a text file, without their ends."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_start(self) -> None:
        """Open the file."""
        self.file = self.path.open(encoding="utf-8")

    def on_pull(self) -> None:
        """Give one line."""
        line = self.file.readline()
        if line:
            self.push(line.rstrip("\n"))
        else:
            self.complete()

    def on_close(self) -> None:
        """Close the file, however the stream has ended."""
        self.file.close()


if __name__ == "__main__":
    for line in Lines(Path(__file__)).flow().filter(str.strip).take(2):
        print(line)
