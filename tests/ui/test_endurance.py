"""Hours in one window: random gestures and runs, and neither memory nor threads nor processes grow with them.

NVG_ENDURANCE sets how many gestures (`python benchmarks/soak.py gestures` plays 5,000); NVG_ENDURANCE_REPORT names a
file for the figures.
"""

import gc
import os
import threading
import time

import psutil
import pytest

from tests.ui.driver import Studio
from tests.ui.test_random_gestures import Hands

COUNT = int(os.environ.get("NVG_ENDURANCE", "120"))
EVERY = 100


def memory() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss

@pytest.mark.timeout(3600)
def test_endurance(studio: Studio) -> None:
    hands = Hands(studio, False)
    kinds, chances = [hands.stroke, hands.command, hands.run], [0.68, 0.28, 0.04]
    start = time.time()
    for number in range(COUNT):
        hands.choose()
        kinds[int(hands.random.choice(3, p=chances))]()
        studio.until(lambda: studio.session.runs.running is None)
        if number % EVERY == EVERY - 1:
            studio.settle()
            doc = studio.session.document
            print(number + 1, f"{memory() / 2**20:.1f} MiB", len(doc.history.snapshots), len(doc.made), len(doc.pictures), f"{time.time() - start:.1f}", threading.active_count(), len(studio.window.making.thumbnails._images), flush=True)
