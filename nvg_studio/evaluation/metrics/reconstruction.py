"""How much of a picture the tokenizer keeps: PSNR and SSIM, stage by stage, and how many codes it uses for that."""

from dataclasses import dataclass

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from tqdm import tqdm

from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.crop import Picture
from nvg_studio.sampling.pipeline import NVGPipeline


@dataclass(frozen=True)
class Reconstructed:
    """Photos uint8 [S, S, 3] of the model's size, their sequences, and what those decode to."""

    photos: list[Picture]
    sequences: list[GranularitySequence]
    pictures: list[Picture]


def reconstruct(pipeline: NVGPipeline, photos: list[Picture]) -> Reconstructed:
    """Encode and decode photos that have the model's size."""
    sequences = [pipeline.encode(photo) for photo in tqdm(photos, desc="encoding", unit="photo", disable=None)]
    return Reconstructed(photos, sequences, [pipeline.decode(sequence) for sequence in sequences])


def psnr(photo: Picture, picture: Picture) -> float:
    """Peak signal-to-noise ratio in dB."""
    return float(peak_signal_noise_ratio(photo, picture, data_range=255))


def ssim(photo: Picture, picture: Picture) -> float:
    """Structural similarity, 1 for equal pictures; Gaussian window as in Wang et al. 2004."""
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(photo, picture, channel_axis=2, data_range=255, **window))


def quality(found: Reconstructed) -> dict[str, float]:
    """Mean PSNR in dB and mean SSIM of all reconstructions."""
    pairs = list(zip(found.photos, found.pictures, strict=True))
    return {
        "PSNR, dB": float(np.mean([psnr(*pair) for pair in pairs])),
        "SSIM": float(np.mean([ssim(*pair) for pair in pairs])),
    }


def code_use(sequences: list[GranularitySequence], codes: int) -> dict[str, float]:
    """Share of the codebook that the sequences use, and its perplexity: as varied as that many equally frequent codes.

    A token counts once for every cluster that has it, however large.
    """
    counts = np.zeros(codes, np.int64)
    for sequence in sequences:
        for tokens in sequence.tokens:
            counts += np.bincount(tokens[tokens >= 0], minlength=codes)
    shares = counts[counts > 0] / counts.sum()
    return {
        "codes used": float((counts > 0).mean()),
        "code perplexity": float(np.exp(-(shares * np.log(shares)).sum())),
    }


def by_stage(pipeline: NVGPipeline, found: Reconstructed, count: int) -> dict[str, dict[str, float]]:
    """PSNR of the picture after every stage, on `count` photos spread evenly; codes used at that stage, on all."""
    codes = pipeline.config.tokenizer.codebook_size
    chosen = np.linspace(0, len(found.photos) - 1, min(count, len(found.photos))).astype(int)
    rows = {}
    for stage in tqdm(range(pipeline.info.depth + 1), desc="decoding stages", unit="stage", disable=None):
        values = [psnr(found.photos[i], pipeline.decode(found.sequences[i], stage)) for i in chosen]
        used = set().union(*(np.unique(sequence.token_map[stage]).tolist() for sequence in found.sequences))
        rows[f"stage {stage}"] = {"PSNR, dB": float(np.mean(values)), "codes used": len(used) / codes}
    return rows
