"""A slow matcher in the plainest code, rule by rule. Tests compare the fast matchers with it.

It tokenizes papers again for every question and tries every permutation of the parts of a name. It shares only
subscriptions/normalize with subscriptions/matching.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

from subscriptions.cutting import summary_state
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import Paper
from subscriptions.normalize import (
    author_tokens,
    exact_author_tokens,
    exact_tokens,
    is_initial,
    tokens,
    written_tokens,
)
from subscriptions.query.syntax import (
    ABSTRACT,
    ALL,
    AUTHOR,
    CATEGORY,
    DOI,
    ID,
    LIKE,
    PRIMARY,
    SOURCE,
    SUMMARY,
    TEXT,
    TEXT_OR_ID,
    TITLE,
    Field,
    Query,
    Term,
    ValueKind,
)


def matches(query: Query, paper: Paper) -> bool:
    """Whether a paper fits a query: some alternative of it. The terms of an alternative may be in different fields."""
    return any(
        all(has(paper, term) for term in alternative.positive)
        and not any(has(paper, term) for term in alternative.negative)
        for alternative in query.alternatives
    )


def has(paper: Paper, term: Term) -> bool:
    """Whether a paper fulfils a term. ALL asks for any text, an author or a category; TEXT_OR_ID for the text or the id."""
    if term.field is ALL:
        return (
            any(holds(text, term) for text in every_text(paper))
            or (term.names != () and any(is_author(name, term.names, term) for name in paper.authors))
            or (term.value != "" and any(is_category(code, term.value) for code in paper.categories))
        )
    if term.field is TEXT_OR_ID:
        return any(holds(text, term) for text in every_text(paper)) or term.value == bare_id(paper)
    if term.field in TEXTS:
        return any(holds(text, term) for text in TEXTS[term.field](paper))
    if term.field in OTHERS:
        return OTHERS[term.field](paper, term)
    return has_in_new_field(paper, term)


def has_in_new_field(paper: Paper, term: Term) -> bool:
    """Whether a paper fulfils a term of a field that only a test declares. The declaration says what it looks at."""
    values = term.field.values(paper)
    match term.field.kind:
        case ValueKind.WORDS:
            return any(holds(text, term) for text in values)
        case ValueKind.NAME:
            return any(is_author(name, term.tokens, term) for name in values)
        case ValueKind.LABEL:
            return any(name.casefold() == term.value for name in values)
    raise AssertionError(f"{term.field} has a kind that no rule is written for")


def titles(paper: Paper) -> list[str]:
    return [paper.title] + [translation.title for translation in paper.translations]


def abstracts(paper: Paper) -> list[str]:
    return [paper.abstract] + [translation.abstract for translation in paper.translations]


def summaries(paper: Paper) -> list[str]:
    """Returns the texts of summaries, without those of failed summaries."""
    texts = [text for summary in paper.summaries for text in summary.fields.values()]
    return [text for text in texts if summary_state(text) == "ok"]


def holds(text: str, term: Term) -> bool:
    """Whether the tokens of a term are adjacent in a text, in their order."""
    found = exact_tokens(text) if term.exact else tokens(text)
    written = exact_tokens(text) if term.exact else written_tokens(text)
    for start in range(len(found)):
        end = start + len(term.tokens)
        if end > len(found):
            return False
        if tuple(found[start:end]) == term.tokens:
            return True
        # a prefix: any token that begins so, as written or folded
        if term.prefix and tuple(found[start : end - 1]) == term.tokens[:-1]:
            last = term.tokens[-1]
            if found[end - 1].startswith(last) or written[end - 1].startswith(last):
                return True
    return False


def is_author(name: str, wanted: tuple[str, ...], term: Term) -> bool:
    """Whether the wanted tokens are different parts of one name, in any order."""
    parts = exact_author_tokens(name) if term.exact else author_tokens(name)
    return any(all(map(fits, wanted, some, ends(wanted, term))) for some in permutations(parts, len(wanted)))


def ends(wanted: tuple[str, ...], term: Term) -> list[bool]:
    """Returns for each token whether the part of the name may be longer."""
    return [is_initial(token) or (term.prefix and place == len(wanted) - 1) for place, token in enumerate(wanted)]


def fits(wanted: str, part: str, goes_on: bool) -> bool:
    return part.startswith(wanted) if goes_on else part == wanted


def is_category(code: str, wanted: str) -> bool:
    """Whether a category is the wanted one, in any letter case, or belongs to the wanted archive. cs.L is not cs.LG."""
    return code.lower() == wanted or ("." not in wanted and code.lower().startswith(wanted + "."))


def is_near(paper: Paper, term: Term) -> bool:
    """Whether the weights of the words that a paper shares with the papers of a term are a tenth. None of these is near itself."""
    if {bare_id(paper), (paper.doi or "").lower()} & set(term.value.split(",")):
        return False
    shared = [
        weight
        for word, weight in term.near
        if any(holds(text, Term(TEXT, tuple(word.split()))) for text in every_text(paper))
    ]
    return sum(shared) >= 100


def every_text(paper: Paper) -> list[str]:
    """Returns titles, abstracts, their translations, and the fields of summaries."""
    return titles(paper) + abstracts(paper) + summaries(paper)


def bare_id(paper: Paper) -> str:
    return (paper.arxiv_id or paper.key).lower()


def primary(paper: Paper) -> str:
    """Returns the primary category; "" if it is unknown."""
    return paper.primary or (paper.categories[0] if paper.categories else "")


TEXTS = {TEXT: every_text, TITLE: titles, ABSTRACT: abstracts, SUMMARY: summaries}
OTHERS: dict[Field, Callable[[Paper, Term], bool]] = {
    AUTHOR: lambda paper, term: any(is_author(name, term.tokens, term) for name in paper.authors),
    CATEGORY: lambda paper, term: any(is_category(code, term.value) for code in paper.categories),
    PRIMARY: lambda paper, term: is_category(primary(paper), term.value),
    ID: lambda paper, term: bare_id(paper) == term.value,
    DOI: lambda paper, term: (paper.doi or "").lower() == term.value,
    LIKE: is_near,
    SOURCE: lambda paper, term: any(name.casefold() == term.value for name in paper.sources),
}


@dataclass(frozen=True)
class Known:
    """Known papers, counted one by one."""

    of: Sequence[Paper]

    @property
    def papers(self) -> int:
        return len(self.of)

    def count(self, query: Query) -> int:
        return len(matching_papers(query, self.of))

    def having(self, what: str) -> int:
        return sum(what in what_it_has(one) for one in self.of)

    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.of for name in one.sources))


def what_it_has(one: Paper) -> set[str]:
    texts = [
        text for one_summary in one.summaries for text in one_summary.fields.values() if summary_state(text) == "ok"
    ]
    abstracts = [one.abstract, *(translated.abstract for translated in one.translations)]
    languages = {
        *(one_summary.language for one_summary in one.summaries),
        *(translated.language for translated in one.translations),
    }
    chinese = "zh" in languages or any("\u3400" <= sign <= "\u9fff" for sign in one.title + one.abstract)
    has = {"category": one.categories, "author": one.authors, "abstract": any(abstracts), "summary": texts}
    return {kind for kind, there in {**has, "doi": one.doi, "chinese": chinese}.items() if there}
