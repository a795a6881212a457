"""Numbers that say how good a model is."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def perplexity(probabilities: Float[Tensor, " N"]) -> float:
    """Return exp(-mean(log p)) over the probabilities that a model gave to the N words that came.

    A model that always hesitates between k equally likely words has the perplexity k. One word that was held to be
    impossible makes it infinite. Raises ValueError if there is no probability, or one outside 0 to 1.
    """
    if len(probabilities) == 0:
        raise ValueError("probabilities is empty, expected one for each word")
    inside = (probabilities >= 0) & (probabilities <= 1 + 1e-5)  # sums of float32 may end a little above 1
    if not inside.all():
        raise ValueError(
            f"probabilities has {probabilities[~inside][0].item():g}, expected numbers from 0 to 1"
        )
    return torch.exp(-probabilities.double().log().mean()).item()
