package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"jol/models"
)

// deploymentRow says what kind of database this is.
type deploymentRow struct {
	Name  string `gorm:"primaryKey"`
	Value string
}

func (deploymentRow) TableName() string { return "deployment" }

// MarkImporting is the deployment row that stands while an import runs. A database that
// has it holds part of something and is good for nothing: neither to serve nor to add to.
const MarkImporting = "importing"

// importBatch is how many client records share a transaction and an audit event. Large
// batches sorted by id touch an index page less often: on SQLite 5,000 were about a
// quarter faster than 1,000, and sorting them gained another fifth.
const importBatch = 5000

var (
	errImportInterrupted = models.Fail(models.KindConflict, "import.interrupted", "An earlier import into this database was interrupted: delete the data folder (or the database) and start again.")
	errImportNotEmpty    = models.Fail(models.KindConflict, "import.not_empty", "This database holds records that are not this import's; an import needs an empty database. Use another one.")
)

// DeploymentMark returns a row of the deployment table, and whether there is one.
func (s *Store) DeploymentMark(ctx context.Context, name string) (value string, ok bool, err error) {
	var rows []deploymentRow
	err = s.read.WithContext(ctx).Where("name = ?", name).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return "", false, err
	}
	return rows[0].Value, true, nil
}

// ErrOtherDeployment says that country or keys are not those the database was begun with.
var ErrOtherDeployment = errors.New("this database was begun with another country or another key file: the codes in it would not be found again")

// ClaimDeployment ties a database to its country and keys at the first start and refuses
// others later: a wrong key file would silently make second codes for everybody.
func (s *Store) ClaimDeployment(ctx context.Context) error {
	want := []deploymentRow{{"country", s.opt.Country}, {"keys", s.keyFingerprint()}}
	return s.inTx(ctx, func(db *gorm.DB) error {
		if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&want).Error; err != nil {
			return err
		}
		var have []deploymentRow
		if err := db.Where("name IN ?", []string{"country", "keys"}).Order("name").Find(&have).Error; err != nil {
			return err
		}
		if !slices.Equal(have, want) {
			return ErrOtherDeployment
		}
		return nil
	})
}

// keyFingerprint tells key files apart without telling anything of the keys.
func (s *Store) keyFingerprint() string {
	m := hmac.New(sha256.New, s.opt.Keys.Country)
	m.Write([]byte("fingerprint"))
	m.Write(s.opt.Keys.Sector)
	m.Write(s.opt.Keys.Record)
	return hex.EncodeToString(m.Sum(nil))
}

// isEmpty reports whether there is no record at all: each needs an organisation.
func isEmpty(db *gorm.DB) (bool, error) {
	var ids []string
	err := db.Model(&models.Organisation{}).Limit(1).Pluck("id", &ids).Error
	return len(ids) == 0, err
}

// Import writes a whole deployment's data into an empty database, in batches of one
// transaction and one audit event each. Codes and linkage ids are computed here, under
// this deployment's keys; the initials are forgotten with the batch.
//
// The mark that the import is complete is written with the last batch. An import that
// was interrupted cannot be resumed: a second one is refused, and says what to do.
// progress is told after each batch how many client records are in.
func (s *Store) Import(ctx context.Context, in models.Import, progress func(done, total int)) (err error) {
	conn, own, err := s.importConn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closed := conn.Close(); err == nil {
			err = closed
		}
	}()
	im := &importer{
		session: own.For(models.System(s.opt.Country), nil, Request{ID: "import"}),
		store:   s, conn: conn, kinds: map[models.OrganisationID]models.OrganisationKind{}, namesakes: map[namesake]int{},
	}
	if err := im.begin(ctx, in); err != nil {
		return err
	}
	if err := conn.set(ctx, hasty); err != nil {
		return err
	}
	// One batch is written while the next is made ready.
	done, written, batch := 0, 0, new(preparedBatch)
	writing := make(chan error, 1)
	writing <- nil
	finish := func() error {
		err := <-writing
		if err == nil && written > 0 {
			done += written
			progress(done, in.Clients)
		}
		return err
	}
	for p := range in.Persons {
		if batch.records() >= importBatch {
			rows, err := im.rows(ctx, batch)
			if err := errors.Join(err, finish()); err != nil {
				return err
			}
			written = batch.records()
			go func() { writing <- im.write(ctx, rows) }()
			batch.reset()
		}
		if err := im.prepare(batch, p); err != nil {
			return errors.Join(err, finish())
		}
	}
	rows, err := im.rows(ctx, batch)
	if err := errors.Join(err, finish()); err != nil {
		return err
	}
	if err := im.complete(ctx, rows, &deploymentRow{Name: in.Mark, Value: in.Value}); err != nil {
		return err
	}
	progress(done+batch.records(), in.Clients)
	return nil
}

// importer is one import under way.
type importer struct {
	session *Session
	store   *Store
	conn    *importConn
	kinds   map[models.OrganisationID]models.OrganisationKind
	// namesakes counts an organisation's records with one code, for local numbers.
	namesakes map[namesake]int
}

type namesake struct {
	organisation models.OrganisationID
	code         string
}

// begin refuses a database that is not empty, and writes organisations, accounts and the
// mark that an import is running.
func (im *importer) begin(ctx context.Context, in models.Import) error {
	for _, o := range in.Organisations {
		im.kinds[o.ID] = o.Kind
	}
	users, err := im.accounts(in.Users)
	if err != nil {
		return err
	}
	return im.session.write(ctx, "import.create", func(tx *tx) error {
		if err := tx.requireEmpty(); err != nil {
			return err
		}
		tx.audit()
		if err := im.conn.unburden(tx.DB); err != nil {
			return err
		}
		return errors.Join(
			tx.Create(&deploymentRow{Name: MarkImporting, Value: in.Value}).Error,
			tx.CreateInBatches(in.Organisations, 100).Error, tx.CreateInBatches(users, 100).Error)
	})
}

func (t *tx) requireEmpty() error {
	var running []deploymentRow
	if err := t.Where("name = ?", MarkImporting).Find(&running).Error; err != nil {
		return err
	}
	if len(running) > 0 {
		return errImportInterrupted
	}
	empty, err := isEmpty(t.DB)
	if err == nil && !empty {
		err = errImportNotEmpty
	}
	return err
}

// accounts checks the accounts and hashes their passwords, outside any transaction.
func (im *importer) accounts(users []models.ImportedUser) ([]models.User, error) {
	out := make([]models.User, len(users))
	for i, u := range users {
		n := models.NewUser{Username: u.Username, Password: u.Password, Role: u.Role, OrganisationID: u.OrganisationID}
		if err := n.Check(im.kinds[u.OrganisationID]); err != nil {
			return nil, err
		}
		hash, err := im.store.hashPassword(u.Password)
		if err != nil {
			return nil, err
		}
		out[i] = u.User
		out[i].PasswordHash = hash
	}
	return out, nil
}

// preparedBatch holds rows that are ready to be written.
type preparedBatch struct {
	persons   []models.Person
	clients   []models.Client
	links     []linkRow
	consents  []models.Consent
	episodes  []models.Episode
	referrals []models.Referral
	care      models.ImportedPerson // everything else, of all persons of the batch
}

func (b *preparedBatch) records() int { return len(b.clients) }

// reset empties the batch and keeps its memory.
func (b *preparedBatch) reset() {
	b.persons, b.clients, b.links = b.persons[:0], b.clients[:0], b.links[:0]
	b.consents, b.episodes, b.referrals = b.consents[:0], b.episodes[:0], b.referrals[:0]
	c := &b.care
	c.Contacts, c.Anchors, c.Tasks, c.Entries, c.Overdoses, c.Kits = c.Contacts[:0], c.Anchors[:0], c.Tasks[:0], c.Entries[:0], c.Overdoses[:0], c.Kits[:0]
	c.DoseOrders, c.OrderVersions, c.Doses, c.DoseTransfers = c.DoseOrders[:0], c.OrderVersions[:0], c.Doses[:0], c.DoseTransfers[:0]
	c.Spells, c.PlannedReleases, c.ReleaseCases, c.FunctionalNotes = c.Spells[:0], c.PlannedReleases[:0], c.ReleaseCases[:0], c.FunctionalNotes[:0]
}

// add takes over what needs no keys.
func (b *preparedBatch) add(p *models.ImportedPerson) {
	b.consents, b.episodes = append(b.consents, p.Consents...), append(b.episodes, p.Episodes...)
	c := &b.care
	c.Contacts, c.Anchors, c.Tasks = append(c.Contacts, p.Contacts...), append(c.Anchors, p.Anchors...), append(c.Tasks, p.Tasks...)
	c.Entries, c.Overdoses, c.Kits = append(c.Entries, p.Entries...), append(c.Overdoses, p.Overdoses...), append(c.Kits, p.Kits...)
	c.DoseOrders, c.OrderVersions, c.Doses = append(c.DoseOrders, p.DoseOrders...), append(c.OrderVersions, p.OrderVersions...), append(c.Doses, p.Doses...)
	c.Spells, c.PlannedReleases = append(c.Spells, p.Spells...), append(c.PlannedReleases, p.PlannedReleases...)
	c.ReleaseCases, c.FunctionalNotes = append(c.ReleaseCases, p.ReleaseCases...), append(c.FunctionalNotes, p.FunctionalNotes...)
}

// prepare adds a person to the batch, with everything that needs keys. It runs outside
// the transaction, so that a transaction that is run again numbers nobody twice.
func (im *importer) prepare(b *preparedBatch, p models.ImportedPerson) error {
	p.Person.SDCKey = im.store.sdcKey(p.Person.ID)
	b.persons = append(b.persons, p.Person)
	own := make(map[models.ClientID]linkedRecord, len(p.Clients))
	for _, c := range p.Clients {
		linked, err := im.link(c, own)
		if err != nil {
			return err
		}
		own[c.ID] = linked
		c.Code = string(im.store.linker.Code(linked.id, linked.sector))
		c.LowQuality, c.LocalNo = linked.row.LowQuality, im.localNo(c.OrganisationID, c.Code)
		b.clients, b.links = append(b.clients, c.Client), append(b.links, linked.row)
	}
	b.add(&p)
	for _, r := range p.Referrals {
		code, err := im.codeAt(r.ToOrganisationID, r.FromClientID, own)
		if err != nil {
			return err
		}
		r.ToCode = code
		b.referrals = append(b.referrals, r)
	}
	for _, d := range p.DoseTransfers {
		code, err := im.codeAt(d.ToOrganisationID, d.FromClientID, own)
		if err != nil {
			return err
		}
		d.OtherCode = code
		b.care.DoseTransfers = append(b.care.DoseTransfers, d)
	}
	return nil
}

// codeAt is the code that a client has in the sector of another organisation.
func (im *importer) codeAt(to models.OrganisationID, client models.ClientID, own map[models.ClientID]linkedRecord) (string, error) {
	sector, ok := im.kinds[to].Sector()
	from, known := own[client]
	if !ok || !known {
		return "", errors.New("import: a record has no sender, or a receiver that keeps no client records")
	}
	return string(im.store.linker.Code(from.id, sector)), nil
}

// linkedRecord is a client record with its linkage.
type linkedRecord struct {
	id     models.LinkID
	sector models.Sector
	row    linkRow
}

// link computes a record's linkage from its registration, or copies that of the record
// it was accepted from, as acceptance does.
func (im *importer) link(c models.ImportedClient, own map[models.ClientID]linkedRecord) (linkedRecord, error) {
	sector, ok := im.kinds[c.OrganisationID].Sector()
	if !ok {
		return linkedRecord{}, errors.New("import: a client record lies at an organisation that keeps none")
	}
	if c.LinkedAs != "" {
		from, ok := own[c.LinkedAs]
		if !ok {
			return linkedRecord{}, errors.New("import: a client record takes over the linkage of one that does not come before it")
		}
		from.sector, from.row.ClientID = sector, c.ID
		return from, nil
	}
	r := c.Registration
	uic, err := models.NewUIC(r.Country, r.Sex, r.BirthYear, r.MotherInitials, r.FatherInitials)
	if err != nil {
		return linkedRecord{}, err
	}
	low := uic.Quality() == models.LinkLow
	id := im.store.linker.Link(uic)
	if low {
		if id, err = im.store.unlinkable(c.ID); err != nil {
			return linkedRecord{}, err
		}
	}
	row := linkRow{ClientID: c.ID, LinkID: id.Hex(), LowQuality: low, BirthYear: r.BirthYear, FoldVersion: models.FoldVersion}
	return linkedRecord{id: id, sector: sector, row: row}, nil
}

// unlinkable is the linkage id of a record of low quality. It is keyed from the record's
// own id rather than drawn, so that the same import gives the same codes; it equals
// nobody else's either way.
func (s *Store) unlinkable(id models.ClientID) (models.LinkID, error) {
	m := hmac.New(sha256.New, s.opt.Keys.Country)
	m.Write([]byte("jol/import/low/v1\x00" + string(id)))
	return models.ParseLinkID(hex.EncodeToString(m.Sum(nil)))
}

func (im *importer) localNo(organisation models.OrganisationID, code string) int {
	key := namesake{organisation, code}
	im.namesakes[key]++
	return im.namesakes[key]
}

// rows reads the rows of the batch, table by table.
func (im *importer) rows(ctx context.Context, b *preparedBatch) (all []tableRows, err error) {
	c := &b.care
	err = errors.Join(
		addRows(ctx, &all, "", b.persons, func(p *models.Person) models.PersonID { return p.ID }),
		addRows(ctx, &all, "", b.clients, func(c *models.Client) models.ClientID { return c.ID }),
		addRows(ctx, &all, im.store.linkTable(), b.links, func(l *linkRow) models.ClientID { return l.ClientID }),
		addRows(ctx, &all, "", b.consents, func(c *models.Consent) string { return c.ID }),
		addRows(ctx, &all, "", b.episodes, func(e *models.Episode) string { return e.ID }),
		addRows(ctx, &all, "", b.referrals, func(r *models.Referral) string { return r.ID }),
		addRows(ctx, &all, "", c.Contacts, func(k *models.EpisodeContact) string { return k.ID }),
		addRows(ctx, &all, "", c.Anchors, func(a *models.Anchor) string { return a.ID }),
		addRows(ctx, &all, "", c.Tasks, func(t *models.Task) string { return t.ID }),
		addRows(ctx, &all, "", c.Entries, func(e *models.Entry) string { return e.ID }),
		addRows(ctx, &all, "", c.Overdoses, func(o *models.Overdose) string { return o.ID }),
		addRows(ctx, &all, "", c.Kits, func(n *models.NaloxoneKit) string { return n.ID }),
		addRows(ctx, &all, "", c.DoseOrders, func(d *models.DoseOrder) string { return d.ID }),
		addRows(ctx, &all, "", c.OrderVersions, func(d *models.DoseOrderVersion) string { return d.OrderID }),
		addRows(ctx, &all, "", c.Doses, func(d *models.DoseEvent) string { return d.ID }),
		addRows(ctx, &all, "", c.DoseTransfers, func(d *models.DoseTransfer) string { return d.ID }),
		addRows(ctx, &all, "", c.Spells, func(c *models.CustodySpell) string { return c.ID }),
		addRows(ctx, &all, "", c.PlannedReleases, func(p *models.PlannedRelease) string { return p.ID }),
		addRows(ctx, &all, "", c.ReleaseCases, func(r *models.ReleaseCase) string { return r.ID }),
		addRows(ctx, &all, "", c.FunctionalNotes, func(f *models.FunctionalNote) string { return f.ID }))
	return all, err
}

// write commits a batch.
func (im *importer) write(ctx context.Context, rows []tableRows) error {
	return im.session.write(ctx, "import.create", func(tx *tx) error {
		tx.audit()
		return im.conn.insert(ctx, rows)
	})
}

// complete commits the last batch and marks the database as complete.
func (im *importer) complete(ctx context.Context, rows []tableRows, mark *deploymentRow) error {
	if err := im.conn.set(ctx, careful); err != nil {
		return err
	}
	return im.session.write(ctx, "import.create", func(tx *tx) error {
		tx.audit()
		if err := im.conn.insert(ctx, rows); err != nil {
			return err
		}
		if err := im.conn.burden(tx.DB); err != nil {
			return err
		}
		return errors.Join(tx.Create(mark).Error, tx.Where("name = ?", MarkImporting).Delete(&deploymentRow{}).Error)
	})
}
