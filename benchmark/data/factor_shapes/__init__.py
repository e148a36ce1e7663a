"""Factor shapes: scenes of one object whose factors take few, equally likely, independent levels.

What two views of such a scene share is known exactly (`information`), which no set of photographs offers.
"""

from benchmark.data.factor_shapes.dataset import FactorShapesConfig, ensure
from benchmark.data.factor_shapes.factors import FACTORS

__all__ = ["FACTORS", "FactorShapesConfig", "ensure"]
