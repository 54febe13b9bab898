"""A file may make its reader hang, grow or crash: that is one reason, and the next file is read as usual."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from index.readers.base import RawArticle, UnreadableError
from index.readers.sandbox import Sandbox
from tests.paths import ROOT
from tests.samples import ENGLISH, HTML, RSS, docx_of, epub_of, zip_of

PAGE = HTML.encode()


def only_result(worker: Sandbox, suffix: str, data: bytes) -> str:
    (found,) = worker.read(suffix, data)
    return str(found) if isinstance(found, UnreadableError) else found.text


def child_of(worker: Sandbox) -> int:
    assert worker._child is not None
    return worker._child.pid


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def ends(pid: int) -> bool:
    for _ in range(100):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def test_the_child_starts_when_it_is_needed_serves_many_files_and_ends() -> None:
    with Sandbox() as worker:
        assert only_result(worker, ".txt", ENGLISH.encode()) == ENGLISH
        assert worker._child is None
        assert "القاهرة" in only_result(worker, ".html", PAGE)
        pid = child_of(worker)
        assert only_result(worker, ".docx", docx_of([ENGLISH])) == ENGLISH
        assert child_of(worker) == pid
        assert is_running(pid)
    assert ends(pid)


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_read() -> None:
    with Sandbox(seconds=0.5) as worker:
        only_result(worker, ".md", b"text")
        os.kill(child_of(worker), signal.SIGSTOP)  # as a reader that hangs
        start = time.monotonic()
        assert only_result(worker, ".html", PAGE) == "reading it took longer than 0.5 seconds"
        assert time.monotonic() - start < 5
    with Sandbox() as worker:
        assert "القاهرة" in only_result(worker, ".html", PAGE)


def test_a_reader_that_crashes_is_told_and_the_next_file_read() -> None:
    with Sandbox() as worker:
        only_result(worker, ".md", b"text")
        pid = child_of(worker)
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
        assert only_result(worker, ".html", PAGE) == "its reader crashed"
        assert "القاهرة" in only_result(worker, ".html", PAGE)
        pid = child_of(worker)
        os.kill(pid, signal.SIGKILL)  # between two files: nobody's fault
        assert ends(pid)
        assert "القاهرة" in only_result(worker, ".html", PAGE)


def word_document(xml: str) -> bytes:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(docx_of(["text"]))) as package:
        members = {name: package.read(name) for name in package.namelist()}
    return zip_of({**members, "word/document.xml": xml})


BODY = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'


def test_a_document_that_is_enormous_when_unpacked() -> None:
    with Sandbox() as worker:
        bomb = word_document(BODY.format("<w:p/>" * 33_000_000))  # 200 MB of XML: declared, but not yet too much
        assert len(bomb) < 1_000_000
        assert only_result(worker, ".docx", bomb) == "reading it took more memory than 1 GB"
        declared = zip_of({f"{n}.xhtml": bytes(64 * 1024 * 1024) for n in range(5)})
        assert only_result(worker, ".epub", declared) == "unpacked it would be larger than 256 MB"
        assert only_result(worker, ".docx", zip_of({str(n): b"" for n in range(10_001)})).startswith(
            "unpacked it would be"
        )
        lying = word_document(BODY.format("<w:p/>" * 1_000_000))
        real = len(BODY.format("<w:p/>" * 1_000_000)).to_bytes(4, "little")
        assert only_result(worker, ".docx", lying.replace(real, (100).to_bytes(4, "little"))).startswith(
            "it is damaged"
        )


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "expanded ">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + '<!ENTITY file SYSTEM "file:///etc/passwd">]>'
)


@pytest.mark.parametrize("entity", ["&j;", "&file;"])
def test_entities_are_never_expanded_nor_fetched(worker: Sandbox, entity: str) -> None:
    files = {
        ".docx": word_document(ENTITIES + BODY.format(f"<w:p><w:r><w:t>{entity}</w:t></w:r></w:p>")),
        ".rss": RSS.replace("<rss", ENTITIES + "<rss").replace("ملخص", entity).replace("عنوان", entity).encode(),
        ".html": (ENTITIES + HTML.replace("القاهرة", entity)).encode(),
        ".epub": epub_of([("Chapter", f"{entity} {ENGLISH}")], title=entity),
    }
    for suffix, data in files.items():
        found = list(worker.read(suffix, data))
        assert found
        assert "root:" not in str(found)
        assert "expanded expanded" not in str(found)


def test_nothing_is_written_to_the_terminal() -> None:
    code = (
        "import os, signal; from index.readers.sandbox import Sandbox\n"
        "with Sandbox() as worker:\n"
        "    for suffix in ('.pdf', '.html', '.docx', '.rss', '.md'): list(worker.read(suffix, b'%PDF-1.4 <rss>'))\n"
        "    os.kill(worker._child.pid, signal.SIGINT)  # Control-C reaches the child too\n"
        "    worker._child.wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_library_that_prints_does_not_spoil_the_replies() -> None:
    code = (
        "import os; from index.readers import registry; from index.readers.base import RawArticle\n"
        "def loud(data):\n    print('noise', flush=True); os.write(1, b'noise'); yield RawArticle('text')\n"
        "registry.READERS['.md'] = loud\n"
        "from index.readers.sandbox import main; main()"
    )
    request = b'{"suffix": ".md", "length": 1}\nx'
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=request, capture_output=True, check=True)
    ready, draft, end = map(json.loads, done.stdout.splitlines())
    assert (ready, draft["text"], list(end)) == ({"ready": True}, "text", ["memory"])


def test_the_users_folder_is_no_place_to_import_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docx.py").write_text("raise SystemExit", "utf-8")
    monkeypatch.chdir(tmp_path)
    with Sandbox() as worker:
        assert only_result(worker, ".docx", docx_of([ENGLISH])) == ENGLISH


def test_the_child_ends_with_its_parent_however_that_ends() -> None:
    code = (
        "import time; from index.readers.sandbox import Sandbox; worker = Sandbox(); list(worker.read('.md', b'text'));"
        "print(worker._child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    assert ends(pid)


def test_a_child_that_held_much_memory_gives_it_back() -> None:
    with Sandbox() as worker:
        list(worker.read(".md", b"text"))
        pid = child_of(worker)
        (found,) = worker.read(".docx", word_document(BODY.format("<w:p/>" * 2_000_000)))
        assert isinstance(found, RawArticle)
        assert worker.memory > 256 * 1024 * 1024
        assert ends(pid)


def test_what_is_refused_by_name(worker: Sandbox) -> None:
    assert only_result(worker, ".exe", b"MZ") == "files of this kind (.exe) are not read"
    assert only_result(worker, "", b"") == "files of this kind (no suffix) are not read"
