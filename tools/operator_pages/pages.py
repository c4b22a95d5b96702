"""The pages themselves: one for each operator, the index by family, and the table of names."""

from __future__ import annotations

from collections.abc import Iterator

from operators import Contract
from tools.operator_pages.classes import classes_page
from tools.operator_pages.draw import drawn
from tools.operator_pages.facts import FACES, Facts, all_facts
from tools.operator_pages.foreign import Library, libraries
from tools.operator_pages.scenes import SCENES
from tools.operator_pages.watch import Scene, watched

_MADE = "Made from the code by `python tools/operator_docs.py`; do not edit."
_INDEX = f"""
# All operators

{_MADE} A page for each: what it emits, what it asks upstream
for, when it completes and when it fails, and a picture drawn from a real run. Not sure which one?
[Which operator do I need](which-operator.md). You know another library? [Its names, and ours](names.md).
How fast is it? [Figures](speed.md). Processors, hubs, switches and valves: [what goes with
operators](operators/processors.md).

A bad argument raises `TypeError` or `ValueError` where the operator is called.

## The demand contracts
"""
_PICTURES = """
## The pictures

Each is drawn from a run. Time goes down. Left of the bar is what the operator says to its source and
hears from it, right of it what its Subscriber says and hears: demand goes left, items go right. One line
is one call; what goes straight through is on one line. `∞` is `UNBOUNDED`.

`source`, `a` and `b` are flows in marbles: each letter is an item, `|` the end, `#` an error, `-`
nothing; where seconds are shown each takes one. `called` takes note of a call, `flow` makes an inner
flow, `subscriber` is one that asks for so many, and `clock` is the scheduler of the virtual time.
"""
_NAMES = f"""
# Names elsewhere

{_MADE} What the operators of other libraries are called
here, and what is not here. The other way round, each operator's page has its names elsewhere.
"""


def pages() -> dict[str, str]:
    """Return the text of every page by its path in docs/."""
    facts = all_facts()
    others = libraries()
    made = {path(each): page(each, SCENES.get(each.name), others) for each in facts.values()}
    made["operators.md"] = index(facts)
    made["operators/processors.md"] = classes_page()
    made["names.md"] = table_of_names(facts, others)
    return made


def path(facts: Facts) -> str:
    """Return where the page of an operator is, in docs/."""
    return f"operators/{facts.family}/{facts.name}.md"


def page(facts: Facts, scene: Scene | None, others: list[Library]) -> str:
    """Return the page of an operator; raises ValueError where it lacks a scene for its picture."""
    if scene is None:
        raise ValueError(
            f"{facts.name}: has no scene to draw; add a line to tools/operator_pages/scenes.py, or "
            "to timed_scenes.py beside it"
        )
    elsewhere = [
        f"- **{each.title}** {', '.join(f'`{name}`' for name in each.here[facts.name])}"
        for each in others
        if facts.name in each.here
    ]
    lines = [f"- **{word}** {text}" for word, text in facts.lines.items()]
    if facts.contract is not None:
        lines.append(f"- **contract** `{facts.contract.name}`: {facts.contract.value}")
    parts = [
        f"# {facts.name}",
        f"[Operators](../../operators.md) / {FACES[facts.family][0]}",
        facts.text,
        _block("text", facts.signature),
        *(["## Contract", "\n".join(lines)] if lines else []),
        "## Picture",
        _caption(scene),
        _block("text", f"{scene.code}\n\n{drawn(watched(facts.name, scene))}"),
        "## Example",
        _block("pycon", facts.example),
        *(["## Elsewhere", "\n".join(elsewhere)] if elsewhere else []),
    ]
    return f"<!-- {_MADE} -->\n\n" + "\n\n".join(parts) + "\n"


def _caption(scene: Scene) -> str:
    given = [
        f"`{name}` is `{text}`"
        for name, text in (("source", scene.source), ("a", scene.a), ("b", scene.b))
        if _uses(scene.code, name)
    ]
    how = "[how to read it](../../operators.md#the-pictures)"
    return f"A real run; {', '.join(given)}{'; ' if given else ''}{how}."


def _uses(code: str, name: str) -> bool:
    words = "".join(letter if letter.isidentifier() else " " for letter in code).split()
    return name in words and f"lambda {name}," not in code


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def index(facts: dict[str, Facts]) -> str:
    """Return the index of all operators, by family."""
    contracts = [f"| `{contract.name}` | {contract.value} |" for contract in Contract]
    parts = [
        _INDEX.strip(),
        "\n".join(["| contract | demand |", "| --- | --- |", *contracts]),
        _PICTURES.strip(),
    ]
    for family, (title, _) in FACES.items():
        rows = [
            f"| [{each.name}]({path(each)}) | {each.summary} |"
            for each in facts.values()
            if each.family == family
        ]
        parts += [f"## {title}", "\n".join(["| | |", "| --- | --- |", *rows])]
    return "\n\n".join(parts) + "\n"


def table_of_names(facts: dict[str, Facts], others: list[Library]) -> str:
    """Return the page on what other libraries call things, and what of theirs is not here."""
    links = [f"[{each.title}](#{_anchor(each.title)})" for each in others]
    parts = [_NAMES.strip(), " · ".join(links)]
    for each in others:
        parts += [f"## {each.title}", f"{each.what}."]
        parts.append("\n".join(["| there | here |", "| --- | --- |", *_rows(each, facts)]))
    return "\n\n".join(parts) + "\n"


def _rows(library: Library, facts: dict[str, Facts]) -> Iterator[str]:
    for name, ours, text in library.rows():
        links = ", ".join(f"[{mine}]({path(facts[mine])})" for mine in ours)
        said = text if name in library.otherwise else f"not here: {text}"
        yield f"| `{name}` | {links or _cell(said)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
