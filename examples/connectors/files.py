"""Follow a log while it is written: `python examples/connectors/files.py`."""

import tempfile
from pathlib import Path

from operators import Flow
from operators.connectors import files, values


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "server.log")
        lines = Flow.range(1, 7).map(lambda n: f"request {n} took {n * 7 % 5} s")
        rotating = files.SinkSettings(fsync="batch")
        writing = lines.apply(files.sink(log, rotating)).for_each(lambda _: None)
        following = files.SourceSettings(follow=True, poll=0.01)
        slow = files.source(log, following).apply(values()).filter(lambda line: "4 s" in line)
        for line in slow.take(1):
            print(line)
        writing.result()


if __name__ == "__main__":
    main()
