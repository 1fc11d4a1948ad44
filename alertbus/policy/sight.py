"""What one recipient may see, class by class: the policy's row for its sector, and whatever makes this one see less than its row. Pure."""

from alertbus.model.case import CasePerson
from alertbus.model.notice import Content
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.policy import Policy
from alertbus.policy.recipient import Recipient


class Sight:
    """The view of one recipient: answers whether something may be seen, and remembers the classes of which something was left out."""

    def __init__(self, policy: Policy, recipient: Recipient) -> None:
        self._policy = policy
        self.recipient = recipient
        self.withheld: set[str] = set()
        self._tells: dict[str, bool] = {}

    def full(self, sensitivity: Sensitivity, *, theirs: bool = True) -> bool:
        """True if the sector may see the class, and this of it is the recipient's to see."""
        shown = theirs and self._policy.share(self.recipient.sector, sensitivity) is Content.FULL
        if not shown:
            self.withheld.add(sensitivity)
        return shown

    def free_text(self, sensitivity: Sensitivity) -> bool:
        """True for words as somebody wrote them. Who acts for an adult reads only what its own agency wrote."""
        return self.full(sensitivity, theirs=self.recipient.own_words or not self.recipient.for_adults)

    def plan(self) -> bool:
        """True if the family's plan may be seen, which is nothing for who acts for an adult."""
        return self.full(Sensitivity.PLAN, theirs=not self.recipient.for_adults)

    def address(self, key: str) -> bool:
        """True if this person's address may be seen: by who acts for an adult, that adult's own and no other (NOT-18, ANO-03)."""
        return self.full(Sensitivity.ADDRESS, theirs=not self.recipient.for_adults or key in self.recipient.adults)

    def acts_for(self, key: str) -> bool:
        """False for an adult who is not the one for whom the recipient acts: of them it has a name at most, no birth date and no number."""
        return not (self.recipient.for_adults and self.recipient.adults) or key in self.recipient.adults

    def works_with(self, key: str) -> bool:
        """True if the recipient is there for this child, and not for an adult or for other children of the case."""
        return not self.recipient.for_adults and key not in self.recipient.others_children

    def lists(self, key: str) -> bool:
        """True if this child is listed at all: nobody hears of a child before it is born (NOT-20), nor as if it lived after its death
        (NOT-26), and who acts for an adult from whom births are kept hears of no child (NOT-02, ANO-02).
        """
        if key in self.recipient.unborn or self.secret:
            return False
        knows = self._policy.share(self.recipient.sector, Sensitivity.CHILD_IDENTITY) is Content.FULL and self.works_with(key)
        return knows or key not in self.recipient.died

    @property
    def secret(self) -> bool:
        """True for who must not learn that there is a child: to be called a father would say so."""
        return self.recipient.for_adults and self.recipient.kept_from

    @property
    def asked(self) -> bool:
        """True for who is asked something by the alert, and may read what; not where words may tell of a child it must not know."""
        return self.recipient.asked and not self.secret

    def relation(self, key: str, *, child: bool) -> bool:
        """True if it may be read what somebody is to the family: words of the case, which were not written for who acts for an adult."""
        theirs = self.works_with(key) if child else not self.recipient.for_adults
        return theirs and self.template(Sensitivity.CHILD_IDENTITY if child else Sensitivity.ADULT_IDENTITY)

    def label(self, person: CasePerson) -> str | None:
        """What the case calls somebody; to who acts for an adult only where there is no name, and never where it would tell of a child."""
        return None if self.recipient.for_adults and (self.secret or person.name) else person.label

    def template(self, sensitivity: Sensitivity) -> bool:
        """True if the sector may have at least the kind's own words in place of the fact."""
        return self._policy.share(self.recipient.sector, sensitivity) in {Content.FULL, Content.SUMMARY}

    def tells(self, kind: str) -> bool:
        """True if the recipient may know what kind of alert it is. Where not, nothing in the notice may say so (`policy.neutral`)."""
        found = self._tells.get(kind)
        if found is None:
            rule = self._policy.kind_rule(kind)
            found = self._tells[kind] = self.template(rule.tells or rule.narrative)
        return found

    def chain(self, kind: str) -> tuple[str, ...]:
        """The roles that are told in turn while nobody answers."""
        return self._policy.kind_rule(kind).chain
