"""A Publisher of Java as a flow, and Publishers and Subscribers of Python as those of Java."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import need_methods, need_subscriber, shown
from operators.connectors.extras import need
from operators.connectors.jvm.bridge import FromPublisher, ToPublisher, ToSubscriber
from operators.connectors.jvm.machine import is_a, proxied
from operators.connectors.message import Message
from reactive_streams import Publisher, Subscriber

if TYPE_CHECKING:
    from operators.flow import Flow


def source(publisher: Any) -> Flow[Message[Any]]:
    """Return a flow of what a Publisher of Java sends: of java.util.concurrent.Flow, or org.reactivestreams.

    A Flowable, a Flux, a Mono, a Multi are such, and what Pekko's Sink.asPublisher gives. Demand crosses
    as it is (§1.1), and so does a cancel; nothing is asked for ahead. Items come on the thread that Java
    sends them from. The value of a message is the object of Java, a String as a str. An exception of Java
    is that of jpype, which can be caught by its class; an error that had come from Python is the same
    again. Needs the extra `jvm`, and a JVM that runs: `jvm.start`. Raises TypeError for no Publisher.
    """
    from operators.flow import Flow

    jpype = need("jpype", "jvm")
    if not jpype.isJVMStarted() or not is_a("Publisher", publisher):
        raise TypeError(f"jvm.source: needs a Publisher of Java, got {shown(publisher)}")
    string = jpype.JClass("java.lang.String")

    def message(item: Any) -> Message[Any]:
        return Message(str(item) if isinstance(item, string) else item)

    flow: Flow[Any] = Flow.from_publisher(FromPublisher(publisher))
    return flow.map(message)


def to_publisher(publisher: Publisher[Any]) -> Any:
    """Return a Publisher of Java that sends what a flow, or anybody's Publisher, sends.

    It is one of java.util.concurrent.Flow, and of org.reactivestreams where that is on the class path. Each
    Subscriber of Java subscribes anew; its demand and its cancel cross as they are. Items are what jpype
    makes of them. An error is a RuntimeException with its text, a ValueError an IllegalArgumentException.
    """
    need_methods("jvm.to_publisher", "Publisher", publisher, "subscribe")
    return proxied(("Publisher",), ToPublisher(publisher))


def to_subscriber(subscriber: Subscriber[Any]) -> Any:
    """Return a Subscriber of Java that hands what comes to one of Python: that of a sink, perhaps.

    It is one of java.util.concurrent.Flow, and of org.reactivestreams where that is on the class path.
    """
    need_subscriber("jvm.to_subscriber", subscriber)
    return proxied(("Subscriber",), ToSubscriber(subscriber))
