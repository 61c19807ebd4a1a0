package handlers

import (
	"reflect"
	"strings"

	"jol/models"
)

// views lists every response type. A type that is missing here fails a test.
var views = []any{
	AuditEventView{}, BundleView{}, ChangeView{}, ClientView{}, CodeListsView{}, ConsentView{}, DiffView{},
	EditionView{}, EditorialView{}, EpisodeFactView{}, EpisodeImpactView{}, EpisodeView{}, EpisodesImpactView{},
	FacetCountView{}, FacilityLimitView{}, DenominatorView{}, LoadedView{}, IdentityChangeView{}, ImpactView{}, IndicatorView{}, InterfaceWordsView{}, MeView{}, OrganisationView{},
	PathwayView{}, ProblemView{}, RecipientView{}, ReferralStubView{}, ReferralView{}, RegisteredClientView{}, ReleaseTableView{},
	ReleaseView{}, SearchFacetsView{}, SearchHighlightView{}, SearchHitView{}, SearchView{}, StepImpactView{}, TokenView{},
	ColleagueView{}, UserView{}, WithdrawalView{}, WorksheetRowView{}, WorksheetView{},
	AnchorView{}, TaskView{}, TaskDueView{},
	CustodySlipView{}, CustodySpellView{}, CustodyTransferView{}, DutyContactView{}, NoticeView{}, PlannedReleaseView{}, RegionDefaultView{},
	ReleaseCaseView{}, ReleaseHandoverView{}, ReleaseOutcomeView{}, ReleaseStepView{},
	OrderGapView{}, DoseGuardView{}, DoseOrderVersionView{}, DoseOrderView{}, DoseTransferStubView{}, DoseTransferView{}, DoseView{}, DoubleDosingView{},
	AssessmentView{}, AttendanceView{}, ClinicalPlanView{}, ContactView{}, CounsellingNoteView{}, DiagnosisView{}, DrugTestView{},
	EntryHistoryView{}, InfectionTestView{}, MentalHealthCheckView{}, NaloxoneTrainingView{}, ObservationView{}, ReproductiveStatusView{},
	ScreeningView{}, SocialPlanView{}, AlertView{}, EWSReportView{}, EWSSharedReportView{}, EWSFigureView{}, EWSFiguresView{}, NaloxoneKitView{}, OverdosePlaceView{}, OverdoseView{},
	ChangedView{}, DeviceStateView{}, DeviceView{}, SyncConflictView{}, SyncResolutionView{}, SyncResultView{}, SyncView{},
	AccessPassView{}, AgreementView{}, AttendedDayView{}, BreakGlassView{}, ConsentVersionView{}, CourtDutyView{}, DisclosureView{},
	FunctionalNoteView{}, FunctionalSlipView{}, SocialPlanLineView{}, SummaryView{}, SummaryConsentView{}, SummaryGivenView{}, SummaryLineView{}, SummaryLookView{},
	SupervisedPersonView{}, SupervisedReferralView{}, SupervisionView{}, VisitView{}, OwnFigureView{}, OwnFiguresView{},
}

// FieldCategories returns the response fields of each category, as Type.field, read from
// the struct tags. The policy matrix in the documentation is made of it, so that what a
// reviewer reads there is what the service answers.
func FieldCategories() map[models.Category][]string {
	fields := map[models.Category][]string{}
	for _, view := range views {
		t := reflect.TypeOf(view)
		for _, f := range members(t) {
			if category := models.Category(f.Tag.Get("cat")); category != "" {
				fields[category] = append(fields[category], strings.TrimSuffix(t.Name(), "View")+"."+jsonName(f))
			}
		}
	}
	return fields
}

// members lists the fields of an answer. Those of an embedded part take its category.
func members(t reflect.Type) []reflect.StructField {
	var all []reflect.StructField
	for f := range t.Fields() {
		if !f.Anonymous {
			all = append(all, f)
			continue
		}
		for _, part := range members(f.Type) {
			if outer := f.Tag.Get("cat"); outer != "" && part.Tag.Get("cat") == "" {
				part.Tag += " " + reflect.StructTag(`cat:"`+outer+`"`)
			}
			all = append(all, part)
		}
	}
	return all
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
