"""Tables of test cases as text: a case in each line, with " → " between its columns."""


def rows(table: str) -> list[tuple[str, ...]]:
    """Returns the cases of a table. What follows "# ", alone in a line or after two spaces, is a remark."""
    lines = (line.partition("  # ")[0].strip() for line in table.splitlines())
    cases = [tuple(part.strip() for part in line.split("→")) for line in lines if line and not line.startswith("# ")]
    assert len({len(case) for case in cases}) == 1, "the cases of a table have equally many columns"
    return cases
