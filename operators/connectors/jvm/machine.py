"""The machine, which starts once in a process, and what is known of it."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

from operators.connectors.extras import need


def start(*classpath: str, options: tuple[str, ...] = ()) -> None:
    """Start the JVM with jars, or folders of classes; `libs/*` is all the jars of a folder.

    There is one in a process, which starts once: where one runs, by jpype.startJVM perhaps, it stays as it
    is. `options` are the JVM's, such as "-Xmx1g". Needs the extra `jvm`, and a Java of 9 or later.
    """
    jpype = need("jpype", "jvm")
    if not jpype.isJVMStarted():
        jpype.startJVM(*options, classpath=list(classpath), convertStrings=False)


def running() -> Any:
    """Return jpype; raise RuntimeError where no JVM runs yet."""
    jpype = need("jpype", "jvm")
    if not jpype.isJVMStarted():
        raise RuntimeError("no JVM runs in this process yet: jvm.start('libs/*') starts it")
    return jpype


@cache
def interfaces(role: str) -> list[Any]:
    """Return the interfaces of a role: the JDK's, and that of org.reactivestreams where that is there."""
    jpype = running()
    found = [jpype.JClass(f"java.util.concurrent.Flow${role}")]
    with suppress(TypeError):  # it need not be on the class path
        found.append(jpype.JClass(f"org.reactivestreams.{role}"))
    return found


def is_a(role: str, value: Any) -> bool:
    """Whether it is an object of Java that has the role."""
    return any(isinstance(value, each) for each in interfaces(role))


def proxied(roles: tuple[str, ...], target: Any) -> Any:
    """Return an object of Java whose calls go to an object of Python."""
    jpype = running()
    return jpype.JProxy([each for role in roles for each in interfaces(role)], inst=target)
