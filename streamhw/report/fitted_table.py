# SPDX-License-Identifier: Apache-2.0
"""Tables that fit a narrow terminal: columns that matter least are left out, no cell is cut."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column as RichColumn
from rich.table import Table
from rich.text import Text

__all__ = ["FittedTable", "TableColumn", "numbers", "words"]

FRAME, PADDING = 1, 3
"""Characters of a table beside its cells: once, and for each column."""
NARROW = 12
"""Characters that a column of running text has at least, if its text is as long."""


@dataclass(frozen=True)
class TableColumn:
    """A column. Its cells are whole on one line, if they are not running text.

    keeps: the higher, the longer it stays when the table gets narrow; None: always
    """

    name: str
    keeps: int | None = None
    number: bool = False
    running: bool = False


def numbers(*names: str, keeps: int | None = None) -> list[TableColumn]:
    """Columns of numbers that are equally important."""
    return [TableColumn(name, keeps, number=True) for name in names]


def words(*names: str, keeps: int | None = None, running: bool = False) -> list[TableColumn]:
    """Columns of text that are equally important."""
    return [TableColumn(name, keeps, running=running) for name in names]


@dataclass
class FittedTable:
    """Rows below columns, of which as many are shown as the console is wide. The rightmost of those
    that matter least goes first; a line below says what is missing.

    Names that are too long even alone go on in the next line.
    """

    columns: Sequence[TableColumn]
    title: str | None = None
    caption: str | None = None
    _rows: list[tuple[tuple[str | Text, ...], str | None, bool]] = field(
        default_factory=list, init=False
    )

    def add_row(
        self, *cells: str | Text, style: str | None = None, end_section: bool = False
    ) -> None:
        """A row with a cell for each column; raises ``ValueError`` for any other number."""
        if len(cells) != len(self.columns):
            raise ValueError(
                f"A row must have {len(self.columns)} cells, one a column, not {len(cells)}"
            )
        self._rows.append((cells, style, end_section))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        kept = self._kept(options.max_width)
        missing = [c.name for i, c in enumerate(self.columns) if i not in kept]
        notes = [] if self.caption is None else [self.caption]
        if missing:
            notes.append(f"with --wide: {', '.join(missing)}")
        table = Table(
            *(self._column(index, width) for index, width in self._widths(kept, options.max_width)),
            title=self.title,
            caption="\n".join(notes) or None,
            show_header=any(self.columns[i].name for i in kept),
        )
        for cells, style, end in self._rows:
            table.add_row(*(cells[i] for i in kept), style=style, end_section=end)
        yield table

    def _kept(self, most: int) -> list[int]:
        kept = list(range(len(self.columns)))
        while self._least(kept) > most:
            keeps = {i: at for i in kept if (at := self.columns[i].keeps) is not None}
            if not keeps:
                break
            kept.remove(min(keeps, key=lambda i: (keeps[i], -i)))
        return kept

    def _least(self, kept: Sequence[int]) -> int:
        """Characters of a line with these columns, running text as narrow as it may be."""
        return FRAME + sum(PADDING + self._cell(i)[0] for i in kept)

    def _widths(self, kept: Sequence[int], most: int) -> list[tuple[int, int]]:
        """Columns with their characters: what is left over goes to running text, then to headings,
        from the left."""
        spare = most - self._least(kept)
        found = {index: self._cell(index)[0] for index in kept}
        for index in sorted(kept, key=lambda index: not self.columns[index].running):
            more = max(0, min(spare, self._cell(index)[1] - found[index]))
            spare -= more
            found[index] += more
        if spare < 0:  # names are too long even alone: the longest of them are folded
            widest = max(found, key=lambda index: found[index])
            found[widest] = max(1, found[widest] + spare)
        return list(found.items())

    def _cell(self, index: int) -> tuple[int, int]:
        """Characters that the cells of a column need, and those that they would take."""
        column = self.columns[index]
        texts = [_text(cells[index]) for cells, _, _ in self._rows]
        wanted = max([cell_len(column.name), *(text.cell_len for text in texts)])
        words = column.name.split()
        if column.running:
            words += [word for text in texts for word in text.plain.split()]
            return max([min(NARROW, wanted), *map(cell_len, words)]), wanted
        return max([0, *map(cell_len, words), *(text.cell_len for text in texts)]), wanted

    def _column(self, index: int, width: int) -> RichColumn:
        column = self.columns[index]
        return RichColumn(
            column.name,
            justify="right" if column.number else "left",
            width=width,
            overflow="fold",
        )


def _text(cell: str | Text) -> Text:
    return Text(cell) if isinstance(cell, str) else cell
