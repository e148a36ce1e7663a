"""What is installed of the peers, from a folder of wheels that stands for the package index."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from benchmark.perf import peers
from benchmark.perf.peers import prepare


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that pip looks into; two peers are wanted."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setattr(peers, "PEERS", ("first-peer", "second-peer"))
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    return folder


def publish(index: Path, name: str, *, wants: str = "") -> None:
    """Write a wheel with one module that says its name."""
    module = name.replace("-", "_")
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {wants}\n" if wants else "")
    with zipfile.ZipFile(index / f"{module}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}.py", f"print({name!r})")
        wheel.writestr(f"{module}-1.0.dist-info/METADATA", about)
        wheel.writestr(
            f"{module}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{module}-1.0.dist-info/RECORD", "")


def said(python: str, module: str) -> str:
    return subprocess.check_output([python, "-c", f"import {module}"], text=True)


def test_what_could_not_be_installed_is_tried_again_and_what_is_there_is_not(index: Path, tmp_path: Path) -> None:
    publish(index, "first-peer", wants="nothing-of-this-name")
    first = prepare(tmp_path / "peers")
    assert first.problems["first-peer"].endswith("; without its dependencies: installed")
    assert "No matching distribution found for second-peer" in first.problems["second-peer"]
    (tmp_path / "peers" / "ours").touch()
    (index / "first_peer-1.0-py3-none-any.whl").unlink()  # so that another try would fail
    publish(index, "second-peer")
    second = prepare(tmp_path / "peers")
    assert second.problems == {"first-peer": first.problems["first-peer"]}
    assert [said(second.python, name) for name in ("first_peer", "second_peer")] == ["first-peer\n", "second-peer\n"]
    (index / "second_peer-1.0-py3-none-any.whl").unlink()
    assert prepare(tmp_path / "peers") == second
    assert (tmp_path / "peers" / "ours").exists()  # the environment is the first one
