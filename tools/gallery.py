"""Take the README's pictures out of the stored lessons, so that they show what the lessons show.

python -m tools.gallery
"""

from __future__ import annotations

import base64
import sys

from tools import lessons

IMAGES = lessons.ROOT / "images"
# File name: the lesson, and how the picture's alternative text begins.
PICTURES = {
    "one_gradient_two_prices.png": ("01", "Seconds per gradient over parameters"),
    "arrows_of_words.png": ("05", "Left: losses of skip-gram and control"),
    "where_a_translator_looks.png": ("08", "Three maps of attention weights"),
    "three_translators_race.png": ("11", "BLEU by sentences and seconds"),
    "how_long_is_the_line.png": ("14", "Grey bars rise"),
}


def picture(number: str, alt: str) -> bytes:
    """Return the stored picture of a lesson whose alternative text begins with `alt`; LookupError if there is none."""
    for cell in lessons.read(lessons.lesson_paths()[number]).cells:
        for output in cell.get("outputs", []):
            if output.get("metadata", {}).get("image/png", {}).get("alt", "").startswith(alt):
                return base64.b64decode(output.data["image/png"])
    raise LookupError(f"lesson {number} has no picture whose alternative text begins with {alt!r}")


def main() -> int:
    """Write all pictures; return the exit status."""
    IMAGES.mkdir(exist_ok=True)
    for name, (number, alt) in PICTURES.items():
        (IMAGES / name).write_bytes(picture(number, alt))
    return 0


if __name__ == "__main__":
    sys.exit(main())
