"""Scores the sentences of the found passages, and selects the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.store.snapshot import Snapshot
from index.text.chunking import sentence_spans
from index.types import Article, ArticleHit
from qa.retrieval.answerability import Calibration, Features, compute_features
from qa.types import Evidence, EvidenceSet, Question, SearchFilter

MAX_EVIDENCE = 4  # sentences; held the answer in 72 of 72 trials, at a third of the prompt of three whole passages
# How far below the best sentence's score evidence may lie. Of the questions whose answer the four best hold, those
# within this distance hold it for 98 %; and 77 % instead of 67 of them are from the right article (Arabic questions).
_BELOW_BEST = 0.2
_NEARLY = 0.1  # cosine by which the second sentence of an answer may be farther from the question than the best
_PASSAGES = 12  # whose sentences are scored
# What counts beside the cosine of a sentence: its passage's score, and that cosines across languages are lower. Fitted
# as the weights of `candidates` were. A translation of what was found in the question's language is given nothing.
_PASSAGE_WEIGHT = 0.046
_OTHER_LANGUAGE = 0.05

_CONTEXT = 600  # characters before a sentence in which the one before it is looked for
# How a sentence begins that speaks of somebody named before: a pronoun, or a verb of saying without its subject.
_DEPENDENT = re.compile(
    r"(?:He|She|It|They|This|That|These|Those|His|Her|Its|Their)\b"
    r"|[وف]?(?:هو|هي|هم|هذا|هذه|ذلك|تلك|هؤلاء|لكنه|لكنها|كما)\b"
    r"|[وف]?(?:قال|أضاف|أوضح|أكد|تابع|أشار|ذكر|صرح|اعتبر|دعا)ت? (?:أن|إن|إلى|أنه|أنها|في|:)"
)


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence of a found passage: where it lies, its cosine with the question, and its score among the others.

    `passage_score` is the score of its passage; `duplicates` are the ids of the articles that copy its article.
    """

    score: float
    passage_score: float
    article_id: str
    start: int
    end: int
    text: str
    language: str
    similarity: float
    duplicates: tuple[str, ...]


def select_evidence(
    snapshot: Snapshot,
    question: Question,
    search_filter: SearchFilter,
    articles: Sequence[ArticleHit],
    calibration: Calibration,
) -> EvidenceSet:
    """Return the sentences of the found `articles` that best answer the question, and how sure it is that they do."""
    scored = score_sentences(snapshot, question, articles)
    if not scored:
        return EvidenceSet(question, search_filter, (), 0.0, answerable=False)
    confidence = calibration.confidence(question.language, scored[0].language, extract_features(scored))
    return EvidenceSet(
        question,
        search_filter,
        _best_evidence(snapshot, scored),
        round(confidence, 3),
        answerable=confidence >= calibration.min_confidence,
    )


def runner_up(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the next sentence of the best one's article when it is nearly as near to the question, else none.

    It is given beside the best one: for a third of the questions, and holds the answer to one in six of these.
    """
    best = evidence[0]
    near = (item for item in evidence[1:] if item.article_id == best.article_id)
    return tuple(item for item in near if item.similarity >= best.similarity - _NEARLY)[:1]


def rank_evidence(snapshot: Snapshot, question: Question, articles: Sequence[ArticleHit]) -> tuple[Evidence, ...]:
    """Return the best sentences of the best passages, best first: at most `MAX_EVIDENCE`, however far they are."""
    return _best_evidence(snapshot, score_sentences(snapshot, question, articles))


def score_sentences(snapshot: Snapshot, question: Question, articles: Sequence[ArticleHit]) -> list[ScoredSentence]:
    """Return every sentence of the best passages, the highest score first."""
    hits = [(hit, article) for article in articles for hit in article.hits]
    hits.sort(key=lambda item: (-item[0].score, item[0].chunk.id))
    contents = snapshot.articles(hit.chunk.article_id for hit, _ in hits[:_PASSAGES])
    scored: list[ScoredSentence] = []
    for hit, found in hits[:_PASSAGES]:
        article = contents[hit.chunk.article_id]
        weight = _PASSAGE_WEIGHT * hit.score
        if article.language != question.language and not found.translation:
            weight += _OTHER_LANGUAGE
        for (start, end), similarity in zip(hit.chunk.spans, hit.similarities, strict=True):
            scored.append(
                ScoredSentence(
                    score=weight + similarity,
                    passage_score=hit.score,
                    article_id=article.id,
                    start=hit.chunk.start + start,
                    end=hit.chunk.start + end,
                    text=hit.chunk.text[start:end],
                    language=article.language,
                    similarity=similarity,
                    duplicates=found.duplicates,
                )
            )
    return sorted(scored, key=lambda sentence: (-sentence.score, sentence.article_id, sentence.start))


def extract_features(scored: Sequence[ScoredSentence]) -> Features:
    """Return the features by which the confidence in what was found is computed."""
    best = scored[0]
    return compute_features(best.similarity, best.passage_score, [sentence.score for sentence in scored])


def _best_evidence(snapshot: Snapshot, scored: Sequence[ScoredSentence]) -> tuple[Evidence, ...]:
    near = [sentence for sentence in scored[:MAX_EVIDENCE] if sentence.score >= scored[0].score - _BELOW_BEST]
    articles = snapshot.articles(sentence.article_id for sentence in near)
    return tuple(
        Evidence(
            number=number,
            article_id=sentence.article_id,
            start=sentence.start,
            end=sentence.end,
            text=sentence.text,
            language=sentence.language,
            similarity=sentence.similarity,
            context=_context(articles[sentence.article_id], sentence),
            also=sentence.duplicates,
        )
        for number, sentence in enumerate(near, start=1)
    )


def _context(article: Article, sentence: ScoredSentence) -> str:
    """Return the sentence before one that is not understood without it, else nothing."""
    if not _DEPENDENT.match(sentence.text):
        return ""
    before = article.text[max(0, sentence.start - _CONTEXT) : sentence.start]
    spans = sentence_spans(before)
    return before[slice(*spans[-1])] if spans else ""
