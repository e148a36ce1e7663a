from benchmark.config import load
from benchmark.perf.ranks import Job, rate

SMALL = ("training.batch=8", "model.width=0.125", "views.size=16", "views.blur_kernel=3", "data.image_size=16")


def test_two_processes_train_on_the_batches_of_one_and_say_how_fast() -> None:
    assert rate(Job(load("shapes", (*SMALL, "processes=2", "threads=1")), steps=2)) > 0
