"""Where the initial weights come from: one file per source.

A source is a class built from its YAML in conf/pretraining with
``weights(cfg, train) -> Weights``. `cfg` is the config of the run that asks and `train` the
function that trains a run: a source that is itself a run (an upstream) makes it first if its
weights do not exist yet.
"""
