"""Processes: what a program prints as a flow, and what it is to read.

>>> import sys
>>> from operators.connectors import processes, values
>>> program = [sys.executable, "-c", "print('one'); print('two')"]
>>> list(processes.source(program).apply(values()))
['one', 'two']
"""

from operators.connectors.processes.child import ProcessError
from operators.connectors.processes.settings import SinkSettings, SourceSettings
from operators.connectors.processes.sink import sink
from operators.connectors.processes.source import source

__all__ = ["ProcessError", "SinkSettings", "SourceSettings", "sink", "source"]
