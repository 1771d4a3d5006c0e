"""The rows of the Run menu in the table of actions."""

from nvg_studio.ui.actions.action_spec import ActionSpec
from nvg_studio.ui.actions.conditions import can_run

RUN = (
    ActionSpec(
        "run.run",
        "&Run",
        "&Run",
        ("Ctrl+Return", "Ctrl+Enter"),
        "play",
        "Make anew what the edits ask for",
        can_run,
    ),
    ActionSpec(
        "run.details",
        "Make the &details anew",
        "&Run",
        (),
        "",
        "Keep the layout of the picture and make the finer levels anew",
        can_run,
    ),
    ActionSpec(
        "run.new_picture",
        "&New picture of this class",
        "&Run",
        (),
        "",
        "Make every level anew, but for what was painted and what is locked",
        can_run,
    ),
    ActionSpec(
        "run.here",
        "Run from this &level",
        "&Run",
        ("Shift+Return",),
        "play-circle",
        "Generate this level and all finer ones",
        can_run,
    ),
    ActionSpec(
        "run.again",
        "Run with a new &seed",
        "&Run",
        ("Ctrl+R",),
        "dice-five",
        "Take a new seed and run from this level",
        can_run,
    ),
    ActionSpec(
        "run.live", "&Live", "&Run", ("Ctrl+Shift+R",), "lightning", "Run at the end of every stroke", checkable=True
    ),
    ActionSpec(
        "run.results",
        "Compare &results",
        "&Run",
        ("Ctrl+Shift+C",),
        "columns",
        "Choose among the variations and other results that wait",
        lambda now: now.pending_results,
        checkable=True,
        line=True,
    ),
    ActionSpec(
        "run.clear",
        "Clear all but &starred",
        "&Run",
        (),
        "",
        "Drop the results without a star",
        lambda now: now.pending_results,
    ),
    ActionSpec(
        "run.cancel", "&Cancel", "&Run", ("Ctrl+.",), "stop", "Stop the run; nothing is changed", lambda now: now.busy
    ),
    ActionSpec(
        "run.models",
        "&Models…",
        "&Run",
        ("Ctrl+Shift+M",),
        "cube",
        "Choose, download, import and remove models",
        line=True,
    ),
)
