"""Keys known by where they are, not by what they write."""

import sys

from PySide6.QtGui import QKeyEvent

BRACKETS = {
    "linux": {34: -1, 35: 1},  # evdev codes plus 8, under X11 and Wayland alike
    "win32": {26: -1, 27: 1},
    "darwin": {33: -1, 30: 1},
}
"""The two keys right of P, by platform: [ and ] on a US keyboard, other letters elsewhere."""


def bracket_step(event: QKeyEvent) -> int:
    """-1 for the key where [ is on a US keyboard, 1 for the one where ] is, 0 for others."""
    code = event.nativeVirtualKey() if sys.platform == "darwin" else event.nativeScanCode()
    return BRACKETS.get(sys.platform, {}).get(code, 0)
