"""`python -m operators`: run a pipeline and watch it."""

import sys

from operators._cli import main

# Processes that a pipeline starts import this module too, and are to run nothing.
if __name__ == "__main__":
    sys.exit(main())
