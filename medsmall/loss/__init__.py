"""The loss and its weighting: one file per loss.

A loss is an ``nn.Module`` built from its YAML in conf/loss with

- ``multiclass``: bool, whether several targets must be exclusive classes, or must not be;
- ``fit(labels)``: learns its weights from the drawn train labels, (N, K) with NaN for unknown;
- ``forward(logits, labels) -> (total, weight)``: for (B, K) float logits and labels the weighted
  sum of the losses over what is known, and the sum of those weights. Their ratio is the loss:
  it is left to the caller, who may first add up both over several processes.

Weights follow w_i = total / (classes * n_i), so that their mean over the draw is 1.
"""
