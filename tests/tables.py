"""Tables of test cases as text: a case in each line, with " → " between its columns."""


def lines(table: str) -> list[str]:
    """Returns the lines of a table. What follows "# ", alone in a line or after two spaces, is a remark."""
    found = (line.partition("  # ")[0].strip() for line in table.splitlines())
    return [line for line in found if line and not line.startswith("# ")]


def rows(table: str) -> list[tuple[str, ...]]:
    """Returns the cases of a table."""
    cases = [tuple(part.strip() for part in line.split("→")) for line in lines(table)]
    assert len({len(case) for case in cases}) == 1, "the cases of a table have equally many columns"
    return cases


def listed(cell: str, between: str = " ≡ ") -> list[str]:
    """Returns what stands in a cell, or in a line, with a sign between."""
    return [one.strip() for one in cell.split(between)]
