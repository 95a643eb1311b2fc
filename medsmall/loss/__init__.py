"""The loss and its weighting: one file per loss.

A loss is an ``nn.Module`` built from its YAML in conf/loss with

- ``tasks``: the kinds of targets (`medsmall.task.Task`) it is for;
- ``fit(labels)``: learns its weights from the drawn train labels, (N, K) with NaN for unknown;
- ``forward(logits, labels) -> (total, weight)``: for (B, K) float logits and labels the weighted
  sum of the losses over what is known, and the sum of those weights. Their ratio is the loss:
  it is left to the caller, who may first add up both over several processes.

Continuous labels are standardised before. Weights follow w_i = total / (classes * n_i), so that
their mean over the draw is 1.
"""
