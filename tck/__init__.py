"""The conformance kit: every rule of Reactive Streams, on anyone's Publisher, Subscriber or Processor.

The doors are here: `verify`, `suites`, `guard`, the command line and the pytest plugin. Behind them, each
importing only from those after it: `gallery` (wrong components and right ones), `checks` (what is done to a
component), `driving` (the stands that do it), `reports` (what is told of it), `scripts` (what is made up),
`oracle` (what judges), and `recording` (what has happened).
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from tck.guard import RuleViolation, guard

if TYPE_CHECKING:
    from tck.driving.probe import Probe
    from tck.driving.processor_stand import ProcessorStand
    from tck.driving.publisher_stand import PublisherStand
    from tck.driving.stand import ProbeError
    from tck.driving.subscriber_stand import SubscriberStand, WhiteboxProbe
    from tck.oracle.model import Bounds
    from tck.oracle.rules import judge
    from tck.recording.breach import Breach
    from tck.recording.trace import Event, Trace
    from tck.reports.report import Report
    from tck.reports.results import Result, Violation
    from tck.scripts.load import Unusable
    from tck.scripts.script import Action, Cancel, Raise, Reactions, Request, Script
    from tck.settings import Settings
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
    "Unusable",
    "Violation",
    "WhiteboxProbe",
    "guard",
    "judge",
    "verify_processor",
    "verify_publisher",
    "verify_subscriber",
]

# The pytest plugin is part of every run of every project where the kit is installed: what is behind a name
# is imported when it is asked for. A guard is there at once, for its module has the same name.
_HOMES: Final = {
    "Action": "tck.scripts.script",
    "Bounds": "tck.oracle.model",
    "Breach": "tck.recording.breach",
    "Cancel": "tck.scripts.script",
    "Event": "tck.recording.trace",
    "Probe": "tck.driving.probe",
    "ProbeError": "tck.driving.stand",
    "ProcessorStand": "tck.driving.processor_stand",
    "PublisherStand": "tck.driving.publisher_stand",
    "Raise": "tck.scripts.script",
    "Reactions": "tck.scripts.script",
    "Report": "tck.reports.report",
    "Request": "tck.scripts.script",
    "Result": "tck.reports.results",
    "Script": "tck.scripts.script",
    "Settings": "tck.settings",
    "SubscriberStand": "tck.driving.subscriber_stand",
    "Trace": "tck.recording.trace",
    "Unusable": "tck.scripts.load",
    "Violation": "tck.reports.results",
    "WhiteboxProbe": "tck.driving.subscriber_stand",
    "judge": "tck.oracle.rules",
    "verify_processor": "tck.verify",
    "verify_publisher": "tck.verify",
    "verify_subscriber": "tck.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
