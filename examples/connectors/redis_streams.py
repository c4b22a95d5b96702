"""Orders of one stream become bills of another one: `python examples/connectors/redis_streams.py [url]`.

Without the address of a server it begins one, where there is a redis-server.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from operators import Backoff, Flow
from operators.connectors import redis


@contextmanager
def server() -> Generator[str]:
    program = shutil.which("redis-server")
    if program is None:
        sys.exit("give the address of a server, redis://..., or install redis-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", str(port), "--dir", folder, "--save", ""]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while process.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.01)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def main(url: str) -> None:
    orders = Flow.of(("tea", 3), ("rum", 12), ("tea", 4)).map(
        lambda it: {"what": it[0], "price": it[1]}
    )
    orders.apply(redis.sink(url, "orders")).run()

    reading = redis.SourceSettings(prefetch=10, text=True)
    billed = (
        redis.source(url, "orders", "billing", reading)
        .map(lambda order: order.with_value({"to pay": order.value["price"]}))
        .apply(redis.sink(url, "bills"))
        .tap(lambda bill: bill.ack())  # it is written: the order is dealt with
    )
    # A connection that is lost is made again, and what was not acknowledged comes again.
    for bill in billed.restart(Backoff(0.1, most=5)).take(3):
        print("to pay:", bill.value["to pay"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with server() as own:
            main(own)
