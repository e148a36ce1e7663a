from downstream.selection import choose, select
from downstream.tasks import Metric


def test_the_earliest_of_the_best_is_chosen() -> None:
    assert choose([0.1, 0.4, 0.3, 0.4]) == 1
    assert choose([0.5]) == 0
    assert choose([0.0, 0.0]) == 0


def test_last_selected_and_oracle_are_kept_apart() -> None:
    assert select("birds", "knn_top1", validated=[0.2, 0.8, 0.8, 0.1], tested=[0.9, 0.5, 0.6, 0.3]) == [
        Metric("birds", "knn_top1", "val", "selected", 0.8),
        Metric("birds", "knn_top1", "test", "last", 0.3),
        Metric("birds", "knn_top1", "test", "selected", 0.5),
        Metric("birds", "knn_top1", "test", "oracle", 0.9),
    ]
