"""Our skip-gram beside gensim's: the same text, settings and thread; words a second and agreement with people.

python benchmarks/word2vec_speed.py [--epochs 15] [--seeds 1,2,3] [--profile]
"""

from __future__ import annotations

import argparse
import time

import torch
from gensim.models import Word2Vec

from course_utils.corpora import word_similarities
from course_utils.embedding_explorer import wikipedia_text
from course_utils.metrics import rank_correlation
from course_utils.models.word2vec import SkipGram, learn

RATE, D_MODEL = 0.03, 100


def main() -> None:
    """Print one line for each seed and program, and with --profile where our time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--profile", action="store_true", help="show where our skip-gram spends one epoch")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    text, vocab = wikipedia_text()
    ids = torch.tensor([i for words in text for i in vocab.encode(words)])
    sentence_ids = torch.arange(len(text)).repeat_interleave(torch.tensor([len(words) for words in text]))
    pairs = word_similarities()

    def ours(seed: int, epochs: int) -> torch.Tensor:
        torch.manual_seed(seed)
        model = SkipGram(len(vocab), D_MODEL)
        learn(model, ids, sentence_ids, vocab.counts, epochs, rate=RATE)
        return model.W_in

    def theirs(seed: int, epochs: int) -> torch.Tensor:
        model = Word2Vec(
            vector_size=D_MODEL,
            window=5,
            negative=5,
            sample=1e-3,
            alpha=RATE,
            sg=1,
            min_count=1,
            workers=1,
            seed=seed,
        )
        model.build_vocab(text)
        begun = time.perf_counter()
        model.train(text, total_examples=model.corpus_count, epochs=epochs)
        seconds["gensim"] = (
            time.perf_counter() - begun
        )  # without counting the words, which ours is spared, too
        return torch.tensor(model.wv[vocab.tokens])

    seconds: dict[str, float] = {}
    print(
        f"{len(ids):,} words, {len(vocab):,} different, {arguments.epochs} epochs, {D_MODEL} numbers a word"
    )
    for seed in map(int, arguments.seeds.split(",")):
        for name, run in (("ours", ours), ("gensim", theirs)):
            begun = time.perf_counter()
            vectors = run(seed, arguments.epochs)
            seconds.setdefault(name, time.perf_counter() - begun)
            speed = arguments.epochs * len(ids) / seconds.pop(name)
            agreement, n_pairs = rank_correlation(vectors, vocab, pairs)
            print(
                f"seed {seed}  {name:7}{speed:10,.0f} words a second   WordSim353 ({n_pairs} pairs) {agreement:.3f}"
            )
    if arguments.profile:
        with torch.profiler.profile() as profile:
            ours(seed=1, epochs=1)
        print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=12))


if __name__ == "__main__":
    main()
