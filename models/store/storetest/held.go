package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"jol/models"
)

// Hold puts the person behind one of the health unit's clients into the institution it
// serves, behind the service's back, and returns the id of the stay.
func (c *Country) Hold(unit *models.Organisation, handle string) string {
	c.t.Helper()
	code, localNo, err := models.ParseClientCode(handle)
	if err != nil {
		c.t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	now := c.Now()
	c.behind(`INSERT INTO custody_spells (id, client_id, person_id, organisation_id, institution_id, basis, state, admitted_at, planned_release, exit_reason,
		exit_region, referral_on_release, naloxone_on_release, in_treatment_at_exit, from_spell_id, version, created_at, created_by)
		SELECT ?, id, person_id, organisation_id, ?, 'sentenced', 'resident', ?, '', '', '', '', '', ?, '', 1, ?, 'fixture' FROM clients WHERE organisation_id = ? AND code = ? AND local_no = ?`,
		id, string(unit.Serves), now, false, now, string(unit.ID), string(code), localNo)
	return id
}

// Free ends a stay behind the service's back.
func (c *Country) Free(spell string) {
	c.t.Helper()
	c.behind("UPDATE custody_spells SET ended_at = ?, state = 'released' WHERE id = ?", c.Now(), spell)
}

// Write puts an entry into the clinical record behind the service's back.
func (c *Country) Write(o *models.Organisation, handle, kind string, category models.Category, code string) string {
	c.t.Helper()
	client, localNo, err := models.ParseClientCode(handle)
	if err != nil {
		c.t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	c.behind(`INSERT INTO entries (id, entry_id, version, current, client_id, organisation_id, episode_id, kind, category, on_date, code, result, quantity, data, correction, created_at, created_by)
		SELECT ?, ?, 1, ?, id, organisation_id, '', ?, ?, ?, ?, 'attended', 0, '{}', '', ?, 'fixture' FROM clients WHERE organisation_id = ? AND code = ? AND local_no = ?`,
		id, id, true, kind, string(category), string(c.Today()), code, c.Now(), string(o.ID), string(client), localNo)
	return id
}

// behind runs a statement on the database itself.
func (c *Country) behind(statement string, args ...any) {
	c.t.Helper()
	db, dialect, err := c.Pool()
	if err != nil {
		c.t.Fatal(err)
	}
	if dialect == "postgres" {
		for i := 1; strings.Contains(statement, "?"); i++ {
			statement = strings.Replace(statement, "?", fmt.Sprintf("$%d", i), 1)
		}
	}
	res, err := db.ExecContext(context.Background(), statement, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		c.t.Fatalf("%d rows", n)
	}
}
