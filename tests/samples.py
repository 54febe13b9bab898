"""Small files of every kind, made by the tests: their content is known to the last letter."""

from __future__ import annotations

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from datetime import datetime

SENTENCES = (
    "قالت الوزيرة إن المشروع الجديد سيبدأ غدا في مدينة القاهرة",
    "وأضافت أن الكلفة الإجمالية تبلغ ثلاثة ملايين دينار",
    "وصل الطلاب إلى المدرسة الثانوية قبل افتتاح المكتبة",
    "لا يزال العمل مستمرا منذ بداية السنة الماضية",
    "أعلنت وزارة الصحة عن حملة واسعة لتطعيم الأطفال في القرى البعيدة",
    "هل تنتهي الأزمة الاقتصادية قريبا كما وعدت الحكومة؟",
    "أسعار الخضر والفواكه ارتفعت، حسب التجار، في كل الأسواق",
    "استقبل الرئيس وفدا من رجال الأعمال بالعاصمة أول أمس",
)
ARABIC = ". ".join(SENTENCES[:4]) + "."
ENGLISH = "The minister met the council for talks in the city. A new bridge is to open there in March."

_JOINING = set("بتثجحخسشصضطظعغفقكلمنهيئ")  # joined to the letter that follows; the others only to the one before


def shaped(text: str) -> str:
    """Return `text` (without marks) in the shapes of its letters, as old programs store it."""
    return re.sub(r"[ء-ي]+", lambda word: "".join(_shapes(word[0])), text)


def _shapes(word: str) -> list[str]:
    letters = re.findall("ل[اأإآ]|.", word)
    shapes = []
    for place, letter in enumerate(letters):
        before = place > 0 and letters[place - 1] in _JOINING and letter != "ء"
        after = letter in _JOINING and place + 1 < len(letters) and letters[place + 1] != "ء"
        form = ("MEDIAL" if after else "FINAL") if before else ("INITIAL" if after else "ISOLATED")
        name = unicodedata.name(letter[-1])
        if len(letter) == 2:
            name = f"ARABIC LIGATURE LAM WITH {name.removeprefix('ARABIC LETTER ')}"
        shapes.append(unicodedata.lookup(f"{name} {form} FORM"))
    return shapes


def seen(line: str) -> list[str]:
    """Return the glyphs of an Arabic line from left to right: لا is one, numbers and Latin words run on."""
    mirrored = line.translate(str.maketrans("()«»", ")(»«"))
    runs = re.findall(r"[A-Za-z][A-Za-z ]*[A-Za-z]|\d+(?:[.,:/]\d+)*|ل[اأإآ]|.", mirrored)
    return [glyph for run in runs[::-1] for glyph in (run if run[0].isascii() else [run])]


def backwards(line: str) -> str:
    """Return an Arabic line as its letters are seen from left to right."""
    return "".join(glyph[::-1] for glyph in seen(line))


def pdf_of(lines: Sequence[Sequence[str]], title: str = "", created: str = "", columns: int = 1) -> bytes:
    """Return a PDF whose only page shows `lines` of glyphs from left to right; a glyph may stand for many letters.

    The columns stand beside each other, the first one to the right.
    """
    height = -(-len(lines) // columns) or 1
    glyphs = sorted({glyph for line in lines for glyph in line})
    code = {glyph: number for number, glyph in enumerate(glyphs, start=1)}
    width = {glyph: 0 if unicodedata.combining(glyph[0]) else 280 if glyph == " " else 600 for glyph in glyphs}
    mapping = "\n".join(f"<{code[g]:04x}> <{g.encode('utf-16-be').hex()}>" for g in glyphs)
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{len(glyphs)} beginbfchar\n{mapping}\nendbfchar\n"
        "endcmap end end"
    )
    shown = ""
    for n, line in enumerate(lines):
        x, y = 40 + 250 * (columns - 1 - n // height), 800 - 14 * (n % height)
        shown += f"BT /F1 10 Tf 1 0 0 1 {x} {y} Tm <{''.join(f'{code[g]:04x}' for g in line)}> Tj ET\n"
    widths = " ".join(f"{code[g]} [{width[g]}]" for g in glyphs)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
        "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [6 0 R] "
        "/ToUnicode 8 0 R >>",
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /FontDescriptor 7 0 R /DW 600 "
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /W [{widths}] >>",
        "<< /Type /FontDescriptor /FontName /A /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0 /Ascent 800 "
        "/Descent -200 /CapHeight 700 /StemV 80 >>",
        f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
        f"<< /Title <{(chr(0xFEFF) + title).encode('utf-16-be').hex()}> /CreationDate (D:{created}) >>",
    ]
    data = b"%PDF-1.5\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>"
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n{trailer}\nstartxref\n{len(data)}\n%%EOF"
    return data + end.encode()


def docx_of(paragraphs: Sequence[str], title: str = "", created: datetime | None = None) -> bytes:
    """Return a Word document of these paragraphs."""
    import docx

    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.core_properties.title = title
    document.core_properties.created = created or datetime(2020, 1, 2)
    return _saved(document)


def _saved(document: object) -> bytes:
    file = io.BytesIO()
    document.save(file)  # type: ignore[attr-defined]
    return file.getvalue()


def zip_of(members: dict[str, str | bytes]) -> bytes:
    """Return a zip file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return file.getvalue()


def epub_of(
    chapters: Sequence[tuple[str, str]], title: str = "كتاب", day: str = "2019-05-06", creators: Sequence[str] = ()
) -> bytes:
    """Return an e-book of chapters, each a heading and a text."""
    items = "".join(
        f'<item id="c{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    names = "".join(f"<dc:creator>{name}</dc:creator>" for name in creators)
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata><dc:title>{title}</dc:title><dc:date>{day}</dc:date><dc:language>ar</dc:language>{names}</metadata>"
        f'<manifest><item id="nav" href="nav.xhtml" properties="nav"/>{items}</manifest>'
        f'<spine><itemref idref="nav"/>{spine}</spine></package>',
        "OEBPS/nav.xhtml": "<html><body><nav><a>contents</a></nav></body></html>",
    }
    for n, (heading, text) in enumerate(chapters):
        members[f"OEBPS/text/c {n}.xhtml"] = (
            '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>'
            f"</head><body><h1>{heading}</h1><p>{text}</p></body></html>"
        )
    return zip_of(members)


RSS = f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>وكالة</title>
<language>ar</language><item><title>عنوان &amp; خبر</title><link>https://example.org/1</link><guid>1</guid>
<pubDate>Thu, 23 Mar 2017 10:45:00 GMT</pubDate><description>ملخص</description>
<content:encoded><![CDATA[<p>{SENTENCES[0]}.</p><p>{SENTENCES[1]}.<script>alert(1)</script></p>]]></content:encoded>
</item><item><title>Second</title><description>&lt;b&gt;{ENGLISH}&lt;/b&gt;</description></item></channel></rss>"""

ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Agency</title><entry><title>Talks</title>
<link href="https://example.org/2"/><id>urn:2</id><updated>2018-02-03T04:05:06Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{ENGLISH}</p></div></content></entry></feed>"""

HTML = (
    '<html lang="ar"><head><meta charset="utf-8"><title>عنوان</title>'
    '<meta property="article:published_time" content="2020-05-06"></head>'
    f"<body><article><h1>عنوان</h1>{''.join(f'<p>{sentence}.</p>' for sentence in SENTENCES)}</article></body></html>"
)


def every_kind() -> dict[str, bytes]:
    """Return a small, valid file of every kind that is read."""
    record = {"id": "a:1", "title": "عنوان", "text": ARABIC, "published": "2017-03-23"}
    texts: dict[str, str] = {
        ".txt": ARABIC,
        ".md": f"---\ntitle: عنوان\ndate: 2017-03-23\n---\n# Head\n\n{ENGLISH}\n\n- [one](http://x)\n",
        ".html": HTML,
        ".jsonl": f"{json.dumps(record)}\n{json.dumps(record, ensure_ascii=False)}\n",
        ".json": json.dumps({"status": "ok", "articles": [record, record]}, ensure_ascii=False),
        ".csv": f'title,date,text\nعنوان,2017-03-23,"{ARABIC}"\nHead,2018-01-01,"{ENGLISH}"\n',
        ".rss": RSS,
        ".xml": RSS,
        ".atom": ATOM,
    }
    files = {suffix: text.encode() for suffix, text in texts.items()}
    files[".pdf"] = pdf_of([seen(sentence) for sentence in SENTENCES], "عنوان", "20170323104500")
    files[".docx"] = docx_of(SENTENCES, "عنوان")
    files[".epub"] = epub_of([("فصل", ARABIC), ("Chapter", ENGLISH)])
    return files
