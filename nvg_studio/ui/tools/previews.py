"""What a stroke would do, to be shown under the cursor."""

from nvg_studio.granularity import edits
from nvg_studio.imaging.draw import label_colours
from nvg_studio.ui import gestures
from nvg_studio.ui.canvas.layers import Mask, Preview
from nvg_studio.ui.state import Choices
from nvg_studio.ui.tools.base import Desk

RESTORED = (255, 255, 255)
LOCKED = (255, 214, 90)


def of_paint(desk: Desk, choices: Choices, cells: Mask) -> Preview:
    """What painting `cells` bool [L] would change, and what it may not."""
    session = desk.session
    change, forbidden = gestures.to_change(session.sequence, cells, choices, session.locks)
    red, green, blue = (int(value) for value in label_colours(choices.level)[choices.cluster])
    return Preview(change, forbidden, (red, green, blue))


def of_restore(desk: Desk, choices: Choices, cells: Mask) -> Preview:
    """What the eraser over `cells` would give back."""
    session = desk.session
    assert session.snapshot is not None
    restored = edits.restore(session.sequence, session.snapshot.result, cells, None, session.locks)
    return Preview(edits.changed_cells(session.sequence, restored), None, RESTORED)


def of_lock(desk: Desk, choices: Choices, cells: Mask) -> Preview:
    """Whose locks the lock brush over `cells` would change."""
    locks = desk.session.locks
    return Preview(gestures.changed_locks(locks, gestures.locked(locks, cells, choices)), None, LOCKED)
