"""What an acronym stands for in a text that defines it."""

import pytest

from subscriptions.text.acronyms import acronym_of, definition_in
from tests import tables


@pytest.mark.parametrize(
    ("text", "acronym", "words"),
    tables.rows("""
        We prompt large language models (LLMs) daily.                → LLM  → large language models
        An LLM (large language model) answers.                      → llm  → large language model
        LLMs (Large Language Models, of any size) answer.           → LLM  → Large Language Models
        We study self-supervised learning (SSL) of waves.           → SSL  → self-supervised learning
        We study self supervised learning (SSL) of waves.           → SSL  → self supervised learning
        Two multi-modal large language models (MLLMs) see.          → MLLM → multi-modal large language models
        Kelp by low-rank adaptation (LoRA) and others.              → LoRA → low-rank adaptation
        A bird's-eye view (BEV) of reefs.                           → BEV  → bird's-eye view
        Reinforcement learning from human feedback (RLHF; see 2).   → RLHF → Reinforcement learning from human feedback
        The deoxyribonucleic acid (DNA) of kelp.                    → DNA  → deoxyribonucleic acid
        A mixture of experts (MoE) of tides.                        → MoE  → mixture of experts
        Retrieval, as of large language. Models (LLM) are new.      → LLM  →  # two sentences
        The reefs that we know (LLM) are old.                       → LLM  →
        Large new language models (LLM).                            → LLM  →  # a word without a letter
        We use LLM agents (large, loud ones).                       → LLM  →
        Multimodal LLMs (MLLMs) see.                                → MLLM →  # not in words
        Generative adversarial networks (GANs) draw.                → GANs →  # without its plural
        Great apes nest (gan) here.                                 → GAN  →  # no capitals
        Large language models (SmaLLM) are small.                   → LLM  →
    """),
)
def test_definition_in_text_is_found(text: str, acronym: str, words: str) -> None:
    found = definition_in(text, acronym)
    assert (found.words if found else "") == words


@pytest.mark.parametrize(
    ("word", "acronym"),
    tables.rows("""
        LLM       → LLM
        LLMs      → LLM
        lora      → lora
        AD        →
        ADs       →
        GPT4      →
        U-Net     →
        LONGWORDS →
    """),
)
def test_acronym_has_three_to_eight_letters(word: str, acronym: str) -> None:
    assert acronym_of(word) == acronym


def test_definition_with_countless_readings_is_refused_at_once() -> None:
    assert definition_in("a-" * 59 + "a (AAAAAAAB)", "AAAAAAAB") is None
