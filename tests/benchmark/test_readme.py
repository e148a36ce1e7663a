"""What the README and docs/ show works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_objective_of_the_readme_is_short_and_pretrains_from_outside_the_tree(tmp_path: Path) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(source.splitlines()) < 40
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "alignment.py").write_text(source)
    command = [sys.executable, "-m", "benchmark", "pretrain", "--config", "smoke", "--objectives", "alignment"]
    command += ["--import", "my_package.alignment", "--runs", "runs", "--data-root", "data"]

    examination = [sys.executable, "-m", "benchmark", "check", "alignment", "--import", "my_package.alignment"]
    for words in (command, examination):
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    (scalars,) = tmp_path.glob("runs/cells/*/scalars.csv")
    assert {"align", "uniform"} <= {line.split(",")[1] for line in scalars.read_text().splitlines()}


def test_every_make_target_and_variable_of_the_documents_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    documents = [README, *(path.read_text() for path in (ROOT / "docs").glob("*.md"))]
    commands = [found for text in documents for found in re.findall(r"^make ([^#\n]*)", text, flags=re.MULTILINE)]
    words = [word for command in commands for word in re.sub(r'"[^"]*"', "", command).split()]
    for word in words:
        name = word.partition("=")[0]
        pattern = rf"^{name} \?=" if "=" in word else rf"^{name}:"
        assert re.search(pattern, makefile, flags=re.MULTILINE), word
