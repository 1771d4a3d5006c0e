"""Which actions are enabled in which state: the conditions of the table alone, without a window."""

from dataclasses import replace

import pytest

from nvg_studio.ui.actions.conditions import ActionConditions
from nvg_studio.ui.actions.table import TABLE

OPEN = ActionConditions(document=True, model=True, idle=True, can_run=True, content=True, decodable=True, level=2)


def enabled(now: ActionConditions) -> set[str]:
    """Names of the enabled actions."""
    return {spec.name for spec in TABLE if spec.enabled(now)}


def test_names_are_unique() -> None:
    assert len({spec.name for spec in TABLE}) == len(TABLE)


def test_without_model_and_document_there_is_nothing_to_run_or_save() -> None:
    names = enabled(ActionConditions())
    assert {"file.open", "file.paste", "run.models", "help.palette", "edit.preferences"} <= names
    assert not names & {"file.generate", "file.new_layout", "file.save", "file.export", "run.run", "edit.copy"}


def test_a_new_picture_needs_a_model_that_is_idle_but_a_layout_only_a_model() -> None:
    busy = ActionConditions(model=True, busy=True)
    assert "file.new_layout" in enabled(busy) and "file.generate" not in enabled(busy)
    assert "file.generate" in enabled(replace(busy, busy=False, idle=True))


@pytest.mark.parametrize("selected", range(4))
def test_cluster_actions_follow_the_number_of_selected_clusters(selected: int) -> None:
    names = enabled(replace(OPEN, selected=selected))
    assert ("cluster.lock_region" in names) == (selected > 0)
    assert ("cluster.colour" in names) == ("cluster.merge" in names) == (selected == 1)
    assert ("cluster.swap" in names) == (selected == 2)


def test_the_root_has_no_sibling_to_merge_into() -> None:
    assert "cluster.merge" not in enabled(replace(OPEN, selected=1, level=0))


@pytest.mark.parametrize("depth", (0, 4, 8))
def test_levels_of_the_document_can_be_chosen_and_no_others(depth: int) -> None:
    names = enabled(replace(OPEN, depth=depth))
    assert {name for name in names if name.removeprefix("level.").isdecimal()} == {
        f"level.{level}" for level in range(depth + 1)
    }
