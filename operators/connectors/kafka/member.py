"""Member: a consumer of a group, its partitions, what it commits. One thread calls it, the owner's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

from operators.connectors.kafka.assignment import Assignment, Partition, Place
from operators.connectors.kafka.client import LOGGER, Trouble, configured, package, quietly, reach
from operators.connectors.kafka.consuming import Consuming, PartitionReading
from operators.connectors.kafka.message import KafkaMessage
from operators.connectors.kafka.settings import SourceSettings

_PROBE = 2.0  # seconds for a broker to answer who was thought to be gone


class Member:
    """A consumer of the client, which it calls back only in calls that are made here."""

    def __init__(
        self,
        servers: str,
        topics: list[str],
        group: str,
        settings: SourceSettings,
        consuming: Consuming,
        put_back: Callable[[Partition, int], object],
    ) -> None:
        self._servers = servers
        self._topics = topics
        self._group = group
        self._settings = settings
        self._consuming = consuming
        self._kafka = package()
        self._trouble = Trouble()
        self._client: Any = None
        self._stash: list[Any] = []
        self._paused: set[Place] = set()
        self._caught_up: set[Place] = set()
        self._seeks: dict[Place, int] = {}
        self._was_assigned = False
        self._is_new_generation = False
        self._metadata: Any = None
        self._wait_for_answers: Callable[[list[Partition]], object] = _no_wait
        self.assignment: Assignment = Assignment(self, put_back, up_to=settings.acks == "up_to")

    # Its life -----------------------------------------------------------------------------------

    def open(
        self, given_up: Callable[[], bool], wait_for_answers: Callable[[list[Partition]], object]
    ) -> None:
        """Join the group; raises where no broker answers, or a topic is not there."""
        settings = self._settings
        self._wait_for_answers = wait_for_answers
        config = configured(
            self._servers,
            settings.config,
            self._trouble,
            {
                "group.id": self._group,
                "auto.offset.reset": settings.start,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": settings.end == "caught_up",
                "check.crcs": True,
                "queued.min.messages": max(20_000, 2 * settings.prefetch),
                "queued.max.messages.kbytes": max(1, settings.buffer // 1024),
                "fetch.message.max.bytes": min(1_048_576, settings.buffer),
                "fetch.queue.backoff.ms": 10,
                "on_commit": self._on_commit,
            },
        )
        self._client = self._kafka.Consumer(config)
        reach(
            self._client,
            self._servers,
            self._topics,
            settings.connect_timeout,
            self._trouble,
            given_up,
        )
        self._client.subscribe(
            self._topics,
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def end(self) -> None:
        """Commit, and leave the group."""
        client, self._client = self._client, None
        if client is None:
            return
        self._wait_for_answers = _no_wait
        with quietly("the last commit"):
            if self._trouble.down_since is None and self._has_to_commit():
                client.list_topics(timeout=_PROBE)  # the commit itself would wait for ever
                self._commit_settled(client, self.assignment, wait=True)
        for partition in [*self.assignment]:
            self.assignment.remove(partition.place)
        client.close()

    def metadata(self) -> Any:
        """Return what a transaction has to know of the group, as of the last messages; from any thread."""
        return self._metadata

    # Messages -----------------------------------------------------------------------------------

    def take(self, most: int, seconds: float) -> list[KafkaMessage]:
        """Return up to `most` messages, at once if there are some, else wait for the first one."""
        self._resume()
        raws, self._stash = self._stash, []
        if not raws:
            raws = self._polled(seconds)
            if raws and most > 1:
                raws += self._client.consume(most - 1, 0)
        settled = self._settings.promise == "at_most_once"
        # Nearly all of them are messages, and nothing else is to be known of them.
        plain = not self._seeks
        found = [raw for raw in raws if (plain and raw.error() is None) or self._is_message(raw)]
        if found:
            self._trouble.down_since = None
        messages = self.assignment.messages(found, settled=settled)
        if messages:
            self._learn()
        if messages and settled:
            self._commit(
                self._client,
                [(each, each.next) for each in self.assignment if each.next != each.committed],
                wait=True,
            )
        return messages

    def keep_up(self) -> None:
        """Take part in the group, and read nothing."""
        self._pause()
        # What slips in is the first to be given.
        self._stash += [raw for raw in self._polled(0) if self._is_message(raw)]

    @property
    def has_caught_up(self) -> bool:
        """Whether all that was there when it came to the end of each partition is given."""
        return (
            self._was_assigned
            and not self._stash
            and all(each.place in self._caught_up for each in self.assignment)
        )

    def look(self) -> None:
        """Do what is due, and raise what the client has told of."""
        trouble = self._trouble
        trouble.look()
        self._learn()
        for place, offset in [*self._seeks.items()]:
            # Where it has only just been assigned it cannot be had to seek yet.
            with suppress(self._kafka.KafkaException):
                self._client.seek(self._kafka.TopicPartition(*place, offset))
                del self._seeks[place]
        if trouble.down_since is not None:
            gone = monotonic() - trouble.down_since
            if gone > self._settings.outage:
                self._probe(gone)

    def _probe(self, gone: float) -> None:
        try:
            self._client.list_topics(timeout=_PROBE)
        except self._kafka.KafkaException as error:
            raise ConnectionError(
                f"{self._servers}: no broker for {gone:.0f} s (outage=): {error.args[0].str()}"
            ) from error
        self._trouble.down_since = None

    def _learn(self) -> None:
        """Ask for what a transaction has to know: here, for of two threads one might wait for ever."""
        if self._is_new_generation and self._settings.promise == "exactly_once":
            self._metadata = self._client.consumer_group_metadata()
        self._is_new_generation = False

    def again(self, partition: Partition, offset: int) -> None:
        """Read a partition again from an offset on."""
        if self.assignment.again(partition, offset):
            self._stash = [raw for raw in self._stash if _place(raw) != partition.place]
            self._caught_up.discard(partition.place)
            self._seeks[partition.place] = offset

    def _polled(self, seconds: float) -> list[Any]:
        raw = self._client.poll(seconds)
        return [] if raw is None else [raw]

    def _is_message(self, raw: Any) -> bool:
        error = raw.error()
        if error is None:
            # It was under way when it was to be given again from before it on.
            return _place(raw) not in self._seeks
        codes = self._kafka.KafkaError
        if error.code() == codes._PARTITION_EOF:
            self._caught_up.add(_place(raw))
        elif error.fatal() or error.code() in _hopeless(codes):
            raise self._kafka.KafkaException(error)
        else:
            LOGGER.warning("%s", error)
        return False

    # Pausing ------------------------------------------------------------------------------------

    def _pause(self) -> None:
        places = {each.place for each in self.assignment} - self._paused
        if places:
            self._client.pause(self._at(places))
            self._paused |= places

    def _resume(self) -> None:
        if self._paused:
            places, self._paused = self._paused, set()
            self._client.resume(self._at(places))

    def _at(self, places: Iterable[Place]) -> list[Any]:
        return [self._kafka.TopicPartition(*place) for place in places]

    # The group ----------------------------------------------------------------------------------

    def _on_assign(self, _: Any, partitions: list[Any]) -> None:
        for each in partitions:
            self.assignment.add((each.topic, each.partition))
        self._was_assigned = True
        self._is_new_generation = True
        self._consuming.rebalances += 1

    def _on_revoke(self, client: Any, partitions: list[Any]) -> None:
        leaving = self._leaving(partitions)
        self._wait_for_answers(leaving)
        with quietly("the commit at a rebalance"):
            self._commit_settled(client, leaving, wait=True)
        self._leave(client, partitions)

    def _on_lost(self, client: Any, partitions: list[Any]) -> None:
        LOGGER.warning("%d partitions were lost; others may have them by now", len(partitions))
        self._leave(client, partitions)

    def _leaving(self, partitions: list[Any]) -> list[Partition]:
        return self.assignment.of([(each.topic, each.partition) for each in partitions])

    def _leave(self, client: Any, partitions: list[Any]) -> None:
        for each in partitions:
            place = each.topic, each.partition
            self.assignment.remove(place)
            self._seeks.pop(place, None)
            self._caught_up.discard(place)
            if place in self._paused:
                self._paused.discard(place)
                with suppress(self._kafka.KafkaException):  # or it would come back paused
                    client.resume(self._at([place]))
        self._stash = [raw for raw in self._stash if self.assignment.of([_place(raw)])]
        self._consuming.rebalances += 1

    # Commits ------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Commit what is settled, unless that was done; without waiting for it."""
        self._commit_settled(self._client, self.assignment, wait=False)

    def _has_to_commit(self) -> bool:
        return any(each.prefix.position() != each.committed for each in self.assignment)

    def _commit_settled(self, client: Any, partitions: Iterable[Partition], *, wait: bool) -> None:
        if self._settings.promise == "at_least_once":
            at = [(each, each.prefix.position()) for each in partitions]
            self._commit(client, [pair for pair in at if pair[1] != pair[0].committed], wait=wait)

    def _commit(self, client: Any, at: list[tuple[Partition, int | None]], *, wait: bool) -> None:
        offsets = [
            self._kafka.TopicPartition(*partition.place, offset)
            for partition, offset in at
            if offset is not None
        ]
        if offsets:
            client.commit(offsets=offsets, asynchronous=not wait)
            for partition, offset in at:
                partition.committed = offset

    def _on_commit(self, error: Any, partitions: list[Any]) -> None:
        failed = [each for each in partitions if error is not None or each.error is not None]
        if failed:
            LOGGER.info("a commit failed, and is made again: %s", error or failed[0].error)
        for partition in self._leaving(failed):
            partition.committed = None

    # Readings -----------------------------------------------------------------------------------

    def read(self) -> None:
        """Write down what each partition is at."""
        self._consuming.partitions = tuple(self._reading(each) for each in self.assignment)

    def _reading(self, partition: Partition) -> PartitionReading:
        topic, number = partition.place
        # What the client has seen last: nobody is asked.
        marks = self._client.get_watermark_offsets(*self._at([partition.place]), cached=True)
        end = marks[1] if marks and marks[1] >= 0 else None
        return PartitionReading(
            topic,
            number,
            position=partition.next,
            committed=partition.committed,
            end=end,
            lag=None if end is None else max(0, end - (partition.next or partition.committed or 0)),
            unacknowledged=partition.prefix.unsettled,
            paused=partition.place in self._paused,
        )


def _no_wait(_: list[Partition]) -> None:
    pass


def _place(raw: Any) -> Place:
    return raw.topic(), raw.partition()


def _hopeless(codes: Any) -> tuple[int, ...]:
    """What does not get better by itself, or would be passed over."""
    return (
        codes.UNKNOWN_TOPIC_OR_PART,
        codes._UNKNOWN_TOPIC,
        codes._UNKNOWN_PARTITION,
        codes.TOPIC_AUTHORIZATION_FAILED,
        codes.GROUP_AUTHORIZATION_FAILED,
        codes._AUTO_OFFSET_RESET,
        codes._BAD_MSG,
        codes._BAD_COMPRESSION,
        codes.INVALID_MSG,
    )
