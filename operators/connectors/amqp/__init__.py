"""AMQP 0.9.1, such as RabbitMQ: the messages of a queue as a flow, and messages published with confirms.

>>> from operators.connectors import amqp
>>> orders = amqp.source("amqp://localhost", "orders")
>>> billed = orders.apply(amqp.sink("amqp://localhost", "bills")).tap(lambda order: order.ack())
"""

from operators.connectors.amqp.settings import SinkSettings, SourceSettings
from operators.connectors.amqp.sink import sink
from operators.connectors.amqp.source import source
from operators.connectors.answers import reject

__all__ = ["SinkSettings", "SourceSettings", "reject", "sink", "source"]
