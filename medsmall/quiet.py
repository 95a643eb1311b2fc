"""Silences library messages that a user cannot act on."""

import logging
import os
import warnings

LOUD = [
    # Lightning resets the level of its package's logger when it is imported, not that of these
    "pytorch_lightning.utilities.rank_zero",
    "lightning_fabric.utilities.rank_zero",
    "lightning_fabric.utilities.distributed",
    "pytorch_lightning.accelerators.cuda",
    "timm",
    "huggingface_hub",
    "httpx",
    "mlflow.store.db.utils",
    "alembic",
]


def quieten() -> None:
    """Silence notices and advertisements; errors, and medsmall's own messages, stay.

    By environment where possible, so that worker processes are quiet too.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network at import
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ASYNC_LOGGING", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # it tells every retry
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    os.environ.setdefault(
        "TORCH_CPP_LOG_LEVEL", "ERROR"
    )  # DDP: "no unused parameters", once thawed
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")  # it leaves out lines that two cells share
    warnings.filterwarnings("ignore")
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.ERROR)
