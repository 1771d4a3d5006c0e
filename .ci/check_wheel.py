"""Build sdist and wheel, install the wheel into an empty virtual environment elsewhere, and use it: `make wheel-check`.

The installation is a real one: pip resolves what the wheel's metadata names, with torch at the version that `make`
installs, and nothing of this checkout or of its environment is on the new interpreter's path. With `--out FOLDER` both
files are kept.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DATA = "nvg_studio/_data"
NEEDED = (
    "nvg_studio/ui/app.py",
    f"{DATA}/models/flowers/config.json",
    f"{DATA}/models/flowers/README.md",
    f"{DATA}/models/flowers/ATTRIBUTION.csv",
    f"{DATA}/models/flowers/generator.safetensors",
    f"{DATA}/models/flowers/tokenizer.safetensors",
    f"{DATA}/models/flowers/preview.safetensors",
    f"{DATA}/models/flowers/few-step.safetensors",
    f"{DATA}/resources/icons/nvg-studio.svg",
    f"{DATA}/resources/imagenet-classes.txt",
    f"{DATA}/resources/licences/s-lab-1.0.txt",
    f"{DATA}/resources/samples/ATTRIBUTION.csv",
    f"{DATA}/resources/samples/rose.jpg",
    f"{DATA}/resources/themes/dark.json",
    f"{DATA}/resources/themes/light.json",
    f"{DATA}/resources/themes/studio.qss",
)
"""Without these a command or the window fails; that the folders are complete is compared besides."""
NEEDED_IN_SDIST = ("LICENSE", "README.md", "Makefile", "main.py", "pyproject.toml", ".ci/run", "tests/conftest.py")


class Failure(Exception):
    """Something that the built files must do or hold, and do not."""


def build(target: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from it, so that the sdist is known to be complete."""
    _run([sys.executable, "-m", "build", "--outdir", str(target), str(ROOT)], os.environ)
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return sdist, wheel


def check_contents(sdist: Path, wheel: Path) -> None:
    """Compare the files of both with those of the checkout."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(archive.read(name) for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    wanted = {f"nvg_studio/{name}" for name in _files("nvg_studio") if name.endswith(".py")}
    wanted |= {f"{DATA}/{folder}/{name}" for folder in ("models", "resources") for name in _files(folder)}
    _same("wheel", packed, wanted)
    _none_missing("wheel", NEEDED, packed)
    with tarfile.open(sdist) as archive_of_source:
        names = {name.partition("/")[2] for name in archive_of_source.getnames()}
    _none_missing("sdist", NEEDED_IN_SDIST, names)
    _none_missing("sdist", {name.removeprefix(f"{DATA}/") for name in wanted}, names)
    _check_requirements(metadata.decode("utf-8"))


def _check_requirements(metadata: str) -> None:
    required = HeaderParser().parsestr(metadata).get_all("Requires-Dist", [])
    (torch,) = [line for line in required if re.match(r"torch\b", line)]
    if "==" in torch:
        raise Failure(f"The wheel pins torch ({torch}), so it cannot be installed beside other programs.")
    always = [line for line in required if "extra ==" not in line]
    if heavy := [line for line in always if re.match(r"matplotlib|scikit-learn|transformers|pytest", line)]:
        raise Failure(f"The wheel always installs what only an extra needs: {heavy}.")


def install(wheel: Path, home: Path) -> Path:
    """An empty environment in `home` with the wheel; the folder of its programs."""
    venv.create(home, with_pip=False)
    programs = home / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(home), "--quiet", "--disable-pip-version-check"]
    (torch,) = PROJECT["dependency-groups"]["torch"]
    _run([*pip, "install", "--no-compile", torch, str(wheel)], os.environ)
    _run([*pip, "check"], os.environ)
    return programs


def use(programs: Path, work: Path) -> None:
    """Generate with the shipped model, ask for what an extra brings, and open the window."""
    environment = _bare_environment(work)
    python, studio = (str(programs / name) for name in ("python", "nvg-studio"))
    where = _run([python, "-c", "import nvg_studio.paths as p; print(p.ROOT)"], environment, work).strip()
    if not Path(where).is_relative_to(programs.parent.resolve()):
        raise Failure(f"The installed studio looks for its files in '{where}', outside its environment.")
    _run([studio, "models", "info", "flowers"], environment, work)
    _run([studio, "generate", "--class", "rose", "--seed", "3", "--device", "cpu", "out.png"], environment, work)
    _check_picture(python, work / "out.png", environment)
    refused = subprocess.run(
        [studio, "evaluate", "model", "flowers", "photos", "--out", "report"],
        env=environment,
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if refused.returncode != 2 or "nvg-studio[evaluation]" not in refused.stderr or refused.stderr.count("\n") != 1:
        raise Failure(f"Evaluating without its extra is not refused in one line that names it: {refused.stderr}")
    photo = Path(where) / "resources" / "samples" / "rose.jpg"
    _run([python, str(ROOT / ".ci" / "open_window.py"), str(photo), "window.png"], environment, work)
    _check_picture(python, work / "window.png", environment)


def _check_picture(python: str, path: Path, environment: dict[str, str]) -> None:
    code = "import sys; from PIL import Image, ImageStat; print(*ImageStat.Stat(Image.open(sys.argv[1])).stddev[:3])"
    deviations = [float(value) for value in _run([python, "-c", code, str(path)], environment).split()]
    if len(deviations) != 3 or min(deviations) < 5:
        raise Failure(f"'{path.name}' shows nothing: its colours deviate by {deviations}.")


def _bare_environment(work: Path) -> dict[str, str]:
    """The environment of a user who has installed nothing else and has no network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "XDG_"))}
    places = {name: str(work) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")}
    return kept | places | {"QT_QPA_PLATFORM": "offscreen", "HF_HUB_OFFLINE": "1"}


def _files(folder: str) -> list[str]:
    found = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [path.relative_to(ROOT / folder).as_posix() for path in found]


def _same(title: str, packed: set[str], wanted: set[str]) -> None:
    _none_missing(title, wanted, packed)
    if extra := sorted(packed - wanted):
        raise Failure(f"The {title} holds files that are not in the checkout: {extra}.")


def _none_missing(title: str, wanted: Iterable[str], packed: set[str]) -> None:
    if missing := sorted(set(wanted) - packed):
        raise Failure(f"Missing in the {title}: {missing}.")


def _run(command: list[str], environment: "os._Environ[str] | dict[str, str]", folder: Path | None = None) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def check(target: Path) -> None:
    """Build into `target` and do all checks; Failure at the first that does not hold."""
    started = time.monotonic()

    def report(step: str) -> None:
        print(f"{step} ({time.monotonic() - started:.0f} s)", flush=True)

    sdist, wheel = build(target)
    report(f"Built {sdist.name} and {wheel.name}, {wheel.stat().st_size / 1e6:.0f} MB")
    check_contents(sdist, wheel)
    report("Both hold what they must")
    with tempfile.TemporaryDirectory(prefix="nvg-wheel-", ignore_cleanup_errors=True) as folder:
        home, work = Path(folder) / "environment", Path(folder) / "work"
        work.mkdir()
        programs = install(wheel, home)
        report("Installed the wheel into an empty environment")
        use(programs, work)
        report("Generated a picture and opened the window with it")


def main() -> int:
    """The exit code: 0, or 1 and what failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="folder to keep sdist and wheel in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nvg-dist-") as folder:
        try:
            check(Path(folder))
        except Failure as failure:
            print(failure, file=sys.stderr)
            return 1
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            for path in Path(folder).iterdir():
                (options.out / path.name).write_bytes(path.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
