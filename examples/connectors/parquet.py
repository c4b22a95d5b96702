"""Sales into Parquet files, and a column of them read again: `python examples/connectors/parquet.py`."""

import tempfile
from pathlib import Path

from operators import Flow
from operators.connectors import parquet, values

SALES = [{"shop": f"shop {n % 3}", "hour": n // 1_000, "price": n % 7} for n in range(10_000)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # A file is there as a whole or not at all: the next one begins after 4,000 rows.
        written = parquet.SinkSettings(rotate=4_000, row_group=1_000)
        Flow.from_iterable(SALES).apply(parquet.sink(Path(folder, "sold.parquet"), written)).run()

        # Of each file one column is read, and no more of it than is asked for.
        prices = parquet.SourceSettings(columns=("price",), batch=1_000)
        for file in sorted(Path(folder).glob("*.parquet")):
            batches = parquet.source(file, prices).apply(values())
            total = batches.map(lambda batch: sum(batch["price"].to_pylist())).sum().run()
            print(file.name, total)


if __name__ == "__main__":
    main()
