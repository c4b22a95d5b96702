"""Apache Kafka: one broker, which is its own controller (KRaft); fetched with Maven, run by a JDK."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import ClassVar

from tests.connectors.servers.base import Server, built, free_port, unavailable

VERSION = "4.3.1"
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
_CLUSTER = "4L6g3nShT-eMCtK--X86sw"


def _fetch(folder: Path) -> None:
    pom = folder / "pom.xml"
    pom.write_text(_POM)
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    subprocess.run(
        [*command, f"-DoutputDirectory={folder / 'jars'}"], check=True, capture_output=True
    )


class Kafka(Server):
    """One broker; its topics have four partitions, and are made when they are asked for by a producer."""

    name: ClassVar[str] = "kafka"

    def __init__(self) -> None:
        super().__init__()
        self._controller = free_port()
        self._guarded = free_port()
        self.behind: tuple[str, int] = (self.host, free_port())
        """Where it listens for a proxy, which is to be at `proxied`."""
        self.proxied: tuple[str, int] = (self.host, free_port())

    @property
    def guarded(self) -> str:
        """Where it asks for a name and a password (SASL, PLAIN): ada, secret."""
        return f"{self.host}:{self._guarded}"

    @property
    def servers(self) -> str:
        return f"{self.host}:{self.port}"

    def command(self) -> list[str]:
        for tool, what in (("java", "a JDK"), ("mvn", "Maven")):
            if shutil.which(tool) is None:
                unavailable("kafka", f"{what} is not on this machine")
        jars = built(f"kafka-{VERSION}", _fetch) / "jars"
        java = [
            "java",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{jars}/*",
        ]
        properties = self.folder / "server.properties"
        if not properties.exists():
            properties.write_text(self._properties())
            made = [
                *java,
                "kafka.tools.StorageTool",
                "format",
                "-t",
                _CLUSTER,
                "-c",
                str(properties),
            ]
            subprocess.run(made, check=True, capture_output=True, cwd=self.folder)
        return [*java, "kafka.Kafka", str(properties)]

    def _properties(self) -> str:
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        listeners = {
            "PLAINTEXT": (self.port, self.port),
            "GUARDED": (self._guarded, self._guarded),
            "PROXIED": (self.behind[1], self.proxied[1]),
        }
        protocols = (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,GUARDED:SASL_PLAINTEXT"
        )
        listening = [f"{name}://{self.host}:{port}" for name, (port, _) in listeners.items()]
        told = [f"{name}://{self.host}:{port}" for name, (_, port) in listeners.items()]
        return "\n".join(
            [
                "process.roles=broker,controller",
                "node.id=1",
                f"controller.quorum.voters=1@{self.host}:{self._controller}",
                f"listeners={','.join(listening)},CONTROLLER://{self.host}:{self._controller}",
                f"advertised.listeners={','.join(told)}",
                "controller.listener.names=CONTROLLER",
                f"listener.security.protocol.map={protocols}",
                "listener.name.guarded.sasl.enabled.mechanisms=PLAIN",
                f'listener.name.guarded.plain.sasl.jaas.config={plain} required user_ada="secret";',
                f"log.dirs={self.folder / 'data'}",
                "num.partitions=4",
                "offsets.topic.replication.factor=1",
                "offsets.topic.num.partitions=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "transaction.state.log.num.partitions=1",
                "group.initial.rebalance.delay.ms=0",
                "group.min.session.timeout.ms=1000",
                "",
            ]
        )

    def ready(self) -> bool:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        if not super().ready():
            return False
        try:
            AdminClient({"bootstrap.servers": self.servers, "log_level": 0}).list_topics(timeout=1)
        except KafkaException:
            time.sleep(0.1)
            return False
        return True
