"""RabbitMQ, with all that it has in a folder of its own."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import ClassVar

from tests.connectors.servers.base import Server, free_port, program, unavailable

# Debian's wrapper in the path changes the user; this is what it calls.
_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class RabbitMQ(Server):
    """A rabbitmq-server with its own port mapper, which would go on after it otherwise."""

    name: ClassVar[str] = "amqp"

    def __init__(self) -> None:
        super().__init__()
        self._mapper = free_port()
        self._cluster = free_port()

    def command(self) -> list[str]:
        program("rabbitmq-server", package="rabbitmq-server", folders=("usr/lib/rabbitmq/bin",))
        if not _SCRIPT.exists():
            unavailable(self.name, f"there is no {_SCRIPT}")
        epmd = program("epmd", package="erlang-base")
        settings = self.folder / "rabbitmq.conf"
        settings.write_text(
            f"listeners.tcp.local = {self.host}:{self.port}\n"
            "loopback_users.guest = false\n"
            # As small as it can be: it is one of several on a machine.
            "vm_memory_high_watermark.absolute = 512MB\n"
            "disk_free_limit.absolute = 10MB\n"
        )
        together = f"{epmd} -port {self._mapper} -address 127.0.0.1 & exec {_SCRIPT}"
        return ["/bin/sh", "-c", together]

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),  # the cookie is there
            "ERL_EPMD_PORT": str(self._mapper),
            "RABBITMQ_NODENAME": f"tests-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._cluster),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            # One scheduler and no waiting in circles: the cores are the tests'.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def ready(self) -> bool:
        with socket.create_connection((self.host, self.port), 1.0) as client:
            client.settimeout(1.0)
            client.sendall(b"AMQP\x00\x00\x09\x01")
            return client.recv(1) == b"\x01"

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{self.host}:{self.port}/"
