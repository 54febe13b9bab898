"""Ten thousand damaged files of every kind: none crashes the program, hangs it, or goes without a word."""

from __future__ import annotations

import io
import logging
import random
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable

from index.readers.base import RawArticle
from index.readers.sandbox import FILE_SECONDS, MEMORY_BYTES, Sandbox
from index.sync.scan import build_article
from index.types import ReadLimits, Rejection
from tests.samples import ARABIC, every_kind, zip_of

_log = logging.getLogger(__name__)  # `--log-cli-level=INFO` shows what was measured

NAUGHTY = (b"\x00", b"\xff\xfe", b"&", b"<", b"[" * 50, b"%", b"\\u0000", b"-1", b"99999999999999999999", b'"', b"\n\n")


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return `data` with one to four things that go wrong on the way: bits, ends, pieces of others, repetition."""
    for _ in range(chance.randint(1, 4)):
        start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        match chance.randrange(6):
            case 0:
                changed = bytearray(data)
                for _ in range(chance.randint(1, 8)):
                    if changed:
                        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
                data = bytes(changed)
            case 1:
                data = data[:end]
            case 2:
                data = data[:start] + other[chance.randrange(len(other)) :][:300] + data[end:]
            case 3:
                data = data[:end] + data[start:end] * chance.randint(1, 20) + data[end:]
            case 4:
                data = data[:start] + data[end:]
            case _:
                data = data[:start] + chance.choice(NAUGHTY) + data[start:]
        data = data[:200_000]
    return data


def damaged(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return `data` mutated; of a zip file, which notices any change, one member instead, half of the time."""
    if not data.startswith(b"PK") or chance.random() < 0.5:
        return mutated(data, other, chance)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        members: dict[str, str | bytes] = {name: package.read(name) for name in package.namelist()}
        name = chance.choice(package.namelist())
        members[name] = mutated(package.read(name), other, chance)
    return zip_of(members)


def test_damaged_files_of_every_kind(trials: Callable[[int, int], int]) -> None:
    samples = every_kind()
    samples[".txt"] += ARABIC.encode("windows-1256")
    chance = random.Random(20170323)
    counts: Counter[str] = Counter()
    slowest = 0.0
    begin = time.monotonic()
    with Sandbox() as worker:
        for _ in range(trials(600, 10_000)):
            suffix = chance.choice(list(samples))
            data = damaged(samples[suffix], samples[chance.choice(list(samples))], chance)
            start = time.monotonic()
            found = list(worker.read(suffix, data))
            slowest = max(slowest, time.monotonic() - start)
            results = [
                build_article(f, "a", ReadLimits()) if isinstance(f, RawArticle) else Rejection("a", str(f))
                for f in found
            ]
            assert results
            reasons = [result.reason for result in results if isinstance(result, Rejection)]
            assert all(0 < len(reason) < 300 and "\n" not in reason for reason in reasons)
            counts[f"{suffix} {'refused' if len(reasons) == len(results) else 'taken'}"] += 1
            counts.update({re.sub(r"[0-9]+|[(:].*", "", reason) for reason in reasons})
        memory = worker.memory
    seconds = time.monotonic() - begin
    _log.info("%.0f s, slowest %.2f s, most memory %d MB, %s", seconds, slowest, memory // 1024**2, dict(counts))
    assert slowest < FILE_SECONDS + 2
    assert 0 < memory < MEMORY_BYTES
    assert counts["its reader crashed"] == 0
    assert all(counts[f"{suffix} taken"] and counts[f"{suffix} refused"] for suffix in samples)
