"""Break course_utils on purpose, one operator at a time, and see which test and which lesson notice.

    python benchmarks/mutations.py                     the tests of the module, half a minute for each break
    python benchmarks/mutations.py --lessons           a lesson that stands on it, too, some minutes for each
    python benchmarks/mutations.py "mask reversed"     only this one

Works on a copy of the repository. The exit status is the number of breaks that nothing has noticed. A lesson runs as it
stands; that its cells are equal to the package's code, which another test compares, does not count here.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Mutation(NamedTuple):
    """One break: the file below course_utils, what stands there, what shall stand there, and who should notice.

    That is the file of tests, and a lesson that stands on the package's code (where a lesson writes a function out
    itself, it does not notice that the package's is broken).
    """

    file: str
    right: str
    wrong: str
    tests: str
    lesson: str


MUTATIONS = {
    "mask reversed": Mutation(
        "models/attention.py", "(~mask).to(scores.dtype)", "mask.to(scores.dtype)", "attention", "11"
    ),
    "scale dropped": Mutation(
        "models/attention.py",
        "scores = query / math.sqrt(query.shape[-1]) @ key.mT",
        "scores = query @ key.mT",
        "attention",
        "11",
    ),
    "softmax over the wrong axis": Mutation(
        "models/attention.py",
        "weights = scores.softmax(dim=-1)",
        "weights = scores.softmax(dim=-2)",
        "attention",
        "11",
    ),
    "bias missing": Mutation(
        "models/rnn.py",
        "scores = self.read(x) + self.recall(hidden)",
        "scores = self.read(x) + hidden @ self.recall.weight.T",
        "rnn",
        "06",
    ),
    "shift off by one": Mutation(
        "data.py",
        "following = token_ids[1 : batch_size * n + 1]",
        "following = token_ids[: batch_size * n]",
        "data",
        "06",
    ),
    "wrong length penalty": Mutation(
        "generation.py",
        "return hypothesis.log_prob / (len(hypothesis.token_ids) + 1) ** length_penalty",
        "return hypothesis.log_prob * (len(hypothesis.token_ids) + 1) ** length_penalty",
        "generation",
        "07",
    ),
    "cache not trimmed": Mutation(
        "generation.py",
        "unread, state, n_read = text[:, -max(room // 2, 1) :], None, 0",
        "unread, n_read = unread[:, -1:], 0",
        "sampling",
        "14",
    ),
    "cached token at the wrong place": Mutation(
        "models/attention.py", "start = 0 if cache is None else len(cache)", "start = 0", "transformer", "11"
    ),
    "schedule a step late": Mutation(
        "training.py", "min((step + 1) / steps, 1)", "min(step / steps, 1)", "training", "11"
    ),
    "wrong special id": Mutation(
        "models/bert.py", "rights = [[*second, sep_id]", "rights = [[*second, cls_id]", "bert", "13"
    ),
    "embedding not tied": Mutation(
        "models/gpt.py",
        "self.norm(x) @ self.token_embedding.weight.T",
        "self.norm(x) @ self.token_embedding.weight.detach().T",
        "gpt",
        "14",
    ),
    "residual left out": Mutation(
        "models/transformer.py",
        "return x + self.dropout(layer(norm(x)))",
        "return self.dropout(layer(norm(x)))",
        "transformer",
        "11",
    ),
    "merges in the wrong order": Mutation(
        "text.py",
        "pair = min(known",
        "pair = max(known",
        "subwords",
        "14",
    ),
    "counts at power 1": Mutation(
        "models/word2vec.py", "power: float = 0.75", "power: float = 1.0", "word2vec", "05"
    ),
}


def apply(mutation: Mutation, folder: Path) -> None:
    """Break the copy in `folder`. Raises ValueError unless what shall be replaced stands there exactly once."""
    path = folder / "course_utils" / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.right) != 1:
        raise ValueError(
            f"{mutation.file} has {mutation.right!r} {text.count(mutation.right)} times, expected once"
        )
    path.write_text(text.replace(mutation.right, mutation.wrong), encoding="utf-8")


def noticed(folder: Path, arguments: list[str]) -> str:
    """Run pytest in the copy until something fails; return which test, or "" if all pass."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    failed = re.findall(r"^(?:FAILED|ERROR) (?:\S*::)?(\S+)", done.stdout, flags=re.M)
    if done.returncode != 1 or not failed:
        raise RuntimeError(f"pytest could not run in the copy:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed[0]


def main() -> int:
    """Try the mutations, print one line for each, and return how many nothing has noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(MUTATIONS)}")
    parser.add_argument("--lessons", action="store_true", help="run a lesson that stands on it, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(MUTATIONS):
        parser.error(f"there is no mutation {sorted(unknown)}, expected some of {list(MUTATIONS)}")
    survivors = 0
    for name in arguments.names or MUTATIONS:
        mutation = MUTATIONS[name]
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "course"
            leave = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".ruff_cache", "*.egg-info")
            shutil.copytree(ROOT, folder, ignore=leave)
            apply(mutation, folder)
            by_test = noticed(folder, [f"tests/test_{mutation.tests}.py"])
            line = f"{name:32}test_{mutation.tests}.py: {by_test or 'NOTHING'}"
            by_lesson = ""
            if arguments.lessons:
                rerun = ["tests/test_reruns.py", "--lessons", mutation.lesson, "--course-seeds", "1"]
                by_lesson = noticed(folder, [*rerun, "-k", "another_seed"])
                line += f"; lesson {mutation.lesson}: {'its claims fail' if by_lesson else 'nothing'}"
            print(line, flush=True)
            survivors += not (by_test or by_lesson)
    print(f"{survivors} breaks that nothing has noticed")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
