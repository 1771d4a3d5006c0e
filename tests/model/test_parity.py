"""Our networks against the golden tensors: the published layout in, the published numbers out.

Everything runs on the committed set (`tests/goldens`), and again on a complete one where there is one; NVG_GOLDENS
names its folder. Only the photo of a complete set is not committed.
"""

import copy

import numpy as np
import pytest
import torch

from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.hierarchy import labels_to_bits, structure_embedding
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.model.blocks import rotation, time_embedding, token_ids
from nvg_studio.model.official import generator_weights
from nvg_studio.model.tokenizer import group_means
from nvg_studio.sampling.compute import Compute
from nvg_studio.sampling.flow import euler, time_grid
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.precision import Precision
from nvg_studio.sampling.runner import BatchState, Runner
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.sampling.tokens import top_p_at
from nvg_studio.training.tasks.generator import Batch, content_losses, structure_losses
from nvg_studio.training.tasks.tokenizer import quantizer_losses
from tests.goldens.reading import HERE, given_folder, plain_picture, read_committed, read_given, write_checkpoints
from tests.tolerance import DEEP, NETWORK, ONE, SUM, assert_close, float32_error

GIVEN = given_folder()
PLAIN = torch.autocast("cpu", enabled=False)
STAGES, CELLS, DEPTH = 9, 256, 8


@pytest.fixture(scope="module", params=["committed"] if GIVEN is None else ["committed", "given"])
def golden_set(request, tmp_path_factory):
    """Folder with the two checkpoints, and the values."""
    if request.param == "given":
        assert GIVEN is not None
        return GIVEN, read_given(GIVEN)
    folder = tmp_path_factory.mktemp("committed")
    write_checkpoints(folder)
    return folder, read_committed()


@pytest.fixture(scope="module")
def golden(golden_set):
    return golden_set[1]


def published(folder):
    return NVGPipeline.from_official(folder / "ae.ckpt", folder / "gen.ckpt", ema=True, device="cpu")


@pytest.fixture(scope="module")
def pipeline(golden_set):
    return published(golden_set[0])


@pytest.fixture(scope="module")
def networks(pipeline):
    return pipeline._networks


@pytest.fixture(scope="module")
def sequence(golden):
    return published_sequence(golden)


def published_sequence(golden):
    labels = golden["labels"].numpy()
    token_map = np.stack([tokens.numpy()[row] for tokens, row in zip(golden["tokens"], labels, strict=True)])
    return GranularitySequence(labels_to_bits(labels[-1], DEPTH), token_map.astype(np.int32))


def close(actual, expected, roundings):
    assert_close(torch.as_tensor(actual).detach(), torch.as_tensor(expected), roundings)


def thinned(picture, golden):
    """The pixels of a picture that a set keeps of it, which is every third one or all."""
    step = round(picture.shape[-1] / golden.shape[-1])
    return picture[:, ::step, ::step]


def test_sizes_are_read_from_the_tensors(pipeline, golden):
    config = pipeline.config
    assert config.generator.content_width == golden["cfg_hidden"]
    assert config.generator.content_depth == config.generator.structure_depth == golden["cfg_depth"]
    assert config.generator.classes == golden["cfg_num_classes"]
    assert config.tokenizer.codebook_size == golden["cfg_vocab"]
    assert list(config.tokenizer.multipliers) == golden["cfg_ch_mult"].tolist()
    assert config.generator.scale_factors[1] == pytest.approx(4.1993)


def test_clustering(golden):
    for points, labels in zip(golden["cluster_x"].numpy(), golden["cluster_labels"].numpy(), strict=True):
        assert (cluster(points) == labels).all()
    latent = golden["latent_f"][0].flatten(1).T.contiguous().numpy()
    assert (cluster(latent) == golden["labels"].numpy()).all()


@pytest.mark.skipif(GIVEN is None, reason="the photo is not committed; NVG_GOLDENS names a complete set")
def test_encoding_the_photo():
    assert GIVEN is not None
    pipeline, golden = published(GIVEN), read_given(GIVEN)
    with torch.inference_mode():
        latent = pipeline._networks.tokenizer.encoder(golden["image_model_input"][None])
    close(latent, golden["latent_f"], NETWORK)
    assert pipeline.encode(golden["image_uint8"].numpy()) == published_sequence(golden)


def test_encoding_with_the_stand_in(tmp_path):
    write_checkpoints(tmp_path)
    with torch.inference_mode():
        latent = published(tmp_path)._networks.tokenizer.encoder(plain_picture())
    close(latent, read_committed()["stand_in_latent"], NETWORK)


def test_tokens(networks, golden, sequence):
    latent = golden["latent_f"].flatten(2).transpose(1, 2)
    with torch.inference_mode():
        quantized = networks.tokenizer.quantizer(latent, golden["labels"][None])
    for stage, tokens in enumerate(golden["tokens"]):
        assert (sequence.tokens[stage] == tokens.numpy()).all()
        assert torch.equal(quantized.token_map[0, stage], tokens[golden["labels"][stage]])
    close(quantized.canvases[0], golden["canvases"], SUM)


def test_canvases_and_pictures(pipeline, networks, golden, sequence):
    for stage in range(STAGES):
        close(pipeline.canvas(sequence, stage), golden["canvases"][stage], SUM)
    for name, stage in (("final", 8), ("stage2", 2), ("stage5", 5)):
        expected = golden[f"decoded_{name}"]
        with torch.inference_mode():
            picture = networks.tokenizer.decode(golden["canvases"][stage][None])[0]
        close(thinned(picture, expected), expected, DEEP)
        same_bytes(pipeline.decode(sequence, stage), expected)


def same_bytes(picture, expected):
    """A picture uint8 [S, S, 3] cut to integers from the float one, which may be off by one where that is near one."""
    ours = thinned(torch.from_numpy(picture).permute(2, 0, 1), expected).int()
    difference = ours - (255 * (expected + 1) / 2).byte().int()
    assert int(difference.abs().max()) <= 1 and float((difference != 0).float().mean()) < 1e-3


def test_structure_embedding_and_rotary_code(golden, sequence):
    for stage in range(STAGES):
        assert (structure_embedding(sequence.bits, stage) == golden["struct_embed"][stage].numpy()).all()
    structure = golden["struct_embed"][3][None]
    for name, kinds in (("content", (0,)), ("structure", (2, 0))):
        ids = token_ids(structure, 16, kinds)
        assert torch.equal(ids[0], golden[f"rope_ids_{name}_s3"].float())
        cos, sin = (part[0, 0] for part in rotation(ids))
        table = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
        close(table, golden[f"rope_table_{name}_s3"], 2 * int(ids.max()))


def test_times(golden):
    # A sine is as wrong as its argument, which goes up to 1000 here and has been rounded twice.
    close(time_embedding(torch.as_tensor(golden["timestep_t"])), golden["timestep_emb"], 2 * 1000)
    for steps in (5, 10, 25, 50):
        close(time_grid(steps, CELLS), golden[f"time_grid_{steps}"], ONE)
    close([top_p_at((1.0, 0.5), i, DEPTH) for i in range(STAGES)], golden["top_p_1_to_0p5"], ONE)


def class_of(name, golden):
    return golden["cfg_num_classes"] if name == "null" else int(name.removeprefix("c"))


@pytest.mark.parametrize("name", ["c3", "null"])
def test_content_network(networks, golden, name):
    canvases = torch.cat([torch.zeros(1, CELLS, 32), golden["canvases"][:-1]])
    classes, stages = torch.full((STAGES,), class_of(name, golden)), torch.arange(STAGES)
    with torch.inference_mode():
        final = networks.generator.content(canvases, golden["struct_embed"], classes, stages)
        close(final, golden[f"tf_x0_{name}"], SUM)
        for stage in range(STAGES):
            step = group_means((final - canvases)[stage : stage + 1], golden["labels"][stage : stage + 1], 1 << stage)
            logits = networks.generator.content.logits(step)[0, :64]
            close(logits, golden[f"tf_logits_{name}"][stage], SUM)


@pytest.mark.parametrize("name", ["c3", "null"])
def test_structure_network(networks, golden, name):
    stages = torch.arange(7)
    with torch.inference_mode():
        velocity = networks.generator.structure(
            golden["str_zt"],
            golden["canvases"][:7],
            golden["struct_embed"][:7],
            torch.full((7,), class_of(name, golden)),
            stages,
            torch.full((7,), golden["str_t"]),
        )
    close(velocity, golden[f"str_v_{name}"], NETWORK)


def test_structure_sampling(networks, golden, sequence):
    scale = float(golden["ss_cfg"])
    settings = GenerationSettings(
        golden["ss_class"], 0, (1.0, 1.0), (scale, scale), golden["ss_steps"], (1.0, 1.0), 0, 1.0, False, True
    )
    runner = Runner(
        Compute(networks, torch.device("cpu"), Precision()),
        [settings],
        Locks.none(CELLS, DEPTH),
        golden["ss_eps"][None].numpy(),
        None,
        euler,
    )
    bits = torch.from_numpy(sequence.bits.astype(np.int64))[None]
    with torch.inference_mode():
        for stage in range(DEPTH):
            state = BatchState(bits.clone(), bits.new_zeros(1, STAGES, CELLS), golden["canvases"][stage][None])
            if stage < 7:
                close(runner.flow(state, stage)[0], golden["ss_final_z"][stage], NETWORK)
            state.bits[..., stage] = runner._split(state, stage)
            assert torch.equal(state.labels(stage + 1)[0], golden["ss_next_labels"][stage])


def test_greedy_generation(pipeline, golden, monkeypatch):
    logits, original = [], Runner.token_logits

    def recorded(*arguments):
        logits.append(original(*arguments)[0])
        return logits[-1][None]

    monkeypatch.setattr(Runner, "token_logits", recorded)
    settings = GenerationSettings(
        golden["gen_class"],
        content_guidance=_ends(golden["gen_content_cfg"]),
        structure_guidance=_ends(golden["gen_structure_cfg"]),
        structure_steps=golden["gen_steps"],
        greedy=True,
    )
    result = pipeline.generate(settings, structure_noise=golden["gen_eps"].numpy())
    for stage in range(STAGES):
        assert (result.labels(stage) == golden["gen_labels"][stage].numpy()).all()
        assert (result.tokens[stage] == golden["gen_tokens"][stage].numpy()).all()
        close(pipeline.canvas(result, stage), golden["gen_canvases"][stage], SUM)
    assert (result.token_map == golden["gen_token_map"].numpy()).all()
    for ours, expected in zip(logits, golden["gen_logits"], strict=False):  # the set keeps the first five stages
        close(ours, expected, SUM)
    with torch.inference_mode():
        canvas = torch.from_numpy(pipeline.canvas(result, DEPTH))[None]
        close(thinned(pipeline._networks.tokenizer.decode(canvas)[0], golden["gen_image"]), golden["gen_image"], DEEP)
    same_bytes(pipeline.decode(result), golden["gen_image"])


def _ends(values):
    values = [float(value) for value in values]
    assert values == pytest.approx(np.linspace(values[0], values[-1], len(values)))
    return values[0], values[-1]


def repeated(golden, sequence, times):
    """A training batch with the picture so many times."""
    one = Batch(
        torch.from_numpy(sequence.bits.copy())[None],
        golden["canvases"][None],
        torch.from_numpy(sequence.token_map.astype(np.int64))[None],
        torch.tensor([3]),
        torch.zeros(1, CELLS, dtype=torch.bool),
    )
    return one.take(torch.zeros(times, dtype=torch.long))


def published_structure_losses(network, golden, sequence, times):
    noise = golden["str_eps"].expand(7, -1, -1)
    return structure_losses(network, repeated(golden, sequence, 7), torch.arange(7), times, noise, PLAIN)


def test_noised_structure(networks, golden, sequence):
    network, seen = copy.deepcopy(networks.generator.structure), []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        published_structure_losses(network, golden, sequence, torch.full((7,), golden["str_t"]))
    close(seen[0], golden["str_zt"], ONE)


def test_training_losses_and_gradients(networks, golden, sequence):
    """The nine stages of one picture in one batch give the published losses, and so do their gradients."""
    generator = copy.deepcopy(networks.generator).requires_grad_(True)
    content = content_losses(generator.content, repeated(golden, sequence, STAGES), torch.arange(STAGES), PLAIN)
    structure = published_structure_losses(generator.structure, golden, sequence, golden["loss_t"])
    close(content.canvas, golden["loss_final"], NETWORK)
    close(content.tokens, golden["loss_ce"], NETWORK)
    close(structure, golden["loss_structure"], NETWORK)
    total = content.canvas.mean() + content.tokens.mean() + structure.mean()
    close(total, golden["loss_total"], NETWORK)
    total.backward()
    expected = dict(zip(golden["grad_names"], (float(norm) for norm in golden["grad_norms"]), strict=True))
    ours = generator_weights({f"nvgformer.{name}": torch.tensor(norm) for name, norm in expected.items()}, ema=False)
    gradients = {name: parameter.grad for name, parameter in generator.named_parameters()}
    assert set(ours) == set(gradients)
    for name, norm in ours.items():
        assert float(gradients[name].norm()) == pytest.approx(float(norm), rel=float32_error(1, DEEP))


def test_quantizer_losses(networks, golden):
    latent = golden["latent_f"].flatten(2).transpose(1, 2)
    losses = quantizer_losses(latent, golden["canvases"][None])
    close(losses, golden["vq_loss_stage"], NETWORK)
    close(losses.mean(), golden["vq_loss_total"], NETWORK)


def test_the_committed_set_is_small_and_without_the_photo():
    assert sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()) <= 12_000_000
    assert not [key for key in read_committed() if key.startswith("image")]
