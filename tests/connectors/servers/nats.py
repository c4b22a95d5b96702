"""NATS with JetStream, built by Go: what Debian has may be too old for pull consumers."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import ClassVar

from tests.connectors.servers.base import Server, built, program, unavailable

VERSION = "v2.15.3"


class Nats(Server):
    """A nats-server that keeps its streams in its folder."""

    name: ClassVar[str] = "nats"

    def command(self) -> list[str]:
        settings = self.folder / "settings"
        settings.write_text(
            f'listen: "{self.host}:{self.port}"\n'
            f'jetstream {{ store_dir: "{self.folder}" }}\n'
            'authorization { users = [{ user: "ada", password: "secret" }, { user: "anybody" }] }\n'
            "no_auth_user: anybody\n"
        )
        return [_program(), "-c", str(settings)]

    def ready(self) -> bool:
        with socket.create_connection((self.host, self.port), 1.0) as client:
            client.settimeout(1.0)
            return client.recv(2_000).startswith(b"INFO")

    @property
    def url(self) -> str:
        return f"nats://{self.host}:{self.port}"


def _program() -> str:
    found = shutil.which("nats-server")
    if found is not None:
        return found
    go = program("go", package="golang-go", folders=("usr/local/go/bin",))

    def build(folder: Path) -> None:
        module = f"github.com/nats-io/nats-server/v2@{VERSION}"
        command = ["env", f"GOBIN={folder}", go, "install", module]
        subprocess.run(command, check=True, capture_output=True, text=True)

    place = built(f"nats-server-{VERSION}", build) / "nats-server"
    if not place.exists():
        unavailable("nats-server", "it was built, and is not there")
    return str(place)
