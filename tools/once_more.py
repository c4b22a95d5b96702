"""Run once more, alone, what has just failed beside others: for CI, whose machine does other work too.

    python tools/once_more.py 3 -m long

So many may have failed, no more; each is named, whatever comes of it. Further arguments are pytest's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main(most: int, *arguments: str) -> int:
    """Return the exit status: 0 where those that failed, `most` at most, pass alone."""
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []
    if not failed or len(failed) > most:
        print(f"once more: {len(failed)} failed, and at most {most} are run once more")
        return 1
    print("once more, alone:", *failed, sep="\n    ", flush=True)
    command = [sys.executable, "-m", "pytest", "--last-failed", *arguments]
    if code := subprocess.run(command, check=False).returncode:
        print("once more: failed again")
        return code
    print("once more: passed alone, and to be mended all the same:", *failed, sep="\n    ")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
