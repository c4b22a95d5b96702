"""RSocket with JavaScript at the other side, rsocket-core 0.0.27, in both directions."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from operators import Backoff, Flow
from operators.connectors import Message, rsocket, values
from operators.schedulers import thread
from tck import Settings
from tests.connectors.kit import DEADLINE, EACH, eventually
from tests.connectors.rsockets import numbered, serving
from tests.connectors.servers.base import own, shared
from tests.connectors.servers.rsocket import Rsocket, RsocketOverWebSockets, client
from tests.operators.kit import probe
from tests.tck.own import Own
from tests.tck.verifying import conforms, verify_source

pytestmark = [pytest.mark.server("rsocket"), pytest.mark.xdist_group("rsocket")]
BOTH = [Rsocket, RsocketOverWebSockets]


@pytest.fixture(params=BOTH, ids=["tcp", "ws"])
def server(request: Any) -> Iterator[Rsocket]:
    with own(request.param) as found:
        yield found


def _has(seen: Any, count: int) -> bool:
    return len(seen.items) == count


def ask(url: str, how: str, *args: Any) -> Flow[Any]:
    return rsocket.connect(url, lambda connection: getattr(connection, how)(*args))


def test_the_other_side_was_asked_for_what_was_asked_for(server: Rsocket):
    seen = probe(rsocket.source(server.url, b"1000").apply(values()), 0)
    for n in (3, 1, 4, 100):
        before = len(seen.items)
        seen.request(n)
        eventually(partial(_has, seen, before + n))
    seen.request(2**62)
    eventually(lambda: seen.completed)
    assert seen.items == [*map(numbered, range(1_000))]
    assert server.said() == ["asked 3", "asked 1", "asked 4", "asked 100", f"asked {2**31 - 1}"]


def test_twenty_thousand_items_one_at_a_time(server: Rsocket):
    count = 0
    for item in rsocket.source(server.url, b"20000").apply(values()):
        assert item == numbered(count)
        count += 1
    assert count == 20_000
    assert server.said() == ["asked 1"] * len(server.said())
    assert len(server.said()) in (20_000, 20_001)


def test_a_cancel_and_an_error_cross(server: Rsocket):
    def use(connection: rsocket.Connection) -> Flow[Any]:
        return connection.request_stream(b"1000000000").take(5).concat(Flow.never())

    run = rsocket.connect(server.url, use).for_each(lambda _: None)
    try:
        eventually(lambda: "cancelled" in server.said())
    finally:
        run.cancel()
    with pytest.raises(rsocket.RemoteError) as caught:
        rsocket.source(server.url, b"fail").run()
    assert caught.value.code == rsocket.APPLICATION_ERROR


def test_the_other_kinds_of_request(server: Rsocket):
    assert ask(server.url, "request_response", b"hello").run() == Message(b"HELLO")
    assert list(ask(server.url, "fire_and_forget", b"bye")) == []
    eventually(lambda: "forgot bye" in server.said())
    items = Flow.range(500).map(lambda n: b"item %d" % n)
    found = ask(server.url, "request_channel", items).apply(values())
    assert list(found) == [b"ITEM %d" % n for n in range(500)]


def test_fragments_are_put_together_there(server: Rsocket):
    payload = Message(b"x" * 10_000, {"metadata": b"m" * 1_000})
    settings = rsocket.Settings(fragment=256)
    assert rsocket.source(server.url, payload, settings).run() == Message(b"10000 1000")


def test_a_server_that_is_killed_and_comes_back():
    with own(Rsocket) as server:
        seen: list[bytes] = []

        def kill(item: bytes) -> None:
            seen.append(item)
            if len(seen) == 5:
                server.kill()
                server.begin()

        flow = (
            rsocket.source(server.url, b"10").apply(values()).publish_on(thread("js"), prefetch=1)
        )
        flow.retry(1_000, on=OSError, backoff=Backoff(0.01, most=0.1)).tap(kill).count().run()
        assert seen[:5] == [*map(numbered, range(5))]
        assert seen[-10:] == [*map(numbered, range(10))]


def test_our_kit_over_a_publisher_in_javascript():
    url = shared(Rsocket).url

    def source(elements: int) -> Flow[Any]:
        return rsocket.source(url, b"%d" % min(elements, 1_000)).apply(values()).map(int)

    own_ = Own("rsocket.source", source, {**EACH, "max_elements": 1_000}, hops=True)
    conforms(verify_source(own_, Settings(**own_.declares)))


@pytest.mark.parametrize("where", ["tcp://127.0.0.1:0", "ws://127.0.0.1:0"])
def test_a_client_in_javascript_asks_us(where: str):
    asked: list[int] = []
    forgotten: queue.Queue[bytes] = queue.Queue()

    def stream(message: Message[bytes]) -> Flow[Any]:
        if message.value == b"fail":
            return Flow.error(OSError("disk full"))
        return Flow.range(int(message.value)).tap(on_request=asked.append).map(numbered)

    def keep(message: Message[bytes]) -> Flow[Any]:
        forgotten.put(message.value)
        return Flow.empty()

    responder = rsocket.Responder(
        request_stream=stream,
        request_response=lambda message: Flow.of(message.value.upper()),
        request_channel=lambda _, incoming: incoming.map(lambda message: message.value.upper()),
        fire_and_forget=keep,
    )
    with serving(responder, where) as url:
        found = client(url, 20_000)
    one, many = (line.split() for line in found["stream"])
    assert one[:3] == ["1", "20000", "true"]
    assert many[:3] == ["256", "20000", "true"]
    assert found["some"] == ["0,1,2,3,4,5,6,7,8,9"]
    assert found["error"] == ["failed 513 disk full"]
    assert found["response"] == ["HELLO"]
    assert found["channel"] == ["A,B,C"]
    assert forgotten.get(timeout=DEADLINE) == b"bye"
    assert asked[:20_000] == [1] * 20_000
    print(f"items/s: {one[3]} at request(1), {many[3]} at request(256)")
