"""Times searches and updates in a large collection of made-up articles, for `make bench`."""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from index import Collection
from index.collection import CollectionPaths
from index.store.hashing import content_sha256
from index.store.writer import EmbeddedArticle, Writer
from index.text.chunking import split_into_chunks
from index.types import Article, ArticleChange
from qa.retrieval.hybrid import search
from qa.settings import Settings
from qa.types import Language, SearchFilter
from qa.understanding.validation import parse_question

CHUNKS = 100_000
DIMENSION = 768
SUBJECTS = 2_000  # around which the vectors lie, as those of news do
QUESTIONS = 100
FILES = 10_000
SOURCE = "made up"
BATCH_ARTICLES = 200
SETTLED_SECONDS = 2.5  # files younger than that are read again

Figures = dict[str, float]


def main() -> None:
    """Print the figures, and write them as JSON when `--json` is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chunks", nargs="?", type=int, default=CHUNKS, help="passages of the large collection")
    parser.add_argument("--files", type=int, default=FILES, help="files of the collection of many files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    figures = measure(options.chunks, options.files)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(chunks: int, files: int) -> Figures:
    """Measure everything, and print each figure when it is known."""
    corpus = Corpus()
    with TemporaryDirectory() as name:
        folder = Path(name)
        store = folder / "store.sqlite"
        figures = {
            **measure_writing(corpus, store, chunks),
            **measure_opening(store),
            **measure_searches(corpus, store),
            **measure_changes(corpus, store, folder / "few"),
            **measure_files(corpus, folder / "many.sqlite", folder / "many", files),
        }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at most {memory:.0f} MB")
    return {**figures, "memory_mb": memory}


def measure_writing(corpus: Corpus, store: Path, chunks: int) -> Figures:
    """Write the large collection; its vectors are given, so that nothing else is measured."""
    start = time.perf_counter()
    corpus.write(store, chunks)
    seconds, megabytes = time.perf_counter() - start, store.stat().st_size / 1e6
    print(f"{chunks:,} passages: written in {seconds:.0f} s, {megabytes:.0f} MB")
    return {"passages": chunks, "written_s": seconds, "store_mb": megabytes}


def measure_opening(store: Path) -> Figures:
    """Open the large collection twice, each time in a process that has just started."""
    first, again = (_seconds_to_open(store) for _ in range(2))
    print(f"opened in {first:.2f} s the first time, {again:.2f} s again")
    return {"opened_first_s": first, "opened_again_s": again}


def _seconds_to_open(store: Path) -> float:
    program = (
        "import sys, time, pathlib; from tests.bench import Corpus, collection; corpus = Corpus(vocabulary=1);"
        "start = time.perf_counter(); collection(corpus, pathlib.Path(sys.argv[1])).snapshot();"
        "print(time.perf_counter() - start)"
    )
    return float(subprocess.run([sys.executable, "-c", program, store], check=True, capture_output=True).stdout)


def measure_searches(corpus: Corpus, store: Path) -> Figures:
    """Search the large collection."""
    taken: list[float] = []
    with closing(collection(corpus, store)) as opened:
        snapshot = opened.snapshot()
        for _ in range(QUESTIONS):
            language, text, vector = corpus.question()
            question = parse_question(text, language)
            start = time.perf_counter()
            search(snapshot, question, vector, SearchFilter(), 10)
            taken.append(1000 * (time.perf_counter() - start))
    median, p95 = float(np.median(taken)), float(np.quantile(taken, 0.95))
    print(f"a search: median {median:.1f} ms, 95 % below {p95:.1f} ms")
    return {"search_median_ms": median, "search_p95_ms": p95}


def measure_changes(corpus: Corpus, store: Path, folder: Path) -> Figures:
    """Add one article to the large collection and remove it again: what an update takes beside the embedding."""
    folder.mkdir()
    (folder / "a.txt").write_text("An article that is there already.", "utf-8")
    _seconds_to_update(corpus, store, folder)
    arriving = folder / "b.txt"
    arriving.write_text("An article that has just arrived. " * 30, "utf-8")
    added = _seconds_to_update(corpus, store, folder)
    print(f"one new article: {added:.2f} s")
    arriving.unlink()
    removed = _seconds_to_update(corpus, store, folder)
    print(f"one article removed: {removed:.2f} s")
    return {"article_added_s": added, "article_removed_s": removed}


def measure_files(corpus: Corpus, store: Path, folder: Path, files: int) -> Figures:
    """Update from many files, and again when nothing is new."""
    folder.mkdir()
    for number in range(files):
        (folder / f"{number}.txt").write_text(f"This is what article number {number} says of its own subject.", "utf-8")
    first = _seconds_to_update(corpus, store, folder)
    time.sleep(SETTLED_SECONDS)
    second, third = (_seconds_to_update(corpus, store, folder) for _ in range(2))
    print(f"{files:,} files: {first:.1f} s, again with nothing new {second:.2f} s, and again {third:.2f} s")
    return {"files": files, "files_first_s": first, "files_second_s": second, "files_third_s": third}


def _seconds_to_update(corpus: Corpus, store: Path, folder: Path) -> float:
    with closing(collection(corpus, store)) as opened:
        start = time.perf_counter()
        opened.update([folder], confirmed=True)
        return time.perf_counter() - start


def collection(corpus: Corpus, store: Path) -> Collection:
    """Return the collection in a store, with made-up vectors."""
    paths = CollectionPaths(store, store.parent / SOURCE, store.parent)
    return Collection(paths, MadeUpModel(corpus.generator), Settings().limits)


class MadeUpModel:
    """An embedding model that makes up vectors in no time: what is measured is everything else."""

    identity = "made up"
    dimension = DIMENSION

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    def load(self) -> MadeUpModel:
        """Return the embedder, which is the model itself."""
        return self

    def embed_passages(self, titles: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
        return _unit(self._generator.standard_normal((len(texts), DIMENSION)))

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.embed_passages(texts, texts)


class Corpus:
    """Made-up articles and questions, always the same: words as often as Zipf's law says, vectors around subjects."""

    def __init__(self, vocabulary: int = 60_000) -> None:
        self.generator = np.random.default_rng(1)
        self._random = random.Random(1)
        self._subjects = self.generator.standard_normal((SUBJECTS, DIMENSION)).astype(np.float32)
        self._vocabularies: dict[Language, list[str]] = {
            "ar": self._vocabulary("ابتثجحخدرزسشصطعغفقكلمنهوي", vocabulary),
            "en": self._vocabulary("abcdefghijklmnopqrstuvwxyz", vocabulary),
        }

    def write(self, store: Path, chunks: int) -> None:
        """Write articles of at least so many passages."""
        written = number = 0
        with Writer(store, MadeUpModel.identity) as writer:
            writer.record_files({SOURCE: []})
            while written < chunks:
                batch = [self._embedded_article(number + offset) for offset in range(BATCH_ARTICLES)]
                written += sum(len(item.chunks) for item in batch)
                number += len(batch)
                writer.commit({item.change.article.id: SOURCE for item in batch}, batch)

    def question(self) -> tuple[Language, str, NDArray[np.float32]]:
        """Return the language, text and vector of another question."""
        language = self._random.choice(list(self._vocabularies))
        text = self._words(language, 8)
        subject = self._subjects[self._random.randrange(SUBJECTS)]
        return language, text, _unit(subject + 0.7 * self.generator.standard_normal(DIMENSION))

    def _embedded_article(self, number: int) -> EmbeddedArticle:
        article = self._article(number)
        subject = self._subjects[self._random.randrange(SUBJECTS)]
        chunks = split_into_chunks(article)
        vectors = [
            _unit(subject + 0.7 * self.generator.standard_normal((len(chunk.spans), DIMENSION))) for chunk in chunks
        ]
        return EmbeddedArticle(ArticleChange(article), chunks, vectors)

    def _article(self, number: int) -> Article:
        language: Language = "ar" if number % 4 else "en"
        text = " ".join(self._words(language, 20) + "." for _ in range(18))
        sha256 = content_sha256(
            title="", published=None, language=language, source=None, url=None, text=text, details={}
        )
        return Article(
            id=str(number),
            path=f"{SOURCE}/{number}.txt",
            title="",
            published=None,
            language=language,
            source=None,
            url=None,
            text=text,
            sha256=sha256,
        )

    def _words(self, language: Language, count: int) -> str:
        vocabulary = self._vocabularies[language]
        return " ".join(self._random.choices(vocabulary, cum_weights=_zipf_weights(len(vocabulary)), k=count))

    def _vocabulary(self, letters: str, size: int) -> list[str]:
        return ["".join(self._random.choices(letters, k=self._random.randint(2, 9))) for _ in range(size)]


@lru_cache(maxsize=4)
def _zipf_weights(count: int) -> list[float]:
    return list(accumulate(1 / (rank + 10) for rank in range(count)))


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
