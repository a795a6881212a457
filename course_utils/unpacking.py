"""Files out of a zip or tar.gz archive that is not trusted: every entry is checked before one is unpacked."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MAX_ENTRIES = 10_000  # files and folders in one archive; the largest of the course has 243
MAX_UNPACKED_BYTES = 300_000_000  # of a whole archive; the largest of the course has 98,379,826


class UnsafeArchive(ValueError):
    """The archive holds an entry that could do harm, or it is not what it declares itself to be."""


@dataclass(frozen=True)
class _Entry:
    name: str
    kind: str  # "file", "folder", or the word for what must not be in an archive
    n_bytes: int  # as declared
    open: Callable[[], IO[bytes]]


def list_files(packed: Path) -> dict[str, int]:
    """Return the declared size in bytes of each regular file in the archive, by name.

    An archive whose name ends in .whl or .zip is read as zip, any other as tar.gz. Raises UnsafeArchive, for
    the archive as a whole, if one entry has a name that could lead out of a folder, is a link or a device, or
    repeats a name; if there are more entries than MAX_ENTRIES or more bytes than MAX_UNPACKED_BYTES; or if it
    is damaged.
    """
    with _checked_files(packed) as files:
        return {file.name: file.n_bytes for file in files}


def unpack_file(packed: Path, name: str, target: Path) -> None:
    """Write the archive's file `name` to the path `target`.

    Raises KeyError if there is no such file, and UnsafeArchive as `list_files` does; `target` may then hold a
    part of the file, or all of it: whatever is wrong with the archive, nothing is written anywhere else.
    """
    found = False
    with _checked_files(packed) as files:
        for file in files:  # to the end, so that the whole archive is checked
            if file.name == name:
                found = True
                _copy(packed, file, target)
    if not found:
        raise KeyError(f"name must be a file of {packed}, got {name!r}")


def _copy(packed: Path, file: _Entry, target: Path) -> None:
    with file.open() as source, open(target, "wb") as copy:
        while chunk := source.read(1 << 20):
            copy.write(chunk)
            if copy.tell() > file.n_bytes:
                raise UnsafeArchive(f"{packed} is refused: {file.name!r} goes on after {file.n_bytes} bytes")
        if copy.tell() < file.n_bytes:
            raise UnsafeArchive(f"{packed} is damaged: {file.name!r} ends before {file.n_bytes} bytes")


@contextmanager
def _checked_files(packed: Path) -> Iterator[Iterator[_Entry]]:
    """The regular files, each handed out once it and all entries before it have been checked."""
    entries = _zip_entries(packed) if packed.suffix in (".whl", ".zip") else _tar_entries(packed)
    try:
        with closing(entries):
            yield _check(packed, entries)
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UnsafeArchive(f"{packed} is damaged: {error}") from error


def _check(packed: Path, entries: Iterator[_Entry]) -> Iterator[_Entry]:
    seen: set[str] = set()
    n_unpacked = 0
    for entry in entries:
        n_unpacked += entry.n_bytes
        if problem := _problem(entry, seen, n_unpacked):
            raise UnsafeArchive(f"{packed} is refused because of its entry {entry.name!r}: {problem}")
        seen.add(entry.name.casefold())
        if entry.kind == "file":
            yield entry


def _problem(entry: _Entry, seen: set[str], n_unpacked: int) -> str | None:
    parts = entry.name.split("/")
    # An empty first part is an absolute path; a colon stands for a drive or a hidden stream on Windows.
    if ".." in parts or parts[0] == "" or any(sign in "\\:" or sign < " " for sign in entry.name):
        return "its name could lead out of the folder"
    if entry.kind not in ("file", "folder"):
        return f"it is a {entry.kind}"
    if entry.name.casefold() in seen:  # Windows and macOS do not tell A from a
        return "another entry has the same name"
    if len(seen) == MAX_ENTRIES:
        return f"there are more than {MAX_ENTRIES} entries"
    if entry.n_bytes < 0 or n_unpacked > MAX_UNPACKED_BYTES:
        return f"with its {entry.n_bytes} bytes the archive is larger than {MAX_UNPACKED_BYTES} bytes"
    return None


def _zip_entries(packed: Path) -> Iterator[_Entry]:
    kinds = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    with zipfile.ZipFile(packed) as archive:
        for info in archive.infolist():
            kind = kinds.get(stat.S_IFMT(info.external_attr >> 16), "device")  # Unix keeps its mode there
            # zipfile cleans `filename` of backslashes and zero bytes; the check wants to see them.
            if kind == "file" and info.orig_filename.endswith("/"):
                kind = "folder"
            yield _Entry(info.orig_filename, kind, info.file_size, lambda info=info: archive.open(info))


def _tar_entries(packed: Path) -> Iterator[_Entry]:
    with gzip.open(packed) as stream:
        # Not piecemeal: the headers of a hostile tar file may themselves unpack to any size.
        data = stream.read(MAX_UNPACKED_BYTES + 1)
    if len(data) > MAX_UNPACKED_BYTES:
        raise UnsafeArchive(f"{packed} is refused: it unpacks to more than {MAX_UNPACKED_BYTES} bytes")
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for info in archive:
            kind = "file" if info.isfile() else "folder" if info.isdir() else "link"
            if info.ischr() or info.isblk() or info.isfifo():
                kind = "device"
            yield _Entry(info.name, kind, info.size, lambda info=info: archive.extractfile(info))
