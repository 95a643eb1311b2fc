"""The model hub that timm fetches weights from: what lies here already, and whether it answers."""

import threading
import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache
from timm.models import PretrainedCfg

FILES = ("model.safetensors", "pytorch_model.bin")
PATIENCE_S = 3.0  # a hub that answers does so in less; timm alone would go on asking for a minute


def fetched(known: PretrainedCfg) -> Path | None:
    """The file of the weights where it was fetched before."""
    if not known.hf_hub_id:
        return None
    for name in [known.hf_hub_filename] if known.hf_hub_filename else FILES:
        file = try_to_load_from_cache(known.hf_hub_id, name)
        if isinstance(file, str):
            return Path(file)
    return None


def answers() -> bool:
    """Whether the hub can be reached from here, through a proxy too where one is set."""
    if constants.HF_HUB_OFFLINE:
        return False
    reached = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S):
                reached.set()
        except urllib.error.HTTPError:  # it answers, and does not like the question
            reached.set()
        except OSError:
            pass
        finally:
            done.set()

    done = threading.Event()
    # a thread, as looking up a name knows no time limit
    threading.Thread(target=ask, daemon=True).start()
    done.wait(PATIENCE_S)
    return reached.is_set()
