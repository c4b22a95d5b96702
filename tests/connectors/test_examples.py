"""Each example runs, and prints what it is to print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.connectors.mock_kafka import made
from tests.connectors.servers.base import Server, shared
from tests.connectors.servers.kafka import Kafka
from tests.connectors.servers.nats import Nats
from tests.connectors.servers.postgres import Postgres
from tests.connectors.servers.rabbitmq import RabbitMQ
from tests.connectors.servers.redis import Redis

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "connectors"
EXAMPLES = sorted(FOLDER.glob("*.py"))
PRINTS = {
    "files": "request 2 took 4 s\n",
    "postgres_jobs": "to pay: 3\nto pay: 12\nto pay: 4\nrum 12\ntea 7\n",
    "queues": "to pay: 12\nto pay: 30\nto pay: 7\n",
    "tcp": "hello\nbye\n",
    "sqlite": "rum 12\ntea 7\n",
    "parquet": "sold-00001.parquet 11994\nsold-00002.parquet 12003\nsold-00003.parquet 5997\n",
    "processes": "pear\nplum\n",
    "http_tokens": "fast: 6 tokens\nslow: 6 tokens\nthe model has stopped\n"
    "gone after 3 tokens\nthe model has stopped\n",
    "http_orders": "{'price': 3}\n{'price': 6}\n{'price': 9}\n",
    "amqp_work": "to pay: 3\nto pay: 4\nnobody can read: twelve\n",
    "nats_jetstream": "to pay: 3\nto pay: 12\nto pay: 4\n",
    "redis_streams": "to pay: 3\nto pay: 12\nto pay: 4\n",
    "rsocket_prices": "price of tea: 7\nprice of rum: 12\n1 2 3\n",
    "kafka": "ann has to pay 12\nann has to pay 7\nbob has to pay 30\n",
    "jvm_flow": "7\n12\n",
    "kafka_group": "90 bills\n",
    "rx": "4 even\n16 even\n",
}

SERVERS: dict[str, type[Server]] = {
    "amqp_work": RabbitMQ,
    "kafka_group": Kafka,  # the mock loses members that join at the same moment
    "nats_jetstream": Nats,
    "postgres_jobs": Postgres,
    "redis_streams": Redis,
}
"""The server that an example needs, or begins where it is installed."""


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.stem,
            marks=[pytest.mark.server(each.name) for each in (SERVERS.get(path.stem),) if each]
            or [pytest.mark.server("jvm")] * (path.stem == "jvm_flow")
            or [pytest.mark.large] * (path.stem == "parquet"),
        )
        for path in EXAMPLES
    ],
)
def test_an_example_runs(path: Path):
    arguments: list[str] = []
    environment = dict(os.environ)
    if path.stem in SERVERS:
        server = shared(SERVERS[path.stem])  # it is installed by that
        arguments = [server.conninfo] if isinstance(server, Postgres) else []
        arguments += [server.url] if isinstance(server, RabbitMQ) else []
        if isinstance(server, Kafka):
            arguments = [server.servers]
            # One that is just being made is not there for a moment.
            for topic in (
                "orders",
                "bills",
            ):
                made(server.servers, 4, topic)
        program = Path(server.command()[0])
        environment["PATH"] = f"{program.parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        capture_output=True, text=True, timeout=50, check=False, env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, PRINTS[path.stem]), done.stderr
