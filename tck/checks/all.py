"""All checks, by what they are made of a component."""

from __future__ import annotations

from tck.checks.blackbox import BLACKBOX
from tck.checks.explore import SCRIPTS
from tck.checks.model import Check
from tck.checks.processor import PROCESSOR, PROCESSOR_BEYOND
from tck.checks.publisher import PUBLISHER
from tck.checks.publisher_beyond import PUBLISHER_BEYOND
from tck.checks.subscriber_beyond import SUBSCRIBER_BEYOND, WHITEBOX_BEYOND
from tck.checks.whitebox import WHITEBOX

PUBLISHER_CHECKS: tuple[Check, ...] = (*PUBLISHER.all, *PUBLISHER_BEYOND.all, SCRIPTS)
"""What a Publisher is put through, in this order."""
SUBSCRIBER_CHECKS: tuple[Check, ...] = (*BLACKBOX.all, *SUBSCRIBER_BEYOND.all)
"""What a Subscriber is put through that only its Publisher talks to."""
WHITEBOX_CHECKS: tuple[Check, ...] = (*WHITEBOX.all, *WHITEBOX_BEYOND.all)
"""What a Subscriber is put through as well, where a probe is told what reaches it."""
PROCESSOR_CHECKS: tuple[Check, ...] = (*PROCESSOR.all, *PROCESSOR_BEYOND.all)
"""What a Processor is put through."""
