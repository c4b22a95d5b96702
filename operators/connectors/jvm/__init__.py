"""Publishers of the JVM, of RxJava, Reactor, Mutiny, Pekko and the JDK, as flows; and flows as such.

>>> from operators.connectors import jvm
>>> jvm.source("no Publisher")
Traceback (most recent call last):
...
TypeError: jvm.source: needs a Publisher of Java, got 'no Publisher' (str)
"""

from operators.connectors.jvm.convert import source, to_publisher, to_subscriber
from operators.connectors.jvm.machine import start

__all__ = ["source", "start", "to_publisher", "to_subscriber"]
