"""Tables, marks and progress bars of subcommands: what is cut or wrapped, and after how long a bar appears."""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager, nullcontext
from threading import Timer
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from bot.cli import output
from subscriptions import texts

T = TypeVar("T")

_BAR_AFTER = 1.0  # seconds of work before a progress bar appears


def print_rows(
    headings: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: str = "", fold: str = ""
) -> None:
    """Prints a table. See `plain_table`."""
    table = plain_table(headings, right=(right,), fold=(fold,))
    for row in rows:
        table.add_row(*(Text(texts.escaped(cell)) if isinstance(cell, str) else cell for cell in row))
    print_table(table)


def plain_table(headings: Sequence[str], *, right: Collection[str] = (), fold: Collection[str] = ()) -> Table:
    """Returns a table without borders. Only cells of the columns `fold` are wrapped. The columns `right` are aligned right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings))
    for heading in headings:
        table.add_column(
            heading,
            no_wrap=heading not in fold,
            justify="right" if heading in right else "left",
            overflow="fold" if heading in fold else "ellipsis",
        )
    return table


def print_table(renderable: RenderableType, *, to_stderr: bool = False) -> None:
    """Prints a table: on a terminal, cut to its width, elsewhere in full. With `to_stderr`, flushes stdout first."""
    if to_stderr:
        output.flush_stdout()
    stream = sys.stderr if to_stderr else sys.stdout
    shown = output.console(stream)
    with nullcontext() if stream.isatty() else shown.capture() as captured:
        shown.print(_visible(shown, renderable), end="")
    if captured is not None:
        stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _visible(shown: Console, renderable: RenderableType) -> Segments:
    """Returns what a console would print. Escapes control characters in texts, but keeps the console's own codes."""
    drawn = shown.render(renderable)
    return Segments(one if one.control else one._replace(text=texts.escaped_lines(one.text)) for one in drawn)


def is_narrow(columns: int) -> bool:
    """Returns whether stdout is a terminal with fewer columns."""
    return sys.stdout.isatty() and output.console(sys.stdout).width < columns


def watched(items: Iterable[T], what: str) -> Iterator[T]:
    """Yields the items, and shows the progress bar of `progress` meanwhile."""
    with progress(items, what) as found:
        yield from found


@contextmanager
def progress(items: Iterable[T], what: str) -> Iterator[Iterable[T]]:
    """Gives its body the items to iterate over.

    Shows a bar if stderr is a terminal and they take longer than a second.
    """
    if not sys.stderr.isatty():
        yield items
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(
        *columns, console=output.console(sys.stderr), transient=True, redirect_stdout=False, redirect_stderr=False
    )
    starting = Timer(_BAR_AFTER, bar.start)  # also while the first item takes long

    def counted() -> Iterator[T]:
        task = bar.add_task(what, total=len(items) if isinstance(items, Sized) else None)
        starting.start()
        for item in items:
            yield item
            bar.advance(task)

    try:
        yield counted()
    finally:
        starting.cancel()
        if starting.ident is not None:
            starting.join()
        bar.stop()
