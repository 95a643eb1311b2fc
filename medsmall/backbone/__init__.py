"""The network and its layer groups.

A backbone is a class built from its YAML in conf/backbone with ``build(outputs) -> Network``.
Every timm network is one; a YAML with its `name` is all it needs.
"""
