"""RSocket over TLS: both transports, and who is refused."""

from __future__ import annotations

import ssl

import pytest
import trustme

from operators import Flow
from operators.connectors import rsocket, values
from tests.connectors.rsockets import numbered, serving

NUMBERS = [numbered(n) for n in range(300)]


def contexts(name: str = "localhost") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """That of a server of this name, and that of a client who trusts it."""
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)
    return ours, theirs


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
def test_requests_both_ways_over_tls(scheme: str):
    ours, theirs = contexts()
    client = rsocket.Settings(tls=theirs, server_hostname="localhost")
    with serving(url=f"{scheme}://127.0.0.1:0", tls=ours) as url:
        url = url.replace("ws:", "wss:")
        asked = rsocket.source(url, b"300", client).apply(values())
        assert list(asked) == NUMBERS

        def echo(connection: rsocket.Connection) -> Flow[bytes]:
            return connection.request_channel(Flow.of(*NUMBERS)).apply(values())

        assert list(rsocket.connect(url, echo, client)) == NUMBERS
        one_by_one = rsocket.connect(url, lambda c: c.request_stream(b"50"), client).limit_rate(1)
        assert one_by_one.count().run() == 50


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
def test_a_certificate_that_is_wrong_or_not_trusted_is_refused(scheme: str):
    ours, theirs = contexts("other.example")
    with serving(url=f"{scheme}://127.0.0.1:0", tls=ours) as url:
        url = url.replace("ws:", "wss:")
        for context in (theirs, ssl.create_default_context()):
            client = rsocket.Settings(tls=context, server_hostname="localhost")
            with pytest.raises(ssl.SSLCertVerificationError):
                rsocket.source(url, b"1", client).run()


def test_a_client_without_tls_gets_nowhere():
    ours, _ = contexts()
    with serving(tls=ours) as url, pytest.raises(OSError):
        rsocket.source(url, b"1", rsocket.Settings(keep_alive=0.1, max_lifetime=0.5)).run()
