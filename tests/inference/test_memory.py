"""Memory that is freed and taken again stays with the process while it is asked to."""

from __future__ import annotations

import platform
import resource

import numpy as np
import pytest

from sigm_bayes.inference.memory import kept_memory, return_memory

ROUNDS, LENGTH = 20, 6_000_000


def pages_fetched():
    """Pages that the system gave while an array was made and freed again and again."""
    np.ones(LENGTH)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(ROUNDS):
        np.ones(LENGTH)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is told")
def test_freed_memory_is_kept_and_given_back_afterwards():
    with kept_memory():
        kept = pages_fetched()
    assert kept < pages_fetched() / 5


def test_memory_can_be_returned_anywhere():
    return_memory()
