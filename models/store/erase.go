package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// Erasing a client removes one organisation's record of a person from every table. What
// stays: the audit trail and the disclosure log, which hold random ids that lead nowhere any
// more; sealed releases, which hold perturbed counts; and what other organisations wrote
// about the same person, which is theirs to erase (docs/retention.md).

// How erasure treats a column that ties a row to a client, directly or through a record.
const (
	eraseRow  = "row"   // the row goes
	eraseLink = "blank" // the row is somebody else's or about nobody: the tie goes
	eraseNot  = "keep"  // random ids only, kept on purpose
)

// tie is a column that ties rows to a client.
type tie struct {
	table, column string
	of            string // the table whose rows it names; clients when empty
	how           string
}

// ties lists every such column, rows that hang on others first: erasure works through it in
// this order. A test walks the schema and fails for a column that is not here.
var ties = []tie{
	{"deliveries", "notice_id", "notices", eraseRow},
	{"notices", "subject_id", "*", eraseRow},
	{"notices", "consent_id", "consents", eraseRow},
	{"task_dues", "task_id", "tasks", eraseRow},
	{"tasks", "subject_id", "*", eraseNot}, // of the client's own tasks, which go by client_id
	{"tasks", "episode_id", "episodes", eraseRow},
	{"tasks", "client_id", "", eraseRow},
	{"anchors", "episode_id", "episodes", eraseRow},
	{"anchors", "client_id", "", eraseRow},
	{"entries", "entry_id", "entries", eraseRow},
	{"entries", "episode_id", "episodes", eraseRow},
	{"entries", "client_id", "", eraseRow},
	{"dose_events", "order_id", "dose_orders", eraseRow},
	{"dose_events", "client_id", "", eraseRow},
	{"double_dosing", "order_id", "dose_orders", eraseRow},
	{"double_dosing", "client_id", "", eraseRow},
	{"dose_transfers", "consent_id", "consents", eraseNot}, // goes with from_client_id
	{"dose_transfers", "order_id", "dose_orders", eraseNot},
	{"dose_transfers", "receiver_order_id", "dose_orders", eraseLink},
	{"dose_transfers", "from_client_id", "", eraseRow},
	{"dose_transfers", "to_client_id", "", eraseLink},
	{"dose_order_versions", "order_id", "dose_orders", eraseRow},
	{"dose_orders", "transfer_id", "dose_transfers", eraseLink},
	{"dose_orders", "episode_id", "episodes", eraseRow},
	{"dose_orders", "client_id", "", eraseRow},
	{"functional_notes", "spell_id", "custody_spells", eraseRow},
	{"functional_notes", "client_id", "", eraseRow},
	{"planned_releases", "spell_id", "custody_spells", eraseRow},
	{"planned_releases", "client_id", "", eraseRow},
	{"release_cases", "spell_id", "custody_spells", eraseRow},
	{"release_cases", "client_id", "", eraseRow},
	{"custody_transfers", "spell_id", "custody_spells", eraseRow},
	{"custody_transfers", "client_id", "", eraseRow},
	{"custody_transfers", "to_client_id", "", eraseLink},
	{"custody_spells", "from_spell_id", "custody_spells", eraseLink},
	{"custody_spells", "client_id", "", eraseRow},
	{"break_glass", "client_id", "", eraseRow},
	{"naloxone_kits", "overdose_id", "overdoses", eraseLink},
	{"naloxone_kits", "client_id", "", eraseLink}, // stock is about nobody
	{"overdoses", "client_id", "", eraseRow},
	{"referrals", "consent_id", "consents", eraseRow},
	{"referrals", "supervision_id", "*", eraseNot}, // goes with from_client_id
	{"referrals", "from_client_id", "", eraseRow},
	{"referrals", "to_client_id", "", eraseLink},
	{"court_duties", "client_id", "", eraseRow},
	{"consent_versions", "consent_id", "consents", eraseRow},
	{"consent_versions", "client_id", "", eraseNot}, // goes with its consent
	{"consents", "client_id", "", eraseRow},
	{"identity_changes", "with_id", "", eraseLink},
	{"identity_changes", "client_id", "", eraseRow},
	{"episode_contacts", "episode_id", "episodes", eraseRow},
	{"episode_contacts", "client_id", "", eraseRow},
	{"episodes", "client_id", "", eraseRow},
	{"disclosures", "client_id", "", eraseNot},
	{"disclosures", "consent_id", "consents", eraseNot},
	{"changes", "record_id", "*", eraseRow},
	{"idempotency_keys", "resource_id", "*", eraseRow},
	{"linkage_entries", "client_id", "", eraseRow},
}

// Ties lists the columns that erasure knows, as table.column, for the test that walks the schema.
func Ties() []string {
	var out []string
	for _, t := range ties {
		out = append(out, t.table+"."+t.column)
	}
	return out
}

// EraseClient erases a client of an organisation, named by its code. It is for the operator's
// command only: no route calls it.
func (s *Store) EraseClient(ctx context.Context, organisation models.OrganisationID, handle string) error {
	code, localNo, err := models.ParseClientCode(handle)
	if err != nil {
		return err
	}
	var c models.Client
	err = s.read.WithContext(ctx).Where("organisation_id = ? AND code = ? AND local_no = ?", organisation, code, localNo).Take(&c).Error
	if err != nil {
		return found(err, "client")
	}
	return s.erase(ctx, c.ID, nil)
}

// system is a session in which no person acts; request names what does, in the trail.
func (s *Store) system(request string) *Session {
	return s.For(models.System(s.opt.Country), nil, Request{ID: request})
}

// erase removes a client in one transaction, with its audit event. still may look again, in
// the same transaction, whether it is to be.
func (s *Store) erase(ctx context.Context, id models.ClientID, still func(*gorm.DB) error) error {
	return s.system("command").write(ctx, "client.erase", func(tx *tx) error {
		if still != nil {
			if err := still(tx.DB); err != nil {
				return err
			}
		}
		var c models.Client
		if err := found(tx.Where("id = ?", id).Take(&c).Error, "client"); err != nil {
			return err
		}
		tx.audit(string(id))
		ids, err := tx.recordsOf(&c)
		if err != nil {
			return err
		}
		if err := tx.tellErased(&c, ids["*"]); err != nil {
			return err
		}
		if err := tx.dropWaiting(&c, ids["*"]); err != nil {
			return err
		}
		for _, tie := range ties {
			if err := tx.untie(tie, string(c.ID), ids); err != nil {
				return err
			}
		}
		if err := tx.Where("id = ?", c.ID).Delete(&models.Client{}).Error; err != nil {
			return err
		}
		return tx.leavePerson(c.PersonID)
	})
}

// recordsOf collects the ids of the client's rows by table; "*" has all of them.
func (t *tx) recordsOf(c *models.Client) (map[string][]string, error) {
	ids := map[string][]string{"*": {string(c.ID)}}
	for _, tie := range ties {
		if tie.of != "" || tie.how != eraseRow || tie.table == "linkage_entries" {
			continue
		}
		var own []string
		if err := t.Table(tie.table).Where(tie.column+" = ?", c.ID).Pluck("id", &own).Error; err != nil {
			return nil, err
		}
		ids[tie.table] = append(ids[tie.table], own...)
		ids["*"] = append(ids["*"], own...)
	}
	var versions []string // an entry is named by its entry_id
	if err := t.Table("entries").Where("client_id = ?", c.ID).Distinct().Pluck("entry_id", &versions).Error; err != nil {
		return nil, err
	}
	ids["entries"] = append(ids["entries"], versions...)
	ids["*"] = append(ids["*"], versions...)
	err := inChunks(ids["*"], func(some []string) error {
		var notices []string
		err := t.Table("notices").Where("subject_id IN ?", some).Pluck("id", &notices).Error
		ids["notices"] = append(ids["notices"], notices...)
		return err
	})
	return ids, err
}

// inChunks keeps below the number of values one statement takes.
func inChunks(ids []string, run func([]string) error) error {
	for some := range slices.Chunk(ids, 1000) {
		if err := run(some); err != nil {
			return err
		}
	}
	return nil
}

// tellErased tells everybody who was told of a record that it is gone: by the code, for
// that is how a device knows its client.
func (t *tx) tellErased(c *models.Client, ids []string) error {
	err := inChunks(ids, func(some []string) error {
		told, err := t.toldOf(some)
		for _, e := range told {
			if e.Kind != "client" {
				t.gone(e.Kind, e.RecordID, e.OrganisationID)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	t.gone("client", c.Handle(), c.OrganisationID)
	return t.tellShared(c.ID, models.ClientCategories...) // whoever read some of it reads the person anew
}

// dropWaiting removes commands of the inbox that speak of the client.
func (t *tx) dropWaiting(c *models.Client, ids []string) error {
	var waiting []models.SyncConflict
	if err := t.Where("state = ?", models.ConflictWaiting).Find(&waiting).Error; err != nil {
		return err
	}
	for i := range waiting {
		says := waiting[i].Payload
		for _, value := range waiting[i].Params {
			says += "\x00" + value
		}
		speaks := waiting[i].OrganisationID == c.OrganisationID && strings.Contains(says, c.Code)
		speaks = speaks || slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(says, id) })
		if !speaks {
			continue
		}
		if err := t.Where("id = ?", waiting[i].ID).Delete(&models.SyncConflict{}).Error; err != nil {
			return err
		}
	}
	return nil
}

// untie removes what a column ties to the client.
func (t *tx) untie(tie tie, client string, ids map[string][]string) error {
	which := []string{client}
	if tie.of != "" {
		which = ids[tie.of]
	}
	table := tie.table
	if table == "linkage_entries" {
		table = t.session.store.linkTable()
	}
	return inChunks(which, func(some []string) error {
		rows := func() *gorm.DB { return t.Table(table).Where(tie.column+" IN ?", some) }
		switch tie.how {
		case eraseRow:
			return rows().Delete(nil).Error
		case eraseLink:
			return t.blank(tie, rows)
		}
		return nil
	})
}

// blank takes the tie off a row that stays, and what else of the client stands beside it.
func (t *tx) blank(tie tie, rows func() *gorm.DB) error {
	set := map[string]any{tie.column: ""}
	switch tie.table + "." + tie.column {
	case "referrals.to_client_id": // the code in the receiver's sector; without it the receiver sees the referral no more
		set["to_code"] = ""
	case "dose_transfers.to_client_id":
		set["other_code"] = ""
		if err := rows().Where("from_client_id = ''").Delete(nil).Error; err != nil { // asked for, and nobody's else yet
			return err
		}
	case "identity_changes.with_id": // nothing is left to carry out
		if err := rows().Where("state = 'requested'").Delete(nil).Error; err != nil {
			return err
		}
	}
	return rows().Updates(set).Error
}

// leavePerson removes a person nobody knows any more, or lets somebody who does be responsible.
func (t *tx) leavePerson(person models.PersonID) error {
	var left int64
	if err := t.Model(&models.Client{}).Where("person_id = ?", person).Count(&left).Error; err != nil {
		return err
	}
	if left == 0 {
		return t.Where("id = ?", person).Delete(&models.Person{}).Error
	}
	return t.keepResponsible(person)
}
