"""What goes wrong around a broker, whichever: a server that keeps messages until they are acknowledged."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operators import Backoff, Flow, Handle
from operators.connectors import Message
from operators.custom import Sink
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, outcome
from tests.connectors.peers import Address, hanging, nowhere, proxy
from tests.connectors.servers.base import Server, own, shared

ROOT = Path(__file__).resolve().parents[2]
BACKOFF = Backoff(0.02, most=0.2, jitter=0.5)
_NAMES = itertools.count(1)
_AHEAD = 64
"""The prefetch of a worker, who keeps some without an answer."""


@dataclass(frozen=True)
class Broker:
    """One kind of broker: how it is started, and its source and sink, of messages that are a number each."""

    kind: type[Server]
    make: Callable[[Address, str], None]
    """Makes the place that messages are in."""
    source: Callable[..., Flow[Message[Any]]]
    """Of an address, a name, and settings: what another has left behind comes within a second or two."""
    sink: Callable[..., Sink[Any]]
    item: Callable[[int], Any]
    number: Callable[[Message[Any]], int]
    waiting: Callable[[Address, str], int]
    """The messages that the broker keeps: not acknowledged, given or not."""
    given: Callable[[Address, str], int]
    """Those of them that it has given to somebody."""
    prefetch: int = 16
    alone: bool = True
    """Whether a server is begun for one that is to hang, which takes its time."""
    kills: int = 2
    unsaved: int = 0
    """Answers that a server which is killed had taken, and had not saved yet."""

    def server(self) -> Server:
        return shared(self.kind)

    @contextmanager
    def to_hang(self) -> Iterator[Server]:
        """A server that may hang for a while."""
        if self.alone:
            with own(self.kind) as server:
                yield server
        else:
            yield self.server()

    def new(self, server: Server) -> tuple[Address, str]:
        """A place of its own on a server."""
        name = f"numbers-{os.getpid()}-{next(_NAMES)}"
        address = (server.host, server.port)
        self.make(address, name)
        return address, name

    def fill(self, place: tuple[Address, str], count: int) -> None:
        Flow.range(count).map(self.item).apply(self.sink(*place)).run()

    def filled(self, count: int) -> tuple[Address, str]:
        place = self.new(self.server())
        self.fill(place, count)
        return place

    def numbers(self, flow: Flow[Message[Any]], into: list[int]) -> Flow[Any]:
        """Take note of each, and acknowledge it then."""

        def take(message: Message[Any]) -> None:
            into.append(self.number(message))
            message.ack()

        return flow.tap(take)


def nothing(_: object) -> None:
    pass


def said(line: str, address: Address) -> str:
    return line.replace(f"{address[0]}:{address[1]}", "the server")


def short(line: str) -> str:
    """The kind of an error alone, where its text is not ours."""
    return line.split(":")[0]


# Faults: each is given a broker --------------------------------------------------------------------


def server_absent(broker: Broker) -> str:
    return short(outcome(broker.source(nowhere(), "numbers").run))


def server_absent_for_a_sink(broker: Broker) -> str:
    return short(outcome(Flow.of(broker.item(1)).apply(broker.sink(nowhere(), "numbers")).run))


def hanging_at_start(broker: Broker) -> str:
    address, gone = hanging()
    try:
        found = said(outcome(broker.source(address, "numbers", timeout=0.2).run), address)
    finally:
        gone.set()
    return f"with timeout=0.2: {found}"


def hanging_at_start_for_a_sink(broker: Broker) -> str:
    address, gone = hanging()
    flow = Flow.of(broker.item(1)).apply(broker.sink(address, "numbers", timeout=0.2))
    try:
        found = said(outcome(flow.run), address)
    finally:
        gone.set()
    return f"with timeout=0.2: {found}"


def hangs_later(broker: Broker, **settings: Any) -> str:
    """It is stopped as it stands, in the middle of a flow."""
    with broker.to_hang() as server:
        place = broker.new(server)
        broker.fill(place, 40)
        seen: list[int] = []
        flow = broker.numbers(broker.source(*place, timeout=0.3, linger=0.1, **settings), seen)
        run = flow.for_each(nothing)
        try:
            eventually(lambda: len(seen) == 40)
            server.hang()
            found = said(outcome(lambda: run.result(DEADLINE)), place[0])
        finally:
            server.go_on()
            run.cancel()
    return f"with timeout=0.3: {found}"


def hangs_later_for_a_sink(broker: Broker) -> str:
    with broker.to_hang() as server:
        place = broker.new(server)
        seen: list[Any] = []
        sink = broker.sink(*place, timeout=0.3)
        run = Flow.range(1_000_000).map(broker.item).apply(sink).for_each(seen.append)
        try:
            eventually(lambda: len(seen) > 40)
            server.hang()
            found = said(outcome(lambda: run.result(DEADLINE)), place[0])
        finally:
            server.go_on()
            run.cancel()
    return f"with timeout=0.3: {found}"


def killed_and_back(broker: Broker, count: int = 2_000) -> str:
    """The server is killed, twice, while a flow reads and another one writes."""
    with own(broker.kind) as server:
        place = broker.new(server)
        written: list[int] = []
        todo = iter(range(count))
        left: list[int] = []

        def producing() -> Flow[Any]:
            """Those that nobody has answered for, and then the others."""
            flow = Flow.from_iterable(itertools.chain(tuple(left), todo)).tap(keep)
            return flow.map(lambda n: Message(broker.item(n), {"n": n})).apply(broker.sink(*place))

        def keep(n: int) -> None:
            if n not in left:
                left.append(n)

        def done(message: Message[Any]) -> None:
            written.append(message.headers["n"])
            left.remove(message.headers["n"])

        seen: list[int] = []
        writing = Flow.defer(producing).retry(backoff=BACKOFF).tap(done).for_each(nothing)
        slowly = broker.source(*place).tap(lambda _: time.sleep(0.000_2))
        reading = broker.numbers(slowly, seen)
        run = reading.retry(backoff=BACKOFF).for_each(nothing)
        try:
            for part in (count // 4, count // 2)[: broker.kills]:
                _ahead(seen, part, run, writing)
                server.kill()
                server.begin()
            writing.result(DEADLINE)
            _ahead(seen, count, run, writing)
            eventually(lambda: broker.waiting(*place) == 0, "all acknowledged")
        finally:
            writing.cancel()
            run.cancel()
        assert set(written) == set(range(count))
        again = sum(Counter(seen).values()) - count
        # What was under way, in both directions, at each of the kills, and what the server forgot.
        assert again <= 2 * (broker.prefetch + 200 + broker.unsaved), again
        return "with retry(backoff=...): nothing lost, twice only what was under way"


def _ahead(seen: list[int], count: int, *runs: Handle) -> None:
    def far() -> bool:
        for run in runs:
            if run.done:
                run.result(0)
        return len(set(seen)) >= count

    eventually(far, f"{count} of them")


@contextmanager
def worker(broker: Broker, place: tuple[Address, str], module: str) -> Iterator[Any]:
    """Another process that reads, does not acknowledge the last ones, and prints each number."""
    (host, port), name = place
    code = (
        f"from tests.connectors.faults.{module} import BROKER\n"
        "import time\n"
        f"flow = BROKER.source(({host!r}, {port}), {name!r}, prefetch={_AHEAD})\n"
        "for message in flow:\n"
        "    print(BROKER.number(message), flush=True)\n"
        "    time.sleep(0.001)\n"
        "    if BROKER.number(message) % 2 == 0:\n"
        "        message.ack()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def consumer_killed(broker: Broker, module: str) -> str:
    """Three consumers, processes of their own, are killed; what they had comes again to the fourth."""
    place = broker.filled(300)
    had: list[int] = []
    for _ in range(3):
        with worker(broker, place, module) as process:
            lines = list(itertools.islice(process.stdout, 30))
            process.kill()
            # What it had said and acknowledged by then counts, too.
            had += map(int, [*lines, *process.stdout])
    seen: list[int] = []
    run = broker.numbers(broker.source(*place), seen).for_each(nothing)
    try:
        eventually(lambda: broker.waiting(*place) == 0, "all acknowledged")
    finally:
        run.cancel()
    assert set(had) | set(seen) == set(range(300))
    assert {n for n in had if n % 2} <= set(seen), "given again"
    again = len(had) + len(seen) - 300
    assert again <= sum(n % 2 for n in had) + 3 * _AHEAD, again
    return "nothing lost: what it had not acknowledged comes again to another one"


def cancel_while_it_connects(broker: Broker) -> str:
    address, gone = hanging()
    run = broker.source(address, "numbers").for_each(nothing)
    time.sleep(0.05)  # it is as right when it is earlier
    cancelled_after(run, lambda: True)
    gone.set()
    return "the attempt is given up"


def cancel_while_it_waits(broker: Broker) -> str:
    place = broker.filled(10)
    seen: list[int] = []
    run = broker.numbers(broker.source(*place), seen).for_each(nothing)
    cancelled_after(run, lambda: len(seen) == 10)
    eventually(lambda: broker.waiting(*place) == 0, "the last answers")
    broker.fill(place, 5)
    seen.clear()
    run = broker.numbers(broker.source(*place), seen).for_each(nothing)
    cancelled_after(run, lambda: seen == list(range(5)))
    return "the connection is closed; what comes later stays with the server"


def cancel_in_the_middle(broker: Broker) -> str:
    place = broker.filled(100)
    some: list[int] = []
    run = broker.numbers(broker.source(*place), some).take(10).for_each(nothing)
    run.result(DEADLINE)
    rest: list[int] = []
    run = broker.numbers(broker.source(*place), rest).for_each(nothing)
    cancelled_after(run, lambda: len(rest) >= 90)
    assert sorted(some + rest) == list(range(100))
    return "what was fetched and not passed on is given to others"


def cancel_while_it_writes(broker: Broker) -> str:
    place = broker.new(broker.server())
    written: list[Any] = []
    flow = Flow.range(10_000_000).map(broker.item).apply(broker.sink(*place))
    run = flow.for_each(written.append)
    cancelled_after(run, lambda: len(written) > 50)
    assert broker.waiting(*place) >= len(written)
    return "what was passed on is there"


def slow_reader(broker: Broker) -> str:
    """It takes a millisecond for each message: what the server has given out is bounded all the time."""
    place = broker.filled(500)
    most: list[int] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            most.append(broker.given(*place))

    watching = threading.Thread(target=look)
    watching.start()
    seen: list[int] = []
    try:
        slowly = broker.source(*place).tap(lambda _: time.sleep(0.001))
        broker.numbers(slowly, seen).take(500).run()
    finally:
        stop.set()
        watching.join()
    assert seen == list(range(500))
    # Answers are on their way while the next ones are fetched.
    assert 0 < max(most) <= 2 * broker.prefetch, max(most)
    return "the server has given out `prefetch`, and those whose answers are on their way"


def two_threads(broker: Broker) -> str:
    place = broker.filled(400)
    seen: list[int] = []
    flow = broker.numbers(broker.source(*place), seen)
    runs = [flow.for_each(nothing) for _ in range(2)]
    for run in runs:
        cancelled_after(run, lambda: len(seen) >= 400)
    assert sorted(seen) == list(range(400))
    return "each message to one of them"


def slow_line(broker: Broker) -> str:
    place = broker.filled(40)
    seen: list[int] = []
    with proxy(place[0], piece=97, gate=lambda: time.sleep(0.001)) as address:
        run = broker.numbers(broker.source(address, place[1]), seen).for_each(nothing)
        cancelled_after(run, lambda: len(seen) == 40 and broker.waiting(*place) == 0)
    assert seen == list(range(40))
    return "all messages, whole, however the pieces fall"


def cut_line(broker: Broker, after: int) -> str:
    place = broker.filled(200)
    seen: list[int] = []
    with proxy(place[0], cut_after=after) as address:
        found = outcome(broker.numbers(broker.source(address, place[1]), seen).run)
    run = broker.numbers(broker.source(*place), seen).for_each(nothing)
    cancelled_after(run, lambda: set(seen) == set(range(200)))
    return f"{short(found)}; nothing lost"


def corrupt_line(broker: Broker, what: bytes, becomes: bytes) -> str:
    """What the protocol counts on is damaged, once, in the midst of the messages."""
    place = broker.filled(200)
    seen: list[int] = []
    passed: list[int] = []

    def damage(data: bytes) -> bytes:
        return data.replace(what, becomes, 1) if sum(passed) > 3_000 else data

    with proxy(place[0], change=damage, passed=passed) as address:
        found = outcome(broker.numbers(broker.source(address, place[1]), seen).run)
    run = broker.numbers(broker.source(*place), seen).for_each(nothing)
    cancelled_after(run, lambda: set(seen) == set(range(200)))
    return f"{short(found)}; nothing lost"


COMMON: dict[str, Callable[[Broker], str]] = {
    "cancel in the middle": cancel_in_the_middle,
    "cancel while it connects": cancel_while_it_connects,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    "hanging server": hangs_later,
    "hanging server, at the start": hanging_at_start,
    "hanging server, at the start, for a sink": hanging_at_start_for_a_sink,
    "hanging server, for a sink": hangs_later_for_a_sink,
    "server absent": server_absent,
    "server absent, for a sink": server_absent_for_a_sink,
    "server killed, comes back": killed_and_back,
    "slow line, in small pieces": slow_line,
    "slow reader": slow_reader,
    "two threads": two_threads,
}
