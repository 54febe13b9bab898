"""A child process that parses untrusted files in bounded time and memory.

Web pages, PDFs and the like are parsed by large libraries, some of them in C, which a file can make hang, use up all
memory, or crash. So one child process reads them. It is replaced when it takes too long, grows too large, or ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from index.readers.base import RawArticle, Reader, UnreadableError

try:
    import resource
except ImportError:  # on Windows there are only the time limit and the process's own end
    resource = None  # type: ignore[assignment]

FILE_SECONDS = 10.0  # for one file
MEMORY_BYTES = 1024**3  # bytes of address space of the child
_KEPT_MEMORY = MEMORY_BYTES // 4  # a child that has held more is replaced, and gives it back
_PROGRAM_FOLDER = Path(__file__).resolve().parent.parent.parent  # in which the package `index` lies
_START_SECONDS = 60.0  # its libraries are imported once, from a cold disk at worst
_REPLY_BYTES = 256 * 1024 * 1024  # what a package may unpack to
_OUT_OF_MEMORY = 77  # the exit status of a child without memory, which cannot reply any more


class Sandbox:
    """Reads the bytes of files, the risky kinds in a child process. Use as a context manager, or close it."""

    def __init__(self, seconds: float = FILE_SECONDS) -> None:
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self.memory = 0  # the most that a child has used, in bytes, as far as it could report it

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def read(self, suffix: str, data: bytes) -> Iterator[RawArticle | UnreadableError]:
        """Yield the articles in a file of that suffix (`.html`), and an error for each part that is none."""
        from index.readers.registry import IN_PROCESS_READERS, READERS

        reader = READERS.get(suffix.lower())
        found: Iterator[RawArticle | UnreadableError] = iter(())
        if reader in IN_PROCESS_READERS:
            found = _read_until_error(reader, data)
        elif reader is not None:
            found = iter(self._ask(suffix.lower(), data))
        nothing = (
            "there is no article in it" if reader else f"files of this kind ({suffix or 'no suffix'}) are not read"
        )
        first = next(found, UnreadableError(nothing))
        yield first
        yield from found

    def _ask(self, suffix: str, data: bytes) -> list[RawArticle | UnreadableError]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = _start_child()
        child = self._child
        if child is None:
            return [UnreadableError("the process that reads such files could not be started")]
        with _Deadline(child, self._seconds) as deadline:
            found, memory = _exchange(child, suffix, data)
        self.memory = max(self.memory, memory or 0)
        if deadline.passed or memory is None or memory > _KEPT_MEMORY:
            self.close()
        if deadline.passed:
            return [UnreadableError(f"reading it took longer than {self._seconds:g} seconds")]
        if memory is not None:
            return found
        if child.returncode == _OUT_OF_MEMORY:
            return [UnreadableError(f"reading it took more memory than {MEMORY_BYTES // 1024**3} GB")]
        return [UnreadableError("its reader crashed")]


def _read_until_error(reader: Reader, data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Yield what a reader finds, and the error with which it stops."""
    try:
        yield from reader(data)
    except UnreadableError as error:
        yield error


class _Deadline:
    """Kills a child that is still at work after some seconds; `passed` is whether it did."""

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        self.passed = False
        self._child = child
        self._timer = threading.Timer(seconds, self._kill)

    def _kill(self) -> None:
        self.passed = True
        self._child.kill()

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()  # so that it cannot strike during the next file


def _start_child() -> subprocess.Popen[bytes] | None:
    """Return a child that is ready, None when it cannot be started."""
    child = subprocess.Popen(  # this interpreter and this program; nothing of a file is in the command
        [sys.executable, "-m", "index.readers.sandbox"],
        cwd=_PROGRAM_FOLDER,  # never the user's folder: Python would import modules from there
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with _Deadline(child, _START_SECONDS) as deadline:
        line = _pipe(child.stdout).readline(100)
    if line.strip() and not deadline.passed:
        return child
    child.kill()
    child.communicate()
    return None


def _exchange(
    child: subprocess.Popen[bytes], suffix: str, data: bytes
) -> tuple[list[RawArticle | UnreadableError], int | None]:
    """Send a file; return what the child found in it and the memory it has used, None when it ended on the way."""
    found: list[RawArticle | UnreadableError] = []
    left = _REPLY_BYTES + 6 * len(data)  # a letter takes six signs in JSON at most
    try:
        stdin = _pipe(child.stdin)
        stdin.write(json.dumps({"suffix": suffix, "length": len(data)}).encode() + b"\n")
        stdin.write(data)
        stdin.flush()
        while line := _pipe(child.stdout).readline(left):
            left -= len(line)
            reply = json.loads(line)  # half a line: the child has ended, or replied too much
            if "memory" in reply:
                return found, int(reply["memory"])
            found.append(UnreadableError(reply["reason"]) if "reason" in reply else RawArticle(**reply))
    except (OSError, ValueError):
        pass
    return found, None


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the child was started without pipes")
    return pipe


def main() -> None:
    """Run the child: read a file's suffix and bytes from standard input, write its articles as JSON lines, repeat."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library that prints would spoil the replies
    _import_libraries()
    _bound_resources()
    _reply(replies, {"ready": True})
    for line in iter(sys.stdin.buffer.readline, b""):  # the end of the parent, however it came, is the end of the file
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["length"])
        if len(data) < request["length"]:
            return
        _alarm(2 * FILE_SECONDS)  # for a child whose parent is gone; a living parent kills it sooner
        try:
            for reply in _replies(request["suffix"], data):
                _reply(replies, reply)
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        _reply(replies, {"memory": _peak_memory()})
        _alarm(0)


def _replies(suffix: str, data: bytes) -> Iterator[dict[str, Any]]:
    from index.readers.registry import READERS

    try:
        for found in _read_until_error(READERS[suffix], data):
            yield {"reason": str(found)} if isinstance(found, UnreadableError) else asdict(found)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - on bytes that were made to confuse them, libraries raise anything
        if _peak_memory() > 0.9 * MEMORY_BYTES:  # libraries report in many ways that there was no more
            raise MemoryError from None
        yield {"reason": f"it is damaged, or not what its name says ({type(error).__name__})"}


def _reply(replies: IO[bytes], reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nothing handles the signal, so it ends the process


def _peak_memory() -> int:
    """Return the most memory this process has used, in bytes, 0 where the system does not report it.

    Not from `getrusage`, which starts with the memory of the parent.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _bound_resources() -> None:
    if resource is None:
        return
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        with suppress(ValueError, OSError):  # a lower limit is set already
            resource.setrlimit(kind, (most, most))


def _import_libraries() -> None:
    """Import what the readers import when they need it: half a second once, and not within the time of a file."""
    for name in ("docx", "feedparser", "frontmatter", "markdown_it", "pypdfium2", "trafilatura"):
        import_module(name)


if __name__ == "__main__":
    main()
