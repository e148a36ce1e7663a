"""How the checkpoints of other tools name the tensors of a ResNet: one rule each, data and no code."""

from __future__ import annotations

from downstream.layout_rule import HEADS, INFOCL, NUMBERED, SIMCLR_V2, UNSCALED, Layout

LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "torchvision",
        "torchvision; this project's backbone.pth; resnet50.pth of Barlow Twins and VICReg and "
        "dino_resnet50_pretrain.pth (facebookresearch); SimCLR v1 as tonylins/simclr-converter and BYOL as "
        "chigur/byol-convert write it",
        containers=("", "state_dict", "model"),
        left=("fc.",),
    ),
    Layout(
        "timm",
        "checkpoints with averaged weights: timm's, which itself prefers these (timm 1.0, models/_helpers.py), and "
        "those of torchvision's references/classification/train.py; without them torchvision's rule is the same",
        containers=("state_dict_ema", "model_ema", "state_dict", ""),
        left=("fc.", "n_averaged"),
        decides=("state_dict_ema", "model_ema"),
    ),
    Layout(
        "moco",
        "MoCo v1 and v2, query encoder (facebookresearch/moco, moco/builder.py); PCL",
        containers=("state_dict",),
        prefix=r"encoder_q\.",
        left=("encoder_q.fc.", "encoder_k.", "queue"),
    ),
    Layout(
        "moco_key",
        "MoCo v1 and v2, key encoder",
        containers=("state_dict",),
        prefix=r"encoder_k\.",
        left=("encoder_k.fc.", "encoder_q.", "queue"),
        automatic=False,
    ),
    Layout(
        "moco_v3",
        "MoCo v3, base encoder (facebookresearch/moco-v3, moco/builder.py)",
        containers=("state_dict",),
        prefix=r"base_encoder\.",
        left=("base_encoder.fc.", "momentum_encoder.", "predictor."),
    ),
    Layout(
        "moco_v3_momentum",
        "MoCo v3, momentum encoder",
        containers=("state_dict",),
        prefix=r"momentum_encoder\.",
        left=("momentum_encoder.fc.", "base_encoder.", "predictor."),
        automatic=False,
    ),
    Layout(
        "simclr_sthalles",
        "SimCLR port sthalles/SimCLR (models/resnet_simclr.py, simclr.py); fc is the projector. It feeds [0, 1] as is",
        containers=("state_dict",),
        prefix=r"backbone\.",
        left=("backbone.fc.0.", "backbone.fc.2."),
        statistics=UNSCALED,
    ),
    Layout(
        "simclr_spijkervet",
        "SimCLR port Spijkervet/SimCLR (simclr/simclr.py); feeds [0, 1] as is",
        containers=("",),
        prefix=r"encoder\.",
        left=("projector.",),
        statistics=UNSCALED,
    ),
    Layout(
        "simclr_v2",
        "Google's SimCLR v2 without selective kernels, converted by Separius/SimCLRv2-Pytorch (resnet.py, convert.py); "
        "feeds [0, 1] as is",
        containers=("resnet",),
        prefix=r"net\.",
        renames=SIMCLR_V2,
        left=("fc.", "layers."),
        statistics=UNSCALED,
    ),
    Layout(
        "infocl",
        "InfoCL's own code, online network (github Haoqing-Wang/InfoCL: modules/simclr.py, byol.py, bartwins.py; the "
        "shortcuts of modules/resnet.py and resnet_imagenet.py have names of their own)",
        containers=("",),
        prefix=r"encoder\.",
        renames=INFOCL,
        left=("projector.", "predictor."),
    ),
    Layout(
        "pycontrast",
        "InfoMin, InsDis, PIRL as PyContrast writes them (HobbitLong/PyContrast, detection/convert_pretrained.py)",
        containers=("model",),
        prefix=r"encoder\.",
        left=("encoder.fc.", "head.", "head_jig.", "jigsaw"),
    ),
    Layout(
        "pycontrast_ema",
        "PyContrast, averaged network",
        containers=("model_ema",),
        prefix=r"encoder\.",
        left=("encoder.fc.", "head.", "head_jig.", "jigsaw"),
        automatic=False,
    ),
    Layout(
        "byol_lucidrains",
        "BYOL port lucidrains/byol-pytorch, online network, alone or in its example's Lightning module "
        "(byol_pytorch/byol_pytorch.py)",
        containers=("", "state_dict"),
        prefix=r"(learner\.)?online_encoder\.net\.",
        left=("online_encoder.", "target_encoder.", "online_predictor.", "net.", "learner."),
    ),
    Layout(
        "byol_yaox12",
        "BYOL port yaox12/BYOL-PyTorch, online network of a training checkpoint (model/, trainer/byol_trainer.py)",
        containers=("model",),
        prefix=r"online_network\.encoder\.",
        renames=NUMBERED,
        left=("online_network.projetion.", "target_network.", "predictor."),
    ),
    Layout(
        "byol_yaox12_release",
        "BYOL port yaox12/BYOL-PyTorch, its published ResNet-50 (the key is that of its utils/load_and_convert.py; the "
        "names below it are inferred from how others load the file)",
        containers=("online_backbone",),
        left=("fc.",),
    ),
    Layout(
        "byol_sthalles",
        "BYOL port sthalles/PyTorch-BYOL, online network (models/resnet_base_network.py, trainer.py)",
        containers=("online_network_state_dict",),
        prefix=r"encoder\.",
        renames=NUMBERED,
        left=("projetion.", "projection."),
    ),
    Layout(
        "swav",
        "SwAV, DeepCluster v2, SeLa v2 (facebookresearch/swav, src/resnet50.py)",
        containers=("", "state_dict"),
        left=("projection_head.", "prototypes"),
    ),
    Layout(
        "dino",
        "DINO, teacher, as in a full checkpoint (facebookresearch/dino, main_dino.py)",
        containers=("teacher",),
        prefix=r"backbone\.",
        left=("backbone.fc.", "head."),
    ),
    Layout(
        "dino_student",
        "DINO, student",
        containers=("student",),
        prefix=r"backbone\.",
        left=("backbone.fc.", "head."),
        automatic=False,
    ),
    Layout(
        "vicreg",
        "VICReg, model.pth (facebookresearch/vicreg, main_vicreg.py)",
        containers=("model",),
        prefix=r"backbone\.",
        left=("backbone.fc.", "projector."),
    ),
    Layout(
        "barlow_twins",
        "Barlow Twins, checkpoint.pth (facebookresearch/barlowtwins, main.py)",
        containers=("model",),
        prefix=r"backbone\.",
        left=("backbone.fc.", "projector.", "bn."),
    ),
    Layout(
        "mmselfsup",
        "mmselfsup and mmpretrain (mmpretrain's ResNet has torchvision's names)",
        containers=("state_dict",),
        prefix=r"backbone\.",
        left=(
            "neck.",
            "head.",
            "data_preprocessor.",
            "queue",
            "encoder_k.",
            "encoder_q.",
            "online_net.",
            "target_net.",
        ),
    ),
    Layout(
        "solo_learn",
        "solo-learn, the trained network (vturrisi/solo-learn, solo/methods/base.py). On CIFAR it pads the first 3x3 "
        "convolution by 2: its stem is `cifar_pad2`",
        containers=("state_dict",),
        prefix=r"(backbone|encoder)\.",
        left=(*HEADS, "momentum_", "prototypes"),
    ),
    Layout(
        "solo_learn_momentum",
        "solo-learn, momentum network",
        containers=("state_dict",),
        prefix=r"momentum_(backbone|encoder)\.",
        left=(*HEADS, "momentum_backbone.fc.", "backbone.", "encoder.", "momentum_", "prototypes"),
        automatic=False,
    ),
    Layout(
        "lightly",
        "lightly's examples: nn.Sequential of a torchvision ResNet's children, in a Lightning module or alone",
        containers=("state_dict", ""),
        prefix=r"(backbone\.)?(?=\d+\.)",
        renames=NUMBERED,
        left=(*HEADS, "backbone_momentum.", "projection_head_momentum.", "student_", "teacher_", "criterion."),
    ),
    Layout(
        "lightly_dino",
        "lightly's DINO example, teacher (docs.lightly.ai, examples/pytorch_lightning/dino.py)",
        containers=("state_dict", ""),
        prefix=r"teacher_backbone\.",
        renames=NUMBERED,
        left=("teacher_head.", "student_", "criterion."),
    ),
    Layout(
        "lightly_dino_student",
        "lightly's DINO example, student",
        containers=("state_dict", ""),
        prefix=r"student_backbone\.",
        renames=NUMBERED,
        left=("student_head.", "teacher_", "criterion."),
        automatic=False,
    ),
    Layout(
        "bolts",
        "SimCLR and BYOL (online network) of Lightning-Universe/lightning-bolts (pl_bolts/models/self_supervised)",
        containers=("state_dict",),
        prefix=r"(online_network\.)?encoder\.",
        left=(
            "encoder.fc.",
            "projection.",
            "online_network.",
            "target_network.",
            "predictor.",
            "non_linear_evaluator.",
        ),
    ),
    Layout(
        "vissl",
        "VISSL's trunk (facebookresearch/vissl, vissl/models/trunks/resnext.py)",
        containers=("classy_state_dict.base_model.model.trunk",),
        prefix=r"_feature_blocks\.",
        left=("_feature_blocks.fc.",),
    ),
    Layout(
        "wrapped",
        "any module, a LightningModule mostly, that calls a ResNet with torchvision's names its model, net or resnet",
        containers=("state_dict", ""),
        prefix=r"(model|net|resnet)\.",
        left=(*HEADS, "model.fc.", "net.fc.", "resnet.fc.", "fc.", "criterion."),
    ),
    Layout(
        "backbone",
        "any module that calls a ResNet with torchvision's names its backbone",
        containers=("", "state_dict", "model"),
        prefix=r"backbone\.",
        left=(*HEADS, "backbone.fc.weight", "backbone.fc.bias"),
    ),
    Layout(
        "lightly_generator",
        "lightly's own ResNetGenerator (lightly/models/resnet.py) as it is, its stem being `cifar`; kuangliu's CIFAR "
        "ResNets have the same names. Its nn.Sequential in lightly's examples has lost the first ReLU, so the numbered "
        "names of that are no network of this project and fit no layout",
        containers=("", "state_dict"),
        prefix=r"(backbone\.)?",
        renames=((r"\.shortcut\.([01])\.", r".downsample.\1."),),
        left=("linear.", "backbone.linear.", *HEADS),
    ),
)
"""Every layout. Where several give the same tensors, the one is named that knows most of what is left over; of those
the first that has them under a key of its own."""
