"""The files that say what to install agree with each other, with Colab and with the README."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

# The few packages that conda-forge calls by another name.
CONDA_NAMES = {"torch": "pytorch", "playwright": "playwright-python"}
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
PLATFORMS = {"linux": ("linux", "posix"), "darwin": ("darwin", "posix"), "win32": ("win32", "nt")}
# Colab's images of August 2026; constraints-colab.txt names the source.
COLAB_PYTHONS = ["3.12.13", "3.13.15"]
COLAB_VERSIONS = {
    "ipywidgets": "7.7.1",
    "numpy": "2.0.2",
    "matplotlib": "3.10.0",
    "torch": "2.11.0",
    "tqdm": "4.67.3",
    "scikit-learn": "1.6.1",
}


def requirements(extra=None):
    """The direct dependencies, or an extra's with those of the extras it names."""
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    found = []
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["name"]:
            for named in requirement.extras:
                found += requirements(named)
        else:
            found.append(requirement)
    return found


def pins(filename):
    """The `name==version` lines of a constraints file."""
    lines = (ROOT / filename).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def pinned_version(requirement):
    (only,) = requirement.specifier
    assert only.operator == "==", f"{requirement} is not a pin"
    return only.version


def fenced_lines(markdown):
    """The lines that stand in fenced code blocks."""
    inside, found = False, []
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif inside:
            found.append(line.strip())
    return found


def test_runtime_dependencies_are_ranges():
    exact = [str(r) for r in requirements() if any(s.operator in ("==", "===") for s in r.specifier)]
    assert not exact, f"an exact pin makes Colab restart its runtime: {exact}"


def test_runtime_dependencies_have_a_floor():
    bare = [str(r) for r in requirements() if not any(s.operator == ">=" for s in r.specifier)]
    assert not bare, f"without a floor an old installation is taken as good enough: {bare}"


def test_environment_has_the_names_and_ranges_of_pyproject():
    expected = {"python": SpecifierSet(PROJECT["requires-python"]), "pip": SpecifierSet()}
    for requirement in requirements() + requirements("test"):
        expected[CONDA_NAMES.get(requirement.name, requirement.name)] = requirement.specifier
    found = {}
    for spec in ENVIRONMENT["dependencies"]:
        if isinstance(spec, str):
            name, _, version = spec.partition(" ")
            found[name] = SpecifierSet(version)
    assert found == expected


@pytest.mark.parametrize("spec", [s for s in ENVIRONMENT["dependencies"] if isinstance(s, str)])
def test_environment_spec_is_what_conda_understands(spec):
    name, _, version = spec.partition(" ")
    parsed = MatchSpec(spec, strict=True)
    assert str(parsed).split()[0] == name
    assert (str(parsed.version) if parsed.version else "") == version


def test_environment_installs_the_course_from_conda_forge():
    assert ENVIRONMENT["channels"][0] == "conda-forge"
    assert ENVIRONMENT["dependencies"][-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_direct_dependencies_are_pinned_within_their_range(python, platform):
    sys_platform, os_name = PLATFORMS[platform]
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_name": "cpython",
        "platform_machine": "arm64" if platform == "darwin" else "x86_64",
        "sys_platform": sys_platform,
        "os_name": os_name,
    }
    pinned = {}
    for pin in pins("constraints.txt"):
        if pin.marker is None or pin.marker.evaluate(machine):
            pinned.setdefault(canonicalize_name(pin.name), []).append(pinned_version(pin))
    for requirement in requirements() + requirements("dev"):
        if requirement.marker is None or requirement.marker.evaluate(machine):
            versions = pinned.get(canonicalize_name(requirement.name), [])
            assert len(versions) == 1, f"{requirement.name}: pinned to {versions}, one version expected"
            assert versions[0] in requirement.specifier


@pytest.mark.parametrize("name", COLAB_VERSIONS)
def test_range_accepts_the_version_of_colab(name):
    (requirement,) = [r for r in requirements() if r.name == name]
    assert COLAB_VERSIONS[name] in requirement.specifier


@pytest.mark.parametrize("python", COLAB_PYTHONS)
def test_python_of_colab_is_accepted(python):
    assert python in SpecifierSet(PROJECT["requires-python"])


def test_colab_look_alike_pins_what_colab_has():
    pinned = {pin.name: pinned_version(pin) for pin in pins("constraints-colab.txt")}
    for requirement in requirements():
        # What Colab does not have, pip installs there in the newest release.
        if requirement.name in pinned:
            assert pinned[requirement.name] in requirement.specifier
    # Colab's own torch is not to be had as a CPU build everywhere, so there stands the tested one.
    (tested_torch,) = [pinned_version(pin) for pin in pins("constraints.txt") if pin.name == "torch"]
    expected = COLAB_VERSIONS | {"torch": tested_torch}
    assert {name: pinned[name] for name in expected} == expected


def test_ci_runs_the_test_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (command,) = re.findall(r"^readme_test_command='(.+)'$", script, flags=re.MULTILINE)
    assert command in fenced_lines((ROOT / "README.md").read_text(encoding="utf-8"))


def test_no_file_names_a_home_folder():
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    # Homes on Linux, macOS and Windows, and root's. A letter before the slash makes it part of a web address,
    # unless that letter is the n of a line break in a notebook.
    home = re.compile(rb"(?:(?<![\w.~-])|(?<=\\n))(?:/home/\w|/Users/\w|/root/\w|[A-Z]:\\+Users\\+\w)")
    guilty = []
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        # A deleted file stays listed until the deletion is staged; a binary file is known by its zero byte.
        if not path.is_file() or b"\0" in (content := path.read_bytes()):
            continue
        if match := home.search(content):
            guilty.append(f"{name}: {match.group().decode()}...")
    assert not guilty
