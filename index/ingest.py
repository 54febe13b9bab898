"""Here is a folder, give me articles."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from index.chunk import sentences
from index.dates import iso_day
from index.digest import content_sha256
from index.errors import CollectionError
from index.mend import mend
from index.normalise import clean, language_of, one_line
from index.readers import READING, Draft, UnreadableError, reader_for
from index.types import Article, Kept, Rejection, Seen
from index.worker import Worker

_TOO_NEW = 2_000_000_000  # nanoseconds: some file systems tell times in steps of two seconds
_ID_LENGTH = 16  # hexadecimal digits of the content's sha256


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken from one file: more is refused with a reason, never cut."""

    file_bytes: int = 64 * 1024 * 1024
    article_characters: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds, and what is remembered of it so that it need not be read again; None: read it again."""

    items: tuple[Article | Kept | Rejection, ...]
    seen: Seen | None = None


def read(root: Path, name: str, limits: Limits, known: Mapping[str, Seen] = MappingProxyType({})) -> Iterator[Found]:
    """Yield what each file below `root` (a folder, or one file) holds, in the order of the paths.

    Paths start with `name`. A file that looks as it did when it was `known` is not read, and one that holds the same
    bytes is not parsed. What cannot be taken is a `Rejection`. Raises `CollectionError` when `root` cannot be read.
    """
    try:
        paths = [root] if root.is_file() else sorted(_walk(root))
    except OSError as error:
        raise CollectionError(f"cannot read {root}: {error.strerror}. Give a folder that exists.") from None
    with Worker() as worker:
        for path in paths:
            shown = name if path == root else f"{name}/{_printable(path.relative_to(root).as_posix())}"
            yield _look_at(path, shown, limits, known.get(shown), worker)


# What editors, office programs and browsers leave beside the files they are at work on.
_TEMPORARY = re.compile(
    r"^[.~]|^#.*#$|~$|\.(?:sw[a-p]|bak|tmp|temp|part|partial|crdownload|download|opdownload|aria2)$", re.IGNORECASE
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
                    path = Path(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        waiting += [] if entry.name.startswith(".") else [path]
                    elif not _TEMPORARY.search(entry.name):
                        yield path
        except OSError:
            if here == folder:
                raise
            yield here


def _look_at(path: Path, shown: str, limits: Limits, seen: Seen | None, worker: Worker) -> Found:
    try:
        status = os.lstat(path)
        if (reason := _unread(path, status.st_mode)) is not None:
            return Found((Rejection(shown, reason),))
        if seen is not None and seen.stamp and seen.stamp == _stamp(status, limits):
            return _as_before(seen)
        stamp, data = _bytes(path, limits)
    except UnreadableError as error:
        return Found((Rejection(shown, str(error)),))
    except OSError as error:
        reason = f"it cannot be read now ({error.strerror}); what is stored of it stays"
        return Found((Rejection(shown, reason, for_now=True),))
    digest = hashlib.sha256(_reading(limits).encode() + data).hexdigest()
    if seen is not None and digest == seen.sha256:
        return _as_before(replace(seen, stamp=stamp))
    items = tuple(
        Rejection(shown, str(draft)) if isinstance(draft, UnreadableError) else from_draft(draft, shown, limits)
        for draft in worker.read(path.suffix, data)
    )
    articles = tuple((item.id, item.sha256) for item in items if isinstance(item, Article))
    reasons = tuple(item.reason for item in items if isinstance(item, Rejection))
    return Found(items, Seen(shown, stamp, digest, articles, reasons))


def _unread(path: Path, mode: int) -> str | None:
    """Return why what lies at `path` is never read. Raises `OSError` for a folder that cannot be listed."""
    if stat.S_ISLNK(mode):
        return "it is a symbolic link"
    if stat.S_ISDIR(mode):
        os.scandir(path).close()
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    return None if reader_for(path) else f"files of this kind ({path.suffix or 'no suffix'}) are not read"


def _as_before(seen: Seen) -> Found:
    kept = (Kept(id_, sha256, seen.path) for id_, sha256 in seen.articles)
    return Found((*kept, *(Rejection(seen.path, reason) for reason in seen.reasons)), seen)


def _stamp(status: os.stat_result, limits: Limits) -> str:
    """Return what tells that a file was not written to: empty for one so new that a write may share its time."""
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    if time.time_ns() - changed < _TOO_NEW:
        return ""
    return f"{_reading(limits)} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _reading(limits: Limits) -> str:
    return f"{READING} {limits.file_bytes} {limits.article_characters}"


def _bytes(path: Path, limits: Limits) -> tuple[str, bytes]:
    """Return the stamp and content of a regular file, never of what a link or a device stands for."""
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
    return _stamp(status, limits), data


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
    source, url = (one_line(clean(said)) or None if said else None for said in (draft.source, draft.url))
    published = iso_day(draft.published)
    language = (draft.language or "").lower()[:2]
    if language not in {"ar", "en"}:
        language = language_of(text)
    digest = content_sha256(title=title, published=published, language=language, source=source, url=url, text=text)
    return Article(
        id=_given_id(draft.id) or digest[:_ID_LENGTH],
        path=path,
        title=title,
        published=published,
        language=language,
        source=source,
        url=url,
        text=text,
        sha256=digest,
    )


def _given_id(given: str | None) -> str | None:
    """Return the id a source gives, None when it could not stand in a line, or is a mere number.

    Tables count their lines from 1, and every table does.
    """
    usable = given and re.fullmatch(r"[^\s\x00-\x1f\ud800-\udfff]{1,200}", given) and not given.isdigit()
    return given if usable else None


# Line ends and other controls, and the marks that turn the order of letters round.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _printable(path: str) -> str:
    r"""Return a path that can be written anywhere: bytes that are not UTF-8 as `\xNN`, controls as in Python."""
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _UNPRINTABLE.sub(lambda control: control.group().encode("unicode_escape").decode(), shown)
