"""What a Publisher does about a Subscriber that has raised is disputed: the kit warns of it, and no more."""

from __future__ import annotations

import tck


class TellsAgain:
    """As some libraries do: where on_subscribe raises, it hands over another Subscription, and fails."""

    def __init__(self, elements):
        self.elements = elements

    def subscribe(self, subscriber):
        if subscriber is None:
            raise TypeError("a Subscriber is needed")
        link = Link(subscriber, self.elements)
        try:
            subscriber.on_subscribe(link)
        except Exception as error:
            link.subscriber = None
            subscriber.on_subscribe(link)
            subscriber.on_error(error)
        else:
            link.begin()


class Link:
    def __init__(self, subscriber, elements):
        self.subscriber, self.left = subscriber, elements

    def begin(self):
        if self.subscriber is not None and not self.left:
            self.subscriber.on_complete()

    def request(self, n): ...

    def cancel(self):
        self.subscriber = None


def test_on_subscribe_after_a_failure_is_a_warning():
    with tck.PublisherStand(TellsAgain, 0) as stand:
        stand.subscribe(tck.Reactions(on_subscribe=(tck.Raise(),)))
        stand.settle()
    assert [(b.rule, b.kind) for b in stand.breaches() if b.rule == "2.12"] == [("2.12", "doubt")]
    assert all(breach.kind == "doubt" for breach in stand.breaches())
