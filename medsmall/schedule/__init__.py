"""How the learning rate moves: one file per schedule.

A schedule is a class built from its YAML in conf/schedule with
``configure(optimizer, steps) -> dict``: the scheduler in the form that Lightning's
``configure_optimizers`` takes as ``lr_scheduler``. The optimizer comes with one parameter group
per layer group, each with its own largest rate; `steps` counts all optimizer steps of the run.
"""
