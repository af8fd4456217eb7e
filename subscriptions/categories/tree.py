"""The categories of arXiv (https://arxiv.org/category_taxonomy), and the archives that arXiv closed.

A category is written `archive.CLASS` ("cs.LG"), or as the archive alone if that has no classes ("hep-th"). An archive with
classes ("cs", "cond-mat") means all of them.
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

# Archives that arXiv closed, with the categories that took over their papers. Old papers still have them.
_CLOSED = {
    "acc-phys": "physics.acc-ph",
    "adap-org": "nlin.AO",
    "alg-geom": "math.AG",
    "ao-sci": "physics.ao-ph",
    "atom-ph": "physics.atom-ph",
    "bayes-an": "physics.data-an",
    "chao-dyn": "nlin.CD",
    "chem-ph": "physics.chem-ph",
    "cmp-lg": "cs.CL",
    "comp-gas": "nlin.CG",
    "dg-ga": "math.DG",
    "funct-an": "math.FA",
    "mtrl-th": "cond-mat.mtrl-sci",
    "patt-sol": "nlin.PS",
    "plasm-ph": "physics.plasm-ph",
    "q-alg": "math.QA",
    "solv-int": "nlin.SI",
    "supr-con": "cond-mat.supr-con",
}


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
    """Returns a category or archive as arXiv writes it: "CS.lg" is "cs.LG", "cs.*" and "cs" are "cs".

    Returns None if arXiv has no such category.
    """
    code = text.lower()
    if code.endswith(".*"):
        code = code[:-2]
        return code if code in ARCHIVES else None
    return _WRITTEN.get(code)


def announced_category(text: str) -> str | None:
    """Returns `canonical_category` of categories in which arXiv announces papers; None also for closed archives."""
    code = canonical_category(text)
    return None if code in _CLOSED else code


def is_category(text: str) -> bool:
    """Whether a word without a field names a category: a known code, `archive.*`, or an archive with a hyphen.

    "cs", "math", "physics" and "stat" are plain words; only `cat:cs` is the archive.
    """
    code = canonical_category(text)
    return code is not None and (not text.isalpha())


def has_classes(code: str) -> bool:
    """Whether a code is an archive with several categories: "cs" does, "hep-th" and "cs.LG" do not."""
    return bool(CLASSES.get(code.lower()))


def successor(code: str) -> str | None:
    """Returns the category that took over from a closed archive: "cmp-lg" -> "cs.CL"; None for other codes."""
    return _CLOSED.get(code.lower())


def archive_of(text: str) -> str | None:
    """Returns the archive that a mistyped category begins with: "cs.L" -> "cs"; None if it begins with no archive."""
    archive = text.lower().partition(".")[0]
    return archive if archive in ARCHIVES else None
