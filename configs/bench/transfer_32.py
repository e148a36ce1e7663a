"""The transfer suite at 32 pixels, for backbones pretrained on CIFAR-10 as InfoCL does; see transfer.

Command: make bench CONFIG=transfer_32 OBJ=random,infonce DATA_ROOT=path/to/data
"""

_base_ = "transfer.py"

data = dict(image_size=32)
views = dict(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
model = dict(depth=18, stem="cifar")

tasks = {name: dict(image_size=32, resize=0) for name, task in _base_["tasks"].items() if task}
