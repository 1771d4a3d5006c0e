"""The options of the next runs."""

from dataclasses import replace

from nvg_studio.editor.runs.run_options import changed_from
from nvg_studio.sampling.settings import GenerationSettings

DEFAULTS = GenerationSettings(content_guidance=(1.0, 4.0), temperature=0.9, structure_steps=8, top_p=(1.0, 1.0))


def test_values_that_are_shown_as_the_models_defaults_stay_the_models_defaults() -> None:
    before = GenerationSettings(class_id=3, seed=7, temperature=0.5)
    shown = before.resolved(DEFAULTS)
    assert changed_from(before, shown, DEFAULTS) == before
    assert changed_from(before, replace(shown, structure_steps=2), DEFAULTS) == replace(before, structure_steps=2)
    assert changed_from(before, replace(shown, class_id=None, seed=8), DEFAULTS) == replace(
        before, class_id=None, seed=8
    )
