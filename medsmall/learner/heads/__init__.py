"""Heads on frozen features, solved instead of trained: what the learners that end in one share.

In the order of a fit: `examples` are the features of the train images, with their patients;
`folds` divides patients; `penalty` (or `counts`) chooses by them, along `paths`; `linear` solves;
`calibration` makes probabilities of what is not one; `last_layer` puts a linear head into the
network, `neighbours` keeps the train images instead; `history` is the one row of the record.
"""
