"""Formulas as Unicode: what real answers hold reads well, and nothing is half converted."""

from __future__ import annotations

import pytest

from delivery._maths import LONGEST_CHARS, unicode_of

CONVERTED = r"""
E = mc^2                                                => E = mc²
\frac{a}{b}                                             => a/b
\frac12 + \frac{d}{dx} x^n = n x^{n-1}                  => 1/2 + d/dx xⁿ = n xⁿ⁻¹
\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}                      => (-b ± √(b² - 4ac))/(2a)
x_1 + x_2 = x_{12}                                      => x₁ + x₂ = x₁₂
\alpha + \beta \neq \gamma                              => α + β ≠ γ
\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}       => ∫₀^∞ e^(-x²) dx = √π/2
\sum_{i=1}^{n} i = \frac{n(n+1)}{2}                     => ∑ᵢ₌₁ⁿ i = (n(n+1))/2
\lim_{x \to 0} \frac{\sin x}{x} = 1                     => lim_(x → 0) (sin x)/x = 1
f: \mathbb{R}^n \to \mathbb R                           => f: ℝⁿ → ℝ
\forall x \in X,\ \exists y \le \epsilon                => ∀x ∈ X, ∃y ≤ ϵ
A \subseteq B \cup C \implies A \cap B = A              => A ⊆ B ∪ C ⟹ A ∩ B = A
\nabla \cdot \mathbf{E} = \frac{\rho}{\varepsilon_0}    => ∇· E = ρ/ε₀
\begin{pmatrix} a & b \\ c & d \end{pmatrix}            => (a, b; c, d)
\begin{cases} x & x > 0 \\ -x & \text{else} \end{cases} => { x, x > 0; -x, else }
\hat{y} = \bar{x} + \vec v                              => ŷ = x̄ + v⃗
\sqrt[3]{x} + \sqrt[n]{x + 1}                           => ∛x + ⁿ√(x + 1)
\binom{n}{k}                                            => (n choose k)
O(n \log_2 n)                                           => O(n log₂ n)
\left( \frac{1}{2} \right)^n                            => ( 1/2 )ⁿ
\left. x \right|_0^1                                    => x |₀¹
e^{i\pi} + 1 = 0                                        => e^(iπ) + 1 = 0
\text{softmax}(x_i)                                     => softmax(xᵢ)
P(A \mid B)                                             => P(A | B)
\mathcal{L}(\theta)                                     => ℒ(θ)
\| x \|_2                                               => ‖ x ‖₂
10^{-3}                                                 => 10⁻³
90^\circ, f'(x), f''                                    => 90°, f'(x), f″
W^\top x                                                => Wᵀ x
\overline{AB}                                           => A̅B̅
\operatorname{argmax}_\theta f                          => argmax_θ f
a \equiv b \pmod{n}                                     => a ≡ b (mod n)
\{1, 2\}, 5\%, \boxed{42}                               => {1, 2}, 5%, 42
"""


@pytest.mark.parametrize("case", CONVERTED.strip().split("\n"))
def test_formulas_become_text(case: str) -> None:
    """As a person would type them in one line."""
    formula, text = (
        (part.strip() for part in case.split("=>", 1))
        if "\\implies" in case
        else map(str.strip, case.rsplit("=>", 1))
    )
    assert unicode_of(formula) == text


def test_aligned_formulas_become_lines() -> None:
    """Each equation keeps its line."""
    assert unicode_of(r"\begin{aligned} a &= b + c \\ d &= e \\ \end{aligned}") == "a = b + c\nd = e"


@pytest.mark.parametrize(
    "formula",
    [
        r"\unknown{x}",
        r"\underbrace{a+b}_{n}",
        r"\cancel{x}",
        r"\begin{array}{cc} a & b \end{array}",
        r"\hat{xy}",
        r"\mathbb{+}",
        r"\frac{a}",
        "x^{a",
        "x^",
        "x_^2",
        "a & b",
        "a % b",
        r"\begin{aligned} a",
        "{" * 30 + "}" * 30,
        r"\sqrt[" * 300,
        r"x \verb",
        "x" * (LONGEST_CHARS + 1),
        "",
        " ",
    ],
)
def test_what_has_no_honest_form_is_left_alone(formula: str) -> None:
    """Half a formula misleads; its source does not."""
    assert unicode_of(formula) is None
