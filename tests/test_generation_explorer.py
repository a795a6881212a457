"""The generation explorer's data, words and picture (test_browser presses its keys and draws its lines)."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import colors, pyplot

from course_utils.generation_explorer import COLOURS, draw_generation, generation_explorer
from course_utils.recordings import Generation
from course_utils.runtime import use_course_style


def weights(seed, *shape):
    drawn = np.random.default_rng(seed).random(shape)
    return drawn / drawn.sum(axis=-1, keepdims=True)


def past(seed, *shape):
    drawn = np.tril(np.random.default_rng(seed).random(shape))
    return drawn / drawn.sum(axis=-1, keepdims=True)


WHOLE = Generation(
    source=("the", "<b>", "KEY", "</s>"),
    target=("<s>", "猫", "</script>", "</s>"),
    encoder_self=weights(1, 2, 3, 4, 4),
    decoder_self=past(2, 2, 3, 3, 3),
    cross=weights(3, 2, 3, 3, 4),
    guesses=((("猫", 0.87654), ("HEADS", 0.1)), (("</script>", 0.5),), (("</s>", 1.0),)),
)
DECODER = Generation(target=WHOLE.target, decoder_self=WHOLE.decoder_self, guesses=WHOLE.guesses)
ENCODER = Generation(source=WHOLE.source, encoder_self=WHOLE.encoder_self)


@pytest.fixture(autouse=True)
def _closed_figures():
    use_course_style()
    yield
    pyplot.close("all")


def page(*generations, **options):
    return generation_explorer(list(generations) or [WHOLE], **options).data


def data_of(text):
    found = re.search(r"const generations = (.*), chosenHeads = (.*);\n", text)
    return json.loads(found[1]), json.loads(found[2])


def test_the_page_carries_everything_that_was_recorded():
    (recorded, other), heads = data_of(page(WHOLE, ENCODER))
    assert heads == {}
    assert recorded["source"] == list(WHOLE.source)
    assert recorded["target"] == list(WHOLE.target)
    assert recorded["guesses"][0] == [["猫", 0.877], ["HEADS", 0.1]]
    for kind in WHOLE.kinds():
        np.testing.assert_allclose(np.array(recorded[kind]) / 1000, getattr(WHOLE, kind), atol=0.00051)
    assert "cross" not in other
    assert other["guesses"] == []


def test_tokens_end_no_script_and_open_no_element():
    text = page()
    assert text.count("</script>") == 1
    assert text.endswith("</script>")
    assert "<b>" not in text.split("<script>")[0]


def test_nothing_comes_from_elsewhere_and_no_slot_is_left():
    text = page(replace(WHOLE, source=("a", "b", "c", "d")))
    namespace = "http://www.w3.org/2000/svg"  # the name of SVG; nothing is fetched from there
    assert not re.findall(r"https?://|src=|@import|url\(", text.replace(namespace, ""))
    assert not re.findall(r"\b(?:GENERATIONS|KEY)\b", text)


def test_views_of_different_data_do_not_share_a_name():
    names = {re.search(r'class="generation-view (.*?)"', text)[1] for text in (page(), page(DECODER))}
    assert len(names) == 2
    assert all(re.search(rf"\.{name}:not", page() + page(DECODER)) for name in names)


def cells_of(text):
    table = re.search(r"<table>(.*?)</table>", text)[1]
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]


def test_without_a_script_a_table_tells_the_steps():
    head, first, second, third = cells_of(page())
    most = WHOLE.cross[-1].mean(axis=0)
    place = most[0].argmax()
    source = ["the", "&lt;b&gt;", "KEY", "&lt;/s&gt;"]
    assert head[:4] == ["step", "having read", "chooses", "probability"]
    assert first == ["1", "&lt;s&gt;", "猫", "88 %", f"{source[place]} ({most[0, place]:.2f})"]
    assert second[1:4] == ["猫", "&lt;/script&gt;", "50 %"]
    assert third[0] == "3"


def test_a_table_stands_also_for_a_model_that_lacks_a_half():
    assert cells_of(page(DECODER))[1] == ["1", "&lt;s&gt;", "猫", "88 %"]
    head, first, *_ = cells_of(page(ENCODER))
    assert len(cells_of(page(ENCODER))) == 1 + len(ENCODER.source)
    own = ENCODER.encoder_self[-1].mean(axis=0)[0]
    assert first[0] == "the"
    assert first[1].endswith(f"({own.max():.2f})")


def test_the_view_begins_with_the_heads_that_are_asked_for():
    assert data_of(page(heads={"cross": (2, 3), "encoder_self": (1, 1)}))[1] == {
        "cross": [2, 3],
        "encoder_self": [1, 1],
    }


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ({"cross": (3, 1)}, "layer 3, head 1 of cross was asked for, expected layers from 1 to 2"),
        ({"cross": (2, 4)}, "layer 2, head 4 of cross was asked for, .* heads from 1 to 3"),
        ({"cross": (0, 1)}, "layer 0, head 1 of cross was asked for"),
        ({"own": (1, 1)}, "heads names 'own', expected one of encoder_self, cross, decoder_self"),
    ],
)
def test_heads_that_were_not_recorded_are_named(heads, message):
    with pytest.raises(ValueError, match=message):
        page(heads=heads)


def test_a_view_of_nothing_is_refused():
    with pytest.raises(ValueError, match="generations is empty, expected at least one"):
        generation_explorer([])


def test_a_choice_need_not_be_the_most_probable_one():
    chosen = replace(WHOLE, guesses=((("犬", 0.5), ("猫", 0.25)), *WHOLE.guesses[1:]))
    assert cells_of(page(chosen))[1][2:4] == ["猫", "25 %"]
    chosen = replace(WHOLE, guesses=((("犬", 0.5),), *WHOLE.guesses[1:]))
    assert cells_of(page(chosen))[1][3] == "not among the most probable"


def test_one_view_is_of_one_kind_of_model():
    smaller = replace(WHOLE, cross=weights(3, 2, 2, 3, 4))
    with pytest.raises(
        ValueError, match=r"generations have cross of \[\(2, 2\), \(2, 3\)\] \(layers, heads\)"
    ):
        page(WHOLE, smaller)


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_the_picture_has_a_row_for_each_head_and_a_column_for_each_kind():
    figure = draw_generation(WHOLE, layer=1, heads=[3, 2])
    assert len(figure.axes) == 6
    for i, ax in enumerate(figure.axes):
        kind, head = WHOLE.kinds()[i % 3], [3, 2][i // 3]
        (image,) = ax.images
        np.testing.assert_array_equal(image.get_array(), getattr(WHOLE, kind)[0, head - 1])
        assert image.get_clim() == (0, 1)
        assert colors.same_color(image.cmap(1.0), COLOURS[kind])
        assert colors.same_color(image.cmap(0.0), "white")
        assert ax.get_title(loc="left").endswith(f"layer 1, head {head}")
    encoder, cross, decoder = figure.axes[:3]
    assert labels(encoder.xaxis) == labels(encoder.yaxis) == labels(cross.xaxis) == list(WHOLE.source)
    assert labels(cross.yaxis) == labels(decoder.yaxis) == list(WHOLE.target[1:])
    assert labels(decoder.xaxis) == list(WHOLE.target[:-1])


def test_the_picture_shows_the_mean_over_the_last_layer_unless_told_otherwise():
    figure = draw_generation(WHOLE)
    for ax, kind in zip(figure.axes, WHOLE.kinds(), strict=True):
        np.testing.assert_allclose(ax.images[0].get_array(), getattr(WHOLE, kind)[-1].mean(axis=0))
        assert ax.get_title(loc="left").endswith("layer 2, mean of the heads")
    assert [len(draw_generation(half).axes) for half in (DECODER, ENCODER)] == [1, 1]


def test_every_word_of_the_picture_has_a_glyph_and_room():
    tokens = ("<s>", *["追いかけられた"] * 9, "</s>")
    long = Generation(
        target=tokens, decoder_self=past(2, 1, 2, 10, 10), guesses=tuple((("猫", 1.0),) for _ in tokens[1:])
    )
    for generation in (WHOLE, long, replace(long, source=WHOLE.source, cross=weights(1, 1, 2, 10, 4))):
        figure = draw_generation(generation, heads=[1, 2])
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # matplotlib warns of a missing glyph, and draws a box
            figure.canvas.draw()
        width, height = figure.bbox.size
        for ax in figure.axes:
            for words in (ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()):
                box = words.get_window_extent()
                assert box.x0 >= 0
                assert box.y0 >= 0, words
                assert box.x1 <= width
                assert box.y1 <= height


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": [1, 4]}, "layer 2, head 4 of encoder_self was asked for"),
        ({"heads": [0]}, "layer 2, head 0 of encoder_self was asked for"),
        ({"layer": 3}, "layer 3, head 1 of encoder_self was asked for"),
        ({"heads": []}, "heads is empty, expected at least one head, or None"),
    ],
)
def test_a_picture_of_what_was_not_recorded_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        draw_generation(WHOLE, **options)
