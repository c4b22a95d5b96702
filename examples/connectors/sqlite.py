"""From a CSV file into a table, and a report of it: `python examples/connectors/sqlite.py`."""

import tempfile
from pathlib import Path

from operators.connectors import files, sqlite, values


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sold = Path(folder, "sold.csv")
        sold.write_text("name,price\ntea,3\nrum,12\ntea,4\n")
        shop = Path(folder, "shop.db")

        rows = files.source(sold, files.SourceSettings(format="csv"))
        # All of it or nothing: a bad row leaves the table as it was.
        whole = sqlite.SinkSettings(transaction="flow", setup="CREATE TABLE sold (name, price)")
        rows.apply(sqlite.sink(shop, "INSERT INTO sold VALUES (:name, :price)", whole)).run()

        report = "SELECT name, sum(price) FROM sold GROUP BY name ORDER BY name"
        for name, total in sqlite.source(shop, report).apply(values()):
            print(name, total)


if __name__ == "__main__":
    main()
