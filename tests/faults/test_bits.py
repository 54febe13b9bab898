"""The store on disk is damaged at random places: never a wrong answer in silence."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from index.errors import NoIndexError, StoreError
from index.store.snapshot import open_snapshot
from index.store.writer import Writer
from tests.faults.changes import bring, change
from tests.index.test_update import content

Seen = dict[str, tuple[str, ...]]


def everything(store: Path) -> Seen:
    """Return all that a reader can see, the sentences too."""
    seen = content(store)
    with closing(open_snapshot(store)) as snapshot:
        numbers = sorted(number for of_article in snapshot.chunk_numbers_by_article().values() for number in of_article)
        stored = zip(snapshot.chunk_ids(numbers), snapshot.sentences(numbers), strict=True)
        seen["sentences"] = tuple(
            sorted(f"{id_} {s.vectors.round(4).tolist()} {s.places.tolist()} {s.spans}" for id_, s in stored)
        )
        status = snapshot.status()
        seen["status"] = (str(status.articles), str(status.languages), str(status.folders))
    return seen


@pytest.fixture
def states(folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> list[Seen]:
    """Fill the store in steps whose last ones are still in its write-ahead log; return what was seen after each."""
    dice = random.Random(3)
    change(folder, dice)
    bring(folder, store)
    seen = [everything(store)]
    transaction = Writer._transaction

    @contextmanager
    def watched(writer: Writer, *, articles_change: bool = True) -> Iterator[None]:
        with transaction(writer, articles_change=articles_change):
            yield
        seen.append(everything(store))

    monkeypatch.setattr(Writer, "_transaction", watched)
    with closing(open_snapshot(store)):  # a reader keeps the log from being emptied
        for _ in range(3):
            change(folder, dice)
            bring(folder, store)
        for path in [*store.parent.iterdir()]:
            shutil.copy(path, path.with_name(path.name + ".kept"))
    monkeypatch.undo()
    return seen


def flip(data: bytearray, dice: random.Random) -> bytearray:
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return data


def cut(data: bytearray, dice: random.Random) -> bytearray:
    return data[: dice.randrange(len(data))]


def seen_or_refused(store: Path) -> Seen | StoreError:
    try:
        return everything(store)
    except StoreError as error:
        return error


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_damage_is_refused_or_does_no_harm(
    states: list[Seen],
    store: Path,
    tmp_path: Path,
    suffix: str,
    damage: Callable[[bytearray, random.Random], bytearray],
    trials: Callable[[int, int], int],
) -> None:
    """A damaged log gives what was committed before the damage, a damaged store is named with its cure."""
    dice = random.Random(f"{suffix}{damage.__name__}")
    refused = 0
    for trial in range(trials(25, 200)):
        damaged_store = tmp_path / "damaged" / str(trial) / store.name
        damaged_store.parent.mkdir(parents=True)
        for kept in store.parent.glob("*.kept"):
            shutil.copy(kept, damaged_store.with_name(kept.name.removesuffix(".kept")))
        broken = damaged_store.with_name(damaged_store.name + suffix)
        broken.write_bytes(damage(bytearray(broken.read_bytes()), dice))
        seen = seen_or_refused(damaged_store)
        if isinstance(seen, StoreError):
            refused += 1
            assert str(damaged_store) in str(seen)
            assert "mujib index" in str(seen)
            assert broken.stat().st_size == 0 or not isinstance(seen, NoIndexError)
        else:
            assert seen in states
            assert suffix or seen == states[-1]
        shutil.rmtree(damaged_store.parent)
    assert bool(refused) == (suffix == "")
