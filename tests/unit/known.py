"""Known papers, counted one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

from subscriptions.cutting import summary_state
from subscriptions.matching.tokenized_papers import matching_papers
from subscriptions.model import Paper
from subscriptions.query.syntax import Query


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
