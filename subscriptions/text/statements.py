"""What texts say of their paper: where its code and data are, that it was withdrawn, that no summary was made."""

import re
from typing import Literal
from urllib.parse import urlsplit

ARTEFACTS = {
    "code": re.compile(
        r"(?:github|gitlab|bitbucket|codeberg|sourceforge|gitee)\.(?:com|org|net)/\w|\bgitlab\.[\w.-]+/\w|\.github\.io\b|huggingface\.co/(?!datasets|papers)\w"
        r"|(?:pypi|anaconda|codeocean|npmjs)\.(?:org|com)/\w|cran\.r-project\.org|\bgit\.[\w.-]+/\w|softwareheritage\.org/\w",
        re.IGNORECASE | re.ASCII,
    ),
    "data": re.compile(
        r"(?:zenodo|figshare|datadryad|openneuro|kaggle|dataverse|pangaea|physionet|openml)\.(?:org|com|de)\b|\bosf\.io/\w|huggingface\.co/datasets/\w"
        r"|\b10\.(?:5281/zenodo|6084/m9\.figshare|5061/dryad|7910/dvn|17605/osf|17632|1594/pangaea)\b|\bdataverse\.[\w.-]+/|ncbi\.nlm\.nih\.gov/(?:geo|sra|bioproject)\b",
        re.IGNORECASE | re.ASCII,
    ),
}
_MAY_BE_ADDRESS = re.compile(
    r"\.(?:[a-z]\w|\d{4})", re.IGNORECASE
)  # few texts have this, and the search for it is fast
# spaces are written as `\s`, since these parts belong to a verbose expression
_KIND = r"(?:\w{1,20}\s)?(?:paper|article|submission|manuscript|pre-?print|e-?print|work|report|study|document|version|note|thesis|draft)"
_AUTHORS = (
    r"(?:(?:all|both|the|its|their|an?|one|two|three|of|first|corresponding|lead|senior|original|submitting)\s){0,4}"
    r"(?:co-?)?authors?\b"
)
_GONE = r"(?:(?:now|since|already|been|being|\w{1,20}ly)\s)*withdrawn\b(?!\sfrom\s(?!(?:the\s)?(?:\w{0,9}rxiv|publication|server)))"
_PEOPLE = rf"(?:{_AUTHORS}|us\b|me\b)"
_OTHERS = r"(?:the\s)?(?:submitters?|editors?|publisher|(?:\w{0,9}rxiv\s)?(?:admin|moderat)\w{1,20}|\w{0,9}rxiv)\b"
_WITHDRAWN = re.compile(
    rf"""[\W_]{{0,20}}(?:arxiv\sadmin\snote:\s)?(?:
    (?:this|the|our)\s{_KIND}\s(?:has|is|was|had\sto\sbe|must\sbe)\s{_GONE} (?:\sby\s(?P<by>{_PEOPLE}))?
    | (?:(?:this\s)?{_KIND}\s)?{_GONE} (?:\W{{0,20}}$|[.:;,)\]]|\s(?:due|because|pending)\b|\sby\s(?:(?P<also_by>{_PEOPLE})|{_OTHERS}))
    | (?:(?P<who>{_AUTHORS}|we|i)|{_OTHERS})\s(?:have\s|has\s)?(?:(?:now|since|hereby|\w{{1,20}}ly)\s)*with(?:drawn|draw|drew)
      \s(?:this|their|our|my)\s{_KIND}
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_REASON = 500  # characters
_REASON = re.compile(
    r".{0,200}?\bwith(?:draw|drew)\w*\b.{0,200}?(?:\b(?:due\sto|owing\sto|because(?:\sof)?|since|as)\s|:\s)",
    re.IGNORECASE | re.DOTALL,
)
# a sentence of a comment goes on after "Phys." and "Proc.", whose next word has a capital, too
_SENTENCE_ENDS = re.compile(
    r"(?<=[^\W_]{6})[.!?]\s|(?<=[\d)\]'A-Z])[.!?]\s|(?<=\b[a-z]{2})[.!?]\s|(?<=\b[a-z]{3})[.!?]\s|(?<=\b[a-z]{4})[.!?]\s|(?<=\b[a-z]{5})[.!?]\s|;\s|\s[|•]\s"
)
_ACCEPTED = re.compile(
    r"""\baccept(?:ed)?(?=\W*$|[,.:;)\]/-]|\s\(|\s(?-i:[A-Z\d])
    |\s(?:and|as|after|article|at|by|for|in|into|manuscript|on|paper|post|preprint|to|version|with)\b)
    | \bto\s(?:appear|be\s(?:published|presented))\s(?:in|at|on)\b | \bappear(?:s|ed|ing)?\s(?:in|at)\b | \bforthcoming\sin\b | ^\s*in\s(?:the\s)?proceedings\sof\b
    | \b(?:in\spress|camera[\s-]ready)\b
    | (?<!\bto\sbe\s)\bpublished\s(?:in|at|by|on|to|as|version(?!\s(?:will|may|might|can|differs)\b))\b | \b(?:19|20)\d\d\b\W{0,3}\(?(?:an?\s)?(?:oral|spotlight|poster|highlight)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_OTHER_VERSION = (
    r"(?:abridged|companion|condensed|earlier|expanded|extend(?:ed|s)|extension|follow-?up|initial|part|parts|portions?|preliminary|previous(?:ly)?|prior)"
    r"\b(?:\s\w+){0,3}?\s(?:version|paper|article|abstract|work|results?|of)\b"
    r"|\b(?:conference|full|journal|long|longer|short|shorter|workshop)\b(?:\s\w+){0,3}?\s(?:version|article|abstract|work|results?|of)\b"
)
_NOT_ACCEPTED = re.compile(
    rf"""\b(?:not|never|n't|if|once|until|unless|upon|when|whenever|as\ssoon\sas|pending|comment\son|data|hope|hopefully|omitted|overlaps?|proposals?|rejected|supersed\w+|submit\w*|submission|resubmit\w*|under\sreview
    |in\sreview|to\sbe\saccepted|will\sbe\saccepted)\b | \b(?!(?:conditional|final|new|official|provisional|recent)ly)[a-z]+ly\saccepted
    | \b{_OTHER_VERSION} | \bbuil(?:ds|t)\son\b | \bbased\son\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NOT_FOR_GOOD = re.compile(
    r"\s(?:for\s(?:review|consideration)|at\sv\d|manuscripts?\swill|papers?\swill|(?:an?\s)?preprint|https?:)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?:\d+|\w+teen|one|two|three|four|five|six|seven|eight|nine|ten)\s(?:\w+\s){0,2}?(?:pages?|pp|figs?|figures?|tables?|algorithms?|equations?|images?|videos?|appendi\w+)\b[,.:\s-]*(?:and\s|\+\s)?",
    re.IGNORECASE,
)
LEADING = ("tldr", "task")
"""Names of the field of a summary that says in short what a paper is about. Without it, a paper has no usable summary."""
SummaryState = Literal["ok", "failed", "placeholder", "empty", "not stated"]

# Public digests of the daily-arXiv family contain these texts. A field has to consist of one, since a real summary may
# contain the word "failed".
_LONGEST_STATEMENT = 100  # characters of a text that states a failure
_MADE = r"(?:ai|analysis|api|conclusion|content|extraction|generation|llm|method|model|motivation|processing|request|result|summary|tl;?dr|task|translation)s?"
_FAILED = re.compile(
    rf"""[\W_]*(?:
    (?:{_MADE}\s){{0,3}}{_MADE}\s(?:is\s|was\s|has\s|could\s)?(?:not\s)?(?:be\s|yet\s)?(?:available|empty|error|extracted|failed|failure|found|generated|missing|timed\sout|unavailable)
    | error | (?:api\s|daily\s|rate\s|usage\s)*(?:limit|quota)s?\s(?:is\s|was\s)?(?:exceeded|reached|used\sup)
    | no\s(?:{_MADE}\s)*{_MADE}(?:\s(?:available|found|generated|returned|yet))?
    | (?:failed|unable)\sto\s(?:analy[sz]e|extract|fetch|generate|get|load|parse|process|summari[sz]e|translate)(?:\s(?:the|a|this|{_MADE}))*
    | (?:错误[:：]?)?(?:ai|api|gpt|llm|模型|摘要|总结|分析|翻译|生成|请求|调用|处理|接口|网络|解析|获取|自动|论文|内容|服务|连接)+(?:失败|超时|出错|异常|错误|不可用)(?:[:：].*|[，,]?请.*)?
    | (?:已?达到|超[出过]了?)?(?:ai|api|gpt|llm|模型|接口|请求|调用|每日|今日|配额|额度|限额|频率|次数)+(?:限制|上限|超限|不足|已?用[尽完])(?:[，,]?请.*)?
    )[\W_]*""",
    re.IGNORECASE | re.VERBOSE,
)
_NOTHING = re.compile(
    r"""[\W_]*(?:
    n/a | unknown | untitled(?:\s(?:article|document|paper))? | not\savailable
    | (?:no|unknown)\s(?:abstract|author|title)s?(?:\s(?:available|found|given|listed|provided))?
    | (?:abstract|author|title)s?\s(?:is\s)?(?:missing|not\s(?:available|found|given|provided)|pending(?:\s\d+)?|unavailable)
    | 未知 | 暂无 | 暂?[无無](?:标题|摘要|题|題|作者|内容|数据|翻译)
    )[\W_]* | not\smentioned\sin\sabstract | 未在摘要中提及 | none | null | (?-i:nan|NaN) | undefined | [无無] | [-–—.…_\s]+""",
    re.IGNORECASE | re.VERBOSE,
)
_ERROR = re.compile(r"[\[(*]*(?i:error|错误)(?:[\])]|\W*(?:[:：]|\d|$))")  # the beginning of an error
_ERROR_SIGNS = frozenset("[(*Ee错")  # with which it begins
_PLACEHOLDER = re.compile(r"\{\w+\}")  # a template that was never filled: {tldr}


def artefacts_in(*texts: str) -> list[str]:
    """Return "code" and "data" if one of the texts holds an address of such."""
    some = [text for text in texts if _MAY_BE_ADDRESS.search(text)]
    return [name for name, address in ARTEFACTS.items() if any(map(address.search, some))]


_WORD_WITH_ADDRESS = re.compile(r"[^\s<>\"'“”‘’(){}\[\]|\u3001-\u9fff\uac00-\ud7a3，；（）：]{4,500}")
_ADDRESS_BEGINS = re.compile(r"https?://|10\.\d{4,9}/", re.IGNORECASE)
_AFTER_ADDRESS = ".,;:!?*…~`\\$"


def artefact_address(kind: str, *texts: str) -> str:
    """Return the first web address of "code" or "data" in the texts; "" if there is none.

    The host itself must be known: an address elsewhere that only contains a known name does not count.
    """
    known = ARTEFACTS[kind]
    for text in texts:
        if artefacts_in(text):
            words = (word.rstrip(_AFTER_ADDRESS) for word in _WORD_WITH_ADDRESS.findall(text.replace("\\_", "_")))
            for word in words:
                begins = _ADDRESS_BEGINS.search(word)
                address = word[begins.start() :] if begins else f"https://{word}"
                if "://" not in address:
                    address = f"https://doi.org/{address}"
                if _is_of_known_host(known, address):
                    return address
    return ""


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


def withdrawn_by(text: str) -> Literal["authors", "unknown", ""]:
    """Return whether a comment or an abstract says that its paper was withdrawn, and by whom; "" if it does not."""
    found = _WITHDRAWN.match(text)
    if not found:
        return ""
    if found["by"] or found["also_by"] or found["who"]:
        return "authors"
    return "unknown"


def withdrawal_reason(text: str) -> str:
    """Return what a text that says that its paper was withdrawn gives as the reason; "" if it gives none."""
    found = _REASON.match(text)
    return text[found.end() :][:_LONGEST_REASON].strip(" .") if found else ""


def accepted_in(comment: str) -> str:
    """Return the sentence of an author's comment that says that the paper was accepted or published; "" if none does.

    Submissions, wishes and other versions of the paper do not count.
    """
    return next(filter(None, map(_acceptance, _sentences(comment))), "")


def remark_in(comment: str) -> str:
    """Return what a comment says beside an acceptance and addresses of code: "14 pages, 4 figures"."""
    said = accepted_in(comment)
    kept = (one.replace(said, "") if said else one for one in _sentences(comment) if not artefacts_in(one))
    return ". ".join(filter(None, (one.strip(" ,;.") for one in kept)))


def _sentences(comment: str) -> list[str]:
    return [one.strip(" .;,") for one in _SENTENCE_ENDS.split(" ".join(comment.split()))]


def _acceptance(sentence: str) -> str:
    """Return the sentence from the part on that says so, without the numbers of pages before it."""
    found = _ACCEPTED.search(sentence)
    if not found or _NOT_ACCEPTED.search(sentence[: found.end()]) or _NOT_FOR_GOOD.match(sentence, found.end()):
        return ""
    begins = max((one.end() for one in _COUNTED.finditer(sentence, 0, found.end())), default=0)
    return sentence[begins:].strip(" ,.-")


def states_nothing(text: str) -> bool:
    """Return whether a title, a name or a text is only what a program writes where it has none: N/A, [Not Available]."""
    return len(text) <= _LONGEST_STATEMENT and bool(_NOTHING.fullmatch(text))


def summary_state(text: str) -> SummaryState:
    """Return the state of one field of a summary. Only fields in the state "ok" are shown and matched.

    "not stated" means that the summariser found nothing to say. The other three states are failures.
    """
    value = text.strip()
    if not value:
        return "empty"
    if value[0] in _ERROR_SIGNS and _ERROR.match(value):
        return "failed"
    if len(value) > _LONGEST_STATEMENT:
        return "ok"
    if _FAILED.fullmatch(value):
        return "failed"
    if _PLACEHOLDER.fullmatch(value):
        return "placeholder"
    return "not stated" if _NOTHING.fullmatch(value) else "ok"
