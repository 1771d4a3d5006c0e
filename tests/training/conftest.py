"""Photos that every training test may learn from."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Two classes that colours tell apart: red discs on dark ground, blue squares on light ground."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, ground, figure in (("disc", 40, (30, 30, 220)), ("square", 220, (220, 60, 30))):
        (folder / name).mkdir()
        for number in range(12):
            picture = np.full((32, 40, 3), ground, np.uint8)
            x, y = (int(v) for v in rng.integers(10, 22, 2))
            if name == "disc":
                cv2.circle(picture, (x, y), 8, figure, -1)
            else:
                cv2.rectangle(picture, (x - 7, y - 7), (x + 7, y + 7), figure, -1)
            cv2.imwrite(str(folder / name / f"{number}.png"), picture)
    return folder
