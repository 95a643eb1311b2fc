from made_records import sweep

from medsmall.report.__main__ import report
from medsmall.report.asked import Asked

SKILLS = {"none": 0.2, "imagenet": 0.5, "mura": 1.2}


def told(root, capsys):
    report(Asked.of([str(root)]))
    return capsys.readouterr().out


def test_six_data_sets_rank_their_arms(tmp_path, capsys):
    for k in range(5):
        sweep(tmp_path, SKILLS, (50, 100), repeats=1, test=160, dataset=f"films{k}")
    assert "mean ranks" not in told(tmp_path, capsys)  # targets or repeats are no data sets
    sweep(tmp_path, SKILLS, (50,), repeats=1, test=160, dataset="films5")
    out = told(tmp_path, capsys)
    assert (
        "Over 6 data sets at 50 training images, mean ranks by each one's headline metric (1 is "
        "best): mura 1.00, imagenet 2.00, no pretraining 3.00; p = 0.0025 that all arms are equal."
        in out
    )
    assert (
        "Over these data sets, mura is better than no pretraining (mean ranks more than 1.35 apart"
        in out
    )


def test_data_sets_without_common_arms_say_so(tmp_path, capsys):
    for k in range(6):
        arms = SKILLS if k else {"none": 0.2}
        sweep(tmp_path, arms, (50,), repeats=1, test=160, dataset=f"films{k}")
    assert "6 data sets have no size with the same two arms" in told(tmp_path, capsys)
