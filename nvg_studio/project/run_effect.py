"""What a run will do to a step, in words, before it does it."""

from nvg_studio.project.document import Snapshot
from nvg_studio.project.planning import Plan, Scope


def describe_run(snapshot: Snapshot, plan: Plan) -> str:
    """One sentence without a full stop: what is made anew, what is kept, and what is given up.

    For example "Makes levels 1 to 8 anew where you painted, keeps the layout of levels 1 to 3 and everything locked".
    """
    depth = snapshot.sequence.depth
    where = " where you painted" if plan.scope is Scope.PAINTED else ""
    made = "all levels" if plan.stage == 0 else level_range(plan.stage, depth)
    kept = [f"the layout of {level_range(1, plan.kept_levels)}"] if plan.kept_levels else []
    kept += ["everything locked"] if snapshot.locks.any else []
    parts = [f"Makes {made} anew{where}"]
    if kept:
        parts.append(f"keeps {' and '.join(kept)}")
    elif plan.scope is Scope.WHOLE:
        parts.append("keeps nothing of this picture")
    if plan.kept_levels < snapshot.held_levels:
        parts.append(f"gives up the painted layout of {level_range(plan.kept_levels + 1, snapshot.held_levels)}")
    return ", ".join(parts)


def level_range(first: int, last: int) -> str:
    """Levels first..last in words: "level 3", "levels 1 to 3"."""
    return f"level {last}" if first >= last else f"levels {first} to {last}"
