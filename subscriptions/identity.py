"""Decide whether two records describe one paper, by what both of them say about it.

A value that only one of the two has is not known on both sides, so it separates nothing. The same holds for a value in
another form: a name with initials, a journal that is abbreviated, another script.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import islice, zip_longest
from typing import NamedTuple
from urllib.parse import unquote

from subscriptions.model import Paper
from subscriptions.normalize import author_tokens, initials_apart, title_alias, written_tokens
from subscriptions.texts.normal_forms import normalized

# Registrants that give each version of a work a DOI of its own, with the version at its end: Research Square, Authorea,
# TechRxiv, Preprints.org, ChemRxiv, Cambridge, Advance, ScienceOpen, figshare, F1000, OSF, Optica, Access Microbiology
_WITH_SIGN = (
    r"10\.(?:21203|22541|36227|20944|26434|33774|31124|14293|6084|12688)/.+?|10\.\d{4,9}/osf\.io/.+?"
    r"|10\.1364/opticaopen.+?|10\.1099/acmi.+?"
)
_WITH_V = r"10\.(?:1101|64898)/[\d.]+|10\.7287/peerj\.preprints\.\d+"  # bioRxiv, medRxiv, PeerJ
_WITH_NUMBER = (  # F1000 and its sister gateways, eLife, ESSOAr, Qeios
    r"10\.12688/[a-z\d]+\.\d+|10\.3310/nihropenres\.\d+|10\.35241/emeraldopenres\.\d+|10\.15694/mep\.\d{4}\.\d+"
    r"|10\.7554/elife\.\d+|10\.1002/essoar\.\d+|10\.32388/[a-z\d]{6}"
)
_VERSIONED = re.compile(
    rf"(?:(?P<signed>{_WITH_SIGN})[/._-]v|(?P<plain>{_WITH_V})v|(?P<numbered>{_WITH_NUMBER})\.)(?P<version>[1-9]\d?)"
)
MOST_OF_A_TITLE = 20
"""Papers of one title that are compared. A title that more have, such as "Editorial", identifies none."""
_MOST_COMPARED = 100  # authors of a paper
_MOST_EARLIER = 20  # versions whose DOIs are looked up

_PMID = re.compile(
    r"(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/|europepmc\.org/(?:article|abstract)/med/|^(?:pmid|pubmed): ?)(?P<pmid>\d{1,9})(?!\d)",
    re.IGNORECASE,
)
_PII = re.compile(r"(?<![a-z\d])(?:pii)?(?P<pii>[sb]\d{4}-?\d{3}[\dx]\(?\d\d\)?\d{5}-?[\dx])(?![a-z\d])", re.IGNORECASE)

_NO_PERSON = re.compile(
    r"\b(?:anonymous|collaboration|committee|consortium|editors?|editorial|group|initiative|investigators|network|no authors?|project|society|staff|team)\b",
    re.IGNORECASE,
)
_NO_NAME = frozenset({"et", "al", "dr", "prof", "phd", "md", "jr", "sr"})
_LATIN = re.compile(r"[a-z]")

_SERVERS = re.compile(
    r"rxiv\b|preprints?\b|\bssrn\b|research square|\bosf\b|authorea|zenodo|figshare|\bhal\b|open archive|cold spring harbor laboratory|\brepec\b|qeios",
    re.IGNORECASE,
)
_ISSUE = re.compile(r"(?<=\w)[\s,]+(?:第\s?\d|\d{4}年?(?!\w)|\d{4}年).*$")
_PARENTHESES = re.compile(r"\([^()]*\)")
_NO_WORDS = frozenset(("and", "de", "der", "des", "et", "for", "für", "in", "la", "le", "of", "on", "the", "und"))
_LEAST_CUT = 2  # letters that an abbreviation leaves out; Cell and Cells are two journals
_FEWEST_SHORTENED = 3  # words of an abbreviated name that may leave out the others


class Versioned(NamedTuple):
    """The DOI of a work, and the version that one of its DOIs names."""

    doi: str
    version: int | None


def versioned(doi: str) -> Versioned:
    """Return the part of a DOI that all versions of a work share, and the version that it names."""
    found = _VERSIONED.fullmatch(doi)
    if not found:
        return Versioned(doi, None)
    return Versioned(found["signed"] or found["plain"] or found["numbered"], int(found["version"]))


def version_of(doi: str) -> int | None:
    """Return the version that a DOI names; None if it names none. ChemRxiv numbers versions from the second on."""
    return versioned(doi).version or (1 if doi.startswith("10.26434/chemrxiv") else None)


def dois_of(doi: str) -> tuple[str, ...]:
    """Return the DOI that all versions share, the DOI itself, and those of earlier versions."""
    whole, version = versioned(doi)
    if version is None:
        return (doi,)
    before = doi.removesuffix(str(version))
    return (whole, doi, *(f"{before}{one}" for one in range(min(version, _MOST_EARLIER), 0, -1) if one != version))


def numbers_in(*addresses: str | None) -> dict[str, str]:
    """Return the PMID and the PII in the address and the DOI of a paper: kind → number."""
    found = {}
    address = unquote(" ".join(filter(None, addresses)))
    if pmid := _PMID.search(address):
        found["pmid"] = pmid["pmid"]
    if pii := _PII.search(address):
        found["pii"] = re.sub("[^0-9A-Z]", "", pii["pii"].upper())
    return found


def paper_key(*, arxiv_id: str | None = None, doi: str | None = None, title: str = "", abstract: str = "") -> str:
    """Return the key of a paper: the first that exists of its arXiv id, its DOI, and hashes of its title and abstract.

    Return "" if the paper has none of the four.
    """
    if arxiv_id or doi:
        return arxiv_id or versioned(str(doi).lower()).doi
    title, abstract = (" ".join(normalized("NFKC", text).split()) for text in (title, abstract))
    kind, text = ("title", title.casefold()) if title else ("abstract", abstract)
    return f"{kind}:{_hash(text)}" if text else ""


def key_apart(paper: Paper) -> str:
    """Return the key of a paper without an id, among papers of the same title that differ."""
    first = sorted(author_tokens(paper.authors[0])) if paper.authors else []
    apart = (title_alias(paper.title), *first, title_alias(paper.venue), *numbers_in(paper.url, paper.doi).values())
    return f"title:{_hash('|'.join(apart))}"


def entry_key(entry: str) -> str:
    """Return the key of an entry, by what its feed calls it."""
    return f"entry:{_hash(entry)}"


def keys_of_address(address: str) -> list[str]:
    """Return the keys that an address alone gives a paper."""
    return [*(f"{kind}:{number}" for kind, number in numbers_in(address).items()), entry_key(address)]


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def told_apart(papers: Sequence[Paper]) -> list[Paper]:
    """Return the papers of a digest, in which those with the same title that differ have keys of their own.

    What several entries with other titles are called names none of them.
    """
    alike: defaultdict[str, dict[str, Paper]] = defaultdict(
        dict
    )  # key by the title → papers that differ, by their keys
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for paper in papers:
        titles[paper.entry].add(paper.title)
    found = []
    for paper in papers:
        one = replace(paper, entry="") if paper.entry and len(titles[paper.entry]) > 1 else paper
        if one.key.startswith("title:"):
            known, key = alike[one.key], key_apart(one)
            if key not in known:
                compared = islice(known.values(), MOST_OF_A_TITLE)
                same = next((other for other in compared if not differ(one, other)), None)
                known[key] = same or (replace(one, key=key) if known else one)
            one = replace(one, key=known[key].key)
        found.append(one)
    return found


# registrants of servers of preprints, and forms of DOIs of those that have journals, too
_PREPRINT = re.compile(
    r"10\.(?:48550|64898|21203|26434|20944|31219|3123[45]|31222|22541|36227|2139|33774|31124|14293|7287|32388)/.*"
    r"|10\.1101/[\d.]+(?:v\d+)?|10\.1002/essoar.*|10\.\d{4,9}/osf\.io/.*"
)


def is_preprint(doi: str) -> bool:
    """Return whether a DOI is that of a preprint, by its registrant."""
    return _PREPRINT.fullmatch(doi) is not None


def may_be_related(one: Paper, other: Paper, *, is_known: bool) -> bool:
    """Return whether two records may be of one work, as one of them says: a title or a family name agrees.

    `is_known`: where the authors of one are not known, the word of the other counts. Without it, a record without
    authors could take the papers of others that come later.
    """
    if title_alias(one.title) == title_alias(other.title):
        return True
    if not (one.authors and other.authors):
        return is_known
    return not _families(one.authors).isdisjoint(_families(other.authors))


def _families(names: Iterable[str]) -> set[str]:
    found = set[str]()
    for name in islice(names, _MOST_COMPARED):
        family, comma, _ = name.partition(",")
        parts = [part for part in _parts_of(family if comma else name) if len(part) > 1] or _parts_of(name)
        found |= {*parts} if comma else {*parts[-1:]}
    return found


def is_server(venue: str) -> bool:
    """Return whether a text names a server of preprints."""
    return _SERVERS.search(venue) is not None


def differ(one: Paper, other: Paper) -> bool:
    """Return whether something that both records say of their paper differs, apart from the title."""
    return ids_differ(one, other) or authors_differ(one, other) or _venues_differ(one.venue, other.venue)


def ids_differ(one: Paper, other: Paper) -> bool:
    """Return whether two records have different ids of the same kind."""
    ids, others = _ids_of(one), _ids_of(other)
    return any(ids[kind] != others[kind] for kind in ids.keys() & others.keys())


def _ids_of(paper: Paper) -> dict[str, str]:
    found = numbers_in(paper.url, paper.doi)
    if paper.arxiv_id:
        found["arxiv"] = paper.arxiv_id
    if paper.doi:
        found["doi"] = versioned(paper.doi).doi
    return found


def authors_differ(one: Paper, other: Paper) -> bool:
    """Return whether the first authors of two records are known and cannot be the same person."""
    if not one.authors or not other.authors:
        return False
    name, other_name = one.authors[0], other.authors[0]
    if _NO_PERSON.search(name) or _NO_PERSON.search(other_name):
        return False
    parts, others = _parts_of(name), _parts_of(other_name)
    if not parts or not others or _is_latin(parts) != _is_latin(others):
        return False
    if not _is_latin(parts) or not any(part in others and len(part) > 1 for part in parts):
        return sorted("".join(parts)) != sorted("".join(others))  # parts may be in another order or written together
    for fits in (str.__eq__, _may_be_one):
        for part in [*parts]:
            if fitting := next((its for its in others if fits(part, its)), None):
                parts.remove(part)
                others.remove(fitting)
    return bool(parts and others)


def _may_be_one(part: str, other: str) -> bool:
    """Return whether a part of a name is the initial or the beginning of another."""
    return part.startswith(other) or other.startswith(part)


def _parts_of(name: str) -> list[str]:
    """Return the parts of a name. Initials that are written together are separate parts."""
    return [part for part in author_tokens(initials_apart(name)) if part not in _NO_NAME]


def _is_latin(parts: Iterable[str]) -> bool:
    return any(map(_LATIN.search, parts))


def _venues_differ(venue: str, other: str) -> bool:
    """Return whether two names of journals are known and cannot be the same one. Servers of preprints are none."""
    if not venue or not other or _SERVERS.search(venue) or _SERVERS.search(other):
        return False
    return not any(_is_same_venue(a, b) for a in _words_of_venue(venue) for b in _words_of_venue(other))


def _words_of_venue(venue: str) -> list[list[str]]:
    """Return the words of a journal's name, with and without its subtitle. Year and issue belong to neither."""
    name = _ISSUE.sub("", _PARENTHESES.sub(" ", venue))
    forms = (name, re.split(r"[:=;]| - ", name)[0])
    return [[word for word in written_tokens(form) if word not in _NO_WORDS] for form in forms]


def _is_same_venue(words: Sequence[str], others: Sequence[str]) -> bool:
    if not words or not others or _is_latin(words) != _is_latin(others):
        return True
    short, long = sorted((words, others), key=len)
    pairs = list(zip_longest(short, long, fillvalue=""))[: len(short)]
    if all(_is_short_for(a, b) or _is_short_for(b, a) for a, b in pairs):
        return len(short) == len(long) or (len(short) >= _FEWEST_SHORTENED and short != long[: len(short)])
    initials = "".join(word[0] for word in long)
    return len(short) == 1 and len(short[0]) > 1 and initials.startswith(short[0])


def _is_short_for(short: str, long: str) -> bool:
    """Return whether a word is another one or its abbreviation: natl, national."""
    letters = iter(long)
    is_cut = len(long) - len(short) >= _LEAST_CUT and short[:1] == long[:1]
    return short == long or (is_cut and all(letter in letters for letter in short))
