"""Batches made ahead: in order, one at a time, and what goes wrong with one reaches the caller."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from benchmark.ahead import made_ahead, tensors_of
from objectives.contract import Views

CPU, GPU = torch.device("cpu"), torch.device("cuda:0")


def numbers(count: int, *, asked: list[int]) -> Iterator[dict[str, Any]]:
    for step in range(count):
        asked.append(step)
        yield {"step": step}


def doubled(batch: dict[str, Any]) -> dict[str, Any]:
    return {"step": 2 * batch["step"]}


def test_all_are_made_in_their_order_and_then_it_ends() -> None:
    made = made_ahead(numbers(5, asked=[]), doubled, device=CPU)
    assert [batch["step"] for batch in made] == [0, 2, 4, 6, 8]


def test_threads_that_begin_later_have_as_many_of_torch_as_before() -> None:
    made = made_ahead(numbers(3, asked=[]), doubled, device=CPU)
    before = torch.get_num_threads()
    next(made)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(torch.get_num_threads).result() == before == torch.get_num_threads()
    made.close()


def test_nothing_comes_of_nothing() -> None:
    before = torch.get_num_threads()
    assert list(made_ahead(iter(()), doubled, device=CPU)) == []
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(torch.get_num_threads).result() == before


def test_the_next_is_made_while_the_caller_has_the_last_and_no_more_than_that() -> None:
    asked: list[int] = []
    begun = threading.Event()

    def announced(batch: dict[str, Any]) -> dict[str, Any]:
        if batch["step"] == 1:
            begun.set()
        return batch

    made = made_ahead(numbers(9, asked=asked), announced, device=CPU)
    assert next(made)["step"] == 0
    assert begun.wait(timeout=30)  # of the second, and nobody has asked for it
    assert asked == [0, 1]
    made.close()


def test_an_error_is_raised_where_its_batch_would_have_come() -> None:
    def fails_at_two(batch: dict[str, Any]) -> dict[str, Any]:
        if batch["step"] == 2:
            raise ValueError("views: no room")
        return batch

    made = made_ahead(numbers(9, asked=[]), fails_at_two, device=CPU)
    assert [next(made)["step"], next(made)["step"]] == [0, 1]
    with pytest.raises(ValueError, match="views: no room"):
        next(made)


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def test_every_tensor_of_a_batch_is_found() -> None:
    x1, x2, labels, first, second = torch.arange(5.0).unbind()
    views = Views(x1, x2, labels, None, (first, second))
    assert [float(each) for each in tensors_of({"views": views, "step": 3})] == [0, 1, 2, 3, 4]


@needs_gpu
def test_on_a_gpu_the_caller_sees_what_was_made_whatever_it_computes_meanwhile() -> None:
    def filled(batch: dict[str, Any]) -> dict[str, Any]:
        values = batch["values"].to(GPU, non_blocking=True)
        for _ in range(20):
            values = values @ torch.eye(len(values), device=GPU)
        return {"views": Views(values, values + 1, None)}

    batches = ({"values": torch.full((700, 700), float(step)).pin_memory()} for step in range(40))
    seen = []
    for batch in made_ahead(batches, filled, device=GPU):
        busy = torch.rand(3000, 3000, device=GPU)
        for _ in range(5):
            busy = busy @ busy / 3000
        views = batch.pop("views")
        seen.append(torch.stack([each.aminmax()[place] for each in (views.x1, views.x2) for place in (0, 1)]))
        del views, batch, busy  # nothing but the streams keeps the memory
    assert torch.stack(seen).tolist() == [[step, step, step + 1, step + 1] for step in range(40)]


@needs_gpu
def test_once_closed_nothing_of_it_ends_a_forked_process() -> None:
    made = made_ahead(({"values": torch.ones(3).pin_memory()} for _ in range(9)), lambda batch: batch, device=GPU)
    assert [next(made), next(made)]
    made.close()
    child = os.fork()
    if not child:
        del made
        gc.collect()  # what is left of the GPU's cannot be freed in a fork
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
