"""Arguments and settings of every connector: what is wrong is said at the call, by name."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from operators.connectors import (
    amqp,
    files,
    http,
    kafka,
    processes,
    redis,
    rsocket,
    sqlite,
    tcp,
    values,
)
from tests.connectors.peers import nowhere

SYSTEMS = [
    "amqp", "files", "http", "kafka", "nats", "parquet", "postgres", "processes", "queues", "redis",
    "rsocket", "rx", "sqlite", "tcp",
]  # fmt: skip
WRONG: list[Any] = [None, 0, 1.5, b"x", True, [], {}, object(), "nonsense", len]
RIGHT: dict[str, Any] = {
    "url": {
        "rsocket": "tcp://here:1", "amqp": "amqp://here", "nats": "nats://here", "redis": "redis://here",
        "http": "http://here",
    },
    "port": 1,
    "command": ["true"],
    "queue": {"queues": queue.Queue[int]()},
    "use": len,
    "responder": rsocket.Responder(),
    "flow": Flow.empty(),
    "handle": len,
    "scope": {"type": "http", "method": "GET", "path": "/", "headers": []},
    "receive": len,
    "parameters": (),
    "payload": b"",
}  # fmt: skip
TEXTS = [
    "url", "host", "conninfo", "servers", "topic", "topics", "group", "table", "stream", "subject",
    "consumer", "routing_key", "transactional_id", "queue", "path", "database", "port", "command",
    "responder",
]  # fmt: skip


def functions() -> Iterator[tuple[str, str, Any]]:
    for system in SYSTEMS:
        module = importlib.import_module(f"operators.connectors.{system}")
        for name in module.__all__:
            made = getattr(module, name)
            called = inspect.isfunction(made) or name in ("Response", "WebSocketApp")
            if called and "settings" in inspect.signature(made).parameters:
                yield system, name, made


def arguments(system: str, function: Any) -> dict[str, Any]:
    """What the function can be called with."""
    found: dict[str, Any] = {}
    for each in inspect.signature(function).parameters.values():
        if each.name == "settings" or each.kind is each.VAR_POSITIONAL:
            continue
        right = RIGHT.get(each.name, "name")
        found[each.name] = right.get(system, "name") if each.name in ("url", "queue") else right
    if function is getattr(importlib.import_module("operators.connectors.rx"), "source", None):
        found["observable"] = importlib.import_module("reactivex").empty()
    if "observer" in found:
        found["observer"] = importlib.import_module("reactivex.subject").Subject()
    return found


ALL = list(functions())


@pytest.mark.parametrize(("system", "name", "function"), ALL, ids=[f"{s}.{n}" for s, n, _ in ALL])
def test_settings_of_another_kind_are_named_at_the_call(system: str, name: str, function: Any):
    for wrong in [*WRONG, tcp.Settings if system != "tcp" else http.ServerSettings()]:
        with pytest.raises(TypeError, match=rf"{system}.{name}: settings must be {system}\.\w+\("):
            function(**arguments(system, function), settings=wrong)


@pytest.mark.parametrize(("system", "name", "function"), ALL, ids=[f"{s}.{n}" for s, n, _ in ALL])
def test_what_is_to_be_a_text_is_named_at_the_call(system: str, name: str, function: Any):
    right = arguments(system, function)
    for argument in right:
        if argument not in TEXTS or (system, argument) == ("queues", "queue"):
            continue
        for wrong in (None, 1.5, object(), {1: 2}):
            with pytest.raises(
                (TypeError, ValueError), match=rf"{system}\b.*(must be|expected|is)"
            ):
                function(**{**right, argument: wrong})


def fields() -> Iterator[tuple[str, Any, Any]]:
    for system in SYSTEMS:
        module = importlib.import_module(f"operators.connectors.{system}")
        for name in module.__all__:
            made = getattr(module, name)
            if dataclasses.is_dataclass(made) and name.endswith("Settings"):
                for field in dataclasses.fields(made):
                    yield system, made, field


FIELDS = list(fields())


@pytest.mark.parametrize(
    ("system", "made", "field"), FIELDS, ids=[f"{s}.{m.__name__}.{f.name}" for s, m, f in FIELDS]
)
def test_a_field_of_the_settings_that_is_of_another_kind_is_named(
    system: str, made: Any, field: Any
):
    if field.type == "Any":
        return  # what it is is others' business
    said: list[str] = []
    for wrong in WRONG:
        try:
            made(**{field.name: wrong})
        except (TypeError, ValueError) as error:
            said.append(str(error))
    taken = len(WRONG) - len(said)
    assert all(text.startswith(f"{system}: ") and field.name in text for text in said), said
    assert taken <= 3, "it takes nearly everything"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: tcp.source("here", "80"), "port must be an int, got '80'"),  # type: ignore[arg-type]
        (lambda: tcp.source("here", 70_000), "port must be 0 to 65,535"),
        (lambda: tcp.Settings(tls=True), "create_default_context"),  # type: ignore[arg-type]
        (lambda: processes.source("ls -l"), "shlex.split"),
        (lambda: processes.source([]), "has no program"),
        (lambda: processes.source(["ls", 1]), "each a str"),  # type: ignore[list-item]
        (lambda: sqlite.source(":memory:", "SELECT ?", "abc"), r"one alone is \('abc',\)"),
        (lambda: kafka.source("here", [], "group"), "topics has no name"),
        (lambda: kafka.source("here", [b"topic"], "group"), "a sequence of some"),  # type: ignore[list-item]
        (lambda: kafka.SourceSettings(config={"enable.auto.commit": True}), "was acknowledged"),
        (lambda: kafka.SinkSettings(config={"transactional.id": "a"}), "kafka.transaction"),
        (lambda: files.SourceSettings(encoding="utf-8-what"), "unknown encoding: utf-8-what"),
        (lambda: http.ClientSettings(encoding="utf-16"), "no byte of its own for a line feed"),
        (lambda: files.SourceSettings(delimiter="||"), "delimiter must be one letter"),
        (lambda: http.Response([1, 2]), "Flow.from_iterable"),  # type: ignore[arg-type]
        (lambda: http.WebSocketApp(Flow.empty()), "handle must be callable"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_to_use_in_its_place_is_said(wrong: Any, says: str):
    with pytest.raises((TypeError, ValueError), match=says):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: http.source("example.com/secret"),
        lambda: http.events("ws://me:secret@here/"),
        lambda: http.sink("http:"),
        lambda: http.websocket("http://me:secret@here/"),
        lambda: redis.source("http://me:secret@here/", "s", "g"),
        lambda: amqp.sink("me:secret@here", "key"),
    ],
)
def test_an_address_of_another_kind_is_refused_at_the_call_and_keeps_the_password(wrong: Any):
    with pytest.raises(ValueError, match=r"(http|redis|amqp)\b.*url must begin with") as raised:
        wrong()
    assert "me:secret" not in str(raised.value)


def test_an_error_of_a_server_shows_no_password():
    address = nowhere()
    with pytest.raises(OSError, match=r"127\.0\.0\.1") as raised:
        http.source(f"http://me:secret@127.0.0.1:{address[1]}/path?token=secret").run()
    assert "secret" not in str(raised.value)


def test_a_byte_order_mark_is_read_and_written_once(tmp_path: Path):
    path = tmp_path / "excel.csv"
    settings: dict[str, Any] = {"format": "csv", "encoding": "utf-8-sig"}
    rows = [{"größe": "1"}, {"größe": "2"}]
    for append in (False, True):
        sink = files.sink(path, files.SinkSettings(**settings, append=append))
        Flow.from_iterable(rows).apply(sink).run()
    assert path.read_bytes() == "\ufeffgröße\n1\n2\n1\n2\n".encode()
    read = files.source(path, files.SourceSettings(**settings)).apply(values())
    assert list(read) == rows + rows
    rotated = files.SinkSettings(**settings, rotate=14)
    Flow.from_iterable(rows).apply(files.sink(path, rotated)).run()
    assert [path.read_bytes()[:3], path.with_name("excel.csv.1").read_bytes()[:3]] == [
        b"\xef\xbb\xbf"
    ] * 2
