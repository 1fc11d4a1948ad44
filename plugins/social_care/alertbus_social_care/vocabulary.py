"""Which elements of the Children in Need census stand in which: those of the schema of 2024, `Sex`, and what 2026 adds."""

from collections.abc import Mapping

from alertbus.plugin import IdentifierSystem

CHILD: Mapping[str, IdentifierSystem] = {"LAchildID": IdentifierSystem.LA_CHILD_ID, "UPN": IdentifierSystem.UPN}
"""The elements that hold a number of the child's."""

ELEMENTS: Mapping[str, frozenset[str]] = {
    parent: frozenset(children.split())
    for parent, children in {
        "Message": "Header Children",
        "Header": "Source",
        "Source": "SourceLevel LEA SoftwareCode Release SerialNo DateTime",
        "Children": "Child",
        "Child": "ChildIdentifiers ChildCharacteristics CINdetails",
        "ChildIdentifiers": "LAchildID UPN FormerUPN UPNunknown PersonBirthDate ExpectedPersonBirthDate GenderCurrent Sex PersonDeathDate",
        "ChildCharacteristics": "Ethnicity Disabilities",
        "Disabilities": "Disability",
        "CINdetails": "CINreferralDate ReferralSource PrimaryNeedCode CINclosureDate ReasonForClosure DateOfInitialCPC Assessments "
        "CINPlanDates Section47 ReferralNFA ChildProtectionPlans PreProceedingsandFGDM",
        "Assessments": "AssessmentActualStartDate AssessmentInternalReviewDate AssessmentAuthorisationDate FactorsIdentifiedAtAssessment",
        "FactorsIdentifiedAtAssessment": "AssessmentFactors",
        "CINPlanDates": "CINPlanStartDate CINPlanEndDate",
        "Section47": "S47ActualStartDate InitialCPCtarget DateOfInitialCPC ICPCnotRequired",
        "ChildProtectionPlans": "CPPstartDate CPPendDate InitialCategoryOfAbuse LatestCategoryOfAbuse NumberOfPreviousCPP Reviews",
        "Reviews": "CPPreviewDate",
        "PreProceedingsandFGDM": "PPStartDate LBPSentDate FGDMMeetingOffer FGDMMeetingFac InitialPPMeetingDate ReviewMeetingsCount "
        "StepDecisionDate PPOutcome CourtAppDate LetterInitCPDate",
    }.items()
}
