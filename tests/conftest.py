"""What all tests share: a tier for each, no real display, no user's own folders, reproducible examples."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
    # Of its own, the offscreen plugin has a screen of 800 x 800 pixels, to which windows are limited.
    screens = str(Path(__file__).resolve().with_name("screens.json"))
    # A colon separates the plugin's parameters: with a drive letter the path must be relative.
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={os.path.relpath(screens) if ':' in screens else screens}"
if "PYTEST_XDIST_WORKER" in os.environ:
    # Threads of two workers would wait for each other's cores. Read when torch is imported, here and in the engine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

TIERS = {
    "bench": "unit",
    "cli": "e2e",
    "editor": "unit",
    "e2e": "e2e",
    "engine": "unit",
    "evaluation": "slow",
    "granularity": "unit",
    "hub": "unit",
    "imaging": "unit",
    "model": "unit",
    "project": "unit",
    "sampling": "unit",
    "training": "slow",
    "ui": "window",
}
"""The tier of a folder's tests; one that is marked with another tier is of that one (see CONTRIBUTING.md)."""
TESTS = Path(__file__).resolve().parent

settings.register_profile(
    "studio", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("studio")

SAMPLES = TESTS.parent / "resources" / "samples"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m unit` folders of other tiers are not imported: it would take longer than the tests."""
    tier = TIERS.get(collection_path.name, "unit") if collection_path.parent == TESTS else "unit"
    return True if config.option.markexpr == "unit" and tier != "unit" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its tier before `-m` chooses by it."""
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in TIERS.values()):
            folder = item.path.relative_to(TESTS).parts[0]
            if folder not in TIERS and item.path.parent != TESTS:
                raise pytest.UsageError(f"tests/{folder} has no tier: add it to TIERS in tests/conftest.py.")
            item.add_marker(TIERS.get(folder, "unit"))


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings, caches and autosaves of the tests go to a temporary home, never to the user's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(home / name))
        yield home


@pytest.fixture(scope="session")
def samples() -> list[Path]:
    """The sample photos (CC BY 2.0) that ship with the product."""
    return sorted(SAMPLES.glob("*.jpg"))
