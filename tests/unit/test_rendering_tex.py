"""TeX as Unicode text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.tex import readable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"$\alpha$-GAN", "α-GAN"),
        (r"\beta-VAE", "β-VAE"),
        ("x^2 and 10^{-3}", "x² and 10⁻³"),
        (r"$CO_2$ at $10^5$ K", "CO₂ at 10⁵ K"),
        (r"$^{82}$Se", "⁸²Se"),
        (r"$k$NN", "kNN"),
        (r"$O(n \log n)$", "O(n log n)"),
        (r"$\tilde{O}(n^{4/3})$", "Õ(n^{4/3})"),
        (r"$\mathbb{R}^n \to \mathcal{M}$", "ℝⁿ → M"),
        (r"$T_{\rm eff} \geq 5 \times 10^3$", "T_eff ≥ 5 × 10³"),
        (r"$x_{i,j}$", "x_{i,j}"),
        (r"$\frac{1}{2}\sqrt{n/k}$", "1/2√(n/k)"),
        (r"$\{0,1\}^n$", "{0,1}ⁿ"),
        (r"$\hat{x}$ and $\ell_1$", "x̂ and ℓ₁"),
        (r"H\"older, {\'e}t\'{e}, Schr\"{o}dinger, \v{S}, S\o ren", "Hölder, été, Schrödinger, Š, Søren"),
        (r"\textit{E. coli} in {\it vivo}", "E. coli in vivo"),
        (r"50\% of R\&D", "50% of R&D"),
        (r"\textbf{31\%} and \underline{CAL}ibration", "31% and CALibration"),
        (r"\href{https://a.org/x_y}{the code} in \textcolor{red}{red}", "the code in red"),
        (r"\textbf{$100\times$} \emph{faster}", "100× faster"),
        (r"Fixed-\texorpdfstring{$\delta$}{delta} Alignment", "Fixed-δ Alignment"),
        (r"$\geq$5 and $\sim$10", "≥5 and ∼10"),
        ("``quoted'' 1--2 and so---on", "“quoted” 1–2 and so—on"),
        ("Noise -- A Study --- of Light", "Noise – A Study — of Light"),
        (r"T$^\star$, A$^\ast$, C$^\dagger$", "T⋆, A*, C†"),
        (r"$$e^{i\pi}$$ and \(x^2\)", "e^iπ and x²"),
    ],
)
def test_tex_is_read_as_letters(written: str, read: str) -> None:
    assert readable(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "from $5 to $10",
        "a $5 bill and $10 more",
        "$20,000 and USD$30,000",
        "file_name and foo^bar and a^b^c",
        "--help",
        "{0,1}-matrices",
        r"\foo{bar} stays",
        r"$\unicode{x2013}$ stays",
        r"$\begin{pmatrix}1\end{pmatrix}$ stays",
        "an open $x",
        r"$x^$",
        "${${",
        r"\'{",
        "\\",
        "",
    ],
)
def test_what_letters_cannot_show_stays_as_written(text: str) -> None:
    assert readable(text) == text


@given(st.text(alphabet=r"\$^_{}abx2'`-\" " + "α中", max_size=300))
def test_no_text_is_too_strange(text: str) -> None:
    read = readable(text)
    assert len(read) <= 2 * len(text)


@pytest.mark.parametrize(
    "hostile", ["{" * 9000, "${" * 5000, r"\(" * 5000, "$a^{" * 3000, r"$\hat" * 2000 + "$", "`" * 9000]
)
def test_depth_does_no_harm(hostile: str) -> None:
    assert readable(hostile)
