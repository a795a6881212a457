"""Widgets without a browser: in a real kernel, with nbclient in the page's place. For ipywidgets 7 and 8 alike."""

import ast
import html
import json
import os

import ipywidgets
import nbformat
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from nbclient import NotebookClient
from nbclient.output_widget import OutputWidget

from course_utils.attention_calculator import draw_calculation
from course_utils.microworld import translate
from course_utils.models.attention import scaled_dot_product_attention
from course_utils.models.gpt import GPT, GPTConfig
from course_utils.next_token_explorer import draw_next_token, read_prefix
from course_utils.points import SHAPES
from course_utils.text import Vocab
from course_utils.widgets import BENDS, PLAYGROUND_STEPS, SURFACES, descend_on, train_on_points
from tests.stand_ins import STAND_INS
from tools import lessons

# One line for each function that returns a widget which computes: its name, and how a lesson calls it.
PLAYGROUNDS = {
    "descent_playground": "widgets.descent_playground()",
    "neuron_playground": "widgets.neuron_playground()",
    "next_word_playground": "word_widgets.next_word_playground()",
    "embedding_explorer": "embedding_explorer.embedding_explorer()",
    "code_playground": "widgets.code_playground()",
    "translation_playground": "translation_explorer.translation_playground()",
    "prefix_explorer": "prefix_explorer.prefix_explorer(lstm, vocab)",
    "alignment_explorer": "alignment_explorer.alignment_explorer(looking, src_vocab, tgt_vocab)",
    "attention_calculator": "attention_calculator.attention_calculator(words, marks, embeddings, [W_q, W_k, W_v])",
    "blank_explorer": "blank_explorer.blank_explorer(models, vocab, sides)",
    "next_token_explorer": "next_token_explorer.next_token_explorer(gpt, vocab, 'Who is there')",
}

# The lessons of those that need something from the cells before them.
LESSONS = {
    "prefix_explorer": "06",
    "alignment_explorer": "08",
    "attention_calculator": "10",
    "blank_explorer": "13",
    "next_token_explorer": "14",
}

# What the kernel is asked with, after a lesson's set-up.
QUESTIONS = """
import json

import torch

from course_utils import alignment_explorer, attention_calculator, blank_explorer, embedding_explorer
from course_utils import next_token_explorer, prefix_explorer
from course_utils import runtime, translation_explorer, widgets, word_widgets

seed, device = runtime.start_lesson(seed=1)


def controls(widget):
    inside = [control for child in getattr(widget, "children", ()) for control in controls(child)]
    return [widget, *inside] if hasattr(widget, "value") else inside


def control(label):
    return next(control for control in controls(playground) if control.description == label)


def labels():
    return [control.description for control in controls(playground)]


def ends(label):
    part = control(label)
    if hasattr(part, "options"):
        return [part.options[0], part.options[-1]]
    if hasattr(part, "placeholder"):
        return [part.placeholder]
    return [part.base**end if hasattr(part, "base") else end for end in (part.min, part.max)]
"""


class Screen(OutputWidget):
    """The place below the controls, which only watches.

    nbclient's own answers the kernel through the channel on which the client waits for the kernel's reply, and now and
    then makes it miss that reply until the time that a cell may take is over.
    """

    def sync_state(self):
        pass


class Page:
    """A kernel with one playground at a time, and what a page would show of it."""

    def __init__(self, client):
        self.client = client

    def run(self, source):
        """Run a cell, which may print and do nothing else, and return what it printed."""
        cells = self.client.nb.cells
        cells.append(nbformat.v4.new_code_cell(source))
        outputs = self.client.execute_cell(cells[-1], len(cells) - 1).outputs
        assert [output for output in outputs if output.get("name") != "stdout"] == []
        return "".join(output.text for output in outputs)

    def ask(self, expression):
        """Return what an expression is in the kernel."""
        return json.loads(self.run(f"print(json.dumps({expression}))"))

    def open(self, playground):
        """Show a playground, as it first stands."""
        self.client.comm_objects.clear()
        if playground in LESSONS:
            self.run(STAND_INS[LESSONS[playground]])
        self.run(f"playground = {PLAYGROUNDS[playground]}")
        return self

    def move(self, label, value):
        """Give a control a value, and return the picture that this leads to."""
        self.run(f"control({label!r}).value = {value!r}")
        return self.picture()

    def picture(self):
        """Return the pixels and the words of all that is shown: one picture with its caption, and no message."""
        (screen,) = self.client.comm_objects.values()
        kinds = [output.output_type for output in screen.outputs]
        assert kinds == ["display_data", "display_data"], [
            dict(output, traceback=None) for output in screen.outputs
        ]
        picture, caption = (output.data for output in screen.outputs)
        assert html.unescape(caption["text/html"]) == f"<small>{picture['text/plain']}</small>"
        return picture["image/png"], picture["text/plain"]


@pytest.fixture(scope="module")
def kernel():
    """A kernel after a lesson's set-up; it imports this very tree, installed or not."""
    path = os.pathsep.join(filter(None, [str(lessons.ROOT), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=60)
    client.widget_registry = {"@jupyter-widgets/output": {"OutputModel": Screen}}
    with client.setup_kernel(env={**os.environ, "PYTHONPATH": path}):
        page = Page(client)
        page.run(QUESTIONS)
        yield page


@pytest.fixture
def descent(kernel):
    """The playground of lesson 01, newly opened."""
    return kernel.open("descent_playground")


@pytest.mark.parametrize("playground", PLAYGROUNDS)
def test_every_control_changes_the_picture(kernel, playground):
    page = kernel.open(playground)
    before = page.picture()
    for label in page.ask("labels()"):
        value = page.ask(f"control({label!r}).value")
        moved = [page.move(label, end) for end in page.ask(f"ends({label!r})") if end != value]
        assert moved, f"{label} has a single value"
        assert before[0] not in [pixels for pixels, _ in moved], f"{label} leaves the picture as it was"
        # And it is the control that changed it: the same value, the same picture.
        assert page.move(label, value) == before, label


@pytest.mark.parametrize("playground", PLAYGROUNDS)
def test_every_control_is_named(kernel, playground):
    labels = kernel.open(playground).ask("labels()")
    assert all(label.strip() for label in labels), labels
    assert len(labels) == len(set(labels)), labels


@pytest.mark.parametrize("surface", SURFACES)
def test_the_highest_rate_diverges_and_says_so(descent, surface):
    descent.move("surface", surface)
    _, rate = descent.ask("ends('rate')")
    _, momentum = descent.ask("ends('momentum')")
    _, words = descent.move("rate", rate)
    assert words.endswith("→ diverged.")
    # In a bowl, so much momentum lets even this rate arrive: its limit is (1 + momentum) times as high.
    for start in descent.ask("ends('start, 2nd')"):
        descent.move("start, 2nd", start)
        descent.move("momentum", momentum)
        descent.move("momentum", 0)


def test_the_ridge_of_the_saddle_holds_only_who_stands_on_it(descent):
    descent.move("surface", "saddle")
    ridge, beside = (descent.move("start, 2nd", start)[1] for start in (0, 0.25))
    on_ridge, off_ridge = (descend_on(SURFACES["saddle"], 0.1, start=(-4.0, start)) for start in (0.0, 0.25))
    assert (on_ridge[:, 1] == 0).all()
    assert ridge.endswith(f"loss 8.00 → {SURFACES['saddle'].loss(*on_ridge[-1]):.3g}.")
    # The pits on both sides of the ridge are at sqrt(2.5), 0.625 deep.
    assert off_ridge[-1].tolist() == pytest.approx([0, 2.5**0.5], abs=0.01)
    assert beside.endswith("→ -0.625.")


def test_descend_on_by_hand():
    # L = 0.02 x^2 + y^2 has the gradient (0.04 x, 2 y). From (-4, 2) it is (-0.16, 4), and so is the first velocity:
    # one step of 0.1 leads to (-3.984, 1.6). There it is (-0.15936, 3.2), and half the velocity comes on top.
    path = descend_on(SURFACES["long valley"], 0.1, momentum=0.5)
    assert path.shape == (PLAYGROUND_STEPS + 1, 2)
    assert path[:3].flatten().tolist() == pytest.approx([-4, 2, -3.984, 1.6, -3.960064, 1.08])


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.2] * 60),
        ("step", [0.2] * 20 + [0.06] * 20 + [0.018] * 20),
        ("1 / t", [0.2 / (1 + step / 10) for step in range(60)]),
        ("cosine", [0.1 + 0.1 * np.cos(np.pi * step / 60) for step in range(60)]),
    ],
)
def test_descend_on_follows_the_schedule(schedule, rates):
    # The round bowl's gradient is the place itself: a step multiplies it by 1 - rate.
    path = descend_on(SURFACES["round bowl"], 0.2, schedule=schedule)
    assert (1 - path[1:, 0] / path[:-1, 0]).tolist() == pytest.approx(rates)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
def test_surfaces_take_arrays_and_tensors(surface):
    x, y, heights = surface.grid(size=5)
    assert [x.min(), x.max()] == list(surface.x_range)
    assert [y.min(), y.max()] == list(surface.y_range)
    np.testing.assert_allclose(surface.loss(torch.from_numpy(x), torch.from_numpy(y)).numpy(), heights)


@pytest.fixture
def neurons(kernel):
    """The playground of lesson 02, newly opened."""
    return kernel.open("neuron_playground")


def right_of(words):
    """The share of points that the playground's words say are right."""
    return int(words.split("steps: ")[1].split("%")[0])


@pytest.mark.parametrize("points", [name for name in SHAPES if name != "moons"])
def test_only_a_bend_parts_the_points(neurons, points):
    neurons.move("points", points)
    neurons.move("layers", 3)
    assert right_of(neurons.move("steps", 600)[1]) >= 95
    assert right_of(neurons.move("bend", "none")[1]) < 80


def test_the_playground_says_what_it_drew(neurons):
    assert neurons.move("layers", 1)[1].startswith(
        "Regions that a network with bend tanh draws around spirals; 1 hidden layer of 8"
    )
    assert "no hidden layer, 200 steps" in neurons.move("layers", 0)[1]


@pytest.mark.parametrize("bend", BENDS)
def test_training_in_the_playground_leaves_the_random_numbers_alone(bend):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, points, labels = train_on_points("rings", 2, 4, bend, 3)
    torch.testing.assert_close(torch.rand(3), expected)
    again, *same = train_on_points("rings", 2, 4, bend, 3)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert torch.equal(points, same[0])
    assert torch.equal(labels, same[1])
    assert [layer.weight.shape for layer in first.layers] == [(4, 2), (4, 4), (2, 4)]


def test_the_playground_fits_its_steps_to_what_is_written(kernel):
    page = kernel.open("translation_playground")
    for sentence in ("The cat saw the dog.", "the big cat saw the dog in the park"):
        page.move("sentence", sentence)
        last = len(translate(sentence).japanese) + 1
        assert page.ask("ends('step')") == [1, last]
    assert f"Word {last} is </s>" in page.move("step", last)[1]
    first = page.ask("ends('step')")
    page.move("vector", "all zeros")
    assert page.ask("ends('step')") != first


@pytest.fixture
def explorer(kernel):
    """The explorer of lesson 08, newly opened."""
    return kernel.open("alignment_explorer")


def test_the_explorer_fits_its_ranges_to_the_sentence(explorer):
    short, long = "the cat saw the dog", "the cat saw the dog in the park and the fox helped the bear"
    for sentence in (short, long):
        explorer.move("sentence", sentence)
        pair = translate(sentence)
        assert explorer.ask("ends('word')") == [1, len(pair.english) + 1]
        assert explorer.ask("ends('step')") == [1, len(pair.japanese) + 1]


def test_the_explorer_says_what_is_wrong_with_a_sentence(explorer):
    explorer.run("control('sentence').value = 'the cat ate the dog'")
    (screen,) = explorer.client.comm_objects.values()
    assert [output.output_type for output in screen.outputs] == ["stream"]
    assert "sentence has 'ate', expected words of the microworld" in screen.outputs[0].text
    # And it goes on with the next sentence.
    explorer.move("sentence", "the cat saw the dog")


def test_a_pull_in_the_explorer_moves_the_look(explorer):
    explorer.move("sentence", "the cat saw the dog")
    explorer.move("word", 5)
    assert "looks at 'dog' most" in explorer.move("pull", 1)[1]
    assert "looks at 'dog' most" not in explorer.move("pull", -1)[1]


def test_the_prefix_explorer_says_what_is_wrong_with_a_prefix(kernel):
    page = kernel.open("prefix_explorer")
    page.run("control('prefix').value = 'caf\u00e9'")
    (screen,) = page.client.comm_objects.values()
    assert [output.output_type for output in screen.outputs] == ["stream"]
    assert "token is 'é', expected one of" in screen.outputs[0].text
    assert page.move("prefix", "")[1].startswith("At the beginning of a line")


@pytest.fixture
def calculator(kernel):
    """The calculator of lesson 10, newly opened."""
    return kernel.open("attention_calculator")


def test_the_calculator_remembers_what_was_changed_in_a_word(calculator):
    first = calculator.picture()
    calculator.move("action", 2.5)
    on = calculator.move("word", "4. on")
    assert "4. on has thing 0, action 0, place 1, little 1" in on[1]
    assert [calculator.ask(f"control({mark!r}).value") for mark in ("thing", "place")] == [0, 1]
    assert "2. cat has thing 2, action 2.5, place 0, little 0" in calculator.move("word", "2. cat")[1]
    assert calculator.move("action", 0) == first


def test_the_calculator_says_which_argument_has_the_wrong_shape():
    marks, tables = ["a", "b"], [torch.eye(2)] * 3
    with pytest.raises(ValueError, match="embeddings has shape"):
        draw_calculation(["cat", "sat"], marks, torch.eye(3), tables)
    with pytest.raises(ValueError, match="W_k has shape"):
        draw_calculation(["cat", "sat"], marks, torch.eye(2), [torch.eye(2), torch.eye(3), torch.eye(2)])


def test_the_calculation_is_attention():
    embeddings, tables = torch.randn(3, 4), [torch.randn(4, 4) for _ in range(3)]
    fig = draw_calculation(["a", "b", "c"], ["1", "2", "3", "4"], embeddings, tables)
    shown = [np.asarray(ax.images[0].get_array()) for ax in fig.axes]
    pyplot.close(fig)
    context, weights = scaled_dot_product_attention(*(embeddings @ table for table in tables))
    np.testing.assert_allclose(shown[2], weights, atol=1e-6)
    np.testing.assert_allclose(shown[3], context, atol=1e-5)


@pytest.fixture
def words(kernel):
    """The explorer of lesson 05, newly opened."""
    return kernel.open("embedding_explorer")


@pytest.mark.parametrize(
    ("a", "b", "c", "answer"), [("man", "woman", "king", "queen"), ("france", "paris", "japan", "tokyo")]
)
def test_the_explorer_solves_the_analogies_of_the_micro_world(words, a, b, c, answer):
    words.move("a", a)
    words.move("is to b", b)
    assert f"{a} is to {b} as {c} is to {answer}" in words.move("as c", f" {c.title()} ")[1]


def test_the_explorer_draws_neighbours_though_the_analogy_has_a_word_that_it_does_not_know(words):
    before, said = words.picture()
    neighbours = said[: said.index(";")]
    moved, said = words.move("as c", "uncel")
    assert said.startswith(f"{neighbours}; 'uncel' is not among the 100 words of micro-world")
    assert "Try one of these: uncle" in said
    assert moved != before


def test_the_explorer_answers_in_every_text_as_it_first_stands(words):
    texts = words.ask("list(control('text').options)")
    assert texts[:2] == ["micro-world", "Wikipedia"]
    for text in texts[::-1]:
        _, said = words.move("text", text)
        assert said.startswith(f"{text}, axes 1 and 2: nearest to queen: ")
        assert "; man is to woman as king is to " in said


def test_the_explorer_helps_with_a_word_that_it_does_not_know(words):
    assert "'quen' is not among the 100 words of micro-world" in words.move("word", "quen")[1]
    assert "Try one of these: queen" in words.picture()[1]
    assert words.move("word", "")[1].endswith(".")


def test_ipywidgets_names_exist_in_this_release():
    # Unknown keywords are swallowed without a word. Run under 7 and under 8, this finds what either of them lacks.
    used = [
        name
        for path in sorted((lessons.ROOT / "course_utils").rglob("*.py"))
        for name in ipywidgets_names(path)
    ]
    assert len(used) > 5
    missing = [
        name if keyword is None else f"{name}({keyword}=...)"
        for name, keyword in used
        if not hasattr(ipywidgets, name) or keyword not in {None, *keywords(getattr(ipywidgets, name))}
    ]
    assert missing == [], f"not in ipywidgets {ipywidgets.__version__}"


def keywords(thing):
    """The keywords that a widget's class takes; of functions, which are few and old, those in use."""
    return thing.class_trait_names() if isinstance(thing, type) else thing.__code__.co_varnames


def ipywidgets_names(path):
    """Yield what a file takes from ipywidgets: (name, None), and (name, keyword) for every keyword of a call."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules, direct = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == "ipywidgets"}
        elif isinstance(node, ast.ImportFrom) and node.module == "ipywidgets":
            direct |= {alias.asname or alias.name: alias.name for alias in node.names}
    for node in ast.walk(tree):
        if name := _ipywidgets_name(node, modules, direct):
            yield name, None
        if isinstance(node, ast.Call) and (name := _ipywidgets_name(node.func, modules, direct)):
            yield from ((name, keyword.arg) for keyword in node.keywords if keyword.arg)


def _ipywidgets_name(node, modules, direct):
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
        return node.attr
    return direct.get(node.id) if isinstance(node, ast.Name) else None


@pytest.fixture
def next_tokens(kernel):
    """The explorer of lesson 14, newly opened."""
    return kernel.open("next_token_explorer")


BUTTONS = "[part for part in playground.children[2].children]"


def test_a_click_appends_the_token_on_the_button(next_tokens):
    first = next_tokens.ask(f"[button.description for button in {BUTTONS}]")
    next_tokens.run(f"{BUTTONS}[1].click()")
    token = {"␣": " ", "↵": "\n"}.get(first[1], first[1])
    assert next_tokens.ask("control('prefix').value") == "Who is there" + token
    assert next_tokens.picture()[1].startswith(f"After {'Who is there' + token!r}, ")
    # The buttons are those of the longer text, most probable first.
    assert next_tokens.ask(f"[button.description for button in {BUTTONS}]") != first


def test_what_was_left_out_cannot_be_clicked(next_tokens):
    assert "2 characters can be drawn" in next_tokens.move("top k", 2)[1]
    assert next_tokens.ask(f"[button.disabled for button in {BUTTONS}]") == [False] * 2 + [True] * 10 + [
        False
    ]
    before = next_tokens.ask("control('prefix').value")
    offered = next_tokens.ask(f"[button.description for button in {BUTTONS}][:2]")
    next_tokens.run(f"{BUTTONS}[-1].click()")  # let chance choose
    after = next_tokens.ask("control('prefix').value")
    assert after[:-1] == before
    assert {" ": "␣", "\n": "↵"}.get(after[-1], after[-1]) in offered


def test_the_explorer_of_tokens_says_what_it_cannot_read(next_tokens):
    next_tokens.run("control('prefix').value = 'Wer da? 1'")
    (screen,) = next_tokens.client.comm_objects.values()
    assert [output.output_type for output in screen.outputs] == ["stream"]
    assert "prefix has '?', which is none of the" in screen.outputs[0].text
    next_tokens.move("prefix", "Who is there")


def test_the_strip_shows_the_last_tokens_look():
    torch.manual_seed(0)
    vocab = Vocab(["\n", *"abc"])
    model = GPT(GPTConfig(8, 2, 16, vocab_size=4, context_length=6, n_layers=3, init_std=0.5)).eval()
    for prefix in ("ab", "abcabcabc"):
        seen, logits, looks = read_prefix(model, vocab, prefix)
        assert seen == ("\n" + prefix)[-6:]
        assert looks.shape == (3, len(seen))
        torch.testing.assert_close(looks.sum(1), torch.ones(3))
        torch.testing.assert_close(logits, model(torch.tensor([vocab.encode(seen)]))[0][:, -1])
    fig = draw_next_token(model, vocab, "ab", top_k=2)
    assert fig.axes[0].get_title() == "2 of 4 characters can come next"
    assert [label.get_text() for label in fig.axes[1].get_xticklabels()] == ["↵", "a", "b"]
    pyplot.close(fig)
