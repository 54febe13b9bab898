"""`python -m tests.with_fakes index watch`: the command line with the small stand-ins in the place of the models."""

from __future__ import annotations

from index.models.embedder import load_embedder
from qa.engine import load_generator
from qa.interfaces.cli.main import main
from tests.fakes import FakeEmbedder, ScriptedGenerator

if __name__ == "__main__":
    model_identity = lambda *_: FakeEmbedder.identity
    load_embedder = lambda *_: FakeEmbedder()
    load_generator = lambda settings: ScriptedGenerator()
    main()
