"""Every write of an update fails in turn.

`LD_PRELOAD=... python -m tests.faults.failing_updates FOLDER STORE EVERY` does it. For each error and each (or each
EVERY-th) write: an update in a child process meets it, the store is read, the update is tried again. Prints how many
failures were met; ends with a traceback when a store is not what it must be.
"""

from __future__ import annotations

import ctypes
import errno
import os
import random
import shutil
import sys
from contextlib import closing
from itertools import count
from pathlib import Path

from index.errors import MujibError
from index.store.integrity_check import check_store
from index.store.snapshot import newest_generation, open_snapshot
from index.sync import update as updating
from tests.faults.changes import bring, change
from tests.index.test_update import content

_DONE, _REPORTED, _MET = (
    0,
    10,
    20,
)  # exit statuses of a child: no write failed; an error in one line; no error, though met


def main(folder: Path, store: Path, every: int) -> None:
    disk = ctypes.CDLL(os.environ["LD_PRELOAD"])
    updating.BATCH_CHUNKS = 2
    met = {errno.ENOSPC: 0, errno.EIO: 0}
    for number in met:
        for nth in count(1, every):
            dice = random.Random(nth)
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(store.parent, ignore_errors=True)
            folder.mkdir()
            change(folder, dice)
            bring(folder, store)
            before = newest_generation(store)
            change(folder, dice)
            status = _in_child(disk, nth, number, folder, store)
            if status == _DONE:
                break
            assert status in {_REPORTED, _MET}, status
            met[number] += 1
            with closing(open_snapshot(store)) as snapshot:
                assert snapshot.generation >= before
            assert check_store(store) == []
            bring(folder, store)
            scratch = store.with_name("scratch.sqlite")
            bring(folder, scratch)
            assert content(store) == content(scratch)
    sys.stdout.write(" ".join(map(str, met.values())))


def _in_child(disk: ctypes.CDLL, nth: int, number: int, folder: Path, store: Path) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            disk.failing_disk_arm(nth, number)
            try:
                bring(folder, store)
                status = _MET if disk.failing_disk_left() <= 0 else _DONE
            except MujibError as error:
                status = _REPORTED if str(store) in str(error) else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
