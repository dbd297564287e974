"""How far a step has come: said by whoever works, shown by whoever watches.

A listener belongs to this process and to one refresh at a time; without one nothing is shown.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Gets how many more are done, what they are, and how many more the step is now known to have.
Listener = Callable[[int, str, int], None]

_listeners: list[Listener] = []


@contextmanager
def shown_by(listener: Listener) -> Iterator[None]:
    """Tell a listener of all progress that is made meanwhile."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def advance(done: int, unit: str, expected: int = 0) -> None:
    """Say that so many more rows, models or pages of the step at work are done.

    Args:
        done: how many more.
        unit: what they are, in the plural.
        expected: how many more the step has than was known so far.
    """
    for listener in _listeners:
        listener(done, unit, expected)
