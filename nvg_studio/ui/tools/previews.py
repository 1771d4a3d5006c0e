"""What a stroke would do, to be shown under the cursor."""

from nvg_studio.editor import strokes
from nvg_studio.editor.choices import Choices
from nvg_studio.editor.pictures.qimages import rgb
from nvg_studio.granularity import edits
from nvg_studio.ui.canvas.layers import Badge, Mask, Preview, badge_cell
from nvg_studio.ui.canvas.tool import ToolContext
from nvg_studio.ui.tools.cells import Point
from nvg_studio.ui.view_models.cluster_colours import cluster_colours

RESTORED = (255, 255, 255)
LOCKED = (255, 214, 90)
MAX_BADGES = 6


def paint_preview(context: ToolContext, choices: Choices, cells: Mask, path: tuple[Point, ...] = ()) -> Preview:
    """What painting `cells` bool [L] would change, and what it may not.

    Says what clusters gain and lose (painting freely: the sizes that they come to), and which is the lowest level that
    changes if that is coarser than the one that is painted.
    """
    session = context.session
    change, forbidden = strokes.split_by_locks(session.sequence, cells, choices, session.locks)
    colour = rgb(cluster_colours(session, choices, choices.level)[choices.cluster])
    lowest = strokes.lowest_level(session.sequence, change, choices)
    crosses = lowest is not None and lowest < choices.level
    note = f"Changes level {lowest}, too: the next run starts there" if crosses else ""
    return Preview(change, forbidden, colour, path=path, badges=_badges(context, choices, change), note=note)


def restore_preview(context: ToolContext, choices: Choices, cells: Mask) -> Preview:
    """The cells that the eraser over `cells` would restore, and the locked ones among them."""
    session = context.session
    assert session.snapshot is not None
    before, result = session.sequence, session.snapshot.result
    restored = edits.changed_cells(before, edits.restore(before, result, cells, None, session.locks))
    wanted = edits.changed_cells(before, edits.restore(before, result, cells))
    return Preview(restored, wanted & ~restored, RESTORED)


def lock_preview(context: ToolContext, choices: Choices, cells: Mask) -> Preview:
    """Whose locks the lock brush over `cells` would change."""
    locks = context.session.locks
    return Preview(strokes.changed_locks(locks, strokes.locked(locks, cells, choices)), None, LOCKED)


def _badges(context: ToolContext, choices: Choices, change: Mask) -> tuple[Badge, ...]:
    """Gains and losses, or new sizes, at the active cluster and at those that give; none at the deepest levels."""
    sequence = context.session.sequence
    if choices.level > context.session.depth - 3:
        return ()
    colours, labels = cluster_colours(context.session, choices, choices.level), sequence.labels(choices.level)
    gains = sorted(strokes.size_changes(sequence, change, choices).items(), key=lambda gain: -abs(gain[1]))
    badges = []
    for cluster, gain in gains[:MAX_BADGES]:
        mask = labels == cluster
        if mask.any():
            text = f"{gain:+d}".replace("-", "\N{MINUS SIGN}") if choices.balanced else str(int(mask.sum()) + gain)
            badges.append(Badge(badge_cell(mask, context.session.locks), text, rgb(colours[cluster])))
    return tuple(badges)
