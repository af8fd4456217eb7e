"""Tables, marks and progress bars of subcommands."""

import sys
from collections.abc import Collection, Iterable, Iterator, Sized
from contextlib import contextmanager, nullcontext
from time import perf_counter
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segments
from rich.table import Table

from bot.cli.output import console, flush_stdout
from subscriptions.text import escaped_lines

T = TypeVar("T")

_BAR_AFTER = 1.0  # seconds of work before a progress bar appears


def new_table(*headings: str, right: Collection[str] = ()) -> Table:
    """Returns a table without lines whose cells are not broken; those below a heading in `right` begin at the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings))
    for heading in headings:
        table.add_column(heading, no_wrap=True, justify="right" if heading in right else "left")
    return table


def print_table(renderable: RenderableType, *, to_stderr: bool = False) -> None:
    """Prints a table: cut to the width of a terminal, in full elsewhere. On stderr it comes after stdout is flushed."""
    if to_stderr:
        flush_stdout()
    stream = sys.stderr if to_stderr else sys.stdout
    shown = console(stream)
    with nullcontext() if stream.isatty() else shown.capture() as captured:
        shown.print(_visible(shown, renderable), end="")
    if captured is not None:
        stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _visible(shown: Console, renderable: RenderableType) -> Segments:
    """Returns what a console would print, with every sign of its texts visible; only the console's own codes steer it."""
    drawn = shown.render(renderable)
    return Segments(one if one.control else one._replace(text=escaped_lines(one.text)) for one in drawn)


def is_narrow(columns: int) -> bool:
    """Returns whether stdout is a terminal with fewer columns."""
    return sys.stdout.isatty() and console(sys.stdout).width < columns


def watched(items: Iterable[T], what: str) -> Iterator[T]:
    """Yields the same items, with a bar as of `progress`."""
    with progress(items, what) as found:
        yield from found


@contextmanager
def progress(items: Iterable[T], what: str) -> Iterator[Iterable[T]]:
    """Yields the same items. If they take longer than a second, a progress bar appears on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield items
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console(sys.stderr), transient=True, redirect_stdout=False, redirect_stderr=False)
    began = perf_counter()

    def counted() -> Iterator[T]:
        task = bar.add_task(what, total=len(items) if isinstance(items, Sized) else None)
        for item in items:
            yield item
            bar.advance(task)
            if not bar.live.is_started and perf_counter() - began > _BAR_AFTER:
                bar.start()

    try:
        yield counted()
    finally:
        bar.stop()
