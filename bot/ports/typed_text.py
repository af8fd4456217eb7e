"""What people and their programs write to us, as every channel passes it on."""

import re

# Lone surrogates cannot be stored, NUL not in every database, and control characters are not shown.
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def usable_text(text: object) -> str:
    """Returns a text without characters that cannot be stored or shown; "" for None."""
    return _UNUSABLE.sub("", str(text or ""))
