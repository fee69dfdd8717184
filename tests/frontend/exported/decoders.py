# SPDX-License-Identifier: Apache-2.0
"""Decoders as people write them in PyTorch; imported where torch is installed."""

import math

import torch
import torch.nn.functional as F  # noqa: N812  as everybody calls it
from torch import Tensor, nn

__all__ = ["DECODERS", "CumulativeSum", "Fused", "Learned", "Rotated", "made"]

D, HEADS, KV, SIZE, VOCABULARY = 32, 4, 2, 8, 60


class Rms(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.gain = nn.Parameter(torch.rand(size) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return x / torch.sqrt(torch.mean(x * x, -1, keepdim=True) + 1e-5) * self.gain


class RotatedBlock(nn.Module):
    """Complex numbers, copies of keys, scores and masks by hand, gate and up in one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = Rms(D), Rms(D)
        self.wq = nn.Linear(D, HEADS * SIZE, bias=False)
        self.wk = nn.Linear(D, KV * SIZE, bias=False)
        self.wv = nn.Linear(D, KV * SIZE, bias=False)
        self.wo = nn.Linear(HEADS * SIZE, D, bias=False)
        self.both = nn.Linear(D, 2 * 40, bias=False)
        self.down = nn.Linear(40, D)

    def forward(self, x: Tensor, turns: Tensor, mask: Tensor) -> Tensor:
        b, n, _ = x.shape
        h = self.before(x)
        q = self.wq(h).view(b, n, HEADS, SIZE)
        k, v = (w(h).view(b, n, KV, SIZE) for w in (self.wk, self.wv))

        def rotated(t: Tensor) -> Tensor:
            pairs = torch.view_as_complex(t.float().reshape(*t.shape[:-1], -1, 2))
            return torch.view_as_real(pairs * turns[None, :, None, :]).flatten(3).type_as(t)

        q, k = rotated(q), rotated(k).repeat_interleave(HEADS // KV, 2)
        v = v.repeat_interleave(HEADS // KV, 2)
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(SIZE)
        scores = scores.masked_fill(mask[:n, :n] == 0, float("-inf")).softmax(-1)
        x = x + self.wo((scores @ v).transpose(1, 2).contiguous().view(b, n, -1))
        gate, up = self.both(self.between(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Rotated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.emb = nn.Embedding(VOCABULARY, D)
        self.blocks = nn.ModuleList([RotatedBlock() for _ in range(2)])
        self.norm = Rms(D)
        self.head = nn.Linear(D, VOCABULARY, bias=False)
        self.head.weight = self.emb.weight
        frequencies = 500.0 ** (-torch.arange(0, SIZE, 2).float() / SIZE)
        angles = torch.outer(torch.arange(64).float(), frequencies)
        self.register_buffer("turns", torch.polar(torch.ones_like(angles), angles))
        self.register_buffer("mask", torch.tril(torch.ones(64, 64)))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.emb(ids)
        for block in self.blocks:
            x = block(x, self.turns[: ids.shape[1]], self.mask)
        return self.head(self.norm(x))


class LearnedBlock(nn.Module):
    """As nanoGPT, the sum at the end the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.qkv, self.proj = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.mlp = nn.Sequential(nn.Linear(D, 4 * D), nn.GELU(), nn.Linear(4 * D, D))

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        parts = self.qkv(self.ln_1(x)).split(D, 2)
        q, k, v = (t.view(b, n, HEADS, D // HEADS).transpose(1, 2) for t in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, D))
        return self.mlp(self.ln_2(x)) + x


class Learned(nn.Module):
    """Layers that are no list, positions that are a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.tok = nn.Embedding(VOCABULARY, D)
        self.pos = nn.Parameter(torch.randn(1, 64, D) * 0.1)
        self.first, self.second = LearnedBlock(), LearnedBlock()
        self.ln, self.head = nn.LayerNorm(D), nn.Linear(D, VOCABULARY)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tok(ids) + self.pos[:, : ids.shape[1]]
        return self.head(self.ln(self.second(self.first(x))))


class FusedBlock(nn.Module):
    """One matrix for queries, keys and values, adjacent pairs, norms of heads, a factor of what
    is added."""

    def __init__(self) -> None:
        super().__init__()
        self.n1, self.n2 = nn.RMSNorm(D, eps=1e-6), nn.RMSNorm(D, eps=1e-6)
        self.qn, self.kn = nn.RMSNorm(SIZE, eps=1e-6), nn.RMSNorm(SIZE, eps=1e-6)
        self.qkv = nn.Linear(D, (HEADS + 2 * KV) * SIZE)
        self.out = nn.Linear(HEADS * SIZE, D)
        self.w1, self.w3, self.w2 = nn.Linear(D, 40), nn.Linear(D, 40), nn.Linear(40, D)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(self.n1(x)).split([HEADS * SIZE, KV * SIZE, KV * SIZE], -1)
        q = self.qn(q.view(b, n, HEADS, SIZE)).transpose(1, 2)
        k = self.kn(k.view(b, n, KV, SIZE)).transpose(1, 2)
        v = v.view(b, n, KV, SIZE).transpose(1, 2)

        def rotated(t: Tensor) -> Tensor:
            a, c = t[..., 0::2], t[..., 1::2]
            return torch.stack([a * cos - c * sin, a * sin + c * cos], -1).flatten(-2)

        q, k = rotated(q), rotated(k)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.out(y.transpose(1, 2).flatten(2)) * 0.5
        h = self.n2(x)
        return x + self.w2(F.gelu(self.w1(h), approximate="tanh") * self.w3(h))


class Fused(nn.Module):
    """Angles computed each time, a scaled embedding, the last row only, no gradients inside."""

    def __init__(self) -> None:
        super().__init__()
        self.emb = nn.Embedding(VOCABULARY, D)
        self.layers = nn.ModuleList([FusedBlock() for _ in range(3)])
        self.norm = nn.RMSNorm(D, eps=1e-6)
        self.head = nn.Linear(D, VOCABULARY, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        with torch.no_grad():
            x = self.emb(ids) * math.sqrt(D)
            frequencies = 10_000.0 ** (-torch.arange(0, SIZE, 2).float() / SIZE)
            angles = torch.outer(torch.arange(ids.shape[1]).float(), frequencies)
            for layer in self.layers:
                x = layer(x, angles.cos(), angles.sin())
            return self.head(self.norm(x[:, -1:]))


class CumulativeSum(Learned):
    """Something that no layer does, in the last norm's place."""

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(torch.cumsum(self.second(self.first(self.tok(ids))), 1))


DECODERS = {"rotated": Rotated, "learned": Learned, "fused": Fused}


def made(kind: type[nn.Module]) -> nn.Module:
    """A decoder with seeded weights, large enough that no part of it is nearly linear."""
    torch.manual_seed(0)
    module = kind().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(1.5)
    return module
