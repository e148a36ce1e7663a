"""Finding a backbone in a checkpoint: every tensor of it by one layout, or a refusal that says what is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from downstream.layout_rule import Layout
from downstream.layouts import LAYOUTS

Networks = Mapping[str, Mapping[str, Tensor]]
"""State dicts of a file by the key they lie under; "" is the file itself."""

_WRAPPERS = re.compile(r"(?:^|(?<=\.))(?:module|_orig_mod)\.")  # of DistributedDataParallel and of torch.compile
_COUNTER = "num_batches_tracked"  # not in files older than torch 0.4.1, and of no use to a network that is evaluated
_OURS = re.compile(r"(conv1|bn1|layer\d+|colour)\.")  # what only a backbone has


@dataclass(frozen=True)
class Fit:
    """What one layout finds.

    Attributes:
        layout: the layout.
        container: key of the state dict, "" for the file itself.
        tensors: name in the backbone -> tensor of the right shape.
        missing: names of the backbone without a tensor; counters of batch norms do not count.
        reshaped: "name (its shape) instead of (shape)" of tensors of another shape.
        beyond: names of tensors of a larger network than was asked for.
        uncounted: counters of batch norms that the file does not hold.
        left: names in the state dict, without wrappers, of everything else.
        others: keys of the other state dicts of the file.
        tied: this layout and the others that give the same tensors and fit no worse, where they feed images by other
            statistics; else empty.
    """

    layout: Layout
    container: str
    tensors: dict[str, Tensor]
    missing: list[str]
    reshaped: list[str]
    beyond: list[str]
    uncounted: list[str]
    left: list[str]
    others: list[str]
    tied: tuple[Layout, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it is the whole backbone and no larger one."""
        return not (self.missing or self.reshaped or self.beyond)

    @property
    def unknown(self) -> list[str]:
        """What is left over and not named by the layout."""
        return [name for name in self.left if not name.startswith(self.layout.left)]

    @property
    def expected(self) -> int:
        """Tensors of the backbone."""
        return len(self.tensors) + len(self.missing) + len(self.reshaped) + len(self.uncounted)


def find(networks: Networks, wanted: Mapping[str, Tensor], *, layout: str) -> Fit:
    """Find the tensors of a backbone.

    Args:
        networks: state dicts of a file.
        wanted: state dict of the backbone; shapes alone are read.
        layout: name of a layout, or "auto" for all that fit.

    Raises:
        ValueError: unknown layout; none gives every tensor; or several do, with different values.
    """
    rules = [rule for rule in LAYOUTS if rule.name == layout or (layout == "auto" and rule.automatic)]
    if not rules:
        raise ValueError(f"layout must be auto or one of {', '.join(rule.name for rule in LAYOUTS)}, got {layout!r}")
    fits = list(_fits(networks, wanted, rules=rules))
    whole = [fit for fit in fits if fit.complete]
    complete = [fit for fit in whole if fit.container in fit.layout.decides] or whole
    if not complete:
        raise ValueError(_refusal(networks, fits, layout=layout))
    others = [fit for fit in complete if not _same(fit, complete[0])]
    if others:
        found = ", ".join(f"{fit.layout.name} ({fit.container or 'the file itself'})" for fit in (complete[0], *others))
        raise ValueError(f"several networks fit, with different values: {found}; choose one by --layout")
    best = min(complete, key=_rank)
    return replace(best, tied=_tied(best, complete))


def describe(fit: Fit) -> str:
    """One line: layout, tensors matched of expected, what was filled in, what was left over."""
    place = f" in {fit.container}" if fit.container else ""
    text = f"layout {fit.layout.name}{place}: {len(fit.tensors)} of {fit.expected} tensors matched"
    if fit.uncounted:
        text += f", {len(fit.uncounted)} {_COUNTER} not in the file and set to 0"
    unknown = set(fit.unknown)
    known = [name for name in fit.left if name not in unknown]
    text += f"; left over: {families(known) or 'nothing'}"
    if unknown:
        text += f"; unknown to this layout: {families(fit.unknown)}"
    return f"{text}; other networks in the file: {', '.join(fit.others)}" if fit.others else text


def families(names: Iterable[str]) -> str:
    """Names by what they begin with, and how many there are: "encoder_k (320), queue (2)"."""
    return ", ".join(_families(names))


def _families(names: Iterable[str]) -> list[str]:
    counts = Counter(map(_family, names))
    return [f"{family} ({count})" for family, count in sorted(counts.items())]


def _fits(networks: Networks, wanted: Mapping[str, Tensor], *, rules: Sequence[Layout]) -> Iterator[Fit]:
    """What each layout finds: in the first of its containers that holds everything, else in the one that holds most."""
    for rule in rules:
        places = [""] if set(networks) == {""} else [key for key in rule.containers if key in networks]
        fits = [_fit(rule, place, networks, wanted) for place in places]
        if fits:
            yield next((fit for fit in fits if fit.complete), max(fits, key=lambda fit: len(fit.tensors)))


def _fit(layout: Layout, container: str, networks: Networks, wanted: Mapping[str, Tensor]) -> Fit:
    found: dict[str, Tensor] = {}
    left: list[str] = []
    beyond: list[str] = []
    for name, tensor in _unwrapped(networks[container]).items():
        prefix = re.match(layout.prefix, name)
        own = None if prefix is None else _renamed(name[prefix.end() :], layout)
        if own is not None and own in wanted and own not in found:
            found[own] = tensor
        elif own is not None and _OURS.match(own):
            beyond.append(own)
        else:
            left.append(name)
    shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    reshaped = [name for name, tensor in found.items() if tuple(tensor.shape) != shapes[name]]
    absent = [name for name in wanted if name not in found]
    return Fit(
        layout,
        container,
        tensors={name: tensor for name, tensor in found.items() if name not in reshaped},
        missing=[name for name in absent if not name.endswith(_COUNTER)],
        reshaped=[f"{name} {tuple(found[name].shape)} instead of {shapes[name]}" for name in reshaped],
        beyond=beyond,
        uncounted=[name for name in absent if name.endswith(_COUNTER)],
        left=left,
        others=[key or "the file itself" for key in networks if key != container],
    )


def _unwrapped(network: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names without what a wrapper put in; a name that two tensors would then share keeps its wrapper."""
    bare = {name: _WRAPPERS.sub("", name) for name in network}
    shared = {name for name, count in Counter(bare.values()).items() if count > 1}
    return {name if bare[name] in shared else bare[name]: tensor for name, tensor in network.items()}


def _renamed(name: str, layout: Layout) -> str:
    for pattern, replacement in layout.renames:
        name = re.sub(pattern, replacement, name)
    return name


def _rank(fit: Fit) -> tuple[int, bool]:
    """The smaller, the better a layout explains what it found."""
    return len(fit.unknown), fit.container not in fit.layout.containers


def _tied(best: Fit, complete: Sequence[Fit]) -> tuple[Layout, ...]:
    """Layouts between which nothing in the file decides, if it matters which of them it is.

    Statistics of a tool's own are used where more than a prefix shows that the file is of that tool.
    """
    bare = best.layout.statistics is not None and not best.left
    rivals = [fit for fit in complete if (_rank(fit)[0] == _rank(best)[0] if bare else _rank(fit) == _rank(best))]
    same = len({fit.layout.statistics for fit in rivals}) == 1
    return () if same else tuple(fit.layout for fit in rivals)


def _same(one: Fit, other: Fit) -> bool:
    shared = [(tensor, other.tensors[name]) for name, tensor in one.tensors.items() if name in other.tensors]
    return all(own is its or torch.equal(own, its) for own, its in shared)


def _refusal(networks: Networks, fits: Sequence[Fit], *, layout: str) -> str:
    seen = _some(
        [f"{key or 'the file itself'}: {_some(_families(_unwrapped(network)))}" for key, network in networks.items()],
        between="; ",
    )
    nearest = max(fits, key=lambda fit: (len(fit.tensors), -len(fit.beyond)), default=None)
    if nearest is None or not nearest.tensors:
        what = "no layout finds a tensor of it" if layout == "auto" else f"layout {layout} finds no tensor of it"
        return f"{what}; in the file: {seen or 'no tensors'}"
    parts = [
        f"{label} {_some(names)}"
        for label, names in (
            ("missing", nearest.missing),
            ("other shapes", nearest.reshaped),
            ("of a larger network", nearest.beyond),
        )
        if names
    ]
    lead = "no layout gives all of it, nearest is" if layout == "auto" else "layout"
    matched = f"{lead} {nearest.layout.name} with {len(nearest.tensors)} of {nearest.expected} tensors"
    return f"{matched}; {'; '.join(parts)}; in the file: {seen}"


def _some(names: Sequence[str], *, between: str = ", ") -> str:
    """Up to three names and how many more there are."""
    return between.join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _family(name: str) -> str:
    """What a tensor's name begins with, up to the names that any ResNet or nn.Sequential has."""
    parts = name.split(".")
    ends = [index for index, part in enumerate(parts) if re.fullmatch(r"conv1|bn1|layer\d+|\d+", part)]
    family = parts[: ends[0]] if ends else parts[: max(1, len(parts) - 1)]
    return ".".join(family) or "no prefix"
