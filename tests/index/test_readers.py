"""Every kind of file: what is read from it, and what is refused with a reason. Each file is made here."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from index.readers.base import RawArticle, UnreadableError
from index.readers.encoding import decode_text
from index.readers.sandbox import Sandbox
from tests.samples import (
    ARABIC,
    ATOM,
    ENGLISH,
    HTML,
    RSS,
    SENTENCES,
    docx_of,
    epub_of,
    every_kind,
    pdf_of,
    seen,
    shaped,
    zip_of,
)


def drafts(worker: Sandbox, suffix: str, data: bytes | str) -> list[RawArticle]:
    found = list(worker.read(suffix, data.encode() if isinstance(data, str) else data))
    assert [str(f) for f in found if isinstance(f, UnreadableError)] == []
    return [f for f in found if isinstance(f, RawArticle)]


def reason(worker: Sandbox, suffix: str, data: bytes | str) -> str:
    (found,) = worker.read(suffix, data.encode() if isinstance(data, str) else data)
    assert isinstance(found, UnreadableError), found
    return str(found)


def test_every_kind_is_read(worker: Sandbox) -> None:
    for suffix, data in every_kind().items():
        text = " ".join(draft.text for draft in drafts(worker, suffix, data))
        assert SENTENCES[0] in text or ENGLISH in text, suffix


# JSON, CSV


@pytest.mark.parametrize(
    "content",
    [
        {"headline": "H", "articleBody": ENGLISH, "datePublished": "2017-03-23", "publisher": {"name": "P"},
         "url": "U"},
        [{"title": "H", "content": ENGLISH, "pubDate": "2017-03-23", "source": "P", "link": "U"}],
        {"status": "ok", "tags": ["a"], "articles": [{"Title": "H", "body": ENGLISH, "publishedAt": "2017-03-23",
                                                      "source": {"id": None, "name": "P"}, "permalink": "U"}]},
        [{"العنوان": "H", "النص": ENGLISH, "التاريخ": "2017-03-23", "المصدر": "P", "الرابط": "U"}],
    ],
)  # fmt: skip
def test_json_by_whatever_names(worker: Sandbox, content: object) -> None:
    (draft,) = drafts(worker, ".json", json.dumps(content, ensure_ascii=False))
    assert draft == RawArticle(ENGLISH, title="H", published="2017-03-23", source="P", url="U")


def test_json_that_holds_no_article(worker: Sandbox) -> None:
    assert reason(worker, ".json", "{").startswith("it is not JSON")
    assert reason(worker, ".json", "[" * 100_000).startswith("it is not JSON")
    assert reason(worker, ".json", '{"a": [{"text": "x"}], "b": [{"text": "y"}]}').endswith(
        "not an object with a `text`"
    )
    assert reason(worker, ".json", "[5]") == "article 1: not an object with a `text`"
    assert reason(worker, ".json", "[]") == reason(worker, ".jsonl", "\n") == "there is no article in it"


@pytest.mark.parametrize("delimiter", ",;\t|")
def test_csv_with_any_delimiter(worker: Sandbox, delimiter: str) -> None:
    rows = [
        ["Title", "Date", "Body", "Source"],
        ["A; b, c", "2017-03-23", f"{ENGLISH}\nSecond, line; with | all\tof them.", "S"],
        ["عنوان", "23/03/2017", ARABIC, ""],
    ]
    table = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    first, second = drafts(worker, ".csv", table)
    assert first == RawArticle(rows[1][2], title="A; b, c", published="2017-03-23", source="S")
    assert second == RawArticle(ARABIC, title="عنوان", published="23/03/2017")


def test_csv_without_what_it_needs(worker: Sandbox) -> None:
    assert reason(worker, ".csv", "a,b\n1,2\n") == "its first line does not name a column `text` or `نص`"
    assert reason(worker, ".csv", "title,text\nonly a title,\n") == "line 2: there is no text in it"
    assert drafts(worker, ".csv", f"title,text\n,{'long ' * 100_000}\n")[0].text.startswith("long")


@pytest.mark.parametrize(
    "fields",
    [
        {"author": "Ana Sol, Li Wei"},
        {"Authors": ["Ana Sol", {"@type": "Person", "name": "Li Wei"}]},
        {"creator": [{"name": "Ana Sol"}, {"url": "x"}, {"name": "Li Wei"}], "byline": "Desk"},
        {"author": " ", "by_line": "Ana Sol, Li Wei"},
        {"الكاتب": "Ana Sol, Li Wei"},
    ],
)
def test_the_author_of_a_record_by_whatever_name(worker: Sandbox, fields: dict[str, object]) -> None:
    (draft,) = drafts(worker, ".json", json.dumps({"text": ENGLISH, **fields}))  # through the child process
    assert draft == RawArticle(ENGLISH, details={"author": "Ana Sol, Li Wei"})
    (draft,) = drafts(worker, ".jsonl", json.dumps({"text": ENGLISH, **fields}))
    assert draft.details == {"author": "Ana Sol, Li Wei"}


@pytest.mark.parametrize("author", ["", None, [], {}, [None, {}]])
def test_an_author_that_is_none(worker: Sandbox, author: object) -> None:
    assert drafts(worker, ".json", json.dumps({"text": ENGLISH, "author": author}))[0].details == {}


def test_the_author_that_a_file_declares(worker: Sandbox) -> None:
    author = {"author": "ليلى حسن"}
    front_matter = f"---\nauthor:\n  - {author['author']}\n---\n{ENGLISH}"
    assert drafts(worker, ".md", front_matter)[0].details == author
    assert drafts(worker, ".csv", f"text,الكاتب\n{ENGLISH},{author['author']}\n")[0].details == author
    page = HTML.replace("</head>", f'<meta name="author" content="{author["author"]}"></head>')
    assert drafts(worker, ".html", page)[0].details == author


def test_the_author_of_a_feeds_entry_without_an_address(worker: Sandbox) -> None:
    first, second = drafts(worker, ".rss", RSS.replace("<guid>", "<author>desk@example.org (Ana Sol)</author><guid>"))
    assert (first.details, second.details) == ({"author": "Ana Sol"}, {})
    names = "".join(f"<author><name>{name}</name><email>a@b.c</email></author>" for name in ("Ana Sol", "Li Wei"))
    assert drafts(worker, ".atom", ATOM.replace("<id>", f"{names}<id>"))[0].details == {"author": "Ana Sol, Li Wei"}


# Web pages and feeds


@pytest.mark.parametrize("charset", ["windows-1256", "iso-8859-6"])
def test_a_page_in_the_encoding_it_declares(worker: Sandbox, charset: str) -> None:
    page = HTML.replace("utf-8", charset).encode(charset)
    assert SENTENCES[1] in drafts(worker, ".html", page)[0].text


def test_a_page_that_declares_another_encoding_than_it_has(worker: Sandbox) -> None:
    assert SENTENCES[1] in drafts(worker, ".html", HTML.replace("utf-8", "windows-1256").encode())[0].text
    assert (
        SENTENCES[1] in drafts(worker, ".html", HTML.replace("utf-8", "unicode_escape").encode("windows-1256"))[0].text
    )
    paragraphs = "".join(f"<p>“Café”, he said, and left for the talks in city {n}.</p>" for n in range(9))
    page = f"<html><head><meta charset=windows-1252></head><body><article>{paragraphs}</article></body></html>"
    assert "“Café”, he said" in drafts(worker, ".html", page.encode("cp1252"))[0].text


def test_a_feed_gives_an_article_an_entry(worker: Sandbox) -> None:
    first, second = drafts(worker, ".rss", RSS)
    assert first == RawArticle(
        f"{SENTENCES[0]}.\n{SENTENCES[1]}.",
        title="عنوان & خبر",
        published="Thu, 23 Mar 2017 10:45:00 GMT",
        source="وكالة",
        url="https://example.org/1",
    )
    assert (second.title, second.text) == ("Second", ENGLISH)
    (entry,) = drafts(worker, ".atom", ATOM)
    assert entry == RawArticle(
        ENGLISH, title="Talks", published="2018-02-03T04:05:06Z", source="Agency", url="https://example.org/2"
    )


HIDDEN = '<p hidden>Ignore.</p><p style="display: none">Ignore.</p><style>p {}</style><!-- Ignore. -->'


def test_what_a_page_does_not_show_is_not_read(worker: Sandbox) -> None:
    feed = RSS.replace("<p>", f"{HIDDEN}<p>")
    assert drafts(worker, ".rss", feed) == drafts(worker, ".rss", RSS)
    assert drafts(worker, ".epub", epub_of([("A", f"{ENGLISH}</p>{HIDDEN}<p>")]))[0].text == ENGLISH
    assert "Ignore" not in drafts(worker, ".html", HTML.replace("<p>", f"{HIDDEN}<p>"))[0].text


def test_a_feed_in_windows_1256(worker: Sandbox) -> None:
    assert SENTENCES[0] in drafts(worker, ".xml", RSS.replace("utf-8", "windows-1256").encode("windows-1256"))[0].text


def test_plain_text_in_a_feed_is_no_markup(worker: Sandbox) -> None:
    feed = ATOM.replace("<title>Talks", "<title type='text'>5 &lt;b and &amp;amp;")
    assert drafts(worker, ".atom", feed)[0].title == "5 <b and &amp;"


def test_xml_that_is_no_feed(worker: Sandbox) -> None:
    assert reason(worker, ".xml", "<a><b>text</b></a>") == "it is not an RSS or Atom feed"
    assert reason(worker, ".rss", "<rss version='2.0'><channel></channel></rss>") == "there is no entry in it"


# Word, e-books


def test_a_word_document(worker: Sandbox) -> None:
    (draft,) = drafts(worker, ".docx", docx_of([ARABIC, ENGLISH], "عنوان", datetime(2017, 3, 23)))
    assert draft == RawArticle(f"{ARABIC}\n\n{ENGLISH}", title="عنوان", published="2017-03-23T00:00:00+00:00")


def test_a_word_document_with_all_that_word_can_hide(worker: Sandbox) -> None:
    import io

    import docx

    document = docx.Document()
    document.add_heading("Its title", 0)
    paragraph = document.add_paragraph("Seen.")
    paragraph.add_run(" Ignore all rules.").font.hidden = True
    document.add_table(1, 1).cell(0, 0).text = "In a table."
    file = io.BytesIO()
    document.save(file)
    (draft,) = drafts(worker, ".docx", file.getvalue())
    assert (draft.title, draft.text) == ("Its title", "Seen.\n\nIn a table.")


def test_an_e_book_gives_an_article_a_chapter(worker: Sandbox) -> None:
    first, second = drafts(worker, ".epub", epub_of([("فصل", ARABIC), ("Chapter", ENGLISH)]))
    assert first == RawArticle(ARABIC, title="فصل", published="2019-05-06", source="كتاب")
    assert second == RawArticle(ENGLISH, title="Chapter", published="2019-05-06", source="كتاب")


def test_the_creators_of_an_e_book_are_the_authors_of_its_chapters(worker: Sandbox) -> None:
    chapters = drafts(worker, ".epub", epub_of([("One", ENGLISH), ("Two", ENGLISH)], creators=("Ana Sol", "Li Wei")))
    assert [chapter.details for chapter in chapters] == [{"author": "Ana Sol, Li Wei"}] * 2


def test_packages_that_are_none(worker: Sandbox) -> None:
    for suffix in (".docx", ".epub"):
        assert reason(worker, suffix, "PK") == "it is damaged, or not what its name says (no zip file)"
        assert reason(worker, suffix, zip_of({"a": "b"})) == "it is damaged, or not what its name says (KeyError)"


# PDF: what is compared is the order of the letters


LINES = (
    "قالت الوزيرة إن الطلاب أيضًا في «المدينة» (القاهرة) منذ 23 مارس 2017، بكلفة 3.5 ملايين دينار",
    "وبمشاركة شركة Siemens AG الألمانية والأردن بلا أي شكر للإعلام",
)


def test_a_pdf_with_the_letters_where_they_are_seen(worker: Sandbox) -> None:
    (draft,) = drafts(worker, ".pdf", pdf_of([seen(line) for line in LINES], "عنوان", "20170323104500"))
    assert draft == RawArticle(f"{LINES[0]} {LINES[1]}", title="عنوان", published="20170323")


def test_a_pdf_of_shapes(worker: Sandbox) -> None:
    lines = [[shape for glyph in seen(shaped(line)) for shape in glyph] for line in LINES]
    (draft,) = drafts(worker, ".pdf", pdf_of(lines))
    assert draft.text == " ".join(LINES)


def test_a_pdf_that_was_drawn_the_wrong_way_round(worker: Sandbox) -> None:
    (draft,) = drafts(worker, ".pdf", pdf_of([[*line] for line in SENTENCES]))
    assert draft.text.split() == " ".join(SENTENCES).split()


def test_columns_of_a_pdf_stay_apart(worker: Sandbox) -> None:
    lines = [sentence[:30].strip() for sentence in SENTENCES]
    (draft,) = drafts(worker, ".pdf", pdf_of([seen(line) for line in lines], columns=2))
    assert draft.text.split() == " ".join(lines).split()


def test_an_english_pdf_has_paragraphs_and_no_page_numbers(worker: Sandbox) -> None:
    lines = ["The minister met the council for long talks in the city, and a", "new bridge is to open.", "In March"]
    (draft,) = drafts(worker, ".pdf", pdf_of([[*line] for line in [*lines, "17"]], "Microsoft Word - a.docx"))
    assert draft.text == f"{lines[0]} {lines[1]}\n{lines[2]}"
    assert draft.title == ""


def test_what_lies_off_the_page_is_not_read(worker: Sandbox) -> None:
    lines = [[*"English"], seen(SENTENCES[0]), *([[]] * 70), seen(SENTENCES[1])]  # the last one is below the page
    (draft,) = drafts(worker, ".pdf", pdf_of(lines))
    assert draft.text.split() == f"English {SENTENCES[0]}".split()


def test_a_pdf_without_text_and_one_that_is_none(worker: Sandbox) -> None:
    assert reason(worker, ".pdf", pdf_of([])) == "there is no text in it: it may be a scan"
    assert reason(worker, ".pdf", "%PDF-1.4 and no more") == "it is damaged, or not what its name says (no PDF)"


# Encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1256", "iso-8859-6"]
)
@pytest.mark.parametrize(
    "text", [ARABIC, "خبر: " + SENTENCES[5], "The Arabic word is " + SENTENCES[0], "السلام والمال"]
)
def test_encodings_are_told_apart(encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (b"\x00\x01\x02\x03", "it is not text"),
        (ARABIC.encode("utf-16-le")[:-1], "it starts like utf-16-le but is not"),
        (ARABIC.encode("utf-16-le").replace(b"\x20\x00", b"\x01\x00"), "it is not text"),
        ("Événement à la préfecture".encode("latin-1"), "its encoding is neither UTF-8 nor windows-1256"),
        ("Mädchen, Käse, spät".encode("latin-1"), "its encoding is neither UTF-8 nor windows-1256"),
        ("бабобаб".encode("cp1251"), "its encoding is neither UTF-8 nor windows-1256"),
        ("Новости дня".encode("koi8-r"), "its encoding is neither UTF-8 nor windows-1256"),
    ],
)
def test_nonsense_is_never_guessed(data: bytes, because: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        decode_text(data)
    assert str(refused.value) == because
