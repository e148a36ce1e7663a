"""What a bench config is made from, so that it can be made again: a file, overrides, variants of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.config import BenchConfig, load


@dataclass(frozen=True)
class Variant:
    """A row beside those of the config: one of them under other settings.

    Attributes:
        name: of the new row.
        row: the row that it varies.
        overrides: `key=value` texts, applied after those of the whole config.
    """

    name: str
    row: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """A bench config as the user asked for it.

    Attributes:
        config: name or file of the config.
        overrides: `key=value` texts for all of it.
        plugins: modules that register objectives from outside the project.
        label: what cells, tables and figures call it.
        variants: rows beside those that the config names; where there are any, they are all its rows.
    """

    config: str
    overrides: tuple[str, ...]
    plugins: tuple[str, ...]
    label: str
    variants: tuple[Variant, ...] = ()

    def resolve(self) -> BenchConfig:
        """Read the config.

        Raises:
            UserError: the file, an override or a variant is wrong.
        """
        config = load(self.config, self.overrides)
        if not self.variants:
            return config
        rows = {}
        for variant in self.variants:
            varied = load(self.config, (*self.overrides, *variant.overrides))
            rows[variant.name] = varied.row(variant.row)
        return replace(config, rows=rows)


def from_json(fields: Mapping[str, Any]) -> Settings:
    """The settings that `dataclasses.asdict` turned into JSON values."""
    variants = [Variant(each["name"], each["row"], tuple(each["overrides"])) for each in fields["variants"]]
    overrides, plugins = tuple(fields["overrides"]), tuple(fields["plugins"])
    return Settings(fields["config"], overrides, plugins, fields["label"], tuple(variants))


def settings_of(config: str, overrides: tuple[str, ...], plugins: tuple[str, ...]) -> Settings:
    """The settings of a config without variants, named after its file."""
    path = str(Path(config).absolute()) if config.endswith(".py") else config  # found again from any folder
    return Settings(path, overrides, plugins, label=Path(config).stem)
