"""The text of --help: the command, examples, groups and options, the user's own data sets."""

from medsmall.configs.options import config_dir, first_line, groups, options, own_config_dir

# the groups whose options are told one by one: which weights, which way of fine-tuning
TOLD = ("backbone", "pretraining", "learner", "strategy", "schedule")


def help_text(about: str, examples: str) -> str:
    """`about` is the docstring of the command, `examples` are its lines, one command each."""
    lines = [about.strip(), "", "Examples:", *(f"  {line}" for line in examples.split("\n")), ""]
    lines.append("Options of each group (group=option; conf/<group>/<option>.yaml describes it):")
    for group in groups():
        plus = "+" if group == "experiment" else ""
        if group not in TOLD:
            lines.append(f"  {plus}{group}={' | '.join(options(group))}")
    lines.append(f"  hydra/launcher={' | '.join(options('hydra/launcher'))}, for a sweep (-m)")
    for group in TOLD:
        lines += ["", f"  {group}="]
        lines += [f"    {option:<19} {first_line(group, option)}" for option in options(group)]
    if own := own_data():
        lines += ["", f"Your own data sets in {own_config_dir()}: dataset={' | '.join(own)}"]
    lines += [
        "",
        "Any key may be set (key=value). The YAML of its option explains it; conf/train.yaml has",
        "the keys of no group. --cfg job shows the whole config of a command.",
    ]
    return "\n".join(lines)


def own_data() -> list[str]:
    """Names of the data sets in the user's own conf/, the shipped ones left out."""
    own = own_config_dir()
    if not own.is_dir() or own.samefile(config_dir()):
        return []
    return sorted(file.stem for file in (own / "dataset").glob("*.yaml"))
