"""Message: a value with headers, and one answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from operators import Flow
from operators.connectors import Message, values
from operators.connectors.extras import MissingExtraError, need


def test_the_first_answer_counts():
    told: list[bool] = []
    message = Message("a", settle=told.append)
    assert message.nack()
    assert not message.ack()
    assert told == [False]


def test_what_is_made_of_it_shares_its_answer():
    told: list[bool] = []
    message = Message("7", {"key": 1}, told.append)
    number = message.with_value(7)
    assert (number.value, number.headers) == (7, {"key": 1})
    assert number.ack()
    assert not message.ack()
    assert told == [True]


def test_without_a_system_that_listens_an_answer_does_nothing():
    message = Message(1)
    assert not message.ack()
    assert not message.nack()


def test_of_many_answers_at_once_one_is_told():
    told: list[bool] = []
    messages = [Message(n, settle=told.append) for n in range(200)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(lambda: [each.ack() for each in messages])
    assert told == [True] * 200


def test_values_acknowledges_and_unwraps():
    told: list[bool] = []
    flow = Flow.of(Message("a", settle=told.append), Message("b", settle=told.append))
    assert list(flow.apply(values()).take(1)) == ["a"]
    assert told == [True]


def test_values_can_be_explained():
    assert "values" in str(Flow.of(Message("a")).apply(values()).describe())


def test_a_value_none_is_no_element():
    with pytest.raises(TypeError, match=r"values, written at .*test_message"):
        list(Flow.of(Message(None)).apply(values()))


def test_messages_are_compared_by_what_they_carry():
    assert Message(1, {"a": 2}) == Message(1, {"a": 2}, lambda _: None)
    assert Message(1) != Message(1, {"a": 2})
    assert Message(1) != 1
    assert len({Message(1), Message(1)}) == 1


def test_a_missing_package_says_what_to_install():
    with pytest.raises(MissingExtraError, match=r"pip install 'reactive-streams\[kafka\]'"):
        need("no_such_client.at_all", "kafka")


def test_what_a_package_lacks_itself_is_not_mistaken_for_it(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all") as raised:
        need("half_there", "kafka")
    assert not isinstance(raised.value, MissingExtraError)
