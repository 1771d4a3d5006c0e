"""Makes the committed golden set from a complete one: `python -m tests.goldens.convert [FOLDER]`."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from nvg_studio.model.official import load_official
from nvg_studio.model.tokenizer import Tokenizer
from tests.goldens.reading import (
    AUTOENCODER,
    AVERAGED,
    ENCODER,
    GENERATOR,
    HERE,
    VALUES,
    flat,
    given_folder,
    plain_picture,
    write_checkpoints,
)

PICTURES = ("decoded_final", "decoded_stage2", "decoded_stage5", "gen_image")
PICTURE_STEP = 3
"""Every third pixel of every third row; no multiple of a decoder's step, so that every position of it is met."""
ENCODER_LIMIT = 1e-5


def main(folder: Path) -> None:
    """Write the four files beside this one."""
    tokenizer, generator = (_state_dict(folder / name) for name in ("ae.ckpt", "gen.ckpt"))
    shapes = {key: list(value.shape) for key, value in tokenizer.items() if key.startswith("encoder.")}
    (HERE / ENCODER).write_text(json.dumps(shapes, separators=(",", ":")) + "\n")
    _save(tokenizer, ("decoder.", "quantize."), HERE / AUTOENCODER)
    _save(generator, (AVERAGED,), HERE / GENERATOR)
    golden = torch.load(folder / "golden.pt", weights_only=True)
    arrays = {key: array for key, array in flat(golden).items() if not key.startswith("image_")}
    arrays |= {key: arrays[key][:, ::PICTURE_STEP, ::PICTURE_STEP] for key in PICTURES}
    arrays["stand_in_latent"] = _stand_in_latent(folder, golden)
    np.savez_compressed(HERE / VALUES, **arrays)


def _stand_in_latent(folder: Path, golden: dict) -> np.ndarray:
    """What our encoder gives for the plain picture, once it was seen to give the published latent for the photo."""
    ours = load_official(folder / "ae.ckpt", folder / "gen.ckpt").tokenizer.encoder
    with torch.inference_mode():
        moved = float((ours(golden["image_model_input"][None]) - golden["latent_f"]).abs().max())
        if moved > ENCODER_LIMIT:
            sys.exit(f"Our encoder is {moved:.1e} away from the set's latent. Mend it before converting.")
        return _committed_tokenizer().encoder(plain_picture()).numpy()


def _committed_tokenizer() -> Tokenizer:
    with tempfile.TemporaryDirectory() as written:
        write_checkpoints(Path(written))
        return load_official(Path(written) / "ae.ckpt", Path(written) / "gen.ckpt").tokenizer


def _state_dict(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]


def _save(state: dict[str, torch.Tensor], prefixes: tuple[str, ...], path: Path) -> None:
    save_file({key: value.clone() for key, value in state.items() if key.startswith(prefixes)}, path)
    path.chmod(0o644)  # the library makes files that only their owner may read


if __name__ == "__main__":
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else given_folder()
    if source is None:
        sys.exit("No golden set found. Name its folder, or set NVG_GOLDENS.")
    main(source)
