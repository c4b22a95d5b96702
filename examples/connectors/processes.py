"""One program's lines through a flow into another: `python examples/connectors/processes.py`."""

import sys

from operators.connectors import processes


def main() -> None:
    fruit = processes.source([sys.executable, "-c", "print('plum\\nfig\\npear')"])
    long = fruit.filter(lambda line: len(line.value) > 3)
    sort = "import sys; sys.stdout.writelines(sorted(sys.stdin))"
    long.apply(processes.sink([sys.executable, "-c", sort])).run()


if __name__ == "__main__":
    main()
