import numpy as np

from medsmall.evaluation.bands import Tested
from medsmall.report.page.calibration import together


def test_seeds_of_a_fold_share_their_patients_and_folds_do_not():
    """Else five seeds would count each patient five times, or two folds would share patients."""
    one, other = (
        Tested(np.ones(4), np.full(4, 0.5), np.array([0, 0, 1, 2]), 3, identity)
        for identity in ("fold 0", "fold 1")
    )
    seeds = together([one, one])
    assert seeds.patients == 3
    assert seeds.patient.tolist() == [0, 0, 1, 2] * 2
    folds = together([one, other, one])
    assert folds.patients == 6
    assert folds.patient.tolist() == [0, 0, 1, 2, 3, 3, 4, 5, 0, 0, 1, 2]
