package synthetic

import "jol/models"

// accounts lists one account of each role and, for showing what another organisation
// does not see, a second clinician and a second outreach worker; of protocol editors three. Their order is a
// promise: the first of each kind of organisation is the one a demo signs in with.
var accounts = []struct {
	username string
	role     models.Role
	kind     models.OrganisationKind
	nth      int // of the organisations of the kind
}{
	{"clinician", models.RoleClinician, models.KindClinic, 0},
	{"prison-medical", models.RolePrisonMedical, models.KindPrisonHealth, 0},
	{"prison-security", models.RolePrisonSecurity, models.KindPrison, 0},
	{"outreach", models.RoleNGOOutreach, models.KindNGO, 0},
	{"probation", models.RoleProbationOfficer, models.KindProbation, 0},
	{"analyst", models.RoleMinistryAnalyst, models.KindMinistry, 0},
	{"narcologist", models.RoleNarcologist, models.KindClinic, 0},
	{"prison-management", models.RolePrisonManagement, models.KindPrison, 0},
	{"coordinator", models.RoleNGOCoordinator, models.KindNGO, 0},
	{"steward", models.RoleReleaseSteward, models.KindMinistry, 0},
	{"editor", models.RoleProtocolEditor, models.KindMinistry, 0},
	{"auditor", models.RoleAuditor, models.KindMinistry, 0},
	{"administrator", models.RoleAdministrator, models.KindMinistry, 0},
	{"nurse", models.RoleNurse, models.KindClinic, 0},
	{"psychologist", models.RolePsychologist, models.KindClinic, 0},
	{"social-worker", models.RoleSocialWorker, models.KindClinic, 0},
	{"peer", models.RolePeerNavigator, models.KindNGO, 0},
	{"programme", models.RoleProgrammeCoordinator, models.KindMinistry, 0},
	{"clinician2", models.RoleClinician, models.KindClinic, 1},
	{"outreach2", models.RoleNGOOutreach, models.KindNGO, 1},
	// An edition needs its author and two more people.
	{"editor2", models.RoleProtocolEditor, models.KindMinistry, 0},
	{"editor3", models.RoleProtocolEditor, models.KindMinistry, 0},
}

func (w *World) addUsers(d *dice) {
	for i, a := range accounts {
		at := w.calendar.at(firstDay-29, i)
		w.Users = append(w.Users, models.User{
			ID: models.UserID(d.id(at)), Username: a.username, Role: a.role, OrganisationID: w.nth(a.kind, a.nth).ID,
			Active: true, Version: 1, CreatedAt: at,
		})
	}
}

// writer returns who wrote an organisation's records: its first account, or the system
// where the synthetic country has given it none.
func (w *World) writer(id models.OrganisationID) models.UserID {
	for i := range w.Users {
		if w.Users[i].OrganisationID == id {
			return w.Users[i].ID
		}
	}
	return models.System(w.Config.Country).UserID
}
