"""Reads records (JSON Lines, JSON, CSV) as articles, whatever their fields are called."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from index.readers.base import RawArticle, UnreadableError
from index.readers.encoding import decode_text

# The names of each field in feeds, schema.org, news APIs, crawlers and Arabic tables; earlier ones win.
_NAMES = {
    "text": "text content body articlebody fulltext maintext contenttext articletext article "
    "النص نص نصالمقال المحتوى محتوى description summary",
    "title": "title headline heading العنوان عنوان name",
    "published": "published date datepublished publishedat publishdate publicationdate pubdate publishedon "
    "publishedtime التاريخ تاريخ تاريخالنشر datecreated createdat created updated",
    "language": "language lang inlanguage locale اللغة لغة",
    "source": "source publisher sitename site outlet newspaper domain المصدر مصدر",
    "url": "url link href weburl sourceurl permalink canonicalurl الرابط رابط",
    "id": "id guid uid articleid identifier",
}
_FIELDS = {name: tuple(names.split()) for name, names in _NAMES.items()}
# The names of each detail: a field that is shown and not searched.
_DETAIL_NAMES = {
    "author": "author authors creator byline الكاتب كاتب المؤلف",
}
_DETAILS = {name: tuple(names.split()) for name, names in _DETAIL_NAMES.items()}
_LONGEST_FIELD = 16 * 1024 * 1024  # characters in one cell of a CSV file; the library's own limit is 131,072
_DELIMITERS = ",;\t|"


def record_to_article(record: Mapping[str, Any]) -> RawArticle:
    """Return the article of a record, whatever its fields are called. Raises `UnreadableError` when it has no text."""
    values = {_field_key(str(name)): value for name, value in record.items()}
    text = _first_value({name: value for name, value in values.items() if not _is_number(value)}, _FIELDS["text"])
    if text is None:
        raise UnreadableError("not an object with a `text`")
    return RawArticle(
        text=text,
        title=_first_value(values, _FIELDS["title"]) or "",
        **{name: _first_value(values, _FIELDS[name]) for name in ("published", "language", "source", "url", "id")},
        details=_details(values),
    )


def read_jsonl(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read JSON Lines: one article on each line, with `text` and any of the other fields of `RawArticle`."""
    for number, line in enumerate(decode_text(data).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield _require_record(json.loads(line))
        except (ValueError, RecursionError):
            yield UnreadableError(f"line {number} is not JSON")
        except UnreadableError as error:
            yield UnreadableError(f"line {number}: {error}")


def read_json(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read JSON: one article, a list of them, or an object that holds one list of articles."""
    try:
        content = json.loads(decode_text(data))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"it is not JSON ({str(error).splitlines()[0]})") from None
    for number, item in enumerate(_articles(content), start=1):
        try:
            yield _require_record(item)
        except UnreadableError as error:
            yield UnreadableError(f"article {number}: {error}")


def read_csv(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read a table with a line of column names: one article on each line.

    Columns are separated by comma, semicolon, tab or bar.
    """
    text = decode_text(data)
    names = text.lstrip("\n\r").partition("\n")[0]
    known = {name for field in _FIELDS.values() for name in field}
    # The column names decide the delimiter: with the right one most of them are known. Commas occur in any text.
    delimiter = max(_DELIMITERS, key=lambda d: sum(_field_key(name) in known for name in names.split(d)))
    csv.field_size_limit(_LONGEST_FIELD)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    if not {_field_key(name) for name in table.fieldnames or () if name} & set(_FIELDS["text"]):
        raise UnreadableError("its first line does not name a column `text` or `نص`")
    while True:
        try:
            row = next(table, None)
            if row is None:
                return
            yield record_to_article({name: value for name, value in row.items() if name and value})
        except csv.Error as error:
            raise UnreadableError(f"line {table.line_num} is not CSV ({error})") from None
        except UnreadableError:
            yield UnreadableError(f"line {table.line_num}: there is no text in it")


def _articles(content: Any) -> list[Any]:
    """Return the list that `content` is or holds, else `content` itself as the only article."""
    if isinstance(content, list):
        return content
    if (
        isinstance(content, dict)
        and _first_value({_field_key(k): v for k, v in content.items()}, _FIELDS["text"]) is None
    ):
        lists = [value for value in content.values() if isinstance(value, list) and isinstance((value or [0])[0], dict)]
        if len(lists) == 1:
            return lists[0]
    return [content]


def _require_record(record: Any) -> RawArticle:
    if not isinstance(record, dict):
        raise UnreadableError("not an object with a `text`")
    return record_to_article(record)


def _first_value(values: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    texts = (_as_text(values.get(name)) for name in names)
    return next((text for text in texts if text is not None), None)


def _details(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the details of a record; of several values (authors) all of them."""
    details = {}
    for detail, names in _DETAILS.items():
        texts = (_as_joined_text(values.get(name)) for name in names)
        if text := next(filter(None, texts), ""):
            details[detail] = text
    return details


def _as_joined_text(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    texts = ((_as_text(part) or "").strip() for part in parts)
    return ", ".join(filter(None, texts))


def _as_text(value: Any) -> str | None:
    """Return a value as text, None when it is none: of a publisher its name, of a list of paragraphs all of them."""
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("title")
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    known = isinstance(value, str) or _is_number(value) or hasattr(value, "isoformat")  # a day, from YAML
    return str(value) if known else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _field_key(name: str) -> str:
    """Return a field's name in lower case without punctuation: `datePublished` and `date_published` are equal."""
    return re.sub(r"[\W_]+", "", name).lower()
