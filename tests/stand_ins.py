"""What stands in for the cells that a lesson runs before its widget, where the widget needs something from them.

A model with random weights moves like a trained one when its controls are moved, and is there at once.
"""

STAND_INS = {
    "06": """
from course_utils.models.rnn import CharRNN
from course_utils.text import Vocab

torch.manual_seed(0)
vocab = Vocab(["\\n", *map(chr, range(32, 127))])
lstm = CharRNN(len(vocab), 16)
snippet, found = "print(names[0])", {"bracket depth": (3, 0.5)}
snippet_states = lstm.recurrent(lstm.embedding(torch.tensor([vocab.encode(snippet)])))[0][0].detach()
""",
    "08": """
from course_utils.microworld import vocabulary
from course_utils.models.seq2seq import AttentionSeq2Seq, Seq2SeqConfig
from course_utils.text import Vocab

torch.manual_seed(0)
src_vocab, tgt_vocab = (Vocab(["<pad>", "<s>", "</s>", *sorted(vocabulary(side))]) for side in (0, 1))
looking = AttentionSeq2Seq(Seq2SeqConfig(len(src_vocab), len(tgt_vocab), d_embedding=16, d_model=16))
""",
    "10": """
words, marks = ["The", "cat", "sat", "on", "the", "mat"], ["thing", "action", "place", "little"]
embeddings = torch.tensor(
    [[0, 0, 0, 1], [2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1], [1, 0, 2, 0.0]]
)
W_q = torch.tensor([[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0.0]])
W_k, W_v = 2 * torch.eye(4), torch.eye(4)
""",
    "13": """
from course_utils.models.attention import causal_mask
from course_utils.models.bert import Bert, BertConfig
from course_utils.stories import story_words
from course_utils.text import Vocab

torch.manual_seed(0)
vocab = Vocab(["[PAD]", "<unk>", "[CLS]", "[SEP]", "[MASK]", *story_words()])
sides = {
    "both": lambda n: torch.ones(n, n, dtype=torch.bool),
    "left": causal_mask,
    "right": lambda n: causal_mask(n).T,
}
config = BertConfig(d_model=16, n_heads=4, d_ff=16, vocab_size=len(vocab), context_length=32, n_layers=2)
models = {side: Bert(config).eval() for side in sides}
for made in models.values():
    for parameter in made.parameters():
        parameter.data.mul_(10)
""",
    "14": """
import string

from course_utils.models.gpt import GPT, GPTConfig
from course_utils.text import Vocab

torch.manual_seed(0)
vocab = Vocab(["\\n", " ", *string.ascii_letters, *".,'"])
gpt = GPT(GPTConfig(16, 2, 32, vocab_size=len(vocab), context_length=32, init_std=0.5)).eval()
""",
}
