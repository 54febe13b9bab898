"""Opens zip files within bounds of size and number of members."""

from __future__ import annotations

import io
import zipfile

from index.readers.base import UnreadableError

_UNPACKED = 256 * 1024 * 1024  # bytes; a document of a million characters has some 10 MB of XML
_MEMBERS = 10_000


def open_archive(data: bytes) -> zipfile.ZipFile:
    """Open a zip file whose declared size is within bounds. No member is read beyond its declared size.

    Raises `UnreadableError` for any other file.
    """
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise UnreadableError("it is damaged, or not what its name says (no zip file)") from None
    members = package.infolist()
    if len(members) > _MEMBERS or sum(member.file_size for member in members) > _UNPACKED:
        raise UnreadableError(f"unpacked it would be larger than {_UNPACKED // 1024**2} MB")
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableError("it is protected with a password")
    return package
