"""Files that want to run code, in every protocol of pickle."""

from __future__ import annotations

import os
import pickle
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from refusals import SPEC, Planted, refusal, state
from torch.serialization import get_safe_globals, safe_globals

from downstream.checkpoints import import_backbone

PROTOCOLS = range(6)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("call", "name"), [(os.system, "posix.system"), (eval, "eval"), (Path.write_text, "pathlib"), (exec, "exec")]
)
def test_a_file_that_wants_to_run_code_is_refused_and_does_not_run_it(
    call: Callable[..., Any], name: str, zipped: bool, protocol: int, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    arguments = {os.system: (f"touch {trace}",), Path.write_text: (trace, "x")}.get(
        call, (f"__import__('os').system('touch {trace}')",)
    )
    path = tmp_path / "file.pth"
    tensors = state() if protocol else {}  # torch writes tensors in protocol 0 and cannot read them
    content = {"state_dict": tensors, "extra": Planted(call, *arguments)}
    torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = refusal(path)
    assert re.search(rf"refused, because it asks for {name}", message)
    assert not trace.exists()
    torch.load(path, weights_only=False)  # the trap is real
    assert trace.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_bare_pickle_that_wants_to_run_code_is_refused_too(protocol: int, tmp_path: Path) -> None:
    path, trace = tmp_path / "file.pkl", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Planted(os.system, f"touch {trace}"), protocol=protocol))
    assert "asks for posix.system" in refusal(path)
    assert not trace.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_harmless_file_in_any_protocol_is_read_or_refused_for_its_protocol(
    zipped: bool, protocol: int, tmp_path: Path
) -> None:
    path = tmp_path / "file.pth"
    torch.save({"state_dict": state()}, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if protocol in (2, 3):
            import_backbone(path, SPEC, layout="auto")
        else:
            spoken = "0 or 1" if protocol < 2 else str(protocol)
            assert f"refused, because it is written with pickle protocol {spoken}, which" in refusal(path)


def test_a_name_whose_halves_come_from_the_memo_is_named_all_the_same(tmp_path: Path) -> None:
    """Two calls of one function: the second `STACK_GLOBAL` finds its strings in the memo."""
    path = tmp_path / "file.pkl"
    path.write_bytes(pickle.dumps(["posix", "system", OrderedDict(), Planted(os.system, "true")], protocol=4))
    assert "asks for posix.system" in refusal(path)


def test_a_torchscript_program_is_refused_without_a_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "file.pt"))
        warnings.simplefilter("error")
        assert "refused, because it is a TorchScript program" in refusal(tmp_path / "file.pt")


def test_what_stands_in_for_metadata_does_nothing_with_what_it_is_given(tmp_path: Path) -> None:
    """`getattr` is let through by name, for mmengine's buffers; what is called is an empty stand-in."""
    path, trace = tmp_path / "file.pth", tmp_path / "trace"
    inner = Planted(getattr, Planted(getattr, (), "__class__"), "__base__")
    torch.save({"state_dict": state(), "extra": inner}, path)
    import_backbone(path, SPEC, layout="auto")
    torch.save({"state_dict": state(), "extra": Planted(getattr, Planted(os.system, f"touch {trace}"), "x")}, path)
    assert "asks for posix.system" in refusal(path)
    assert not trace.exists()


def test_what_a_library_lets_through_is_not_let_through_here(tmp_path: Path) -> None:
    path, trace = tmp_path / "file.pth", tmp_path / "trace"
    torch.save(
        {"state_dict": state(), "extra": Planted(exec, f"__import__('pathlib').Path({str(trace)!r}).touch()")}, path
    )
    with safe_globals([exec]):
        assert "asks for exec" in refusal(path)
        assert exec in get_safe_globals()
        assert not trace.exists()
        torch.load(path, weights_only=True)  # torch alone would have run it
    assert trace.exists()
