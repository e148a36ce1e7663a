"""The transfer suite at 64 pixels, for backbones pretrained on STL-10 as InfoCL does; see transfer.

Command: make bench CONFIG=transfer_64 OBJ=random,infonce DATA_ROOT=path/to/data
"""

_base_ = "transfer.py"

data = dict(image_size=96)
views = dict(size=64, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
model = dict(depth=18, stem="stl10")

tasks = {name: dict(image_size=64, resize=0) for name, task in _base_["tasks"].items() if task}
