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
	FacetCountView{}, IdentityChangeView{}, ImpactView{}, IndicatorView{}, InterfaceWordsView{}, MeView{}, OrganisationView{},
	PathwayView{}, ProblemView{}, RecipientView{}, ReferralStubView{}, ReferralView{}, RegisteredClientView{}, ReleaseTableView{},
	ReleaseView{}, SearchFacetsView{}, SearchHighlightView{}, SearchHitView{}, SearchView{}, StepImpactView{}, TokenView{},
	UserView{}, WithdrawalView{},
	AccessPassView{}, AgreementView{}, AttendedDayView{}, BreakGlassView{}, ConsentVersionView{}, CourtDutyView{}, DisclosureView{},
	FunctionalNoteView{}, FunctionalSlipView{}, SocialPlanLineView{}, SummaryView{}, SummaryConsentView{}, SummaryGivenView{}, SummaryLineView{}, SummaryLookView{},
	SupervisedPersonView{}, SupervisionView{}, VisitView{},
}

// FieldCategories returns the response fields of each category, as Type.field, read from
// the struct tags. The policy matrix in the documentation is made of it, so that what a
// reviewer reads there is what the service answers.
func FieldCategories() map[models.Category][]string {
	fields := map[models.Category][]string{}
	for _, view := range views {
		t := reflect.TypeOf(view)
		for f := range t.Fields() {
			if category := models.Category(f.Tag.Get("cat")); category != "" {
				fields[category] = append(fields[category], strings.TrimSuffix(t.Name(), "View")+"."+jsonName(f))
			}
		}
	}
	return fields
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
