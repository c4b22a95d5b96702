"""Apache Kafka: topics as flows, with acknowledgements, and as sinks; the extra is `kafka`."""

from operators.connectors.kafka.consuming import Consuming, PartitionReading
from operators.connectors.kafka.message import KafkaMessage, Record, partition_of
from operators.connectors.kafka.settings import SinkSettings, SourceSettings
from operators.connectors.kafka.sink import sink
from operators.connectors.kafka.source import source
from operators.connectors.kafka.transaction import OrderError, transaction

__all__ = [
    "Consuming",
    "KafkaMessage",
    "OrderError",
    "PartitionReading",
    "Record",
    "SinkSettings",
    "SourceSettings",
    "partition_of",
    "sink",
    "source",
    "transaction",
]
