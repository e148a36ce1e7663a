"""One pretraining on several processes of this machine, started as torchrun starts them."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import shutil
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import torch.distributed as dist
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from downstream.tasks import Report

INTERRUPTED = 130
"""Exit status of a process that the user stopped, as shells have it."""
FOUND = 3
"""Exit status of a process that found its cell settled by another one."""

_LINGER = 2.0  # seconds for which a process that failed stays, twenty looks of the one that watches them
_PATIENCE = 10.0  # seconds for the last progress to arrive

Job = TypeVar("Job")
Work = Callable[[Job, Report], Any]


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however it went; returns at once."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(INTERRUPTED)


def on_processes(count: int, work: Work[Job], job: Job, report: Report, *, folder: Path) -> list[Any]:
    """Call `work(job, report)` in each of `count` processes that can meet in a process group.

    Args:
        count: processes, each with torchrun's environment variables.
        work: a function of a module, which may raise; the first that does ends all processes.
        job: what it works on.
        report: called here with what the processes report.
        folder: for what the processes leave for this one; there for as long as they run.

    Returns:
        What each process returned, in the order of the ranks.

    Raises:
        Exception: what the first process to fail raised.
        RuntimeError: a process was killed.
        KeyboardInterrupt: the user stopped this process; the others have ended.
    """
    error_file = folder / "error"
    with _fresh(folder), _sender_to(report) as sender:
        launch = elastic_launch(_config(count, folder), _run)
        try:
            returned: dict[int, Any] = launch(work, job, sender, error_file)
        except SignalException as stopped:
            raise KeyboardInterrupt from stopped
        except ChildFailedError as failed:
            raise _first_error(failed, error_file) from failed
    return [returned[rank] for rank in range(count)]


@contextmanager
def _fresh(folder: Path) -> Iterator[None]:
    """Have a folder for a while; one that a killed run left goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _config(count: int, folder: Path) -> LaunchConfig:
    """What `torchrun --standalone --nproc-per-node count` is, on an address that needs no name service."""
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id=str(uuid.uuid4()),
        local_addr="localhost",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(log_dir=str(folder)),
    )


@contextmanager
def _sender_to(report: Report) -> Iterator[Connection]:
    """Yield the end of a pipe to send progress into; all of it is reported in the end."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    reader = threading.Thread(target=_pass_on, args=(receiver, report), daemon=True)
    reader.start()
    try:
        with sender:
            yield sender
    finally:
        reader.join(timeout=_PATIENCE)  # a process that does not end holds its end of the pipe


def _pass_on(receiver: Connection, report: Report) -> None:
    with receiver:  # where a report fails, the next one sent fails too, instead of waiting for a reader
        while True:
            try:
                progress = receiver.recv()
            except EOFError:
                return
            report(*progress)


def _run(work: Work[Job], job: Job, sender: Connection, error_file: Path) -> Any:
    """What happens in each process."""
    end_with_parent()
    try:
        result = work(job, lambda *progress: sender.send(progress))
        if dist.is_initialized():
            dist.destroy_process_group()
        return result
    except Exception as error:
        traceback.print_exc()
        _leave(error, error_file)
        # Where another process was killed, this one fails too, of a lost connection. The kill shall be seen first.
        time.sleep(_LINGER)
        raise


def _leave(error: Exception, file: Path) -> None:
    """Write the error for the process that watches, unless another process failed before."""
    try:
        content = pickle.dumps(error)
        pickle.loads(content)
    except Exception:  # an error of a library that cannot be sent, or not be read
        content = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    temporary.write_bytes(content)
    try:
        os.link(temporary, file)  # whole, or not at all if there is one
    except FileExistsError:
        return


def _first_error(failed: ChildFailedError, file: Path) -> Exception:
    """Why the processes ended."""
    rank, failure = failed.get_first_failure()
    if failure.exitcode < 0:
        return RuntimeError(f"process {rank} was killed by signal {-failure.exitcode} ({failure.signal_name()})")
    if file.exists():
        error = pickle.loads(file.read_bytes())
        assert isinstance(error, Exception)
        return error
    return RuntimeError(f"process {rank} ended with status {failure.exitcode}")
