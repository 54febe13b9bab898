"""`python -m tests.with_fakes index watch`: the command line with the small stand-ins in the place of the models."""

from __future__ import annotations

import index.models
from index import embed
from qa import cli, engine
from tests.fakes import FakeEmbedder, ScriptedGenerator

if __name__ == "__main__":
    index.models.identity = lambda *_: FakeEmbedder.identity
    embed.load = lambda *_: FakeEmbedder()
    engine.load_generator = lambda settings: ScriptedGenerator()
    cli.main()
