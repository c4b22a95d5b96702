"""Writes docs/operators.md from the operators themselves: `python tools/operator_docs.py`.

A test fails while the page is not what this makes of the code.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from operators import Contract, Flow  # noqa: E402
from operators._faces.backpressure import Backpressure  # noqa: E402
from operators._faces.combining import Combining  # noqa: E402
from operators._faces.concurrency import Concurrency  # noqa: E402
from operators._faces.errors import Errors  # noqa: E402
from operators._faces.filtering import Filtering  # noqa: E402
from operators._faces.lifecycle import Lifecycle  # noqa: E402
from operators._faces.sources import Sources  # noqa: E402
from operators._faces.transform import Transform  # noqa: E402
from operators._kernel.node import Operator  # noqa: E402
from operators.backpressure import limit_rate, on_backpressure  # noqa: E402
from operators.combining import concat_map, flat_map, zip  # noqa: E402
from operators.concurrency import map_async, publish_on, subscribe_on  # noqa: E402
from operators.errors import on_error_resume, retry  # noqa: E402
from operators.lifecycle import on_discard, on_finally, tap  # noqa: E402
from operators.sources import (  # noqa: E402
    async_iterable,
    create,
    defer,
    error,
    generate,
    iterable,
    never,
    publisher,
)

PAGE = ROOT / "docs" / "operators.md"
FAMILIES = {
    "Sources": Sources,
    "Transform": Transform,
    "Filter": Filtering,
    "Combine": Combining,
    "Errors": Errors,
    "Backpressure": Backpressure,
    "Concurrency": Concurrency,
    "Lifecycle": Lifecycle,
}
SPECIAL: dict[str, type[Operator] | None] = {
    "of": iterable.FromIterable,
    "empty": iterable.FromIterable,
    "range": iterable.FromIterable,
    "from_iterable": iterable.FromIterable,
    "from_async_iterable": async_iterable.FromAsyncIterable,
    "from_publisher": publisher.FromPublisher,
    "never": never.Never,
    "error": error.Error,
    "defer": defer.Defer,
    "generate": generate.Generate,
    "create": create.Create,
    "flat_map": flat_map.FlatMap,
    "merge": flat_map.FlatMap,
    "concat_map": concat_map.ConcatMap,
    "concat": concat_map.ConcatMap,
    "zip": zip.Zip,
    "on_error_return": on_error_resume.OnErrorResume,
    "on_error_resume": on_error_resume.OnErrorResume,
    "retry": retry.Retry,
    "limit_rate": limit_rate.LimitRate,
    "on_backpressure_buffer": on_backpressure.OnBackpressureBuffer,
    "on_backpressure_drop": on_backpressure.OnBackpressureDrop,
    "on_backpressure_latest": on_backpressure.OnBackpressureLatest,
    "map_async": map_async.MapAsync,
    "publish_on": publish_on.PublishOn,
    "subscribe_on": subscribe_on.SubscribeOn,
    "tap": tap.TapSignals,
    "on_finally": on_finally.OnFinally,
    "on_discard": on_discard.OnDiscard,
    "named": None,  # these two are no operators of their own
    "pipe": None,
}
# What the field calls an operator elsewhere, where that is another name.
ELSEWHERE = {
    "of": "just",
    "flat_map_iterable": "flatMapIterable, mapConcat",
    "flat_map": "flatMap, mergeMap",
    "concat_map": "concatMap",
    "map_async": "mapAsync, flatMap with a Mono",
    "enumerate": "index",
    "distinct_until_changed": "distinctUntilChanged, dropRepeated",
    "tap": "doOnNext, do_action",
    "on_finally": "doFinally, finally_action",
    "on_discard": "doOnDiscard",
    "on_error_resume": "onErrorResume, catch",
    "on_error_return": "onErrorReturn",
    "publish_on": "publishOn, observe_on, an async boundary",
    "subscribe_on": "subscribeOn",
    "limit_rate": "limitRate, rebatchRequests",
    "generate": "generate, unfold",
    "reduce": "reduce, fold",
    "pipe": "transform, compose",
}


def operator_class(method: str) -> type[Operator] | None:
    """Return the class of the operator behind a method of Flow."""
    if method in SPECIAL:
        return SPECIAL[method]
    wanted = method.replace("_", "")
    for cls in _all(Operator):
        if cls.__name__.lower() == wanted:
            return cls
    raise LookupError(f"no operator class for Flow.{method}: name it in {Path(__file__).name}")


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
    """Return the public methods of a family, in the order in which they stand."""
    return [name for name in vars(face) if not name.startswith("_")]


def page() -> str:
    """Return the text of the page."""
    out = [
        "# All operators",
        "",
        "Made from the code by `python tools/operator_docs.py`; do not edit. What each one emits, what",
        "it asks upstream for, when it completes and when it fails. A bad argument raises `TypeError` or",
        "`ValueError` where the operator is called.",
        "",
        "The demand contracts:",
        "",
        "| contract | demand |",
        "| --- | --- |",
        *(f"| `{contract.name}` | {contract.value} |" for contract in Contract),
        "",
    ]
    for title, face in FAMILIES.items():
        out += [f"## {title}", ""]
        for name in methods(face):
            out += _entry(name)
    return "\n".join(out).rstrip() + "\n"


def _entry(name: str) -> list[str]:
    doc = inspect.getdoc(getattr(Flow, name)) or ""
    summary = doc.split("\n\n")[0].replace("\n", " ")
    out = [f"### {name}", "", summary, ""]
    cls = operator_class(name)
    if cls is not None:
        contract = cls.__dict__.get("contract") or getattr(cls, "contract", None)
        lines = contract_lines(cls)
        out += [f"- **{word}** {text}" for word, text in lines.items()]
        if isinstance(contract, Contract):
            out.append(f"- **contract** `{contract.name}`")
    if name in ELSEWHERE:
        out.append(f"- **elsewhere** {ELSEWHERE[name]}")
    if out[-1] != "":
        out.append("")
    return out


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(PAGE.read_text(encoding='utf-8').splitlines())} lines")
