"""Orders, one of which nobody can read: `python examples/connectors/nats_jetstream.py [url]`.

Without the address of a server it begins one, where there is a nats-server.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from operators import Backoff, Flow
from operators.connectors import Message, nats


@contextmanager
def server() -> Generator[str]:
    program = shutil.which("nats-server")
    if program is None:
        sys.exit("give the address of a server, nats://..., or install nats-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", folder]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            while process.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.01)
            yield f"nats://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def price(order: Message[bytes]) -> Flow[Message[Any]]:
    try:
        return Flow.of(order.with_value(int(order.value)))
    except ValueError:
        nats.reject(order)  # nobody can: it is never given again
        return Flow.empty()


def main(url: str) -> None:
    # What is written twice, after a crash say, is there once.
    once = nats.SinkSettings(stream="orders", message_id=bytes.decode)
    Flow.of(b"3", b"12", b"twelve", b"12", b"4").apply(nats.sink(url, "orders", once)).run()

    prices = nats.source(url, "orders", "billing", nats.SourceSettings(prefetch=10))
    for order in prices.concat_map(price).restart(Backoff(0.1, most=5)).take(3):
        print("to pay:", order.value)
        order.ack()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with server() as own:
            main(own)
