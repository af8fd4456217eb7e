"""What is one word: a word in the singular and the plural, in British and American spelling (step 6); joined parts (step 7).

Queries and papers are stemmed alike, so a stem need not be a word: virus and viruses both become "viru". Only that two
different words have one stem is a fault (tests/unit/words_apart.txt). Rules of form alone: organ and organic are two words.
The lists have what follows no rule; an ending is also replaced behind other letters, as in submatrices. No library does
this: those that were tried merge dozens of different words, as Porter's stemmer does with universe and university.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

VERSION = 2
"""The version of steps 1 to 7. Stored words and canonical texts of another version are made anew (docs/operating.md)."""

Span = tuple[int, int]  # (first, behind the last) of some parts or tokens that follow each other

_MOST_STEMS = 1 << 16  # words whose stems are cached
_LONGEST_CACHED = 40  # letters of a word; longer ones are rare, and would fill the memory


class _Results(dict[str, str]):
    """The results of a function by word. A dictionary is asked in a fifth of the time of a function."""

    def __init__(self, function: Callable[[str], str], most: int) -> None:
        self._function, self._most = function, most

    def __missing__(self, word: str) -> str:
        result = self._function(word)
        if len(word) <= _LONGEST_CACHED:
            if len(self) >= self._most:
                self.clear()
            self[word] = result
        return result


def cached(most: int) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    """Return a decorator for a function of a word, with a cache of at most `most` words, none of them very long."""
    return lambda function: _Results(function, most).__getitem__


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_WITHOUT_PLURAL = """
    news aids mars does this less sars mips lens kras hras nras bayes texas kansas whereas alias atlas bias canvas pancreas
"""
_WORDS = _pairs("""
    apices:apex axes:axis calves:calf dwarves:dwarf halves:half leaves:leaf lice:louse loaves:loaf mice:mouse
    nevi:nevus naevi:nevus naevus:nevus novae:nova pupae:pupa setae:seta gyri:gyrus tori:torus ova:ovum oxen:ox
    sera:serum taxa:taxon testes:testis algae:alga ulnae:ulna women:woman
    aliases:alias atlases:atlas biases:bias buses:bus canvases:canvas gases:gas irises:iris lenses:lens
    pancreases:pancreas quizzes:quiz
    acknowledgement:acknowledgment ageing:aging caecal:cecal caecum:cecum catalogued:cataloged
    cataloguing:cataloging disc:disk distil:distill enrol:enroll enrolment:enrollment fulfil:fulfill
    fulfilment:fulfillment grey:gray instalment:installment instil:instill judgement:judgment licence:license
    marvellous:marvelous mediaeval:medieval neurone:neuron plough:plow programme:program skilful:skillful
    wilful:willful
""")
_ENDINGS = _pairs("""
    appendices:appendix calyces:calyx cervices:cervix codices:codex cortices:cortex helices:helix indices:index
    phalanges:phalanx radices:radix rynges:rynx simplices:simplex trices:trix varices:varix vertices:vertex
    vortices:vortex addenda:addendum aquaria:aquarium atria:atrium bacteria:bacterium cerebella:cerebellum
    cerebra:cerebrum cilia:cilium colloquia:colloquium compendia:compendium consortia:consortium continua:continuum
    crania:cranium curricula:curriculum diverticula:diverticulum endothelia:endothelium epithelia:epithelium
    equilibria:equilibrium errata:erratum extrema:extremum flagella:flagellum fulcra:fulcrum herbaria:herbarium
    idia:idium infima:infimum maxima:maximum millennia:millennium minima:minimum momenta:momentum mycelia:mycelium
    opercula:operculum optima:optimum paramecia:paramecium pendula:pendulum pericardia:pericardium phyla:phylum
    plasmodia:plasmodium quanta:quantum reticula:reticulum rostra:rostrum septa:septum spectra:spectrum
    sporangia:sporangium sterna:sternum strata:stratum suprema:supremum symposia:symposium vacua:vacuum
    aphelia:aphelion archaea:archaeon automata:automaton criteria:criterion ganglia:ganglion hedra:hedron
    lexica:lexicon mitochondria:mitochondrion perihelia:perihelion phenomena:phenomenon zoa:zoon zoan:zoon
    acini:acinus alumni:alumnus alveoli:alveolus annuli:annulus bacilli:bacillus bronchi:bronchus cacti:cactus
    culi:culus cirri:cirrus cocci:coccus cumuli:cumulus emboli:embolus esophagi:esophagus eucalypti:eucalyptus
    foci:focus fundi:fundus fungi:fungus glomeruli:glomerulus hippocampi:hippocampus humeri:humerus isthmi:isthmus
    loci:locus menisci:meniscus moduli:modulus nuclei:nucleus nucleoli:nucleolus octopi:octopus plexi:plexus
    radii:radius rhombi:rhombus stimuli:stimulus styli:stylus sulci:sulcus syllabi:syllabus termini:terminus
    thalami:thalamus thalli:thallus thesauri:thesaurus thrombi:thrombus thymi:thymus tubuli:tubulus tumuli:tumulus
    uteri:uterus villi:villus corpora:corpus ephemerides:ephemeris femora:femur foramina:foramen genera:genus
    lemmata:lemma lumina:lumen meninges:meninx omata:oma schemata:schema stigmata:stigma anastomoses:anastomosis
    apoptoses:apoptosis cirrhoses:cirrhosis crises:crisis culoses:culosis emphases:emphasis fibroses:fibrosis
    geneses:genesis gnoses:gnosis lyses:lysis meioses:meiosis mitoses:mitosis morphoses:morphosis necroses:necrosis
    neuroses:neurosis oases:oasis physes:physis psychoses:psychosis scleroses:sclerosis stases:stasis
    stenoses:stenosis symbioses:symbiosis synopses:synopsis theses:thesis thromboses:thrombosis
    buffaloes:buffalo cargoes:cargo echoes:echo embargoes:embargo heroes:hero mangoes:mango mosquitoes:mosquito
    potatoes:potato tomatoes:tomato tornadoes:tornado torpedoes:torpedo vetoes:veto volcanoes:volcano zeroes:zero
    children:child eaux:eau feet:foot geese:goose teeth:tooth hooves:hoof knives:knife sheaves:sheaf shelves:shelf
    thieves:thief wolves:wolf
    goitre:goiter lustre:luster meagre:meager sabre:saber spectre:specter theatre:theater titre:titer
    analogue:analog catalogue:catalog dialogue:dialog homologue:homolog monologue:monolog orthologue:ortholog
    paralogue:paralog defence:defense offence:offense pretence:pretense
""")
_PARTS = _pairs("""
    armour:armor behaviour:behavior candour:candor clamour:clamor colour:color demeanour:demeanor endeavour:endeavor
    favour:favor flavour:flavor harbour:harbor honour:honor humour:humor labour:labor neighbour:neighbor odour:odor
    rigour:rigor rumour:rumor saviour:savior savour:savor splendour:splendor tumour:tumor valour:valor vapour:vapor
    vigour:vigor
    aemi:emi aesth:esth aetiol:etiol amoeb:ameb archaeo:archeo caesarean:cesarean coeliac:celiac faec:fec foet:fet
    gynaec:gynec haem:hem homoeo:homeo leucocyt:leukocyt oedem:edem oesoph:esoph oestr:estr paed:ped palaeo:paleo
    phaeochrom:pheochrom pnoea:pnea rrhoe:rrhe
    aluminium:aluminum artefact:artifact benefitt:benefit biass:bias caesium:cesium calibre:caliber centre:center
    centred:centered counsellor:counselor fibre:fiber focuss:focus greyscale:grayscale litre:liter manoeuv:maneuv
    maneuvre:maneuver maneuvring:maneuvering metre:meter mould:mold practis:practic sceptic:skeptic sulph:sulf
    foerster:forster goedel:godel groebner:grobner hoelder:holder kaehler:kahler koehler:kohler loewner:lowner
    moebiu:mobiu moessbauer:mossbauer roentgen:rontgen schroeding:schroding
""")
_NO_PLURALS = frozenset(_WITHOUT_PLURAL.split())
_SHORT = frozenset({"ova"})  # the word of fewer than four letters that has an irregular plural of its own
_WORD = re.compile("[a-z]{4,}")
_LENGTHS = sorted({len(ending) for ending in _ENDINGS}, reverse=True)
_LAST_LETTERS = frozenset(ending[-3:] for ending in _ENDINGS)  # most words end otherwise, which is seen fast
_PART = re.compile(_any_of(_PARTS))
_DOUBLED = re.compile(
    "((?:barre|cance|channe|counse|dia|equa|fue|funne|labe|leve|mode|pane|parce|peda|signa|spira|tota|trave|tunne|unrave)l)"
    "l(?=(?:ed|ing|er)$)"
)
# -ize becomes -ise, which meets no other word (the reverse would meet those like noise); not in size
_IZE = re.compile("(?<=[a-z]{2})iz(?=(?:e[dr]?|ing|ation|ational|able|ability)$)|(?<=l)yz(?=(?:e[dr]?|ing|able)$)")
_SILENT_E = ("che", "she", "xe", "sse", "ze")  # caches, crashes, boxes, classes, sizes
_MOST_UNFOLDED = 3  # letters: gas and bus keep their s
_SHORTEST_IN_AE, _SHORTEST_IN_USE = len("larvae"), len("viruse")  # not Danae, Rosaceae, clause, house


@cached(_MOST_STEMS)
def stem(token: str) -> str:
    """Return what the spellings of a word have in common (step 6). The stem of a stem is the same stem."""
    if not _WORD.fullmatch(token) and token not in _SHORT:
        return token
    while (word := _stem_once(token)) != token:
        token = word
    return token


def stem_of_beginning(beginning: str) -> str:
    """Return the beginning of the stems of all words that begin so: tumour* and tumor* find the same."""
    while (other := _PART.sub(lambda part: _PARTS[part[0]], beginning)) != beginning:
        beginning = other
    return beginning


def _stem_once(word: str) -> str:
    word = _WORDS.get(word) or _with_ending(word)
    word = _DOUBLED.sub(r"\1", stem_of_beginning(_in_singular(word)))
    return _IZE.sub(lambda sign: f"{sign[0][0]}s", word)


def _with_ending(word: str) -> str:
    for length in _LENGTHS if word[-3:] in _LAST_LETTERS else ():  # the longest first
        if ending := _ENDINGS.get(word[-length:]):
            return word[:-length] + ending
    return word


def _in_singular(word: str) -> str:
    if len(word) > _MOST_UNFOLDED and word.endswith("s") and not word.endswith("ss") and word not in _NO_PLURALS:
        word = word[:-1]
    if word.endswith("ie") and len(word) >= len("skie"):
        return word[:-2] + "y"
    if word.endswith("use") and len(word) >= _SHORTEST_IN_USE and word[-4] not in "ao":
        return word[:-2]
    if word.endswith(_SILENT_E) and not _IZE.search(word):
        return word[:-1]
    if word.endswith("ae") and not word.endswith("aceae") and len(word) >= _SHORTEST_IN_AE:
        return word[:-1]
    return word


_SMALL = "a an and as at by de for from in is it la no of on or per the to up vs with"
_SMALL_WORDS = frozenset(_SMALL.split())
_ROMAN_NUMERALS = frozenset(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"])
_MOST_PARTS = 4  # of a hyphenated word that may be one word as a whole


@lru_cache(1 << 14)
def joinable(parts: tuple[str, ...]) -> tuple[Span, ...]:
    """Return which parts of a hyphenated word may be one word: all of them first, then of three or more any two neighbours.

    Never two numbers (10-20), two letters (x-y) or Roman numerals (I-II); in a longer chain no small word (LLM-as-a-judge).
    """
    pairs = [(place, place + 2) for place in range(len(parts) - 1) if _may_join(*parts[place : place + 2])]
    whole = [(0, len(parts))] if len(parts) <= _MOST_PARTS and len(pairs) == len(parts) - 1 else []
    if len(parts) > 2:  # noqa: PLR2004 - of two parts, the whole is the only pair
        whole += [(first, behind) for first, behind in pairs if _SMALL_WORDS.isdisjoint(parts[first:behind])]
    return tuple(whole)


def _may_join(one: str, other: str) -> bool:
    if (one[-1].isdigit() and other[0].isdigit()) or (one in _ROMAN_NUMERALS and other in _ROMAN_NUMERALS):
        return False
    return len(one) + len(other) > len("xy") or one.isdigit() != other.isdigit()
