"""The protocols: whoever has the methods belongs, whoever lacks one does not."""

import inspect
import typing

import pytest

import reactive_streams
from reactive_streams import UNBOUNDED, Processor, Publisher, Subscriber, Subscription

METHODS: dict[type, list[str]] = {
    Publisher: ["subscribe"],
    Subscriber: ["on_complete", "on_error", "on_next", "on_subscribe"],
    Subscription: ["cancel", "request"],
    Processor: ["on_complete", "on_error", "on_next", "on_subscribe", "subscribe"],
}

every_protocol = pytest.mark.parametrize("protocol", METHODS, ids=lambda each: each.__name__)
every_method = pytest.mark.parametrize(
    ("protocol", "name"),
    [(protocol, name) for protocol, names in METHODS.items() for name in names],
)


def foreign(*names: str) -> object:
    """Returns an object of a class that knows nothing of the protocols, with methods so named."""
    return type("Foreign", (), {name: lambda self, anything=None: None for name in names})()


@every_protocol
def test_foreign_class_with_the_methods_belongs(protocol: type):
    assert isinstance(foreign(*METHODS[protocol]), protocol)
    assert isinstance(foreign(*METHODS[protocol], "more"), protocol)
    assert issubclass(type(foreign(*METHODS[protocol])), protocol)


@every_method
def test_foreign_class_that_lacks_a_method_does_not_belong(protocol: type, name: str):
    others = [other for other in METHODS[protocol] if other != name]
    assert not isinstance(foreign(*others), protocol)


@every_method
def test_method_set_to_none_is_a_method_that_lacks(protocol: type, name: str):
    refusing = type("Refusing", (type(foreign(*METHODS[protocol])),), {name: None})
    assert not isinstance(refusing(), protocol)


@every_protocol
def test_methods_given_by_the_instance_count(protocol: type):
    bare = foreign()
    for name in METHODS[protocol]:
        assert not isinstance(bare, protocol)
        setattr(bare, name, lambda *anything: None)
    assert isinstance(bare, protocol)


@pytest.mark.parametrize(
    "stranger", [None, 1, "text", [], print, object()], ids=lambda it: type(it).__name__
)
@every_protocol
def test_strangers_do_not_belong(protocol: type, stranger: object):
    assert not isinstance(stranger, protocol)


def test_processor_is_both_its_ends():
    processor = foreign(*METHODS[Processor])
    assert isinstance(processor, Publisher)
    assert isinstance(processor, Subscriber)
    assert not isinstance(foreign(*METHODS[Subscriber]), Processor)
    assert not isinstance(foreign(*METHODS[Publisher]), Processor)


@every_method
def test_parameters_are_positional_only_so_that_any_name_will_do(protocol: type, name: str):
    parameters = list(inspect.signature(getattr(protocol, name)).parameters.values())
    assert {each.kind for each in parameters[1:]} <= {inspect.Parameter.POSITIONAL_ONLY}
    assert len(parameters) == (1 if name in {"cancel", "on_complete"} else 2)


@every_method
def test_methods_return_none(protocol: type, name: str):
    assert typing.get_type_hints(getattr(protocol, name))["return"] is type(None)


def test_types_of_what_is_handed_over():
    assert typing.get_type_hints(Subscriber.on_error)["error"] is Exception
    assert typing.get_type_hints(Subscription.request)["n"] is int
    assert typing.get_type_hints(Subscriber.on_subscribe)["subscription"] is Subscription


@every_method
def test_who_inherits_and_forgets_a_method_cannot_be_made(protocol: type, name: str):
    others = {other: lambda self, *anything: None for other in METHODS[protocol] if other != name}
    forgetful = type("Forgetful", (protocol,), others)
    with pytest.raises(TypeError, match=name):
        forgetful()


@every_protocol
def test_who_inherits_all_methods_can_do_without_a_dict(protocol: type):
    whole = {name: lambda self, *anything: None for name in METHODS[protocol]}
    slim = type("Slim", (protocol,), whole | {"__slots__": ("one",)})()
    assert isinstance(slim, protocol)
    assert not hasattr(slim, "__dict__")


@every_protocol
def test_protocols_cannot_be_made_themselves(protocol: type):
    with pytest.raises(TypeError):
        protocol()


def test_variance():
    def variances(protocol: type) -> list[str]:
        parameters: tuple[typing.TypeVar, ...] = protocol.__parameters__  # type: ignore[attr-defined]
        return [
            "co" if each.__covariant__ else "contra" if each.__contravariant__ else "in"
            for each in parameters
        ]

    assert variances(Publisher) == ["co"]
    assert variances(Subscriber) == ["contra"]
    assert variances(Processor) == ["contra", "co"]


def test_protocols_take_type_arguments():
    assert typing.get_args(Publisher[int]) == (int,)
    assert typing.get_args(Processor[str, int]) == (str, int)


def test_unbounded_is_the_largest_demand_of_the_specification():
    assert UNBOUNDED == 9223372036854775807
    assert type(UNBOUNDED) is int


def test_public_names():
    expected = {"UNBOUNDED", "Processor", "Publisher", "Subscriber", "Subscription"}
    assert set(reactive_streams.__all__) == expected
    assert all(hasattr(reactive_streams, name) for name in expected)
