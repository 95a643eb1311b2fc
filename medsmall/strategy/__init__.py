"""Which layers train, when, at which learning rate: one file per strategy.

A strategy is a class built from its YAML in conf/strategy with

- ``weight_decay``: float, AdamW's;
- ``rates(depth)``: one learning rate per layer group, input to head, for `depth` groups;
- ``trains(depth, progress)``: one bool per layer group, at `progress` in [0, 1) of all steps.

The last group is the head. A group that does not train keeps its tensors and the running
statistics of its BatchNorm layers as they are (classifier.py sees to it).
"""
