"""What readers see and touch, in a real browser without a network: widgets in JupyterLab, lessons exported to HTML.

A lesson's widget is tried in a copy of the lesson that has only its set-up cell and the cells tagged `widget`. Nothing
in between is needed for it (a cell that did need more would fail here), except what tests/stand_ins.py has a stand-in
for; and the whole lesson runs elsewhere.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from uuid import uuid4

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter

from course_utils.generation_explorer import generation_explorer
from tests.stand_ins import STAND_INS
from tools import lessons

pytestmark = pytest.mark.browser

# A line for each control to try: the lesson, the control's label, and a key that moves it from where it first stands.
# (JupyterLab takes the arrow keys away from a drop-down list, but leaves it Home and End.)
WIDGETS = [
    ("01", "rate", "ArrowRight"),
    ("01", "surface", "End"),
    ("02", "width", "ArrowRight"),
    ("02", "bend", "End"),
    ("03", "numbers", "ArrowRight"),
    ("03", "sentences", "ArrowRight"),
    ("04", "first number", "ArrowRight"),
    ("04", "second number", "ArrowRight"),
    ("06", "temperature", "ArrowRight"),
    ("07", "step", "ArrowRight"),
    ("07", "vector", "End"),
    ("08", "step", "ArrowRight"),
    ("08", "pull", "ArrowRight"),
    ("05", "axes", "End"),
    ("10", "scale", "End"),
    ("10", "action", "ArrowRight"),
    ("13", "reads", "End"),
    ("13", "head", "ArrowRight"),
    ("14", "temperature", "ArrowRight"),
    ("14", "top p", "ArrowLeft"),
]
# Lessons whose widget is a view of recorded data: no kernel computes it, so it is tried in the exported lesson.
VIEWS = ["06", "11"]
BACK = {"ArrowRight": "ArrowLeft", "ArrowLeft": "ArrowRight", "End": "Home", "Home": "End"}

SCREENSHOTS = lessons.ROOT / "test-results"  # .gitignore lists it, and the public workflow keeps it
STARTING_SECONDS = 60
TOKEN = "t"
CHROMIUM_OPTIONS = [
    "--no-sandbox",  # a container's root may not use the sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks the network for, it does not get: everything must work offline.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
ERRORS = ", ".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr"))
PICTURE = ".jupyter-widgets.widget-output img"
CUT_OFF = """controls => controls
    .filter(control => control.getBoundingClientRect().right > control.parentElement.getBoundingClientRect().right)
    .map(control => control.querySelector("label").innerText)"""
TIMELINE = ".jp-OutputArea-output:has(details)"  # by its parts: JupyterLab's sanitizer takes class names away
STOPS = f"{TIMELINE} summary"
# JupyterLab adds the kernel's state to this text only when the page is ready to run cells.
IDLE = "Python 3 (ipykernel) | Idle"


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, or a skipped test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield running
        running.close()


@pytest.fixture
def page(browser):
    """A page as wide as a laptop's screen."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def jupyterlab(browser, tmp_path_factory):
    """A JupyterLab with a home of its own: the folder that it serves, and its address."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    served, runtime, log = folder / "notebooks", folder / "runtime", folder / "log.txt"
    served.mkdir()
    inherited = {
        "IPYTHONDIR": str(folder / "ipython"),
        # The kernel imports this very tree, installed or not.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(lessons.ROOT), os.environ.get("PYTHONPATH")])),
    }
    own = {
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": runtime,
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
    }
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    options += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={served}"]
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=os.environ | inherited | {name: str(path) for name, path in own.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield served, _address(server, runtime, log)
    finally:
        # It shuts its kernels down before it ends.
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _address(server, runtime, log):
    """Wait until the server has written down where it listens: port 0 lets the system choose a free one."""
    patience = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < patience and server.poll() is None:
        for written in runtime.glob("jpserver-*.json"):
            try:
                return json.loads(written.read_text(encoding="utf-8"))["url"]
            except json.JSONDecodeError:
                pass  # it is still being written
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}", pytrace=False)


@contextmanager
def screenshot_on_failure(page, name):
    """Keep what the page looked like when something inside failed, and say where."""
    try:
        yield
    except Exception as error:
        SCREENSHOTS.mkdir(exist_ok=True)
        picture = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=picture, full_page=True)
        raise AssertionError(f"{error}\nScreenshot: {picture}") from error


def widget_notebook(lesson):
    """A lesson's set-up and widgets as they are in the lesson, with nothing run yet."""
    stored = lessons.read(lessons.lesson_paths()[lesson])
    stand_in = [nbformat.v4.new_code_cell(STAND_INS[lesson])] if lesson in STAND_INS else []
    stored.cells = lessons.find(stored, "setup") + stand_in + lessons.find(stored, "widget")
    for cell in stored.cells:
        cell.outputs, cell.execution_count = [], None
    return stored


def test_every_widget_is_tried():
    paths = lessons.lesson_paths()
    with_widgets = {number for number, path in paths.items() if lessons.find(lessons.read(path), "widget")}
    tried = {number for number, *_ in WIDGETS} | set(VIEWS)
    assert with_widgets == tried, (
        "the tables WIDGETS and VIEWS name other lessons than those with cells tagged `widget`"
    )


def run_in_jupyterlab(page, jupyterlab, notebook: nbformat.NotebookNode, awaited: str) -> None:
    """Open a notebook, run all its cells, and wait for the element; no cell may fail."""
    folder, address = jupyterlab
    name = f"{uuid4().hex}.ipynb"  # JupyterLab remembers what it has opened under a name
    nbformat.write(notebook, folder / name)
    page.goto(f"{address}doc/tree/{name}?token={TOKEN}")
    # A notebook that is run before its kernel is ready loses cells.
    page.get_by_text(IDLE).wait_for(timeout=STARTING_SECONDS * 1000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(f"{awaited}, {ERRORS}").first.wait_for(timeout=STARTING_SECONDS * 1000)
    assert page.locator(ERRORS).all_inner_texts() == []


def one_cell(source: str) -> nbformat.NotebookNode:
    """Return a notebook of this cell alone."""
    notebook = widget_notebook("06")
    notebook.cells = [nbformat.v4.new_code_cell(source)]
    return notebook


@pytest.mark.parametrize("lesson", sorted({number for number, *_ in WIDGETS}))
def test_widget_redraws_its_picture(lesson, jupyterlab, page):
    # About as narrow as a notebook in Colab beside its panels.
    page.set_viewport_size({"width": 900, "height": 900})
    with screenshot_on_failure(page, f"widget_{lesson}"):
        notebook = widget_notebook(lesson)
        run_in_jupyterlab(page, jupyterlab, notebook, PICTURE)

        # A control that is cut off hides its number.
        assert page.locator(".widget-inline-hbox").evaluate_all(CUT_OFF) == []
        for number, label, key in WIDGETS:
            if number == lesson:
                move_and_look(page, label, key)

        prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        assert prompts == [f"[{n}]:" for n in range(1, len(notebook.cells) + 1)]
        assert page.locator(ERRORS).all_inner_texts() == []
        assert page.get_by_text("Error displaying widget").count() == 0


def test_the_words_that_the_explorer_opens_with_are_in_every_text(jupyterlab, page):
    folder, address = jupyterlab
    nbformat.write(widget_notebook("05"), folder / "texts_05.ipynb")
    with screenshot_on_failure(page, "texts_05"):
        page.goto(f"{address}doc/tree/texts_05.ipynb?token={TOKEN}")
        page.get_by_text(IDLE).wait_for(timeout=STARTING_SECONDS * 1000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.locator(f"{PICTURE}, {ERRORS}").first.wait_for(timeout=STARTING_SECONDS * 1000)
        name = page.locator(".widget-label").get_by_text("text", exact=True)
        chosen = page.locator(".widget-inline-hbox").filter(has=name).locator("select")
        texts = chosen.locator("option").all_inner_texts()
        assert texts[:2] == ["micro-world", "Wikipedia"]
        for text in texts[::-1]:
            chosen.select_option(text)
            # Wikipedia is read first.
            caption = page.locator(".jupyter-widgets.widget-output small").filter(has_text=f"{text}, axes")
            caption.wait_for(timeout=2 * STARTING_SECONDS * 1000)
            assert "man is to woman as king is to " in caption.inner_text()
            assert "is not among" not in caption.inner_text()
        assert page.locator(ERRORS).all_inner_texts() == []


def move_and_look(page, label, key):
    """Move a control with the keyboard: its picture must change, and moving back must bring the very same one back.

    So the picture shows what the control says, and is not merely drawn again.
    """
    name = page.locator(".widget-label").get_by_text(label, exact=True)
    page.locator(".widget-inline-hbox").filter(has=name).locator("select, input, .noUi-handle").focus()
    before = page.locator(PICTURE).get_attribute("src")
    page.keyboard.press(key)
    wait_for_picture(page, before, same=False, complaint=f"{key} on {label!r} leaves the picture as it was")
    page.keyboard.press(BACK[key])
    wait_for_picture(
        page, before, same=True, complaint=f"{BACK[key]} on {label!r} does not bring the picture back"
    )


def wait_for_picture(page, source, same, complaint):
    """Wait until a picture with this source, or with another one, is drawn."""
    from playwright.sync_api import TimeoutError

    drawn = """([selector, source, same]) => {
        const pictures = document.querySelectorAll(selector);
        return pictures.length == 1 && pictures[0].naturalWidth > 0 && (pictures[0].src == source) == same;
    }"""
    try:
        page.wait_for_function(drawn, arg=[PICTURE, source, same], timeout=20_000)
    except TimeoutError:
        raise AssertionError(complaint) from None


def test_timeline_opens_with_the_keyboard_in_jupyterlab(jupyterlab, page):
    # As a reader first meets it: stored by somebody else, so that JupyterLab takes style and scripts out, and not run.
    folder, address = jupyterlab
    shutil.copy(lessons.lesson_paths()["00"], folder / "timeline.ipynb")
    with screenshot_on_failure(page, "timeline_jupyterlab"):
        page.goto(f"{address}doc/tree/timeline.ipynb?token={TOKEN}")
        page.locator(STOPS).first.focus(timeout=STARTING_SECONDS * 1000)
        check_stop_opens(page)


def test_timeline_opens_with_the_keyboard_in_exported_html(page, tmp_path):
    with screenshot_on_failure(page, "timeline_html"):
        page.goto(exported("00", tmp_path))
        stops = page.locator(STOPS)
        assert stops.count() > 10
        # From the top of the page, as somebody without a mouse gets there.
        for _ in range(100):
            page.keyboard.press("Tab")
            if stops.first.evaluate("stop => stop == document.activeElement"):
                break
        check_stop_opens(page)
        assert stops.nth(1).evaluate("stop => stop == document.activeElement")


def check_stop_opens(page):
    """Open the timeline's first stop, which has the focus, with Enter, and go on to the next with Tab."""
    assert page.locator(STOPS).first.evaluate("stop => stop == document.activeElement"), (
        "it cannot be reached"
    )
    text = page.locator(f"{TIMELINE} p").first
    assert not text.is_visible()
    page.keyboard.press("Enter")
    text.wait_for(timeout=5000)
    page.keyboard.press("Tab")
    # A stop that leads to its lesson has a link in between.
    if page.evaluate("document.activeElement.tagName") == "A":
        page.keyboard.press("Tab")


def test_coloured_text_is_explored_with_the_keyboard_in_exported_html(page, tmp_path):
    with screenshot_on_failure(page, "text_view_html"):
        page.goto(exported("06", tmp_path))
        explore_text(page, "ArrowDown", "ArrowUp", lambda letter: page.keyboard.press("ArrowRight"))


def test_coloured_text_is_explored_in_jupyterlab(jupyterlab, page):
    source = """import numpy as np
from course_utils.coloured_text import text_view
state = np.tanh(np.random.default_rng(1).normal(size=(120, 40)))
text_view("f(x)\\n" * 24, state, [[("x", 0.4), ("(", 0.3), (")", 0.1), (" ", 0.1), ("\\n", 0.1)]] * 120, {"a": 7})"""
    with screenshot_on_failure(page, "text_view_jupyterlab"):
        run_in_jupyterlab(page, jupyterlab, one_cell(source), ".text-view li")
        # JupyterLab keeps the arrow keys for itself.
        explore_text(page, "End", "Home", lambda letter: letter.click())


def explore_text(page, down, up, go_to_second):
    """Colour the text by another unit and back, which must bring all back; and walk through it."""
    view = page.locator(".text-view")
    unit, place, said = view.locator("select"), view.locator("input"), view.locator("p")
    letters = view.locator("pre span")
    colours = "letters => letters.map(letter => letter.style.backgroundColor).join()"
    assert letters.count() > 100
    assert view.locator("li").count() == 5
    before, first_words = letters.evaluate_all(colours), said.inner_text()

    unit.focus()
    page.keyboard.press(down)
    assert letters.evaluate_all(colours) != before
    assert said.inner_text() != first_words
    page.keyboard.press(up)
    assert letters.evaluate_all(colours) == before
    assert said.inner_text() == first_words

    page.keyboard.press("Tab")
    assert place.evaluate("place => place == document.activeElement")
    go_to_second(letters.nth(1))
    assert said.inner_text().startswith("Character 2 of ")
    assert letters.nth(1).get_attribute("class") == "here"
    assert view.locator(".here").count() == 1
    place.focus()
    page.keyboard.press("End")
    assert said.inner_text().startswith(f"Character {letters.count()} of {letters.count()} ")
    # The strip of the whole state is painted: not all of its stripes are white.
    strip = (
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, 1).data.some(part => part < 200)"
    )
    assert view.locator("canvas").evaluate(strip)


# Two sentences written by nobody, with weights by chance.
RECORDED = """
import numpy as np
from course_utils.generation_explorer import generation_explorer
from course_utils.recordings import Generation

rng = np.random.default_rng(1)

def weights(rows, columns, past=False):
    drawn = rng.random((2, 3, rows, columns)) ** 4 + 0.001
    drawn = np.tril(drawn) if past else drawn
    return drawn / drawn.sum(axis=-1, keepdims=True)

def generation(source, target):
    source, target = (*source.split(), "</s>"), ("<s>", *target.split(), "</s>")
    S, T = len(source), len(target) - 1
    guesses = tuple(((token, 0.6), *((word, 0.1) for word in "abcd")) for token in target[1:])
    return Generation(source, target, weights(S, S), weights(T, T, True), weights(T, S), guesses)

generations = [generation("the cat saw the dog", "猫 は 犬 を 見た"), generation("a <b>bold</b> </script>", "x y")]
"""


@pytest.fixture(scope="module")
def recorded():
    """The generations of RECORDED."""
    found = {}
    exec(RECORDED, found)
    return found["generations"]


def view_notebook(*views):
    """A notebook that stores views, a cell each, as if they had been run."""
    shown = [nbformat.v4.new_output("display_data", {"text/html": view}) for view in views]
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("", outputs=[output], execution_count=1) for output in shown]
    )


def test_a_generation_is_watched_in_exported_html(recorded, page, tmp_path):
    view, other = (
        generation_explorer(recorded, heads).data
        for heads in (None, {"cross": (1, 2), "decoder_self": (2, 3)})
    )
    body, _ = HTMLExporter().from_notebook_node(view_notebook(view, view, other))
    (tmp_path / "views.html").write_text(body, encoding="utf-8")
    problems = []
    page.on("pageerror", lambda problem: problems.append(problem))
    with screenshot_on_failure(page, "generation_html"):
        page.goto((tmp_path / "views.html").as_uri())
        first, second, third = page.locator(".generation-view").all()
        check_lines(third, "cross", recorded[0].cross[0, 1, 0])
        assert third.get_by_role("radio", name="layer 2, head 3", checked=True).count() == 1
        watch_generation(page, first, recorded)
        # The same view once more on the page is a view of its own.
        assert second.locator(".told").inner_text().startswith("Step 1: ")
        # Nor does showing it once more, below, begin the first one anew.
        told = first.locator(".told").inner_text()
        page.evaluate(view.split("<script>")[1].removesuffix("</script>"))
        assert first.locator(".told").inner_text() == told
        for width in (700, 1000, 1400):
            page.set_viewport_size({"width": width, "height": 900})
            assert first.evaluate("view => view.scrollWidth <= view.clientWidth"), f"cut off at {width}"
    assert not problems


def test_lesson_11_shows_its_sentences(page, tmp_path):
    with screenshot_on_failure(page, "lesson_11"):
        page.goto(exported("11", tmp_path))
        view = page.locator(".generation-view")
        told = view.locator(".told")
        assert told.inner_text().startswith("Step 1: with nothing written yet, the decoder chose “猫”")
        view.get_by_role("button", name="Forward").focus()
        page.keyboard.press("ArrowRight")
        assert told.inner_text().startswith("Step 2: having written “猫”, the decoder chose “が”")


def test_a_generation_is_watched_in_jupyterlab(recorded, jupyterlab, page):
    with screenshot_on_failure(page, "generation_jupyterlab"):
        notebook = one_cell(f"{RECORDED}\ngeneration_explorer(generations)")
        run_in_jupyterlab(page, jupyterlab, notebook, ".generation-view .told")
        watch_generation(page, page.locator(".generation-view"), recorded)


def test_a_generation_is_never_blank(recorded, jupyterlab, page):
    # As a reader first meets it: stored by somebody else, so that JupyterLab takes style and scripts out, and not run.
    folder, address = jupyterlab
    nbformat.write(view_notebook(generation_explorer(recorded).data), folder / "stored.ipynb")
    with screenshot_on_failure(page, "generation_stored"):
        page.goto(f"{address}doc/tree/stored.ipynb?token={TOKEN}")
        table = page.locator(".jp-OutputArea-output table")
        table.wait_for(timeout=STARTING_SECONDS * 1000)
        assert [cell.split("\t")[2] for cell in table.locator("tr").all_inner_texts()][1:] == [
            *recorded[0].target[1:]
        ]


def watch_generation(page, view, generations):
    """Go through a sentence with keyboard and mouse: the lines drawn must always be the weights recorded."""
    first = generations[0]
    told, written, hint = view.locator(".told"), view.locator(".written p"), view.locator(".hint")
    before = told.inner_text()
    assert before.startswith("Step 1: with nothing written yet, the decoder chose “猫” (60")
    assert view.locator(".guesses li").count() == 5
    assert written.inner_text().split() == ["猫"]
    mean = {kind: getattr(first, kind)[-1].mean(axis=0) for kind in first.kinds()}
    check_lines(view, "cross", mean["cross"][0])
    check_lines(view, "decoder_self", mean["decoder_self"][0])
    check_lines(view, "encoder_self", mean["encoder_self"][mean["cross"][0].argmax()])

    # Steps, with the keyboard.
    view.get_by_role("button", name="Forward").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    assert told.inner_text().startswith("Step 3: having written “猫 は”, the decoder chose “犬”")
    assert written.inner_text().split() == ["猫", "は", "犬"]
    for kind in ("cross", "decoder_self"):
        check_lines(view, kind, mean[kind][2])
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")  # there is nothing before the first step
    assert told.inner_text() == before

    # Heads, with keyboard and mouse.
    heads = view.get_by_role("radiogroup", name="heads of cross-attention")
    assert heads.get_by_role("radio").count() == 2 * (3 + 1)
    heads.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    check_lines(view, "cross", first.cross[0, 2, 0])
    check_lines(view, "decoder_self", mean["decoder_self"][0])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert told.inner_text() == before
    heads = view.get_by_role("radiogroup", name="heads of encoder self-attention")
    heads.get_by_role("radio", name="layer 1, head 2").click()
    painted = "canvas => canvas.getContext('2d').getImageData(0, 0, 9, 9).data.some(part => part > 50)"
    assert all(canvas.evaluate(painted) for canvas in view.locator("canvas").all())

    # Words: a click shows where a source word gathers from, pointing at one its exact weight.
    asking = view.get_by_role("group", name="in context").get_by_role("button")
    asked = view.get_by_role("group", name="the source").get_by_role("button")
    asking.nth(4).click()
    check_lines(view, "encoder_self", first.encoder_self[0, 1, 4])
    asked.nth(1).hover()
    weight = first.encoder_self[0, 1, 4, 1]
    assert hint.inner_text().startswith(f"“cat” has the weight {weight:.3f} for “dog”")
    asking.nth(4).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    check_lines(view, "encoder_self", first.encoder_self[0, 1, 5])
    assert f"“</s>” has the weight {mean['cross'][0, 5]:.3f} at step 1" in hint.inner_text()
    view.get_by_role("group", name="being written").get_by_role("button").nth(3).click()
    assert told.inner_text().startswith("Step 4: ")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.innerText").strip() == "見た"  # the focus goes along
    page.keyboard.press("ArrowLeft")

    # Playing, and another sentence.
    view.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "told => told.innerText.startsWith('Step 5: ')", arg=told.element_handle(), timeout=5000
    )
    view.get_by_role("button", name="Pause").click()
    view.get_by_role("combobox").select_option(index=1)
    assert told.inner_text().startswith("Step 1: with nothing written yet, the decoder chose “x”")
    view.get_by_role("slider").focus()
    page.keyboard.press("End")
    assert written.inner_text().split() == ["x", "y", "</s>"]
    check_lines(view, "cross", generations[1].cross[-1].mean(axis=0)[2])


def check_lines(view, kind, weights):
    """A line a weight, as thick as it, from word to word; those of almost nothing are left out."""
    heights = view.locator(f"svg.{kind}").evaluate(
        "lines => [lines.clientHeight, lines.viewBox.baseVal.height]"
    )
    assert heights[0] == heights[1], "the lines are stretched, so they do not end at their words"
    words = view.locator(".tokens").first.bounding_box()["y"]
    assert view.locator(f"svg.{kind}").bounding_box()["y"] == pytest.approx(words, abs=0.5)
    widths = view.locator(f"svg.{kind} path").evaluate_all(
        "lines => lines.map(line => +line.getAttribute('stroke-width'))"
    )
    drawn = [(width - 0.6) / 6 for width in widths]
    np.testing.assert_allclose(drawn, [w for w in np.round(weights, 3) if w >= 0.005], atol=0.0011)


@pytest.mark.parametrize("lesson", lessons.lesson_paths())
def test_exported_figures_have_alternative_text(lesson, page, tmp_path):
    with screenshot_on_failure(page, f"figures_{lesson}"):
        check_figures(lesson, page, exported(lesson, tmp_path, template="classic"))


@pytest.mark.parametrize("lesson", lessons.lesson_paths())
def test_figures_exported_by_default_have_their_words_below(lesson, page, tmp_path):
    """The default template, like JupyterLab, drops the alternative text of pictures, so it stands below them."""
    page.goto(exported(lesson, tmp_path))
    assert page.locator(".jp-OutputArea-output img").count() == len(figures(lesson))
    # The generation explorer has small numbers of its own.
    captions = page.locator(".jp-OutputArea-output small:not(.generation-view *)")
    assert captions.all_inner_texts() == [data["text/plain"] for data in figures(lesson)]
    assert all(caption.is_visible() for caption in captions.all())


def figures(lesson):
    """The stored figures of a lesson, by kind."""
    return [data for data in outputs(lesson) if "image/png" in data]


def check_figures(lesson, page, address):
    """Every stored figure must be seen on the page, in order, with the words that were stored with it."""
    stored = figures(lesson)
    assert stored, "the lesson is stored without its figures"
    page.goto(address)
    shown = page.locator(":is(.jp-OutputArea-output, .output_subarea) img").evaluate_all(
        "figures => figures.map(figure => [figure.naturalWidth > 0, figure.alt])"
    )
    assert shown == [[True, data["text/plain"]] for data in stored]
    # Badges and the like come from the network, and may be missing; what they say may not.
    assert page.locator("img:not([alt]), img[alt='']").count() == 0


def outputs(lesson):
    """What the cells of a stored lesson show, by kind."""
    cells = lessons.read(lessons.lesson_paths()[lesson]).cells
    return [output.data for cell in cells for output in cell.get("outputs", []) if "data" in output]


def exported(lesson, folder, template="lab"):
    """Write a stored lesson as HTML, as "Save and Export Notebook As" does or with a template; return its address."""
    body, _ = HTMLExporter(template_name=template).from_filename(str(lessons.lesson_paths()[lesson]))
    page = folder / f"{lesson}.html"
    page.write_text(body, encoding="utf-8")
    return page.as_uri()
