"""Processors (§4): a chain of operators as one, those that are pushed to and shared, and hubs."""

from operators.processors.as_processor import as_processor
from operators.processors.casting import Latest, Multicast, Replay, Unicast
from operators.processors.merge_hub import MergeHub
from operators.processors.partition_hub import PartitionHub
from operators.processors.pushed import Emitted

__all__ = [
    "Emitted",
    "Latest",
    "MergeHub",
    "Multicast",
    "PartitionHub",
    "Replay",
    "Unicast",
    "as_processor",
]
