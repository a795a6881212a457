"""Execute lessons top to bottom and store them: outputs, times and peak memory, and nothing that differs by machine.

    python -m tools.store notebooks/01_gradient_descent.ipynb [more ...]
    python -m tools.store                                       all lessons

One thread, as the lessons' budgets are measured. A lesson that fails, writes to stderr or shows a path or the name of
this machine is not stored.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import socket
import sys
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from PIL import Image

from tools import lessons, stamp

# What the kernel inherits. It must be set before torch is loaded there.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "TQDM_DISABLE": "1"}
CELL_SECONDS = 300
# The system counts in bytes on macOS and in KiB elsewhere; Windows has no such count.
PEAK_MEMORY = """
import resource, sys
resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)
"""
PNG, WIDGET = "image/png", "application/vnd.jupyter.widget-view+json"


def execute(notebook: NotebookNode, folder: Path = lessons.NOTEBOOKS) -> int:
    """Run every cell in one kernel, in place, with its times; return the kernel's peak memory in MiB."""
    os.environ.update(ENVIRONMENT)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK_MEMORY))
    client = NotebookClient(
        notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}}, record_timing=True
    )
    # Left to itself, nbclient plays the part of a page that shows output widgets, and answers the kernel on the
    # channel on which it waits: now and then it then sleeps until the time limit. So what a widget shows stays an
    # ordinary output of its cell.
    client.comm_open_handlers = {}
    try:
        client.execute()
        return int(notebook.cells[-1].outputs[0].data["text/plain"])
    finally:
        notebook.cells.pop()


def clean(notebook: NotebookNode, peak_mib: int) -> None:
    """Leave only what a later run on another machine would store as well, apart from times and trained numbers."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "course": {"peak_mib": int(lessons.ceil_to(peak_mib, 10))},
    }
    for cell in notebook.cells:
        kept = {"tags": lessons.tags(cell)} if lessons.tags(cell) else {}
        if cell.cell_type == "code":
            kept["execution"] = cell.metadata.get("execution", {})
            cell.outputs = _joined(cell.outputs)
        cell.metadata = kept


def _shrunk(png: str) -> str:
    """Reduce a picture to 256 colours: a third of the size, and no difference that one could see in a chart."""
    picture = Image.open(BytesIO(base64.b64decode(png))).convert("RGB")
    small = BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode("ascii")


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of one stream, shrink pictures, and put a sentence in the place of a live widget.

    A widget's view names its model by a random id, which nobody can resolve later.
    """
    joined: list[NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
            continue
        if PNG in output.get("data", {}):
            output.data[PNG] = _shrunk(output.data[PNG])
        if WIDGET in output.get("data", {}):
            output.data = {"text/plain": "Run this cell to get the controls."}
        joined.append(output)
    return joined


def problems(notebook: NotebookNode) -> list[str]:
    """Return what must not be stored: errors, stderr, this machine's paths and name."""
    private = [str(lessons.ROOT), str(Path.home()), sys.prefix, socket.gethostname()]
    found = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                found.append(f"cell {number}: {output.ename}: {output.evalue}")
            if output.get("name") == "stderr":
                found.append(f"cell {number}: writes to stderr: {output.text[:200]}")
            text = output.get("text", "") + "".join(
                str(v) for k, v in output.get("data", {}).items() if k.startswith("text/")
            )
            found += [
                f"cell {number}: shows {name!r}"
                for name in private
                if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
            ]
    return found


def store(path: Path) -> list[str]:
    """Execute one lesson and store it, unless there are problems, which are returned."""
    notebook = lessons.read(path)
    try:
        peak_mib = execute(notebook)
    except CellExecutionError as problem:
        return [str(problem)]
    clean(notebook, peak_mib)
    if found := problems(notebook):
        return found
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    times = [lessons.seconds(cell) or 0 for cell in notebook.cells if cell.cell_type == "code"]
    print(f"{path.name}: {sum(times):.0f} s, longest cell {max(times):.1f} s, peak memory {peak_mib} MiB")
    return []


def main() -> int:
    """Store the lessons named on the command line, or all; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.store", description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all lessons")
    chosen = parser.parse_args().notebooks or list(lessons.lesson_paths().values())
    failed = False
    for path in chosen:
        for problem in store(path):
            failed = True
            print(f"not stored: {path.name}: {problem}", file=sys.stderr)
    for path, text in stamp.outdated().items():
        path.write_text(text, encoding="utf-8")
        print(f"stamped: {path.relative_to(lessons.ROOT)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
