"""What the channels are that views are split into, and how a learned colour space is trained."""

from __future__ import annotations

from dataclasses import dataclass

from downstream.backbone import BackboneSpec
from downstream.colour import ColourSpec

BOUNDS = ("infonce", "dv")


@dataclass(frozen=True)
class EncoderConfig:
    """A ResNet of the critic or of the classifiers; see `ModelConfig`.

    Attributes:
        depth: layers.
        width: factor on its channel counts.
        stem: "unpooled" is that of the source.
    """

    depth: int
    width: float
    stem: str

    def __post_init__(self) -> None:
        """Refuse values that name no network."""
        _ = self.spec

    @property
    def spec(self) -> BackboneSpec:
        """The network, for inputs that are normalised already."""
        return BackboneSpec(self.depth, self.width, self.stem, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


@dataclass(frozen=True)
class GeneratorTraining:
    """How the colour space is trained against a critic of the mutual information, before any pretraining.

    Attributes:
        labelled: pretraining images whose labels are seen, drawn by the seed; 0 = unsupervised.
        info: weight of the mutual information that is minimised; 0 with labels = supervised.
        cls: weight of the classifiers' cross-entropy.
        bound: of the mutual information: "infonce" or "dv" (Donsker and Varadhan).
        temperature: of "infonce".
        dims: outputs of the critic's two networks.
        critic: the networks of the critic, one for each half of the channels.
        classifier: the networks of the two classifiers.
        lr: learning rate of the critic.
        factor: learning rate of colour space and classifiers, in those of the critic.
        betas: of Adam.
        epochs: passes over the pretraining images.
        batch: images per step for the mutual information.
        labelled_batch: images per step for the cross-entropy.
        milestones: shares of the steps after which the rates decay.
        decay: factor on the rates at each milestone.
    """

    labelled: int
    info: float
    cls: float
    bound: str
    temperature: float
    dims: int
    critic: EncoderConfig
    classifier: EncoderConfig
    lr: float
    factor: float
    betas: tuple[float, float]
    epochs: float
    batch: int
    labelled_batch: int
    milestones: tuple[float, ...]
    decay: float

    def __post_init__(self) -> None:
        """Refuse values that no training could use."""
        _check(self.bound in BOUNDS, f"bound must be one of {list(BOUNDS)}", self.bound)
        for name, low in (("labelled", 0), ("info", 0), ("cls", 0)):
            _check(getattr(self, name) >= low, f"{name} must be >= {low}", getattr(self, name))
        for name in ("temperature", "lr", "factor", "epochs", "decay"):
            _check(getattr(self, name) > 0, f"{name} must be > 0", getattr(self, name))
        _check(self.dims >= 1, "dims must be >= 1", self.dims)
        _check(self.batch >= 2, "batch must be >= 2", self.batch)
        _check(all(0 <= beta < 1 for beta in self.betas), "betas must be in [0, 1)", self.betas)
        _check(all(0 < share < 1 for share in self.milestones), "milestones must be in (0, 1)", self.milestones)
        _check(self.cls > 0 or not self.labelled, "labelled must be 0 where cls is 0", self.labelled)
        if self.supervised:
            rule = f"labelled_batch must be 2 to labelled = {self.labelled}"
            _check(2 <= self.labelled_batch <= self.labelled, rule, self.labelled_batch)
        else:
            _check(self.info > 0, "info must be > 0 where there are no labels", self.info)

    @property
    def supervised(self) -> bool:
        """Whether labels are seen."""
        return self.labelled > 0


@dataclass(frozen=True)
class GeneratorConfig:
    """Views that are the channels of one image: the first channel of a colour space, and its other two.

    Source: Tian et al. 2020 (InfoMin), arXiv 2005.10243; settings of the released code where the paper's are unknown.

    Attributes:
        colour: the colour space.
        training: how its flow is trained; None where it has none.
    """

    colour: ColourSpec
    training: GeneratorTraining | None

    def __post_init__(self) -> None:
        """Refuse a flow without training and the reverse."""
        rule = "training must be None for flow 'none', and given for every other"
        _check(self.colour.learned is (self.training is not None), rule, self.training)


def _check(holds: bool, rule: str, value: object) -> None:
    if not holds:
        raise ValueError(f"views: generator {rule}, got {value!r}")
