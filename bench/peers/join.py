"""The join that every peer keeps, in plain dictionaries, so that they differ in their framework and in nothing else.

    alerts about persons ⋈ person-case links    → arrivals at cases      (keyed by person)
    arrivals at cases ⋈ case-agency involvements → obligations            (keyed by case)

Any of the four may come last. Records are JSON objects; what a function returns is the new state and what is to be sent on.
"""

State = dict
Event = dict


def met(state: State | None, event: Event) -> tuple[State, list[Event]]:
    """One person's state after an alert about them or a link of theirs."""
    state = state or {"cases": [], "alerts": {}}
    if event["type"] == "linked":
        if event["case"] in state["cases"]:
            return state, []
        state["cases"].append(event["case"])
        return state, [arrived(event["case"], alert, body) for alert, body in state["alerts"].items()]
    state["alerts"][event["alert"]] = event["body"]
    return state, [arrived(case, event["alert"], event["body"]) for case in state["cases"]]


def arrived(case: str, alert: str, body: str) -> Event:
    return {"type": "arrived", "case": case, "alert": alert, "body": body}


def owed(state: State | None, event: Event, because: str) -> tuple[State, list[Event]]:
    """One case's state after an arrival or an agency's involvement. `because` stands for what a notice says beside the alert."""
    state = state or {"agencies": [], "alerts": {}}
    case = event["case"]
    if event["type"] == "involved":
        if event["agency"] in state["agencies"]:
            return state, []
        state["agencies"].append(event["agency"])
        return state, [obligation(case, event["agency"], alert, body, because) for alert, body in state["alerts"].items()]
    state["alerts"][event["alert"]] = event["body"]
    return state, [obligation(case, agency, event["alert"], event["body"], because) for agency in state["agencies"]]


def obligation(case: str, agency: str, alert: str, body: str, because: str) -> Event:
    return {"alert": alert, "case": case, "agency": agency, "body": body, "because": because}


def recipient(obligation: Event) -> str:
    """An obligation's key: an agency reads one case's obligations in order."""
    return f"{obligation['agency']}/{obligation['case']}"
