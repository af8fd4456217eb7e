"""Addresses of code and data in comments and abstracts (`has:code`): which hosts count, and the first address."""

import re
from urllib.parse import urlsplit

_ARTEFACTS = {
    "code": re.compile(
        r"(?:github|gitlab|bitbucket|codeberg|sourceforge|gitee)\.(?:com|org|net)/\w|\bgitlab\.[\w.-]+/\w|\.github\.io\b|huggingface\.co/(?!datasets|papers)\w"
        r"|(?:pypi|anaconda|codeocean|npmjs)\.(?:org|com)/\w|cran\.r-project\.org|\bgit\.[\w.-]+/\w|softwareheritage\.org/\w",
        re.IGNORECASE,
    ),
    "data": re.compile(
        r"(?:zenodo|figshare|datadryad|openneuro|kaggle|dataverse|pangaea|physionet|openml)\.(?:org|com|de)\b|\bosf\.io/\w|huggingface\.co/datasets/\w"
        r"|\b10\.(?:5281/zenodo|6084/m9\.figshare|5061/dryad|7910/dvn|17605/osf|17632|1594/pangaea)\b|\bdataverse\.[\w.-]+/|ncbi\.nlm\.nih\.gov/(?:geo|sra|bioproject)\b",
        re.IGNORECASE,
    ),
}


def artefacts_in(*texts: str) -> list[str]:
    """Returns "code" and "data" if one of the texts holds an address of such."""
    return [name for name, address in _ARTEFACTS.items() if any("." in text and address.search(text) for text in texts)]


_WORD_WITH_ADDRESS = re.compile(r"[^\s<>\"'“”‘’(){}\[\]|，。；（）]{4,500}")
_ADDRESS_BEGINS = re.compile(r"https?://|10\.\d{4,9}/", re.IGNORECASE)
_AFTER_ADDRESS = ".,;:!?*…~`\\$"


def artefact_address(kind: str, *texts: str) -> str:
    """Returns the first web address of "code" or "data" in the texts; "" if there is none.

    The host itself must be known: an address elsewhere that only contains a known name does not count.
    """
    known = _ARTEFACTS[kind]
    for text in texts:
        if artefacts_in(text):
            words = (word.rstrip(_AFTER_ADDRESS) for word in _WORD_WITH_ADDRESS.findall(text.replace("\\_", "_")))
            for address in map(_address_in, words):
                if _is_of_known_host(known, address):
                    return address
    return ""


def _address_in(word: str) -> str:
    """Returns the web address that a word holds, or would hold with a scheme."""
    begins = _ADDRESS_BEGINS.search(word)
    if begins is None:
        return f"https://{word}"
    address = word[begins.start() :]
    if "://" in begins[0]:
        return address
    return f"https://doi.org/{address}"


def _is_of_known_host(known: re.Pattern[str], address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    host = parts.hostname or ""
    if host in {"doi.org", "dx.doi.org"}:
        return known.match(parts.path.lstrip("/")) is not None
    found = known.search(f"{host}{parts.path}")
    if found is None or found.start() >= len(host) or found.end() < len(host) or "@" in parts.netloc:
        return False
    return found.start() == 0 or "." in (host[found.start() - 1], found[0][0])
