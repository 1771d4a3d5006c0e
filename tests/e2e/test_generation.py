"""A layout from nothing and a reference, filled in by the real engine: what was laid out is what comes out."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from nvg_studio.editor.reference.controller import CROP_SIDE
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.sampling.pipeline import NVGPipeline
from tests.ui.driver import Studio


def test_a_painted_layout_is_kept_in_every_variation(real_studio: Studio) -> None:
    studio, session = real_studio, real_studio.session
    session.generation.new_layout(0, bands=False)
    studio.settle()
    studio.choose(balanced=False, size=3, tool="brush")
    studio.window.state.set_level(1)
    studio.window.state.activate(1)
    studio.stroke([(2.5, 2.5), (5.5, 5.5)])
    studio.window.state.set_level(2)
    studio.window.state.activate(1)
    studio.stroke([(0.5, 6.5), (6.5, 6.5)])
    laid_out = studio.snapshot.sequence
    assert studio.snapshot.layout is not None and studio.snapshot.layout.levels == 2
    studio.set_run_options(variations=3)
    studio.trigger_when_enabled("run.run")
    studio.until(lambda: len(session.generation.pending_results) == 3)
    studio.settle()
    made = session.generation.pending_results
    assert all(np.array_equal(one.sequence.bits[:, :2], laid_out.bits[:, :2]) for one in made)
    assert len({one.sequence for one in made}) == 3
    session.generation.use_result(1)
    studio.settle()
    assert studio.snapshot.sequence == made[1].sequence
    assert np.array_equal(session.base, made[1].picture)
    assert session.run_queue.times.seconds


def test_the_structure_of_a_photo_goes_into_another_class(real_studio: Studio, tiny: Path, samples: list[Path]) -> None:
    studio, session = real_studio, real_studio.session
    studio.open(samples[0])
    reference = studio.window.reference_controller
    reference.set_choices(replace(reference.choices, levels=3, stages=1))
    reference.open(samples[1])
    studio.until(lambda: reference.found is not None)
    source = NVGPipeline.from_pretrained(tiny, device="cpu").encode(
        square_crop(read_image(samples[1]), max_size=CROP_SIDE)
    )
    reference.apply(None, run=True)
    studio.until(lambda: studio.snapshot.request is not None)
    after = studio.snapshot
    assert after.request is not None and after.request.stage == 1
    assert np.array_equal(after.sequence.bits[:, :3], source.bits[:, :3])
    assert np.array_equal(after.sequence.token_map[0], source.token_map[0])
    assert session.document is not None and session.document.undo().undo().index == 0
