"""Each check finds one that only it can find, or makes the very situation that another makes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tck.checks.model import Check
from tests.tck.judging import alone_processors, alone_publishers, alone_subscribers
from tests.tck.judging.alone import Style, alone
from tests.tck.judging.test_each_check import OWN, WITHOUT

SHARED = {
    "required_create_publisher3_must_produce_a_stream_of_exactly3_elements",
    "required_spec105_must_signal_on_complete_when_finite_stream_terminates",
    "optional_spec104_must_signal_on_error_when_fails",
    "optional_spec105_empty_stream_must_terminate_by_signalling_on_complete",
    "spec105_an_empty_stream_completes",
    "optional_spec111_may_support_multi_subscribe",
    "optional_spec111_multicast_must_produce_the_same_elements_in_the_same_sequence_to_all_of_its_subscribers_when_requesting_many_upfront",
    "optional_spec309_request_negative_number_may_signal_illegal_argument_exception_with_specific_message",
    "required_spec203_blackbox_must_not_call_methods_on_subscription_or_publisher_in_on_complete",
    "required_spec203_blackbox_must_not_call_methods_on_subscription_or_publisher_in_on_error",
    "required_spec209_blackbox_must_be_prepared_to_receive_an_on_complete_signal_with_preceding_request_call",
    "required_spec210_blackbox_must_be_prepared_to_receive_an_on_error_signal_with_preceding_request_call",
}
"""Another check makes their situation too, in the official kit or of our own, and looks at no less in it."""

NO_OTHER_WAY = {
    "required_spec313_cancel_must_make_the_publisher_eventually_drop_all_references_to_the_subscriber",
    "required_spec104_must_call_on_error_on_all_its_subscribers_if_it_encounters_a_non_recoverable_error",
    "spec401_it_asks_for_no_more_than_its_buffer",
}
"""The gallery has a component that only they find, of another kind than these."""


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("checks", "styles"),
    [
        pytest.param(module.CHECKS, module.STYLES, id=module.__name__.rpartition("_")[2])
        for module in (alone_publishers, alone_subscribers, alone_processors)
    ],
)
def test_it_is_the_only_one(checks: Iterable[Check], styles: Iterable[Style]) -> None:
    of_processors = styles is alone_processors.STYLES

    def wanted(check: Check) -> bool:
        return check.name not in {*SHARED, *NO_OTHER_WAY, *WITHOUT} and (
            not of_processors or check in OWN
        )

    made = [each for each in checks if each.whole is None and each.kind != "untested"]
    own = alone(made, styles, of=wanted)
    assert [each.name for each in made if wanted(each) and each.name not in own] == []
