"""Orders are written together with jobs, which a worker takes: `python examples/connectors/postgres_jobs.py`.

The first argument is the conninfo of a server; without one it is that of libpq's environment: PGHOST,
PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
"""

import os
import sys

from operators import Backoff, Flow
from operators.connectors import postgres, values

SCHEMA = "CREATE TABLE IF NOT EXISTS orders (what text, price int);" + postgres.queue_schema("jobs")
# Both or neither: there is no order without its job.
BOOK = """
WITH booked AS (INSERT INTO orders VALUES (%s, %s) RETURNING what, price)
INSERT INTO jobs (payload) SELECT to_jsonb(booked) FROM booked
"""


def main(conninfo: str) -> None:
    settings = postgres.SinkSettings(transaction="flow", setup=SCHEMA)
    orders = Flow.of(("tea", 3), ("rum", 12), ("tea", 4))
    orders.apply(postgres.sink(conninfo, BOOK, settings)).run()

    until_empty = postgres.QueueSettings(until_empty=True)
    jobs = postgres.queue_source(conninfo, "jobs", until_empty).retry(backoff=Backoff(0.1, most=5))
    for job in jobs:
        print("to pay:", job.value["price"])
        job.ack()  # it is dealt with, and gone

    report = "SELECT what, sum(price) FROM orders GROUP BY what ORDER BY what"
    for what, total in postgres.source(conninfo, report).apply(values()):
        print(what, total)
    Flow.of(()).apply(postgres.sink(conninfo, "DROP TABLE orders, jobs")).run()


if __name__ == "__main__":
    if len(sys.argv) < 2 and "PGHOST" not in os.environ:
        sys.exit(
            "give the conninfo of a server, such as postgresql://localhost/shop, or set PGHOST"
        )
    main(sys.argv[1] if len(sys.argv) > 1 else "")
