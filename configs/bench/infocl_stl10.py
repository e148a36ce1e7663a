"""InfoCL's comparison on STL-10 (Wang et al. 2022, arXiv 2203.07004): pretrained on the unlabelled images at 64 pixels.

Command: make bench CONFIG=infocl_stl10 OBJ=all DATA_ROOT=path/to/stl10
         The folders are unlabeled/, train/<class>/ and test/<class>/, and those of infocl_cifar10's transfer table.
Cost:    ResNet-18, 200 epochs of 100,000 images, nine rows that train, 1.3e17 to 2.3e17 FLOPs each (clbench cost
         --config infocl_stl10 --images 100000): 1 to 1.6 hours a row at a sustained 40 TFLOP/s, an estimate. Not run
         here.
Score:   STL-10 top-1, tables 1 and 5: infonce 78.74, infonce_rc 79.21, infonce_lbe 80.17, byol 80.83, byol_rc 81.11,
         byol_lbe 80.85, barlow_twins 80.59, barlow_twins_rc 82.21, barlow_twins_lbe 81.13. They are best test epochs
         of the SGD probe: compare them with the oracle of the task linear_sgd.
"""

_base_ = "infocl_cifar10.py"

data = dict(pretrain="unlabeled", image_size=96)
views = dict(size=64)
model = dict(stem="stl10")

# The controls of table 3 were run on CIFAR-10 alone.
rows = dict(infonce_ip=None, infonce_noise=None, infonce_mib=None)

tasks = dict(
    classification=dict(dataset="STL-10", image_size=96, resize=96),
    digits=dict(image_size=64, resize=64),
    linear_sgd=dict(dataset="STL-10", image_size=96),
)
for name in ("dtd", "mnist", "fashion_mnist", "cub200", "flowers102", "gtsrb"):
    tasks[name] = dict(image_size=64)
del name
