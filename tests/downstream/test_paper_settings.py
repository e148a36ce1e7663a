"""Every setting of the papers' dense configs, written out beside its source, against what mm makes of the config.

Sources: [M] MoCo, detection/configs (facebookresearch/moco); [P] InfoMin, detection/configs (HobbitLong/PyContrast);
[E] Ericsson et al. 2021 (arXiv 2011.13377), detectron2-configs of their code; [D] detectron2's defaults,
config/defaults.py; [V] VOC 2007's AP at eleven points, at IoU 0.5 to 0.95 as [M] has it; [S] mmseg's stock config that
the header of ours names; [B] the backbone's norms count the whole batch, as the SyncBN of [M] and [P].
"""

from __future__ import annotations

from typing import Any

import pytest

from downstream import dense

THRESHOLDS = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
LEAF = "LEAF"  # the data sets inside wrappers, all alike

DETECTRON2: dict[str, Any] = {
    "optim_wrapper.optimizer.type": "SGD",  # [D]
    "optim_wrapper.optimizer.momentum": 0.9,  # [D] SOLVER.MOMENTUM
    "optim_wrapper.optimizer.weight_decay": 1e-4,  # [D] SOLVER.WEIGHT_DECAY
    "optim_wrapper.paramwise_cfg": {"norm_decay_mult": 0.0},  # [D] SOLVER.WEIGHT_DECAY_NORM
    "param_scheduler.0.start_factor": 0.001,  # [D] SOLVER.WARMUP_FACTOR
    "param_scheduler.1.gamma": 0.1,  # [D] SOLVER.GAMMA
    "model.train_cfg.rpn.allowed_border": -1,  # [D] RPN.BOUNDARY_THRESH
    "model.train_cfg.rpn.sampler.num": 256,  # [D] RPN.BATCH_SIZE_PER_IMAGE
    "model.train_cfg.rpn.sampler.pos_fraction": 0.5,  # [D] RPN.POSITIVE_FRACTION
    "model.train_cfg.rcnn.sampler.num": 512,  # [D] ROI_HEADS.BATCH_SIZE_PER_IMAGE
    "model.train_cfg.rcnn.sampler.pos_fraction": 0.25,  # [D] ROI_HEADS.POSITIVE_FRACTION
    "model.train_cfg.rcnn.sampler.add_gt_as_proposals": True,  # [D] ROI_HEADS.PROPOSAL_APPEND_GT
    "model.test_cfg.rcnn.score_thr": 0.05,  # [D] ROI_HEADS.SCORE_THRESH_TEST
    "model.test_cfg.rcnn.nms.iou_threshold": 0.5,  # [D] ROI_HEADS.NMS_THRESH_TEST
    "model.test_cfg.rcnn.max_per_img": 100,  # [D] TEST.DETECTIONS_PER_IMAGE
    "model.backbone.frozen_stages": -1,  # [M] [P] [E] BACKBONE.FREEZE_AT: 0
    "test_dataloader.dataset.pipeline.1.scale": (1333, 800),  # [D] INPUT.MAX_SIZE_TEST, INPUT.MIN_SIZE_TEST
}
C4: dict[str, Any] = {
    "model.backbone.out_indices": (2,),  # [M] RESNETS.OUT_FEATURES: res4
    "model.backbone.norm_eval": False,  # [B]
    "model.backbone.norm_frozen": None,  # [B]
    "model.roi_head.shared_head": {"extra_norm": True, "frozen": False, "norm_eval": False},  # [M] [P] the head's class
    "model.train_cfg.rpn_proposal.nms_pre": 12000,  # [D] RPN.PRE_NMS_TOPK_TRAIN
    "model.train_cfg.rpn_proposal.max_per_img": 2000,  # [D] RPN.POST_NMS_TOPK_TRAIN
    "model.test_cfg.rpn.nms_pre": 6000,  # [M] [P] RPN.PRE_NMS_TOPK_TEST
    "model.test_cfg.rpn.max_per_img": 1000,  # [M] [P] RPN.POST_NMS_TOPK_TEST
    "precise_batch_norm": 200,  # [M] [P] TEST.PRECISE_BN, [D] NUM_ITER
}
FPN: dict[str, Any] = {
    "model.backbone.out_indices": (0, 1, 2, 3),  # [P] [E] FPN.IN_FEATURES: res2 to res5
    "model.train_cfg.rpn_proposal.nms_pre": 2000,  # detectron2's Base-RCNN-FPN.yaml, PRE_NMS_TOPK_TRAIN
    "model.train_cfg.rpn_proposal.max_per_img": 1000,  # the same, POST_NMS_TOPK_TRAIN
    "model.test_cfg.rpn.nms_pre": 1000,  # the same, PRE_NMS_TOPK_TEST
    "model.test_cfg.rpn.max_per_img": 1000,  # the same, POST_NMS_TOPK_TEST
}
SYNCHRONISED: dict[str, Any] = {
    "model.backbone.norm_eval": False,  # [B]
    "model.backbone.norm_frozen": None,  # [B]
    "model.neck.norm_cfg.type": "SyncBN",  # [P] FPN.NORM
    "model.roi_head.bbox_head.norm_cfg.type": "SyncBN",  # [P] ROI_BOX_HEAD.NORM
    "model.roi_head.bbox_head.type": "Shared4Conv1FCBBoxHead",  # [P] ROI_BOX_HEAD.NUM_CONV: 4, NUM_FC: 1
    "model.roi_head.mask_head.norm_cfg.type": "SyncBN",  # [P] ROI_MASK_HEAD.NORM
    "precise_batch_norm": 200,  # [P] TEST.PRECISE_BN, [D] NUM_ITER
}
VOC: dict[str, Any] = {
    "param_scheduler.0.end": 100,  # [M] [E] SOLVER.WARMUP_ITERS
    LEAF + ".pipeline.2.scales": [(1333, side) for side in range(480, 801, 32)],  # [M] [E] MIN_SIZE_TRAIN
    LEAF + ".type": "DifficultVOCDataset",  # detectron2's data/datasets/pascal_voc.py reads no `difficult`
    LEAF + ".filter_cfg": {"filter_empty_gt": True},  # [D] DATALOADER.FILTER_EMPTY_ANNOTATIONS
    "test_evaluator.eval_mode": "11points",  # [V]
    "test_evaluator.iou_thrs": THRESHOLDS,  # [V]
}
COCO: dict[str, Any] = {
    "param_scheduler.0.end": 1000,  # [D] SOLVER.WARMUP_ITERS
    "train_dataloader.batch_size": 16,  # [P] SOLVER.IMS_PER_BATCH
    "optim_wrapper.optimizer.lr": 0.02,  # [P] SOLVER.BASE_LR
    LEAF + ".pipeline.2.scales": [(1333, side) for side in range(640, 801, 32)],  # [P] INPUT.MIN_SIZE_TRAIN
    LEAF + ".filter_cfg": {"filter_empty_gt": True, "min_size": 1},  # [D] DATALOADER.FILTER_EMPTY_ANNOTATIONS
    "test_evaluator.metric": ["bbox", "segm"],  # [P] MODEL.MASK_ON
    "test_evaluator.ann_file": "annotations/instances_val2017.json",  # [P] DATASETS.TEST
}
ONCE: dict[str, Any] = {  # [P] the 1x schedule of detectron2
    "train_cfg.max_iters": 90000,
    "param_scheduler.1.end": 90000,
    "param_scheduler.1.milestones": [60000, 80000],
}
TWICE: dict[str, Any] = {  # [M] [P] the 2x schedule of detectron2
    "train_cfg.max_iters": 180000,
    "param_scheduler.1.end": 180000,
    "param_scheduler.1.milestones": [120000, 160000],
}
STOCK: dict[str, Any] = {  # [S]
    "optim_wrapper.optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4},
    "optim_wrapper.paramwise_cfg": None,
    "param_scheduler.0.type": "PolyLR",
    "param_scheduler.0.power": 0.9,
    "param_scheduler.0.eta_min": 1e-4,
    "param_scheduler.0.begin": 0,
    "model.backbone.frozen_stages": -1,
    "model.backbone.norm_eval": False,
    "model.auxiliary_head.in_index": 2,
    "model.auxiliary_head.channels": 256,
    "model.auxiliary_head.loss_decode.loss_weight": 0.4,
    "model.auxiliary_head.norm_cfg.type": "SyncBN",
    "model.decode_head.norm_cfg.type": "SyncBN",
    "model.test_cfg.mode": "whole",
    LEAF + ".pipeline.2.ratio_range": (0.5, 2.0),
    LEAF + ".pipeline.3.cat_max_ratio": 0.75,
    "test_evaluator.iou_metrics": ["mIoU"],
    "precise_batch_norm": None,
}
SMALL_CROPS: dict[str, Any] = {  # [S]
    "train_dataloader.batch_size": 16,
    "model.data_preprocessor.size": (512, 512),
    LEAF + ".pipeline.2.scale": (2048, 512),
    LEAF + ".pipeline.3.crop_size": (512, 512),
    "test_dataloader.dataset.pipeline.1.scale": (2048, 512),
}
UPERNET: dict[str, Any] = {"model.decode_head.type": "UPerHead", "model.backbone.dilated": None}  # [S]
FCN: dict[str, Any] = {"model.decode_head.type": "FCNHead", "model.backbone.dilated": (2, 3)}  # [S]
OTHER: dict[str, Any] = {LEAF + ".pipeline.1.reduce_zero_label": True}  # [S] label 0 of ADE20K is "other"
ALL_LABELS: dict[str, Any] = {LEAF + ".pipeline.1.reduce_zero_label": None}  # [S]


def poly(steps: int) -> dict[str, Any]:
    """[S] the length of the schedule."""
    return {"train_cfg.max_iters": steps, "param_scheduler.0.end": steps}


SETTINGS: dict[str, dict[str, Any]] = {
    "voc0712_faster_rcnn_c4": {
        **DETECTRON2,
        **C4,
        **VOC,
        "train_cfg.max_iters": 24000,  # [M] SOLVER.MAX_ITER
        "param_scheduler.1.end": 24000,
        "param_scheduler.1.milestones": [18000, 22000],  # [M] SOLVER.STEPS
        "train_dataloader.batch_size": 16,  # [D] SOLVER.IMS_PER_BATCH
        "optim_wrapper.optimizer.lr": 0.02,  # [M] SOLVER.BASE_LR
    },
    "voc0712_faster_rcnn_fpn": {
        **DETECTRON2,
        **FPN,
        **VOC,
        "train_cfg.max_iters": 144000,  # [E] SOLVER.MAX_ITER
        "param_scheduler.1.end": 144000,
        "param_scheduler.1.milestones": [96000, 128000],  # [E] SOLVER.STEPS
        "train_dataloader.batch_size": 2,  # [E] SOLVER.IMS_PER_BATCH
        "optim_wrapper.optimizer.lr": 0.0025,  # [E] SOLVER.BASE_LR
        "model.backbone.norm_eval": True,  # [D] RESNETS.NORM: FrozenBN
        "model.backbone.norm_frozen": True,  # the same
        "precise_batch_norm": None,  # [D] TEST.PRECISE_BN.ENABLED
    },
    "coco_mask_rcnn_fpn_1x": {**DETECTRON2, **FPN, **SYNCHRONISED, **COCO, **ONCE},
    "coco_mask_rcnn_fpn_2x": {**DETECTRON2, **FPN, **SYNCHRONISED, **COCO, **TWICE},
    "coco_mask_rcnn_c4_1x": {**DETECTRON2, **C4, **COCO, **ONCE},
    "coco_mask_rcnn_c4_2x": {**DETECTRON2, **C4, **COCO, **TWICE},
    "ade20k_upernet_160k": {**STOCK, **SMALL_CROPS, **UPERNET, **OTHER, **poly(160000)},
    "ade20k_upernet_80k": {**STOCK, **SMALL_CROPS, **UPERNET, **OTHER, **poly(80000)},
    "ade20k_fcn_160k": {**STOCK, **SMALL_CROPS, **FCN, **OTHER, **poly(160000)},
    "cityscapes_fcn_40k": {
        **STOCK,
        **FCN,
        **ALL_LABELS,
        **poly(40000),
        "train_dataloader.batch_size": 8,
        "model.data_preprocessor.size": (512, 1024),
        LEAF + ".pipeline.2.scale": (2048, 1024),
        LEAF + ".pipeline.3.crop_size": (512, 1024),
        "test_dataloader.dataset.pipeline.1.scale": (2048, 1024),
    },
    "voc12aug_fcn_20k": {**STOCK, **SMALL_CROPS, **FCN, **ALL_LABELS, **poly(20000)},
}


def look_up(node: Any, key: str) -> Any:
    """The value below a dotted key; None where there is none."""
    for part in key.split("."):
        node = node[int(part)] if isinstance(node, list | tuple) else (node or {}).get(part)
    return node.to_dict() if hasattr(node, "to_dict") else node


def test_every_config_of_the_papers_is_in_the_table() -> None:
    names = {path.stem for path in (dense.CONFIGS / "downstream").glob("*.py")}
    papers = {name for name in names if name.startswith(("voc0712", "coco_mask", "ade20k", "cityscapes", "voc12aug"))}
    assert papers == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_config_has_the_settings_of_its_source(name: str) -> None:
    config = dense.load_config(f"downstream/{name}.py", overrides={})
    leaves = list(dense.leaf_datasets(config.train_dataloader.dataset))
    for key, wanted in SETTINGS[name].items():
        inner = key.removeprefix(LEAF + ".")
        found = [look_up(config, key)] if inner == key else [look_up(leaf, inner) for leaf in leaves]
        assert found == [wanted] * len(found), key
