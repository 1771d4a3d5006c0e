"""Runs in the window: whatever becomes of one, the document is what its owner left."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nvg_studio.engine.scripted import ScriptedEngine
from tests.ui.driver import Studio


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stage=st.integers(0, 8), data=st.data())
def test_cancel_at_any_time_leaves_the_document(studio: Studio, stage: int, data: st.DataObject) -> None:
    engine, before = studio.engine, studio.session.document
    assert isinstance(engine, ScriptedEngine)
    studio.until(lambda: not engine.busy)
    engine.manual = True
    studio.press_card(stage)
    engine.step(data.draw(st.integers(0, 9 - stage)))  # a run of 9 - stage stages is done one step later
    studio.session.engine_client.poll()
    studio.trigger_when_enabled("run.cancel")
    engine.manual = False
    studio.settle()
    assert studio.session.run_queue.running is None
    assert studio.session.document is before
    assert set(studio.card_states()) == {"fresh"} and not studio.session.generation.pending_results
