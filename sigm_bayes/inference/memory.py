"""Memory between the program and the system, where the C library is glibc; elsewhere nothing is done."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
"""Parameters of mallopt(3)."""
_KEPT = {_TRIM_THRESHOLD: 2**31 - 1, _MMAP_MAX: 0}
_USUAL = {_TRIM_THRESHOLD: 128 * 1024, _MMAP_MAX: 65_536}


def share_memory() -> None:
    """All threads take memory from one pool from now on; to be called before there are many.

    In a pool of its own a thread keeps what it has freed from the others, and hands back pieces of more than 64 MB
    whatever `kept_memory` says.
    """
    _set({_ARENA_MAX: 1})


def return_memory() -> None:
    """Free what is no longer used, and hand it back to the system."""
    gc.collect()
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


@contextmanager
def kept_memory() -> Iterator[None]:
    """Freed memory stays with the process meanwhile.

    A gradient of a registry takes and frees tens of megabytes, which glibc would fetch from the system, page by page,
    and hand back each time: a third of the time of the gradient.
    """
    _set(_KEPT)
    try:
        yield
    finally:
        _set(_USUAL)
        return_memory()


def _set(values: dict[int, int]) -> None:
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        for name, value in values.items():
            mallopt(name, value)


def _of_glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
