"""NATS JetStream: the messages of a stream by a durable consumer as a flow, and messages published.

>>> from operators.connectors import nats
>>> orders = nats.source("nats://localhost", "orders", "billing")
>>> paid = nats.sink("nats://localhost", "paid")
>>> billed = orders.apply(paid).tap(lambda order: order.ack())  # it is written
"""

from operators.connectors.answers import reject
from operators.connectors.nats.settings import SinkSettings, SourceSettings
from operators.connectors.nats.sink import sink
from operators.connectors.nats.source import source

__all__ = ["SinkSettings", "SourceSettings", "reject", "sink", "source"]
