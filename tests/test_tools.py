"""tools: reading lessons, stamping what stands elsewhere into them, and storing them as executed."""

from __future__ import annotations

import base64
import re
import socket
import sys
from io import BytesIO
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tools import lessons, stamp, store

REPOSITORY = "https://github.com/someone/course"
COLAB = "https://colab.research.google.com/github/someone/course/blob/v2.5/notebooks/"
OLD_COLAB = "https://colab.research.google.com/github/nobody/old-course/blob/v0.1/notebooks/"


def markdown(source: str, *tags: str) -> NotebookNode:
    return new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def timed(seconds: float, source: str = "pass", *tags: str) -> NotebookNode:
    """A code cell that ran for less than a minute."""
    begun, ended = "2026-03-01T23:59:30.000000Z", f"2026-03-01T23:59:{30 + seconds:09.6f}Z"
    times = {"iopub.execute_input": begun, "shell.execute_reply": ended}
    return new_code_cell(source, metadata={"execution": times, "tags": list(tags)})


def write(folder: Path, name: str, cells: list[NotebookNode]) -> Path:
    path = folder / name
    path.write_text(nbformat.writes(new_notebook(cells=cells)) + "\n", encoding="utf-8")
    return path


# Reading lessons


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("Two words.", 2),
        ("## A heading, with *emphasis* and 3 numbers", 5),  # single letters and digits are not words
        ("before\n\n| in | a table |\n|---|---|\n| of | lines |\n\nafter it", 3),
        ("before\n\n```python\ncode = 1\n```\n\nafter", 2),
        ("before\n\n$$\\frac{dL}{dx}\n\\approx 1$$\n\nafter", 2),
        ("see [the lesson](https://example.org/long/address) now", 4),
        ("before\n<details><summary>Hint</summary>\n\nfolded text\n</details>\nafter", 2),
    ],
    ids=["prose", "heading", "table", "code", "formula", "link", "folded"],
)
def test_words_of_prose_are_counted_and_nothing_else(source, count):
    assert lessons.words(source) == count


def a_lesson() -> NotebookNode:
    """A lesson of 2100 words, 12 code cells that ran for 120 seconds, and two exercises."""
    return new_notebook(
        cells=[
            markdown("word " * 2094, "title"),
            *(timed(10) for _ in range(12)),
            markdown("**1. Begin** (10 minutes). Do it."),  # four more words
            markdown("**2. End** (15 minutes)."),  # two
            markdown("hint " * 5000, "hint"),
            markdown("solution " * 5000, "solution"),
        ]
    )


def test_minutes_follow_from_words_cells_times_and_headings():
    # 2100 / 140 and 12 * 25 / 60 minutes to read; hints and solutions are for those who unfold them.
    assert lessons.minutes(a_lesson()) == {"read": 20, "run": 2, "exercises": 25}


def test_minutes_of_an_empty_lesson_are_not_zero():
    assert lessons.minutes(new_notebook()) == {"read": 5, "run": 1, "exercises": 0}


def test_minutes_by_part_are_those_of_its_cells():
    notebook = new_notebook(
        cells=[
            markdown("word " * 140, "title"),
            timed(24, "pass", "setup"),
            markdown("word " * 280, "part:by-hand"),
            markdown("## Exercises", "part:exercises"),
            markdown("**1. Begin** (10 minutes)."),
            markdown("hint " * 5000, "hint"),
        ]
    )
    by_part = lessons.minutes_by_part(notebook)
    assert list(by_part) == ["opening", "by-hand", "exercises"]
    assert by_part["opening"] == pytest.approx({"read": 1 + 25 / 60, "run": 0.4, "exercises": 0})
    assert by_part["by-hand"] == pytest.approx({"read": 2, "run": 0, "exercises": 0})
    assert by_part["exercises"] == pytest.approx({"read": 3 / 140, "run": 0, "exercises": 10})
    assert lessons.time_lines(notebook).splitlines() == [
        "| **Time** | 5 minutes to read, 1 minute to run, 10 minutes of exercises |",
        "| **Minutes by part** | opening 2, by hand 2, exercises 10 |",
    ]


def test_time_lines_state_the_minutes():
    first, second = lessons.time_lines(a_lesson()).splitlines()
    assert first == "| **Time** | 20 minutes to read, 2 minutes to run, 25 minutes of exercises |"
    assert second == "| **Minutes by part** | opening 47 |"
    assert (
        lessons.time_lines(new_notebook()).splitlines()[0]
        == "| **Time** | 5 minutes to read, 1 minute to run |"
    )


def test_a_long_lesson_may_be_cut_at_the_heading_nearest_to_its_middle():
    notebook = new_notebook(
        cells=[
            markdown("## The problem: a\n" + "word " * 1398, "part:problem"),  # 10 minutes
            markdown("## Build: b\n" + "word " * 1399),
            markdown("### Not here\n" + "word " * 1398),
            markdown("## Prove: c\n" + "word " * 1399),
            markdown("## Train: d\n" + "word " * 1399),
            markdown("## Exercises\n" + "word " * 14000, "part:exercises"),
        ]
    )
    assert lessons.halves(notebook) == ("Prove: c", pytest.approx(30), pytest.approx(20))
    assert lessons.time_lines(notebook).splitlines()[2] == (
        "| **In two halves** | 30 minutes, and 20 from *Prove: c*; exercises apart |"
    )
    assert len(lessons.time_lines(a_lesson()).splitlines()) == 2  # short enough for one sitting
    assert lessons.halves(new_notebook()) is None


def test_claims_are_asserts_and_calls_of_functions_that_assert():
    cells = [
        timed(1, "%pip install x\nassert 1 < 2, 'no'\nfor i in range(3):\n    assert i < 3"),
        timed(1, "torch.testing.assert_close(a, b)\nassert_allclose(a, b)\nassertive(a)\nf()(assert_none)"),
        markdown("assert nothing"),
    ]
    assert lessons.claims(new_notebook(cells=cells)) == 4


def test_seconds_of_a_cell_are_those_between_its_start_and_its_reply():
    assert lessons.seconds(timed(12.25)) == 12.25
    assert lessons.seconds(new_code_cell("pass")) is None


def test_cells_are_found_by_tag_and_by_part():
    notebook = new_notebook(
        cells=[
            markdown("# 01 · Title: the rest"),
            markdown("card", "card"),
            timed(1, "setup", "setup"),
            markdown("## Build", "part:build"),
            timed(1, "code", "source:course_utils.shapes.check_shape"),
            markdown("## Recap", "part:recap", "other"),
        ]
    )
    assert lessons.part_of_cells(notebook) == ["title", "card", "setup", "build", "build", "recap"]
    assert lessons.find(notebook, "other") == [notebook.cells[5]]
    assert lessons.tags(notebook.cells[0]) == []
    assert lessons.title(notebook) == "Title: the rest"
    assert stamp.short_title(notebook) == "Title"


# Stamping


def marked(name: str, table: str) -> str:
    return f"<!-- {name}: written by tools.stamp -->\n{table}\n<!-- end of {name} -->"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons, where everything that can be out of date is."""
    monkeypatch.setattr(lessons, "ROOT", tmp_path)
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(stamp, "README", tmp_path / "README.md")
    monkeypatch.setattr(stamp, "IN_NUMBERS", tmp_path / "in_numbers.md")
    (tmp_path / "in_numbers.md").write_text(
        "Costs:\n" + marked("numbers", "old") + "\nMinutes:\n" + marked("minutes", "none yet") + "\n",
        encoding="utf-8",
    )
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "course"\nversion = "2.5"\n[project.urls]\nRepository = "{REPOSITORY}"\n',
        encoding="utf-8",
    )
    (tmp_path / "README.md").write_text(
        f"Open [lesson 01]({OLD_COLAB}01_slopes.ipynb), or run `pip install git+https://github.com/nobody/old@v0.1`.\n"
        "Play [a game](https://github.com/nobody/old/blob/v0.1/docs/game.md).\n\n"
        f"{marked('lessons', 'no list yet')}\n\nThe end.\n",
        encoding="utf-8",
    )
    for name, title in (("01_slopes", "01 · Slopes: the way down"), ("02_nets", "02 · Nets: many slopes")):
        cells = [
            markdown(
                f"# {title}\n\n[![Colab](badge.svg)]({OLD_COLAB}{name}.ipynb)\n\nBefore: [00 Gone](x.ipynb)",
                "title",
            ),
            markdown(
                "| | |\n|---|---|\n| **You need** | time |\n| **Time** | 99 minutes |\n| **Hardware** | any |",
                "card",
            ),
            timed(20, '%pip install -q "git+https://github.com/nobody/old-course@v0.1"', "setup"),
            markdown("**1. Try** (5 minutes)."),
            markdown("Text before.\n\n| Lesson |\n|---|\n| [01 Old](x.ipynb) |\n\nText after.", "lessons"),
        ]
        write(lessons.NOTEBOOKS, f"{name}.ipynb", cells)
    (lessons.NOTEBOOKS / "notes.ipynb").write_text("not a lesson", encoding="utf-8")
    return tmp_path


def run_stamp(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["stamp", *arguments])
    return stamp.main()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_stamp_brings_everything_up_to_date(course, monkeypatch):
    assert run_stamp(monkeypatch) == 0
    first, second = (lessons.read(path) for path in lessons.lesson_paths().values())
    assert (lessons.NOTEBOOKS / "01_slopes.ipynb").read_text(encoding="utf-8").endswith("}\n")
    title, card, setup, _, list_of_lessons = (cell.source for cell in first.cells)
    assert title == (
        f"# 01 · Slopes: the way down\n\n[![Colab](badge.svg)]({COLAB}01_slopes.ipynb)\n\n"
        f"After: [02 Nets](02_nets.ipynb) ([in Colab]({COLAB}02_nets.ipynb))"
    )
    assert second.cells[0].source.endswith(
        f"\n\nBefore: [01 Slopes](01_slopes.ipynb) ([in Colab]({COLAB}01_slopes.ipynb))"
    )
    assert card.splitlines()[2:] == [
        "| **You need** | time |",
        "| **Time** | 5 minutes to read, 1 minute to run, 5 minutes of exercises |",
        "| **Minutes by part** | opening 6 |",
        "| **Hardware** | any |",
    ]
    assert setup == f'%pip install -q "git+{REPOSITORY}@v2.5"'
    rows = [
        "| Lesson | Read | Run | Exercises | |",
        "|---|---|---|---|---|",
        f"| [01 Slopes: the way down](01_slopes.ipynb) | 5 min | 1 min | 5 min | [Colab]({COLAB}01_slopes.ipynb) |",
        f"| [02 Nets: many slopes](02_nets.ipynb) | 5 min | 1 min | 5 min | [Colab]({COLAB}02_nets.ipynb) |",
    ]
    assert list_of_lessons.splitlines() == ["Text before.", "", *rows, "", "Text after."]
    in_readme = [row.replace("](0", "](notebooks/0") for row in rows]
    assert stamp.README.read_text(encoding="utf-8").splitlines() == [
        f"Open [lesson 01]({COLAB}01_slopes.ipynb), or run `pip install git+{REPOSITORY}@v2.5`.",
        f"Play [a game]({REPOSITORY}/blob/v2.5/docs/game.md).",
        "",
        *marked("lessons", "\n".join(in_readme)).splitlines(),
        "",
        "The end.",
    ]
    assert stamp.IN_NUMBERS.read_text(encoding="utf-8").splitlines() == [
        "Costs:",
        "<!-- numbers: written by tools.stamp -->",
        "| Lesson | Seconds | Longest cell | Peak MiB | Code cells | Figures | Exercises | Claims asserted |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        "| 01 Slopes | 20 | 20.0 s |  | 1 | 0 | 0 | 0 |",
        "| 02 Nets | 20 | 20.0 s |  | 1 | 0 | 0 | 0 |",
        "| **All** | 40 | | | 2 | 0 | 0 | 0 |",
        "<!-- end of numbers -->",
        "Minutes:",
        *marked(
            "minutes", "| Lesson | opening | all |\n|---|---:|---:|\n| 01 | 6 | 6 |\n| 02 | 6 | 6 |"
        ).splitlines(),
    ]


def test_stamping_twice_changes_nothing_more(course, monkeypatch, capsys):
    run_stamp(monkeypatch)
    stamped = contents(course)
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert run_stamp(monkeypatch, "--check") == run_stamp(monkeypatch) == 0
    assert contents(course) == stamped
    assert capsys.readouterr().out == ""


def test_check_says_what_is_out_of_date_and_writes_nothing(course, monkeypatch, capsys):
    before = contents(course)
    assert run_stamp(monkeypatch, "--check") == 1
    assert contents(course) == before
    named = [Path(line.removeprefix("out of date: ")) for line in capsys.readouterr().out.splitlines()]
    assert sorted(path.as_posix() for path in named) == [
        "README.md",
        "in_numbers.md",
        "notebooks/01_slopes.ipynb",
        "notebooks/02_nets.ipynb",
    ]


EVERYTHING = ["01_slopes.ipynb", "02_nets.ipynb", "README.md", "in_numbers.md"]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "outdated"),
    [
        ("01_slopes", "/blob/v2.5/notebooks/01", "/blob/v2.4/notebooks/01", ["01_slopes.ipynb"]),
        ("01_slopes", "course@v2.5", "course@main", ["01_slopes.ipynb"]),
        ("02_nets", "Before: [01 Slopes]", "Before: [01 Hills]", ["02_nets.ipynb"]),
        ("02_nets", "| 5 minutes to read", "| 10 minutes to read", ["02_nets.ipynb"]),
        ("02_nets", "| 5 min | 1 min |", "| 5 min | 2 min |", ["02_nets.ipynb"]),
        ("02_nets", "(5 minutes)", "(15 minutes)", EVERYTHING),
        ("02_nets", "opening 6", "opening 7", ["02_nets.ipynb"]),
        ("02_nets", "02 · Nets", "02 · Webs", EVERYTHING),
    ],
    ids=[
        "Colab address",
        "pip address",
        "neighbour",
        "minutes",
        "list",
        "exercise",
        "minutes by part",
        "title",
    ],
)
def test_stamp_notices_what_is_out_of_date_and_mends_it(course, monkeypatch, name, old, new, outdated):
    run_stamp(monkeypatch)
    edit(lessons.NOTEBOOKS / f"{name}.ipynb", old, new)
    assert sorted(path.name for path in stamp.outdated()) == outdated
    run_stamp(monkeypatch)
    assert stamp.outdated() == {}


def test_a_new_release_changes_every_address(course, monkeypatch):
    run_stamp(monkeypatch)
    edit(course / "pyproject.toml", "2.5", "2.6")
    assert len(stamp.outdated()) == 3
    run_stamp(monkeypatch)
    assert not any(b"v2.5" in content for content in contents(course).values())


# Storing


def png(pixels: np.ndarray) -> str:
    """A picture as notebooks keep it."""
    file = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def pixels_of(picture: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(base64.b64decode(picture))).convert("RGB"), dtype=int)


def stream(text: str, name: str = "stdout") -> NotebookNode:
    return new_output("stream", name=name, text=text)


def result(**data: str) -> NotebookNode:
    return new_output("execute_result", data={key.replace("_", "/", 1): value for key, value in data.items()})


def cleaned(*outputs: NotebookNode, peak_mib: int = 300, **metadata) -> NotebookNode:
    """A notebook of one cell with these outputs, cleaned."""
    notebook = new_notebook(cells=[new_code_cell("pass", outputs=list(outputs), metadata=metadata)])
    store.clean(notebook, peak_mib)
    return notebook


def test_clean_leaves_tags_and_times_and_drops_what_differs_by_machine():
    notebook = new_notebook(
        metadata={"language_info": {"name": "python", "version": "3.11.7"}, "widgets": {"state": 1}},
        cells=[
            timed(1, "pass", "setup"),
            new_code_cell("pass", metadata={"collapsed": True}),
            new_markdown_cell("text", metadata={"jp-MarkdownHeadingCollapsed": True}),
            markdown("text", "card"),
        ],
    )
    times = notebook.cells[0].metadata["execution"]
    store.clean(notebook, peak_mib=301)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "course": {"peak_mib": 310},
    }
    assert [cell.metadata for cell in notebook.cells] == [
        {"tags": ["setup"], "execution": times},
        {"execution": {}},
        {},
        {"tags": ["card"]},
    ]
    nbformat.validate(notebook)


def test_clean_joins_neighbouring_pieces_of_a_stream():
    notebook = cleaned(
        stream("a"), stream("b\n"), result(text_plain="1"), stream("c"), stream("d"), stream("!", "stderr")
    )
    told = [(output.get("name"), output.get("text")) for output in notebook.cells[0].outputs]
    assert told == [("stdout", "ab\n"), (None, None), ("stdout", "cd"), ("stderr", "!")]


def test_clean_puts_a_sentence_in_the_place_of_a_live_widget():
    view = new_output("display_data", data={store.WIDGET: {"model_id": "7f3a"}, "text/plain": "VBox()"})
    (output,) = cleaned(view).cells[0].outputs
    assert set(output.data) == {"text/plain"}
    assert output.data["text/plain"].startswith("Run this cell to get the controls")


def test_clean_shrinks_pictures_of_many_colours_and_keeps_their_words():
    generator = np.random.default_rng(0)
    patches = generator.integers(0, 240, (4, 4, 3)).repeat(30, axis=0).repeat(30, axis=1)
    picture = png(patches + generator.integers(0, 10, patches.shape))
    words = {"image/png": {"alt": "Patches.", "width": 60}}
    (output,) = cleaned(new_output("display_data", {"image/png": picture}, metadata=words)).cells[0].outputs
    assert output.metadata == words
    assert len(output.data["image/png"]) < len(picture)
    assert np.abs(pixels_of(output.data["image/png"]) - pixels_of(picture)).max() < 20


def test_clean_leaves_pictures_of_few_colours_as_they_look():
    picture = png(np.arange(12).reshape(2, 2, 3).repeat(10, axis=0) * 20)
    (output,) = cleaned(new_output("display_data", {"image/png": picture})).cells[0].outputs
    np.testing.assert_array_equal(pixels_of(output.data["image/png"]), pixels_of(picture))


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with names of its own."""
    home = tmp_path / "home" / "ada"
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.setattr(lessons, "ROOT", tmp_path / "work")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(socket, "gethostname", lambda: "box7")
    return {"home": str(home), "root": str(lessons.ROOT), "prefix": sys.prefix, "host": "box7"}


@pytest.mark.parametrize("place", ["home", "root", "prefix", "host"])
@pytest.mark.parametrize(
    "make", [stream, lambda text: result(text_html=f"<b>{text}</b>")], ids=["stream", "html"]
)
def test_problems_name_what_gives_this_machine_away(machine, place, make):
    secret = machine[place]
    notebook = cleaned(make("all is well"), make(f"found in {secret}."))
    assert store.problems(notebook) == [f"cell 0: shows {secret!r}"]


def test_problems_name_errors_and_what_goes_to_stderr(machine):
    error = new_output("error", ename="ValueError", evalue="no", traceback=["long"])
    assert store.problems(cleaned(error)) == ["cell 0: ValueError: no"]
    assert store.problems(cleaned(stream("warning: old", "stderr"))) == [
        "cell 0: writes to stderr: warning: old"
    ]


def test_ordinary_output_is_no_problem(machine):
    outputs = [stream("box70 and mybox7\n"), result(text_plain="1.0"), result(image_svg="box7")]
    notebook = cleaned(*outputs)
    notebook.cells.append(markdown(f"Prose may say {machine['host']}."))
    assert store.problems(notebook) == []


def test_a_lesson_with_problems_is_not_stored(tmp_path, monkeypatch):
    path = write(tmp_path, "01_loud.ipynb", [new_code_cell("pass", outputs=[stream("warning", "stderr")])])
    before = path.read_bytes()
    monkeypatch.setattr(store, "execute", lambda notebook: 57)
    assert store.store(path) == ["cell 0: writes to stderr: warning"]
    assert path.read_bytes() == before


without_resource = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count peak memory")


@without_resource
def test_a_lesson_is_stored_as_run_and_to_the_same_bytes_again_apart_from_times(tmp_path, capsys):
    cells = [
        markdown("# A title", "title"),
        new_code_cell("import os\nprint(os.environ['OMP_NUM_THREADS'])", execution_count=17, id="first"),
        new_code_cell(
            "print('a'); print('b')\n6 * 7", id="second", metadata={"tags": ["check"], "scrolled": True}
        ),
    ]
    path = write(tmp_path, "01_tiny.ipynb", cells)

    def without_times() -> str:
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", path.read_text(encoding="utf-8"))
        return re.sub(r'"peak_mib": \d+0\b', '"peak_mib": N', text)

    assert store.store(path) == []
    stored, once = lessons.read(path), without_times()
    assert once.endswith("}\n")
    nbformat.validate(stored)
    code = stored.cells[1:]
    assert [(cell.id, cell.execution_count) for cell in code] == [("first", 1), ("second", 2)]
    assert stored.cells[0].id == cells[0].id
    assert [output.get("text") for cell in code for output in cell.outputs] == ["1\n", "a\nb\n", None]
    assert code[1].outputs[1].data == {"text/plain": "42"}
    assert all(0 < lessons.seconds(cell) < 60 for cell in code)
    assert 20 < stored.metadata.course.peak_mib < 1000
    assert capsys.readouterr().out.startswith("01_tiny.ipynb: 0 s, longest cell 0.")
    assert store.store(path) == []
    assert without_times() == once


@without_resource
def test_a_lesson_that_fails_is_not_stored(tmp_path):
    path = write(tmp_path, "01_broken.ipynb", [new_code_cell("1 / 0"), new_code_cell("print('on')")])
    before = path.read_bytes()
    (problem,) = store.store(path)
    assert "division by zero" in problem
    assert path.read_bytes() == before
