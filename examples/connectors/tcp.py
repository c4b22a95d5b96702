"""A chat server, and one who talks there: `python examples/connectors/tcp.py`."""

import queue
from typing import Any

from operators import Flow
from operators.connectors import tcp, values
from operators.processors import Multicast


def main() -> None:
    address: queue.Queue[tuple[str, int]] = queue.Queue()
    room: Multicast[bytes] = Multicast()

    def member(connection: tcp.Connection) -> Flow[Any]:
        """Says in the room what comes, and sends what is said there."""
        said = connection.source().apply(values()).tap(room.emit).ignore_elements()
        return said.merge(room.take_until(lambda line: line == b"bye").apply(connection.sink()))

    settings = tcp.Settings(on_listening=address.put)
    server = tcp.listen("127.0.0.1", 0, settings).flat_map(member, concurrency=10)
    # Who vanishes is told of, and the others go on.
    serving = server.skip_errors(lambda letter: print(letter.error)).for_each(lambda _: None)

    def talk(connection: tcp.Connection) -> Flow[Any]:
        heard = connection.source().apply(values()).take(2)
        saying = Flow.of(b"hello", b"bye").apply(connection.sink()).ignore_elements()
        return heard.merge(saying)

    for line in tcp.connect(*address.get()).concat_map(talk):
        print(line.decode())
    serving.cancel()


if __name__ == "__main__":
    main()
