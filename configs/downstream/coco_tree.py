"""
The detector and the schedule of voc_tree.py on a COCO tree of your own, with the stock box AP.

Data:   {train,val}/FILE_NAME and annotations/{train,val}.json below the task's `data`. Where yours lie otherwise,
        override train_dataloader.dataset, test_dataloader.dataset (ann_file, data_prefix.img) and
        test_evaluator.ann_file. The task's `classes` names the categories. For masks: coco_tree_masks.py.
"""

_base_ = ["./voc_tree.py"]

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CocoDataset",
        ann_file="annotations/train.json",
        data_prefix=dict(img="train/"),
        filter_cfg=dict(filter_empty_gt=True, min_size=1),
        pipeline={{_base_.train_pipeline}},
    )
)
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CocoDataset",
        ann_file="annotations/val.json",
        data_prefix=dict(img="val/"),
        test_mode=True,
        pipeline={{_base_.test_pipeline}},
    )
)
test_evaluator = dict(_delete_=True, type="CocoMetric", ann_file="annotations/val.json", metric=["bbox"])
