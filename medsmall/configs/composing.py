"""How a config is composed from a command line."""

from collections.abc import Mapping
from datetime import datetime

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from medsmall.configs.explain import explain, refused
from medsmall.configs.machine import cores, has_gpu, on_gpu, precision_on
from medsmall.configs.options import config_dir, config_dirs
from medsmall.configs.overrides import literal, quoted
from medsmall.errors import MedsmallError

# Hydra warns of a missing folder on its search path, so it gets the shipped one again instead.
OmegaConf.register_new_resolver(
    "own_config_dir", lambda: str(config_dirs()[-1]), replace=True, use_cache=False
)

OmegaConf.register_new_resolver(
    "unless", lambda given, otherwise: otherwise if given is None else None, replace=True
)
OmegaConf.register_new_resolver(
    "or_now",  # a name, else the time, which is then kept
    lambda name: name or datetime.now().strftime("%Y-%m-%d_%H-%M-%S"),
    replace=True,
    use_cache=True,
)
OmegaConf.register_new_resolver(
    "plus", lambda a, b: a + b if isinstance(b, int) else a, replace=True
)
# backbone.groups; null: two, see medsmall.backbone.timm_network
OmegaConf.register_new_resolver(
    "count_groups",
    lambda groups: 2 if groups is None else groups if isinstance(groups, int) else len(groups),
    replace=True,
)

# trainer=auto; see conf/trainer/auto.yaml
OmegaConf.register_new_resolver("machine", lambda: "gpu" if has_gpu() else "cpu", replace=True)
OmegaConf.register_new_resolver("precision_on", precision_on, replace=True)
OmegaConf.register_new_resolver("on_gpu", on_gpu, replace=True)

# conf/hydra/launcher/: the cores of this machine, and those of one of so many cells (-1: one each)
OmegaConf.register_new_resolver("cores", cores, replace=True)
OmegaConf.register_new_resolver(
    "threads", lambda cells: max(1, cores() // cells) if cells > 0 else 1, replace=True
)


def compose(overrides: list[str]) -> DictConfig:
    """The config that the command line `overrides` would give, with its `choices` filled in."""
    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()  # Hydra composes one config at a time; a run may need a second
    try:
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            written = [quoted(override) for override in overrides]
            cfg = hydra_compose("train", written, return_hydra_config=True)
    except Exception as error:
        if not refused(error):
            raise
        raise MedsmallError(explain(error)) from error
    finally:
        GlobalHydra.instance().hydra = outer
    choices = cfg.hydra.runtime.choices
    with open_dict(cfg):
        del cfg["hydra"]
    return with_choices(cfg, choices)


def composed_by_hydra(cfg: DictConfig) -> DictConfig:
    """The config as `hydra.main` handed it over, with its `choices` filled in."""
    return with_choices(cfg.copy(), HydraConfig.get().runtime.choices)


def with_choices(cfg: DictConfig, choices: Mapping[str, str]) -> DictConfig:
    """Put the chosen option of each group under `choices`, for names and tags.

    Without an experiment, runs are named after their data set.
    """
    chosen = {k: v for k, v in choices.items() if not k.startswith("hydra/")}
    if chosen.get("trainer") == "auto":
        chosen["trainer"] = on_gpu(str(cfg.trainer.accelerator), "gpu", "cpu")
    with open_dict(cfg):
        cfg.choices = literal(
            {
                "experiment": chosen.get("dataset"),
                **chosen,
                "upstream": _upstream(cfg.get("pretraining")),
                "size": _size(cfg.get("sample_size")),
                "fold": f"-fold{cfg.split.fold}" if "fold" in cfg.get("split", {}) else "",
            }
        )
    return cfg


def _upstream(pretraining: DictConfig | None) -> str:
    """What the option alone does not tell of a source: "", or _mura_from_chexpert."""
    given = {} if pretraining is None else pretraining
    dataset, start = given.get("dataset"), given.get("start")
    return f"{f'_{dataset}' if dataset else ''}{f'_from_{start}' if start else ''}"


def _size(sample_size: DictConfig | None) -> str:
    """The drawn size in short: n50, 10% or all."""
    if sample_size is None:
        return "all"
    if sample_size.get("n") is not None:
        return f"n{sample_size.n}"
    fraction = sample_size.get("fraction")
    if isinstance(fraction, float | int):
        return f"{100 * fraction:g}%"
    return "all" if fraction is None else str(fraction)
