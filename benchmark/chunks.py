"""Encoding a batch in chunks, so that the memory of a step is that of one chunk and the objective sees the whole batch.

Source: Gao et al. 2021 (GradCache), arXiv 2101.06983, section 3: every chunk is encoded without keeping activations,
the loss is computed from all representations, and their gradients go through each chunk as it is encoded a second time.
That is a checkpoint (Chen et al. 2016, arXiv 1604.06174) around the encoding of each chunk, which serves every
objective. Gradients are exact; a step costs one forward pass of the backbone more. Batch norms of the backbone see a
chunk at a time, those of the projector the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from objectives.contract import Encoder, Features, Network


class ChunkedEncoder:
    """An encoder that sees a batch in chunks.

    Args:
        encoder: backbone and projector, a module.
        chunks: into how many equal parts a batch is cut, >= 1; its length must be a multiple.
    """

    def __init__(self, encoder: Encoder, *, chunks: int) -> None:
        assert isinstance(encoder, nn.Module)
        self._encoder, self._module, self._chunks = encoder, encoder, chunks

    def encode(self, x: Tensor) -> Features:
        """Map views (N, 3, H, W) to features, of which no activations are kept."""
        assert len(x) % self._chunks == 0, f"a batch of {len(x)} cannot be cut into {self._chunks} equal chunks"
        parts = [self._encode(part) for part in x.chunk(self._chunks)]
        first, second, third, fourth = (
            torch.cat(stage) for stage in zip(*(part.stages for part in parts), strict=True)
        )
        return Features(stages=(first, second, third, fourth), h=fourth)

    def project(self, h: Tensor) -> Tensor:
        """Map features h (N, F) to projections z (N, D), all at once."""
        return self._encoder.project(h)

    def _encode(self, part: Tensor) -> Features:
        features: Features = checkpoint(self._encoder.encode, part, use_reentrant=False, context_fn=self._contexts)
        return features

    def _contexts(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        """What surrounds the first pass and the second, which must not count in running statistics once more."""
        return nullcontext(), _buffers_kept(self._module)


class ChunkedNetwork(ChunkedEncoder):
    """A network that sees a batch in chunks, and so does its target."""

    def __init__(self, network: Network, *, chunks: int) -> None:
        super().__init__(network, chunks=chunks)
        self._network, self.generator = network, network.generator

    @property
    def target(self) -> ChunkedEncoder:
        """The target of the network; its batch norms see a chunk at a time too."""
        return ChunkedEncoder(self._network.target, chunks=self._chunks)


@contextmanager
def _buffers_kept(module: nn.Module) -> Iterator[None]:
    """Let what happens inside change copies of the buffers alone."""
    owned = [(owner, *named) for owner in module.modules() for named in owner.named_buffers(recurse=False)]
    for owner, name, buffer in owned:
        setattr(owner, name, buffer.clone())
    try:
        yield
    finally:
        for owner, name, buffer in owned:
            setattr(owner, name, buffer)
