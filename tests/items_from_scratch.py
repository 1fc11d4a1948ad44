"""What is owed on a case by a time, computed anew from a policy file and from plain facts: it shares no code with the reducers.

It reads the YAML as it stands, and works out one item after the other by looking at everything that was ever stated. Slow, and only here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.facts_from_scratch import (
    LONDON,
    NEVER,
    Family,
    Key,
    Owed,
    Said,
    Span,
    Stop,
    end_of_day,
    is_stated,
    later,
    plain_words,
    put_off,
    start_of_day,
)


@dataclass
class FromScratch:
    policy: Mapping[str, Any]
    family: Family
    said: Sequence[Said]
    stops: Sequence[Stop]
    now: datetime
    found: dict[Key, Owed] = field(default_factory=dict)

    def all(self) -> dict[Key, Owed]:
        self.said = [one for one in self.said if not one.history]
        for name, rule in self.policy["items"].items():
            for opening in rule["opens"]:
                for key, opener, terms, at, known, child, ends in self._opened(rule, opening):
                    if max(at, known) <= self.now and (name, key, child) not in self.found:
                        owed = self._owed(name, rule, opening, key, opener, terms, at, known, child, ends)
                        if owed is not None:
                            self.found[name, key, child] = owed
        return self.found

    # Statements.

    def versions(self, alert: str) -> list[Said]:
        rank = ["raised", "amended", "withdrawn"]
        return sorted((one for one in self.said if one.alert == alert), key=lambda one: (one.told, rank.index(one.action)))

    def stands(self) -> list[Said]:
        last = {one.alert: self.versions(one.alert)[-1] for one in self.said}
        found = [one for one in last.values() if one.action != "withdrawn" and self.known(one) < NEVER]
        return sorted(found, key=self.order)

    def _as_known(self, moment: datetime) -> list[Said]:
        """What stood of each alert, as far as was known at a moment."""
        told = [[one for one in self.versions(alert) if one.told <= moment] for alert in {one.alert for one in self.said}]
        return [versions[-1] for versions in told if versions and versions[-1].action != "withdrawn"]

    @staticmethod
    def when(one: Said) -> datetime:
        return min(one.happened, one.told)

    def order(self, one: Said) -> tuple[datetime, datetime, str]:
        return (self.when(one), one.told, one.alert)

    def known(self, one: Said) -> datetime:
        people = {one.about, *self.family.children} if one.about != "nobody" else {one.about}
        return min((max(one.told, since) for person, since in self.family.linked.items() if person in people), default=NEVER)

    @staticmethod
    def fits(one: Said, wanted: Mapping[str, Any]) -> bool:
        def plain(value: Any) -> Any:
            return " ".join(value.lower().split()) if isinstance(value, str) else value

        def among(path: str, values: Sequence[Any]) -> bool:
            value = one.value(path)
            return any(plain(each) in map(plain, values) for each in (value if isinstance(value, list) else [value]))

        if wanted.get("kinds") and one.kind not in wanted["kinds"]:
            return False
        if not all(among(path, values) for path, values in wanted.get("where", {}).items()):
            return False
        if any(among(path, values) for path, values in wanted.get("unless", {}).items()):
            return False
        said = [path for path in (*wanted.get("stated", ()), *wanted.get("unstated", ())) if is_stated(one, path)]
        return set(said) == set(wanted.get("stated", ()))

    # What opens.

    def _opened(self, rule: Mapping[str, Any], opening: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        if "case" in opening:
            yield from self._by_case(opening)
            return
        for opener, earlier in self._openers(rule, opening):
            first = earlier or opener
            known = max(self.known(opener), self.known(earlier)) if earlier else self._known_since(rule, opener)
            at = max(opener.first_told, known) if rule.get("from_told") else self.when(opener)
            key = opener.alert if earlier is None else f"{earlier.alert} then"
            for child in self._for_whom(rule, opening, opener, at):
                ends = self.died(child) if child else max(self.died(one) for one in self.family.children)
                if at >= ends:
                    continue
                if rule.get("while_open"):
                    spans = [span for span in self.open_for(child) if span.holds(max(at, known))]
                    if not spans:
                        continue
                    ends = min(ends, spans[0].end)
                yield key, opener, first, at, known, child, ends

    def _openers(self, rule: Mapping[str, Any], opening: Mapping[str, Any]) -> Iterator[tuple[Said, Said | None]]:
        everything = self.stands()
        if "after" in opening:
            for earlier in (one for one in everything if self.fits(one, opening["after"])):
                later = self._first_against(earlier, opening, everything)
                if later is not None:
                    yield later, earlier
            return
        row = 0
        for one in everything:
            if "reset" in opening and self.fits(one, opening["reset"]):
                row = 0
            elif self.fits(one, opening):
                row += 1
                if opening.get("times", 1) in {1, row}:
                    yield one, None
            elif "times" not in opening and any(self.fits(one, closing) for closing in rule.get("closes", ())):
                were = [v for v in self.versions(one.alert) if v is not one and self.fits(v, opening)]
                if were:
                    yield were[-1], None

    def _first_against(self, earlier: Said, opening: Mapping[str, Any], everything: Sequence[Said]) -> Said | None:
        kinds = set(earlier.value(opening["kinds_in"]) or ()) if "kinds_in" in opening else None
        day = earlier.value(opening["before"]) if "before" in opening else None
        for one in everything:
            if self.order(one) <= self.order(earlier) or one.alert == earlier.alert:
                continue
            if day and self.when(one) >= datetime.combine(date.fromisoformat(day), time(0), LONDON):
                return None
            if "reset" in opening and self.fits(one, opening["reset"]):
                return None
            if self.fits(one, opening) and (kinds is None or one.kind in kinds):
                return one
        return None

    def _known_since(self, rule: Mapping[str, Any], opener: Said) -> datetime:
        def timed(one: Said) -> tuple[Any, ...]:
            return (one.kind, one.action == "withdrawn", self.when(one), *(one.value(path) for path in rule.get("due_in", ())))

        versions = self.versions(opener.alert)
        place = versions.index(opener)
        while place and timed(versions[place - 1]) == timed(opener):
            place -= 1
        return self.known(versions[place])

    def _for_whom(self, rule: Mapping[str, Any], opening: Mapping[str, Any], one: Said, at: datetime) -> list[str]:
        if not rule.get("per_child"):
            return [""]
        named = one.value(opening["child_in"]) or () if "child_in" in opening else self.family.children
        return [child for child in self.family.children if child in named]

    def _by_case(self, opening: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        last = max(self.died(one) for one in self.family.children)
        if opening["case"] == "link":
            for person, relation in self.family.relations.items():
                if any(word in relation for word in opening["relations"]):
                    since = self.family.linked[person]
                    yield f"link of {person}", None, None, since, since, person, last
            return
        for child in self.family.children if opening["case"] == "child_on_open_case" else [""]:
            for span in self.open_for(child):
                ends = min(span.end, self.died(child) if child else last)
                yield f"case, {span.start.astimezone(UTC).isoformat()}", None, None, span.start, span.start, child, ends

    def open_for(self, child: str) -> list[Span]:
        """While a plan of the child's runs, or of any child's; without plans, while the holder is there."""
        wanted = [child] if child else self.family.children
        plans = [
            Span(max(span.start, self.family.linked[one]), span.end)
            for one in wanted
            for who, span in (self.family.plans or [((), self.family.agencies["childrens_social_care"][1])])
            if not who or one in who
        ]
        moments = sorted(span for span in plans if span.start <= span.end)
        merged: list[Span] = []
        for span in moments:
            if merged and span.start <= merged[-1].end + timedelta(seconds=1):
                merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
            else:
                merged.append(span)
        return merged

    def died(self, child: str) -> datetime:
        told = [self.when(one) for one in self.stands() if one.kind == "death" and one.about == child]
        return min(told, default=NEVER)

    # What is due, and what became of it.

    def _owed(
        self, name: str, rule: Any, opening: Any, key: str, opener: Any, terms: Any, at: Any, known: Any, child: str, ends: Any
    ) -> Any:
        agency = self._owner(rule, terms, max(at, known))
        if agency is None:
            return None
        exact = max(opener.first_told, at) if opener is not None and opener.by_day else at
        due = self._due(rule, opening, terms, at, exact)
        stopped = None
        working = "working_days" in (opening.get("within") or rule.get("within") or {})
        for stop in sorted((s for s in self.stops if (s.rule, s.alert) == (name, key)), key=lambda s: (s.at, s.what)):
            if stop.what == "suspended" and stopped is None and stop.at < (due or NEVER):
                stopped = stop.at
            elif stop.what == "resumed" and stopped is not None:
                due = due and put_off(due, stop.at - stopped, working=working)
                stopped = None
        closings = [
            (one, self._closing_moment(one, opener))
            for one in self.stands()
            if self._closes(rule, opening, one, opener, terms, at, child, agency)
        ]
        closed = min(closings, key=lambda pair: self.order(pair[0]), default=None)
        heard = min((self.known(one) for one, _ in closings), default=NEVER)
        over = ends if ends <= self.now else NEVER
        lapsed_at = None
        if due is not None and due < min(ends, stopped or NEVER):
            moments = sorted({max(due, known), *(one.told for one in self.said if one.told > max(due, known))})
            lapsed_at = next(
                (
                    moment
                    for moment in moments
                    if moment <= self.now
                    and not any(
                        self._closes(rule, opening, one, opener, terms, at, child, agency) and self.known(one) <= moment
                        for one in self._as_known(moment)
                    )
                ),
                None,
            )
        if closed and closed[1] < over:
            state = "met" if due is None or closed[1] <= due else "missed"
            return Owed(
                due,
                state,
                closed[0].alert,
                start_of_day(closed[1]) if closed[0].by_day else closed[1],
                agency,
                lapsed_at,
                False,
                min(heard, max(over, known)),
            )
        ended = over if over < NEVER else None
        state = "missed" if lapsed_at else "void" if ended else "suspended" if stopped else "open"
        over_at = min(heard, max(over, known)) if min(heard, over) < NEVER else None
        return Owed(due, state, None, ended, agency, lapsed_at, lapsed_at is not None and over_at is None, over_at)

    def _owner(self, rule: Mapping[str, Any], terms: Said | None, moment: datetime) -> str | None:
        there = [name for name, (_, span) in self.family.agencies.items() if span.holds(moment)]
        wanted = rule.get("agency")
        if wanted is None and terms is not None:
            wanted = terms.source if rule.get("source_owes") else terms.value(rule["agency_in"]) if "agency_in" in rule else None
            wanted = wanted and wanted.lower().replace(" ", "_")
        if wanted in there:
            return wanted
        return "childrens_social_care" if "childrens_social_care" in there else None

    def _due(
        self, rule: Mapping[str, Any], opening: Mapping[str, Any], terms: Said | None, at: datetime, exact: datetime
    ) -> datetime | None:
        for path in rule.get("due_in", ()) if terms is not None else ():
            value = terms.details.get(path) if path == "review_on" else terms.value(path)
            if value is not None:
                if path.endswith("_hours"):
                    return exact + timedelta(hours=value)
                day = at.astimezone(LONDON).date() + timedelta(days=value) if isinstance(value, int) else date.fromisoformat(value)
                return end_of_day(day)
        within = opening.get("within") or rule.get("within")
        return None if within is None else later(exact if {"hours", "minutes"} & within.keys() else at, within)

    def _closes(
        self, rule: Any, opening: Any, one: Said, opener: Said | None, terms: Said | None, at: Any, child: str, agency: str
    ) -> bool:
        if opener is None:
            if self.when(one) < at:
                return False
        else:
            if one is opener or self.when(one) < self.when(opener):
                return False
            if self.fits(one, opening) and self.order(one) <= self.order(opener):
                return False
        return any(self._fits_closing(one, closing, terms, child, agency) for closing in rule.get("closes", ()))

    def _fits_closing(self, one: Said, closing: Mapping[str, Any], terms: Said | None, child: str, agency: str) -> bool:
        if not self.fits(one, closing):
            return False
        if not closing.get("by_anybody") and one.source != agency:
            return False
        if "child_in" in closing and child not in (one.value(closing["child_in"]) or ()):
            return False
        if closing.get("about") and one.about != (child or (terms.about if terms else "")):
            return False
        if "of" in closing and (terms is None or not self.fits(terms, closing["of"])):
            return False
        pairs = closing.get("same", {}).items()
        return all(terms is not None and plain_words(one.value(mine)) == plain_words(terms.value(theirs)) for mine, theirs in pairs)

    def _closing_moment(self, one: Said, opener: Said | None) -> datetime:
        return one.told if opener is not None and one.alert == opener.alert else self.when(one)
