"""What is found: in which order, in which language, each article once, for any question."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.store.snapshot import Snapshot, open_snapshot
from index.store.writer import EmbeddedArticle, Writer
from index.text.chunking import split_into_chunks
from index.text.normalize import fold_with_offsets
from index.text.tokenize import tokenize
from index.types import Article, ArticleChange, ArticleHit
from qa.errors import QuestionError
from qa.pipeline import EVERYTHING
from qa.retrieval.candidates import find_candidates
from qa.retrieval.evidence import rank_evidence
from qa.retrieval.hybrid import search
from qa.types import Question, SearchFilter
from qa.understanding.validation import parse_question
from tests.conftest import article
from tests.fakes import FakeEmbedder

LONDON_EN = "The police arrested eight people in London. The city was calm in the evening."
LONDON_AR = "أوقفت الشرطة ثمانية أشخاص في لندن. وكانت المدينة هادئة في المساء."
OTHERS_EN = [f"Bakers of village number {n} sold bread, cheese and honey at market{n}." for n in range(8)]
OTHERS_AR = [f"باع خبازو القرية رقم {n} خبزا وجبنا وعسلا في السوق{n}." for n in range(8)]


@contextmanager
def stored(path: Path, articles: Sequence[Article]) -> Iterator[Snapshot]:
    """Give a snapshot of a store that holds these articles, written in this order."""
    embedder = FakeEmbedder()
    with Writer(path, embedder.identity) as writer:
        writer.record_files({name: [] for name in ["articles"]})
        for one in articles:
            chunks = split_into_chunks(one)
            vectors = [embedder.embed_passages([one.title] * len(chunk.spans), chunk.sentences) for chunk in chunks]
            writer.commit({one.id: "articles"}, [EmbeddedArticle(ArticleChange(one), chunks, vectors)])
    with closing(open_snapshot(path)) as snapshot:
        yield snapshot


def ask(
    snapshot: Snapshot,
    text: str | Question,
    k: int = 10,
    search_filter: SearchFilter = EVERYTHING,
) -> list[ArticleHit]:
    question = parse_question(text) if isinstance(text, str) else text
    return search(snapshot, question, FakeEmbedder().embed_queries([question.text])[0], search_filter, k)


def texts(*bodies: str) -> list[Article]:
    return [article(body, id=f"a{n}", path=f"articles/{n}.txt") for n, body in enumerate(bodies)]


def found(hits: Sequence[ArticleHit]) -> list[str]:
    return [hit.article_id for hit in hits]


def test_words_and_meaning_find_the_passage_in_both_languages(store: Path) -> None:
    with stored(store, texts(*OTHERS_EN, *OTHERS_AR, LONDON_EN, LONDON_AR)) as snapshot:
        assert found(ask(snapshot, "Whom did the police arrest in London?"))[0] == "a16"
        assert found(ask(snapshot, "من أوقفت الشرطة في لندن؟"))[0] == "a17"


def test_a_question_finds_what_is_only_in_the_other_language(store: Path) -> None:
    with stored(store, texts(*OTHERS_EN, LONDON_AR)) as snapshot:
        hit = ask(snapshot, "police arrest London")[0]
        assert (hit.article_id, hit.hits[0].lexical_rank) == ("a8", None)


def test_each_language_has_its_place_among_the_first(store: Path) -> None:
    with stored(store, texts(*OTHERS_EN, *OTHERS_AR)) as snapshot:
        for question in ("Who sold bread and honey at market3?", "من باع الخبز والعسل في السوق3؟"):
            languages = [snapshot.article(id_).language for id_ in found(ask(snapshot, question))[:5]]
            assert min(languages.count("ar"), languages.count("en")) >= 2


def test_copies_are_one_hit(store: Path) -> None:
    report = (
        "The minister said on Monday that the new bridge over the river would be opened in the spring of next year. "
        "Work on the bridge began four years ago. The old bridge was closed when cracks were found in its pillars. "
        "Both banks of the river will be joined by a road and a tram line."
    )
    copies = [report, f"{report} The mayor did not comment.", f"Our correspondent writes. {report}"]
    with stored(store, texts(*OTHERS_EN, *copies, "The minister opened a new school on Monday.")) as snapshot:
        hits = ask(snapshot, "When will the new bridge over the river be opened?")
        assert {hits[0].article_id, *hits[0].duplicates} == {"a8", "a9", "a10"}
        assert len(found(hits)) == len(set(found(hits))) == 10
        assert "a11" in found(hits)


def test_a_translation_is_no_copy(store: Path) -> None:
    with stored(store, texts(LONDON_EN, LONDON_AR)) as snapshot:
        hits = ask(snapshot, "police arrest London")
        assert (sorted(found(hits)), [hit.duplicates for hit in hits]) == (["a0", "a1"], [(), ()])


def test_a_translation_stays_behind_what_it_translates(store: Path) -> None:
    translations = (
        "Police arrest: London city.",
        "أوقف شرطة لندن مدينة",
    )  # in words that the small embedder translates
    with stored(store, texts(*translations)) as snapshot:
        for question, own in (("police arrest London", "en"), ("الشرطة في مدينة لندن", "ar")):
            first, second = ask(snapshot, question)
            assert (snapshot.article(first.article_id).language, first.translation) == (own, False)
            assert second.translation
            assert all(hit.score <= first.score for hit in second.hits)
            assert rank_evidence(snapshot, parse_question(question), [first, second])[0].language == own


def test_what_is_searched_is_what_dense_and_lexical_search_name(store: Path) -> None:
    with stored(store, texts(*OTHERS_EN, LONDON_EN, LONDON_AR)) as snapshot:
        question = parse_question("police arrest London")
        vector = FakeEmbedder().embed_queries([question.text])[0]
        sets = {found.language: found for found in find_candidates(snapshot, question, vector, SearchFilter())}
        assert not len(sets["ar"].lexical.rows)  # words of one language are not in the other
        named: dict[tuple[str, str], int] = {}
        for found_set in sets.values():
            for kind, ranking in (("dense", found_set.dense), ("lexical", found_set.lexical)):
                assert sorted(ranking.scores, reverse=True) == list(ranking.scores)
                for row, rank in ranking.ranks().items():
                    (chunk,) = snapshot.chunks([found_set.index.chunk_numbers[row]])
                    named[chunk.id, kind] = rank
        for hit in (hit for of_article in ask(snapshot, question.text, k=20) for hit in of_article.hits):
            assert hit.dense_rank == named.pop((hit.chunk.id, "dense"), None)
            assert hit.lexical_rank == named.pop((hit.chunk.id, "lexical"), None)
        assert not named


def test_dates_and_articles_left_out(store: Path) -> None:
    dated = [
        article(f"{LONDON_EN} Edition {day}.", id=day, path=f"articles/{day}.txt", published=day)
        for day in ("2016-12-31", "2017-03-23")
    ]
    with stored(store, [*dated, article(LONDON_AR, id="undated", path="articles/u.txt")]) as snapshot:
        assert found(ask(snapshot, "police in London", search_filter=SearchFilter(since="2017-01-01"))) == [
            "2017-03-23"
        ]
        assert found(ask(snapshot, "police in London", search_filter=SearchFilter(until="2016-12-31"))) == [
            "2016-12-31"
        ]
        assert "undated" not in found(
            ask(snapshot, "police in London", search_filter=SearchFilter(without=("undated",)))
        )
        assert "2017-03-23" in found(ask(snapshot, "23 March 2017"))[:1]


@settings(max_examples=15)
@given(seed=st.integers(0, 1000))
def test_the_order_of_writing_does_not_matter(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    articles = texts(*OTHERS_EN, *OTHERS_AR, LONDON_EN, LONDON_AR, LONDON_EN + " More was not known.")
    shuffled = random.Random(seed).sample(articles, len(articles))
    folder = tmp_path_factory.mktemp("order")
    questions = ("police arrest London", "من أوقفت الشرطة؟", "bread and honey", "خبز وعسل")
    with stored(folder / "one.sqlite", articles) as one, stored(folder / "two.sqlite", shuffled) as other:
        for question in questions:
            assert ask(one, question) == ask(other, question)


@pytest.mark.parametrize(
    "question",
    [
        *("لندن", "London", "8", "the of and", "في من على", "؟ London !", "police AND NOT bread", 'arrest* OR "London'),
        *("NEAR(police london)", "title: london", "😀 London 😀", "police في لندن", "London's", "l'affaire", "١٢٣"),
    ],
)
def test_any_question_finds_something_or_nothing(store: Path, question: str) -> None:
    with stored(store, texts(*OTHERS_EN, LONDON_EN, LONDON_AR)) as snapshot:
        hits = ask(snapshot, question)
        assert len(hits) == 10
        assert hits == ask(snapshot, question)


@pytest.mark.parametrize("question", ["?", "؟!...", " ", "«»", "😀", "\u200f\u200b"])
def test_a_question_without_a_word_is_refused(question: str) -> None:
    with pytest.raises(QuestionError, match="in words"):
        parse_question(question)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("أوقفت الشرطة ثمانية أشخاص", "اوقفت الشرطه ثمانيه اشخاص"),
        ("المستشفى الكبير", "المستشفي الكبير"),
        ("الإِرْهَابُ في المَدِينَةِ", "الارهاب في المدينة"),
        ("الحريـــة للجميع", "الحرية للجميع"),
        ("عام 2014 وحده", "عام ٢٠١٤ وحده"),
        ("إسرائيل وآسيا", "اسرائيل واسيا"),
        ("#حرية_التعبير", "حرية التعبير"),
        ("کتاب ایران", "كتاب ايران"),
    ],
)
def test_spelling_does_not_matter(store: Path, written: str, asked: str) -> None:
    assert tokenize(written) == tokenize(asked)
    with stored(store, texts(*OTHERS_AR, f"ورد أمس {written} في الخبر.")) as snapshot:
        assert found(ask(snapshot, asked))[0] == "a8"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("ماذا تفعل الحكومة لأجل المستشفيات", "الحكومة بتعمل ايه عشان المستشفيات"),
        ("أين السوق الكبير", "وين السوق الكبير"),
    ],
)
def test_dialect_meets_its_standard_words(store: Path, written: str, asked: str) -> None:
    with stored(store, texts(*OTHERS_AR, written)) as snapshot:
        assert found(ask(snapshot, asked))[0] == "a8"


def test_a_question_of_two_thousand_words(store: Path) -> None:
    words = " ".join(f"word{n}" for n in range(2000)) + " police arrest London"
    with pytest.raises(QuestionError, match="at most 2,000"):
        parse_question(words)
    with stored(store, texts(*OTHERS_EN, LONDON_EN)) as snapshot:
        assert "a8" in found(ask(snapshot, Question(words, "en")))


def test_a_collection_of_one_and_of_none(store: Path) -> None:
    with stored(store, texts(LONDON_AR)) as snapshot:
        assert found(ask(snapshot, "Who was arrested?")) == ["a0"]
    with Writer(store, FakeEmbedder.identity) as writer:
        writer.delete_articles(["a0"])
    with closing(open_snapshot(store)) as snapshot:
        assert ask(snapshot, "Who was arrested?") == []


def test_a_ligature_of_eighteen_letters_repeated_costs_little() -> None:
    def take() -> list[list[str]]:
        written = article("سلام. " + "\ufdfa" * 999_990)
        return [tokenize(chunk.text) for chunk in split_into_chunks(written)]

    start = time.process_time()
    assert take()[0]
    assert time.process_time() - start < 2
    tracemalloc.start()
    take()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6


@given(st.text())
def test_folding_keeps_the_offset_of_each_letter(text: str) -> None:
    folded, offsets = fold_with_offsets(text)
    assert len(folded) == len(offsets)
    assert offsets == sorted(offsets)
    for character, offset in zip(folded, offsets, strict=True):
        assert character in fold_with_offsets(text[offset])[0]
