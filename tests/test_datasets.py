"""The data sets that ship with the package."""

import pandas as pd
import pytest

from pmjax.datasets import get_data

pytestmark = pytest.mark.smoke


def test_radon_is_the_minnesota_survey() -> None:
    data = pd.read_csv(get_data("radon.csv"))
    assert len(data) == 919
    assert data.county.nunique() == 85
    assert data.county_code.max() == 84
    assert set(data.floor) == {0, 1}


def test_an_unknown_name_gets_the_near_one() -> None:
    with pytest.raises(FileNotFoundError, match=r"'random\.csv'.*did you mean 'radon\.csv'"):
        get_data("random.csv")
