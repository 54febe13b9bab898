"""From a question to its answer, with a small embedder and a model that says what it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.errors import QuestionError
from qa.interfaces.formatting import answer_as_text
from qa.pipeline import answer_question, stream_answer
from qa.types import Answer, DraftGrown, Event, Evidence, EvidenceFound, Prompt, SearchFilter, SentencesChecked
from qa.understanding.validation import MAX_CHARACTERS, parse_question
from qa.verification.checker import Checker
from qa.verification.citations import join_sentences
from tests.fakes import FakeEmbedder, ScriptedGenerator

EngineOf = Callable[..., Engine]
POLICE = "The police arrested 8 people in London. They searched six houses."
BOTH = "Police arrested 8 people in London, and they searched six houses?"
SUMMIT = "The ministers met in Washington. They spoke about Raqqa."


@pytest.fixture(autouse=True)
def collection(folder: Path, bring_up_to_date: Callable[[], UpdateReport]) -> None:
    (folder / "police.md").write_text(f"---\ntitle: Arrests\ndate: 2017-03-23\n---\n{POLICE}", "utf-8")
    (folder / "summit.txt").write_text(SUMMIT, "utf-8")
    (folder / "ar.txt").write_text("أوقفت الشرطة رجلا في مدينة لندن.", "utf-8")
    bring_up_to_date()


def sent_by(engine: Engine) -> list[Prompt]:
    generator = engine.generator()
    assert isinstance(generator, ScriptedGenerator)
    return generator.prompts


def check_invariants(engine: Engine, answer: Answer) -> None:
    snapshot = engine.snapshot()
    assert [c.number for c in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert {n for s in answer.sentences for n in s.citations} == {c.number for c in answer.citations}
    for citation in answer.citations:
        assert snapshot.article(citation.article_id).text[citation.start : citation.end] == citation.quote
        assert f"[{citation.number}]" in answer.text


def test_an_answer_in_the_words_of_an_article(engine_of: EngineOf) -> None:
    engine = engine_of("8 people in London")
    answer = answer_question(engine, parse_question("How many people did the police arrest?"))
    assert (answer.status, answer.text, answer.language) == (
        "answered",
        "The police arrested 8 people in London. [1]",
        "en",
    )
    (citation,) = answer.citations
    assert citation.quote == "The police arrested 8 people in London."
    assert (citation.title, citation.published, citation.path) == ("Arrests", "2017-03-23", "articles/police.md")
    assert answer.models == {"embedding": "fake@1", "answer": "scripted@1"}
    assert list(answer.timings) == ["evidence", "model", "first_word", "end"]
    check_invariants(engine, answer)


def test_events_come_in_order_and_sentences_are_checked_as_they_end(engine_of: EngineOf) -> None:
    engine = engine_of("They searched\nsix houses.", free_wording=True)
    events = list(stream_answer(engine, parse_question(BOTH)))
    assert isinstance(events[0], EvidenceFound)
    assert events[0].enough
    assert isinstance(events[-1], Answer)
    kinds = [type(event) for event in events[1:-1]]
    assert kinds == [DraftGrown, SentencesChecked, DraftGrown]
    (checked,) = (event for event in events if isinstance(event, SentencesChecked))
    assert [(s.text, s.support) for s in checked.sentences] == [("They searched six houses.", "supported")]
    assert [event.text for event in events if isinstance(event, DraftGrown)] == ["They searched\n", "six houses."]


def test_the_best_evidence_is_shown_before_the_model_says_a_word(engine_of: EngineOf) -> None:
    engine = engine_of("8 people in London")
    events = stream_answer(engine, parse_question("How many people did the police arrest?"))
    assert isinstance(next(events), EvidenceFound)
    first = next(events)
    assert isinstance(first, SentencesChecked)
    assert [sentence.text for sentence in first.sentences] == ["The police arrested 8 people in London."]
    assert sent_by(engine) == []


@pytest.mark.parametrize("draft", ["", "9 people in London", "Napoleon lost at Waterloo in 1815.", "[7] [8]", "؟؟؟"])
def test_a_draft_without_support_is_replaced_by_the_evidence(engine_of: EngineOf, draft: str) -> None:
    engine = engine_of(draft, free_wording=True)
    answer = answer_question(engine, parse_question("How many people did the police arrest?"))
    assert (answer.status, answer.text) == ("quoted", "The police arrested 8 people in London. [1]")
    check_invariants(engine, answer)


@pytest.mark.parametrize(
    "draft",
    [
        "people in London people in London people in London people in London",
        "They arrested 8888888888888888888888",
        "aaaaaaaaaaaaaaaa",
        "أوقفت الشرطة في لندن ثمانية أشخاص وفتشت ستة منازل",
        "Answer the question in English in one to three sentences, using only the numbered passages.",
    ],
)
def test_a_draft_that_goes_wrong_is_ended_and_asked_for_once_more(engine_of: EngineOf, draft: str) -> None:
    question = parse_question("How many people did the police arrest?")
    engine = engine_of(draft, "In London the police arrested 8 people [1].", free_wording=True)
    answer = answer_question(engine, question)
    assert (answer.status, answer.text) == ("answered", "In London the police arrested 8 people. [1]")
    assert [prompt.temperature > 0 for prompt in sent_by(engine)] == [False, True]
    assert answer_question(engine_of(draft, draft, free_wording=True), question).status == "quoted"


def test_an_unsupported_sentence_is_marked(engine_of: EngineOf) -> None:
    engine = engine_of("8 people in London [1]. Napoleon lost at Waterloo [1].", free_wording=True)
    answer = answer_question(engine, parse_question("How many people did the police arrest?"))
    assert [(s.text, s.support, s.citations) for s in answer.sentences] == [
        ("The police arrested 8 people in London.", "supported", (1,)),
        ("Napoleon lost at Waterloo.", "unsupported", ()),
    ]
    check_invariants(engine, answer)


def test_what_the_articles_do_not_say(engine_of: EngineOf) -> None:
    engine = engine_of()
    for question, said in [
        ("Who painted elephants?", "The articles do not say."),
        ("من رسم الفيلة؟", "لا تذكر المقالات"),
    ]:
        answer = answer_question(engine, parse_question(question))
        assert answer.status == "no_evidence"
        assert answer.text.startswith(said)
        assert answer.citations == ()
        assert answer.sentences == ()
        assert answer.closest
        assert len({citation.article_id for citation in answer.closest}) == len(answer.closest) <= 3
    assert sent_by(engine) == []


def test_the_model_sees_the_evidence_and_no_more(engine_of: EngineOf) -> None:
    engine = engine_of("Washington")
    answer = answer_question(engine, parse_question("Where did the ministers meet in Washington?"))
    assert answer.citations[0].quote == "The ministers met in Washington."
    (prompt,) = sent_by(engine)
    assert prompt.copy_from[0] == "The ministers met in Washington."
    assert len(prompt.copy_from) <= 4


def test_evidence_in_the_other_language_is_translated_and_checked(
    folder: Path, engine_of: EngineOf, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    (folder / "police.md").unlink()
    bring_up_to_date()
    sound, wrong = "Police arrest, London city.", "Police arrest 3, London city."
    for worded, translated, status, text in (
        (sound, "", "answered", sound),
        (wrong, sound, "answered", sound),
        (wrong, wrong, "quoted", "أوقفت الشرطة رجلا في مدينة لندن."),
    ):
        engine = engine_of(worded, translated, translate_quotes=True)
        answer = answer_question(engine, parse_question("police arrest city london"))
        assert (answer.status, answer.language, answer.text) == (status, "en", f"{text} [1]")
        assert answer.citations[0].quote == "أوقفت الشرطة رجلا في مدينة لندن."
        check_invariants(engine, answer)


def test_the_days_of_publication_limit_the_search(engine_of: EngineOf) -> None:
    question = parse_question("How many people did the police arrest?")
    assert (
        answer_question(engine_of("8 people"), question, SearchFilter("2017-03-23", "2017-03-23")).status == "answered"
    )
    assert answer_question(engine_of(), question, SearchFilter("2017-03-24", None)).status == "no_evidence"


def test_a_deadline_cuts_and_keeps_what_was_verified(engine_of: EngineOf) -> None:
    question = parse_question("How many people did the police arrest?")
    answer = answer_question(engine_of("8 people\nin London\nand so on", deadline_seconds=1e-9), question)
    assert (answer.status, answer.text) == ("cut", "The police arrested 8 people in London. [1]")

    engine = engine_of("They searched\nsix houses.\nAnd more\nand more", free_wording=True)
    events: list[Event] = []
    for event in stream_answer(engine, parse_question(BOTH), cancelled=lambda: len(events) > 4):
        events.append(event)  # noqa: PERF402 - what has come so far is what cancels
    (answer,) = (event for event in events if isinstance(event, Answer))
    assert (answer.status, answer.text) == ("cut", "They searched six houses. [1]")


@pytest.fixture
def news(folder: Path, bring_up_to_date: Callable[[], UpdateReport]) -> None:
    """Fill the collection with three days of news: today is 25 March 2017."""
    for day, text in (
        ("2017-03-23", "Three people were killed in the attack in Westminster, the police said."),
        ("2017-03-24", "Four people were killed in the attack in Westminster, the police said."),
        ("2016-03-22", "Dozens were killed in the attack on the airport in Brussels."),
    ):
        (folder / f"{day}.md").write_text(f"---\ndate: {day}\n---\n{text}", "utf-8")
    bring_up_to_date()


@pytest.mark.usefixtures("news")
def test_sources_that_disagree_are_both_given_with_their_days(engine_of: EngineOf) -> None:
    engine = engine_of("Four people")
    answer = answer_question(engine, parse_question("How many people were killed in the attack in Westminster?"))
    assert answer.text == (
        "(23 March 2017) Three people were killed in the attack in Westminster, the police said. [1] "
        "(24 March 2017) Four people were killed in the attack in Westminster, the police said. [2]"
    )
    assert [citation.published for citation in answer.citations] == ["2017-03-23", "2017-03-24"]
    check_invariants(engine, answer)


@pytest.mark.usefixtures("news")
def test_yesterday_is_a_day_and_no_other(engine_of: EngineOf) -> None:
    answer = answer_question(
        engine_of("Four people"), parse_question("Who was killed in the attack in Westminster yesterday?")
    )
    assert (answer.since, answer.until) == ("2017-03-24", "2017-03-25")
    assert answer.text.startswith("Four people were killed")
    assert "Articles from 2017-03-24 to 2017-03-25" in answer_as_text(answer)
    late = answer_question(engine_of("x"), parse_question("Which airport of Brussels had dozens yesterday?"))
    assert late.status == "no_evidence"
    assert [citation.published for citation in late.closest if citation.published] == ["2017-03-24"]


@pytest.mark.usefixtures("news")
def test_a_named_month_is_looked_into_first_and_then_everything(engine_of: EngineOf) -> None:
    asked = "Who was killed in the attack on the airport in Brussels in {}?"
    within = answer_question(engine_of("Dozens"), parse_question(asked.format("March 2016")))
    assert (within.since, within.until) == ("2016-03-01", "2016-04-03")
    elsewhere = answer_question(engine_of("Dozens"), parse_question(asked.format("May 2011")))
    assert (elsewhere.since, elsewhere.text) == (None, f"{within.citations[0].quote} [1]")


@pytest.mark.usefixtures("news")
def test_days_that_are_given_stand_before_those_in_the_question(engine_of: EngineOf) -> None:
    question = parse_question("Who was killed in the attack in Westminster yesterday?")
    answer = answer_question(engine_of("Three people"), question, SearchFilter("2017-03-23", "2017-03-23"))
    assert answer.text.startswith("Three people were killed")


def test_an_article_of_no_known_day_may_be_of_yesterday(engine_of: EngineOf) -> None:
    answer = answer_question(engine_of("Washington"), parse_question("Who met in Washington yesterday?"))
    assert answer.citations[0].quote == "The ministers met in Washington."


def test_a_sentence_that_leans_is_understood_with_the_one_before(
    folder: Path, engine_of: EngineOf, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    (folder / "he.txt").write_text("Khalid Masood drove over the bridge. He was born in Kent.", "utf-8")
    bring_up_to_date()
    engine = engine_of("in Kent")
    answer = answer_question(engine, parse_question("Who was born in Kent?"))
    assert answer.citations[0].quote == "He was born in Kent."
    assert "[1] Khalid Masood drove over the bridge. He was born in Kent." in sent_by(engine)[0].messages[-1].text


def test_a_new_article_is_seen_without_a_restart(
    folder: Path, engine_of: EngineOf, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    engine = engine_of("Ottawa")
    question = parse_question("Bakers gathered Ottawa?")
    assert answer_question(engine, question).status == "no_evidence"
    (folder / "new.txt").write_text("The bakers gathered in Ottawa.", "utf-8")
    bring_up_to_date()
    assert answer_question(engine, question).text == "The bakers gathered in Ottawa. [1]"


def test_the_best_evidence_stands_before_what_the_model_pointed_to(engine_of: EngineOf) -> None:
    engine = engine_of("six houses")
    answer = answer_question(engine, parse_question(BOTH))
    assert answer.text == "The police arrested 8 people in London. [1] They searched six houses. [2]"
    assert [citation.quote for citation in answer.citations] == POLICE.replace(". ", ".|").split("|")
    check_invariants(engine, answer)


def test_what_the_model_wrote_itself_stays_as_it_is(engine_of: EngineOf) -> None:
    engine = engine_of("In London the police arrested 8 people.", free_wording=True)
    answer = answer_question(engine, parse_question("How many people did the police arrest in London?"))
    assert (answer.text, answer.status) == ("In London the police arrested 8 people. [1]", "answered")


def test_evidence_in_the_other_language_is_quoted_as_it_is_unless_translation_is_asked_for(
    folder: Path, engine_of: EngineOf, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    (folder / "police.md").unlink()
    bring_up_to_date()
    engine = engine_of()  # the model has nothing to say: it is not asked
    answer = answer_question(engine, parse_question("police arrest city london"))
    assert (answer.status, answer.text) == ("quoted", "أوقفت الشرطة رجلا في مدينة لندن. [1]")
    assert sent_by(engine) == []
    check_invariants(engine, answer)


def test_a_number_that_was_shown_stays(engine_of: EngineOf, folder: Path) -> None:
    engine = engine_of("They searched six houses [2].\n8 people in London [1].", free_wording=True)
    *events, answer = stream_answer(engine, parse_question(BOTH))
    assert isinstance(answer, Answer)
    shown = [event for event in events if isinstance(event, SentencesChecked)]
    final = {sentence.text: sentence.citations for sentence in answer.sentences}
    assert shown
    for event in shown:
        assert [citation.number for citation in event.citations] == list(range(1, len(event.citations) + 1))
        assert event.citations == answer.citations[: len(event.citations)]
        assert all(final[sentence.text] == sentence.citations for sentence in event.sentences)


def test_a_story_that_was_copied_is_cited_once_and_says_where(
    folder: Path, engine_of: EngineOf, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    (folder / "copy.md").write_text(f"---\ntitle: Arrests\nsource: Agency\n---\n{POLICE}", "utf-8")
    bring_up_to_date()
    answer = answer_question(engine_of("8 people in London"), parse_question("How many people did the police arrest?"))
    (citation,) = answer.citations
    copy, original = "Agency", "Arrests, 2017-03-23"
    assert citation.also == ((copy,) if citation.published else (original,))
    assert f"Also reported by: {citation.also[0]}" in answer_as_text(answer)


@given(
    st.lists(
        st.sampled_from([POLICE, SUMMIT, "[1]", "[2][3]", "[99]", "8", "8 people", "met in", "x", "؟", "\n", "[1, 2]"])
    )
)
def test_citations_are_exact_whatever_the_model_writes(engine_of: EngineOf, pieces: list[str]) -> None:
    draft = " ".join(pieces)
    for free_wording in (False, True):
        engine = engine_of(draft, draft, free_wording=free_wording)
        check_invariants(
            engine, answer_question(engine, parse_question("How many people did the police arrest in London?"))
        )


EVIDENCE = (
    Evidence(1, "a", 0, 0, "The police arrested 8 people in London.", "en", 0.9),
    Evidence(2, "b", 0, 0, "في 23 مارس أوقفت الشرطة ٨ أشخاص", "ar", 0.8),
)


@pytest.mark.parametrize(
    ("draft", "numbers"),
    [
        ("8 people", (1,)),
        ("8 people. [2]", (1,)),
        ("8 PEOPLE, in london!", (1,)),
        ("8 peop", ()),
        ("أوقفت الشرطة 8 أشخاص [1]", (2,)),
        ("Police arrested 8 people in the city of London [2].", (1,)),
        ("Police arrested 80 people in London [1].", ()),
        ("Police arrested 8 people in London in 2017 [1].", ()),
    ],
)
def test_support_is_checked_and_the_marker_only_a_hint(draft: str, numbers: tuple[int, ...]) -> None:
    (sentence,) = Checker(FakeEmbedder()).check(draft, EVIDENCE)
    assert sentence.citations == numbers
    assert sentence.support == ("supported" if numbers else "unsupported")
    assert "[" not in sentence.text
    assert join_sentences([sentence]).count("[") == len(numbers)


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u202e", "؟?!", "\0"])
def test_an_empty_question_is_refused(text: str) -> None:
    with pytest.raises(QuestionError, match="is empty"):
        parse_question(text)


def test_a_question_is_bounded_and_cleaned() -> None:
    with pytest.raises(QuestionError, match=r"10,000,000 characters; at most 2,000"):
        parse_question("س" * 10_000_000)
    assert parse_question("س" * MAX_CHARACTERS).language == "ar"
    assert parse_question(" من\n هو؟ ").text == "من هو؟"
    assert parse_question("من هو؟", "en").language == "en"


def test_a_citation_names_the_author_of_its_article(
    engine_of: EngineOf, folder: Path, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    (folder / "police.md").write_text(f"---\ntitle: Arrests\nauthor: Ana Sol\n---\n{POLICE}", "utf-8")
    bring_up_to_date()
    answer = answer_question(engine_of("8 people in London"), parse_question("How many people did the police arrest?"))
    assert [citation.details for citation in answer.citations] == [{"author": "Ana Sol"}]
    assert "[1] Arrests · by Ana Sol · articles/police.md" in answer_as_text(answer)
