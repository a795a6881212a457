"""course_utils.timeline, and the view of it in course_utils.widgets that needs no kernel."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from course_utils.timeline import STOPS, Stop
from course_utils.widgets import timeline_view


class Page(HTMLParser):
    """What a browser makes of a view: its tags, its links by their text, and the text of every entry."""

    def __init__(self, view) -> None:
        super().__init__()
        self.tags, self.links, self.entries, self._link = [], {}, [], None
        self.feed(view.data)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "a":
            self._link = dict(attributes)["href"]
        if tag == "li":
            self.entries.append("")

    def handle_endtag(self, tag):
        if tag == "a":
            self._link = None

    def handle_data(self, data):
        if self.entries:
            self.entries[-1] += data
        if self._link is not None:
            self.links[data] = self._link


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder: an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stops_are_in_the_order_of_their_years():
    years = [stop.year for stop in STOPS]
    assert years == sorted(years)
    assert (years[0], years[-1]) == (1986, 2022)


def test_every_stop_says_who_what_and_why_in_its_own_words():
    for field in ("name", "idea"):
        texts = [getattr(stop, field) for stop in STOPS]
        assert len(set(texts)) == len(texts)
        assert all(text.strip() == text != "" for text in texts)
    assert all(stop.authors for stop in STOPS)
    assert all(stop.idea.endswith(".") for stop in STOPS)
    assert all(stop.lesson is None or 2 <= stop.lesson <= 14 for stop in STOPS)


def test_view_opens_every_stop_with_the_keyboard_alone_and_without_a_script_or_a_network():
    page = Page(timeline_view())
    assert page.tags.count("li") == page.tags.count("details") == page.tags.count("summary") == len(STOPS)
    assert set(page.tags) == {"style", "ol", "li", "details", "summary", "b", "p"}
    assert "://" not in timeline_view().data
    for stop, entry in zip(STOPS, page.entries):
        assert entry.startswith(f"{stop.year} {stop.name}{stop.authors.removesuffix('.')}. {stop.idea} ")
        assert entry.endswith(
            "No lesson of its own." if stop.lesson is None else f"Lesson {stop.lesson:02d}."
        )


def test_view_links_to_the_lessons_that_are_there_and_to_no_others(folder):
    for name in (
        "02_networks.ipynb",
        "04_codes.ipynb",
        "05_words.txt",
        "7_sequences.ipynb",
        "99_extra.ipynb",
    ):
        (folder / name).touch()
    stops = [Stop(2000 + n, "A", f"stop {n}", "An idea.", n) for n in (2, 3, 4, 5, 7)]
    page = Page(timeline_view([*stops, Stop(2020, "A", "last", "An idea.", None)]))
    assert page.links == {"Lesson 02.": "02_networks.ipynb", "Lesson 04.": "04_codes.ipynb"}


def test_view_without_notebooks_beside_it_has_no_links():
    assert Page(timeline_view()).links == {}


def test_view_escapes_all_it_is_given(folder):
    nasty = "<script>&amp;'\"</li>"
    (folder / "03_'a'&lt;.ipynb").touch()
    page = Page(timeline_view([Stop(2000, f"A{nasty}", f"N{nasty}", f"I{nasty}", 3)]))
    assert page.entries == [f"2000 N{nasty}A{nasty}. I{nasty} Lesson 03."]
    assert page.links == {"Lesson 03.": "03_'a'&lt;.ipynb"}
    assert "script" not in page.tags
