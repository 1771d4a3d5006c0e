"""Start NVG Studio: `python main.py [picture or project]`."""

import sys

from nvg_studio.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
