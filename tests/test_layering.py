"""Every module of the package imports only from lower levels, and only archives.py may use the network."""

import ast
from pathlib import Path

import pytest

import course_utils

PACKAGE = Path(course_utils.__file__).parent
# Plotting stands below training, because the history that fit returns draws itself.
LEVELS = [
    {"shapes", "runtime", "unpacking", "timeline"},
    {"archives"},
    {
        "text",
        "corpora",
        "microworld",
        "points",
        "families",
        "analogy_world",
        "word_plots",
        "plotting",
        "controls",
        "code_marks",
        "coloured_text",
        "sentence_plots",
        "attention_maps",
    },
    {"data", "documentation", "locales", "optim", "stories"},
    {"models"},
    {"training", "generation", "metrics", "retrieval", "recordings"},
    {"digit_codes"},
    {
        "exercises",
        "widgets",
        "word_widgets",
        "translation_explorer",
        "alignment_explorer",
        "attention_calculator",
        "blank_explorer",
        "embedding_explorer",
        "prefix_explorer",
        "generation_explorer",
        "next_token_explorer",
    },
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}
# Inside models/ a file imports only these.
WITHIN_MODELS = {
    "autoencoder": {"mlp"},
    "seq2seq": {"attention", "rnn"},
    "transformer": {"attention"},
    "bert": {"attention", "transformer"},
    "gpt": {"attention", "transformer"},
}
NETWORK = {
    "socket",
    "ssl",
    "urllib",
    "http",
    "ftplib",
    "requests",
    "httpx",
    "aiohttp",
    "urllib3",
    "subprocess",
}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imports(source: str) -> set[str]:
    """Return the full names of all modules that a source text imports, wherever the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}: name the module in full"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def violations(module: Path, source: str) -> list[str]:
    """Return what the module imports from its own package, and may not."""
    top = module.with_suffix("").parts[0]
    wrong = []
    for name in imports(source):
        parts = name.split(".")
        if parts[0] != "course_utils" or len(parts) == 1 or parts[1] not in LEVEL:
            continue
        if parts[1] == top == "models":
            allowed = WITHIN_MODELS.get(module.stem, set())
            if (
                len(parts) > 2
                and (PACKAGE / "models" / f"{parts[2]}.py").exists()
                and parts[2] not in allowed
            ):
                wrong.append(name)
        elif parts[1] != top and LEVEL[parts[1]] >= LEVEL[top]:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_come_from_lower_levels(module: Path) -> None:
    if module.name == "__init__.py" and len(module.parts) == 1:
        assert not [
            name for name in imports((PACKAGE / module).read_text(encoding="utf-8")) if "course_utils" in name
        ]
        return
    top = module.with_suffix("").parts[0]
    assert top in LEVEL, f"{top} has no level yet: add it to LEVELS"
    assert not violations(module, (PACKAGE / module).read_text(encoding="utf-8"))


def test_an_import_from_above_is_noticed() -> None:
    assert violations(Path("shapes.py"), "def f():\n    from course_utils.training import fit")
    assert violations(Path("training.py"), "from course_utils import widgets")
    assert not violations(Path("widgets.py"), "from course_utils.training import fit")


@pytest.mark.parametrize("module", [m for m in MODULES if m.name != "archives.py"], ids=str)
def test_only_archives_knows_the_network(module: Path) -> None:
    roots = {name.split(".")[0] for name in imports((PACKAGE / module).read_text(encoding="utf-8"))}
    assert not roots & NETWORK


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_file_is_at_most_300_lines(module: Path) -> None:
    assert len((PACKAGE / module).read_text(encoding="utf-8").splitlines()) <= 300
