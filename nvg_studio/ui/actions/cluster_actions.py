"""The rows of the Level and Cluster menus in the table of actions. No Qt here."""

from functools import partial

from nvg_studio.ui.actions.action_spec import ActionSpec
from nvg_studio.ui.actions.conditions import ActionConditions, has_document, has_selection


def _has_level(level: int, now: ActionConditions) -> bool:
    return level <= now.depth


LEVEL = (
    ActionSpec("level.coarser", "&Coarser level", "&Level", ("Ctrl+Left",), "caret-left", "", has_document),
    ActionSpec("level.finer", "&Finer level", "&Level", ("Ctrl+Right",), "caret-right", "", has_document),
    *(
        ActionSpec(
            f"level.{n}", f"Level &{n}", "&Level", (str(n),), enabled=partial(_has_level, n), group="level", line=n == 0
        )
        for n in range(9)
    ),
    ActionSpec(
        "level.lock_layout",
        "Lock the &layout up to this level",
        "&Level",
        (),
        "lock-simple",
        "Hold the structure of the whole picture up to this level",
        has_document,
        line=True,
    ),
    ActionSpec(
        "level.lock_coarse",
        "Keep the content &up to this level",
        "&Level",
        (),
        "",
        "Hold the content of the whole picture up to this level",
        has_document,
    ),
    ActionSpec(
        "level.release_layout",
        "&Release the painted layout",
        "&Level",
        (),
        "lock-simple-open",
        "Let the next run change the structure that was painted, too",
        lambda now: now.painted_layout,
    ),
)
CLUSTER = (
    ActionSpec(
        "cluster.lock_layout",
        "Lock &layout",
        "&Cluster",
        ("Ctrl+L",),
        "lock-simple",
        "Hold the shape of the selected clusters up to this level",
        has_selection,
    ),
    ActionSpec(
        "cluster.lock_region",
        "Lock &region",
        "&Cluster",
        ("Ctrl+Shift+L",),
        "lock-key",
        "Hold everything in the selected clusters",
        has_selection,
    ),
    ActionSpec(
        "cluster.lock_coarse",
        "Keep &coarse content",
        "&Cluster",
        (),
        "",
        "Hold the content of the selected clusters up to this level",
        has_selection,
    ),
    ActionSpec(
        "cluster.unlock",
        "&Unlock",
        "&Cluster",
        ("Ctrl+Alt+L",),
        "lock-simple-open",
        "Release the selected clusters",
        has_selection,
    ),
    ActionSpec(
        "cluster.unlock_all", "Unlock &everything", "&Cluster", (), "", "Release every lock", lambda now: now.locks
    ),
    ActionSpec(
        "cluster.take",
        "&Make active",
        "&Cluster",
        (),
        "eyedropper",
        "Paint with the selected cluster",
        lambda now: now.document and now.selected == 1,
        line=True,
    ),
    ActionSpec(
        "cluster.content",
        "Gi&ve it the content of the active one",
        "&Cluster",
        ("Ctrl+Alt+C",),
        "drop-half",
        "Give the selected clusters the content of the active cluster, from coarse to fine",
        lambda now: has_selection(now) and now.content,
    ),
    ActionSpec(
        "cluster.colour",
        "Give it a c&olour…",
        "&Cluster",
        ("Ctrl+Alt+K",),
        "palette",
        "Choose among the model's codes that come nearest to a colour",
        lambda now: now.selected == 1 and now.content and now.decodable,
    ),
    ActionSpec("cluster.rename", "Re&name", "&Cluster", ("F2",), "text-t", "Give the cluster a name", has_selection),
    ActionSpec(
        "cluster.only",
        "&Show only these",
        "&Cluster",
        ("Ctrl+H",),
        "eye",
        "Veil everything but the selected clusters; once more shows all",
        has_selection,
    ),
    ActionSpec("cluster.show_all", "Show &everything", "&Cluster", (), "", "Lift the veil", lambda now: now.veiled),
    ActionSpec("cluster.deselect", "&Deselect", "&Cluster", ("Ctrl+D",), "", "", has_selection),
    ActionSpec(
        "cluster.balance",
        "&Balance level",
        "&Cluster",
        (),
        "scales",
        "Make the clusters of this level equal in size with the fewest changes",
        has_document,
        line=True,
    ),
    ActionSpec(
        "cluster.merge",
        "&Merge into its sibling",
        "&Cluster",
        ("Ctrl+M",),
        "git-merge",
        "Put all cells of the selected cluster into the other half of its parent",
        lambda now: now.document and now.selected == 1 and now.level > 0,
    ),
    ActionSpec(
        "cluster.swap",
        "S&wap the two selected",
        "&Cluster",
        (),
        "swap",
        "Exchange the two selected clusters, shape and content",
        lambda now: now.document and now.selected == 2,
    ),
)
