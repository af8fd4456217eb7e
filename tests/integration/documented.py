"""Lets Schemathesis send requests to every page of an OpenAPI document, and compares the answers with the document."""

import dataclasses
from collections import defaultdict
from typing import Any

import hypothesis
import requests
import schemathesis
from schemathesis.engine import events, from_schema

QUICK = 60  # examples of Hypothesis in the quick profile


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """`statuses`: method and path → the status codes of all answers. `wrong`: how answers differ from the document."""

    statuses: defaultdict[str, set[int]] = dataclasses.field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = dataclasses.field(default_factory=list)

    def take(self, event: object) -> None:
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.wrong.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            for interaction in event.recorder.interactions.values():
                assert interaction.response is not None, "no answer"
                self.statuses[str(event.label)].add(interaction.response.status_code)
            found = [one for checks in event.recorder.checks.values() for one in checks]
            self.wrong.extend(f"{event.label}: {one.failure_info}" for one in found if one.failure_info is not None)


def answers_of(
    document: dict[str, Any], url: str, auth: requests.auth.AuthBase, signed: str, **checks: object
) -> Answers:
    """Sends correct requests, and requests that are slightly wrong, lack a part or use another method.

    `auth` signs the requests to paths that match `signed`. `checks` are other settings of Schemathesis' checks.
    """
    examples = hypothesis.settings.default.max_examples if hypothesis.settings.default else QUICK
    config = schemathesis.Config.from_dict(
        {
            "base-url": url,
            "continue-on-failure": True,
            "request-timeout": 30,
            "generation": {"deterministic": True, "max-examples": examples // 10, "database": "none"},
            # a document cannot say which keys, states and sentences there are, so correct requests may be refused; and
            # webhooks accept updates of an unknown shape, so that they are not sent again
            "checks": {
                "positive_data_acceptance": {"enabled": False},
                "negative_data_rejection": {"enabled": False},
                **checks,
            },
            # the coverage phase sends the same requests each time, for a quarter of a minute: only in `make fuzz`
            "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": examples > QUICK}},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.auth.set_from_requests(auth).apply_to(path_regex=signed)
    answers = Answers()
    for event in from_schema(schema).execute():
        answers.take(event)
    return answers
