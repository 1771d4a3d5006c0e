"""The pipeline on a small random model: what it keeps, what it repeats, what it refuses."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvg_studio.errors import Cancelled, CheckpointError, DeviceError, PictureError, SequenceError, SettingsError
from nvg_studio.granularity import edits
from nvg_studio.granularity.halves import halve
from nvg_studio.granularity.hierarchy import is_balanced, split
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import Halves, Pairs
from nvg_studio.sampling import code_colours
from nvg_studio.sampling.events import Event, StageDone
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from tests.tiny import save_tiny_model, tiny_pipeline

CELLS, DEPTH = 64, 6


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def start(pipe):
    return pipe.generate(GenerationSettings(class_id=0, seed=1))


@pytest.fixture(scope="module")
def plain_pipe(tmp_path_factory):
    """Trained without known cells, like the published models."""
    return tiny_pipeline(tmp_path_factory.mktemp("plain"), conditions_on_known_cells=False)


def random_tree(seed):
    """Any tree, most of them far from balanced, with clusters that are empty; some put all cells into one."""
    rng = np.random.default_rng(seed)
    bits = (rng.random((CELLS, DEPTH)) < rng.uniform(-0.2, 1.2, DEPTH)).astype(np.uint8)
    return GranularitySequence(bits, rng.integers(64, size=(DEPTH + 1, CELLS)).astype(np.int32))


def random_locks(seed):
    rng = np.random.default_rng(seed)
    locks = Locks.none(CELLS, DEPTH)
    locks = locks.with_structure(rng.random(CELLS) < 0.4, int(rng.integers(DEPTH + 1)))
    return locks.with_content(rng.random(CELLS) < 0.4, int(rng.integers(DEPTH + 2)))


def test_a_generated_tree_is_balanced_and_comes_again_from_its_seed(pipe, start):
    assert is_balanced(start.bits, DEPTH)
    assert pipe.generate(GenerationSettings(class_id=0, seed=1)) == start
    assert pipe.generate(GenerationSettings(class_id=0, seed=2)) != start
    assert pipe.generate(GenerationSettings(class_id=1, seed=1)) != start


def test_encoding_takes_the_centre_square(pipe):
    rng = np.random.default_rng(0)
    square = rng.integers(256, size=(16, 16, 3), dtype=np.uint8)
    wide = np.concatenate([np.zeros((16, 5, 3), np.uint8), square, np.zeros((16, 5, 3), np.uint8)], 1)
    assert pipe.encode(wide) == pipe.encode(square)
    assert is_balanced(pipe.encode(square).bits, DEPTH)
    assert pipe.decode(pipe.encode(square)).shape == (16, 16, 3)


def test_a_picture_is_clustered_as_asked_for(pipe):
    image = np.random.default_rng(0).integers(256, size=(16, 16, 3), dtype=np.uint8)
    halves = pipe.encode(image, Halves(1.5, 2))
    assert np.array_equal(halves.labels(DEPTH), halve(pipe.latent(image), Halves(1.5, 2))[-1])
    assert pipe.encode(image, Pairs()) == pipe.encode(image) != halves
    other = pipe.with_structure_method(Halves(1.5, 2))
    assert other.encode(image) == halves and pipe.encode(image) != halves


def test_a_picture_takes_a_given_structure(pipe):
    image = np.random.default_rng(0).integers(256, size=(16, 16, 3), dtype=np.uint8)
    own = pipe.encode(image)
    assert pipe.encode(image, own.bits) == own
    free = random_tree(3).bits
    found = pipe.encode(image, free)
    assert np.array_equal(found.bits, free)
    for stage in range(DEPTH + 1):
        for cluster in np.unique(found.labels(stage)):
            assert len(np.unique(found.token_map[stage, found.labels(stage) == cluster])) == 1
    with pytest.raises(SequenceError, match="do not fit"):
        pipe.encode(image, free[:16, :4])


def test_the_brightness_of_cells_is_the_mean_of_the_latent(pipe):
    image = np.random.default_rng(0).integers(256, size=(16, 16, 3), dtype=np.uint8)
    np.testing.assert_allclose(pipe.read(image).brightness, pipe.latent(image).mean(1), rtol=1e-6)


def test_canvases_add_up(pipe, start):
    first = pipe.canvas(start, 0)
    assert first.shape == (CELLS, 8) and first.dtype == np.float32
    assert not np.allclose(pipe.canvas(start, 1), first)
    np.testing.assert_array_equal(pipe.canvas(start), pipe.canvas(start, DEPTH))


trees, stages = st.integers(0, 10**6), st.integers(0, DEPTH)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pipe", "plain_pipe"])
@settings(max_examples=30)
@given(seed=trees, stage=stages)
def test_a_run_keeps_what_is_below_its_start_and_what_is_locked(request, name, seed, stage):
    """On any tree, to the end; and the same request gives the same result."""
    pipe, before, locks = request.getfixturevalue(name), random_tree(seed), random_locks(seed)
    after = pipe.run_from(before, stage, GenerationSettings(class_id=0, seed=seed), locks)
    assert (after.bits[:, :stage] == before.bits[:, :stage]).all()
    assert (after.token_map[:stage] == before.token_map[:stage]).all()
    assert (after.bits[locks.bits] == before.bits[locks.bits]).all()
    assert (after.token_map[locks.tokens] == before.token_map[locks.tokens]).all()
    assert after.token_map.max() < 64 and pipe.decode(after).shape == (16, 16, 3)
    assert after == pipe.run_from(before, stage, GenerationSettings(class_id=0, seed=seed), locks)


class StopsAfter:
    """A cancel that comes when it has been asked for so many times."""

    def __init__(self, times):
        self.left = times

    def is_set(self):
        self.left -= 1
        return self.left < 0


@pytest.mark.slow
@settings(max_examples=30)
@given(seed=trees, stage=stages, times=st.integers(0, 25))
def test_a_cancel_at_any_time_leaves_everything_as_it_was(pipe, seed, stage, times):
    before, locks, wanted = random_tree(seed), random_locks(seed), GenerationSettings(class_id=1, seed=seed)
    whole, stop = pipe.run_from(before, stage, wanted, locks), StopsAfter(times)
    try:
        assert pipe.run_from(before, stage, wanted, locks, cancel=stop) == whole
        assert stop.left >= 0
    except Cancelled:
        assert stop.left == -1, "the first answer is heeded"
    assert before == random_tree(seed) and locks == random_locks(seed)
    assert pipe.run_from(before, stage, wanted, locks) == whole


def test_free_cells_of_a_cluster_share_a_new_token(pipe, start):
    held = np.zeros(CELLS, bool)
    held[:10] = True
    odd = start.replace(token_map=np.where(held, 63, start.token_map))
    after = pipe.run_from(odd, 0, GenerationSettings(seed=5), Locks.none(CELLS, DEPTH).with_content(held))
    assert (after.token_map[:, held] == 63).all()
    for stage in range(DEPTH + 1):
        for label in np.unique(after.labels(stage)):
            free = (after.labels(stage) == label) & ~held
            assert len(np.unique(after.token_map[stage, free])) <= 1


def test_locked_structure_needs_no_structure_network(pipe, start, monkeypatch):
    def called(*_):
        raise AssertionError("the structure network was called")

    monkeypatch.setattr(pipe._networks.generator.structure, "forward", called)
    everything = Locks.none(CELLS, DEPTH).with_structure(np.ones(CELLS, bool), DEPTH)
    after = pipe.run_from(start, 0, GenerationSettings(seed=9), everything)
    assert (after.bits == start.bits).all() and (after.token_map != start.token_map).any()


def test_models_without_known_cells_take_four_steps_at_least(tmp_path, start):
    plain = tiny_pipeline(tmp_path, conditions_on_known_cells=False)
    calls = []
    network = plain._networks.generator.structure
    original = network.forward
    network.forward = lambda *inputs: (calls.append(float(inputs[-1][0])), original(*inputs))[1]
    locks = Locks.none(CELLS, DEPTH).with_structure(np.arange(CELLS) < 9, 3)
    after = plain.run_from(start, 0, GenerationSettings(seed=3, structure_steps=1), locks)
    assert (after.bits[:9, :3] == start.bits[:9, :3]).all()
    assert len(calls) == 3 * 4 + 2, "stages 0 to 2 know locked bits, stages 3 and 4 do not"


def test_small_edits_give_small_changes(pipe, start):
    """Random numbers belong to seed, stage and cluster: an edit at a late stage leaves all earlier draws alone."""
    painted = edits.paint(start, np.array([0, 1]), level=4, cluster=5, inside_parent=False)
    begin = edits.first_changed_stage(start, painted)
    after = pipe.run_from(painted, begin, GenerationSettings(class_id=0, seed=1))
    assert (after.token_map[:begin] == painted.token_map[:begin]).all()
    assert pipe.run_from(start, 3, GenerationSettings(class_id=0, seed=1)) == start


def test_variations_are_the_single_runs(pipe, start):
    requests = [GenerationSettings(class_id=n % 2, seed=n) for n in range(4)]
    together = pipe.run_from_batch(start, 1, requests)
    assert together == [pipe.run_from(start, 1, one) for one in requests]
    assert len({sequence.digest() for sequence in together}) == 4
    with pytest.raises(SettingsError, match="structure steps"):
        pipe.run_from_batch(start, 1, [GenerationSettings(structure_steps=1), GenerationSettings(structure_steps=2)])


def test_every_stage_is_reported_with_a_picture(pipe, start):
    events: list[StageDone] = []
    after = pipe.run_from(start, 2, GenerationSettings(seed=4), on_event=events.append)
    assert [event.stage for event in events] == [2, 3, 4, 5, 6]
    assert all(isinstance(event, StageDone) for event in events)
    for event in events:
        np.testing.assert_array_equal(event.preview, pipe.decode(event.sequence, event.stage))
        assert (event.sequence.token_map[: event.stage + 1] == after.token_map[: event.stage + 1]).all()
    assert events[-1].sequence == after


def test_on_the_way_only_the_first_picture_is_drawn(pipe, start, monkeypatch):
    drawn, decode = [], pipe._compute.decode
    monkeypatch.setattr(pipe._compute, "decode", lambda canvas: drawn.append(len(canvas)) or decode(canvas))
    events: list[StageDone] = []
    pipe.run_from_batch(start, 4, [GenerationSettings(seed=n) for n in range(3)], on_event=events.append)
    assert drawn == [1, 1, 3]
    assert [event.preview is not None for event in events] == 2 * [True, False, False] + 3 * [True]
    assert not any(event.rough for event in events)


def test_a_preview_decoder_draws_what_is_replaced_at_once(tmp_path, start):
    save_tiny_model(tmp_path, preview=True)
    quick = NVGPipeline.from_pretrained(tmp_path, device="cpu")
    events: list[Event] = []
    after = quick.run_from(start, 3, GenerationSettings(seed=4), on_event=events.append)
    stages = [event for event in events if isinstance(event, StageDone)]
    assert stages == events and [event.rough for event in stages] == [True, True, True, False]
    for event in stages[:-1]:
        assert event.preview is not None
        assert event.preview.shape == (16, 16, 3) and event.preview.dtype == np.uint8
        assert not np.array_equal(event.preview, quick.decode(event.sequence, event.stage))
    np.testing.assert_array_equal(stages[-1].preview, quick.decode(after))


def test_a_preview_decoder_changes_no_result(tmp_path, pipe, start):
    save_tiny_model(tmp_path, preview=True)
    quick = NVGPipeline.from_pretrained(tmp_path, device="cpu")
    assert quick.info.identity.model == pipe.info.identity.model
    chosen = GenerationSettings(class_id=1, seed=5)
    assert quick.run_from(start, 2, chosen, on_event=lambda event: None) == pipe.run_from(start, 2, chosen)
    quick.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "preview.safetensors").exists()


def test_a_cancelled_run_stops_before_the_next_network_call(pipe, start):
    stop = threading.Event()
    seen = []

    def on_event(event):
        seen.append(event.stage)
        stop.set()

    with pytest.raises(Cancelled):
        pipe.run_from(start, 0, GenerationSettings(), on_event=on_event, cancel=stop)
    assert seen == [0]


def test_greedy_and_top_k_one_agree(pipe, start):
    greedy = pipe.run_from(start, 0, GenerationSettings(seed=2, greedy=True))
    assert greedy == pipe.run_from(start, 0, GenerationSettings(seed=2, top_k=1, temperature=50.0))
    assert greedy != pipe.run_from(start, 0, GenerationSettings(seed=2))


def test_gumbel_split_draws_other_trees(pipe):
    plain = pipe.generate(GenerationSettings(seed=2))
    drawn = pipe.generate(GenerationSettings(seed=2, gumbel_split=True))
    assert is_balanced(drawn.bits, DEPTH) and (plain.bits != drawn.bits).any()
    assert drawn == pipe.generate(GenerationSettings(seed=2, gumbel_split=True))


def test_the_last_split_follows_the_noise(pipe):
    noise = np.random.default_rng(3).standard_normal((CELLS, DEPTH)).astype(np.float32)
    result = pipe.generate(GenerationSettings(seed=8), structure_noise=noise)
    expected = split(np.clip(noise[:, -1], -1, 1), result.labels(DEPTH - 1))
    np.testing.assert_array_equal(result.bits[:, -1], expected)


def test_saved_models_are_the_same_model(pipe, start, tmp_path):
    pipe.save_pretrained(tmp_path / "copy")
    again = NVGPipeline.from_pretrained(tmp_path / "copy", device="cpu")
    assert again.info.identity.model == pipe.info.identity.model
    np.testing.assert_array_equal(again.decode(start), pipe.decode(start))


def test_what_does_not_fit_is_refused_in_one_line(pipe, start, tmp_path):
    refused = [
        (PictureError, lambda: pipe.encode(np.zeros((4, 4, 3), np.uint8))),
        (PictureError, lambda: pipe.encode(np.zeros((64, 64), np.uint8))),
        (SettingsError, lambda: pipe.run_from(start, 7, GenerationSettings())),
        (SettingsError, lambda: pipe.generate(GenerationSettings(class_id=2))),
        (SettingsError, lambda: pipe.decode(start, 9)),
        (SettingsError, lambda: pipe.generate(GenerationSettings(), np.zeros((3, 3), np.float32))),
        (SequenceError, lambda: pipe.decode(GranularitySequence.blank(256, 8))),
        (SequenceError, lambda: pipe.decode(start.replace(token_map=start.token_map + 64))),
        (SequenceError, lambda: pipe.run_from(start, 0, GenerationSettings(), Locks.none(256, 8))),
        (CheckpointError, lambda: NVGPipeline.from_pretrained(tmp_path / "nowhere")),
        (DeviceError, lambda: NVGPipeline(pipe._networks, device="cuda:7")),
    ]
    for kind, call in refused:
        with pytest.raises(kind) as caught:
            call()
        assert "\n" not in str(caught.value) and len(str(caught.value)) > 20


def test_code_colours_are_those_of_pictures_with_that_token_everywhere(pipe, start, monkeypatch):
    monkeypatch.setattr(code_colours, "COLOUR_PATCH", pipe.info.grid)  # else the surroundings are cut off
    path = (3, 9)
    colours = pipe.code_colours(path)
    assert colours.shape == (64, 3) and colours.dtype == np.uint8
    tokens = start.token_map.copy()
    for code in range(64):
        tokens[:3] = np.array([*path, code])[:, None]
        picture = pipe.decode(start.replace(token_map=tokens), stage=2)
        assert np.abs(colours[code] - picture[4:-4, 4:-4].mean(axis=(0, 1))).max() < 1


def test_code_colours_depend_on_what_lies_below(pipe):
    colours = pipe.code_colours((3, 9))
    assert colours.shape == (64, 3)
    assert np.array_equal(colours, pipe.code_colours((3, 9)))
    assert not np.array_equal(colours, pipe.code_colours((5, 9)))


def test_code_colours_refuse_other_paths_and_stop(pipe):
    for path in ((64,), (-1,), (0,) * (DEPTH + 1)):
        with pytest.raises(SettingsError):
            pipe.code_colours(path)
    flag = threading.Event()
    flag.set()
    with pytest.raises(Cancelled):
        pipe.code_colours((), cancel=flag)
