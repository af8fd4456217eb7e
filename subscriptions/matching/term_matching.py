"""The tokens of a paper, and whether it fulfils a term: phrases, beginnings of words, names, nearness."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations, islice, pairwise, permutations
from typing import NamedTuple

from subscriptions.identity import versioned
from subscriptions.matching import similarity as meaning
from subscriptions.model import Paper
from subscriptions.query import ALL, AUTHOR, CATEGORY, DOI, FIELDS, ID, TEXT, TEXT_OR_ID, Field, ValueKind
from subscriptions.query.lexer import fold_value
from subscriptions.query.tree import Alternative, Query, Term
from subscriptions.query.typed_names import SUFFIXES
from subscriptions.text import words as normalize
from subscriptions.text.lines import Line, Words, lines_of
from subscriptions.text.stems import Span, joinable, stem

_LABELLED = tuple(field for field in FIELDS if field.kind not in (ValueKind.WORDS, ValueKind.NAME))
_LEAST_PARTS = 2  # of a name that has other spellings
_MOST_PARTS = 10  # likewise; each two parts of a name are a spelling
_BEGIN_NO_WORD = frozenset({"a", "an", "and", "of", "or", "the"})  # in what is typed: "a periodic" is not aperiodic
_MOST_SPELLINGS = 32  # of a phrase whose words may be one word; a phrase of seven words has fewer


@dataclass(frozen=True, slots=True)
class TokenizedPaper:
    """The tokens of a paper by field.

    The texts of a field are joined as lines (`normalize.lines`), each written " word word ". So one search for a phrase
    with spaces around it covers all texts, and finds only whole words within one line.
    """

    folded: dict[Field, str]  # stems (`normalize.tokens`), by which words are compared
    written: dict[Field, str]  # the same words before they are stemmed
    exact: dict[Field, str]  # tokens with their letter case and accents
    names: dict[Field, tuple[tuple[str, ...], ...]]  # the parts of each spelling of each name
    exact_names: dict[Field, tuple[tuple[str, ...], ...]]
    codes: tuple[int, ...]  # what the paper means (`subscriptions.matching.similarity`); () if that is not known
    labels: frozenset[str]  # such as "category:cs.lg", "category:cs", "primary:…", "id:…", "doi:…", "source:…"


class ReadText(NamedTuple):
    """A text of a paper with its words."""

    text: str
    words: Words
    lines: list[Line]

    @classmethod
    def of(cls, text: str) -> "ReadText":
        """Return a text with its words."""
        words = normalize.words_of(text)
        return cls(text, words, [*lines_of(words)])


def read_texts(paper: Paper) -> dict[Field, list[ReadText]]:
    """Return the texts of a paper with their words, by field."""
    return {field: [*map(ReadText.of, texts)] for field, texts in texts_of(paper).items()}


def tokenize(paper: Paper, texts: Mapping[Field, Sequence[ReadText]] | None = None) -> TokenizedPaper:
    """Return the tokens of a paper, whose `texts` may be read before. This is the costly step of matching: about 0.3 ms."""
    texts = read_texts(paper) if texts is None else texts
    lines = {field: [line for one in some for line in one.lines] for field, some in texts.items()}
    names = {field: tuple(field.values(paper)) for field in FIELDS if field.kind is ValueKind.NAME}
    return TokenizedPaper(
        folded=_lines({field: [line.folded for line in some] for field, some in lines.items()}),
        written=_lines({field: [line.written for line in some] for field, some in lines.items()}),
        exact=_lines({field: [one.words.exact for one in some] for field, some in texts.items()}),
        names={
            field: tuple(spelling for name in found for spelling in normalize.author_spellings(name))
            for field, found in names.items()
        },
        exact_names={
            field: tuple(tuple(normalize.exact_tokens(name, name=True)) for name in found)
            for field, found in names.items()
        },
        codes=meaning.read_paper(paper.meaning),
        labels=frozenset(
            label for field in _LABELLED for value in field.values(paper) for label in labels_of(field, value)
        ),
    )


def texts_of(paper: Paper) -> dict[Field, tuple[str, ...]]:
    """Return the texts of a paper by field. In each field the source's own text comes first, then translations."""
    return {field: tuple(field.values(paper)) for field in FIELDS if field.kind is ValueKind.WORDS}


def labels_of(field: Field, value: str) -> tuple[str, ...]:
    """Return the labels by which terms find a paper's value; () for words and names, which are compared by tokens."""
    match field.kind:
        case ValueKind.CATEGORY:  # also the label of its archive, since an archive means all its categories
            code = value.lower()
            return f"{field.name}:{code}", f"{field.name}:{code.partition('.')[0]}"
        case ValueKind.PAPER_ID:
            return (f"{field.name}:{versioned(value.lower()).doi}",)
        case ValueKind.LABEL:
            return (f"{field.name}:{fold_value(value)}",)
        case _:
            return ()


def _lines(texts: Mapping[Field, Iterable[Iterable[str]]]) -> dict[Field, str]:
    lines = {field: "\n".join(f" {' '.join(words)} " for words in of_field) for field, of_field in texts.items()}
    return {TEXT: "\n".join(line for field, line in lines.items() if field.in_any_text), **lines}


def simple_terms(term: Term) -> tuple[Term, ...]:
    """Split a term into terms of one field each. A paper that fulfils any of these fulfils the term."""
    if term.field is TEXT_OR_ID:
        return (Term(TEXT, term.tokens), Term(ID, value=term.value))
    if term.field is AUTHOR:
        return _spellings(term)
    if term.field is not ALL:
        return _as_one_word(term)
    words = Term(TEXT, term.tokens, term.prefix, term.exact)
    names = Term(AUTHOR, term.names, term.prefix, term.exact, given=term.given)
    category = Term(CATEGORY, value=term.value)
    return tuple(part for part in (*_as_one_word(words), *_spellings(names), category) if part.tokens or part.value)


@lru_cache(1 << 12)
def _as_one_word(term: Term) -> tuple[Term, ...]:
    """Return a term of words, and with parts of a phrase as one word: multi-modal is multimodal.

    The parts are stems, and the paper's words are joined before they are stemmed. So the first of two parts is also tried
    in the plural: virus-like is viruslike.
    """
    if term.exact or len(term.tokens) < _LEAST_PARTS or term.field.kind is not ValueKind.WORDS:
        return (term,)
    spans = [span for span in joinable(term.tokens) if term.tokens[span[0]] not in _BEGIN_NO_WORD]
    spelled = chain(
        (_joined(term, (span,)) for span in spans),
        (_joined(term, (span,), "s") for span in spans if span[1] - span[0] == _LEAST_PARTS),
        (_joined(term, some) for n in range(2, len(spans)) for some in combinations(spans, n) if _are_apart(some)),
    )
    different = dict.fromkeys((term.tokens, *islice(spelled, _MOST_SPELLINGS)))
    return tuple(Term(term.field, tokens, term.prefix) for tokens in different)


def _are_apart(spans: tuple[Span, ...]) -> bool:
    return all(one[1] <= other[0] for one, other in pairwise(spans))


def _joined(term: Term, spans: tuple[Span, ...], plural: str = "") -> tuple[str, ...]:
    """Return the tokens of a term with some of them as one word; `plural` is the ending of the first part."""
    tokens, place = list[str](), 0
    for first, behind in spans:
        word = term.tokens[first] + plural + "".join(term.tokens[first + 1 : behind])
        is_begun = term.prefix and behind == len(term.tokens)
        tokens += [*term.tokens[place:first], word if is_begun else stem(word)]
        place = behind
    return (*tokens, *term.tokens[place:])


def _spellings(term: Term) -> tuple[Term, ...]:
    """Return a term of a name, and its other spellings: Xiao-Ming Marsh is Xiaoming Marsh, Austin Burt is A. Burt.

    A part alone, and two parts without a third, have none with hyphens, so that Li Ma is not Lima. The order of the
    parts is not known.
    """
    shortened, term = _shortened(term), term.in_full
    if term.exact or not _LEAST_PARTS <= len(term.tokens) <= _MOST_PARTS:
        return (term, *shortened)
    count = len(term.tokens) - term.prefix
    whole, begun = term.tokens[:count], term.tokens[count:]
    asked = [(*_without(whole, part), normalize.JOINED + part, *begun) for part in whole if _is_long(part)]
    if begun and _is_long(*begun):
        asked.append((*whole, normalize.JOINED + begun[0]))
    if len(term.tokens) > _LEAST_PARTS:
        pairs = permutations(filter(_is_long, whole), 2)
        asked += [(*_without(whole, *pair), "".join(pair), *begun) for pair in pairs]
    return (term, *(replace(term, tokens=tokens) for tokens in asked), *shortened)


def _shortened(term: Term) -> tuple[Term, ...]:
    """Return the terms that find a name whose given names are initials: each has only the family name as `tokens`."""
    if not term.given:
        return ()
    family = tuple(_without(term.tokens, *term.given))
    if len(family) < _LEAST_PARTS:
        forms = [(normalize.JOINED + part,) for part in family]
    else:
        forms = [("".join(pair),) for pair in permutations(family, 2)] if len(family) == _LEAST_PARTS else []
    return tuple(replace(term, tokens=tokens) for tokens in (family, *forms))


def _is_long(part: str) -> bool:
    """Return whether a part of a name may be joined with another; initials and Chinese characters are not."""
    return len(part) > 1


def _without(parts: tuple[str, ...], *some: str) -> list[str]:
    others = list(parts)
    for part in some:
        others.remove(part)
    return others


def fulfils(term: Term, paper: TokenizedPaper) -> bool:
    """Return whether a paper fulfils a term."""
    return any(predicate(part)(paper) for part in simple_terms(term))


def fits(query: Query, paper: TokenizedPaper) -> bool:
    """Return whether a paper fulfils at least one alternative of a query."""
    return any(fits_alternative(alternative, paper) for alternative in query.alternatives)


def fits_alternative(alternative: Alternative, paper: TokenizedPaper) -> bool:
    """Return whether a paper fulfils all that an alternative wants, and nothing that it excludes."""
    return all(fulfils(term, paper) for term in alternative.positive) and not any(
        fulfils(term, paper) for term in alternative.negative
    )


def predicate(term: Term) -> Callable[[TokenizedPaper], bool]:
    """Return a function that tells whether a paper fulfils a simple term.

    For many papers, this is faster than `fulfils`.
    """
    match term.field.kind:
        case ValueKind.NAME:
            whole = {part for part in term.tokens[: len(term.tokens) - term.prefix] if not normalize.is_initial(part)}
            return lambda paper: any(
                whole.issubset(name) and is_name(term, name)
                for name in (paper.exact_names if term.exact else paper.names)[term.field]
            )
        case ValueKind.WORDS:
            return _text_predicate(term)
        case ValueKind.NEARNESS | ValueKind.MEANING:
            return lambda paper: nearness_to(term, paper) >= meaning.NEAR
    label = label_of(term)
    return lambda paper: label in paper.labels


def nearness_to(term: Term, paper: TokenizedPaper) -> float:
    """Return how near a paper is to the text or the papers of a term, from 0 to 1; 0 for one of these papers itself.

    It is 0 if one of them has no vector.
    """
    near = meaning.nearness_to_any(meaning.read_questions(term.question), paper.codes)
    if near and any(label_of(own) in paper.labels for own in papers_of(term)):
        return 0.0
    return near


def papers_of(term: Term) -> Iterator[Term]:
    """Yield, for each paper that a term of nearness names, a term that finds only this paper."""
    names = term.value.split(",") if term.field.kind is ValueKind.NEARNESS else ()
    return (Term(DOI if value.startswith("10.") and "/" in value else ID, value=value) for value in names)


def label_of(term: Term) -> str:
    """Return the label that a paper needs to fulfil a term with a value, such as "category:cs.lg"."""
    value = versioned(term.value).doi if term.field.kind is ValueKind.PAPER_ID else term.value
    return f"{term.field.name}:{value}"


def _text_predicate(term: Term) -> Callable[[TokenizedPaper], bool]:
    field = term.field
    phrase = f" {' '.join(term.tokens)}" + ("" if term.prefix else " ")
    if term.exact:
        return lambda paper: phrase in paper.exact[field]
    if not term.prefix:
        return lambda paper: phrase in paper.folded[field]
    if len(term.tokens) == 1:
        return lambda paper: phrase in paper.written[field] or phrase in paper.folded[field]
    whole = phrase.removesuffix(term.tokens[-1])  # a fast check that rules out most papers
    return lambda paper: (
        whole in paper.folded[field]
        and (phrase in paper.folded[field] or _phrase_begins(term, paper.folded[field], paper.written[field]))
    )


def _phrase_begins(term: Term, folded: str, written: str) -> bool:
    """Return whether a text has the words of a phrase, where the last is only the beginning of a word."""
    return f" {term.tokens[-1]}" in written and bool(places(term, folded.split(" "), written.split(" ")))


def places(term: Term, folded: list[str], written: list[str]) -> list[int]:
    """Return the positions at which a phrase or prefix begins.

    Both lists have the same words, folded or as written.
    """
    if not term.prefix:
        first, wanted = term.tokens[0], list(term.tokens)
        return [
            start
            for start, word in enumerate(folded)
            if word == first and folded[start : start + len(wanted)] == wanted
        ]
    *whole, last = term.tokens
    return [
        start
        for start in range(len(folded) - len(whole))
        if folded[start : start + len(whole)] == whole
        and (written[start + len(whole)].startswith(last) or folded[start + len(whole)].startswith(last))
    ]


def is_name(term: Term, name: tuple[str, ...]) -> bool:
    """Return whether a name has all parts that a term wants, in any order, each as a different part of the name."""
    if term.given:
        return _is_shortened(term, name)
    parts = list(name)
    wanted, beginning = (term.tokens[:-1], term.tokens[-1]) if term.prefix else (term.tokens, None)
    initials = [token for token in wanted if normalize.is_initial(token)]
    for token in wanted:
        if normalize.is_initial(token):
            continue
        if token not in parts:
            return False
        parts.remove(token)
    if beginning is None:
        return _have_initials(parts, initials)
    return any(
        _have_initials(parts[:i] + parts[i + 1 :], initials)
        for i, part in enumerate(parts)
        if part.startswith(beginning)
    )


def _is_shortened(term: Term, name: tuple[str, ...]) -> bool:
    """Return whether a name is the family name of a term with initials of its given names, in their order.

    Each other part of the name must be one of the given names in full: A. Bruce Burt is Austin Bruce Burt.
    """
    parts, given, initials = list(name), list(term.given), []
    for part in term.tokens:
        if part not in parts:
            return False
        parts.remove(part)
    for part in parts:
        if normalize.is_initial(part):
            initials.append(part)
        elif known := next((one for one in given if part == one or (normalize.is_initial(one) and part[0] == one)), ""):
            given.remove(known)
        elif part not in SUFFIXES:
            return False
    pairs = list(zip(given, initials, strict=False))
    return bool(pairs) and all(one.startswith(initial) for one, initial in pairs)


def _have_initials(parts: list[str], initials: list[str]) -> bool:
    begin = [part[0] for part in parts]
    for initial in initials:
        if initial not in begin:
            return False
        begin.remove(initial)
    return True
