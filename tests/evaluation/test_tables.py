"""Reports as Markdown."""

from nvg_studio.evaluation.tables import markdown


def test_rows_of_one_value_and_rows_of_columns():
    text = markdown(
        {
            "plain": {"name": "a|b", "count": 3, "share": 0.123456},
            "grid": {"level 1": {"made": 0.5, "ceiling": 1.0}, "level 2": {"ceiling": 0.25}},
        }
    )
    assert text == (
        "## plain\n\n|  |  |\n| --- | --- |\n| name | a/b |\n| count | 3 |\n| share | 0.1235 |\n\n"
        "## grid\n\n|  | made | ceiling |\n| --- | --- | --- |\n| level 1 | 0.5 | 1 |\n| level 2 |  | 0.25 |\n"
    )
