"""`python -m tck`: see `python -m tck --help`."""

import sys

from tck._cli import main

if __name__ == "__main__":
    sys.exit(main())
