package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// changeEntry is one line of an organisation's change feed: a record that it may see was
// made or changed, or is no longer its to see.
type changeEntry struct {
	Seq            int64 `gorm:"primaryKey;autoIncrement"`
	OrganisationID models.OrganisationID
	Kind           string // referral, task, …: the noun of its address
	RecordID       string
	Gone           bool
	At             time.Time
}

func (changeEntry) TableName() string { return "changes" }

// tell enters the record in the change feeds of the organisations that may see it.
func (t *tx) tell(kind, id string, to ...models.OrganisationID) { t.note(kind, id, false, to) }

// gone enters in the change feeds of the organisations that they may no longer see the record.
func (t *tx) gone(kind, id string, to ...models.OrganisationID) { t.note(kind, id, true, to) }

func (t *tx) note(kind, id string, gone bool, to []models.OrganisationID) {
	for _, org := range to {
		entry := changeEntry{OrganisationID: org, Kind: kind, RecordID: id, Gone: gone, At: t.now}
		if org != "" && !slices.Contains(t.changes, entry) {
			t.changes = append(t.changes, entry)
		}
	}
}

// tellChanges writes the entries as the transaction's last statement. On PostgreSQL a lock
// for each organisation, held until the commit, makes the order of seq within a feed the
// order of commits, so that a reader's cursor never passes an entry that commits later
// (an id or a time does not give that: docs/adr/0014). SQLite has one writer.
func (t *tx) tellChanges() error {
	if len(t.changes) == 0 {
		return nil
	}
	if t.session.store.dialect == "postgres" {
		feeds := make([]string, len(t.changes))
		for i, c := range t.changes {
			feeds[i] = string(c.OrganisationID)
		}
		slices.Sort(feeds) // everybody in one order, or two would wait for each other
		var locks []string
		var args []any
		for _, feed := range slices.Compact(feeds) {
			locks = append(locks, "pg_advisory_xact_lock(hashtextextended(?, 0))") // a list is evaluated in order
			args = append(args, feed)
		}
		if err := t.Exec("SELECT "+strings.Join(locks, ", "), args...).Error; err != nil {
			return err
		}
	}
	return t.Create(&t.changes).Error
}

// toldOf are the organisations that were told of a record since the feed began: those that
// may hold a copy of it.
func (t *tx) toldOf(ids []string) (entries []changeEntry, err error) {
	err = t.Model(&changeEntry{}).Distinct("organisation_id", "kind", "record_id").Where("record_id IN ?", ids).Find(&entries).Error
	return entries, err
}

// ownRecord is a client record of an organisation that may see something of the person.
type ownRecord struct {
	ID             string
	OrganisationID models.OrganisationID
}

// sharing are the own records, of the same person, of the organisations that a consent in
// force opens some of these categories to. It names nobody who may see nothing: that
// something happened to a client is not for others. Of what prison health
// keeps of somebody who is held no NGO is told: what it reaches then is a worker's with a
// pass (Session.visits), and the feed is the organisation's.
func (t *tx) sharing(client models.ClientID, categories ...models.Category) (records []ownRecord, err error) {
	consents, err := t.consentsInForce(client)
	if err != nil {
		return nil, err
	}
	var inside int64
	if len(consents) > 0 {
		err = t.Table("custody_spells AS hs").Joins("JOIN clients hc ON hc.person_id = hs.person_id AND hc.id = ?", client).
			Joins("JOIN organisations ho ON ho.id = hc.organisation_id AND ho.kind = ?", models.KindPrisonHealth).Where(heldNow).Count(&inside).Error
	}
	for i := range consents {
		k := &consents[i]
		if err != nil || !slices.ContainsFunc(categories, func(c models.Category) bool {
			return slices.Contains(k.Categories, c.Consentable()) && slices.Contains(models.PurposesFor(c), k.Purpose)
		}) {
			continue
		}
		q := t.recipientOf(k)
		if inside > 0 {
			q = q.Where("organisations.kind <> ?", models.KindNGO)
		}
		var open []ownRecord
		err = q.Find(&open).Error
		records = append(records, open...)
	}
	return records, err
}

func (t *tx) consentsInForce(client models.ClientID) (consents []models.Consent, err error) {
	err = t.Where("client_id = ? AND state = ? AND from_date <= ? AND until_date >= ?", client, models.ConsentGiven, t.today, t.today).Order("id").Find(&consents).Error
	return consents, err
}

// recordsOfRecipient are the recipient's own records of the person the consent is about.
// Without one the recipient has nothing to reach the person by, and is told nothing.
func (t *tx) recordsOfRecipient(k *models.Consent) (records []ownRecord, err error) {
	err = t.recipientOf(k).Find(&records).Error
	return records, err
}

func (t *tx) recipientOf(k *models.Consent) *gorm.DB {
	return recipientsRecords(t.DB, "clients.person_id = (SELECT person_id FROM clients WHERE id = ?) AND clients.organisation_id <> ?", k.ClientID, k.OrganisationID).
		Where("(clients.organisation_id = ? OR organisations.kind = ?)", k.RecipientID, k.RecipientKind)
}

func recipientsRecords(q *gorm.DB, where string, args ...any) *gorm.DB {
	return q.Session(&gorm.Session{NewDB: true}).Model(&models.Client{}).Select("clients.id, clients.organisation_id").
		Joins("JOIN organisations ON organisations.id = clients.organisation_id").Where(where, args...).Order("clients.id")
}

// tellShared tells those whom a consent lets see something of the client, by the name they
// know the person by: their own record.
func (t *tx) tellShared(client models.ClientID, categories ...models.Category) error {
	records, err := t.sharing(client, categories...)
	if err != nil {
		return err
	}
	team, err := t.teamOf(client)
	for _, r := range append(records, team...) {
		t.tell("client", r.ID, r.OrganisationID)
	}
	return err
}

// tellParted tells those who see something of the client, before its record leaves the person:
// all that consents open is gone, and what they open still comes back with the client.
func (t *tx) tellParted(client models.ClientID) error {
	consents, err := t.consentsInForce(client)
	if err != nil {
		return err
	}
	for i := range consents {
		if err := t.tellShut(&consents[i]); err != nil {
			return err
		}
	}
	return t.tellShared(client, models.ClientCategories...)
}

// teamOf is the own record of the treating team in charge, if it is another organisation:
// the relation "team" of scope.go, in its own words. A copy of them told a clinic that is
// responsible by default only, and told teams of what NGOs write.
func (t *tx) teamOf(client models.ClientID) (records []ownRecord, err error) {
	var responsible []models.Organisation
	if err := t.Joins("JOIN persons p ON p.responsible_id = organisations.id").Joins("JOIN clients rc ON rc.person_id = p.id AND rc.organisation_id <> organisations.id").
		Where("rc.id = ?", client).Find(&responsible).Error; err != nil || len(responsible) == 0 {
		return nil, err
	}
	c := t.session.of(&responsible[0]).inCharge("told.id")
	if c.sql == "" {
		return nil, nil
	}
	reached := t.Session(&gorm.Session{NewDB: true}).Table("clients AS told").Select("told.person_id").Where("told.id = ?", client).Where(c.sql, c.args...)
	err = recipientsRecords(t.DB, "clients.organisation_id = ? AND clients.person_id = (?)", responsible[0].ID, reached).Find(&records).Error
	return records, err
}

// of is a session of another organisation as far as its relations go: of no user and no role.
func (s *Session) of(o *models.Organisation) *Session {
	return &Session{store: s.store, actor: models.Actor{OrganisationID: o.ID, OrganisationKind: o.Kind, Serves: o.Serves, Zone: models.Zone(o.Country, o.Region)}}
}

// tellRecipient tells a consent's recipient that what it may see of the person has changed.
// When the consent ended, what it opened is gone first: what another consent still opens
// comes back with the client.
func (t *tx) tellRecipient(k *models.Consent, ended bool) error {
	if len(k.Categories) == 0 {
		return nil
	}
	if ended {
		if err := t.tellShut(k); err != nil {
			return err
		}
	}
	records, err := t.recordsOfRecipient(k)
	for _, r := range records {
		t.tell("client", r.ID, r.OrganisationID)
	}
	return err
}

// tellShut tells a consent's recipient that what it opened is gone.
func (t *tx) tellShut(k *models.Consent) error {
	records, err := t.recordsOfRecipient(k)
	if err != nil || len(records) == 0 {
		return err
	}
	shut, err := openedBy(t.DB, k, k.Categories)
	for _, r := range records {
		for _, kind := range slices.Sorted(maps.Keys(shut)) {
			for _, id := range shut[kind] {
				t.gone(kind, id, r.OrganisationID)
			}
		}
	}
	return err
}

// opens are the records, by the category a consent must name to open them, beside the entries
// of the clinical record. Of a table that is not here nobody is told that it shut.
var opens = []struct {
	kind     string
	table    table
	category models.Category
}{
	{"episode", episodeTable, models.CatTreatmentFact},
	{"overdose", overdoseTable, models.CatOverdoseEvent},
	{"naloxone_kit", kitTable, models.CatNaloxone},
	{"dose_order", orderTable, models.CatOAT},
	{"release_case", releaseCaseTable, models.CatReleasePlan},
}

// openedBy lists the records of the client that some of a consent's categories open, by kind:
// those its purpose fits. Of the others the recipient never knew.
func openedBy(q *gorm.DB, k *models.Consent, categories []models.Category) (map[string][]string, error) {
	categories = slices.DeleteFunc(slices.Clone(categories), func(c models.Category) bool { return !slices.Contains(models.PurposesFor(c), k.Purpose) })
	opened := map[string][]string{}
	for _, of := range opens {
		if !slices.Contains(categories, of.category) {
			continue
		}
		var ids []string
		if err := q.Session(&gorm.Session{NewDB: true}).Table(string(of.table)).Where("client_id = ?", k.ClientID).Order("id").Pluck("id", &ids).Error; err != nil {
			return nil, err
		}
		opened[of.kind] = ids
	}
	var entries []string
	err := q.Session(&gorm.Session{NewDB: true}).Model(&models.Entry{}).Where("client_id = ? AND current = ? AND category IN ?", k.ClientID, true, categories).Order("entry_id").Pluck("entry_id", &entries).Error
	opened[models.FeedEntries] = entries
	return opened, err
}

// Change is one line of a change feed. Kind is "gone" when the record is no longer the
// organisation's to see: whoever holds a copy deletes it.
type Change struct {
	Kind string
	Was  string // the kind of a record that is gone
	ID   string // as in its address: a client is named by its code
}

// changeCursor is where a reader stands: the last entry it was given, the civil date until
// which it was told of consents that ran out, and two times in milliseconds that say whether
// the feed is still the one it was given from: the entry's, and that of the answer.
type changeCursor struct {
	seq       int64
	day       models.Date
	at, given int64
}

// key is of one length whatever the numbers: pageKey.
func (c changeCursor) key() string {
	return fmt.Sprintf("%019d|%s|%015d|%015d", c.seq, c.day, c.at, c.given)
}

func (s *Session) changeCursor(since string) (cur changeCursor, err error) {
	key, err := s.pageKey("changes", Paging{Cursor: since})
	if err != nil {
		return cur, at("/since", err)
	}
	if key == "" {
		return changeCursor{day: s.today()}, nil // whoever begins has no copies yet
	}
	_, err = fmt.Sscanf(key, "%d|%10s|%d|%d", &cur.seq, &cur.day, &cur.at, &cur.given)
	return cur, err
}

// errFeedBroken sends back to the start whoever stayed away longer than the feed is kept, or
// stands where a restored feed has something else: what is gone in between could not be said any more.
var errFeedBroken = at("/since", models.Fail(models.KindInvalid, "changes.too_old",
	"The feed does not go on from this cursor, which is older than the feed is kept or from before a restore: delete what you hold and begin without a cursor."))

// goesOn refuses a cursor that the feed does not go on from. After a restore numbers are given
// out again, and a cursor from before it would pass over what is written since. The entry that
// the cursor stands behind is there, as it was; or it is deleted (a newer one of its record, an
// erasure, its age), and then what the feed has before it was there when the cursor was given,
// and the number is nobody else's and was reached.
func (s *Session) goesOn(r *reading, cur changeCursor) error {
	if cur.seq == 0 {
		return nil
	}
	if r.today > cur.day.AddDays(models.FeedDays) {
		return errFeedBroken
	}
	var before, reached []changeEntry // one or none
	if err := r.Where("organisation_id = ? AND seq <= ?", s.actor.OrganisationID, cur.seq).Order("seq DESC").Limit(1).Find(&before).Error; err != nil {
		return err
	}
	for _, e := range before {
		if e.Seq == cur.seq && e.At.UnixMilli() == cur.at {
			return nil
		}
		if e.At.UnixMilli() > cur.given {
			return errFeedBroken
		}
	}
	if err := r.Where("seq >= ?", cur.seq).Order("seq").Limit(1).Find(&reached).Error; err != nil {
		return err
	}
	if len(reached) == 0 || reached[0].Seq == cur.seq {
		return errFeedBroken
	}
	return nil
}

// ListChanges returns what changed for the caller's organisation since a cursor, oldest
// first, of the kinds the role may read: every record once, at its newest entry. The last
// page adds what ended with a consent that ran out in between.
func (s *Session) ListChanges(ctx context.Context, p Paging) (page Page[Change], err error) {
	cur, err := s.changeCursor(p.Cursor)
	if err != nil {
		return page, err
	}
	err = s.readRecords(ctx, "changes.read", func(r *reading) error {
		if err := s.goesOn(r, cur); err != nil {
			return err
		}
		next := cur
		var rows []changeEntry
		q := r.Model(&changeEntry{}).Where("changes.organisation_id = ? AND changes.seq > ? AND changes.kind IN ?", s.actor.OrganisationID, cur.seq, s.feedKinds()).
			Where("NOT EXISTS (SELECT 1 FROM changes newer WHERE newer.organisation_id = changes.organisation_id AND newer.kind = changes.kind" +
				" AND newer.record_id = changes.record_id AND newer.seq > changes.seq)")
		if err := q.Order("changes.seq").Limit(p.Limit).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) > 0 { // as it was given: nothing that is written later makes an older cursor good
			last := rows[len(rows)-1]
			next.seq, next.at, next.given = last.Seq, last.At.UnixMilli(), s.store.now().UnixMilli()
		}
		items, err := s.changesOf(r, rows)
		if err != nil {
			return err
		}
		if len(rows) < p.Limit {
			ended, err := s.expiredSince(r, cur.day)
			if err != nil {
				return err
			}
			items, next.day = append(items, ended...), r.today
		}
		page = Page[Change]{Items: items, Next: s.cursor("changes", next.key())}
		return nil
	})
	return page, err
}

// feedKinds are the kinds of records that the role may read at all.
func (s *Session) feedKinds() []string {
	kinds := []string{}
	for kind, category := range models.FeedKinds {
		if kind == "alert" && s.programmeAlerts() {
			kind = models.FeedProgrammeAlert
		}
		if s.grants.Has(category, models.Read) || kind == models.FeedEntries {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// changesOf names the records as their addresses do.
func (s *Session) changesOf(r *reading, rows []changeEntry) ([]Change, error) {
	codes, err := s.ownCodes(r, rows)
	if err != nil {
		return nil, err
	}
	categories, err := entryCategories(r, rows)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, row := range rows {
		if row.Kind == models.FeedEntries && !s.grants.Has(categories[row.RecordID], models.Read) {
			continue // of a category that this role does not read, or not there any more
		}
		change := Change{Kind: row.Kind, ID: row.RecordID}
		if row.Kind == models.FeedProgrammeAlert {
			change.Kind = "alert"
		}
		if row.Kind == "client" && !row.Gone {
			if change.ID = codes[row.RecordID]; change.ID == "" {
				continue // not this organisation's: never named to it
			}
		}
		if row.Gone {
			change.Kind, change.Was = "gone", row.Kind
		}
		if row.Kind != "client" || !row.Gone { // the trail holds no code
			r.touched(row.RecordID)
		}
		out = append(out, change)
	}
	return out, nil
}

func (s *Session) ownCodes(r *reading, rows []changeEntry) (map[string]string, error) {
	ids := []string{}
	for _, row := range rows {
		if row.Kind == "client" {
			ids = append(ids, row.RecordID)
		}
	}
	codes := map[string]string{}
	if len(ids) == 0 {
		return codes, nil
	}
	var clients []models.Client
	err := s.scoped(r.Model(&models.Client{}), clientTable, models.CatIdentity, models.Read).Where("clients.id IN ?", ids).Find(&clients).Error
	for i := range clients {
		codes[string(clients[i].ID)] = clients[i].Handle()
	}
	return codes, err
}

// entryCategories looks up the category of each entry, and of one that was erased none: then
// only roles that could never read it would have to be told, and the client is gone as well.
func entryCategories(r *reading, rows []changeEntry) (map[string]models.Category, error) {
	ids := []string{}
	for _, row := range rows {
		if row.Kind == models.FeedEntries {
			ids = append(ids, row.RecordID)
		}
	}
	categories := map[string]models.Category{}
	if len(ids) == 0 {
		return categories, nil
	}
	var found []struct {
		EntryID  string
		Category models.Category
	}
	err := r.Table("entries").Select("entry_id, category").Where("entry_id IN ?", ids).Scan(&found).Error
	for _, e := range found {
		categories[e.EntryID] = e.Category
	}
	return categories, err
}

// expiredSince says what ended with the consents that ran out after a day: expiry is a date
// and no event, so nobody wrote it into the feed.
func (s *Session) expiredSince(r *reading, day models.Date) (out []Change, err error) {
	if day >= r.today {
		return nil, nil
	}
	var ended []models.Consent
	if err := r.Model(&models.Consent{}).Where("state = ? AND until_date >= ? AND until_date < ? AND organisation_id <> ? AND (recipient_id = ? OR recipient_kind = ?)",
		models.ConsentGiven, day, r.today, s.actor.OrganisationID, s.actor.OrganisationID, s.actor.OrganisationKind).Order("id").Find(&ended).Error; err != nil {
		return nil, err
	}
	kinds := s.feedKinds()
	for i := range ended {
		k := &ended[i]
		if slices.Contains(kinds, "referral") {
			var ids []string
			if err := r.Model(&models.Referral{}).Where("consent_id = ? AND to_organisation_id = ?", k.ID, s.actor.OrganisationID).Order("id").Pluck("id", &ids).Error; err != nil {
				return nil, err
			}
			out = append(out, r.goneAll("referral", ids)...)
		}
		lost, err := s.lostWith(r, k, kinds)
		if err != nil {
			return nil, err
		}
		out = append(out, lost...)
	}
	return out, nil
}

// lostWith says what of a consent's categories the actor's organisation sees no more, and
// which of its own clients to read again.
func (s *Session) lostWith(r *reading, k *models.Consent, kinds []string) (out []Change, err error) {
	if len(k.Categories) == 0 || !slices.Contains(kinds, "client") {
		return nil, nil
	}
	var own []models.Client
	if err := s.scoped(r.Model(&models.Client{}), clientTable, models.CatIdentity, models.Read).
		Where("clients.person_id = (SELECT person_id FROM clients kc WHERE kc.id = ?)", k.ClientID).Order("clients.id").Find(&own).Error; err != nil || len(own) == 0 {
		return nil, err
	}
	readable := slices.DeleteFunc(slices.Clone(k.Categories), func(c models.Category) bool { return !s.grants.Has(c, models.Read) })
	shut, err := openedBy(r.DB, k, readable)
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		out = append(out, r.goneAll(kind, shut[kind])...)
	}
	for i := range own {
		r.touched(string(own[i].ID))
		out = append(out, Change{Kind: "client", ID: own[i].Handle()})
	}
	return out, nil
}

func (r *reading) goneAll(kind string, ids []string) (out []Change) {
	r.touched(ids...)
	for _, id := range ids {
		out = append(out, Change{Kind: "gone", Was: kind, ID: id})
	}
	return out
}
