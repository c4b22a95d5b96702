"""`python -m tck`: see `python -m tck --help`."""

from __future__ import annotations

import os
import sys
from tempfile import TemporaryDirectory

from tck._cli import main


def _main() -> int:
    # Hypothesis keeps notes in a folder, which nobody who verifies a file expects in front of them.
    with TemporaryDirectory() as folder:
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)
        return main()


if __name__ == "__main__":
    sys.exit(_main())
