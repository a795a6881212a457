"""What every lesson does first: fix the random numbers, choose the device, set the look of figures."""

from __future__ import annotations

import html
import os
import platform
import random
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import metadata, util
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Item = TypeVar("Item")

# Okabe and Ito's palette, made to be told apart under the common kinds of colour blindness. Its yellow is left out:
# it is too pale for lines on white.
PALETTE = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
}
INK, FAINT = "#222222", "#8A8A8A"

# A figure is drawn with twice the pixels that it covers on the page, so that it stays sharp on modern screens.
PAGE_DPI, PIXELS_PER_DOT = 100, 2


def start_lesson(seed: int) -> tuple[int, torch.device]:
    """Set the random seed and the look of figures; return the seed in force and the device to compute on."""
    use_course_style()
    return set_seed(seed), pick_device()


def set_seed(seed: int) -> int:
    """Seed Python's, numpy's and torch's random numbers, and return the seed that was set.

    The environment variable COURSE_SEED overrides `seed`, so that one command can rerun a lesson under other seeds.
    Raises ValueError for a seed that is not a whole number from 0 to 2**32 - 1, the range that numpy accepts.
    """
    given, name = (
        os.environ.get("COURSE_SEED", seed),
        "COURSE_SEED" if "COURSE_SEED" in os.environ else "seed",
    )
    if isinstance(given, bool) or not str(given).isdecimal() or int(given) >= 2**32:
        raise ValueError(f"{name} is {given!r}, expected a whole number from 0 to 4294967295")
    seed = int(given)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return seed


def pick_device() -> torch.device:
    """Return the first CUDA device if there is one, otherwise the CPU.

    Apple's "mps" is passed over: it has no 64-bit floats, and the lessons' proofs of equality need them.
    """
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_course_style() -> None:
    """Give matplotlib the course's colours, sizes and fonts; Japanese text is drawn with the IPAex Gothic font."""
    import matplotlib

    families = ["DejaVu Sans"]
    if font := japanese_font():
        families.append(_register(font))
    matplotlib.rcParams.update(
        {
            "font.family": families,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "axes.labelcolor": INK,
            "axes.edgecolor": FAINT,
            "axes.prop_cycle": matplotlib.cycler(color=list(PALETTE.values())),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#E6E6E6",
            "lines.linewidth": 2,
            "legend.frameon": False,
            "image.cmap": "cividis",
            "figure.figsize": (7.5, 4.2),
            "figure.dpi": PAGE_DPI,
            "figure.constrained_layout.use": True,
        }
    )


def _register(font: Path) -> str:
    """Make a font file known to matplotlib, once, and return the name of its family."""
    from matplotlib import font_manager

    manager, name = font_manager.fontManager, font_manager.FontProperties(fname=font).get_name()
    if not any(entry.name == name for entry in manager.ttflist):
        manager.addfont(font)
        # The file has one weight. Without a bold entry matplotlib warns at every bold label, Japanese or not.
        manager.ttflist.append(replace(manager.ttflist[-1], weight=700))
    return name


def japanese_font() -> Path | None:
    """Return the path of the font file that the package matplotlib-fontja carries, or None without that package."""
    # Importing the package would replace matplotlib's font; only its file is wanted, as a fallback.
    spec = util.find_spec("matplotlib_fontja")
    path = Path(spec.origin).parent / "fonts" / "ipaexg.ttf" if spec and spec.origin else None
    return path if path and path.exists() else None


def show(fig: Figure, alt: str) -> None:
    """Display a figure, and below it in small print the text `alt`, which says what it shows; then close it.

    The text stands on the page because JupyterLab and most exports drop a picture's alternative text, and readers
    who cannot see the picture would miss it. Raises ValueError if `alt` is empty.
    """
    from IPython.display import HTML, display
    from matplotlib import pyplot

    if not alt.strip():
        raise ValueError("alt is empty, expected a sentence that says what the figure shows")
    png = BytesIO()
    fig.savefig(png, format="png", dpi=PIXELS_PER_DOT * PAGE_DPI)
    pyplot.close(fig)
    page = {"alt": alt, "width": round(fig.get_figwidth() * PAGE_DPI)}
    display({"image/png": png.getvalue(), "text/plain": alt}, raw=True, metadata={"image/png": page})
    display(HTML(f"<small>{html.escape(alt)}</small>"))


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterable[Item]:
    """Go through `items` behind a bar that shows the time left; `total` counts them where len() cannot.

    With the environment variable TQDM_DISABLE there is no bar.
    """
    from tqdm.auto import tqdm

    # tqdm's notebook bar overlooks the variable, which tests and stored notebooks rely on.
    return tqdm(items, desc=label, total=total, leave=False, disable=bool(os.environ.get("TQDM_DISABLE")))


@dataclass(frozen=True)
class Finding:
    """One line of the environment check: what was looked at, what was found, and what to do if that is wrong."""

    what: str
    found: str
    advice: str = ""


MINIMUM_VERSIONS = {"torch": (2, 4), "numpy": (1, 26), "matplotlib": (3, 8), "ipywidgets": (7, 7)}
MINIMUM_FREE_GIB = 1.5


def check_environment() -> list[Finding]:
    """Print what the lessons will meet on this machine, each with advice where something is missing, and return it."""
    findings = [_python(), *(_package(name, least) for name, least in MINIMUM_VERSIONS.items())]
    findings += [_device(), _memory(), _japanese()]
    for finding in findings:
        mark = "look" if finding.advice else "ok"
        print(f"{mark:<5}{finding.what:<14}{finding.found}")
        if finding.advice:
            print(f"{'':5}{'':14}-> {finding.advice}")
    return findings


def _python() -> Finding:
    old = sys.version_info < (3, 10)
    return Finding("Python", platform.python_version(), "Install Python 3.10 or newer." if old else "")


def _package(name: str, least: tuple[int, int]) -> Finding:
    wanted = ".".join(map(str, least))
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "missing", f'Install it: pip install "{name}>={wanted}"')
    major, minor = (re.findall(r"\d+", version) + ["0", "0"])[:2]  # "2.5a0+git" is 2.5, and "3" is 3.0
    old = (int(major), int(minor)) < least
    return Finding(name, version, f'Update it: pip install -U "{name}>={wanted}"' if old else "")


def _device() -> Finding:
    device, threads = pick_device(), torch.get_num_threads()
    return Finding(
        "device", f"{device}, {threads} thread{'' if threads == 1 else 's'} (every lesson is sized for a CPU)"
    )


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available / 2**30
    short = (
        "Close other programs or notebooks: a lesson needs up to 1 GiB." if free < MINIMUM_FREE_GIB else ""
    )
    return Finding("free memory", f"{free:.1f} GiB", short)


def _japanese() -> Finding:
    if japanese_font():
        return Finding("Japanese font", "IPAexGothic")
    return Finding(
        "Japanese font", "missing", "Labels of lessons 07 to 11 need it: pip install matplotlib-fontja"
    )
