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
from index.text.languages import detect_language, is_known
from index.text.normalize import clean_text, one_line
from index.types import Article, FileRecord, ReadLimits, Rejection, UnchangedArticle

_TOO_NEW = 2_000_000_000  # nanoseconds: some file systems tell times in steps of two seconds
_ID_LENGTH = 16  # hexadecimal digits of the content's sha256
_DETAIL_LENGTH = 200  # characters


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a file holds, and what is recorded so that it need not be read again. None: it is read again."""

    items: tuple[Article | UnchangedArticle | Rejection, ...]
    record: FileRecord | None = None


def scan(
    root: Path, name: str, limits: ReadLimits, known: Mapping[str, FileRecord] = MappingProxyType({})
) -> Iterator[ScanResult]:
    """Yield what each file below `root` (a folder, or one file) holds, in the order of the paths.

    Paths start with `name`. A file that still fits its record in `known` (by path) is not read, and one that holds the
    same bytes is not parsed. What cannot be taken is a `Rejection`. Raises `CollectionError` when `root` cannot be
    read.
    """
    try:
        paths = [root] if root.is_file() else sorted(_walk(root))
    except OSError as error:
        raise CollectionError(f"cannot read {root}: {error.strerror}. Give a folder that exists.") from None
    with Sandbox() as sandbox:
        for path in paths:
            shown = name if path == root else f"{name}/{_printable(path.relative_to(root).as_posix())}"
            yield _scan_file(path, shown, limits, known.get(shown), sandbox)


# What editors, office programs and browsers leave next to the files they are working on.
_TEMPORARY = re.compile(
    r"^[.~]|^#.*#$|~$|\.(?:sw[a-p]|bak|tmp|temp|part|partial|crdownload|download|opdownload|aria2)$", re.IGNORECASE
)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder`, and every folder in it that cannot be listed: reading that gives the reason.

    Hidden and temporary names are skipped; links are not followed. Raises `OSError` for `folder` itself.
    """
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    path = Path(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        waiting += [] if entry.name.startswith(".") else [path]
                    elif not _TEMPORARY.search(entry.name):
                        yield path
        except OSError:
            if current == folder:
                raise
            yield current


def _scan_file(path: Path, shown: str, limits: ReadLimits, record: FileRecord | None, sandbox: Sandbox) -> ScanResult:
    """Return what the file at `path` holds; `shown` is its path in the collection, `record` its last record."""
    try:
        status = os.lstat(path)
        if (reason := _reason_not_read(path, status.st_mode)) is not None:
            return ScanResult((Rejection(shown, reason),))
        if record is not None and record.stamp and record.stamp == _stamp(status, limits):
            return _unchanged_result(record)
        stamp, data = _read_bytes(path, limits)
    except UnreadableError as error:
        return ScanResult((Rejection(shown, str(error)),))
    except OSError as error:
        reason = f"it cannot be read now ({error.strerror}); what is stored of it stays"
        return ScanResult((Rejection(shown, reason, for_now=True),))
    digest = hashlib.sha256(_reader_fingerprint(limits).encode() + data).hexdigest()
    if record is not None and digest == record.sha256:
        return _unchanged_result(replace(record, stamp=stamp))
    items = tuple(
        Rejection(shown, str(raw)) if isinstance(raw, UnreadableError) else build_article(raw, shown, limits)
        for raw in sandbox.read(path.suffix, data)
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


def _unchanged_result(record: FileRecord) -> ScanResult:
    articles = (UnchangedArticle(id_, sha256, record.path) for id_, sha256 in record.articles)
    rejections = (Rejection(record.path, reason) for reason in record.reasons)
    return ScanResult((*articles, *rejections), record)


def _stamp(status: os.stat_result, limits: ReadLimits) -> str:
    """Return what changes when a file is written to; empty for one so new that a later write may share its time."""
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    if time.time_ns() - changed < _TOO_NEW:
        return ""
    return f"{_reader_fingerprint(limits)} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _reader_fingerprint(limits: ReadLimits) -> str:
    """Return what decides, besides a file's bytes, which articles are taken from it."""
    return f"{READER_VERSION} {limits.file_bytes} {limits.article_characters}"


def _read_bytes(path: Path, limits: ReadLimits) -> tuple[str, bytes]:
    """Return the stamp and content of a regular file; links are not followed, devices and pipes not opened."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("it is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            is_small = status.st_size <= limits.file_bytes
            data = file.read(limits.file_bytes + 1) if is_small else b""  # it may have grown since
    finally:
        os.close(descriptor)
    if not is_small or len(data) > limits.file_bytes:
        raise UnreadableError(
            f"it is larger than {limits.file_bytes // 1024**2} MB: split it, or raise MUJIB_MAX_FILE_MB"
        )
    return _stamp(status, limits), data


def build_article(raw: RawArticle, path: str, limits: ReadLimits) -> Article | Rejection:
    """Return the article that is made of a file's raw article, or why it is rejected."""
    try:
        text = clean_text(repair_arabic(raw.text))
        title = clean_text(repair_arabic(raw.title)).replace("\n", " ")
    except UnreadableError as error:
        return Rejection(path, str(error))
    if not sentence_spans(text):
        return Rejection(path, "there is no text in it")
    if len(text) > limits.article_characters:
        return Rejection(path, f"the article is longer than {limits.article_characters:,} characters")
    source, url = _clean_field(raw.source), _clean_field(raw.url)
    published = parse_day(raw.published)
    language = (raw.language or "").lower()[:2]
    if not is_known(language):
        language = detect_language(text)
    details = _clean_details(raw.details)
    digest = content_sha256(
        title=title, published=published, language=language, source=source, url=url, text=text, details=details
    )
    return Article(
        id=_usable_id(raw.id) or digest[:_ID_LENGTH],
        path=path,
        title=title,
        published=published,
        language=language,
        source=source,
        url=url,
        text=text,
        sha256=digest,
        details=details,
    )


def _clean_field(value: str | None) -> str | None:
    return one_line(clean_text(value)) or None if value else None


def _clean_details(details: Mapping[str, str]) -> dict[str, str]:
    """Return the details that are not empty, each on one line of bounded length, in the order of their names."""
    cleaned = {name: (_clean_field(value) or "")[:_DETAIL_LENGTH].rstrip() for name, value in sorted(details.items())}
    return {name: value for name, value in cleaned.items() if value}


def _usable_id(given: str | None) -> str | None:
    """Return the id that a source gives, None when it cannot be written on one line or is only a number.

    Numbers are not unique: every table counts its lines from 1.
    """
    usable = given and re.fullmatch(r"[^\s\x00-\x1f\ud800-\udfff]{1,200}", given) and not given.isdigit()
    return given if usable else None


# Line ends and other controls, and the marks that change the order of letters.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _printable(path: str) -> str:
    r"""Return a path that can be written anywhere: bytes that are not UTF-8 as `\xNN`, controls as in Python."""
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _UNPRINTABLE.sub(lambda control: control.group().encode("unicode_escape").decode(), shown)
