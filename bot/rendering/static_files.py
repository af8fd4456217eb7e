"""The files of the pages that never change: style, scripts, fonts."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from bot.rendering import brand

FACES = ("source-serif-4", "source-sans-3")  # variable fonts by Adobe, SIL Open Font License (fonts/OFL.txt)
_SCRIPTS = ("latin", "latin-ext", "greek", "cyrillic")  # a browser loads only those that the page needs
STATIC: Mapping[str, str] = {  # name -> media type
    "style.css": "text/css",
    **{
        one.name: "text/javascript"
        for one in files("templates").joinpath("web/static").iterdir()
        if one.name.endswith(".js")
    },
    **{f"fonts/{face}-{script}.woff2": "font/woff2" for face in FACES for script in _SCRIPTS},
}


@lru_cache
def static_file(name: str) -> bytes:
    """Returns a file that belongs to the pages. Raises KeyError for a name that is not in STATIC."""
    if name not in STATIC:
        raise KeyError(name)
    content = files("templates").joinpath("web/static", name).read_bytes()
    if name == "style.css":
        return brand.style().encode() + content
    return content


@lru_cache
def static_version(name: str) -> str:
    """Returns a text that changes with the file's content, so that browsers may cache each version forever."""
    return sha256(static_file(name)).hexdigest()[:12]
