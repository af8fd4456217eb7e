"""The rules of the query language, each with a paper, and with queries that find it and queries that do not."""

from collections.abc import Iterable
from dataclasses import dataclass

from subscriptions.model import Paper, Summary, Translation
from tests import tables


def paper(  # the fields are in the order in which people name them
    title: str = "",
    *,
    abstract: str = "",
    others: tuple[str, ...] = (),
    translation: str = "",
    title_translation: str = "",
    authors: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    arxiv: str = "",
    doi: str = "",
    sources: tuple[str, ...] = (),
) -> Paper:
    return Paper(
        key=arxiv or doi.lower() or "title:0",
        title=title,
        abstract=abstract,
        authors=authors,
        categories=categories,
        arxiv_id=arxiv or None,
        doi=doi.lower() or None,
        summaries=(Summary(language="zh", fields={f"field{n}": text for n, text in enumerate(others)}),),
        translations=(Translation(language="zh", title=title_translation, abstract=translation),),
        sources=sources,
    )


def titled(title: str) -> Paper:
    return paper(title)


def by(*authors: str) -> Paper:
    return paper("X", authors=authors)


def under(*categories: str) -> Paper:
    return paper("X", categories=categories)


@dataclass(frozen=True)
class Finds:
    """One rule: a paper, the queries that find it, and the queries that do not."""

    sentence: str
    paper: Paper
    finds: str | tuple[str, ...] = ()  # with ¦ between
    misses: str | tuple[str, ...] = ()

    def questions(self) -> Iterable[tuple[str, Paper, bool]]:
        for queries, is_found in ((self.finds, True), (self.misses, False)):
            for query in tables.listed(queries, "¦") if isinstance(queries, str) else queries:
                yield query, self.paper, is_found


GRAPH = titled("graph neural network")


FULL = paper(
    "Graph neural networks",
    title_translation="图神经网络",
    abstract="We study oversmoothing.",
    translation="我们研究过平滑。",
    others=("Attention helps.", "Too many layers blur features."),
    authors=("Jane Doe", "Yann LeCun"),
    categories=("cs.LG", "stat.ML"),
)


LATEX = titled(
    r"The $k\alpha$-core, $\alpha\beta$ and \emph{deep}learning in $O(n\log n)$ with $k$NN, Stra{\ss}en, S{\o}ren and"
    r" S\o ren, Micha{\l}, \v{s}koda, Poincar{\'e}, \c{C}e\c sme, \r{A}ngstr\"om, na\"{\i}ve, \Gamma-limit, \varepsilon-net,"
    r" $\vartheta$, AT\&T, x_1^2, \alphabet soup, {\AE}gir, a\foo b, $\frac{1}{2}$"
)


FINDS = (
    # the grammar
    Finds(
        "AND binds tighter than OR",
        GRAPH,
        "graph OR foo bar ¦ foo bar|neural",
        "(graph OR foo) bar ¦ foo OR graph bar",
    ),
    Finds(
        "AND and & and juxtaposition are one",
        GRAPH,
        'graph & neural ¦ graph neural ¦ (graph)neural ¦ "graph""neural"',
        'graph & foo ¦ graph(foo) ¦ "graph""foo"',
    ),
    Finds(
        "| needs no blanks, & does",
        titled("graph of R and D"),
        "foo|graph ¦ foo|graph|bar ¦ (foo)|(graph)",
        "foo|bar ¦ R&D",
    ),
    Finds(
        "ANDNOT is AND NOT",
        GRAPH,
        "graph ANDNOT foo ¦ graph ANDNOT (foo neural) ¦ graph ANDNOT foo OR bar",
        "graph ANDNOT neural ¦ graph ANDNOT (foo OR neural)",
    ),
    Finds(
        "the signs of NOT",
        GRAPH,
        """
        graph -foo ¦ graph NOT foo ¦ graph !foo ¦ graph -(foo) ¦ graph -"neural graph"
        """,
        """
        graph -neural ¦ graph NOT neural ¦ graph !neural ¦ graph -(neural) ¦ graph -"graph neural"
        """,
    ),
    Finds(
        "a sign stands where a term starts, not before a blank",
        titled("state-of-the-art graph, neural! - network"),
        "state-of-the-art ¦ graph - neural ¦ graph! neural",
        "state-of-art ¦ state -of",
    ),
    Finds(
        "several signs are one",
        GRAPH,
        "graph --foo ¦ graph NOT NOT foo",
        "graph --neural ¦ graph NOT NOT neural",
    ),
    Finds(
        "a sign is read after a blank, quote, bracket, bar, colon or sign",
        GRAPH,
        '"graph"-foo ¦ (graph)-foo ¦ graph ti:-foo ¦ “graph”-foo',
        '"graph"-neural ¦ (graph)-neural ¦ graph ti:-neural',
    ),
    Finds(
        "not beside a stray star",
        titled("foo bar graph"),
        "fo*-bar foo OR graph ¦ graph *-bar ¦ graph -*bar",
        "graph -bar ¦ foo* -bar",
    ),
    Finds(
        "a blank after the colon is allowed",
        FULL,
        'ti: graph ¦ ti: (graph neural) ¦ ti: "graph neural" ¦ author: doe ¦ cat: cs.LG ¦ ti: graph attention',
        "ti: attention ¦ ti: (graph attention) ¦ author: graph ¦ cat: cs.CV",
    ),
    Finds(
        "fields and their other names, in any letter case",
        FULL,
        """
        title:graph ¦ ti:graph ¦ intitle:graph ¦ TI:graph ¦ abstract:study ¦ abs:study ¦ summary:attention ¦ tldr:attention ¦ author:doe ¦ au:doe ¦ category:cs.LG ¦ cat:cs.LG ¦
        primary:cs.LG ¦ all:doe
        """,
        """
        title:study ¦ ti:attention ¦ abstract:graph ¦ summary:study ¦ author:graph ¦
        category:stat.AP ¦ cat:graph ¦ primary:stat.ML ¦ all:smith
        """,
    ),
    Finds(
        "a value is exact, a prefix or a phrase",
        titled("RAG for Neurosymbolic few-shot learning"),
        '=RAG ¦ =Neuro* ¦ ti:="few-shot learning" ¦ ="few-shot" ¦ ti:neuro*',
        '=Rag ¦ =neuro* ¦ ="Few-shot" ¦ ti:neural*',
    ),
    # what is forgiven
    Finds(
        "keywords are upper case",
        titled("graph or not and neural"),
        "graph or neural ¦ not graph ¦ graph and neural ¦ or",
        "graph or foo ¦ not foo",
    ),
    Finds(
        "quotes of all kinds",
        titled("Deep Learning for Graphs"),
        """
        “deep learning” ¦ „deep learning“ ¦ 「deep learning」 ¦ 『deep learning』 ¦
        «deep learning» ¦ »deep learning« ¦ ＂deep learning＂ ¦ ti:“deep learning” ¦ graph -“learning deep” ¦
        =“Deep Learning” ¦ “deep learning
        """,
        "“learning deep” ¦ graph -“deep learning” ¦ =“deep learning”",
    ),
    Finds(
        "single quotes are apostrophes",
        titled("learning deep graphs"),
        "'deep learning' ¦ ‘deep learning’ ¦ ‘graphs’",
        """'deep foo' ¦ "deep learning" """,
    ),
    Finds(
        "full-width signs are plain ones",
        titled("RAG in C++ and C# for deep graphs at AT&T, neurosymbolic"),
        """
        （deep OR foo）graph ¦ foo｜deep ¦ deep ！foo ¦ deep ＆ graph ¦ neuro＊ ¦ ＝RAG ¦ C＋＋ ¦ ti：deep ¦ deep\u3000graph ¦ AT＆T ¦ （deep
        """,
        "（deep OR foo）bar ¦ deep ！graph ¦ deep ＆ foo ¦ ＝rag ¦ deep\u3000foo ¦ T＆AT",
    ),
    Finds(
        "dashes for minus",
        GRAPH,
        """
        graph –foo ¦ graph —foo ¦ graph −foo ¦ graph – neural ¦ graph–neural ¦ –foo graph ¦
        "graph"–foo
        """,
        'graph –neural ¦ neural–graph ¦ "graph"–neural',
    ),
    Finds(
        "accent macros are undone before the grammar reads",
        paper(r"H\"older regularity of Erd\H{o}s graphs in Łódź", authors=("Rainer Hölder",)),
        r"""
        H\"older ¦ "H\"older regularity" ¦ author:H\"older ¦ \L{}\'od\'z ¦ graph -f\"ur ¦ H\"old*
        """,
        r'graph -H\"older ¦ H\"alder ¦ "regularity H\"older" ¦ author:H\"alder ¦ =H\"Older',
    ),
    # readings
    Finds(
        "an unclosed quote or bracket is closed at the end",
        FULL,
        """
        "graph neural ¦ (graph neural ¦ (graph (neural ¦ ti:(graph ¦ ti:"graph neural ¦ graph (
        """,
        '"neural graph ¦ (graph foo ¦ ti:(graph attention',
    ),
    Finds(
        "of adjacent operators the last counts",
        GRAPH,
        "graph AND OR foo ¦ graph & OR foo ¦ graph || foo ¦ foo NOT|graph",
        "graph OR AND foo ¦ graph | & foo ¦ graph | AND foo",
    ),
    Finds(
        "dangling operators go",
        GRAPH,
        "| graph ¦ graph OR",
        "OR foo ¦ (foo OR) graph ¦ foo |",
    ),
    Finds(
        "an empty bracket or quote, a word or quote of punctuation only, goes with the NOT before it",
        GRAPH,
        'graph () ¦ graph "" ¦ graph -() ¦ graph -"" ¦ graph :',
        'foo () ¦ foo "" ¦ graph -() foo',
    ),
    Finds(
        "a NOT before an operator goes",
        GRAPH,
        "graph NOT OR foo ¦ graph NOT AND neural ¦ NOT OR graph ¦ graph NOT | foo",
        "graph NOT AND foo ¦ NOT OR foo",
    ),
    Finds(
        "a NOT belongs to what follows it",
        GRAPH,
        "graph AND NOT foo ¦ graph OR foo NOT bar ¦ foo OR graph NOT bar ¦ graph -foo neural",
        "graph NOT neural foo ¦ graph -neural OR foo",
    ),
    Finds(
        "a sign after a field's colon stands before the field",
        FULL,
        'graph ti:-survey ¦ graph cat:-cs.CV ¦ graph ti:NOT survey ¦ graph ti:-"neural graph"',
        "graph ti:-neural ¦ graph cat:-cs.LG ¦ graph ti:NOT neural",
    ),
    Finds(
        "the inner field wins",
        FULL,
        "ti:(graph cat:cs.LG) ¦ ti:(graph abs:study) ¦ ti:abs:study",
        "ti:(graph cat:cs.CV) ¦ ti:abs:graph",
    ),
    Finds(
        "an unknown field without a blank is a phrase, with a blank two terms",
        titled("Foo graph for BERT with pre-training at 12:30"),
        "foo:graph ¦ BERT: pre-training ¦ graph: foo ¦ 12:30",
        "graph:foo ¦ BERT: bar ¦ 12:31",
    ),
    Finds(
        "an unknown field before a quote or bracket is two terms",
        titled("Foo graph for BERT pre-training"),
        'graph:"pre training" ¦ graph:(foo BERT) ¦ BERT:(bar OR graph) ¦ graph:“pre training”',
        'graph:"training pre" ¦ graph:(foo bar) ¦ bar:(foo BERT) ¦ bar:"pre training"',
    ),
    Finds(
        "AT&T and rlhf,dpo are phrases",
        titled("AT&T uses RLHF, DPO (and more)/less; R&D"),
        "AT&T ¦ rlhf,dpo ¦ more/less",
        "T&AT ¦ dpo,rlhf ¦ less/more",
    ),
    Finds(
        "a list with commas asks for any of its items",
        paper("RLHF, DPO and GRPO", abstract="Preference data, reward modelling.", categories=("cs.LG",),
              authors=("Jane Doe",), arxiv="2601.15529"),
        "foo, dpo ¦ foo, bar, dpo ¦ foo，dpo ¦ foo、dpo ¦ reward model, preference data ¦ foo, bar, 2601.15529",
        "foo, bar ¦ foo, data preference ¦ foo，bar",
    ),
    Finds(
        "each comma with a blank; no operators, brackets, quotes",
        titled("RLHF, DPO and GRPO"),
        """
        rlhf,dpo, grpo ¦ rlhf, dpo OR foo ¦ rlhf, (dpo OR foo) ¦ rlhf, "dpo" ¦ rlhf, dpo AND grpo
        """,
        """
        foo,bar, grpo ¦ foo, (dpo) ¦ foo, "dpo" ¦ foo, dpo AND grpo
        """,
    ),
    Finds(
        "an item of a list may have a field, = or star, for its whole phrase, or be a category",
        paper("Neurosymbolic reward models", abstract="Few-shot study of RAG pipelines.", categories=("cs.LG", "math.AP"),
              authors=("Jane Doe",)),
        """
        ti:reward model, foo ¦ foo, abs:few shot ¦ foo, =RAG pipelines ¦ foo, reward mod* ¦ foo, cs.LG ¦ foo, cs.* ¦ foo, cs.CV+math.AP ¦ foo, author:Jane Doe
        """,
        "foo, ti:reward study ¦ ti:model reward, foo ¦ foo, =rag pipelines ¦ foo, reward moo*",
    ),
    Finds(
        "a comma at the end is dropped",
        GRAPH,
        ("foo, graph,", "graph,", "graph neural,", "foo，graph，", "foo、graph、"),
        ("foo,", "foo, bar,", "graph foo,"),
    ),
    Finds(
        "an author with a comma is one author, last name first",
        paper("The study", authors=("Jane Doe", "Max Roe", "Ludwig van der Berg")),
        "author:Doe, Jane ¦ au:Doe, Jane ¦ author:Doe, J. ¦ author:van der Berg, Ludwig ¦ author:Doe, Jan*",
        "author:Roe, Jane",
    ),
    Finds(
        "the second item of an author is no category",
        paper("X", authors=("Jane Doe",), categories=("cs.LG",)),
        "author:Doe, Jane ¦ author:Doe, cat:cs.CV ¦ author:Foo, cat:cs.LG ¦ author:Foo, bar, cs.LG",
        "author:Doe, cs.LG ¦ author:Doe, #cs.LG",
    ),
    Finds(
        "a category standing alone as a word",
        paper("On cs.LG and detection, hep th, q-fin", categories=("cs.CV", "hep-th", "astro-ph.GA", "math.AP")),
        "cs.CV ¦ CS.CV ¦ #cs.cv",
        "cs.LG ¦ hep-ph",
    ),
    Finds(
        "categories are known codes, archive.*, archives with a hyphen; others are words",
        paper("The math of physics: cs and stat, cs.XY, econ, eess, nlin", categories=("q-bio.NC",)),
        "math ¦ physics ¦ cs ¦ stat ¦ econ ¦ cs.XY",
        "cs.XX ¦ math.*",
    ),
    Finds(
        "categories joined by + ask for either",
        under("cs.AI", "math.AP"),
        "cs.AI+q-bio.NC ¦ hep-th+cs.ai ¦ cs.*+stat.*",
        "hep-th+hep-ph ¦ cs.AI+foo ¦ cs.AI + cs.CV",
    ),
    Finds(
        "cat: of no category is taken and never matches",
        paper("detection", categories=("cs.CV",)),
        "detection -cat:foo ¦ cat:foo OR detection",
        'cat: detection ¦ cat:foo ¦ cat:"computer vision"',
    ),
    Finds(
        "a bare arXiv id asks for the text or the id",
        paper("Graphs", arxiv="2601.15529"),
        """
        2601.15529 ¦ graph 2601.15529 ¦ (2601.15529) ¦ 2601.15529 OR foo ¦ arXiv:2601.15529
        """,
        """
        2601.15530 ¦ graph -2601.15529 ¦ "2601.15529" ¦ =2601.15529
        """,
    ),
    Finds(
        "a bare arXiv id that stands in a text",
        paper("Comment on 2601.15529 and hep-th/9901001", arxiv="2602.00002"),
        '2601.15529 ¦ "2601.15529" ¦ hep-th/9901001 ¦ ti:2601.15529 ¦ 2602.00002',
        "id:2601.15529 ¦ https://arxiv.org/abs/2601.15529 ¦ id:hep-th/9901001 ¦ 2601.15530",
    ),
    Finds(
        "an old id",
        paper("Strings", arxiv="hep-th/9901001"),
        "hep-th/9901001 ¦ id:hep-th/9901001 ¦ HEP-TH/9901001 ¦ arXiv:hep-th/9901001 ¦ https://arxiv.org/abs/hep-th/9901001v2",
        "hep-th/9901002 ¦ id:9901001 ¦ https://arxiv.org/abs/hep-ph/9901001 ¦ hep-th",
    ),
    Finds(
        "a link to a paper is its id",
        paper("Graphs", arxiv="2601.15529"),
        """
        https://arxiv.org/abs/2601.15529 ¦ https://arxiv.org/pdf/2601.15529v2.pdf ¦
        http://export.arxiv.org/abs/2601.15529 ¦ huggingface.co/papers/2601.15529 ¦ https://arxiv.org/abs/2601.15529?context=cs.LG ¦
        (https://arxiv.org/abs/2601.15529) ¦ id:arxiv.org/abs/2601.15529
        """,
        """
        https://arxiv.org/abs/2601.15530 ¦ graph -huggingface.co/papers/2601.15529 ¦ "https://arxiv.org/abs/2601.15529" ¦
        https://example.org/abs/2601.15529
        """,
    ),
    Finds(
        "a link of doi.org is the DOI",
        paper("Graphs", doi="10.1234/Abc.5678"),
        "https://doi.org/10.1234/abc.5678 ¦ doi.org/10.1234/abc.5678 ¦ https://dx.doi.org/10.1234/abc.5678 ¦ graph doi.org/10.1234/abc.5678",
        "https://doi.org/10.1234/abc ¦ graph -doi.org/10.1234/abc.5678",
    ),
    Finds(
        "other stars are blanks",
        titled("Graph of ph, gr and neural nets, neuro"),
        'gr*ph ¦ *graph ¦ "graph of"*',
        'gr*foo ¦ "of graph"* ¦ *foo',
    ),
    Finds("GPT -4 is GPT and not 4", titled("GPT and friends"), "GPT -4 ¦ GPT –4", "GPT-4 ¦ GPT - 4"),
    Finds("GPT-4 is a phrase", titled("GPT-4 report"), "GPT-4 ¦ GPT - 4 ¦ GPT–4", "GPT -4 ¦ GPT –4"),
    # words of a text
    Finds(
        "Greek commands become names between blanks, other commands a blank, braces and dollars vanish",
        LATEX,
        r"""
        kNN ¦ "k alpha" ¦ "alpha beta" ¦ \alpha ¦ α ¦ \alpha\beta ¦ deeplearning ¦ "n n" ¦ gamma ¦ \Gamma-limit ¦ epsilon-net ¦ \epsilon ¦ \vartheta ¦ at&t ¦
        x12 ¦ "a b"
        """,
        "kalpha ¦ emph ¦ alphabet ¦ ab",
    ),
    Finds(
        "accent macros become their letters",
        LATEX,
        r"""
        straßen ¦ søren ¦ "soren and soren" ¦ michał ¦ škoda ¦ poincaré ¦ cesme ¦ ångström ¦ naïve ¦ aegir ¦ S{\o}ren ¦ S\o ren ¦ na\"{\i}ve
        """,
        "stra ¦ ss",
    ),
    Finds(
        "trade marks go before NFKC",
        titled("BERT™ and CLIP® by Acme© with Zoom℠ on it"),
        'BERT ¦ bert™ ¦ CLIP® ¦ clip ¦ acme ¦ zoom ¦ zoom℠ ¦ "bert and clip"',
        "berttm ¦ zoomsm ¦ r ¦ c",
    ),
    Finds(
        "NFKC: ligatures, full-width, superscripts, half-width kana",
        titled("ﬁne ＤＥＥＰ　Ｌｅａｒｎｉｎｇ of x² and CO₂ ① ｶﾞﾗｽ K ½"),
        'fine ¦ deep learning ¦ Ｄｅｅｐ ¦ x2 ¦ x² ¦ CO2 ¦ ① ¦ ガラス ¦ ｶﾞﾗｽ ¦ k ¦ "1 2" ¦ ½',
        'ne ¦ カラス ¦ "learning deep" ¦ 12',
    ),
    Finds(
        "case folds, accents go, ü is u",
        titled("Schrödinger Straße Łódź Đuro Guðrún Þór Ærø Œuvre Ħal Iğdır Aŋa Müller ΑΛΦΑ İzmir Poincare\u0301"),
        """
        schrodinger ¦ STRASSE ¦ lodz ¦ duro ¦ gudrun ¦ thor ¦ aero ¦ oeuvre ¦ hal ¦ igdir ¦ ana ¦
        muller ¦ izmir ¦ Poincaré ¦ Poincare\u0301
        """,
        "mueller ¦ or",
    ),
    Finds(
        "kana marks and Hangul survive",
        titled("ガラスと\u1100\u1173래프 か\u3099"),
        "ガラス ¦ 그래프 ¦ 그 ¦ 래프 ¦ が ¦ ガラスと",
        "カラス ¦ か ¦ 프래",
    ),
    *(
        Finds(
            f"invisible U+{ord(char):04X} goes, in papers and queries",
            titled(f"zero{char}width graph"),
            ("zerowidth", f"zero{char}width", f"gr{char}aph", f"{char}graph", f"graph{char}", f'"zerowidth{char} graph"'),
            "zero ¦ width ¦ zero width",
        )
        for char in "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2069\ufe00\ufe0f\ufeff\U000e0100\U000e01ef"
    ),
    Finds(
        "a trailing 's goes, any other apostrophe inside a word vanishes",
        titled("Newton's law, don't, O’Connor, rock`n`roll, dogʼs, cat′s, Bayes' rule, L‘Hôpital, 'quoted' words, U.S.'s"),
        """
        newton ¦ Newton’s ¦ dont ¦ don’t ¦ o'connor ¦ rocknroll ¦ dog ¦
        dog’s ¦ bayes rule ¦ l'hôpital ¦ 'quoted' ¦ "quoted words" ¦
        "newton law"
        """,
        'don ¦ rock ¦ hopital ¦ "s law"',
    ),
    Finds(
        "apostrophes beside a word are no letters",
        paper("Bayesʼ theorem ʼquotedʼ", authors=("Ann OʼHara", "Bob Jonesʼ")),
        """
        bayes theorem ¦ bayesʼ ¦ ʼquotedʼ ¦ "theorem quoted" ¦ author:O'Hara ¦ author:jones ¦
        "bayes theorem" ¦ =Bayes
        """,
        'bayesʼx ¦ "quoted theorem" ¦ author:hara ¦ =bayes',
    ),
    Finds(
        "each Han character, kana and Hangul syllable is a token",
        titled("本文提出扩散模型的LLM大语言模型，佐々木のデータと二〇二六年 그래프 2024年"),
        """
        模型 ¦ 扩散模型 ¦ LLM ¦ 的LLM大 ¦ 佐々木 ¦ 〇 ¦ データ ¦ 二〇二六 ¦ 그 ¦ 年 ¦ 2024年 ¦ 本 文
        """,
        '散扩 ¦ 二二六 ¦ 24 ¦ 模型LLM ¦ "llm 语言"',
    ),
    Finds(
        "one letter with ++ or # is a token",
        titled("Modern C++17 and F# in objective-c++ code; abc# and xyz++ with C and 1++"),
        'c++ ¦ F# ¦ "c++ 17"',
        'f ¦ c# ¦ "17 c++"',
    ),
    Finds(
        "C++ and C# are not C",
        titled("Training in C++ and C#"),
        "c++ ¦ c# ¦ Ｃ＋＋ ¦ c++ c#",
        "c ¦ training -c++",
    ),
    Finds("C is not C++", titled("A C compiler"), "c", "c++ ¦ c#"),
    Finds(
        "a dot between digits stays, everything else separates",
        titled("GPT-3.5-turbo v1.2.3, Llama3.1, 1,000 at .5 and 7. in U.S. Fig.2 of snake_case (50%) a/b x@y 3.5B e.g. 10.1234/abc"),
        '3.5 ¦ gpt 3.5 turbo ¦ v1.2.3 ¦ 1,000 ¦ 5 ¦ "u s" ¦ fig.2 ¦ snake_case ¦ 50 ¦ a/b ¦ x@y ¦ 3.5b',
        "3 ¦ 1.2 ¦ 1000 ¦ snakecase",
    ),
    Finds(
        "runs of letters, digits and combining marks",
        titled("हिन्दी पाठ 3D GPT4 naı\u0308ve \u0940abc ไทย"),
        "हिन्दी ¦ पाठ ¦ 3d ¦ gpt4 ¦ abc",
        "हिन ¦ द ¦ gpt ¦ 4",
    ),
    Finds(
        "Greek letters become names, each apart, but in a unit",
        titled("αβ-crystallin, μm scale, α2, Ωmega, λ and Δ; µF, 5μs"),
        r"""
        alpha ¦ β ¦ αβ ¦ "alpha beta crystallin" ¦ μm ¦ µm ¦ "alpha 2" ¦ lambda ¦ delta ¦ μF ¦ βα OR α ¦ "omega mega" ¦ \Omega mega ¦ 5μs
        """,
        "m ¦ omegamega ¦ βα",
    ),
    Finds(
        "a Greek letter beside Latin ones is its name",
        titled("ΛCDM by Lyα and Hα; NF-κB, TNFα, a σ8 of 0.8, pin and nut, betas, alphabet, Kappab"),
        r"""
        ΛCDM ¦ "Lambda CDM" ¦ $\Lambda$CDM ¦ Lyα ¦ "Ly alpha" ¦ Ly$\alpha$ ¦ h-alpha ¦ NF-κB ¦ "nf kappa b" ¦ "TNF alpha" ¦ pin ¦ nut ¦ alphabet ¦ =Lyα ¦ =Kappab
        """,
        "cdmλ ¦ lyalpha ¦ pi ¦ kappab2 ¦ =kappab",
    ),
    Finds(
        "subscripts and superscripts join their word, in every notation",
        titled(
            r"CO$_2$ and La$_{3}$Ni$_{2}$O$_{7}$ in ${\rm SO}_2$, $\mathrm{NO_x}$, H\textsubscript{2}O, CH_4, $k_{\rm eff}$, ¹³C,"
            r" at $T_c$, R$^2$, Ca$^{2+}$; few_shot and top_k in layer_2 of $\alpha_s$"
        ),
        r"""
        CO2 ¦ CO$_2$ ¦ CO_2 ¦ La3Ni2O7 ¦ SO2 ¦ NOx ¦ H2O ¦ CH4 ¦ keff ¦ $^{13}$C ¦ T_c ¦ R2 ¦ Ca2+ ¦ "few shot" ¦ top-k ¦ "layer 2" ¦ "alpha s" ¦ =CO2 ¦ =CO$_2$
        """,
        "CO ¦ fewshot ¦ layer2 ¦ =co2",
    ),
    Finds(
        "irregular plurals",
        titled("analyses hypotheses syntheses theses biases lenses indices matrices vertices criteria phenomena corpora axes"),
        """
        analysis ¦ synthesis ¦ bias ¦ lens ¦ index ¦ vertex ¦ criterion ¦ phenomenon ¦ corpus ¦
        axis ¦ axes ¦ criterias ¦ "bias lens index"
        """,
        "analyse ¦ these ¦ biase ¦ len ¦ indice ¦ vertice ¦ axe ¦ ax",
    ),
    Finds(
        "one final s goes, ie becomes y, che she xe sse ze lose the e",
        titled("agents studies skies lies ties caches crashes boxes classes sizes losses movies GPUs VAEs houses taxes"),
        """
        study ¦ sky ¦ tie ¦ cache ¦ crash ¦ box ¦ class ¦ size ¦ loss ¦ movie ¦ vae ¦ house ¦ skies ¦
        classes ¦ tax ¦ "study sky"
        """,
        "studi ¦ ly ¦ clas ¦ hous ¦ studie s",
    ),
    Finds(
        "only words of a-z with four letters or more are folded; some are not",
        titled("news AIDS Mars does this less SARS MIPS lens gas bus ids LMs GPT4s class unless"),
        "news ¦ aids ¦ does ¦ less ¦ mips ¦ lens ¦ bus ¦ lms ¦ gpt4s ¦ class ¦ unless ¦ lenses",
        "new ¦ aid ¦ doe ¦ les ¦ mip ¦ len ¦ bu ¦ lm ¦ gpt4 ¦ clas",
    ),
    Finds(
        "plurals of science, also behind other letters",
        titled("Coronaviruses, mice, micronuclei, metastases, spectra, larvae, kilonovae, tetrahedra, submatrices, leaves, echoes"),
        """
        coronavirus ¦ mouse ¦ micronucleus ¦ metastasis ¦ spectrum ¦ larva ¦ kilonova ¦ tetrahedron ¦ submatrix ¦ leaf ¦ echo ¦
        "mouse micronucleus"
        """,
        "coronavir ¦ nucleus ¦ spectr ¦ leave ¦ matrix",
    ),
    Finds(
        "only the form of a word counts, never its family",
        titled("Organic operations of a university on data, media, bases, paper mining, Rosé and renewal"),
        "organic ¦ operation ¦ data ¦ media ¦ base",
        "organ ¦ operate ¦ universe ¦ datum ¦ medium ¦ basis ¦ mine ¦ ROS ¦ new",
    ),
    Finds(
        "British and American spelling",
        titled("Modelling tumour behaviours: optimising haemoglobin in grey fibres, catalogues of paediatric anaemia, defence"),
        """
        modeling ¦ tumor ¦ behavior ¦ optimizing ¦ hemoglobin ¦ gray ¦ fiber ¦ catalog ¦ pediatric ¦ anemia ¦ defense ¦
        "modeling tumors" ¦ tumou* ¦ haemo* ¦ hemo* ¦ modell* ¦ behavi*
        """,
        "model ¦ =tumor ¦ optimist ¦ tumoral*",
    ),
    Finds(
        "sizes are no spelling",
        titled("The size of prizes, seizing noise, filing"),
        "size ¦ prize ¦ seizing ¦ noise",
        "sise ¦ filling ¦ noi",
    ),
    Finds(
        "oe is ö in some names",
        titled("Schrödinger, Möbius, Gödel, Hölder, Kähler; Poe"),
        "Schroedinger ¦ Moebius ¦ Goedel ¦ Hoelder ¦ Kaehler ¦ schroeding* ¦ poe",
        "=Schroedinger ¦ po",
    ),
    Finds(
        "a hyphenated word of a paper is also one word",
        titled(r"Multi-Modal Pre‑trained U-Net-like Models by IL‐6 (GPT-3.5-turbo), COVID-19 α-GANs, IFN-$\gamma$ {$\beta$}-VAE"),
        """
        multimodal ¦ "multimodal pretrained" ¦ "modal pretrained" ¦ "multi modal pre trained unet" ¦ UNet ¦ "unet like model" ¦ netlike ¦
        unetlike ¦ IL6 ¦ "gpt3.5 turbo" ¦ covid19 ¦ alphagan ¦ IFNgamma ¦ betaVAE ¦ beta gamma ¦ multimod* ¦ "pretrained u-net" ¦ pretrained-unetl* ¦ ti:multimodal
        """,
        """
        =MultiModal ¦ =UNet ¦ abs:multimodal ¦ modalpre ¦ "5 turbo" ¦ 5turbo ¦ "multimodal models" ¦ ti:multimodels* ¦ multimodal -UNet
        """,
    ),
    Finds(
        "what is typed with a hyphen or in quotes is also one word",
        titled("Multimodal UNet for viruslike datasets: IL6, pretraining"),
        """
        multi-modal ¦ "multi modal" ¦ u-net ¦ "multi modal u-net" ¦ virus-like ¦ viruses-like ¦ data-sets ¦ "data set" ¦ IL-6 ¦ pre-train* ¦
        multi‐modal
        """,
        "multi modal ¦ u net ¦ data set ¦ =multi-modal ¦ virus-data ¦ UNet -multi-modal",
    ),
    Finds(
        "words that a paper writes apart stay apart",
        titled("A Set of Data: a data set with a few more shots / multi modal"),
        '"data set" ¦ multi-modal',
        "dataset ¦ few-shot ¦ multimodal ¦ moreshot",
    ),
    Finds(
        "never one word: numbers, single letters, Roman numerals, small words in a chain",
        titled("Pages 10-20, x-y planes, phase I-II, LLM-as-a-judge, 2-D"),
        "2D ¦ 10-20 ¦ x-y ¦ I-II",
        "1020 ¦ xy ¦ III ¦ iii ¦ asa ¦ llmas ¦ ajudge",
    ),
    Finds(
        "an article that is typed begins no word",
        titled("Aperiodic orbits of therapists"),
        "aperiodic ¦ orbit",
        '"a periodic" ¦ "or bit" ¦ "the rapist" ¦ a-periodic',
    ),
    Finds("accents go before plurals", titled("naïves cafés"), "naïve ¦ naive ¦ cafe ¦ café ¦ naives", "naiv"),
    Finds(
        "plurals never fold in author names",
        by("Robin Williams", "Kai Studies", "Maria Matrices"),
        "author:williams ¦ author:studies ¦ all:Williams",
        "author:william ¦ author:study",
    ),
    # meaning
    Finds(
        "a bare value stands side by side, in order, in one field",
        FULL,
        'graph-neural ¦ "graph neural networks" ¦ 图神经 ¦ oversmoothing',
        '"neural graph" ¦ "helps too"',
    ),
    Finds(
        "whole tokens",
        paper("RAG-based fragments", others=("a rag doll",)),
        'RAG ¦ "rag doll" ¦ rag-based',
        "frag ¦ rag-fragments",
    ),
    Finds(
        "terms of an AND may match in different fields",
        FULL,
        "graph oversmoothing ¦ 图神经 attention oversmoothing ¦ graph AND 研究 AND layers ¦ networks -foo blur",
        '"graph oversmoothing" ¦ graph oversmoothing foo',
    ),
    Finds(
        "texts of failed summaries are not text",
        paper("Graph", others=("Summary generation failed", "Motivation analysis unavailable")),
        "graph -failed ¦ graph -summary:motivation",
        "failed ¦ summary:failed",
    ),
    Finds(
        "= is exact: case and accents count, no plural, no Greek names",
        paper("RAG for the GPTs of Müller", abstract=r"A rag doll, α-divergence, $\beta$-VAE; don't stop. CO₂ in Straße"),
        """
        =RAG ¦ =Müller ¦ abs:=rag ¦ =beta ¦ =GPTs ¦ =don't ¦ =CO2 ¦ ="rag doll" ¦
        =α ¦ RAG -=Rag ¦ =rag-doll ¦ ti:="of Müller"
        """,
        """
        =Rag ¦ =Muller ¦ abs:=RAG ¦ =GPT ¦ =alpha ¦ =DONT ¦ =Co2 ¦ ="Rag doll" ¦
        =the-gpts ¦ =α-doll
        """,
    ),
    Finds("in =, ø and æ stay", titled("Søren Æsir Łódź"), "=Søren ¦ =Æsir ¦ =Łódź", "=Soren ¦ =AEsir ¦ =Lodz ¦ =Aesir"),
    Finds("= reads TeX", titled(r"M\"uller and S{\o}ren"), r'=Søren ¦ =M\"uller', "=Soren"),
    Finds(
        "a prefix: any token that begins so, as written or folded",
        titled("Neurosymbolic few-shot studies of GPT-4o, 3.14 matrices and criteria; Schrödinger Transformers"),
        "neuro* ¦ neuro*. ¦ few-sho* ¦ GPT-4* ¦ study*",
        "neural* ¦ shot-few*",
    ),
    Finds("the last word of a phrase begins so", titled("Graph analyses, graph states, a study"), "graph-analyse*", "graph-stu*"),
    Finds(
        "a star after a CJK character is ignored",
        titled("扩散模型 グラフ 그래프 GPT大"),
        "扩* ¦ 扩散*",
        "散扩*",
    ),
    Finds(
        "a prefix with at least three letters or digits passes",
        titled("GPT-4 abcd 图神abx"),
        "GPT-4* ¦ abc* ¦ 图神a*",
        "abd* ¦ gpt-5*",
    ),
    Finds(
        "ti: abs: summary: and all:",
        FULL,
        "ti:图神经 ¦ ti:networks ¦ all:图神经 ¦ all:cs.LG ¦ all:lecu*",
        "ti:过平滑 ¦ ti:attention",
    ),
    Finds(
        "all: asks for an archive, too",
        paper("X", categories=("hep-th", "astro-ph.GA", "math.AP")),
        "all:hep-th ¦ all:astro-ph ¦ all:astro-ph.GA ¦ all:math ¦ all:math.*",
        "all:hep-ph ¦ all:astro-ph.CO ¦ all:hep ¦ all:cs",
    ),
    Finds(
        "id: version and link ignored",
        paper("Graphs", arxiv="2601.15529"),
        "id:2601.15529 ¦ id:arXiv:2601.15529",
        "id:2601.1552 ¦ id:2601.155290 ¦ id:graph",
    ),
    Finds(
        "doi: exact, case ignored",
        paper("Graphs", doi="10.1234/ABC.5678(x)"),
        'doi:"10.1234/ABC.5678(x)"',
        "doi:10.1234/ABC ¦ doi:10.1234 ¦ 10.1234/abc.5678 ¦ doi:ABC.5678",
    ),
    Finds(
        "source: the whole name, letter case ignored",
        paper("Graph", sources=("Daily arXiv", "weekly")),
        'source:"daily arxiv" ¦ source:weekly ¦ graph -source:foo',
        "source:daily ¦ source:week",
    ),
    Finds(
        "a field binds the next value only",
        paper("The doe in the forest", authors=("Jane Roe", "Max Doe")),
        "author:Jane doe ¦ ti:forest author:max ¦ author:(jane doe)",
        'author:Jane Roe ¦ author:"Jane Doe" ¦ author:(jane smith) ¦ author:forest',
    ),
    # authors
    Finds(
        "all tokens fit different tokens of one author, in any order",
        by("Jane Doe", "Deok-Young Lee", "Seán O'Connor", "Ludwig van der Berg", "张伟", "J. Q. Public", "Jane Jones"),
        'author:"Jane Doe" ¦ author:"Doe Jane" ¦ author:deok-young ¦ author:"Lee Deok-Young" ¦ author:"J. Jane"',
        """
        author:"Jane Lee" ¦ author:"Jane Jane Doe" ¦ author:deokyoung ¦ author:"Doe Doe"
        """,
    ),
    Finds(
        "one Latin letter is an initial",
        by("Jane Doe", "J. Q. Public", "Anna Maria Schmidt", "R. Smith"),
        'author:"j doe" ¦ author:J.Doe',
        'author:"A. Doe" ¦ author:"Jane Public Doe" ¦ author:"A. A. Schmidt"',
    ),
    Finds(
        "a full given name also finds its initial",
        by("Burt, A."),
        """
        author:"Austin Burt" ¦ author:"Burt, Austin" ¦ author:Burt, Austin ¦ author:"Austin Bruce Burt" ¦
        author:"Austin B. Burt" ¦ all:"Austin Burt" ¦ author:"A. Bruce Burt" ¦ kelp OR author:"Austin Burt" ¦ X -(-author:"Austin Burt")
        """,
        """
        author:"Bruce Burt" ¦ author:"Bruce Austin Burt" ¦ author:"Austin Burton" ¦ author:="Austin Burt" ¦ author:"Burt Austin" ¦
        author:Austin-Burt* ¦ all:"Burt Austin" ¦ author:"Austin, Burt" ¦ author:Austin
        """,
    ),
    Finds(
        "but never a person with another full name",
        by("Burt, Alice", "B. Burt", "Ali Burt", "Burt", "Jane Austin"),
        'author:"Alice Burt"',
        'author:"Austin Burt" ¦ author:"Ada Burt"',
    ),
    Finds(
        "nor in an exclusion, where a full name stays full",
        by("Burt, A."),
        """
        X -author:"Austin Burt" ¦ X NOT author:"Burt, Austin" ¦ X -(author:"Austin Burt" OR Y) ¦ X -all:"Austin Burt" ¦ X -author:"Austin (A.) Burt" ¦
        author:"Austin Burt" -author:"Austin Burt"
        """,
        'X -author:Burt ¦ X -author:"A. Burt"',
    ),
    Finds(
        "initials that are written together are apart",
        by("Burt AB", "van der Berg LM", "Kelp DEF", "Jones A.-B."),
        """
        author:"Austin B. Burt" ¦ author:"Austin Burt" ¦ author:"Austin Bruce Burt" ¦ author:"A. B. Burt" ¦ author:"Ludwig van der Berg" ¦
        author:"Dora Kelp" ¦ author:"Dora E. Kelp" ¦ author:"B. Jones"
        """,
        'author:"Austin C. Burt" ¦ author:"Bruce Burt" ¦ author:"Dora F. Kelp" ¦ author:"Mia van der Berg" ¦ author:"Dora Abe Kelp"',
    ),
    Finds(
        "a given name may also be full beside an initial",
        by("Anna M. Quill", "A. Bruce Larch", "J.-P. Serre", "Ludwig v. Moss"),
        """
        author:"Anna Maria Quill" ¦ author:"Austin Bruce Larch" ¦ author:"Jean-Pierre Serre" ¦ author:"Jeanpierre Serre" ¦ author:"Jean Serre" ¦
        author:"Ludwig van Moss" ¦ author:"Austin B. Larch"
        """,
        'author:"Anna Berta Quill" ¦ author:"Austin Carl Larch" ¦ author:"Jean-Marc Serre" ¦ author:"Pierre Serre"',
    ),
    Finds(
        "particles, several family names and hyphens",
        by("Beethoven L van", "van Quill L.", "Garcia-Lopez, M.", "Al-Sayed, O.", "Lopez Ferro, T."),
        """
        author:"Ludwig van Beethoven" ¦ author:"van Beethoven, Ludwig" ¦ author:"Ludwig van Quill" ¦ author:"Maria Garcia Lopez" ¦
        author:"Garcia Lopez, Maria" ¦ author:Garcia Lopez, Maria ¦ author:"Maria Garcia-Lopez" ¦ author:"Omar Alsayed" ¦ author:"Omar Al-Sayed" ¦
        author:"Maria Garcialopez" ¦ author:"Tara Lopez Ferro"
        """,
        """
        author:"Maria Lopez" ¦ author:"Maria Garcia" ¦ author:"Ludwig Quill" ¦ author:"Tara Garcia-Lopez" ¦ author:"Lopez, Tara"
        """,
    ),
    Finds(
        "a family name with a hyphen, or of several words before a comma, is never shortened",
        by("Lopez, M.", "Alsayed, O."),
        'author:"Maria Garcia Lopez" ¦ author:"Omar Al-Sayed"',
        'author:"Maria Garcia-Lopez" ¦ author:"Garcia Lopez, Maria" ¦ author:Garcia Lopez, Maria',
    ),
    Finds(
        "a common family name wants the full given name",
        by("W. Zhang", "Smith, J. B.", "Müller, H.", "Kim JY"),
        'author:"W. Zhang" ¦ author:"J. Smith" ¦ author:"Wei (W.) Zhang" ¦ author:"Zhang, Wei (W.)" ¦ author:"Jane B. (J. B.) Smith" ¦ author:"J. Y. Kim"',
        'author:"Wei Zhang" ¦ author:"Zhang, Wei" ¦ author:"Jane Smith" ¦ author:"Hans Müller" ¦ author:"Hans Mueller" ¦ author:"Wei (X.) Zhang" ¦ author:"Ji-Young Kim" ¦ X author:"Xi (X.) Zhang"',
    ),
    Finds(
        "umlauts, apostrophes and suffixes in such names",
        by("Brueggen, J.", "O'Quill D", "Karr, J. A., Jr.", "Émile S.", "Doe, J.", "Do, N."),
        'author:"Jane Doe" ¦ author:"Jürgen Brüggen" ¦ author:"Dora O’Quill" ¦ author:"Jonathan Karr" ¦ author:"Stephane Emile"',
        'author:"Stephane Emil" ¦ author:"Nina Do" ¦ author:"Jane Do"',
    ),
    Finds(
        "only Latin names have initials",
        by("张 W", "W 伟", "Петров И."),
        "author:张",
        'author:"Wei 张" ¦ author:"Wei 伟" ¦ author:"Иван Петров"',
    ),
    Finds(
        "middle names may be left out",
        by("Anna Maria Schmidt", "John P. Q. Public"),
        'author:"John Public" ¦ author:maria',
        'author:"Anna Berta Schmidt"',
    ),
    Finds("a name may be twice the same word, and only a Latin letter is an initial", by("Doe Doe", "Иван Doe", "伟王"),
          'author:"Doe Doe" ¦ author:王伟', 'author:"И. Doe"'),
    Finds(
        "prefixes of authors",
        by("Anna Maria Schmidt", "Jürgen Brüggen"),
        "author:schm* ¦ author:SCHM* ¦ au:brüg*",
        'author:chmi* ¦ author:schmidts* ¦ author:"anna schm*"',
    ),
    Finds(
        "in author names ae, oe, ue fold to a, o, u on both sides",
        by("Jürgen Brüggen", "Max Müller", "Hans Goethe", "Samuel Baer", "Joerg Mueller", "Ærø Strauß"),
        """
        author:Brueggen ¦ author:Bruggen ¦ author:"M. Mueller" ¦ author:Goethe ¦
        author:"Juergen Brueggen" ¦ author:Samuel ¦ author:Bär ¦ author:"Jörg Müller" ¦ author:Strauss ¦ author:ærø ¦
        all:Mueller
        """,
        'brueggen ¦ author:Briggen ¦ author:"Max Goethe"',
    ),
    Finds("ü and ue are different in texts", titled("Mueller matrix"), "mueller", "müller ¦ muller"),
    Finds(
        "exact in author names: without folding, initials stay",
        by("Jörg Müller", "Ann Mueller"),
        'author:=Müller ¦ author:=Mueller ¦ author:="Jörg Müller" ¦ author:="J. Müller" ¦ all:=Müller',
        'author:=müller ¦ author:=Muller ¦ author:="Jorg Müller"',
    ),
    Finds("names keep their 's", by("Ada Kwo's"), """author:"Kwo's" ¦ author:kwos ¦ author:"Ada Kwo’s" """, 'author:kwo ¦ author:"Ada Kwo"'),
    Finds(
        "author:(a b) asks for two authors",
        FULL,
        'author:(doe lecun) ¦ author:(doe OR smith) ¦ author:(jane doe) ¦ author:("Jane Doe" lecun) ¦ author:(doe -smith)',
        'author:(doe smith) ¦ author:(smith OR roe) ¦ author:("Jane LeCun" doe) ¦ author:(doe -lecun)',
    ),
    # categories and other fields
    Finds(
        "cat: any of the paper's, in any letter case; primary: the first",
        under("cs.LG", "stat.ML", "quant-ph"),
        "cat:cs.LG ¦ cat:cs.LG,",
        "cat:cs.CV ¦ primary:stat.ML ¦ X -cat:stat.ML",
    ),
    Finds(
        "an archive stands for all below it",
        under("cs.LG", "astro-ph.GA", "hep-th"),
        "cat:cs ¦ cat:cs.* ¦ cat:astro-ph.*",
        "cat:c ¦ cat:cs.L ¦ cat:astro-ph.CO",
    ),
    Finds(
        "categories of papers in any letter case",
        under("CS.lg"),
        "cs.LG ¦ cat:cs ¦ all:cs.LG",
        "cat:cs.CV ¦ cs.CV",
    ),
    Finds(
        "a paper whose categories are unknown",
        titled("graph"),
        "graph -cs.CV ¦ graph -cat:cs",
        "cat:cs.CV ¦ graph cs.CV ¦ cs.*",
    ),
    # alternatives
    Finds(
        "64 alternatives pass",
        titled("a0 a1 a2 a3 a4 a5"),
        (" OR ".join(f"a{n}" for n in range(64)), " ".join(f"(a{n} OR b{n})" for n in range(6)), "a0 -(" + " ".join(f"b{n}" for n in range(64)) + ")"),
        (" OR ".join(f"c{n}" for n in range(64)),),
    ),
    Finds(
        "equal parts merge",
        titled("a0"),
        (" OR ".join(["a0", "A0"] * 60), "(a0 OR foo) (foo OR a0) " * 20, "(a0 OR a0) " * 80, "-(-a0) OR a0 " * 30,
         " OR ".join(["ti:a0", "title:a0", "intitle:a0"] * 25)),
        (" OR ".join(["b0", "B0"] * 60),),
    ),
    Finds(
        "all: and a bare id count as one alternative",
        paper("a1", arxiv="2601.10001"),
        (" OR ".join(f"all:a{n}" for n in range(64)), " OR ".join(f"2601.1{n:04}" for n in range(64))),
        (" OR ".join(f"all:b{n}" for n in range(64)),),
    ),
    Finds(
        "an excluded OR is one alternative",
        GRAPH,
        ("graph -(" + " OR ".join(f"b{n}" for n in range(100)) + ")",),
        ("graph -(" + " OR ".join([*(f"b{n}" for n in range(100)), "neural"]) + ")",),
    ),
    Finds(
        "nesting and double negation",
        GRAPH,
        "-(-graph) ¦ neural -(-graph) ¦ (foo OR -bar) graph ¦ neural -(graph foo) ¦ neural -(foo -graph)",
        """
        neural -(graph network) ¦ (foo OR -neural) graph ¦ neural -(graph -foo) ¦ -(-foo)
        """,
    ),
    Finds(
        "deep and long",
        GRAPH,
        ("(" * 490 + "graph" + ")" * 490, "(" * 900 + "graph", "-(" * 300 + "graph" + ")" * 300, "graph" + " " * 995,
         "ti:" * 300 + "graph", "ti:(" * 150 + "graph" + ")" * 150, "graph " + "-" * 900 + "foo", "graph " + '"' * 900,
         'graph OR au:"' + " ".join(f"a{n}" for n in range(200)) + '"',
         "graph " + "NOT " * 200 + "foo", "graph " + "OR " * 300, "graph " + "() " * 300, "graph " + "*" * 900),
        ("(" * 490 + "foo" + ")" * 490, "x" * 1000, "graph " + "-" * 900 + "neural", "ti:" * 300 + "foo"),
    ),
    # Chinese operators and commas
    Finds(
        "或, 且 and 不含 between blanks are OR, AND and NOT",
        GRAPH,
        """
        foo 或 graph ¦ graph 且 neural ¦ graph 不含 foo ¦ （graph 或 foo） 且 neural ¦ (foo)或(graph) ¦ graph\u3000且\u3000neural
        """,
        """
        foo 或 bar ¦ graph 且 foo ¦ graph 不含 neural ¦ （graph 或 foo） 且 bar
        """,
    ),
    Finds(
        "Chinese fields stand before a colon",
        FULL,
        """
        标题：graph ¦ 标题: graph ¦ 标题:图神经网络 ¦ 作者：Doe ¦ 作者："Jane Doe"
        """,
        "标题：oversmoothing ¦ 作者：graph ¦ 摘要：graph",
    ),
    Finds(
        "来源 is the source",
        paper("X", sources=("daily",)),
        "来源：daily",
        "来源：dail",
    ),
    Finds(
        "an item of a comma list that begins with a word of exclusion excludes",
        titled("graph neural network"),
        """
        graph, not foo ¦ network graph, not foo ¦ graph, no foo ¦ graph, without foo ¦ graph, except foo ¦ graph, 不含 foo ¦ not foo, graph
        """,
        "graph, not neural ¦ graph, no neural",
    ),
    Finds(
        "so it does beside operators, quotes and brackets",
        titled("graph neural network"),
        """
        graph AND neural, not foo ¦ "graph neural", not foo ¦ (graph OR foo), not "neural graph" ¦ graph OR foo, not bar ¦
        (graph, not foo) OR bar ¦
        graph AND neural, not foo, network ¦ graph "neural", not tree graph ¦ (graph OR foo), not foo OR bar
        """,
        """
        graph AND neural, not network ¦ "graph neural", not network ¦ (graph OR foo), not "graph neural" ¦
        graph OR foo, not neural
        """,
    ),
    Finds(
        "one author without something",
        paper("graph", authors=("Jane Doe", "Max Roe")),
        'author:Doe, Jane, not tree ¦ author:Doe, not tree ¦ author:"Jane Doe", not tree',
        'author:Doe, Max ¦ author:Doe, Jane, not graph ¦ author:Doe, not graph ¦ author:"Jane Doe", not graph',
    ),
)  # fmt: skip
QUESTIONS = [question for rule in FINDS for question in rule.questions()]
