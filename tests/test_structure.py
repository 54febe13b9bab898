"""The structure of the code, and what is said of it: layers, importers of libraries, sizes, surfaces, statements."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from index import errors as index_errors
from qa import errors as qa_errors
from tests.paths import ROOT
from tests.structure_report import LAYERS, ONE_IMPORTER, Import, Tree, upward_imports

# Parsed once, before other tests run: what they leave to be collected can disturb Python 3.11 in the middle of a parse.
TREE = Tree(ROOT)
MAX_MODULE_LINES = 350
MAX_CLASS_LINES = 200
# What of `index` the modules of `qa` may use beside its facade: what flows, the knowledge of texts, the protocols of
# what a collection gives (its snapshot, its embedding model), and the models' files.
INDEX_FOR_QA = {
    *("index", "index.collection", "index.errors", "index.types", "index.models"),
    *("index.store.snapshot", "index.search.language_index"),
}


# --- layers


def test_every_folder_has_its_layer() -> None:
    folders = {TREE.folder_of(module) for module in TREE.modules} - {"qa", "index"}
    assert folders <= {folder for layer in LAYERS for folder in layer}


def test_no_import_goes_upwards() -> None:
    assert len(TREE.folder_imports) > 50
    assert upward_imports(TREE) == []


def test_an_import_upwards_would_be_found() -> None:
    upwards = [Import("qa.retrieval.hybrid", "qa.engine"), Import("qa.writing.quote", "qa.understanding.followups")]
    tree = Tree(ROOT)
    tree.__dict__["imports"] = [*upwards, Import("index.store.schema", "qa.types"), Import("qa.engine", "index")]
    assert upward_imports(tree) == [f"{one.importer} -> {one.imported}" for one in tree.imports[:3]]


def test_no_modules_import_each_other_in_a_circle() -> None:
    imported: dict[str, set[str]] = {module: set() for module in TREE.modules}
    for one in TREE.imports:
        imported[one.importer].add(one.imported)
    assert _ends({"a": {"b"}, "b": {"a"}, "above": {"a"}, "below": set()}) == {"above", "below"}
    for facade in ("qa", "index"):  # they import what they show when it is asked for
        imported[facade] = set()
    while ends := _ends(imported):
        imported = {module: others - ends for module, others in imported.items() if module not in ends}
    assert imported == {}


def _ends(imported: dict[str, set[str]]) -> set[str]:
    """Return the modules that import nothing of these, or are imported by none of them: no circle leads through."""
    return {module for module, others in imported.items() if not others} | (
        set(imported) - {other for others in imported.values() for other in others}
    )


def test_index_never_imports_qa() -> None:
    index = [path for path in TREE.paths if path.is_relative_to(ROOT / "index")]
    assert len(index) > 30
    assert not [path for path in index if "qa" in TREE.libraries(path)]


def test_qa_reaches_the_index_through_its_facade() -> None:
    past = {
        f"{one.importer} -> {one.imported}"
        for one in TREE.imports
        if one.importer.startswith("qa") and one.imported.startswith("index") and not _is_for_qa(one.imported)
    }
    assert past == set()


def _is_for_qa(module: str) -> bool:
    return module in INDEX_FOR_QA or module.startswith(("index.text.", "index.models."))


@pytest.mark.parametrize(("library", "place"), ONE_IMPORTER.items())
def test_each_heavy_library_has_one_importer(library: str, place: str) -> None:
    importers = TREE.importers(library)
    assert importers
    assert [path for path in importers if path != place and not (place.endswith("/") and path.startswith(place))] == []


def test_nothing_is_unpickled() -> None:
    for path in TREE.paths:
        assert not {"pickle", "marshal", "shelve", "joblib"} & TREE.libraries(path)


# --- sizes and surfaces


def test_no_module_and_no_class_is_too_long() -> None:
    too_long = [path.relative_to(ROOT).as_posix() for path in TREE.paths if TREE.lines(path) > MAX_MODULE_LINES]
    too_long += [name for lines, name in TREE.sizes(ast.ClassDef) if lines > MAX_CLASS_LINES]
    assert too_long == []


@pytest.mark.parametrize(("package", "surface"), [("qa", {"Mujib"}), ("index", {"Collection"})])
def test_all_is_the_public_surface(package: str, surface: set[str]) -> None:
    module = importlib.import_module(package)
    assert set(module.__all__) == surface == set(_project_names(package))
    for name in surface:
        assert getattr(module, name).__module__.split(".")[0] == package
    with pytest.raises(AttributeError, match="no attribute 'Missing'"):
        module.Missing  # noqa: B018 - what is asked for is what is tested


def _project_names(package: str) -> Iterator[str]:
    """Yield what a package's `__init__` takes from its own modules to show it."""
    for node in TREE.parsed[ROOT / package / "__init__.py"].body:
        for part in ast.walk(node):
            if isinstance(part, ast.ImportFrom) and str(part.module).split(".")[0] == package:
                yield from (alias.asname or alias.name for alias in part.names)


@pytest.mark.parametrize("module", [index_errors, qa_errors])
def test_the_tree_of_errors_is_drawn_whole(module: ModuleType) -> None:
    drawn = set(re.findall(r"\w+Error", module.__doc__ or ""))
    defined = {name for name, value in vars(module).items() if isinstance(value, type)}
    assert defined == drawn


def test_every_module_says_in_its_first_line_what_it_is() -> None:
    for path, tree in TREE.parsed.items():
        first = (ast.get_docstring(tree) or "").split("\n")[0]
        assert first.endswith("."), f"{path}: {first!r}"
        assert "?" not in first, f"{path} asks: {first!r}"


# --- what must not change


def test_the_articles_own_text_is_unchanged() -> None:
    import hashlib

    data = (ROOT / "seeds" / "000_1f6fa011a6936e6a.txt").read_bytes()
    assert hashlib.sha256(data).hexdigest() == SEED_SHA256


SEED_SHA256 = "f0e8f39613bce4e607f0869a93775910cdd2ee8fd121acda87cece02710d8861"


_STATEMENT = r"f[\"'](?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA)\b"
# What may stand in a statement itself: names of tables and columns, and our own numbers. All else is a parameter.
_NAMES = {
    *("ARTICLE_HEAD_COLUMNS", "CHUNK_COLUMNS", "SENTENCE_COLUMNS", "_ARTICLE_HEAD_3", "_CHUNK_3"),
    *("table", "name", "columns", "placeholders", "','.join('?' * 13)", "','.join('?' * 11)"),
    *("SCHEMA_VERSION", "version + 1", "WAIT_MS"),
}


def test_no_value_is_written_into_a_statement() -> None:
    written = set()
    for path in TREE.paths:
        for node in ast.walk(TREE.parsed[path]):
            if isinstance(node, ast.JoinedStr) and re.match(_STATEMENT, ast.unparse(node)):
                written |= {ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue)}
    assert written
    assert written <= _NAMES
