"""Words that say nothing about a paper."""

# Stems (`fold_plural`) of common words. A phrase has none of them, unless a hyphen joins them to another word.
_ENGLISH = """
a about across after against all am among an and any approach are art as at based be been before between beyond both but
by can case challenge could data dataset deep do does during each effective efficient empirical every fast few first for
framework from general has have high how i if improved improving in into is it its large learning less low make method
model more most need network neural new no not novel of off on one only or our out over paper part per problem robust
scalable see should simple so some state study such system task than that the their them then there these they thi this
through to toward towards two under understanding unified up upon use used using via versus v vs wa was way we what when
where which while who why will with within without work you your
"""
STOP_WORDS = frozenset(_ENGLISH.split())


def is_wide(token: str) -> bool:
    """Returns whether a token is a single character of Chinese, Japanese or Korean."""
    return len(token) == 1 and ord(token) > 0x2E7F  # noqa: PLR2004 - CJK begins there
