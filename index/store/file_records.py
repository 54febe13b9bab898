"""What is recorded of the files that were read, so that unchanged ones are not read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from index.store.connection import Connection
from index.store.integrity import row_checksum
from index.types import FileRecord, StoredArticle


def read_file_records(db: Connection, stored: Mapping[str, StoredArticle]) -> dict[str, FileRecord]:
    """Return by path the records of files whose articles are all `stored` as they were read from them.

    A file whose record is damaged or does not fit is left out, and so read again.
    """
    records = {}
    for checksum, *values in db.execute("SELECT crc, path, stamp, sha256, articles, reasons FROM files").fetchall():
        if row_checksum(*values) != checksum:
            continue
        path, stamp, sha256, articles, reasons = values
        recorded = tuple((id_, article_sha256) for id_, article_sha256 in json.loads(articles))
        present = {id_: stored[id_].sha256 for id_, _ in recorded if id_ in stored and stored[id_].path == path}
        if present == dict(recorded):
            records[path] = FileRecord(path, stamp, sha256, recorded, tuple(json.loads(reasons)))
    return records


def write_file_records(db: Connection, folder: str, records: Sequence[FileRecord]) -> None:
    """Replace the records of the files in a folder, within the caller's transaction."""
    db.execute("DELETE FROM files WHERE folder = ?", (folder,))
    db.executemany(
        "INSERT OR REPLACE INTO files (folder, crc, path, stamp, sha256, articles, reasons) VALUES (?,?,?,?,?,?,?)",
        [(folder, row_checksum(*row), *row) for row in map(_row, records)],
    )


def _row(record: FileRecord) -> tuple[str, str, str, str, str]:
    articles, reasons = (json.dumps(values, ensure_ascii=False) for values in (record.articles, record.reasons))
    return record.path, record.stamp, record.sha256, articles, reasons
