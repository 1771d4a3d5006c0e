"""What a stroke would do, to be shown under the cursor."""

from nvg_studio.granularity import edits
from nvg_studio.ui import gestures
from nvg_studio.ui.canvas.layers import Badge, Mask, Preview, badge_cell
from nvg_studio.ui.colours import cluster_colours
from nvg_studio.ui.images import rgb
from nvg_studio.ui.state import Choices
from nvg_studio.ui.tools.base import Desk
from nvg_studio.ui.tools.cells import Point

RESTORED = (255, 255, 255)
LOCKED = (255, 214, 90)
MOST_BADGES = 6


def of_paint(desk: Desk, choices: Choices, cells: Mask, path: tuple[Point, ...] = ()) -> Preview:
    """What painting `cells` bool [L] would change, and what it may not.

    Says what clusters gain and lose (painting freely: the sizes that they come to), and which is the lowest level that
    changes if that is coarser than the one that is painted.
    """
    session = desk.session
    change, forbidden = gestures.to_change(session.sequence, cells, choices, session.locks)
    colour = rgb(cluster_colours(session, choices, choices.level)[choices.cluster])
    lowest = gestures.lowest_level(session.sequence, change, choices)
    crosses = lowest is not None and lowest < choices.level
    note = f"Changes level {lowest}, too: the next run starts there" if crosses else ""
    return Preview(change, forbidden, colour, path=path, badges=_badges(desk, choices, change), note=note)


def of_restore(desk: Desk, choices: Choices, cells: Mask) -> Preview:
    """What the eraser over `cells` would give back, and what locks hold."""
    session = desk.session
    assert session.snapshot is not None
    before, result = session.sequence, session.snapshot.result
    restored = edits.changed_cells(before, edits.restore(before, result, cells, None, session.locks))
    wanted = edits.changed_cells(before, edits.restore(before, result, cells))
    return Preview(restored, wanted & ~restored, RESTORED)


def of_lock(desk: Desk, choices: Choices, cells: Mask) -> Preview:
    """Whose locks the lock brush over `cells` would change."""
    locks = desk.session.locks
    return Preview(gestures.changed_locks(locks, gestures.locked(locks, cells, choices)), None, LOCKED)


def _badges(desk: Desk, choices: Choices, change: Mask) -> tuple[Badge, ...]:
    """Gains and losses, or new sizes, at the cluster in hand and at those that give; none at the deepest levels."""
    sequence = desk.session.sequence
    if choices.level > desk.session.depth - 3:
        return ()
    colours, labels = cluster_colours(desk.session, choices, choices.level), sequence.labels(choices.level)
    gains = sorted(gestures.exchange(sequence, change, choices).items(), key=lambda gain: -abs(gain[1]))
    badges = []
    for cluster, gain in gains[:MOST_BADGES]:
        mask = labels == cluster
        if mask.any():
            text = f"{gain:+d}".replace("-", "\N{MINUS SIGN}") if choices.balanced else str(int(mask.sum()) + gain)
            badges.append(Badge(badge_cell(mask, desk.session.locks), text, rgb(colours[cluster])))
    return tuple(badges)
