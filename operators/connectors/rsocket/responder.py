"""Responder: functions that give flows, for the requests that come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import need_callable, shown
from operators._kernel.failures.failure import drop_error
from operators.connectors.message import Message
from operators.connectors.rsocket import codec
from operators.connectors.rsocket.incoming import Incoming
from operators.connectors.rsocket.streams import Sending
from operators.sources.publisher import as_node
from reactive_streams import Publisher

if TYPE_CHECKING:
    from operators.connectors.rsocket.engine import Engine
    from operators.flow import Flow

Payload = Message[bytes]


@dataclass(frozen=True, slots=True)
class Responder:
    """What answers requests: for each kind a function from the payload to a Flow, or to anybody's Publisher.

    Its items are bytes, or Messages of bytes with the metadata in the header "metadata". What the other
    side asks for is asked of the flow, `Settings.window` items at a time at most; its cancel is a cancel, and
    an error is told to the other side, with its message: RemoteError with APPLICATION_ERROR there.

    `request_response` gives a flow of one item, or of none. `request_channel` is given the payload that came
    first, and the flow of all that come, that one included; what it does not want it need not subscribe to.
    What `fire_and_forget` and `metadata_push` give is run, with its items for nobody; an error goes to the
    hook for dropped errors. A kind of request that has no function is rejected.

    The functions, and their flows unless they go to another thread, run on the event loop of the
    connection: they may not block.

    >>> from operators import Flow
    >>> from operators.connectors import rsocket
    >>> rsocket.Responder(
    ...     request_stream=lambda m: Flow.range(int(m.value)).map(lambda n: b"%d" % n)
    ... )
    Responder(request_stream=<function <lambda> at ...>)
    """

    request_response: Callable[[Payload], Publisher[Any]] | None = None
    request_stream: Callable[[Payload], Publisher[Any]] | None = None
    request_channel: Callable[[Payload, Flow[Payload]], Publisher[Any]] | None = None
    fire_and_forget: Callable[[Payload], Publisher[Any]] | None = None
    metadata_push: Callable[[Payload], Publisher[Any]] | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            if getattr(self, each.name) is not None:
                need_callable("rsocket", each.name, getattr(self, each.name))

    def __repr__(self) -> str:
        given = [(each.name, getattr(self, each.name)) for each in fields(self)]
        return f"Responder({', '.join(f'{name}={fn!r}' for name, fn in given if fn is not None)})"

    def answer(self, engine: Engine, frame: Any, kind: int) -> None:
        """Answer a request that has come."""
        name = _NAMES.get(kind, "")
        fn: Callable[..., Any] | None = getattr(self, name, None)
        payload = codec.message(frame.data or b"", frame.metadata)
        if kind in (codec.REQUEST_FNF, codec.METADATA_PUSH):
            if fn is not None:
                _forgotten(name, fn, payload)
            return
        number: int = frame.stream_id
        if fn is None:
            text = f"there is no {name or 'such request'} here"
            engine.send(codec.error_frame(number, codec.REJECTED, text))
            return
        stream = engine.answering(number)
        most = codec.MOST if kind == codec.REQUEST_RESPONSE else frame.initial_request_n
        try:
            if kind == codec.REQUEST_CHANNEL:
                incoming = Incoming(stream, payload, complete=frame.flags_complete)
                flow = _flow(name, fn(payload, _flow(name, incoming)))
            else:
                flow = _flow(name, fn(payload))
        except Exception as error:
            drop_error(error, f"raised by {name} of a Responder of rsocket")
            engine.send(codec.error_frame(number, codec.APPLICATION_ERROR, str(error)))
            stream.fail(error)
            engine.forget(stream)
            return
        if kind == codec.REQUEST_RESPONSE:
            flow = flow.take(1)
        flow.subscribe(Sending(stream, most))


_NAMES = {
    codec.REQUEST_RESPONSE: "request_response",
    codec.REQUEST_STREAM: "request_stream",
    codec.REQUEST_CHANNEL: "request_channel",
    codec.REQUEST_FNF: "fire_and_forget",
    codec.METADATA_PUSH: "metadata_push",
}


def _flow(name: str, made: Any) -> Flow[Any]:
    from operators.flow import Flow

    return Flow(as_node("rsocket", name, made))


def _forgotten(name: str, fn: Callable[[Payload], Any], payload: Payload) -> None:
    where = f"of {name} of a Responder of rsocket"
    try:
        flow = _flow(name, fn(payload))
    except Exception as error:
        drop_error(error, where)
        return
    flow.tap(on_error=lambda error: drop_error(error, where)).for_each(lambda _: None)


def need_responder(function: str, value: Any) -> None:
    """Raise TypeError for what is no Responder."""
    if not isinstance(value, Responder):
        raise TypeError(
            f"{function}: responder must be an rsocket.Responder(request_stream=...), got {shown(value)}"
        )
