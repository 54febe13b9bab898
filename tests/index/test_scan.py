"""Files a person could drop in a folder, good and bad: each becomes articles or a reason."""

from __future__ import annotations

import json
import os
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from index.errors import CollectionError
from index.sync.scan import scan
from index.types import Article, ReadLimits, Rejection

ARABIC = "قالت الوزيرة إن المشروع سيبدأ غدا. وأضافت أن الكلفة ثلاثة ملايين دينار."


def read_all(folder: Path, limits: ReadLimits = ReadLimits()) -> tuple[list[Article], list[Rejection]]:  # noqa: B008
    found = [item for file in scan(folder, "news", limits) for item in file.items]
    return [f for f in found if isinstance(f, Article)], [f for f in found if isinstance(f, Rejection)]


def only_article(folder: Path) -> Article:
    (article,), rejections = read_all(folder)
    assert not rejections
    return article


def only_reason(folder: Path) -> str:
    articles, (rejection,) = read_all(folder)
    assert not articles
    return rejection.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1256"])
def test_text_in_the_encodings_of_news(folder: Path, encoding: str) -> None:
    (folder / "خبر.txt").write_bytes(ARABIC.encode(encoding))
    article = only_article(folder)
    assert (article.text, article.language, article.path) == (ARABIC, "ar", "news/خبر.txt")
    assert (article.title, article.published, article.source) == ("", None, None)


def test_markdown_with_front_matter(folder: Path) -> None:
    (folder / "a.md").write_text(
        "---\ntitle: The vote\ndate: 2017-03-23\nsource: Agency\nurl: https://example.org/a\n---\n"
        "# Ignored heading\n\nThe *vote* passed, [they](http://x) said: 5 < 7.\n\n- one\n- two\n",
        "utf-8",
    )
    article = only_article(folder)
    assert (article.title, article.published, article.source) == ("The vote", "2017-03-23", "Agency")
    assert article.url == "https://example.org/a"
    assert article.text == "The vote passed, they said: 5 < 7.\n\none\n\ntwo"


def test_a_detail_is_one_clean_line_of_bounded_length(folder: Path) -> None:
    authors = ["Ana\u202e\n\u200bSol\x1b[31m", "   ", "x" * 500]
    lines = (json.dumps({"id": f"a:{n}", "text": ARABIC, "author": author}) for n, author in enumerate(authors))
    (folder / "a.jsonl").write_text("\n".join(lines), "utf-8")
    articles, _ = read_all(folder)
    assert [article.details for article in articles] == [{"author": "Ana Sol[31m"}, {}, {"author": "x" * 200}]


def test_markdown_takes_its_title_from_the_first_heading(folder: Path) -> None:
    (folder / "a.md").write_text("# عنوان\n\nنص المقال هنا.", "utf-8")
    assert (only_article(folder).title, only_article(folder).text) == ("عنوان", "نص المقال هنا.")


def test_html_keeps_the_article_and_leaves_the_page_out(folder: Path) -> None:
    body = "".join(
        f"<p>Paragraph {n} says that the minister met the council for talks in the city.</p>" for n in range(5)
    )
    (folder / "a.html").write_text(
        "<html><head><title>Talks in the city</title><meta property='article:published_time' content='2020-05-06'>"
        f"<script>alert(1)</script></head><body><nav>Home | About</nav><article><h1>Talks</h1>{body}</article></body>",
        "utf-8",
    )
    article = only_article(folder)
    assert "Paragraph 4 says" in article.text
    assert "alert" not in article.text
    assert article.published == "2020-05-06"
    assert article.title


def test_json_lines_give_many_articles_and_name_bad_lines(folder: Path) -> None:
    lines = [
        json.dumps(
            {"id": "n:1", "language": "ar", "title": "عنوان", "text": ARABIC, "published": "2016-12-04T10:45:00+01:00"}
        ),
        "{not json",
        json.dumps({"id": "n:2", "text": "English text.", "source": "S"}),
        json.dumps(["a list"]),
        json.dumps({"text": 5}),
        json.dumps({"text": "   "}),
        "[" * 100_000,
    ]
    (folder / "a.jsonl").write_text("\n".join(lines), "utf-8")
    articles, rejections = read_all(folder)
    assert [(a.id, a.language, a.published) for a in articles] == [("n:1", "ar", "2016-12-04"), ("n:2", "en", None)]
    assert [r.reason for r in rejections] == [
        "line 2 is not JSON",
        "line 4: not an object with a `text`",
        "line 5: not an object with a `text`",
        "there is no text in it",
        "line 7 is not JSON",
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "there is no text in it"),
        ("marks.txt", "؟!\n…".encode(), "there is no text in it"),
        ("picture.txt", b"\x89PNG\r\n\x1a\n\x00\x00", "it is not text"),
        ("latin.txt", "Événement à la préfecture, répète-t-il".encode("latin-1"), "its encoding is neither"),
        ("cut.txt", b"\xff\xfea", "it starts like utf-16"),
        ("photo.jpg", b"x", "files of this kind (.jpg) are not read"),
        ("README", b"x", "files of this kind (no suffix) are not read"),
        ("a.html", b"<html><body></body></html>", "there is no article text in the page"),
        ("a.md", b"---\ntitle: [\n---\ntext", "its front matter is not YAML"),
    ],
)
def test_what_is_not_an_article_is_told(folder: Path, name: str, content: bytes, reason: str) -> None:
    (folder / name).write_bytes(content)
    assert only_reason(folder).startswith(reason)


def test_limits_refuse_and_never_cut(folder: Path) -> None:
    (folder / "a.txt").write_text("كلمة " * 1000, "utf-8")
    _, (rejection,) = read_all(folder, ReadLimits(file_bytes=1024 * 1024, article_characters=100))
    assert "longer than 100 characters" in rejection.reason
    with (folder / "a.txt").open("wb") as file:
        file.truncate(3 * 1024 * 1024)
    _, (rejection,) = read_all(folder, ReadLimits(file_bytes=2 * 1024 * 1024))
    assert "larger than 2 MB" in rejection.reason


def test_only_regular_files_below_the_folder_are_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret text", "utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "dir").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.txt")
    (folder / ".hidden.txt").write_text("hidden text", "utf-8")
    articles, rejections = read_all(folder)
    assert not articles
    assert {r.path: r.reason for r in rejections} == {
        "news/dir": "it is a symbolic link",
        "news/link.txt": "it is a symbolic link",
        "news/pipe.txt": "it is not a regular file",
    }


def test_special_files_and_strange_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(folder)  # the name of a socket may have 107 characters
        server.bind("door.txt")
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder)
    for name in ("a..txt", "ب ج.txt", "new\nline.txt", "'; rm -rf ~ #.txt", "-rf.txt", "*.txt"):
        (folder / name).write_text(f"The text of {name!a}.", "utf-8")
    articles, rejections = read_all(folder)
    assert len(articles) == 6
    assert "news/new\\nline.txt" in {article.path for article in articles}
    assert {r.path: r.reason for r in rejections} == {
        "news/door.txt": "it is not a regular file",
        "news/loop": "it is a symbolic link",
        "news/zero.txt": "it is a symbolic link",
    }


def test_temporary_files_are_passed_over(folder: Path) -> None:
    for name in (
        "~$a.docx",
        "a.txt~",
        ".a.txt.swp",
        "a.txt.swp",
        "b.pdf.crdownload",
        "c.html.part",
        "#a.txt#",
        "a.tmp",
    ):
        (folder / name).write_bytes(b"\x00")
    (folder / "a.part.txt").write_text(ARABIC, "utf-8")
    assert only_article(folder).path == "news/a.part.txt"


def test_a_folder_too_deep_to_be_named_leaves_the_rest(folder: Path, trials: Callable[[int, int], int]) -> None:
    (folder / "z.txt").write_text(ARABIC, "utf-8")
    before = Path.cwd()
    os.chdir(folder)
    depth = trials(2_100, 10_000)
    try:
        for _ in range(depth):
            os.mkdir("d")  # noqa: PTH102 - no Path is long enough
            os.chdir("d")
        articles, (rejection,) = read_all(folder)
        assert [article.path for article in articles] == ["news/z.txt"]
        assert rejection.path.startswith("news/d/d/d/")
        assert rejection.reason.startswith("it cannot be read now (File name too long)")
    finally:
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")  # noqa: PTH106
        os.chdir(before)


def test_a_huge_file_is_refused_by_its_size_before_it_is_read(folder: Path) -> None:
    with (folder / "a.txt").open("wb") as file:
        file.truncate(5 * 1024**3)
    tracemalloc.start()
    reason = only_reason(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason == "it is larger than 64 MB: split it, or raise MUJIB_MAX_FILE_MB"
    assert peak < 1024 * 1024


def test_a_folder_that_cannot_be_entered_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "locked.txt").mkdir()
    (folder / "locked").mkdir()
    (folder / "a.txt").write_text(ARABIC, "utf-8")
    real_scandir = os.scandir

    def refuse(path: str | Path) -> object:
        if "locked" in str(path):
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (_,), rejections = read_all(folder)
    assert {r.path for r in rejections} == {"news/locked", "news/locked.txt"}
    assert {r.reason for r in rejections} == {"it cannot be read now (Permission denied); what is stored of it stays"}


def test_an_unreadable_file_leaves_the_rest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.txt").write_text(ARABIC, "utf-8")
    (folder / "b.txt").write_text("Other text.", "utf-8")
    real_open = os.open

    def refuse(path: str | Path, *arguments: int) -> int:  # root may read everything, so permissions prove nothing
        if str(path).endswith("a.txt"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    (article,), (rejection,) = read_all(folder)
    assert article.text == "Other text."
    assert (rejection.path, rejection.reason) == (
        "news/a.txt",
        "it cannot be read now (Permission denied); what is stored of it stays",
    )


def test_names_that_are_not_utf8(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.txt"))).write_text("Some text.", "utf-8")
    article = only_article(folder)
    assert article.path == r"news/bad\xff.txt"
    article.path.encode("utf-8")


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"cannot read .*nowhere"):
        list(scan(tmp_path / "nowhere", "nowhere", ReadLimits()))


def test_the_same_content_has_the_same_id_wherever_it_lies(folder: Path) -> None:
    (folder / "a.txt").write_text(ARABIC, "utf-8")
    before = only_article(folder)
    (folder / "a.txt").rename(folder / "b.txt")
    after = only_article(folder)
    assert (before.id, before.sha256) == (after.id, after.sha256)
    (folder / "b.txt").write_text(ARABIC + " زيادة.", "utf-8")
    assert only_article(folder).id != before.id


def test_what_a_record_says_can_always_be_written_down(folder: Path) -> None:
    records = [
        r'{"text": "First text.", "source": "a\ud800b\nc", "url": "\ud800", "id": "a\ud800"}',
        r'{"text": "Second text.", "id": "1", "title": "\ud800"}',
        r'{"text": "Third text.", "id": "n:1"}',
    ]
    (folder / "a.jsonl").write_text("\n".join(records), "utf-8")
    articles, rejections = read_all(folder)
    assert not rejections
    assert (articles[0].source, articles[0].url) == ("a\ufffdb c", "\ufffd")
    assert [len(article.id) for article in articles] == [16, 16, 3]
    for article in articles:
        repr(article).encode("utf-8")


def test_a_hashtag_is_a_name_and_a_folder_is_never_temporary(folder: Path) -> None:
    (folder / "قسم.part").mkdir()
    (folder / "قسم.part" / "#عاجل.txt").write_text(ARABIC, "utf-8")
    assert only_article(folder).path == "news/قسم.part/#عاجل.txt"
