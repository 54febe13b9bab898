"""How many threads numpy computes with."""

from __future__ import annotations

from threadpoolctl import ThreadpoolController


def use_one_blas_thread() -> None:
    """Let numpy multiply its small matrices on one thread, in this process from now on.

    With more, they and those of the models wait for each other: one search in twenty took four times as long.
    """
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)
