"""The transfer suite at 224 pixels: linear probe, kNN and fine-tuning on twelve data sets.

Command: make bench CONFIG=transfer OBJ=random,infonce DATA_ROOT=path/to/data, or, of the probes alone,
         clbench bench --config transfer --tasks classification --data-root path/to/data
         train/<class>/ below the folder is pretrained on. Beside it lie the data sets as torchvision unpacks them, and
         CUB-200 as its archive does: cifar-10-batches-py/, cifar-100-python/, stl10_binary/, MNIST/, FashionMNIST/,
         dtd/, CUB_200_2011/, flowers-102/, gtsrb/, fgvc-aircraft-2013b/, food-101/, oxford-iiit-pet/.
Cost:    for one GPU; a probe passes over every image once, a fine-tuning 50 times. Not run here.

Metrics are those of the literature: mean per class for Flowers, Aircraft and Pets, else top-1 (Kornblith et al. 2019,
arXiv 1805.08974; InfoCL, arXiv 2203.07004). The shorter side is brought to 224 and the centre taken, as there and in
SimCLR (arXiv 2002.05709, appendix B.8). The penalty, the k and the epoch are chosen on the validation split where there
is one, else on a tenth of the training images. The fine-tuning's schedule is no paper's: fixed rates, one setting for
every data set, but that a digit or a traffic sign, which a flip or a small crop may turn into another, is not flipped
and keeps half its area. transfer_32 and transfer_64 are the suite at InfoCL's sizes.
"""

_base_ = "imagefolder.py"

data = dict(image_size=256)
views = dict(size=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
model = dict(depth=50, stem="imagenet")

images = dict(
    data="",
    train="",
    test="",
    splits="official",
    metric="literature",
    validation=0.1,
    image_size=224,
    resize=224,
    interpolation="bicubic",
)
probe = dict(
    images,
    family="classification",
    penalties=(1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    neighbours=(10, 20, 100, 200),
    temperature=0.07,
)
tuning = dict(
    images,
    family="finetuning",
    frozen=False,
    fraction=1.0,
    subset="",
    refit=True,
    augmentation="crop",
    crop_scale=(0.08, 1.0),
    flip=0.5,
    epochs=50,
    batch=64,
    lr=0.1,
    backbone_lr=0.01,
    momentum=0.9,
    weight_decay=1e-4,
    schedule="cosine",
    milestones=(),
    decay=0.1,
    init_std=0.01,
)
suite = dict(
    cifar10="CIFAR-10",
    cifar100="CIFAR-100",
    stl10="STL-10",
    mnist="MNIST",
    fashion_mnist="FashionMNIST",
    dtd="DTD",
    cub200="CUB-200",
    flowers102="Flowers",
    gtsrb="GTSRB",
    aircraft="Aircraft",
    food101="Food-101",
    pets="Pets",
)
tasks = dict(classification=None, digits=None)
for name in suite:
    tasks[name] = dict(probe, dataset=suite[name], source=name)
    tasks[f"{name}_finetuned"] = dict(tuning, dataset=suite[name], source=name)
for name in ("mnist", "gtsrb"):
    tasks[f"{name}_finetuned"].update(flip=0.0, crop_scale=(0.5, 1.0))
del images, probe, tuning, suite, name
