"""What to do about a variable that begins with PAPERWIRE_ and is no setting."""

from difflib import get_close_matches

from bot.settings import all_variables

_ALIKE = 0.85  # as alike a misspelt name is


def instead_of(name: str) -> str:
    """Returns a sentence that says what to set in place of an unknown variable."""
    near = get_close_matches(name, all_variables(), n=1, cutoff=_ALIKE)
    return f"Did you mean {near[0]}?" if near else "Remove it."
