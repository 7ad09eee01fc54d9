"""Where answers are computed: in as many threads as there are processors, in order, and not for those who have left.

Where several processes answer, the processors are shared among them: two threads of a process that has one processor
only delay each other.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from starlette.requests import Request

from sigm_bayes.web.shield import Refused

_LIMITER: RunVar[CapacityLimiter] = RunVar("sigm_bayes.web.workers")
PROCESSES = "SIGM_SERVE_PROCESSES"
"""Environment variable by which `sigm serve --workers` says among how many processes the processors are shared."""
CLIENT_LEFT = 499
"""Status of an answer that nobody waits for any more; nobody sees it."""


async def in_worker[T](request: Request, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a function in a worker thread when it is this request's turn.

    A page that is typed into takes back the request before the last: its turn is then skipped.

    Raises
    ------
    Refused
        The client has left.
    """
    try:
        limiter = _LIMITER.get()
    except LookupError:
        limiter = CapacityLimiter(max(1, (os.cpu_count() or 1) // int(os.environ.get(PROCESSES, "1"))))
        _LIMITER.set(limiter)
    async with limiter:
        if await request.is_disconnected():
            raise Refused(CLIENT_LEFT, "The request was taken back.")
        return await to_thread.run_sync(partial(function, *args, **kwargs))
