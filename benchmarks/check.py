"""`python -m benchmarks.check`: no ratio has become a third worse than the one that was committed.

Ratios of ours to a peer in the same process, the best of several rounds; what is over is measured again,
twice, before it counts, for a busy machine makes mistakes one way only. `--write` writes the file anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.crossing import crosses
from benchmarks.everyday import everyday
from benchmarks.fusing import flattened, fused, pushed
from benchmarks.measure import ROUNDS, Case, measure

RATIOS = Path(__file__).with_name("ratios.json")
WORSE = 4 / 3
TRIES = 3
GROUPS: dict[str, Callable[[], list[Case]]] = {
    "fused": fused,
    "pushed": pushed,
    "flattened": flattened,
    "everyday": everyday,
    "crosses": crosses,
}


# Where threads hand over, a ratio is that of the machine's scheduler; some take seconds a round.
LEFT_OUT = ("publish_on(", "aiostream")


def checked() -> dict[str, Case]:
    """Return what has a peer and is steady, by group and title."""
    cases: dict[str, Case] = {}
    for group, make in GROUPS.items():
        for case in make():
            name = f"{group}: {case.title} / {case.peer_name}"
            if not case.alone and not any(text in name for text in LEFT_OUT):
                cases[name] = case
    return cases


def ratio(case: Case, rounds: int) -> float:
    """Return how many times what the peer takes ours takes."""
    figure = measure(case, rounds)
    return figure.ours / figure.peer


def usual(case: Case, rounds: int) -> float:
    """Return the ratio in the middle of several: one that was lucky would be regretted."""
    return round(sorted(ratio(case, rounds) for _ in range(TRIES))[TRIES // 2], 4)


def worse(case: Case, committed: float, rounds: int) -> float | None:
    """Return the ratio where it is a third worse than committed, each time; None: it is not."""
    best = float("inf")
    for _ in range(TRIES):
        best = min(best, ratio(case, rounds))
        if best <= committed * WORSE:
            return None
    return best


def check(committed: dict[str, float], cases: dict[str, Case], rounds: int) -> list[str]:
    """Return what has become worse, and what is in one of the two only."""
    off = [
        f"{name}: measured, and not in the file: --write" for name in cases if name not in committed
    ]
    for name, before in committed.items():
        if name not in cases:
            off.append(f"{name}: in the file, and not measured any more: --write")
        elif (now := worse(cases[name], before, rounds)) is not None:
            off.append(f"{name}: {now:.3f}, and was {before:.3f}: {now / before:.2f} times that")
        print(
            "." if not off or not off[-1].startswith(name) else f"\n{off[-1]}", end="", flush=True
        )
    print()
    return off


def main(argv: list[str] | None = None) -> int:
    """Check, or write the file; return 1 where something is off."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--write", action="store_true", help="measure all, and write the file")
    parser.add_argument("--file", type=Path, default=RATIOS, help="of ratios (%(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name has this text")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each (%(default)s)")
    options = parser.parse_args(argv)
    cases = {name: case for name, case in checked().items() if options.only in name}
    if options.write:
        found = {name: usual(case, options.rounds) for name, case in cases.items()}
        options.file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    committed = json.loads(options.file.read_text(encoding="utf-8"))
    off = check({k: v for k, v in committed.items() if options.only in k}, cases, options.rounds)
    print("\n".join(off) if off else f"{len(cases)} ratios are as good as committed")
    return int(bool(off))


if __name__ == "__main__":
    sys.exit(main())
