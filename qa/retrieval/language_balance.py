"""Places for both languages among the first hits; a translation stands behind what it translates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.retrieval.deduplication import ArticleGroup

_MIN_SIMILARITY = 0.80  # cosine of passages that say the same in two languages; two about one subject stay below it
_QUOTA_PLACES = 5  # articles among which each language has its places...
_QUOTA = 2  # ...this many at least


def place_translations_behind(
    groups: Sequence[ArticleGroup], similarities: NDArray[np.float32], language: str
) -> list[ArticleGroup]:
    """Return the groups by score, where none stands before its translation into `language`.

    The score of such a translation is lowered; `similarities` [n, n] are the cosines of the candidates.
    """
    own = [(group.score, row) for group in groups if group.language == language for row in group.rows]
    if own:
        scores, rows = np.array([score for score, _ in own]), [row for _, row in own]
        for group in groups:
            if group.language != language:
                translated = similarities[np.ix_(group.rows, rows)].max(axis=0) >= _MIN_SIMILARITY
                group.translation = bool(translated.any())
                group.score = min(group.score, scores[translated].min(initial=group.score))
    return sorted(groups, key=lambda group: (-group.score, group.language != language, group.article_id))


def apply_language_quota(groups: Sequence[ArticleGroup]) -> list[ArticleGroup]:
    """Return the groups in their order, but for the places among the first that each language is given."""
    first, rest = list(groups[:_QUOTA_PLACES]), list(groups[_QUOTA_PLACES:])
    for language in sorted({group.language for group in groups}):
        missing = _QUOTA - sum(group.language == language for group in first)
        promoted = [group for group in rest if group.language == language][: max(missing, 0)]
        for group in promoted:
            rest.remove(group)
            displaced = [other for other in first if other.language != language][-1]
            first.remove(displaced)
            first.append(group)
            rest.insert(0, displaced)
    return first + rest
