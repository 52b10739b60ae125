"""The decision whether a model is trained again, and because of what."""

from components.retrain.decide import Rules, decide

__all__ = ["Rules", "decide"]
