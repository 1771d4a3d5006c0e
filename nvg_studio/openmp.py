"""How the threads that torch computes with wait for each other.

They meet at a barrier after every operation. By default they spin there for milliseconds: where another program has
taken a core, the one that is not waited for burns the other core as well, and a run takes 50 times as long. Without any
spin they must be woken at every barrier, which costs a fifth when nothing else runs. A short spin bridges what Python
does between two operations and gives the core away soon after.
"""

import os
from collections.abc import MutableMapping

SETTINGS = {
    # GNU's runtime, on Linux: turns of its waiting loop. Of 1000, 1500, 2000, 3000 and 10000 the one that loses nothing
    # when idle and least beside a busy process (docs/performance.md).
    "GOMP_SPINCOUNT": "3000",
    # LLVM's and Intel's, on macOS and Windows: milliseconds, 200 by default.
    "KMP_BLOCKTIME": "1",
}
POLICY = "OMP_WAIT_POLICY"
"""What users of OpenMP set themselves: it stays the last word."""


def limit_spinning(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have waiting threads give their cores away soon. Call this before torch is imported: later it does nothing.

    What the environment already says stays.
    """
    if POLICY not in environment:
        for name, value in SETTINGS.items():
            environment.setdefault(name, value)


def forget_settings(environment: MutableMapping[str, str] = os.environ) -> None:
    """Leave the runtimes to their own defaults, to compare with them; before torch is imported as well."""
    for name in (*SETTINGS, POLICY):
        environment.pop(name, None)
