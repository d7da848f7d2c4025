"""A backup of the data folder as one file, taken while everything runs, and its way back.

It holds the SQLite database (a consistent copy, made by SQLite itself), the secret, and what people sent in
the chat. A database of PostgreSQL is backed up by its own tools; then only the folder is in here.
"""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from web.secret import FILE as SECRET

DATABASE = "atrium.db"
FILES = "files"


class BackupError(Exception):
    """Why there is no backup, or no way back, in one line."""


def back_up(data: Path, database: Path | None, target: Path) -> list[str]:
    """Write the archive `target` (tar, gzip) and tell what is in it.

    `database` is the SQLite file, None where it is not ours to copy.

    Raises:
        BackupError: there is nothing to back up, or the target cannot be written.
    """
    held: list[str] = []
    # Beside the target and renamed: half an archive is never taken for a whole one.
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as archive:
            # The database first: every file that it speaks of is there already.
            if database is not None and database.exists():
                with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                    copy = Path(folder) / DATABASE
                    _copy_database(database, copy)
                    archive.add(copy, DATABASE)
                held.append(DATABASE)
            if (data / SECRET).exists():
                archive.add(data / SECRET, SECRET)
                held.append(SECRET)
            files = data / FILES
            if files.is_dir():
                count = 0
                for file in _files(files):
                    count += _add(archive, file, f"{FILES}/{file.relative_to(files)}")
                held.append(f"{count} files")
            elif database is None and data.is_dir():
                held.append("0 files")  # with PostgreSQL and a secret of its own there may be no more yet
        if not held:
            raise BackupError(f"there is nothing to back up in {data} (ATRIUM_DATA): is that the folder?")
        draft.replace(target)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupError(f"{target} cannot be made: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return held


def _copy_database(database: Path, copy: Path) -> None:
    source = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        into = sqlite3.connect(copy)
        try:
            source.backup(into)
        finally:
            into.close()
    finally:
        source.close()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _add(archive: tarfile.TarFile, file: Path, name: str) -> int:
    """Add one file; 0 when it has gone meanwhile."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return 0
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o600, int(file.stat().st_mtime)
    archive.addfile(entry, io.BytesIO(content))
    return 1


def restore(data: Path, source: Path) -> list[str]:
    """Unpack an archive into a data folder that holds no installation, and tell what was in it.

    Raises:
        BackupError: the folder is in use, or the archive is not one of ours.
    """
    taken = [name for name in (DATABASE, SECRET, FILES) if (data / name).exists()]
    if taken:
        raise BackupError(f"{data} holds an installation ({', '.join(taken)}): move it away first")
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tarfile.open(source, "r:gz") as archive:
            entries = archive.getmembers()
            for entry in entries:
                top = Path(entry.name).parts[0] if entry.name else ""
                if not entry.isfile() or top not in {DATABASE, SECRET, FILES}:
                    raise BackupError(f"{source} is no backup of ours: it holds {entry.name!r}")
            archive.extractall(data, members=entries, filter="data")
        for entry in entries:
            (data / entry.name).chmod(0o600)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BackupError(f"{source} cannot be unpacked: {error}") from error
    return sorted({Path(entry.name).parts[0] for entry in entries})
