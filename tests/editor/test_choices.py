"""The editor's choices: ranges, and the signal with the values before and after."""

from dataclasses import replace

from nvg_studio.editor.choices import Choices, EditorState


def test_a_change_is_reported_once_with_the_values_before_and_after() -> None:
    state, changes = EditorState(), list[tuple[Choices, Choices]]()
    state.changed.connect(lambda before, after: changes.append((before, after)))
    before = state.choices
    state.set(replace(before, tool="brush", size=5))
    state.set(state.choices)
    assert changes == [(before, replace(before, tool="brush", size=5))] and state.choices == changes[0][1]


def test_values_are_clamped_to_their_ranges() -> None:
    state, changes = EditorState(), list[Choices]()
    state.set(replace(state.choices, size=99, opacity=-1.0, wipe=2.0))
    assert (state.choices.size, state.choices.opacity, state.choices.wipe) == (state.choices.max_size, 0.0, 1.0)
    state.changed.connect(lambda before, after: changes.append(after))
    state.set(replace(state.choices, size=1000))
    assert not changes
