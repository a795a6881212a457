"""Settings of the tests, and options that run chosen lessons again in other ways."""

import os

import matplotlib.font_manager  # noqa: F401 (lists the machine's fonts once, before kernels do it side by side)
import pytest
from jaxtyping import install_import_hook

# The notebooks' kernels inherit these. One thread each: two busy threads on shared cores get in each other's way.
os.environ.update(OMP_NUM_THREADS="1", PYTHONHASHSEED="0", TQDM_DISABLE="1")

# In tests every call of a function of the package has its types and shapes checked; in lessons they are comments.
# A whole number may stand where a float is expected.
install_import_hook("course_utils", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of tests/test_reruns.py."""
    group = parser.getgroup("lessons", "run chosen lessons in other ways (tests/test_reruns.py)")
    group.addoption("--lessons", default="", help="numbers of the lessons, such as 01,02; or all")
    group.addoption(
        "--run-twice", action="store_true", help="run every code cell twice in a row, in one kernel"
    )
    group.addoption("--course-seeds", default="", help="run under each of these seeds, such as 1,2,3,4,5")
