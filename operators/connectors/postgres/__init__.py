"""PostgreSQL, with psycopg: rows of a query as a flow, and rows written in transactions.

>>> from operators.connectors import postgres, values
>>> rows = postgres.source("dbname=shop", "SELECT name, price FROM sold").apply(values())
>>> copied = rows.apply(postgres.sink("dbname=archive", "COPY sold (name, price) FROM STDIN"))
"""

from operators.connectors.postgres.notifications import notifications
from operators.connectors.postgres.queue_table import queue_schema, queue_sink, queue_source
from operators.connectors.postgres.settings import (
    NotificationSettings,
    QueueSettings,
    SinkSettings,
    SourceSettings,
)
from operators.connectors.postgres.sink import sink
from operators.connectors.postgres.source import source

__all__ = [
    "NotificationSettings",
    "QueueSettings",
    "SinkSettings",
    "SourceSettings",
    "notifications",
    "queue_schema",
    "queue_sink",
    "queue_source",
    "sink",
    "source",
]
