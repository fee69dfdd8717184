# SPDX-License-Identifier: Apache-2.0
"""Integer attention against its three kernels, with formats as a trained model gets them."""

import numpy as np
import pytest

from streamhw.graph import Attention
from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.softmax import SoftmaxSpec
from streamhw.kernels.attention.values import ValuesSpec
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.plan import AttentionPlan
from streamhw.reference.attention import IntegerAttention, probabilities
from streamhw.reference.cache import Cache
from streamhw.stream.control.row_windows import RowWindows

PLAN = AttentionPlan(
    out=Fixed(8),
    query=Fixed(16, 17),
    key=Fixed(8),
    value=Fixed(8),
    scores=Fixed(18, 10),
    probabilities=Fixed(16, 16, signed=False),
    score_shift=7,
    value_shift=16,
)


@pytest.mark.parametrize("cut", [0, 1, 5])
def test_steps_equal_the_kernels(cut: int) -> None:
    """All rows at once, or in two steps over one cache."""
    random, n, heads, width = np.random.default_rng(cut), 9, 2, 8
    op = Attention(heads=heads, kv_heads=heads, head_dim=width)
    attention = IntegerAttention("attention", 0, op, PLAN, 16)
    shape = (n, heads * width)
    q = random.integers(PLAN.query.minimum, PLAN.query.maximum, shape, endpoint=True)
    k, v = random.integers(-128, 127, (2, *shape), endpoint=True)
    inner: dict[str, list[np.ndarray]] = {}
    cache, parts = Cache(), []
    for rows in (slice(0, cut), slice(cut, n)) if cut else (slice(0, n),):
        found = attention(
            *(x[rows].astype(np.float64) for x in (q, k, v)),
            cache,
            lambda name, tensor: inner.setdefault(name, []).append(tensor),
        )
        parts.append(found.astype(np.int64))
    sizes = {"tokens": n, "heads": heads, "head_dim": width, "context": 16, "lanes": 4}
    values = {"tokens": n, "length": list(range(1, n + 1))}
    scores = ScoresSpec(
        **sizes, query=PLAN.query, key=PLAN.key, out=PLAN.scores, shift=PLAN.score_shift
    ).compute({"i_q": q, "i_k": k}, values)["o"]
    assert (np.concatenate(inner["scores"]) == scores).all()
    softmax = SoftmaxSpec(
        tokens=n, heads=heads, context=16, source=PLAN.scores, out=PLAN.probabilities
    ).compute({"i": scores}, values)["o"]
    assert (np.concatenate(inner["probabilities"]) == softmax).all()
    mixed = ValuesSpec(**sizes, out_lanes=4, shift=PLAN.value_shift, out=PLAN.out)
    wanted = mixed.compute({"i_p": softmax, "i_v": v}, values)["o"]
    assert (np.concatenate(parts) == wanted).all()
    assert (inner["key_cache"][-1] == k).all() and (inner["value_cache"][-1] == v).all()


@pytest.mark.parametrize("together", [1, 4])
@pytest.mark.parametrize("recorded", [True, False])
def test_windows_equal_the_kernels(recorded: bool, together: int) -> None:
    """Steps of 9 rows and of one, in a window of 3: what kernels hide, the reference leaves out."""
    random, n, width = np.random.default_rng(together), 13, 8
    op = Attention(heads=2, kv_heads=1, head_dim=width, windows=(None, 3))
    attention = IntegerAttention("attention", 1, op, PLAN, 16)
    q = random.integers(-9000, 9000, (n, 2 * width), endpoint=True)
    k, v = random.integers(-128, 127, (2, n, width), endpoint=True)
    cache, parts = Cache(), []
    inner: dict[str, list[np.ndarray]] = {}
    for begin, end in ((0, 9), (9, 10), (10, 13)):
        part = (x[begin:end].astype(np.float64) for x in (q, k, v))
        record = (lambda name, x: inner.setdefault(name, []).append(x)) if recorded else None
        parts.append(attention(*part, cache, record).astype(np.int64))
    windows = RowWindows(widths=(16, 3), together=together)
    sizes = {"tokens": n, "heads": 2, "head_dim": width, "context": 16, "lanes": 4, "shared": 2}
    values = {"tokens": n, "length": windows.lengths(0, n, 1)}
    begins = [windows.begin(t, 1) for t in range(n)]
    own = [
        np.stack([np.roll(np.pad(x, ((0, 3), (0, 0))), -b, axis=0) for b in begins]) for x in (k, v)
    ]
    formats = {"query": PLAN.query, "key": PLAN.key, "out": PLAN.scores}
    scores = ScoresSpec(**sizes, **formats, shift=PLAN.score_shift, windowed=True).compute(
        {"i_q": q, "i_k": own[0]}, values
    )["o"]
    hidden = np.array([[windows.hidden(t, 1)] * 2 for t in range(n)])
    softmax = SoftmaxSpec(
        tokens=n,
        heads=2,
        context=16,
        source=PLAN.scores,
        out=PLAN.probabilities,
        hidden=windows.most_hidden,
    ).compute({"i": scores, "i_hidden": hidden}, values)["o"]
    mixed = ValuesSpec(
        **sizes, out_lanes=4, shift=PLAN.value_shift, out=PLAN.out, windowed=True
    ).compute({"i_p": softmax, "i_v": own[1]}, values)["o"]
    assert (np.concatenate(parts) == mixed).all()
    if recorded:
        for name, streamed in (("scores", scores), ("probabilities", softmax)):
            found = np.concatenate(inner[name])
            for t, begin in enumerate(begins):
                length = windows.length(t, 1)
                assert (found[t, :, begin : t + 1] == streamed[t, :, :length]).all()


@pytest.mark.parametrize("level", [0, -40_000, -110_000, -131_072])
def test_probabilities_equal_the_softmax_kernel_at_any_level(level: int) -> None:
    random = np.random.default_rng(5)
    lengths = np.array([3, 1, 9, 16])
    scores = PLAN.scores.saturate(random.integers(-9000, 9000, (4, 6, 16)) + level)
    scores[np.broadcast_to(np.arange(16) >= lengths[:, None, None], scores.shape)] = 0
    kernel = SoftmaxSpec(tokens=4, heads=6, context=16, source=PLAN.scores, out=PLAN.probabilities)
    expected = kernel.compute({"i": scores}, {"length": lengths.tolist()})["o"]
    rows = probabilities(PLAN, scores.reshape(24, 16), np.repeat(lengths, 6), 16)
    assert (rows == expected.reshape(24, 16)).all()


@pytest.mark.parametrize("length", [1, 2, 40])
def test_probabilities_equal_the_softmax_kernel_where_the_largest_grows(length: int) -> None:
    random = np.random.default_rng(length)
    jumps = random.integers(-3000, 12_000, (1, 50, length)).cumsum(axis=2) - 131_072
    edges = np.array([PLAN.scores.minimum, PLAN.scores.maximum])
    scores = PLAN.scores.saturate(np.concatenate([jumps, random.choice(edges, (1, 14, length))], 1))
    kernel = SoftmaxSpec(tokens=1, heads=64, context=40, source=PLAN.scores, out=PLAN.probabilities)
    padded = np.zeros((1, 64, 40), dtype=np.int64)
    padded[..., :length] = scores
    expected = kernel.compute({"i": padded}, {"length": [length]})["o"][0, :, :length]
    assert (probabilities(PLAN, scores[0], np.full(64, length), 40) == expected).all()
