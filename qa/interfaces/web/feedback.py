"""Ratings of answers, kept on this computer for whoever maintains the collection."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from qa.interfaces.web.chats import Turn

_MAX_NOTE = 2_000  # characters of a note that are kept


def record_feedback(data: Path, turn: Turn, note: str = "") -> None:
    """Append the rating of an answer, with the answer itself, to `ratings.jsonl` in the data folder."""
    data.mkdir(parents=True, exist_ok=True)
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "verdict": turn.verdict,
        "note": note[:_MAX_NOTE],
        "question": turn.question,
        "answer": asdict(turn.answer) if turn.answer else None,
    }
    with FileLock(data / "ratings.lock"), (data / "ratings.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
