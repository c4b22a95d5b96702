"""The conformance kit: every rule of Reactive Streams, on anyone's Publisher, Subscriber or Processor."""

from tck.guard import RuleViolation, guard
from tck.processor_stand import ProcessorStand
from tck.publisher_stand import Probe, PublisherStand
from tck.report import Report, Result, Violation
from tck.rules import Bounds, Breach, judge
from tck.script import Action, Cancel, Raise, Reactions, Request, Script
from tck.settings import Settings
from tck.stand import ProbeError
from tck.subscriber_kit import WhiteboxProbe
from tck.subscriber_stand import SubscriberStand
from tck.trace import Event, Trace
from tck.verify import verify_processor, verify_publisher, verify_subscriber

__all__ = [
    "Action",
    "Bounds",
    "Breach",
    "Cancel",
    "Event",
    "Probe",
    "ProbeError",
    "ProcessorStand",
    "PublisherStand",
    "Raise",
    "Reactions",
    "Report",
    "Request",
    "Result",
    "RuleViolation",
    "Script",
    "Settings",
    "SubscriberStand",
    "Trace",
    "Violation",
    "WhiteboxProbe",
    "guard",
    "judge",
    "verify_processor",
    "verify_publisher",
    "verify_subscriber",
]
