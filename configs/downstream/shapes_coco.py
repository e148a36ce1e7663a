"""
The detector of shapes_voc.py on a COCO tree: trained on train2017, tested on val2017 with the stock box AP.

About 30 s on 2 cores for 512 test images (ResNet-10 of half width with the stl10 stem).
"""

_base_ = ["./shapes_voc.py"]

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CocoDataset",
        ann_file="annotations/instances_train2017.json",
        data_prefix=dict(img="train2017/"),
        filter_cfg=dict(filter_empty_gt=True, min_size=1),
        pipeline={{_base_.train_pipeline}},
    )
)
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CocoDataset",
        ann_file="annotations/instances_val2017.json",
        data_prefix=dict(img="val2017/"),
        test_mode=True,
        pipeline={{_base_.test_pipeline}},
    )
)
test_evaluator = dict(_delete_=True, type="CocoMetric", ann_file="annotations/instances_val2017.json", metric="bbox")
