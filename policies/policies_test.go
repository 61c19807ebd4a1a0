package policies

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"jol/models"
)

var loaded = sync.OnceValues(New)

func policies(t testing.TB) *Policies {
	t.Helper()
	p, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// health lists the categories that say something about a person's health or that
// follow from it.
var health = []models.Category{
	models.CatTreatmentFact, models.CatScreening, models.CatDiagnosis, models.CatInfection, models.CatMentalHealth,
	models.CatWithdrawal, models.CatOAT, models.CatDrugTest, models.CatReproductive, models.CatCounselling,
	models.CatPlanClinical, models.CatReleasePlan, models.CatAttendance, models.CatNaloxone,
	models.CatOverdoseClinical, models.CatComplaint,
}

func TestAllow_AgreesWithGrantsForEveryTuple(t *testing.T) {
	t.Parallel()
	p := policies(t)
	for _, role := range models.Roles {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			grants := p.Grants(role)
			for _, category := range models.Categories {
				for _, verb := range models.Verbs {
					if p.Allow(role, category, verb) != grants.Has(category, verb) {
						t.Errorf("%s %s: gate and grants differ", category, verb)
					}
				}
			}
		})
	}
}

func TestAllow_DeniesByDefault(t *testing.T) {
	t.Parallel()
	p := policies(t)
	if !p.Allow(models.RoleClinician, models.CatIdentity, models.Read) {
		t.Fatal("the tuple that the others are derived from is denied")
	}
	for _, odd := range []string{
		"", " ", "*", ".*", ".+", "%", "any", "root", "admin", "superuser", "system", "client", "p", "Read", "READ",
		"clinician ", " clinician", "clinician.*", "^clinician$", "clinician|nurse", "clinician$$identity", "Identity",
		"identity\n", "read,", "read$$", "'", `" || true || "`, "r.role", "cliniсian", // the last with a Cyrillic с
	} {
		if p.Allow(models.Role(odd), models.CatIdentity, models.Read) {
			t.Errorf("role %q is allowed", odd)
		}
		if p.Allow(models.RoleClinician, models.Category(odd), models.Read) {
			t.Errorf("category %q is allowed", odd)
		}
		if p.Allow(models.RoleClinician, models.CatIdentity, models.Verb(odd)) {
			t.Errorf("verb %q is allowed", odd)
		}
		if p.Allow(models.Role(odd), models.Category(odd), models.Verb(odd)) {
			t.Errorf("%q three times is allowed", odd)
		}
		if p.Grants(models.Role(odd)).Has(models.CatIdentity, models.Read) {
			t.Errorf("role %q has grants", odd)
		}
	}
}

func TestRolesWithoutColumn_HaveNoClientCategory(t *testing.T) {
	t.Parallel()
	p := policies(t)
	for _, role := range []models.Role{
		models.RoleAdministrator, models.RoleAuditor, models.RoleReleaseSteward, models.RoleProtocolEditor,
		models.RoleMinistryAnalyst, models.RoleProgrammeCoordinator,
	} {
		for _, category := range models.ClientCategories {
			for _, verb := range models.Verbs {
				// A pass is about a worker and a gate, not about a client.
				visit := role == models.RoleProgrammeCoordinator && category == models.CatAccessPass && verb == models.Read
				if p.Allow(role, category, verb) != visit {
					t.Errorf("%s %s %s: allowed is %v", role, category, verb, !visit)
				}
			}
		}
		for _, category := range []models.Category{
			models.CatReferral, models.CatEpisode, models.CatTask, models.CatCustody, models.CatTransfer,
			models.CatReleaseCase, models.CatFunctionalNote, models.CatBreakGlass,
		} {
			if len(p.Grants(role)[category]) > 0 {
				t.Errorf("%s has grants on %s", role, category)
			}
		}
	}
}

func TestSecurityRoles_HaveNoHealthCategory(t *testing.T) {
	t.Parallel()
	p := policies(t)
	shut := append(slices.Clone(health), models.CatIdentity, models.CatConsent, models.CatPlanSocial, models.CatDisclosureLog,
		models.CatReferral, models.CatEpisode, models.CatTask, models.CatTransfer, models.CatReleaseCase, models.CatBreakGlass)
	for _, role := range []models.Role{models.RolePrisonSecurity, models.RolePrisonManagement} {
		for _, category := range shut {
			for _, verb := range models.Verbs {
				if p.Allow(role, category, verb) {
					t.Errorf("%s may %s %s", role, verb, category)
				}
			}
		}
		for category, verbs := range p.Grants(role) {
			for verb, relations := range verbs {
				for _, bad := range []models.Relation{models.Team, models.Consented, models.Emergency, models.Country} {
					if slices.Contains(relations, bad) {
						t.Errorf("%s may %s %s through %s", role, verb, category, bad)
					}
				}
			}
		}
	}
}

func TestEmergency_ReadsAndNeverOpensForbiddenCategories(t *testing.T) {
	t.Parallel()
	p := policies(t)
	forbidden := []models.Category{models.CatCounselling, models.CatReproductive, models.CatComplaint, models.CatIncident}
	for _, role := range models.Roles {
		for category, verbs := range p.Grants(role) {
			for verb, relations := range verbs {
				if !slices.Contains(relations, models.Emergency) {
					continue
				}
				if verb != models.Read || slices.Contains(forbidden, category) || !slices.Contains(health, category) {
					t.Errorf("%s may %s %s in an emergency", role, verb, category)
				}
			}
		}
	}
}

// TestClientCategories_AreNeverReachedWithoutARelationToThePerson keeps the relations
// without a person (any, country) to resources that are about nobody.
func TestClientCategories_AreNeverReachedWithoutARelationToThePerson(t *testing.T) {
	t.Parallel()
	p := policies(t)
	for _, role := range models.Roles {
		for category, verbs := range p.Grants(role) {
			if !slices.Contains(models.ClientCategories, category) || category == models.CatAccessPass {
				continue
			}
			for verb, relations := range verbs {
				if slices.Contains(relations, models.Any) || slices.Contains(relations, models.Country) {
					t.Errorf("%s may %s %s of anybody", role, verb, category)
				}
			}
		}
	}
}

func TestWriters_ReadBackThroughTheSameRelation(t *testing.T) {
	t.Parallel()
	p := policies(t)
	for _, role := range models.Roles {
		grants := p.Grants(role)
		for category, verbs := range grants {
			for verb, relations := range verbs {
				for _, relation := range relations {
					ok := grants.Through(category, models.Read, relation) || grants.Through(category, models.Read, models.Any)
					if !ok {
						t.Errorf("%s may %s %s through %s and cannot read it", role, verb, category, relation)
					}
				}
			}
		}
	}
}

// TestOrganisations_ReadWhatTheyWrote checks the contract's sentence: what an
// organisation wrote it always reads, security and management excepted. It holds for
// the roles whose cell is T, C or F.
func TestOrganisations_ReadWhatTheyWrote(t *testing.T) {
	t.Parallel()
	p := policies(t)
	for _, kind := range []models.OrganisationKind{models.KindClinic, models.KindPrisonHealth, models.KindNGO, models.KindProbation} {
		for _, l := range confidentiality {
			if l.category == models.CatCounselling && kind != models.KindNGO {
				continue // counselling notes are an NGO's: docs/access.md
			}
			writes := slices.ContainsFunc(kind.Roles(), func(r models.Role) bool {
				return p.Grants(r).Through(l.category, models.Create, models.Own)
			})
			for i, cell := range l.cells {
				letters, _, _ := strings.Cut(cell, ":")
				if !writes || !strings.ContainsAny(letters, "TCF") {
					continue
				}
				for _, role := range columns[order[i]] {
					if slices.Contains(kind.Roles(), role) && !p.Grants(role).Through(l.category, models.Read, models.Own) {
						t.Errorf("%s in a %s cannot read the %s its organisation wrote", role, kind, l.category)
					}
				}
			}
		}
	}
}

func TestGrants_ListRelationsInOrderAndGiveUnknownRolesNothing(t *testing.T) {
	t.Parallel()
	p := policies(t)
	got := p.Grants(models.RoleClinician)[models.CatDiagnosis][models.Read]
	if want := []models.Relation{models.Own, models.Team, models.Consented, models.Emergency}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(p.Grants("nobody")) != 0 {
		t.Error("an unknown role has grants")
	}
}

func BenchmarkAllow(b *testing.B) {
	p := policies(b)
	b.ReportAllocs()
	for b.Loop() {
		if !p.Allow(models.RoleNGOCoordinator, models.CatReferral, models.Read) {
			b.Fatal("denied")
		}
	}
}
