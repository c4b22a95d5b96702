"""Assignment: the partitions that a run has now, what it gave of each, and what was settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from operators._kernel.subscription.prefix import Prefix
from operators.connectors.kafka.message import KafkaMessage

Place = tuple[str, int]
PutBack = Callable[["Partition", int], object]


class Partition:
    """A partition of a run, up to where something in it is to be given again."""

    __slots__ = (
        "_put_back", "_up_to", "committed", "group", "next", "place", "prefix", "settle", "turn",
    )  # fmt: skip

    def __init__(
        self,
        place: Place,
        group: Any,
        put_back: PutBack,
        *,
        up_to: bool,
        before: Partition | None = None,
    ) -> None:
        self.place: Place = place
        self.group: Any = group
        self.prefix: Prefix = Prefix() if before is None else before.prefix
        self.turn: int = 0 if before is None else before.turn + 1
        self.committed: int | None = None if before is None else before.committed
        self.next: int | None = None
        self.settle: Callable[[int, int], bool] = (
            self.prefix.settle_up_to if up_to else self.prefix.settle
        )
        """Settles a message, or all up to it, in a turn; from any thread."""
        self._put_back = put_back
        self._up_to = up_to

    def nack(self, offset: int) -> bool:
        """Have a message, and what comes after it, be given again; from any thread."""
        if not self.prefix.put_back(offset, self.turn):
            return False
        self._put_back(self, offset)
        return True

    def again(self, offset: int) -> Partition:
        """Return the partition that goes on at an offset."""
        self.prefix.again(offset)
        return Partition(self.place, self.group, self._put_back, up_to=self._up_to, before=self)


class Assignment:
    """All partitions of a run; its owner's alone, but for answers to messages, which come from any thread."""

    def __init__(self, group: Any, put_back: PutBack, *, up_to: bool) -> None:
        self._group = group
        self._put_back = put_back
        self._up_to = up_to
        self._has: dict[Place, Partition] = {}

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._has.values())

    def __len__(self) -> int:
        return len(self._has)

    def add(self, place: Place) -> None:
        """Have a partition, of which nothing was given yet."""
        self._has[place] = Partition(place, self._group, self._put_back, up_to=self._up_to)

    def remove(self, place: Place) -> None:
        """Have it no more: what is said of its messages from now on is too late."""
        partition = self._has.pop(place, None)
        if partition is not None:
            partition.prefix.close()

    def again(self, partition: Partition, offset: int) -> bool:
        """Go on at an offset, for what was put back; False: it is somebody else's by now."""
        now = self._has.get(partition.place)
        if now is None or now.prefix is not partition.prefix:
            return False
        self._has[partition.place] = now.again(offset)
        return True

    def of(self, places: list[Place]) -> list[Partition]:
        """Return those of these that it has."""
        return [self._has[place] for place in places if place in self._has]

    @property
    def held(self) -> int:
        """How many messages were given and wait, for their answer or that of one before them."""
        return sum(partition.prefix.held for partition in self._has.values())

    def messages(self, raws: list[Any], *, settled: bool) -> list[KafkaMessage]:
        """Return messages for what the client gave, which are to be answered unless they are `settled`."""
        made: list[KafkaMessage] = []
        given: dict[Partition, list[int]] = {}
        topic, number = "", -1
        partition: Partition | None = None
        offsets: list[int] = []
        for raw in raws:
            # Mostly one partition is all there is for a while.
            if raw.partition() != number or raw.topic() != topic:
                topic, number = raw.topic(), raw.partition()
                partition = self._has.get((topic, number))
                if partition is not None:
                    offsets = given.setdefault(partition, [])
            if partition is not None:  # else it was taken away since
                offsets.append(raw.offset())
                made.append(KafkaMessage(raw, partition, raw.value()))
        for each, numbers in given.items():
            each.next = numbers[-1] + 1
            if not settled:
                each.prefix.give(numbers, each.turn)
        return made
