"""What comes out of a topic, and what goes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from operators.connectors.message import Message

if TYPE_CHECKING:
    from operators.connectors.kafka.assignment import Partition

T_co = TypeVar("T_co", covariant=True, default=bytes)
U = TypeVar("U")

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Record:
    """What a sink is to write, where a value alone does not say enough.

    `value` is bytes, str, or None for a tombstone. What else is None is decided: the `topic` by the sink,
    the `partition` by the client, of the key; the `timestamp`, in milliseconds, is now.
    """

    value: str | bytes | None
    key: str | bytes | None = None
    headers: Headers = ()
    topic: str | None = None
    partition: int | None = None
    timestamp: int | None = None


class KafkaMessage(Message[T_co]):
    """A Message of a topic; `headers` has topic, partition, offset, timestamp (ms), key, and headers."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Any, partition: Partition, value: Any) -> None:
        # No call of the one above: it would make an answer of its own, for each message.
        self.value = value
        self._raw = raw
        self._settle: Any = partition  # whoever asks looks whether there is somebody to be told

    @property
    def headers(self) -> Mapping[str, Any]:  # type: ignore[override]
        raw = self._raw
        return {
            "topic": raw.topic(),
            "partition": raw.partition(),
            "offset": raw.offset(),
            "timestamp": raw.timestamp()[1],
            "key": raw.key(),
            "headers": tuple(raw.headers() or ()),
        }

    def ack(self) -> bool:
        partition = self._settle
        settled: bool = partition.settle(self._raw.offset(), partition.turn)
        return settled

    def nack(self) -> bool:
        put_back: bool = self._settle.nack(self._raw.offset())
        return put_back

    def with_value(self, value: U) -> Message[U]:
        return KafkaMessage(self._raw, self._settle, value)

    @property
    def place(self) -> tuple[str, int]:
        """The topic and the partition it comes from."""
        return self._raw.topic(), self._raw.partition()

    @property
    def offset(self) -> int:
        """Its number in the partition."""
        offset: int = self._raw.offset()
        return offset

    @property
    def source(self) -> Partition:
        """The partition, as the run that gave this message has it."""
        partition: Partition = self._settle
        return partition


def partition_of(message: Message[Any]) -> tuple[str, int]:
    """Return the topic and the partition a message comes from: a key for what has to keep order.

    `flow.map_async(work, key=kafka.partition_of)` works on partitions side by side, and on each in order.
    """
    if isinstance(message, KafkaMessage):
        return message.place
    return message.headers["topic"], message.headers["partition"]
