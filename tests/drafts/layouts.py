"""Small tables in the layouts of public ones: their dialects, encodings, headers, types and ways to write that there is no value.

Each is made here, with made-up rows; what is right of it stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.package import as_bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """A table and what is right of it.

    Attributes:
        types: The type of columns, by name, with the format where it has one.
        key: Its primary key; empty for none.
        dialect: What the descriptor has to say of the dialect.
        todos: Columns with a question, "" for the table.
    """

    content: bytes
    types: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    dialect: Mapping[str, object] = field(default_factory=dict)
    encoding: str = "utf-8"
    suffix: str = "csv"
    todos: frozenset[str] = frozenset()


def _rows(header: str, *rows: str, times: int = 1, encoding: str = "utf-8") -> bytes:
    """A table whose rows are repeated with a number of their own in place of `#`."""
    lines = [
        row.replace("#", str(number * len(rows) + at + 1)) for number in range(times) for at, row in enumerate(rows)
    ]
    return "\n".join([header, *lines, ""]).encode(encoding)


LAYOUTS: Mapping[str, Layout] = {
    "flat events, as ACLED has them": Layout(
        _rows(
            "event_id_cnty,event_date,year,event_type,country,iso,latitude,longitude,fatalities",
            "SYR#,2020-01-01,2020,Protests,Syria,760,33.51,36.29,0",
            "LBN#,2020-01-02,2020,Battles,Lebanon,422,33.88,35.49,3",
            times=10,
        ),
        {"event_date": "date", "year": "year", "iso": "integer", "latitude": "number", "fatalities": "integer"},
        ("event_id_cnty",),
    ),
    "codes with zeros in front": Layout(
        _rows("fips,state,county", "01#01,Alabama,Autauga #", "02#13,Alaska,Aleutians #", times=4),
        {"fips": "string"},
        ("fips",),
    ),
    "a German office: semicolons, cp1252, decimal commas": Layout(
        _rows(
            "Kennziffer;Gemeinde;Fläche;Einwohner;Stichtag",
            "0811#;Mühlhausen;12,5;1.204;31.12.2023",
            "0912#;Gößweinstein;104,25;14.301;31.12.2023",
            times=6,
            encoding="cp1252",
        ),
        {"Kennziffer": "string", "Fläche": "number", "Stichtag": "date %d.%m.%Y"},
        ("Kennziffer",),
        {"delimiter": ";"},
        "cp1252",
        todos=frozenset({"", "Einwohner"}),
    ),
    "a French office: semicolons and groups of digits": Layout(
        _rows(
            "code_insee;commune;population;taux",
            "75#56;Paris #;2 145 906;12,5",
            "13#55;Marseille #;873 076;8,1",
            times=6,
        ),
        {"population": "integer", "taux": "number"},
        ("code_insee",),
        {"delimiter": ";"},
    ),
    "a wide table of years": Layout(
        _rows("Country Name,Country Code,2019,2020", "Aruba #,AB#,1.5,..", "Chad #,TC#,2.25,3.5", times=8),
        {"2019": "number", "2020": "number"},
        ("Country Code",),
    ),
    "a wide table with notes above it": Layout(
        as_bytes("""
            "Data Source","World Development Indicators"

            "Last Updated Date","2024-06-28"

            Country Name,Country Code,Indicator,1960
            Aruba,ABW,Population,54608
            Chad,TCD,Population,3002596
            Togo,TGO,Population,1580513
            """),
        {"1960": "integer"},
        ("Country Code",),
        {"headerRows": [5]},
    ),
    "entity and year": Layout(
        _rows(
            "Entity,Code,Year,Deaths",
            *(
                f"{name},{code},{year},{year % 7}.5"
                for name, code in (("Chad", "TCD"), ("Togo", "TGO"), ("Mali", "MLI"), ("Niger", "NER"))
                for year in range(2000, 2005)
            ),
        ),
        {"Year": "year", "Deaths": "number"},
        ("Code", "Year"),
    ),
    "a tab-separated list with \\N": Layout(
        _rows(
            "tconst\ttitle\tstartYear\truntime",
            "tt00000#\tCarmencita\t1894\t1",
            "tt00001#\tLe clown\t1892\t\\N",
            times=5,
        ),
        {"startYear": "year", "runtime": "integer"},
        ("tconst",),
        suffix="tsv",
    ),
    "bars": Layout(
        _rows("id|name|amount", "#|first, second|1.5", "#|third|2", times=5),
        {"id": "integer", "amount": "number"},
        ("id",),
        {"delimiter": "|"},
    ),
    "no header": Layout(
        _rows("1,Goroka,GKA,-6.08", "2,Madang,MAG,-5.2", "3,Hagen,HGU,-5.83", "4,Nadzab,LAE,-6.57"),
        {"column_1": "integer", "column_4": "number"},
        ("column_1",),
        {"header": False},
        todos=frozenset({""}),
    ),
    "American dates": Layout(
        _rows("id,date,when", "#,12/25/2020,12/25/2020 14:30", "#,1/6/2021,1/6/2021 9:05", times=4),
        {"date": "date %m/%d/%Y", "when": "datetime %m/%d/%Y %H:%M"},
        ("id",),
    ),
    "dates that are both": Layout(
        _rows("id,date", "#,10-12-2021", "#,11-01-2021", times=4),
        {"date": "date %d-%m-%Y"},
        ("id",),
        todos=frozenset({"date"}),
    ),
    "compact dates": Layout(
        _rows("GLOBALEVENTID,SQLDATE,Actor1Code,GoldsteinScale", "#,20200131,USA,-2.0", "#,20200201,,3.4", times=5),
        {"SQLDATE": "date %Y%m%d", "GoldsteinScale": "number"},
        ("GLOBALEVENTID",),
    ),
    "words for true and false": Layout(
        _rows("id,active,member,flag", "#,yes,TRUE,0", "#,no,FALSE,1", times=8),
        {"active": "boolean", "member": "boolean", "flag": "integer"},
        ("id",),
    ),
    "NA for what is missing": Layout(
        _rows("id,age,born", "#,12,2001-01-01", "#,NA,NA", "#,31,1990-05-06", times=4),
        {"age": "integer", "born": "date"},
        ("id",),
    ),
    "-99 for what is missing": Layout(
        _rows("ccode,year,gdp", "2#,1990,104", "2#,1991,-99", "2#,1992,300", times=8),
        {"gdp": "integer"},
        ("ccode",),
        todos=frozenset({"gdp"}),
    ),
    "packed lists": Layout(
        _rows(
            "id,actors,gwno,sources",
            '#,"A; B",2,"x|y"',
            '#,"C",2 ,"z"'.replace("2 ", "20"),
            '#,"D; E","2, 200",x',
            times=4,
        ),
        {"actors": "list", "gwno": "list", "sources": "list"},
        ("id",),
    ),
    "moments with a zone": Layout(
        _rows(
            "id,time,mag,place",
            'us#,2020-01-01T00:00:01.120Z,4.5,"10 km N of X, Y"',
            "us#,2020-01-02T10:00:00.000Z,5,Z",
            times=5,
        ),
        {"time": "datetime", "mag": "number"},
        ("id",),
    ),
    "moments with a space": Layout(
        _rows("id,created_at", "#,2020-01-01 00:00:01", "#,2020-12-31 23:59:59", times=4),
        {"created_at": "datetime %Y-%m-%d %H:%M:%S"},
        ("id",),
    ),
    "cp1251": Layout(
        _rows("id,город,страна", "#,Москва,Россия", "#,Казань,Россия", "#,Самара,Россия", times=4, encoding="cp1251"),
        {"id": "integer"},
        ("id",),
        encoding="cp1251",
        todos=frozenset({""}),
    ),
    "UTF-16, as a spreadsheet writes Unicode text": Layout(
        _rows("id\tname", "#\tMüller", "#\tÅse", times=3, encoding="utf-16"),
        {"id": "integer"},
        ("id",),
        {"delimiter": "\t"},
        "utf-16",
    ),
    "a byte-order mark and Windows line ends": Layout(
        b"\xef\xbb\xbf" + _rows("id,name", "#,a", "#,b", times=3).replace(b"\n", b"\r\n"), {"id": "integer"}, ("id",)
    ),
    "spaces behind commas": Layout(
        _rows("id, name, size", "#, first, 10", "#, second, 20", times=4),
        {"size": "integer"},
        ("id",),
        {"skipInitialSpace": True},
    ),
    "single quotes": Layout(
        _rows("id,text,n", "#,'a, b',1", "#,'c, d',2", times=4), {"n": "integer"}, ("id",), {"quoteChar": "'"}
    ),
    "backslashes before quotes": Layout(
        _rows("id,text", '#,"say \\"a, b\\" now"', '#,"and \\"c\\""', times=4),
        {"id": "integer"},
        ("id",),
        {"escapeChar": "\\", "doubleQuote": False},
    ),
    "codes of currencies, some of them lists": Layout(
        _rows("id,currency,minor", "#,008,2", "#,978,2", '#,"840,997",2', "#,036,0", times=5)
        + b'21,012,"2,2"\n22,050,3\n',
        {"currency": "list", "minor": "list"},
        ("id",),
    ),
    "sums of money": Layout(
        _rows("id,price,share", '#,"$1,204.50",12.5%', "#,$3.00,8%", times=5),
        {"price": "number", "share": "number"},
        ("id",),
    ),
    "groups of three digits": Layout(
        _rows("id,votes", '#,"1,204,300"', "#,17", times=5), {"votes": "integer"}, ("id",)
    ),
    "points and areas": Layout(
        _rows("id,where,area", '#,"36.29, 33.51",POINT (36.29 33.51)', '#,"35.49, 33.88",POINT (35.49 33.88)', times=4),
        {"where": "geopoint", "area": "string wkt"},
        ("id",),
    ),
    "addresses": Layout(
        _rows(
            "id,mail,site,uid",
            *(f"#,a{n}@example.org,https://example.org/{n},1b4e28ba-2fa1-11d2-883f-0016d3cca42{n}" for n in range(6)),
        ),
        {"mail": "string email", "site": "string uri", "uid": "string uuid"},
        ("id",),
    ),
    "JSON in cells": Layout(
        _rows("id,tags,extra", '#,"[""a"", ""b""]","{""k"": 1}"', "#,[],{}", times=4),
        {"tags": "array", "extra": "object"},
        ("id",),
    ),
    "two wrong dates": Layout(
        _rows("id,date", *(f"#,2020-01-{day:02}" for day in range(1, 29)), "#,2020-31-01", "#,soon"),
        {"date": "string"},
        ("id",),
        todos=frozenset({"date"}),
    ),
    "two spellings of one value": Layout(
        _rows("id,kind", "#,Protest", "#,protest", "#,Riot", times=6),
        {"kind": "string"},
        ("id",),
        todos=frozenset({"kind"}),
    ),
    "rows without a key": Layout(_rows("kind,size", "a,1", "b,2", times=8), {"size": "integer"}, todos=frozenset({""})),
    "one column": Layout(_rows("name", "Ada", "Grace", "Mary"), {"name": "string"}, ("name",)),
    "a header alone": Layout(b"id,name\n", {"id": "string"}),
    "quotes, commas and line ends in cells": Layout(
        _rows("id,note", '#,"a ""b"", c\nd"', '#,"e\n\nf"', times=4), {"id": "integer"}, ("id",)
    ),
}
