"""What is to be done is found by comparing contents: small cases, written by hand."""

from __future__ import annotations

from index.sync.diff import UpdatePlan, diff
from index.types import Article, Rejection, StoredArticle, UnchangedArticle
from tests.conftest import article

A = article("The first text.", path="news/a.txt")
B = article("The second text.", path="news/b.txt")


def stored(*articles: Article, folder: str = "news") -> dict[str, StoredArticle]:
    return {item.id: StoredArticle(item.id, item.sha256, item.path, folder) for item in articles}


def planned(
    before: dict[str, StoredArticle], *found: Article | UnchangedArticle | Rejection, folder: str = "news"
) -> UpdatePlan:
    return diff(before, [folder], [(folder, item) for item in found])


def at(item: Article, path: str) -> UnchangedArticle:
    return UnchangedArticle(item.id, item.sha256, path)


def test_what_is_new_changed_moved_and_gone() -> None:
    changed = article("The second text, changed.", path="news/b.txt")
    plan = planned(stored(A, B), at(A, "news/c.txt"), changed, article("New.", path="news/d.txt"))
    assert [(change.article.path, change.replaces) for change in plan.write] == [
        ("news/b.txt", (B.id,)),
        ("news/d.txt", ()),
    ]
    assert [item.path for item in plan.move] == ["news/c.txt"]
    assert (plan.drop, plan.kept) == ((), 0)
    assert [item.path for item in planned(stored(A, B), A).drop] == ["news/b.txt"]


def test_articles_of_other_folders_are_let_be() -> None:
    plan = planned(stored(A, folder="else"), B)
    assert (len(plan.write), plan.drop) == (1, ())
    (rejection,) = planned(stored(A, folder="else"), A).rejected
    assert rejection.reason == "already in the collection as news/a.txt"


def test_an_article_of_several_files_is_taken_from_the_first() -> None:
    plan = planned(stored(A), at(A, "news/0.txt"), at(A, "news/a.txt"))
    assert [item.path for item in plan.move] == ["news/0.txt"]
    assert [(item.path, item.reason) for item in plan.rejected] == [("news/a.txt", "the same article as news/0.txt")]


def test_what_cannot_be_read_now_stays_but_not_its_namesakes() -> None:
    below = article("Below.", path="news/sub/x.txt")
    namesake = article("Namesake.", path="news/sub2/x.txt")
    plan = planned(stored(below, namesake), Rejection("news/sub", "it cannot be read now", for_now=True))
    assert [item.path for item in plan.drop] == ["news/sub2/x.txt"]
    assert planned(stored(below), Rejection("news/sub/x.txt", "it is not text")).drop != ()


def test_an_article_whose_folder_is_another_now_is_moved_there() -> None:
    plan = diff(stored(A), ["news", "news/sub"], [("news/sub", at(A, "news/a.txt"))])
    assert (len(plan.move), plan.folder_of[A.id]) == (1, "news/sub")
