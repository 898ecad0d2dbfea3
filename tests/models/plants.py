"""One error for each rule of each model: the cells that make it, by table and rule, on an otherwise clean row."""

from __future__ import annotations

KEYS = {
    "flat": {"events": ("event_id", "E{:04}"), "actors": ("actor_id", "A{:04}")},
    "ucdp-ged": {"events": ("id", "{}")},
    "ucdp-prio-acd": {"conflicts": ("conflict_id", "{}")},
    "acled": {"events": ("event_id_cnty", "XYZ{}")},
    "gdelt": {"events": ("GLOBALEVENTID", "{}"), "mentions": ("SentenceID", "{}")},
    "cow-alliances": {"members": ("version4id", "{}")},
    "gtd": {"incidents": ("eventid", "20200307{:04}")},
    "icews": {"events": ("Event ID", "{}")},
    "polecat": {"events": ("Event ID", "P{}")},
}
"""The field that tells the rows of a generated table apart, and how its values are written."""

Plants = dict[str, dict[str, dict[str, str]]]
PLANTS: dict[str, Plants] = {
    "flat": {
        "events": {
            "event-ends-before-start": {"date_end": "2024-03-01"},
            "source-older-than-event": {"source_date": "2024-03-03"},
            "actor-acts-on-itself": {"target_actor_id": "A0001"},
            "deaths-out-of-order": {"deaths_low": "3", "deaths_best": "2"},
            "coordinates-incomplete": {"latitude": ""},
            "coordinates-at-zero": {"latitude": "0", "longitude": "0", "country_code": "GH"},
            "coordinates-look-swapped": {"latitude": "82.6", "longitude": "17.9667"},
            "coordinate-too-precise": {"latitude": "17.96670001"},
            "text-has-stray-space": {"summary": "Two  spaces are fine, one at the end is not. "},
            "text-has-control-character": {"summary": "A tab\tstands here."},
            "text-not-normalised": {"summary": "Cafe\u0301"},
            "stand-in-for-missing": {"place": "unknown"},
        },
        "actors": {
            "actor-ends-before-start": {"active_from": "1990-01-01", "active_to": "1989-01-01"},
            "actor-part-of-itself": {"actor_id": "A9001", "part_of_actor_id": "A9001"},
        },
    },
    "ucdp-ged": {
        "events": {
            "estimates-out-of-order": {"low": "5"},
            "deaths-do-not-add-up": {"deaths_civilians": "1"},
            "event-ends-before-start": {"date_end": "2020-05-01"},
            "date-precision-against-span": {"date_prec": "3"},
            "year-of-another-date": {"year": "2021"},
            "side-fights-itself": {"side_b_new_id": "118"},
            "point-elsewhere": {"geom_wkt": "POINT (34.8 36.7)"},
            "grid-cell-elsewhere": {"priogrid_gid": "179715"},
            "admin2-without-admin1": {"adm_1": ""},
        }
    },
    "ucdp-prio-acd": {
        "conflicts": {
            "episode-before-conflict": {"start_date": "2012-11-16"},
            "episode-ends-before-start": {"ep_end_date": "2012-11-14"},
            "episode-end-without-date": {"ep_end_date": ""},
            "year-before-episode": {"year": "2011"},
            "end-in-another-year": {"ep_end_date": "2013-01-01"},
            "territory-and-incompatibility": {"territory_name": ""},
            "state-on-side-b": {"gwno_b": "770"},
            "help-in-internal-conflict": {"side_a_2nd": "Government of Abcland", "gwno_a_2nd": "770"},
            "internationalised-without-help": {"type_of_conflict": "4"},
            "war-below-its-sum": {"intensity_level": "2"},
            "helpers-without-number-a": {"type_of_conflict": "4", "side_a_2nd": "Government of Abcland"},
            "helpers-without-number-b": {"type_of_conflict": "4", "side_b_2nd": "Government of Abcland"},
        }
    },
    "acled": {
        "events": {
            "sub-event-of-another-type": {"sub_event_type": "Grenade"},
            "disorder-of-another-type": {"disorder_type": "Demonstrations"},
            "year-of-another-date": {"year": "2023"},
            "second-actor-without-kind": {"inter2": "0"},
            "actor-on-both-sides": {"actor2": "Military Forces of Xyzland (2020-)"},
            "civilians-not-targeted": {"event_type": "Violence against civilians", "sub_event_type": "Attack"},
            "admin2-without-admin1": {"admin1": ""},
        }
    },
    "gdelt": {
        "events": {
            "code-outside-its-base": {"EventCode": "0311"},
            "base-outside-its-root": {"EventBaseCode": "031", "EventCode": "0311"},
            "quad-of-another-code": {"QuadClass": "4"},
            "actor1-of-another-country": {"Actor1CountryCode": "LAO"},
            "actor2-of-another-country": {"Actor2CountryCode": "RUS"},
            "month-of-another-date": {"MonthYear": "202402"},
            "year-of-another-date": {"Year": "2023"},
            "more-articles-than-mentions": {"NumArticles": "5"},
            "added-before-its-day": {"DATEADDED": "20240306235959"},
            "half-a-point-of-actor1": {"Actor1Geo_Lat": ""},
            "half-a-point-of-actor2": {"Actor2Geo_Lat": "1"},
            "half-a-point-of-action": {"ActionGeo_Long": ""},
        },
        "mentions": {"mentioned-before-added": {"MentionTimeDate": "20240306121500"}},
    },
    "cow-alliances": {
        "members": {
            "no-such-start-of-alliance": {"all_st_day": "31"},
            "no-such-end-of-alliance": {"all_end_year": "1951", "all_end_month": "2", "all_end_day": "29"},
            "no-such-start": {"mem_st_day": "31"},
            "no-such-end": {"mem_end_year": "1951", "mem_end_month": "2", "mem_end_day": "30", "right_censor": "0"},
            "alliance-ends-before-start": {"all_end_year": "1948"},
            "membership-ends-before-start": {"mem_end_year": "1948", "right_censor": "0"},
            "member-before-alliance": {"mem_st_year": "1948"},
            "member-after-alliance": {"all_end_year": "1950", "mem_end_year": "1951", "right_censor": "0"},
            "censoring-and-end": {"right_censor": "0"},
            "alliance-without-duty": {"defense": "0", "nonaggression": "0", "entente": "0"},
            "type-without-its-duty": {"defense": "0"},
        }
    },
    "gtd": {
        "incidents": {
            "no-such-day": {"imonth": "2", "iday": "30"},
            "id-of-another-date": {"iday": "8"},
            "resolution-before-start": {"resolution": "2020-03-06"},
            "too-few-criteria": {"crit1": "0", "crit2": "0"},
            "alternative-without-doubt": {"alternative": "2"},
            "attack-type-misnamed": {"attacktype1": "4"},
            "more-caught-than-there": {"nperps": "1", "nperpcap": "2"},
            "more-attackers-dead-than-dead": {"nkillter": "3"},
            "more-citizens-dead-than-dead": {"nkillus": "3"},
            "hostages-of-no-taking": {"nhostkid": "2"},
            "half-a-point": {"longitude": ""},
        }
    },
    "icews": {
        "events": {
            "intensity-against-code": {"CAMEO Code": "180", "Intensity": "9"},
            "event-without-actors": {"Source Name": "", "Target Name": ""},
            "half-a-point": {"Latitude": ""},
            "admin2-without-admin1": {"Province": ""},
        }
    },
    "polecat": {
        "events": {
            "type-of-another-quad": {"Quad Code": "VERBAL CONFLICT"},
            "event-without-recipient": {
                "Event Type": "AID",
                "Quad Code": "MATERIAL COOPERATION",
                "Recipient Name": "None",
                "Recipient COW": "None",
            },
            "intensity-against-quad": {"Intensity": "-1"},
            "half-a-point": {"Longitude": ""},
            "admin2-without-admin1": {"Province": ""},
        }
    },
}

TWICE: dict[str, dict[str, list[dict[str, str]]]] = {
    "flat": {
        "events": [{"summary": "Nobody met."}, {"summary": "The delegation asked for an engineering unit."}],
        "actors": [{"name": "Laos"}, {"name": "Rusia"}],
    },
    "ucdp-ged": {
        "events": [
            {"source_headline": "A market burns"},
            {"source_headline": "Clash in Sampletown", "date_end": "2020-05-03"},
        ]
    },
    "acled": {
        "events": [
            {"notes": "A mine was found and removed."},
            {"notes": "On 7 March, clashes close to Sampletown.", "event_date": "2024-03-08"},
        ]
    },
    "gtd": {
        "incidents": [
            {"summary": "Two men took hostages in a school."},
            {"summary": "An explosive went off close to a market.", "iday": "0"},
        ]
    },
}
"""For each rule that looks for duplicates: cells of a row that is like the first sample row in nothing but its codes, and of one that is."""
