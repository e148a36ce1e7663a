"""Batch norm statistics over many batches of the final weights, in place of the running average of the last steps."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm


class PreciseBatchNorm(Hook):
    """After the training, set the statistics of every batch norm that trains to their mean over fresh batches.

    detectron2's TEST.PRECISE_BN, with its 200 batches: means and unbiased variances of the batches, each batch with the
    same weight. mmengine has no such hook.

    Args:
        batches: number of training batches that pass through the model; 0 = leave the statistics as they are.
    """

    def __init__(self, batches: int) -> None:
        self.batches = batches

    @torch.no_grad()
    def after_train(self, runner: Runner) -> None:
        """Pass the batches through the model in training mode, without a step."""
        model = runner.model.train()
        if not self.batches:
            return
        # Not BatchNorm2d: what one process gets in place of SyncBN is none.
        norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.training]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # torch's name for the mean over all batches
        batches = iter(runner.train_dataloader)
        for _ in range(self.batches):
            model(**model.data_preprocessor(next(batches), True), mode="loss")
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
