"""What Lightning needs to train a network: the module, its callbacks and its trainer."""
