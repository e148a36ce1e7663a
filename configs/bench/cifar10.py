"""CIFAR-10 as an image folder of JPEGs, with transfer to scikit-learn's handwritten digits.

Command: make bench OBJ=random,infonce,mrcl CONFIG=cifar10 DATA_ROOT=path/to/cifar10
Cost:    as it stands, for a GPU (ResNet-18, 200 epochs, batch 256). docs/first-results.md has a budget for 2 CPU cores.
Score:   85.76 linear top-1 for SimCLR after InfoCL's protocol (arXiv 2203.07004, table 1), which differs: Adam at 3e-4
         without decay or schedule, and the best test epoch of an SGD probe.
"""

_base_ = "imagefolder.py"

tasks = dict(classification=dict(dataset="CIFAR-10 (JPEG)"))
