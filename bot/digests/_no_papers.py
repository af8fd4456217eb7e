"""What is no paper: corrections, parts of an issue, news and the like, as titles and the names of kinds say it.

There is one list for titles, for sections of a journal, and for the kinds that a feed or a database names.
"""

import re
from collections.abc import Iterable

from bot.digests._lines import collapse

# Regular expressions, one in each line. A text is no paper if one of them matches all of it.

_CORRECTIONS = r"""
(?:(?:author|publisher|editorial|published)(?:['’]?s)?[ -]+)?(?:errat(?:um|a)|corrigend(?:um|a)|addend(?:um|a))\b.*
(?:(?:author|publisher|editorial)(?:['’]?s)?[ -]+)?(?:corrections?|retractions?)(?:\s*[:：.\]].*|\s+[-–—]\s.*)?
(?:retracted(?: article| publication)?|retracted and republished|withdrawn|removed|clarification)(?:\s*[:：.\]].*)?
(?:withdrawal|removal)(?: notice)?(?:\s*[:：.\]].*)?
(?:editorial )?expressions? of concern\b.*
(?:statement|notice) of (?:retraction|correction|withdrawal|removal|redundant publication)\b.*
retraction(?: note| notice|[- ]of[- ]publication)\b.*
corrections? and clarifications?\b.*
publisher['’]s note\b.*
department of error.*
(?:errors?|(?:incorrect|missing|omitted) \w+) in (?:the )?(?:abstract|author|byline|data|figure|methods|references|results|table|text|title)\b.*
(?:corrections?|retractions?)\s+(?:to|of|for)\s*(?::|[\"“”‘«„]|.{0,80}\bet al\b).*
(?:corrections?|retractions?)\s+for\s+(?-i:[A-Z]\S+(?: and [A-Z]\S+)?), .*
correction\s+to\s+(?-i:[A-Z]).*
.*[-–—:]\s+(?:author |publisher )?(?:corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|corrections?|retractions?|retracted)
.*[(\[]\s*(?:author |publisher )?(?:corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|corrections?|retract(?:ions?|ed))\s*[)\]]
(?:fe de errat[ao]s?|rectificati(?:on|f)|berichtigung|rettelse|rättelse)(?:\s*[:：.\]].*)?
errat\w*
.{0,40}(?:勘误|更正|正誤表|訂正).{0,20}
"""
_PARTS_OF_AN_ISSUE = r"""
issue (?:information|highlights)
(?:table of |volume |annual |yearly )?contents(?: (?:continued|lists?|pages?|index|of volume.*))?
table of contents\b.*
toc|paratext|journal(?:-issue|-volume)?|component|supplementary-materials|peer[- ]review|grant
graphical (?:abstracts?|contents?)(?: (?:toc|lists?|contents?))?(?::.*)?
(?:(?:inside|outside|front|back|journal)[\s-]+){0,3}covers?(?: \w+)?(?:[ ,]+\w+ \d{4}|, volume.*)?(?::.*)?
(?:about|on) the cover\b.*
frontispiece(?::.*)?
.*\((?-i:[A-Z])[\w.&\s-]{2,40}\s\d{1,3}/\d{4}\)
.{0,90}\b(?:cover and )?(?:front|back|end)[\s-]?matter\b.*
masthead.*|(?:half )?title(?: pages?)?|imprint|impressum|titelei
(?:journal |publisher['’]?s? )?information(?: page)?
(?:(?:journal )?editorial|advisory)[ -]boards?(?:\s*[,/:–-].*| (?:and|&) contents)?
contributors?|about the (?:authors?|contributors?)
(?:.{0,90} )?(?:publication|subscription) information
.{0,90}\b(?:information|instructions|guidelines?|notes?) (?:for|to) (?:authors|contributors|readers)\b.*
(?:staff|officers|society|subscription|copyright|institutional|blank)[ -](?:lists?|listings?|pages?|information|report)
(?:author|subject|keyword|volume|reviewer)s?['’]? index(?:es)?\b.*
\d{4} index\b.*
index(?: (?:to|of) (?:volume|authors?|new names|names)\b.*)?
(?:new )?names (?:published|proposed|introduced|in this (?:issue|volume))\b.*
new names and (?:new )?combinations(?: (?:published|in this).*)?
(?:.{0,60} )?in (?:this|the next) issue|in (?:this|the next) issue\b.*|in \w+ journals|aims (?:and|&) scope
advertis(?:ement|ing)s?\b.*
(?:list of |outstanding |top )?(?:peer )?(?:reviewers?|referees)(?: list)?(?:(?: (?:for|of|in) .{1,60}| (?:for|of|in))? \d{4})?
(?:thanks? (?:you )?to (?:our )?|acknowledg\w+ (?:of|to) (?:our )?)(?:\d{4} )?(?:peer )?(?:reviewers?|referees)\b.*
(?:peer )?(?:reviewers?|referees) (?:acknowledg\w+|thank you)\b.*
inhalt(?:sverzeichnis|sübersicht)?|sommaire|table des matières|índice(?: general| analítico| de autores)?
sumario|sumário|indice|sommario|register(?: \d{4})?|indhold\w*|innhold\w*|inhoud\w*
(?:års)?innehåll(?:sförteckning)?(?: .{0,20}\d{4}.{0,20})?
.{0,40}(?:总目次|总目录|目\s*录|目\s*次|稿约).{0,20}
"""
_OTHER_WRITING = r"""
(?:guest[- ])?editorials?(?: material)?(?:\s*[:：.–—-].*| (?:for )?(?:the )?special (?:issue|section)\b.*)?
editorial[- ]notes?
(?:(?:letter|message|note) )?from the (?:guest )?(?:editors?|president|chair)\b.*
(?:president|chair|editor)s?['’]s? (?:message|corner|column|letter|desk|address|report|note|choice|pages?|picks?|comments?|highlights?)(?:\s*[:：.,–—-].*)?
introduction to (?:the |this )?(?:\w+ )?(?:special|themed|virtual)\b.*
(?:(?:book|media|film)s?[- ](?:reviews?|received|notes?|& arts|and arts)|review of the book)\b.*
.*\bISBN\b.*
.*\b(?:\d{2,4}\s?pp|pp\.?\s\d{2,4}(?![\d–-]))\b.*
news(?:[- ](?:and|&)[- ](?:views|notes|events|announcements)|[- ]in[- ]brief)?(?:\s*[:：–—-].*)?
news[- ](?:briefs?|focus|feature|item|article|q&a)(?:\s*[:：–—-].*)?
society news\b.*
newspaper article|world report|nature (?:briefing|podcast|careers?|news|video|index)|this (?:week|month) in .{0,60}
obituar(?:y|ies)(?:\s*[:,–—-].*)?
in memoriam\b.*|in memory of\b.*
biography|portrait|interview|q ?(?:&|n) ?as?(?: with\b.*)?
where i work|career(?:s|[- ]\w+)?|world view|futures|outlook|podcast|video|webcast|perspectives: .*
(?:research |editors?['’]?s?[- ])?highlights?|research[- ](?:highlights?|briefings?)
correspondence|comment
(?:conference |meeting )?announcements?(?:\s*[:：–—-].*)?
calendar(?: of events)?
foreword(?:[ :].*)?|preface(?::.*)?
(?:.{0,90}[:–—-] )?call for (?:papers|applications|proposals|nominations|manuscripts)\b.*
jobs?|vacanc(?:y|ies)(?:\s*:.*)?
(?:open |vacant )?(?:(?:post-?doc\w*|ph\.?d\.?|faculty) )?(?:jobs?|positions?) (?:offers?|openings?|postings?|vacanc(?:y|ies)|available|announcements?)(?:(?: at| in|:).*)?
(?:open |vacant )?(?:post-?doc\w*|ph\.?d\.?|faculty|tenure-track)(?: research)? (?:position|opening|vacancy|studentship)(?: (?:in|at|on|for|available)\b.*)?
(?:minutes|report) of the .{0,40}(?:meeting|assembly)\b.*
.{0,60}\b(?:grants?|awards?|prizes?)(?: winners| recipients)? (?:\d{4}|announced)\b.*
vorwort(?:[ :].*)?|nachrufe?\b.*|buchbesprechung(?:en)?\b.*|(?:vereins|gesellschafts)?mitteilungen|personalia
éditorial(?:[ :].*)?|avant-propos\b.*|comptes? rendus?(?: de lecture)?|presentación|reseñas?\b.*|redactioneel
förenings(?:information|nytt|meddelanden?)\b.*|(?:bok)?recensioner
.{0,40}(?:征稿|征订|卷首语|编者按|启事|編集後記).{0,20}
"""
_LINES = (_CORRECTIONS + _PARTS_OF_AN_ISSUE + _OTHER_WRITING).split("\n")
_NO_PAPER = re.compile(rf"(?:{'|'.join(filter(None, _LINES))})\.?", re.IGNORECASE)
_LONGEST_TITLE = 1_000  # characters in which a mark of what is no paper is looked for
_MAGAZINE_DOI = re.compile(r"10\.1038/d\d")  # news and comment of Nature

# what stands around a title: `[ASAP] `, `[Articles] `, `Research Article: `, `[hal-04412345] `, `Sensors, Vol. 24, Pages 1: `
_SECTION = re.compile(
    r"\[(?P<bracket>(?=[^\[\]]{4,40}\])(?:[A-Z][a-z]+|ASAP)(?:[ /-](?:[A-Z]?[a-z]+|&))*)\]\s+(?=\S)"
    r"|(?P<colon>(?i:(?:(?:original|research|full|review|short|regular|invited) )?(?:articles?|papers?|communications?))):\s+(?=\S)"
)
_BEFORE = re.compile(r"\A(?:\[[a-z]{2,12}-\d{5,}(?:v\d+)?\]\s+|[^,:]{2,80}, Vol\. \d+, Pages? [\w–-]+: (?=\S))")
_AFTER = re.compile(r"\s*\[version \d[^\[\]]*\]$")
_COLUMN = re.compile(r"\[(?P<column>[^\[\]]{3,60})\]\.?$")


def split_section(title: str) -> tuple[str, str]:
    """Returns (section, title) of a title, without what its journal puts around it.

    The section of the journal stands before some titles; it is "" for others.
    """
    title = _BEFORE.sub("", _AFTER.sub("", title))
    found = _SECTION.match(title)
    if not found:
        return "", title
    return found["bracket"] or found["colon"], title[found.end() :]


def is_no_paper(title: str, kinds: Iterable[str], doi: str | None) -> bool:
    """Returns whether a title, the names of kinds or a DOI say that a work is a correction, news, or a part of an issue."""
    title = title[:_LONGEST_TITLE]
    column = _COLUMN.search(title)
    said = [title, column["column"] if column else "", *map(collapse, kinds)]
    return bool(_MAGAZINE_DOI.match(doi or "")) or any(map(_NO_PAPER.fullmatch, said))
