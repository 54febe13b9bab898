"""Reads the articles below a folder; files that look as before are not read again."""

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

from index.errors import CollectionError
from index.readers.arabic_repair import repair_arabic
from index.readers.base import RawArticle, UnreadableError
from index.readers.registry import READER_VERSION, reader_for
from index.readers.sandbox import Sandbox
from index.store.hashing import content_sha256
from index.text.chunking import sentence_spans
from index.text.dates import parse_day
from index.text.normalize import clean_text, detect_language, one_line
from index.types import Article, FileRecord, ReadLimits, Rejection, UnchangedArticle

_TOO_NEW = 2_000_000_000  # nanoseconds: some file systems tell times in steps of two seconds
_ID_LENGTH = 16  # hexadecimal digits of the content's sha256


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a file holds, and what is remembered of it so that it need not be read again; None: read it again."""

    items: tuple[Article | UnchangedArticle | Rejection, ...]
    seen: FileRecord | None = None


def scan(
    root: Path, name: str, limits: ReadLimits, known: Mapping[str, FileRecord] = MappingProxyType({})
) -> Iterator[ScanResult]:
    """Yield what each file below `root` (a folder, or one file) holds, in the order of the paths.

    Paths start with `name`. A file that looks as it did when it was `known` is not read, and one that holds the same
    bytes is not parsed. What cannot be taken is a `Rejection`. Raises `CollectionError` when `root` cannot be read.
    """
    try:
        paths = [root] if root.is_file() else sorted(_walk(root))
    except OSError as error:
        raise CollectionError(f"cannot read {root}: {error.strerror}. Give a folder that exists.") from None
    with Sandbox() as worker:
        for path in paths:
            shown = name if path == root else f"{name}/{_printable(path.relative_to(root).as_posix())}"
            yield _scan_file(path, shown, limits, known.get(shown), worker)


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


def _scan_file(path: Path, shown: str, limits: ReadLimits, seen: FileRecord | None, worker: Sandbox) -> ScanResult:
    try:
        status = os.lstat(path)
        if (reason := _reason_not_read(path, status.st_mode)) is not None:
            return ScanResult((Rejection(shown, reason),))
        if seen is not None and seen.stamp and seen.stamp == _stamp(status, limits):
            return _unchanged_result(seen)
        stamp, data = _read_bytes(path, limits)
    except UnreadableError as error:
        return ScanResult((Rejection(shown, str(error)),))
    except OSError as error:
        reason = f"it cannot be read now ({error.strerror}); what is stored of it stays"
        return ScanResult((Rejection(shown, reason, for_now=True),))
    digest = hashlib.sha256(_reader_fingerprint(limits).encode() + data).hexdigest()
    if seen is not None and digest == seen.sha256:
        return _unchanged_result(replace(seen, stamp=stamp))
    items = tuple(
        Rejection(shown, str(draft)) if isinstance(draft, UnreadableError) else build_article(draft, shown, limits)
        for draft in worker.read(path.suffix, data)
    )
    articles = tuple((item.id, item.sha256) for item in items if isinstance(item, Article))
    reasons = tuple(item.reason for item in items if isinstance(item, Rejection))
    return ScanResult(items, FileRecord(shown, stamp, digest, articles, reasons))


def _reason_not_read(path: Path, mode: int) -> str | None:
    """Return why what lies at `path` is never read. Raises `OSError` for a folder that cannot be listed."""
    if stat.S_ISLNK(mode):
        return "it is a symbolic link"
    if stat.S_ISDIR(mode):
        os.scandir(path).close()
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    return None if reader_for(path) else f"files of this kind ({path.suffix or 'no suffix'}) are not read"


def _unchanged_result(seen: FileRecord) -> ScanResult:
    kept = (UnchangedArticle(id_, sha256, seen.path) for id_, sha256 in seen.articles)
    return ScanResult((*kept, *(Rejection(seen.path, reason) for reason in seen.reasons)), seen)


def _stamp(status: os.stat_result, limits: ReadLimits) -> str:
    """Return what tells that a file was not written to: empty for one so new that a write may share its time."""
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    if time.time_ns() - changed < _TOO_NEW:
        return ""
    return f"{_reader_fingerprint(limits)} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _reader_fingerprint(limits: ReadLimits) -> str:
    return f"{READER_VERSION} {limits.file_bytes} {limits.article_characters}"


def _read_bytes(path: Path, limits: ReadLimits) -> tuple[str, bytes]:
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


def build_article(draft: RawArticle, path: str, limits: ReadLimits) -> Article | Rejection:
    """Return the article that a file's `draft` becomes, or why it is none."""
    try:
        text, title = clean_text(repair_arabic(draft.text)), clean_text(repair_arabic(draft.title)).replace("\n", " ")
    except UnreadableError as error:
        return Rejection(path, str(error))
    if not sentence_spans(text):
        return Rejection(path, "there is no text in it")
    if len(text) > limits.article_characters:
        return Rejection(path, f"the article is longer than {limits.article_characters:,} characters")
    source, url = (one_line(clean_text(said)) or None if said else None for said in (draft.source, draft.url))
    published = parse_day(draft.published)
    language = (draft.language or "").lower()[:2]
    if language not in {"ar", "en"}:
        language = detect_language(text)
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
