"""Files as they come: separators, quotes, ragged rows, Parquet."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.registry import open_table


def written(folder, data, name="t.csv"):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def texts(table):
    return [[table.columns[name].text(i) for name in table.header] for i in range(table.rows)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path, mark, end):
    rows = [["a", "b", "c"], ["1", "2", "3"], ["4", "", "6"]]
    table = open_table(written(tmp_path, end.join(mark.join(row) for row in rows) + end))
    assert table.header == ("a", "b", "c")
    assert texts(table) == rows[1:]


def test_quoted_cells_may_hold_separators_and_line_ends(tmp_path):
    table = open_table(written(tmp_path, 'a,b\n"1, one","x\ny"\n2,"say ""hi"""\n'))
    assert texts(table) == [["1, one", "x\ny"], ["2", 'say "hi"']]


def test_a_quote_that_is_never_closed_costs_one_line(tmp_path):
    lines = ["a;b", *(f"{i};{i}" for i in range(1, 6)), '6;"open', *(f"{i};{i}" for i in range(7, 20))]
    table = open_table(written(tmp_path, "\n".join(lines) + "\n"))
    assert table.rows + len(table.unreadable) == 19
    assert [row[0] for row in texts(table)] == [str(i) for i in range(1, 20)]
    assert any("quote" in note for note in table.notes)


def test_two_quotes_that_enclose_rows_cost_no_row(tmp_path):
    lines = ["a;b;c", "1;1;1", '2;"x;2', *(f"{i};{i};{i}" for i in range(3, 9)), '9;y";9']
    table = open_table(written(tmp_path, "\n".join(lines) + "\n"))
    assert [row[0] for row in texts(table)] == [str(i) for i in range(1, 10)]


def test_rows_keep_their_number_when_others_cannot_be_split(tmp_path):
    table = open_table(written(tmp_path, "a,b\n1,1\n\n2\n3,3\n4,4,4\n5,5\n"))
    assert table.records.tolist() == [1, 3, 5]
    assert [number for number, _ in table.unreadable] == [2, 4]


def test_parquet_and_csv_say_the_same(tmp_path):
    pq.write_table(
        pa.table(
            {
                "n": pa.array([1.0, 0.25, None]),
                "i": pa.array([1, 2, None]),
                "t": pa.array(["x ", None, "z"]).dictionary_encode(),
                "f": pa.array([True, None, False]),
            }
        ),
        tmp_path / "t.parquet",
    )
    one = open_table(tmp_path / "t.parquet")
    other = open_table(written(tmp_path, "n,i,t,f\n1,1,x,true\n0.25,2,,\n,,z,false\n"))
    assert texts(one) == texts(other)
    assert [one.columns[name].digits_kept for name in "ni"] == [False, True]


def test_parquet_with_lists_and_bad_text_is_read(tmp_path):
    bad = pa.array([b"M\xfc"]).view(pa.string())
    pq.write_table(pa.table({"l": pa.array([[1, 2]]), "b": bad}), tmp_path / "t.parquet")
    assert texts(open_table(tmp_path / "t.parquet")) == [["[1, 2]", "M\ufffd"]]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.csv", b"", "no header"),
        ("t.csv", b"a,b\n", "no rows"),
        ("t.csv", b"a,a\n1,2\n", "there twice"),
        ("t.csv", b"a,b\n\0\0\n", "zero bytes"),
        ("t.parquet", b"PAR1 no", "not a readable Parquet"),
        ("t.xlsx", b"x", "expected a .csv"),
    ],
)
def test_files_that_cannot_be_used_at_all(tmp_path, name, data, said):
    with pytest.raises(InputError, match=said):
        open_table(written(tmp_path, data, name))


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_table(tmp_path / "t.csv")
