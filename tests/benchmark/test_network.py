"""The target of a network."""

import torch
from tiny_pretraining import parts, tiny_config


def test_a_step_of_the_target_is_that_of_each_weight_by_itself_to_the_bit() -> None:
    network = parts(tiny_config(), objective="byol").network
    torch.manual_seed(0)
    for weight in network.target.parameters():
        weight.add_(torch.randn_like(weight))
    online = [*network.backbone.parameters(), *network.projector.parameters()]
    wanted = [
        average.lerp(weight, 1 - 0.996) for average, weight in zip(network.target.parameters(), online, strict=True)
    ]
    network.update_target(0.996)
    assert all(map(torch.equal, network.target.parameters(), wanted))
    assert not any(weight.requires_grad for weight in network.target.parameters())
