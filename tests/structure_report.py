"""The structure of a tree of this project in figures and tables: `python -m tests.structure_report [FOLDER]`.

`test_structure.py` asserts what is printed here.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import ceil
from pathlib import Path
from statistics import median

from tests.paths import ROOT

# The layers, the topmost first. What stands in a layer imports only from layers below it, never from its neighbors.
QA_LAYERS = (
    ("qa.__main__",),
    ("qa.interfaces",),
    ("qa.evaluation",),
    ("qa.service",),
    ("qa.pipeline",),
    ("qa.understanding", "qa.writing"),
    ("qa.engine",),
    ("qa.models",),
    ("qa.generation", "qa.reading", "qa.verification"),
    ("qa.retrieval",),
    ("qa.language", "qa.logs", "qa.request_queue", "qa.settings", "qa.timings"),
    ("qa.resources", "qa.types"),
    ("qa.errors",),
)
INDEX_LAYERS = (
    ("index.collection",),
    ("index.sync",),
    ("index.readers", "index.store"),
    ("index.models", "index.text"),
    ("index.search",),
    ("index.types",),
    ("index.errors",),
)
LAYERS = (*QA_LAYERS, *INDEX_LAYERS)
PACKAGES = ("qa", "index")
# The one module, or the one folder, that imports a library.
ONE_IMPORTER = {
    "sentence_transformers": "index/models/embedder.py",
    "transformers": "index/models/embedder.py",
    "huggingface_hub": "index/models/download.py",
    "faiss": "index/search/vector_index.py",
    "scipy.sparse": "index/search/bm25.py",
    "sqlite3": "index/store/",
    "watchfiles": "index/sync/watch.py",
    "pypdfium2": "index/readers/pdf.py",
    "feedparser": "index/readers/feed.py",
    "docx": "index/readers/docx.py",
    "trafilatura": "index/readers/html.py",
    "frontmatter": "index/readers/markdown.py",
    "langchain_text_splitters": "index/text/chunking.py",
    "snowballstemmer": "index/text/tokenize.py",
    "llama_cpp": "qa/generation/llama.py",
    "httpx": "qa/generation/openai_server.py",
    "httpx_sse": "qa/generation/openai_server.py",
    "sse_starlette": "qa/interfaces/http/events.py",
    "threadpoolctl": "index/search/threads.py",
    "sklearn": "qa/evaluation/calibration.py",
    "ir_measures": "qa/evaluation/metrics.py",
    "gradio": "qa/interfaces/web/",
    "uvicorn": "qa/interfaces/web/",
    "jinja2": "qa/interfaces/web/",
    "mcp": "qa/interfaces/http/mcp_server.py",
    "typer": "qa/interfaces/cli/",
    "platformdirs": "qa/resources.py",
}


@dataclass(frozen=True, slots=True)
class Import:
    """A module that imports another module of the project."""

    importer: str
    imported: str


class Tree:
    """The modules of a checkout, parsed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = sorted(chain.from_iterable((root / package).rglob("*.py") for package in PACKAGES))
        self.parsed = {path: ast.parse(path.read_text("utf-8")) for path in self.paths}

    @cached_property
    def modules(self) -> dict[str, Path]:
        """The modules by their dotted names; a package stands for its `__init__`."""
        return {_dotted(path.relative_to(self.root)): path for path in self.paths}

    def imported_names(self, path: Path) -> set[str]:
        """Return the dotted names that a module imports."""
        return set(_imported_names(self.parsed[path]))

    def libraries(self, path: Path) -> set[str]:
        """Return the names of the top-level packages that a module imports."""
        return {name.split(".")[0] for name in self.imported_names(path)}

    def importers(self, library: str) -> list[str]:
        """Return the paths of the modules that import a library, or a part of it (`scipy.sparse`)."""
        return [
            path.relative_to(self.root).as_posix()
            for path in self.paths
            if any(name == library or name.startswith(f"{library}.") for name in self.imported_names(path))
        ]

    @cached_property
    def imports(self) -> list[Import]:
        """Every import of one module of the project by another, also those inside functions."""
        found = set()
        for name, path in self.modules.items():
            for imported in _imported_names(self.parsed[path]):
                target = self._module_of(imported)
                if target is not None and target != name:
                    found.add(Import(name, target))
        return sorted(found, key=lambda one: (one.importer, one.imported))

    def _module_of(self, imported: str) -> str | None:
        """Return the module that holds an imported name: itself, or the one whose attribute it is."""
        parent = imported.rpartition(".")[0]
        return imported if imported in self.modules else parent if parent in self.modules else None

    @cached_property
    def _has_layers(self) -> bool:
        """Whether the tree is laid out in layers at all: the first edition was not."""
        return (self.root / "qa" / "interfaces").is_dir()

    def folder_of(self, module: str) -> str:
        """Return the folder below `qa` or `index` that a module lies in; a module on the top level is its own."""
        if self._has_layers:
            return ".".join(module.split(".")[:2])
        return ".".join(self.modules[module].relative_to(self.root).parent.parts)

    @cached_property
    def folder_imports(self) -> Counter[tuple[str, str]]:
        """How many modules of a folder import how many of another, by importing and imported folder."""
        pairs = ((self.folder_of(one.importer), self.folder_of(one.imported)) for one in self.imports)
        return Counter(pair for pair in pairs if pair[0] != pair[1])

    def lines(self, path: Path) -> int:
        """Return the number of lines of a module."""
        return len(path.read_text("utf-8").splitlines())

    def sizes(self, *kinds: type[ast.AST]) -> list[tuple[int, str]]:
        """Return the lines of every class or function of the given kinds, with its place."""
        return [
            ((node.end_lineno or 0) - node.lineno + 1, f"{path.relative_to(self.root).as_posix()} {node.name}")
            for path, tree in self.parsed.items()
            for node in ast.walk(tree)
            if isinstance(node, kinds) and isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        ]


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported_names(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports; of `from a.b import c` both readings, `a.b.c` may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(folder: str) -> int:
    """Return the place of a folder among the layers, 0 the topmost; the packages themselves stand on top of theirs."""
    if folder == "index":
        return len(QA_LAYERS)
    return 0 if folder == "qa" else next(n for n, layer in enumerate(LAYERS) if folder in layer)


def upward_imports(tree: Tree) -> list[str]:
    """Return the imports that go upwards or to a neighbor of the same layer, as `importer -> imported`.

    The facades of `qa` and `index` import what they show when it is asked for, and stand for it.
    """
    facades = {"qa": "qa.service", "index": "index.collection"}
    wrong = []
    for one in tree.imports:
        importer, imported = (facades.get(name, name) for name in (one.importer, one.imported))
        above, below = tree.folder_of(importer), tree.folder_of(imported)
        if above != below and layer_of(above) >= layer_of(below):
            wrong.append(f"{one.importer} -> {one.imported}")
    return wrong


# --- printed


def figures(tree: Tree) -> dict[str, str]:
    """Return the figures of a tree by their names."""
    lines = [(tree.lines(path), path.relative_to(tree.root).as_posix()) for path in tree.paths]
    modules = [size for size, name in lines if not name.endswith("__init__.py")]
    functions = sorted(size for size, _ in tree.sizes(ast.FunctionDef, ast.AsyncFunctionDef))
    largest_class = max(tree.sizes(ast.ClassDef))
    tests = "\n".join(path.read_text("utf-8") for path in sorted((tree.root / "tests").rglob("*.py")))
    return {
        "modules (without `__init__.py`)": str(len(modules)),
        "median module, lines": f"{median(modules):g}",
        "largest module, lines": "{} ({})".format(*max(lines)),
        "modules over 350 lines": str(sum(size > 350 for size, _ in lines)),
        "largest class, lines": "{} ({})".format(*largest_class),
        "function median / p90, lines": f"{median(functions):g} / {functions[ceil(len(functions) * 0.9) - 1]}",
        "patches in tests (`monkeypatch.setattr`)": str(len(re.findall(r"monkeypatch\.setattr\b|\bpatch\(", tests))),
        "words in README.md": str(len((tree.root / "README.md").read_text("utf-8").split())),
    }


def import_table(tree: Tree) -> list[str]:
    """Return the imports between folders as the lines of a Markdown table, in the order of the layers.

    The numbers are those of pairs of modules.
    """
    importers = sorted({importer for importer, _ in tree.folder_imports}, key=_table_order)
    lines = ["| folder | imports from |", "|---|---|"]
    for importer in importers:
        imported = sorted((pair[1] for pair in tree.folder_imports if pair[0] == importer), key=_table_order)
        cells = ", ".join(f"{name} {tree.folder_imports[importer, name]}" for name in imported)
        lines.append(f"| {importer} | {cells} |")
    return lines


def _table_order(folder: str) -> tuple[int, str]:
    try:
        return layer_of(folder), folder
    except StopIteration:  # a tree of another layout
        return len(LAYERS), folder


def report(root: Path) -> str:
    """Return the figures and the table of imports of a tree."""
    tree = Tree(root)
    rows = [f"| {name} | {value} |" for name, value in figures(tree).items()]
    libraries = [f"| {library} | {', '.join(tree.importers(library))} |" for library in ONE_IMPORTER]
    return "\n".join(
        [
            *("| figure | value |", "|---|---|", *rows, ""),
            *(*import_table(tree), ""),
            *("| library | imported by |", "|---|---|", *libraries),
        ]
    )


if __name__ == "__main__":
    print(report(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
