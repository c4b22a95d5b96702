"""Redis Streams: entries that fall to a member of a group as a flow, and entries appended to a stream.

>>> from operators.connectors import redis
>>> orders = redis.source("redis://localhost", "orders", "billing")
>>> paid = redis.sink("redis://localhost", "paid", redis.SinkSettings(maxlen=1_000_000))
>>> billing = orders.map(lambda order: order.with_value({"id": order.headers["id"]})).apply(paid)
>>> billed = billing.tap(lambda order: order.ack())  # it is written
"""

from operators.connectors.redis.settings import SinkSettings, SourceSettings
from operators.connectors.redis.sink import sink
from operators.connectors.redis.source import source

__all__ = ["SinkSettings", "SourceSettings", "sink", "source"]
