"""RSocket's other side in JavaScript: rsocket-core 0.0.27 on node, a server or a client."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from tests.connectors.servers.base import Server, built, program, unavailable

_PEER = Path(__file__).with_name("rsocket_peer.js")
_PACKAGES = [
    f"rsocket-{name}@0.0.27"
    for name in (
        "core", "flowable", "tcp-client", "tcp-server", "websocket-client", "websocket-server"
    )
]  # fmt: skip


def _node() -> str:
    return program("node", package="nodejs")


def _modules() -> Path:
    """Install the packages, once; return where they are."""

    def install(folder: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            unavailable("rsocket", "there is no npm to install its packages for JavaScript")
        (folder / "package.json").write_text("{}")
        command = [npm, "install", "--no-audit", "--no-fund", *_PACKAGES]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)

    return built("rsocket-0.0.27", install) / "node_modules"


class Rsocket(Server):
    """A server, which writes what it was asked for into its log."""

    name: ClassVar[str] = "rsocket"
    transport: ClassVar[str] = "tcp"

    def command(self) -> list[str]:
        return [_node(), str(_PEER), "server", self.transport, str(self.port)]

    def environment(self) -> dict[str, str]:
        return {"NODE_PATH": str(_modules())}

    @property
    def url(self) -> str:
        return f"{self.transport}://{self.host}:{self.port}"

    def said(self) -> list[str]:
        """What it has written of requests; not what it complains of, connections that were cut off."""
        words = ("asked ", "cancelled", "forgot ")
        return [line for line in self.log.read_text().splitlines() if line.startswith(words)]


class RsocketOverWebSockets(Rsocket):
    """The same, over WebSockets."""

    transport: ClassVar[str] = "ws"


def client(url: str, count: int) -> dict[str, list[str]]:
    """Have a client ask a server for all there is; return what it has written, by the first word."""
    transport, _, address = url.partition("://")
    done = subprocess.run(
        [_node(), str(_PEER), "client", transport, address.rpartition(":")[2], str(count)],
        env={"NODE_PATH": str(_modules())},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        found.setdefault(word, []).append(rest)
    return found
