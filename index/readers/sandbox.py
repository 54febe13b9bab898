"""A child process that parses untrusted files in bounded time and memory.

Web pages, PDFs and the like are parsed by large libraries, some of them in C, which a file can make hang, eat all
memory, or crash. So one child process reads them: it lives as long as it behaves and is started again when it does not.
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
_START_SECONDS = 60.0  # its libraries are imported once, from a cold disk at worst
_REPLY_BYTES = 256 * 1024 * 1024  # what a package may unpack to
_OUT_OF_MEMORY = 77  # the child's exit status: no other way to say it is left then


class Sandbox:
    """Reads the bytes of files; close it, or use it as a context, to end its child process."""

    def __init__(self, seconds: float = FILE_SECONDS) -> None:
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self.memory = 0  # the most that a child has held, in bytes, as far as it could still tell

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
        """Yield the articles in a file of that suffix (`.html`), and a reason for each part that is none."""
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
    """Yield what a reader finds and, where it gives up, the reason."""
    try:
        yield from reader(data)
    except UnreadableError as error:
        yield error


class _Deadline:
    """Kills a child that is still at work when the time is over, and then says so."""

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
    """Return a child that is ready, None when it cannot be had."""
    child = subprocess.Popen(  # this interpreter and this program; nothing of a file is in the command
        [sys.executable, "-m", "index.readers.sandbox"],
        cwd=Path(__file__)
        .resolve()
        .parent.parent.parent,  # never the user's folder: Python would import modules from there
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
    """Send a file; return what the child found in it and the memory it has taken, None when it ended on the way."""
    found: list[RawArticle | UnreadableError] = []
    left = _REPLY_BYTES + 6 * len(data)  # a letter takes six signs in JSON at most
    try:
        stdin = _pipe(child.stdin)
        stdin.write(json.dumps({"suffix": suffix, "length": len(data)}).encode() + b"\n")
        stdin.write(data)
        stdin.flush()
        while line := _pipe(child.stdout).readline(left):
            left -= len(line)
            reply = json.loads(line)  # half a line: the child is gone, or has told too much
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
    """Be the child: read a file's kind and bytes from standard input, write its articles as JSON lines, and again."""
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
    except Exception as error:
        if _peak_memory() > 0.9 * MEMORY_BYTES:  # libraries say in many ways that there was no more
            raise MemoryError from None
        yield {"reason": f"it is damaged, or not what its name says ({type(error).__name__})"}


def _reply(replies: IO[bytes], reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nothing handles the signal, so it ends the process


def _peak_memory() -> int:
    """Return the most memory this process has held, in bytes, 0 where the system does not tell.

    Not from `getrusage`: what that tells begins with the memory of the parent.
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
