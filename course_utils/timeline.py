"""The stops on the course's road, 1986 to 2022, in one table: who, what it was, and the lesson that rebuilds it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stop:
    """One stop: the year in which the work became public, its authors, a short name, its idea, its lesson (or None)."""

    year: int
    authors: str
    name: str
    idea: str
    lesson: int | None


STOPS = (
    Stop(
        1986,
        "Rumelhart, Hinton, Williams",
        "Back-propagation",
        "Trained by a backward pass, hidden layers find features.",
        2,
    ),
    Stop(
        2003,
        "Bengio et al.",
        "Neural language model",
        "Similar words share what is learned (first shown in 2000).",
        3,
    ),
    Stop(2006, "Hinton, Salakhutdinov", "Deep autoencoder", "A document becomes a handful of numbers.", 4),
    Stop(
        2011,
        "Sutskever, Martens, Hinton",
        "Text from a recurrent net",
        "A network writes, a character at a time.",
        6,
    ),
    Stop(2013, "Mikolov et al.", "word2vec", "From neighbours alone, fast enough for billions of words.", 5),
    Stop(2014, "Sutskever, Vinyals, Le", "Sequence to sequence", "A whole sentence becomes one vector.", 7),
    Stop(
        2014,
        "Bahdanau, Cho, Bengio",
        "Attention",
        "Each output word looks back at the source (published 2015).",
        8,
    ),
    Stop(2015, "Karpathy", "RNN effectiveness", "Single units are seen to follow quotes and brackets.", 6),
    Stop(
        2016,
        "Wu et al.; Johnson et al.",
        "GNMT, multilingual",
        "One system goes live; one model learns many languages.",
        9,
    ),
    Stop(2017, "Vaswani et al.", "Transformer", "Attention in the place of recurrence.", 11),
    Stop(2018, "Radford et al.", "GPT", "Keep the decoder: learn by guessing the next token.", 14),
    Stop(2018, "Devlin et al.", "BERT", "Keep the encoder: learn by filling in blanks.", 13),
    Stop(2020, "Brown et al.", "GPT-3", "Examples in the prompt take the place of fine-tuning.", 14),
    Stop(
        2022,
        "Ouyang et al.; OpenAI",
        "InstructGPT, ChatGPT",
        "People's answers, then preferences, teach it to answer.",
        None,
    ),
)
