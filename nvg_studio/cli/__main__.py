"""`python -m nvg_studio.cli`: the command line where the package is not installed."""

import sys

from nvg_studio.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
