"""Here is a folder, give me articles."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.chunk import sentences
from index.dates import iso_day
from index.digest import content_sha256
from index.errors import CollectionError
from index.mend import mend
from index.normalise import clean, language_of
from index.readers import Draft, UnreadableError, reader_for
from index.types import Article, Rejection

_ID_LENGTH = 16  # hexadecimal digits of the content's sha256


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken from one file: more is refused with a reason, never cut."""

    file_bytes: int = 64 * 1024 * 1024
    article_characters: int = 1_000_000


def read(root: Path, name: str, limits: Limits) -> Iterator[Article | Rejection]:
    """Yield every article below `root` (a folder, or one file), in the order of the paths, which start with `name`.

    A file that cannot be taken is a `Rejection`. Raises `CollectionError` when `root` itself cannot be read.
    """
    try:
        paths = [root] if root.is_file() else sorted(_walk(root))
    except OSError as error:
        raise CollectionError(f"cannot read {root}: {error.strerror}. Give a folder that exists.") from None
    for path in paths:
        shown = name if path == root else f"{name}/{_printable(path.relative_to(root).as_posix())}"
        yield from _read_file(path, shown, limits)


# What editors, office programs and browsers leave beside the files they are at work on.
_TEMPORARY = re.compile(
    r"^[.~#]|~$|\.(?:sw[a-p]|bak|tmp|temp|part|partial|crdownload|download|opdownload|aria2)$", re.IGNORECASE
)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder`, and every folder in it that cannot be entered: reading it tells why.

    Hidden and temporary names are passed over; links are not followed. Raises `OSError` for `folder` itself.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if not _TEMPORARY.search(entry.name):
                        path = Path(entry.path)
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(path)
                        else:
                            yield path
        except OSError:
            if here == folder:
                raise
            yield here


def _read_file(path: Path, shown: str, limits: Limits) -> Iterator[Article | Rejection]:
    reader = reader_for(path)
    if reader is None:
        yield Rejection(shown, _unread(path))
        return
    try:
        for draft in reader(_bytes(path, limits)):
            if isinstance(draft, UnreadableError):
                yield Rejection(shown, str(draft))
            else:
                yield from_draft(draft, shown, limits)
    except UnreadableError as error:
        yield Rejection(shown, str(error))
    except OSError as error:
        link = error.errno == errno.ELOOP
        yield Rejection(shown, "it is a symbolic link" if link else f"it cannot be read: {error.strerror}")


def _unread(path: Path) -> str:
    """Return why there is no reader for what lies at `path`."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if stat.S_ISLNK(mode):
        return "it is a symbolic link"
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    return f"files of this kind ({path.suffix or 'no suffix'}) are not read"


def _bytes(path: Path, limits: Limits) -> bytes:
    """Return the content of a regular file, never of what a link or a device stands for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("it is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            small = status.st_size <= limits.file_bytes
            data = file.read(limits.file_bytes + 1) if small else b""  # it may have grown since
    finally:
        os.close(descriptor)
    if not small or len(data) > limits.file_bytes:
        raise UnreadableError(
            f"it is larger than {limits.file_bytes // 1024**2} MB: split it, or raise MUJIB_MAX_FILE_MB"
        )
    return data


def from_draft(draft: Draft, path: str, limits: Limits) -> Article | Rejection:
    """Return the article that a file's `draft` becomes, or why it is none."""
    try:
        text, title = clean(mend(draft.text)), clean(mend(draft.title)).replace("\n", " ")
    except UnreadableError as error:
        return Rejection(path, str(error))
    if not sentences(text):
        return Rejection(path, "there is no text in it")
    if len(text) > limits.article_characters:
        return Rejection(path, f"the article is longer than {limits.article_characters:,} characters")
    published = iso_day(draft.published)
    language = (draft.language or "").lower()[:2]
    if language not in {"ar", "en"}:
        language = language_of(text)
    digest = content_sha256(
        title=title, published=published, language=language, source=draft.source, url=draft.url, text=text
    )
    return Article(
        id=_given_id(draft.id) or digest[:_ID_LENGTH],
        path=path,
        title=title,
        published=published,
        language=language,
        source=draft.source,
        url=draft.url,
        text=text,
        sha256=digest,
    )


def _given_id(given: str | None) -> str | None:
    """Return the id a source gives, None when it could not stand in a line of output."""
    return given if given and re.fullmatch(r"[^\s\x00-\x1f]{1,200}", given) else None


def _printable(path: str) -> str:
    r"""Return a path that can be written anywhere: bytes that are not UTF-8 are shown as `\\xNN`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
