"""course_utils.models.bert: equal to Hugging Face's BertModel with the same weights, real ones and random ones."""

from __future__ import annotations

import pytest
import torch

from course_utils.corpora import minilm
from course_utils.data import pad
from course_utils.models.attention import causal_mask
from course_utils.models.bert import (
    Bert,
    BertConfig,
    WithHead,
    check_bert,
    check_input,
    check_shares,
    hide_words,
    join_pairs,
    load_bert,
)
from course_utils.text import WordPiece
from tests.test_corpora import need_archive
from tests.varied_texts import VARIED_TEXTS

SIZES = {"d_model": 12, "n_heads": 3, "d_ff": 20, "vocab_size": 37, "context_length": 8, "n_layers": 2}
TOKEN_IDS = torch.tensor([[3, 17, 5, 5, 9, 36], [9, 1, 30, 2, 0, 0]])
SEGMENT_IDS = torch.tensor([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 0, 0]])


def make(**options):
    torch.manual_seed(0)
    model = Bert(BertConfig(**{**SIZES, **options})).double().eval()
    with torch.no_grad():  # a new model's weights are so small that mistakes hide
        for parameter in model.parameters():
            parameter.mul_(10)
    return model


@pytest.fixture
def theirs():
    """A small BertModel of Hugging Face's whose weights and biases are all random, so that none can be mixed up."""
    import transformers  # here, because it takes seconds

    config = transformers.BertConfig(
        vocab_size=37,
        hidden_size=12,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=20,
        max_position_embeddings=8,
        layer_norm_eps=1e-3,
    )
    model = transformers.BertModel(config).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)
    return model


def test_hidden_states_and_pooled_output_equal_hugging_faces(theirs):
    given = {**theirs.config.to_dict(), "model_type": "bert"}
    ours = load_bert(given, theirs.state_dict())
    for segment_ids in (None, SEGMENT_IDS):
        hidden = ours(TOKEN_IDS, segment_ids)
        expected = theirs(TOKEN_IDS, attention_mask=(TOKEN_IDS != 0).long(), token_type_ids=segment_ids)
        torch.testing.assert_close(hidden, expected.last_hidden_state, rtol=0, atol=1e-5)
        torch.testing.assert_close(ours.pooled(hidden), expected.pooler_output, rtol=0, atol=1e-5)
    assert not ours.training


def test_minilms_hidden_states_equal_hugging_faces_on_varied_texts(tmp_path):
    """Fifty texts: Japanese, emoji, empty, 512 tokens; real weights."""
    import transformers

    need_archive("minilm")
    config, weights, tokens = minilm()
    ours, pieces = load_bert(config, weights), WordPiece(tokens)
    theirs = transformers.BertModel(transformers.BertConfig(**config)).eval()
    left = theirs.load_state_dict(weights, strict=False)
    assert not left.missing_keys
    cls_id, sep_id = pieces.vocab.encode(["[CLS]", "[SEP]"])
    rows = [[cls_id, *pieces.encode(text)[:510], sep_id] for text in VARIED_TEXTS]
    assert len(rows) == 50
    assert max(map(len, rows)) == 512
    rows.sort(key=len)
    with torch.no_grad():
        for some in (rows[:40], rows[40:48], rows[48:]):
            token_ids = pad(some, pad_id=0)
            seen = token_ids != 0
            expected = theirs(token_ids, attention_mask=seen.long()).last_hidden_state
            torch.testing.assert_close(ours(token_ids)[seen], expected[seen], rtol=0, atol=1e-4)
            assert expected[seen].abs().max() > 1


def test_another_kind_of_checkpoint_is_refused(theirs):
    given = {**theirs.config.to_dict(), "model_type": "bert"}
    for name, value in (("model_type", "roberta"), ("hidden_act", "relu")):
        with pytest.raises(ValueError, match=f"given has {name} '{value}', expected"):
            load_bert({**given, name: value}, theirs.state_dict())
    weights = theirs.state_dict()
    with pytest.raises(KeyError, match="pooler"):
        load_bert(given, {name: w for name, w in weights.items() if "pooler" not in name})
    with pytest.raises(
        KeyError, match="weights has no 'embeddings.*', but 'bert.embeddings.*', expected the"
    ):
        load_bert(given, {f"bert.{name}": w for name, w in weights.items()})
    with pytest.raises(KeyError, match="LayerNorm.weight', but '.*LayerNorm.gamma', expected the names"):
        load_bert(given, {name.replace("Norm.weight", "Norm.gamma"): w for name, w in weights.items()})
    with pytest.raises(KeyError, match="given has no 'hidden_size', expected the entries"):
        check_bert(weights)
    with pytest.raises(ValueError, match=r"word_embeddings.weight' of shape \(37, 12\), expected \(38, 12\)"):
        load_bert({**given, "vocab_size": 38}, weights)


def test_padding_changes_nothing():
    model = make()
    before = model(TOKEN_IDS[1:, :4])
    for mask in (None, torch.ones(6, 6, dtype=torch.bool)):
        torch.testing.assert_close(model(TOKEN_IDS[1:], mask=mask)[:, :4], before, rtol=0, atol=1e-12)


def test_every_word_sees_both_sides_unless_a_mask_hides_one():
    model, changed = make(), TOKEN_IDS[:1].clone()
    changed[:, 3] = 20

    def moved(mask=None):
        return ((model(changed, mask=mask) - model(TOKEN_IDS[:1], mask=mask)).abs().amax(-1) > 1e-9)[
            0
        ].tolist()

    assert moved() == [True] * 6
    assert moved(causal_mask(6)) == [False, False, False, True, True, True]
    assert moved(causal_mask(6).T) == [True, True, True, True, False, False]


def test_word_logits_ask_the_table_of_embeddings():
    model = make()
    hidden = model(TOKEN_IDS)
    logits = model.word_logits(hidden)
    assert logits.shape == (2, 6, 37)
    assert logits[1, 2, 8].item() == pytest.approx((hidden[1, 2] @ model.embedding.token.weight[8]).item())
    torch.testing.assert_close(model.word_logits(hidden[0]), logits[0])


def test_pairs_are_joined_and_padded():
    token_ids, segment_ids = join_pairs([[7, 8], [9]], [[5], [6, 7, 8]], cls_id=2, sep_id=3, pad_id=1)
    assert token_ids.tolist() == [[2, 7, 8, 3, 5, 3, 1], [2, 9, 3, 6, 7, 8, 3]]
    assert segment_ids.tolist() == [[0, 0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1, 1]]
    for firsts, seconds in (([[1]], []), ([], [])):
        with pytest.raises(
            ValueError, match=f"firsts and seconds have {len(firsts)} and 0 sentences, expected as"
        ):
            join_pairs(firsts, seconds, 2, 3)


@pytest.mark.parametrize("every_token", [False, True])
def test_a_head_asks_the_first_token_or_every_one_of_a_copied_body(every_token):
    body = make()
    model = WithHead(body, 3, every_token).double()
    hidden = body(TOKEN_IDS, SEGMENT_IDS)
    asked = hidden if every_token else body.pooler(hidden[:, 0]).tanh()
    logits = model(TOKEN_IDS, SEGMENT_IDS)
    assert logits.shape == ((2, 6, 3) if every_token else (2, 3))
    torch.testing.assert_close(logits, asked @ model.head.weight.T + model.head.bias)
    assert all(a is not b for a, b in zip(body.parameters(), model.body.parameters()))


def test_tables_begin_with_the_spread_that_is_asked_for():
    for std in (0.02, 0.3):
        model = Bert(BertConfig(d_model=64, d_ff=64, vocab_size=500, init_std=std))
        tables = [p for p in model.parameters() if p.dim() == 2]
        assert all(table.std().item() == pytest.approx(std, rel=0.15) for table in tables if len(table) > 2)
        assert all((p == 0).all() for name, p in model.named_parameters() if name.endswith("bias"))


def test_words_are_hidden_by_the_recipe():
    torch.manual_seed(0)
    token_ids = torch.randint(5, 1000, (200, 500))
    token_ids[:, ::10] = 2  # symbols
    before = token_ids.clone()
    read, chosen = hide_words(token_ids, mask_id=4, vocab_size=1000, first_word_id=5)
    assert (token_ids == before).all()
    assert (read == token_ids)[~chosen].all()
    assert not chosen[:, ::10].any()
    n = chosen.sum().item()
    assert n / 90_000 == pytest.approx(0.15, abs=0.005)
    assert (read == 4)[chosen].sum() / n == pytest.approx(0.8, abs=0.02)
    assert (read == token_ids)[chosen].sum() / n == pytest.approx(0.1, abs=0.01)
    swapped = read[chosen & (read != 4) & (read != token_ids)]
    assert len(swapped) / n == pytest.approx(0.1, abs=0.01)
    assert swapped.min() >= 5
    assert len(swapped.unique()) > 500


def test_other_shares_can_be_chosen():
    torch.manual_seed(0)
    token_ids = torch.randint(5, 1000, (20, 500))
    read, chosen = hide_words(token_ids, 4, 1000, 5, share=1.0, recipe=(1.0, 0.0, 0.0))
    assert chosen.all()
    assert (read == 4).all()
    read, chosen = hide_words(token_ids, 4, 1000, 5, share=0.5, recipe=(0.0, 0.0, 1.0))
    assert (read == token_ids).all()
    assert chosen.double().mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", ["vocab_size", "context_length", "n_layers", "n_segments"])
def test_bad_sizes_are_named(name):
    with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
        make(**{name: 0})


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="token_ids has 9 tokens, expected at most context_length = 8"):
        make()(torch.ones(1, 9, dtype=torch.long))
    with pytest.raises(ValueError, match="share is 0, expected"):
        hide_words(TOKEN_IDS, 4, 37, share=0)
    for recipe in (
        (0.8, 0.1, 0.2),
        (0.8, 0.2),
        (0.7, 0.1, 0.1, 0.1),
        (float("nan"), 0.1, 0.1),
        (1.1, -0.1, 0.0),
    ):
        with pytest.raises(ValueError, match=r"recipe is \(.*\), expected three shares that sum to 1"):
            check_shares(0.15, recipe)
    for ids in ({"mask_id": 37}, {"mask_id": -1}, {"mask_id": 4, "first_word_id": 37}):
        with pytest.raises(
            ValueError, match="_id is (37|-1), expected a number from 0 to vocab_size - 1 = 36"
        ):
            hide_words(TOKEN_IDS, vocab_size=37, **ids)
    for pad_id in (37, -1):
        with pytest.raises(ValueError, match=f"pad_id is {pad_id}, expected a number from 0 to"):
            make(pad_id=pad_id)
    with pytest.raises(ValueError, match="n_outputs is 0, expected at least 1"):
        WithHead(make(), 0)


def test_a_bert_names_what_it_cannot_read():
    model = make()
    for other in (TOKEN_IDS + 1, -TOKEN_IDS):
        with pytest.raises(ValueError, match="token_ids has (37|-3), expected numbers from 0 to 36"):
            model(other)
    with pytest.raises(ValueError, match="segment_ids has 2, expected numbers from 0 to 1"):
        model(TOKEN_IDS, SEGMENT_IDS * 2)
    for mask in (causal_mask(6).int(), torch.ones(6, 6)):
        with pytest.raises(TypeError, match="mask has dtype .*, expected torch.bool: True = may attend"):
            check_input(TOKEN_IDS, None, mask, model.config)
    with pytest.raises(ValueError, match=r"token_ids has shape \(6,\): 1 axis, expected 2 axes"):
        check_input(TOKEN_IDS[0], None, None, model.config)
    with pytest.raises(ValueError, match=r"segment_ids has shape \(1, 6\), expected \(B T\)"):
        check_input(TOKEN_IDS, SEGMENT_IDS[:1], None, model.config)
