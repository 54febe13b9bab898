"""`python -m tests.with_fakes index watch`: the command line with the small stand-ins in the place of the models."""

from __future__ import annotations

from qa.interfaces.cli.main import main
from tests.fakes import FakeModels

if __name__ == "__main__":
    main(FakeModels())
