"""What the code says of each operator: its family, signature, docstring, four lines and contract."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from operators import Contract, Flow
from operators._faces.backpressure import Backpressure
from operators._faces.combining import Combining
from operators._faces.concurrency import Concurrency
from operators._faces.errors import Errors
from operators._faces.filtering import Filtering
from operators._faces.lifecycle import Lifecycle
from operators._faces.multicast import Multicasting
from operators._faces.results import Results
from operators._faces.sources import Sources
from operators._faces.splitting import Splitting
from operators._faces.timing import Timing
from operators._faces.transform import Transform
from operators._kernel.plan.node import Operator
from operators.backpressure import limit_rate, on_backpressure, valve
from operators.combining import concat_map, flat_map, zip
from operators.concurrency import map_async, map_batches, publish_on, subscribe_on
from operators.errors import circuit_breaker, on_error_resume, retry
from operators.lifecycle import kill_switch, on_discard, on_finally, tap
from operators.results import any as any_
from operators.sources import (
    async_iterable,
    create,
    defer,
    error,
    future,
    generate,
    iterable,
    never,
    publisher,
)
from operators.splitting import parallel
from operators.timing import interval
from reactive_streams import UNBOUNDED

FACES: dict[str, tuple[str, type]] = {
    "sources": ("Sources", Sources),
    "transform": ("Transform", Transform),
    "filtering": ("Filter", Filtering),
    "combining": ("Combine", Combining),
    "results": ("Results", Results),
    "errors": ("Errors", Errors),
    "backpressure": ("Backpressure", Backpressure),
    "concurrency": ("Concurrency", Concurrency),
    "timing": ("Time", Timing),
    "multicast": ("Share", Multicasting),
    "splitting": ("Split", Splitting),
    "lifecycle": ("Lifecycle", Lifecycle),
}
"""By the name of its folder, the title of each family and the methods of it."""

SPECIAL: dict[str, type[Operator] | None] = {
    "from_iterable": iterable.FromIterable,
    "from_async_iterable": async_iterable.FromAsyncIterable,
    "from_publisher": publisher.FromPublisher,
    "never": never.Never,
    "error": error.Error,
    "defer": defer.Defer,
    "generate": generate.Generate,
    "create": create.Create,
    "flat_map": flat_map.FlatMap,
    "concat_map": concat_map.ConcatMap,
    "zip": zip.Zip,
    "on_error_resume": on_error_resume.OnErrorResume,
    "retry": retry.Retry,
    "limit_rate": limit_rate.LimitRate,
    "on_backpressure_buffer": on_backpressure.OnBackpressureBuffer,
    "on_backpressure_drop": on_backpressure.OnBackpressureDrop,
    "on_backpressure_latest": on_backpressure.OnBackpressureLatest,
    "map_async": map_async.MapAsync,
    "parallel": parallel.Parallel,
    "map_batches": map_batches.MapBatches,
    "publish_on": publish_on.PublishOn,
    "subscribe_on": subscribe_on.SubscribeOn,
    "tap": tap.TapSignals,
    "on_finally": on_finally.OnFinally,
    "on_discard": on_discard.OnDiscard,
    "any": any_.AnyOf,
    "timer": interval.After,
    "circuit_breaker": circuit_breaker.CircuitBreakerOperator,
    "kill_switch": kill_switch.KillSwitchOperator,
    "from_future": future.FromFuture,
    "valve": valve.ValveOperator,
    "apply": None,  # these four are no operators of their own
    "named": None,
    "pipe": None,
    "watch": None,
}


@dataclass(frozen=True)
class Facts:
    """One operator: what the code says of it."""

    name: str
    family: str
    signature: str
    text: str
    """The docstring without its examples."""
    example: str
    lines: dict[str, str]
    """What it emits, how it backpressures, when it completes and fails; nothing for what is none."""
    contract: Contract | None

    @property
    def summary(self) -> str:
        """The first sentence or two of the docstring, on one line."""
        return self.text.split("\n\n")[0].replace("\n", " ")


def all_facts() -> dict[str, Facts]:
    """Return the facts of all operators, family by family, in the order in which they stand there."""
    return {
        name: facts_of(name, family)
        for family, (_, face) in FACES.items()
        for name in methods(face)
    }


def facts_of(name: str, family: str) -> Facts:
    """Return the facts of one operator; raises ValueError where its docstring lacks a part."""
    doc = inspect.getdoc(getattr(Flow, name)) or ""
    text, example = split(name, doc)
    cls = operator_class(name)
    contract = getattr(cls, "contract", None)
    return Facts(
        name,
        family,
        signature(name),
        text,
        example,
        {} if cls is None else contract_lines(cls),
        contract if isinstance(contract, Contract) else None,
    )


def split(name: str, doc: str) -> tuple[str, str]:
    """Return what a docstring says, and its example; raises ValueError where it has none of one."""
    text, arrow, example = doc.partition("\n>>> ")
    if not arrow or not text.strip():
        raise ValueError(
            f"{name}: its docstring lacks {'an example' if text.strip() else 'a text'}"
        )
    return text.strip(), f">>> {example}".rstrip()


def signature(name: str) -> str:
    """Return how an operator is called, with types and defaults; on several lines where it is long."""
    member = inspect.getattr_static(Flow, name)
    line, lines = _called(name, getattr(member, "__func__", member))
    return line if len(line) <= 88 else lines


def called(name: str, function: Any) -> str:
    """Return how a method is called, with types and defaults, on one line."""
    return _called(name, function)[0]


def _called(name: str, function: Any) -> tuple[str, str]:
    made_of = inspect.signature(function)
    shown = [_parameter(each) for each in list(made_of.parameters.values())[1:]]
    kinds = [each.kind for each in list(made_of.parameters.values())[1:]]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        shown.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    start, end = f"{name}(", f") -> {made_of.return_annotation}"
    lines = "".join(f"    {each},\n" for each in shown)
    return start + ", ".join(shown) + end, f"{start}\n{lines}{end}"


def _parameter(it: inspect.Parameter) -> str:
    text = str(it.replace(annotation=it.empty, default=it.empty))
    if it.annotation is not it.empty:
        text += f": {it.annotation}"
    return text if it.default is it.empty else f"{text} = {_default(it.default)}"


def _default(value: Any) -> str:
    if type(value) is int:
        return "UNBOUNDED" if value == UNBOUNDED else f"{value:_}"
    # What stands for an argument that is not given is nobody's business; a function has no text.
    hidden = callable(value) or type(value).__module__.startswith("operators")
    return "..." if hidden else repr(value)


def operator_class(method: str) -> type[Operator] | None:
    """Return the class of the operator behind a method of Flow."""
    if method in SPECIAL:
        return SPECIAL[method]
    wanted = method.replace("_", "")
    for cls in _all(Operator):
        if cls.__name__.lower() == wanted:
            return cls
    raise LookupError(f"no operator class for Flow.{method}: name it in {__name__}")


def _all(cls: type[Operator]) -> list[type[Operator]]:
    return [found for sub in cls.__subclasses__() for found in (sub, *_all(sub))]


def contract_lines(cls: type[Operator]) -> dict[str, str]:
    """Return what the class's docstring says under emits, backpressures, completes and fails."""
    lines: dict[str, str] = {}
    word = ""
    for line in inspect.cleandoc(cls.__doc__ or "").splitlines()[1:]:
        first, _, rest = line.partition(" ")
        if first in ("emits", "backpressures", "completes", "fails"):
            word = first
            lines[word] = rest.strip()
        elif word and line.startswith(" "):
            lines[word] += " " + line.strip()
    if len(lines) != 4:
        raise ValueError(f"{cls.__qualname__}: its docstring lacks one of the four lines")
    return lines


def methods(face: type) -> list[str]:
    """Return the public methods of a face, in the order in which they stand."""
    return [name for name in vars(face) if not name.startswith("_")]
