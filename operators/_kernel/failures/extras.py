"""Packages of others, which are extras: imported when somebody needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class MissingExtraError(ImportError):
    """Somebody needs a package that is not installed; the message has the line that installs it."""


def need(module: str, extra: str) -> Any:
    """Return the module, imported; raise MissingExtraError, which says what to install, where there is none.

    >>> from operators.connectors.extras import need
    >>> try:
    ...     need("no_such_client", "kafka")
    ... except ImportError as error:
    ...     print(error)
    this needs no_such_client: pip install 'reactive-streams[kafka]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        # What it imports itself may be what is missing, and then it is its own message that helps.
        if error.name is not None and error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"this needs {module}: pip install 'reactive-streams[{extra}]'", name=error.name
        ) from error
