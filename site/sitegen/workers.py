"""Share pieces of work among processes, in the order of the pieces."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Generic, TypeVar

from sitegen.work import Setup

Task = TypeVar("Task")
Found = TypeVar("Found")
PIECES = 8  # for each process at least: a process takes seconds to begin
CHUNK = 4  # pieces that a process takes at a time

_setup: list[Setup] = []  # of a process that works for another


class Workers:
    """Do pieces of work here, or in some processes."""

    def __init__(self, setup: Setup, pool: ProcessPoolExecutor | None) -> None:
        """Work here where there is no pool."""
        self._setup = setup
        self._pool = pool

    def each(self, do: Callable[[Setup, Task], Found], tasks: Sequence[Task]) -> Iterator[Found]:
        """Return what each piece gives, in their order; in a pool, all are begun at once."""
        if self._pool is None:
            return (do(self._setup, one) for one in tasks)
        return self._pool.map(_Here(do), tasks, chunksize=CHUNK)


class _Here(Generic[Task, Found]):
    """A piece of work with the setup of the process that does it."""

    def __init__(self, do: Callable[[Setup, Task], Found]) -> None:
        self._do = do

    def __call__(self, task: Task) -> Found:
        return self._do(_setup[0], task)


@contextmanager
def workers(setup: Setup, families: int, jobs: int | None) -> Iterator[Workers]:
    """Open as many processes as the machine has processors, or `jobs`; none for a few families."""
    wanted = min(os.cpu_count() or 1, families // PIECES) if jobs is None else jobs
    if wanted <= 1:
        yield Workers(setup, None)
        return
    with ProcessPoolExecutor(
        wanted, mp_context=get_context("spawn"), initializer=_begin, initargs=(setup,)
    ) as pool:
        try:
            yield Workers(setup, pool)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin(setup: Setup) -> None:
    _setup.append(setup)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that began it has ended: a killed one can't tell its workers."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
