"""How long do searches and updates take in a large collection? `make bench` prints it; all that is in it is made up."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from index.store.hashing import content_sha256
from index.store.snapshot import open_snapshot
from index.store.writer import Writer
from index.sync.sources import SourcePath
from index.sync.update import update_store
from index.text.chunking import sentence_spans, split_into_chunks
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


def main() -> None:
    chunks = int(sys.argv[1]) if len(sys.argv) > 1 else CHUNKS
    rng, generator = random.Random(1), np.random.default_rng(1)
    subjects = generator.standard_normal((SUBJECTS, DIMENSION)).astype(np.float32)
    vocabularies: dict[Language, list[str]] = {
        "ar": _vocabulary(rng, "ابتثجحخدرزسشصطعغفقكلمنهوي"),
        "en": _vocabulary(rng, "abcdefghijklmnopqrstuvwxyz"),
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        start = time.perf_counter()
        _fill(path, chunks, rng, generator, subjects, vocabularies)
        print(
            f"{chunks:,} passages: written in {time.perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:.0f} MB"
        )
        first, again = (_opened_by_another_process(path) for _ in range(2))
        print(f"opened in {first:.2f} s the first time, {again:.2f} s again")
        with closing(open_snapshot(path)) as snapshot:
            taken = []
            for _ in range(QUESTIONS):
                language = rng.choice(list(vocabularies))
                question = parse_question(_words(rng, vocabularies[language], 8), language)
                vector = _unit(subjects[rng.randrange(SUBJECTS)] + 0.7 * generator.standard_normal(DIMENSION))
                start = time.perf_counter()
                search(snapshot, question, vector, SearchFilter(), 10)
                taken.append(1000 * (time.perf_counter() - start))
            print(f"a search: median {np.median(taken):.1f} ms, 95 % below {np.quantile(taken, 0.95):.1f} ms")
        _updates(path, Path(folder), generator)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


class _Made:
    """Makes up vectors, in no time: what is measured is everything else."""

    identity = "made up"
    dimension = DIMENSION

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    def embed_passages(self, titles: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
        return _unit(self._generator.standard_normal((len(texts), DIMENSION)))

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.embed_passages(texts, texts)


def _updates(path: Path, folder: Path, generator: np.random.Generator) -> None:
    """Print what updates take beside the embedding: one article into the large store, and nothing new of many files."""

    def bring(store: Path, articles: Path) -> float:
        start = time.perf_counter()
        with Writer(store, _Made.identity) as writer:
            limits = Settings().limits
            update_store(
                writer, [SourcePath(articles, articles.name)], lambda: _Made(generator), limits, confirmed=True
            )
        return time.perf_counter() - start

    few, many = folder / "few", folder / "many"
    for articles in (few, many):
        articles.mkdir()
    (few / "a.txt").write_text("An article that is there already.", "utf-8")
    bring(path, few)
    (few / "b.txt").write_text("An article that has just arrived. " * 30, "utf-8")
    print(f"one new article: {bring(path, few):.2f} s")
    (few / "b.txt").unlink()
    print(f"one article removed: {bring(path, few):.2f} s")
    for number in range(FILES):
        (many / f"{number}.txt").write_text(f"This is what article number {number} says of its own subject.", "utf-8")
    store = folder / "many.sqlite"
    first = bring(store, many)
    time.sleep(2.5)  # files younger than that are read again
    again, still = bring(store, many), bring(store, many)
    print(f"{FILES:,} files: {first:.1f} s, again with nothing new {again:.2f} s, and again {still:.2f} s")


def _opened_by_another_process(path: Path) -> float:
    """Return the seconds that a process which has just started takes to open the store."""
    program = (
        "import sys, time, pathlib; from index.snapshot import open_snapshot; start = time.perf_counter();"
        "open_snapshot(pathlib.Path(sys.argv[1])); print(time.perf_counter() - start)"
    )
    return float(subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True).stdout)


def _fill(
    path: Path,
    chunks: int,
    rng: random.Random,
    generator: np.random.Generator,
    subjects: NDArray[np.float32],
    vocabularies: Mapping[Language, list[str]],
) -> None:
    written = number = 0
    with Writer(path, "made up") as writer:
        writer.record_files({"made up": []})
        while written < chunks:
            batch = []
            for _ in range(200):
                article = _article(number, rng, vocabularies)
                subject = subjects[rng.randrange(SUBJECTS)]
                passages = split_into_chunks(article)
                vectors = [
                    _unit(subject + 0.7 * generator.standard_normal((len(sentence_spans(p.text)), DIMENSION)))
                    for p in passages
                ]
                batch.append((ArticleChange(article), passages, vectors))
                written += len(passages)
                number += 1
            writer.commit({change.article.id: "made up" for change, _, _ in batch}, batch)


def _article(number: int, rng: random.Random, vocabularies: Mapping[Language, list[str]]) -> Article:
    language: Language = "ar" if number % 4 else "en"
    text = " ".join(_words(rng, vocabularies[language], 20) + "." for _ in range(18))
    sha256 = content_sha256(title="", published=None, language=language, source=None, url=None, text=text)
    return Article(str(number), f"made up/{number}.txt", "", None, language, None, None, text, sha256)


def _vocabulary(rng: random.Random, letters: str) -> list[str]:
    return ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(60_000)]


@lru_cache(maxsize=4)
def _shares(count: int) -> list[float]:
    return list(accumulate(1 / (rank + 10) for rank in range(count)))  # Zipf


def _words(rng: random.Random, vocabulary: list[str], count: int) -> str:
    return " ".join(rng.choices(vocabulary, cum_weights=_shares(len(vocabulary)), k=count))


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
