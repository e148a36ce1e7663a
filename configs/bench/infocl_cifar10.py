"""InfoCL's comparison on CIFAR-10 (Wang et al. 2022, arXiv 2203.07004): each base loss alone, with RC and with LBE.

Command: make bench CONFIG=infocl_cifar10 OBJ=all DATA_ROOT=path/to/cifar10
         Beside train/<class>/ and test/<class>/, the folder holds the data sets of the transfer table as torchvision
         unpacks them: dtd/, MNIST/, FashionMNIST/, CUB_200_2011/, flowers-102/ and gtsrb/ (Final_Training of GTSRB).
Cost:    ResNet-18, 200 epochs, twelve rows that train, 7e16 to 9e16 FLOPs each (clbench cost --config infocl_cifar10
         --images 50000): 28 to 39 minutes a row at a sustained 40 TFLOP/s, an estimate. Not run here at full size.
Score:   CIFAR-10 top-1, tables 1, 3 and 5: infonce 85.76, infonce_rc 85.78, infonce_lbe 85.45, infonce_ip 85.86,
         infonce_noise 85.81, infonce_mib 86.20, byol 85.64, byol_rc 85.80, byol_lbe 85.28, barlow_twins 86.85,
         barlow_twins_rc 86.91, barlow_twins_lbe 86.38. They are best test epochs of the SGD probe: compare them with
         the oracle of the task linear_sgd, and the transfer table likewise with the oracles of its tasks.

The SGD probes are the paper's (released eval_lr.py): learning rate 0.01, batch 128, 100 epochs, a tenth of it after 60
and 80, no augmentation, images squeezed to 32 pixels. There, each data set but CIFAR is normalised by its own
statistics; here, as in the pretraining. The tenth that chooses the epoch is trained on again for the test (refit).

The infonce rows are the paper's SimCLR. Batch 256, as the paper says; its released commands have 128 for BYOL and
Barlow Twins. BYOL's momentum rises at every step here, there after every epoch.
"""

_base_ = "imagefolder.py"

# Released settings: Adam at 3e-4 without decay or schedule (with weight_decay 0, adamw is Adam).
training = dict(epochs=200, batch=256, optimiser="adamw", lr=3e-4, weight_decay=0.0, warmup=0.0, schedule="constant")
plain = dict(projector_norm=False, projection=128)  # SimCLR's head there has no batch norm
normed = dict(projector_norm=True, projection=128)
wide = dict(projector_norm=True, projection=1024)

objectives = dict(
    infonce=dict(temperature=0.5),
    byol=dict(momentum=0.996),
    barlow_twins=dict(redundancy=0.01, directions=True),
)

rc = dict(regularizer="rc", decoder="infocl")
lbe = dict(regularizer="lbe", sigma=0.1, rho=0.05, stages=(0.0, 0.25, 0.5, 1.0))
rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce", model=plain),
    infonce_rc=dict(objective="infocl", arguments=dict(base="infonce", weight=1.0, **rc), model=plain),
    infonce_lbe=dict(objective="infocl", arguments=dict(base="infonce", weight=1.0, **lbe), model=plain),
    infonce_ip=dict(objective="infocl", arguments=dict(base="infonce", regularizer="ip", weight=5e-4), model=plain),
    infonce_noise=dict(objective="infocl", arguments=dict(base="infonce", regularizer="noise", sigma=0.1), model=plain),
    infonce_mib=dict(
        objective="infocl", arguments=dict(base="infonce", regularizer="mib", weight=5e-4, sigma=0.1), model=plain
    ),
    byol=dict(objective="byol", model=normed),
    byol_rc=dict(objective="infocl", arguments=dict(base="byol", weight=0.1, **rc), model=normed),
    byol_lbe=dict(objective="infocl", arguments=dict(base="byol", weight=0.1, **lbe), model=normed),
    barlow_twins=dict(objective="barlow_twins", model=wide),
    barlow_twins_rc=dict(objective="infocl", arguments=dict(base="barlow_twins", weight=1.0, **rc), model=wide),
    barlow_twins_lbe=dict(objective="infocl", arguments=dict(base="barlow_twins", weight=1.0, **lbe), model=wide),
)
del plain, normed, wide, rc, lbe

probe = dict(
    family="finetuning",
    data="",
    train="train",
    test="test",
    splits="official",
    metric="top1",
    validation=0.1,
    image_size=32,
    resize=0,
    interpolation="bilinear",
    frozen=True,
    fraction=1.0,
    subset="",
    refit=True,
    augmentation="none",
    crop_scale=(0.08, 1.0),
    flip=0.0,
    epochs=100,
    batch=128,
    lr=0.01,
    backbone_lr=0.0,
    momentum=0.9,
    weight_decay=0.0,
    schedule="step",
    milestones=(60, 80),
    decay=0.1,
    init_std=0.025,  # what torch gives a linear layer of 512 inputs
)
tasks = dict(
    classification=dict(dataset="CIFAR-10"),
    linear_sgd=dict(probe, dataset="CIFAR-10", source="folder"),
    dtd=dict(probe, dataset="DTD", source="dtd"),
    mnist=dict(probe, dataset="MNIST", source="mnist"),
    fashion_mnist=dict(probe, dataset="FashionMNIST", source="fashion_mnist"),
    cub200=dict(probe, dataset="CUB-200", source="cub200"),
    flowers102=dict(probe, dataset="VGGFlower", source="flowers102", splits="infocl"),
    gtsrb=dict(probe, dataset="TrafficSigns", source="gtsrb", splits="infocl"),
)
del probe
