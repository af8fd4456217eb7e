"""The categories of arXiv: their names in English and Chinese, and the closed archives.

A category is written `archive.CLASS` ("cs.LG"), or only `archive` if the archive has no classes ("hep-th"). The name of
an archive with classes ("cs", "cond-mat") means all its categories.
"""

_TAXONOMY = """
    astro-ph  CO EP GA HE IM SR
    cond-mat  dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con
    cs        AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO
              SC SD SE SI SY
    econ      EM GN TH
    eess      AS IV SP SY
    gr-qc
    hep-ex
    hep-lat
    hep-ph
    hep-th
    math      AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST
    math-ph
    nlin      AO CD CG PS SI
    nucl-ex
    nucl-th
    physics   acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph geo-ph
              hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph
    q-bio     BM CB GN MN NC OT PE QM SC TO
    q-fin     CP EC GN MF PM PR RM ST TR
    quant-ph
    stat      AP CO ME ML OT TH
"""

# Archives that arXiv closed. Old papers are still listed in them.
_CLOSED = frozenset(
    [
        "acc-phys",
        "adap-org",
        "alg-geom",
        "ao-sci",
        "atom-ph",
        "bayes-an",
        "chao-dyn",
        "chem-ph",
        "cmp-lg",
        "comp-gas",
        "dg-ga",
        "funct-an",
        "mtrl-th",
        "patt-sol",
        "plasm-ph",
        "q-alg",
        "solv-int",
        "supr-con",
    ]
)


def _read_taxonomy() -> dict[str, tuple[str, ...]]:
    archives: dict[str, tuple[str, ...]] = {}
    archive = ""
    for line in filter(None, _TAXONOMY.splitlines()):
        words = line.split()
        if words and line[4] != " ":
            archive, *words = words
        archives[archive] = archives.get(archive, ()) + tuple(words)
    return archives


CLASSES = _read_taxonomy()  # "cs" -> ("AI", "AR", …); () for an archive without classes
ARCHIVES = frozenset((*CLASSES, *_CLOSED))
CATEGORIES = frozenset(f"{archive}.{name}" for archive, names in CLASSES.items() for name in names) | {
    archive for archive, names in CLASSES.items() if not names
}
_WRITTEN = {code.lower(): code for code in (*CATEGORIES, *ARCHIVES)}


def canonical_category(text: str) -> str | None:
    """Return a category or archive as arXiv writes it: "cs.LG" for "CS.lg", "cs" for "cs.*" and "cs".

    Return None if arXiv has no such category.
    """
    code = text.lower()
    if code.endswith(".*"):
        code = code[:-2]
        return code if code in ARCHIVES else None
    return _WRITTEN.get(code)


def announced_category(text: str) -> str | None:
    """Like `canonical_category`, but returns None for closed archives, in which arXiv announces no papers."""
    code = canonical_category(text)
    return None if code in _CLOSED else code


def is_category(text: str) -> bool:
    """Return whether a word without a field names a category: a known code, `archive.*`, or an archive with a hyphen.

    "cs", "math", "physics" and "stat" are searched as words; the archive has to be written `cat:cs`.
    """
    code = canonical_category(text)
    return code is not None and (not text.isalpha())


def has_classes(code: str) -> bool:
    """Return whether a code is an archive with several categories: "cs" is one; "hep-th" and "cs.LG" are not."""
    return bool(CLASSES.get(code.lower()))


def bare_id(arxiv_id: str) -> str:
    """Return an arXiv id without a subject class: `math/0309136` for `math.GT/0309136`."""
    archive, slash, number = arxiv_id.partition("/")
    if slash:
        return f"{archive.partition('.')[0]}/{number}"
    return arxiv_id


def archive_of(text: str) -> str | None:
    """Return the archive before the dot of a mistyped category: "cs.L" -> "cs"; None if arXiv has no such archive."""
    archive = text.lower().partition(".")[0]
    return archive if archive in ARCHIVES else None


# Each category has arXiv's own name, other English names that people use, and Chinese names.
