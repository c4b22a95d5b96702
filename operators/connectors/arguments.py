"""Arguments of the connectors, and the fields of their settings: a clear error at the call, not later."""

from __future__ import annotations

import codecs
import os
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any
from urllib.parse import SplitResult, urlsplit

from operators._kernel.failures.checks import need_callable, shown
from operators.errors.backoff import Backoff

_LARGEST_PORT = 65_535


def need_arguments(function: str, kind: type[Any], settings: Any, **arguments: Any) -> None:
    """Raise TypeError unless the settings are of their kind, and each argument is what its name says.

    It is a text, but for `port`, `path` and `database`, `command`, and `parameters`. Raises ValueError for
    a port that is none, and for a command without a program.
    """
    for name, value in arguments.items():
        _ARGUMENTS.get(name, _need_text)(function, name, value)
    if not isinstance(settings, kind):
        system = function.partition(".")[0]
        raise TypeError(
            f"{function}: settings must be {system}.{kind.__name__}(...), got {shown(settings)}"
        )


def need_url(function: str, url: str, *schemes: str) -> SplitResult:
    """Return the parts of an address; raise ValueError for one of another scheme, without its password."""
    found = urlsplit(url)
    if found.scheme not in schemes or not (found.netloc or found.path):
        text = url.rpartition("@")[2]
        raise ValueError(
            f"{function}: url must begin with {'://, '.join(schemes)}://, got {text!r}"
        )
    return found


def need_names(function: str, name: str, value: Any) -> list[str]:
    """Return the names; raise TypeError for what is no sequence of str, ValueError for none at all."""
    many = isinstance(value, Iterable) and not isinstance(value, bytes)
    names: list[Any] = _each(value) if many else [None]
    if not all(isinstance(each, str) for each in names):
        raise TypeError(
            f"{function}: {name} must be a str, or a sequence of some, got {shown(value)}"
        )
    if not names:
        raise ValueError(f"{function}: {name} has no name")
    return names


def rows_of(function: str, values: Iterable[Any]) -> list[Any]:
    """Return the rows; raise TypeError for what is neither a sequence nor a mapping of parameters."""
    rows = [*values]
    for row in rows:
        if isinstance(row, (str, bytes)) or not isinstance(row, (tuple, dict, Sequence, Mapping)):
            raise TypeError(
                f"{function}: an item is a row, a sequence or a mapping of its parameters, got "
                f"{shown(row)}; one alone is (value,)"
            )
    return rows


def need_fields(system: str, settings: Any) -> None:
    """Raise TypeError for a field of settings that is not of its kind, ValueError for an unknown encoding.

    Numbers and choices have their own checks.
    """
    for field in fields(settings):
        kind, value = str(field.type), getattr(settings, field.name)
        if kind.endswith(" | None"):
            if value is None:
                continue
            kind = kind.removesuffix(" | None")
        check = _FIELDS.get(kind) or _FIELDS.get(kind.partition("[")[0])
        if check is not None:
            check(system, field.name, value)
        if field.name == "encoding":
            need_known(system, value)


def need_known(system: str, encoding: str) -> None:
    """Raise ValueError for an encoding that Python does not know."""
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ValueError(f"{system}: {error} (encoding=)") from error


def need_encoding(system: str, encoding: str) -> None:
    """Raise ValueError for an encoding in which a line feed is no byte of its own."""
    for text in ("\n", "\r\n,"):
        if text.encode(encoding).removeprefix(codecs.BOM_UTF8) != text.encode():
            raise ValueError(
                f"{system}: encoding {encoding!r} has no byte of its own for a line feed"
            )


def _need(what: str, *kinds: type[Any]) -> Callable[[str, str, Any], None]:
    def check(function: str, name: str, value: Any) -> None:
        if not isinstance(value, kinds):
            raise TypeError(f"{function}: {name} must be {what}, got {shown(value)}")

    return check


_need_text = _need("a str", str)
_need_port = _need("an int", int)


def _port(function: str, name: str, value: Any) -> None:
    _need_port(function, name, value)
    if isinstance(value, bool) or not 0 <= value <= _LARGEST_PORT:
        raise ValueError(f"{function}: {name} must be 0 to {_LARGEST_PORT:,}, got {shown(value)}")


def _command(function: str, name: str, value: Any) -> None:
    if isinstance(value, str):
        raise TypeError(
            f"{function}: {name} must be a list of the program and its arguments, got {shown(value)}; "
            "shlex.split makes one of it"
        )
    words: list[Any] = _each(value) if isinstance(value, Sequence) else [None]
    if not all(isinstance(word, (str, os.PathLike)) for word in words):
        raise TypeError(
            f"{function}: {name} must be a list of the program and its arguments, each a str, "
            f"got {shown(value)}"
        )
    if not words:
        raise ValueError(f"{function}: {name} has no program")


def _parameters(function: str, name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, Mapping)):
        raise TypeError(
            f"{function}: {name} must be a sequence, or a mapping, of the values in the query, got "
            f"{shown(value)}; one alone is ({shown(value).partition(' (')[0]},)"
        )


def _texts(function: str, name: str, value: Any) -> None:
    if not isinstance(value, tuple) or not all(isinstance(each, str) for each in _each(value)):
        raise TypeError(f"{function}: {name} must be a tuple of str, got {shown(value)}")


def _each(values: Any) -> list[Any]:
    return [*values]


def _context(function: str, name: str, value: Any) -> None:
    if not isinstance(value, ssl.SSLContext):
        raise TypeError(
            f"{function}: {name} must be an ssl.SSLContext, got {shown(value)}; "
            "a client has that of ssl.create_default_context()"
        )


_need_path = _need("a str or a path", str, os.PathLike)
_ARGUMENTS: dict[str, Callable[[str, str, Any], None]] = {
    "port": _port,
    "path": _need_path,
    "database": _need_path,
    "command": _command,
    "parameters": _parameters,
}
_FIELDS: dict[str, Callable[[str, str, Any], None]] = {
    "str": _need_text,
    "bool": _need("True or False", bool),
    "bytes": _need("bytes", bytes),
    "Mapping": _need("a mapping, such as a dict", Mapping),
    "Callable": need_callable,
    "Backoff": _need("a Backoff", Backoff),
    "tuple[str, ...]": _texts,
    "ssl.SSLContext": _context,
    "str | os.PathLike[str]": _need_path,
}
