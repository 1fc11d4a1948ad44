"""Write the small sample that the unit tests judge by: families as agencies in England know them, each person stated twice, with slips.

Everybody is invented: names are drawn from lists written for this, dates and addresses by chance. The slips are those of FEBRL's generator
(a letter added, lost, changed or moved, a field left out, given and family name swapped) and some of our own: a short form, an accent left
out, day and month swapped, a birthday of 1 January, a removal. Unlike FEBRL it has households, with brothers, sisters and twins.

    python bench/matching/sample.py > tests/data/matching/sample.csv
"""

import csv
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

MONTHS = 12
SEED = 20261129
FAMILIES = 160
TWINS = 0.1
"""The share of families whose two children are twins: many more than in life, so that there are enough."""
FIELDS = ("record", "person", "family_id", "given", "family", "born", "line", "postcode")


def _words(text: str) -> list[str]:
    return text.split()


GIVEN = _words("""
Aaliyah Abdullahi Adaeze Agnieszka Ahmed Alfie Alexander Amara Amelia Aneurin Anjali Arjun Ayesha Beatrice Benjamin Bilal Bronwen
Bronisław Callum Carys Catherine Chidi Chloe Ciarán Daisy Daniel Deepika Dafydd Dylan Efua Eilidh Eleri Elizabeth Emeka Ewa Farah
Fatima Ffion Finlay Fionnuala Florence Gareth George Grace Gurpreet Hamza Hannah Harpreet Harry Hassan Helena Ibrahim Idris Imogen
Ioana Isabella Jakub James Jasmin Jessica Joshua Kamil Katarzyna Khadija Kiera Kwame Layla Leila Leon Llinos Łucja Magdalena Malik
Manjit Margaret Mariam Matthew Megan Mercy Michael Mihai Mohammed Nadia Nasra Natalie Nia Niamh Nicholas Oliver Olivia Oluwaseun
Omar Oscar Patrick Pedro Poppy Priya Rebecca Reuben Rhiannon Roksana Ruby Saoirse Samuel Seán Sian Siân Simran Sinéad Sofia
Stephen Sumaya Tamsin Tariq Thomas Tomos Victoria Wiktoria William Yusuf Zachary Zainab Zuzanna मीना मोना रवि नूर ਮੀਨਾ ਗੁਰਪ੍ਰੀਤ
রানা রিনা மாலா கவிதா محمد مريم שרה יוסף
""")
FAMILY = _words("""
Abara Abdi Achebe Adeyemi Ahmed Akhtar Ali Andrews Asante Ashworth Bailey Balogun Banerjee Barker Begum Bennett Bhatt Boateng
Bowen Bradshaw Brennan Brown Campbell Carter Chaudhry Chen Clarke Cooper Cosgrove Craddock Dąbrowski Davies Dhillon Doherty
Donnelly Driscoll Edwards Eze Fitzgerald Foster Gallagher Georgiou Gill Green Griffiths Hassan Haines Hughes Hussain Ibrahim
Ionescu Iqbal Jackson Jones Kaur Kelly Khan Kowalczyk Kumar Lewandowska Lewis Llewellyn MacDonald MacLeod Mahmood Marchetti Mbeki
McCarthy Mendes Mensah Mistry Mitchell Morgan Murphy Nowak Nwosu O'Brien O'Neill Okafor Osei Owusu Parry Patel Pereira Phillips
Pritchard Qureshi Rahman Rees Roberts Robinson Ryan Sahota Sandhu Scott Shah Sharma Shaw Silva Singh Smith-Jones Stewart
Sutherland Taylor Thapa Thomas Turner Uddin Vaughan Walker Watkins Williams Wilson Wiśniewski Wójcik Wright Yilmaz Zhang Zieliński
शर्मा ਸਿੰਘ রহমান கண்ணன் الخطيب כהן
""")
STREETS = _words("""
Abbey Alder Bakehouse Canal Chapel Church Corn Dean Drapers Farm Forge Glebe Granary High King Lock Mill Orchard Priory Quarry
Station
""")
SHORT = {
    "William": "Bill",
    "Elizabeth": "Liz",
    "Michael": "Mike",
    "Catherine": "Kate",
    "Mohammed": "Muhammad",
    "Nicholas": "Nick",
    "Rebecca": "Becky",
}
PLAIN = str.maketrans("áéâłŁóąśńć", "aealLoasnc")

Row = dict[str, str]


def people(chance: Random) -> Iterator[Row]:
    """Yield every person of every family as they are."""
    number = 0
    for family_id in range(FAMILIES):
        name = chance.choice(FAMILY)
        postcode = (
            f"{chance.choice(['NN', 'LE', 'CV'])}{chance.randint(1, 19)} {chance.randint(1, 9)}{''.join(chance.choices('ABDEFGHJLN', k=2))}"
        )
        line = f"{chance.randint(1, 120)} {chance.choice(STREETS)} {chance.choice(['Street', 'Road', 'Lane', 'Close'])}"
        born = date(2009, 1, 2) + timedelta(days=chance.randrange(3200))
        twins = chance.random() < TWINS
        for child, given in enumerate(chance.sample(GIVEN, chance.randint(1, 3) if not twins else 2)):
            if child and not twins:
                born += timedelta(days=chance.randint(330, 1500))
            number += 1
            yield {
                "person": str(number),
                "family_id": str(family_id),
                "given": given,
                "family": name,
                "born": born.isoformat(),
                "line": line,
                "postcode": postcode,
            }


def _letter(chance: Random, text: str) -> str:
    at = chance.randrange(len(text))
    other = chance.choice("aeinorst")
    return chance.choice([text[:at] + other + text[at:], text[:at] + text[at + 1 :], text[:at] + other + text[at + 1 :], _moved(text, at)])


def _moved(text: str, at: int) -> str:
    return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]


def _swapped(chance: Random, row: Row) -> Row:
    del chance
    return row | {"given": row["family"], "family": row["given"]}


def _day_and_month(chance: Random, row: Row) -> Row:
    del chance
    year, month, day = row["born"].split("-")
    return row | {"born": f"{year}-{day}-{month}"} if int(day) <= MONTHS else row


def _misspelt(field: str) -> Callable[[Random, Row], Row]:
    return lambda chance, row: row | {field: _letter(chance, row[field])}


def _moved_away(chance: Random, row: Row) -> Row:
    return row | {"line": f"{chance.randint(1, 120)} {chance.choice(STREETS)} Road", "postcode": f"NG{chance.randint(1, 9)} 7AB"}


SLIPS: tuple[tuple[float, Callable[[Random, Row], Row]], ...] = (
    (0.20, _misspelt("given")),
    (0.20, _misspelt("family")),
    (0.15, _misspelt("line")),
    (0.10, _misspelt("postcode")),
    (0.06, _day_and_month),
    (0.03, lambda chance, row: row | {"born": f"{row['born'][:8]}{chance.randint(1, 28):02}"}),
    (0.03, lambda _, row: row | {"born": f"{row['born'][:4]}-01-01"}),
    (0.03, lambda _, row: row | {"born": ""}),
    (0.03, lambda _, row: row | {"given": ""}),
    (0.04, _swapped),
    (0.20, lambda _, row: row | {"given": SHORT.get(row["given"], row["given"])}),
    (0.20, lambda _, row: row | {"given": row["given"].translate(PLAIN), "family": row["family"].translate(PLAIN)}),
    (
        0.10,
        lambda chance, row: (
            row | {"line": f"{chance.randint(1, 120)} {chance.choice(STREETS)} Road", "postcode": f"NG{chance.randint(1, 9)} 7AB"}
        ),
    ),
)


def main() -> None:
    chance = Random(SEED)
    out = csv.DictWriter(sys.stdout, FIELDS, lineterminator="\n")
    out.writeheader()
    for person in people(chance):
        out.writerow({"record": f"{person['person']}-a", **person})
        stated = person
        for share, slip in SLIPS:
            if chance.random() < share:
                stated = slip(chance, stated)
        out.writerow({"record": f"{person['person']}-b", **stated})


if __name__ == "__main__":
    main()
