"""Scores the sentences of the found passages, and selects the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from index.store.snapshot import Snapshot
from index.text.chunking import sentence_spans
from index.text.normalize import fold
from index.types import Article, ArticleHit
from qa.language.numbers import extract_numbers
from qa.retrieval.answerability import Calibration, Features, compute_features
from qa.types import Evidence, EvidenceSet, Question, SearchFilter
from qa.verification.consistency import stems

MAX_EVIDENCE = 4  # sentences; held the answer in 72 of 72 trials, at a third of the prompt of three whole passages
# How far below the best sentence's weight evidence may lie. Of the questions whose answer the four best hold, those
# within this distance hold it for 98 %; and 77 % instead of 67 of them are from the right article (Arabic questions).
_BELOW_BEST = 0.2
_NEARLY = 0.1  # cosine by which the second sentence of an answer may be farther from the question than the best
_PASSAGES = 12  # whose sentences are weighed
# What counts beside the cosine of a sentence: its passage's score, and that cosines across languages are lower. Fitted
# as the weights of `retrieve` were. A translation of what was found in the question's language is given nothing.
_PASSAGE_WEIGHT = 0.046
_OTHER_LANGUAGE = 0.05

_CONTEXT = 600  # characters before a sentence in which the one before it is looked for
# How a sentence begins that speaks of somebody named before: a pronoun, or a verb of saying without its subject.
_DEPENDENT = re.compile(
    r"(?:He|She|It|They|This|That|These|Those|His|Her|Its|Their)\b"
    r"|[وف]?(?:هو|هي|هم|هذا|هذه|ذلك|تلك|هؤلاء|لكنه|لكنها|كما)\b"
    r"|[وف]?(?:قال|أضاف|أوضح|أكد|تابع|أشار|ذكر|صرح|اعتبر|دعا)ت? (?:أن|إن|إلى|أنه|أنها|في|:)"
)


def select_evidence(
    snapshot: Snapshot,
    question: Question,
    window: SearchFilter,
    stories: Sequence[ArticleHit],
    calibration: Calibration,
) -> EvidenceSet:
    """Return the sentences of the `stories` that best answer the question, and how sure it is that they do."""
    weighed = score_sentences(snapshot, question, stories)
    if not weighed:
        return EvidenceSet(question, window, (), 0.0, enough=False)
    evidence = _best_evidence(snapshot, weighed)
    sure = calibration.confidence(question.language, weighed[0][2].language, extract_features(weighed))
    enough = sure >= calibration.enough
    return EvidenceSet(
        question, window, evidence, round(sure, 3), enough, find_dissent(question, evidence) if enough else None
    )


def runner_up(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the next sentence of the best one's article when it is nearly as near to the question, else none.

    It is given beside the best one: for a third of the questions, and holds the answer to one in six of these.
    """
    best = evidence[0]
    near = (item for item in evidence[1:] if item.article_id == best.article_id)
    return tuple(item for item in near if item.similarity >= best.similarity - _NEARLY)[:1]


def rank_evidence(snapshot: Snapshot, question: Question, stories: Sequence[ArticleHit]) -> tuple[Evidence, ...]:
    """Return the best sentences of the best passages, best first: at most `EVIDENCE`, however far they are."""
    return _best_evidence(snapshot, score_sentences(snapshot, question, stories))


def score_sentences(
    snapshot: Snapshot, question: Question, stories: Sequence[ArticleHit]
) -> list[tuple[float, float, Evidence]]:
    """Return every sentence of the best passages with its weight and its passage's score, the weightiest first."""
    hits = [(hit, story) for story in stories for hit in story.hits]
    hits.sort(key=lambda item: (-item[0].score, item[0].chunk.id))
    weighed = []
    for hit, story in hits[:_PASSAGES]:
        article, shift = snapshot.article(hit.chunk.article_id), hit.chunk.start
        weight = _PASSAGE_WEIGHT * hit.score
        if article.language != question.language and not story.translation:
            weight += _OTHER_LANGUAGE
        for (start, end), similarity in zip(sentence_spans(hit.chunk.text), hit.similarities, strict=True):
            text = hit.chunk.text[start:end]
            item = Evidence(
                0, article.id, shift + start, shift + end, text, article.language, similarity, also=story.also
            )
            weighed.append((weight + similarity, hit.score, item))
    return sorted(weighed, key=lambda entry: (-entry[0], entry[2].article_id, entry[2].start))


def extract_features(weighed: Sequence[tuple[float, float, Evidence]]) -> Features:
    """Return the signs by which the confidence in what was weighed is reckoned."""
    _, passage, best = weighed[0]
    return compute_features(best.similarity, passage, [weight for weight, *_ in weighed])


def _best_evidence(snapshot: Snapshot, weighed: Sequence[tuple[float, float, Evidence]]) -> tuple[Evidence, ...]:
    return tuple(
        replace(item, number=number, context=_context(snapshot.article(item.article_id), item))
        for number, (weight, _, item) in enumerate(weighed[:MAX_EVIDENCE], start=1)
        if weight >= weighed[0][0] - _BELOW_BEST
    )


def _context(article: Article, item: Evidence) -> str:
    """Return the sentence before one that is not understood without it, else nothing."""
    before = article.text[max(0, item.start - _CONTEXT) : item.start]
    spans = sentence_spans(before) if _DEPENDENT.match(item.text) else []
    return before[slice(*spans[-1])] if spans else ""


_ASKS_HOW_MANY = re.compile(r"\b(?:how (?:many|much|old|long|far)|what (?:number|percentage))\b|\b(?:كم|عدد|نسبه)\b")
_SAME_CLAIM = 0.4  # share of the shorter sentence's words of weight that both have


def find_dissent(question: Question, evidence: Sequence[Evidence]) -> Evidence | None:
    """Return the evidence of another article that answers how many with another number than the best evidence does."""
    if not _ASKS_HOW_MANY.search(fold(question.text)):
        return None
    best = evidence[0]
    counted, words = extract_numbers(best.text), stems(best.text)
    for item in evidence[1:]:
        other, others = extract_numbers(item.text), stems(item.text)
        same_claim = len(words & others) >= max(3, _SAME_CLAIM * min(len(words), len(others)))
        if (
            item.article_id != best.article_id
            and item.language == best.language == question.language
            and same_claim
            and counted - other
            and other - counted
        ):
            return item
    return None
