"""`python -m tck`: verify a component, list the rules, explain one."""

import sys

from tck._cli import main

if __name__ == "__main__":
    sys.exit(main())
