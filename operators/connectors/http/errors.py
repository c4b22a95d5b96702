"""What goes wrong over HTTP, in Python's own classes where there is one."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from operators.connectors.extras import need


class StatusError(RuntimeError):
    """The answer has a status that is no success; `status`, `headers`, and the beginning of the `body`.

    It is no OSError, so that `retry(on=OSError)` leaves it alone: what a 503 calls for, a 401 does not.
    """

    def __init__(self, what: str, status: int, headers: Mapping[str, str], body: str) -> None:
        excerpt = body if len(body) <= _SHOWN else body[:_SHOWN] + "..."
        super().__init__(f"{what}: status {status}" + (f": {excerpt!r}" if body else ""))
        self.status = status
        """Such as 401."""
        self.headers = headers
        """What came with it, names in lower case: `retry-after`, `www-authenticate`."""
        self.body = body
        """The first 2,000 bytes, as text."""


class ClosedError(ConnectionError):
    """A WebSocket was closed otherwise than normally, or while something was still to be sent."""

    def __init__(self, what: str, code: int, reason: str) -> None:
        super().__init__(f"{what}: closed with {code}" + (f": {reason}" if reason else ""))
        self.code = code
        """The close code: 1006 where the connection was cut, without one."""
        self.reason = reason
        """What the other side has said, or nothing."""


_SHOWN = 200


@contextmanager
def translated(what: str, connect_timeout: float, silence: float | None) -> Generator[None]:
    """Turn the errors of httpx into those of Python: TimeoutError, ConnectionError, and what caused them."""
    httpx: Any = need("httpx", "http")
    try:
        yield
    except httpx.ConnectTimeout as error:
        text = f"no connection within {connect_timeout:g} s (connect_timeout=)"
        raise TimeoutError(f"{what}: {text}") from error
    except httpx.PoolTimeout as error:
        raise TimeoutError(f"{what}: no connection of the client (client=) was free") from error
    except httpx.TimeoutException as error:
        does = "took" if isinstance(error, httpx.WriteTimeout) else "sent"
        raise TimeoutError(f"{what}: it {does} nothing for {silence} s (silence=)") from error
    except httpx.ConnectError as error:
        raise _cause(what, error) from error
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise ValueError(f"{what}: {error}") from error  # ours: to try it again is no use
    except httpx.TransportError as error:
        text = str(error) or type(error).__name__
        raise ConnectionResetError(f"{what}: the connection was lost: {text}") from error


def _cause(what: str, error: BaseException) -> Exception:
    """Return the error of the system that is behind one of httpx, in its class, with the address."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, (ConnectionError, ssl.SSLError)):
        cause = cause.__cause__ or cause.__context__
    text = f"{what}: {cause or error}"
    return type(cause)(text) if cause is not None else ConnectionError(text)
