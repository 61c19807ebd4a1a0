package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"jol/models"
)

// auditRow is one event: who did what to which records. It holds random ids only,
// no code and no free text, so that erasing a person leaves it intact and saying
// nothing. A database trigger refuses to change or delete it.
type auditRow struct {
	Seq            int64 `gorm:"primaryKey;autoIncrement"`
	At             time.Time
	ActorID        models.UserID
	ActorRole      models.Role
	OrganisationID models.OrganisationID
	Action         string   // noun.verb
	Outcome        string   // ok, replayed, forbidden, not_found
	Objects        []string `gorm:"serializer:json"`
	RequestID      string
}

func (auditRow) TableName() string { return "audit_events" }

func (s *Session) event(action, outcome string, at time.Time, objects []string) auditRow {
	if objects == nil {
		objects = []string{}
	}
	return auditRow{
		At: at, ActorID: s.actor.UserID, ActorRole: s.actor.Role, OrganisationID: s.actor.OrganisationID,
		Action: action, Outcome: outcome, Objects: objects, RequestID: s.req.ID,
	}
}

// audit records the write's event; it is inserted with the transaction's last statement.
func (t *tx) audit(objects ...string) { t.auditOutcome("ok", objects...) }

func (t *tx) auditOutcome(outcome string, objects ...string) {
	t.events = append(t.events, t.session.event(t.action, outcome, t.now, append(objects, t.pending...)))
	t.pending = nil
}

// alsoTouched adds a record that the write reached to its event.
func (t *tx) alsoTouched(id string) {
	if len(t.events) == 0 {
		t.pending = append(t.pending, id)
		return
	}
	t.events[0].Objects = append(t.events[0].Objects, id)
}

// consentRef is a consent a read relied on, at the version it was read in.
type consentRef struct {
	ID      string
	Version int64
}

// reading is one client-level read: what it touched and what it relied on.
type reading struct {
	*gorm.DB
	session  *Session
	now      time.Time
	today    models.Date
	objects  []string
	consents []consentRef
	noun     string // of the record looked up: a lost read answers as an absent one
	told     []models.Disclosure
	permits  []permitRef
	visit    []permitRef // permits of an NGO's visit: counted once a prison health unit's record is shown
	opened   []openedRecord
}

func (r *reading) touched(ids ...string) { r.objects = append(r.objects, ids...) }

func (r *reading) relied(consents ...models.Consent) {
	for i := range consents {
		r.consents = append(r.consents, consentRef{consents[i].ID, consents[i].Version})
	}
}

// disclosed enters in the disclosure log that the actor's organisation is shown another
// organisation's record of a client. It is written with the read's audit event.
func (r *reading) disclosed(d models.Disclosure) {
	d.ID, d.RecipientID, d.At, d.ActorID = newID(), r.session.actor.OrganisationID, r.now, r.session.actor.UserID
	d.Complete()
	r.told = append(r.told, d)
}

// readRecords runs a client-level read on the reader pool and returns only after its
// audit event is committed together with a second look at the consents it relied on.
func (s *Session) readRecords(ctx context.Context, action string, fn func(*reading) error) error {
	r := &reading{DB: s.store.read.WithContext(ctx), session: s, now: s.store.now(), today: s.today(), noun: nounOf(action)}
	if err := fn(r); err != nil {
		return err
	}
	return s.store.reads.commit(ctx, readEvent{
		event: s.event(action, "ok", r.now, r.objects), session: s, consents: r.consents, permits: r.permits, opened: r.opened, noun: r.noun, told: r.told,
	})
}

// nounOf names what an action is about: the default for the record that is not found.
func nounOf(action string) string {
	for i, c := range action {
		if c == '.' {
			return action[:i]
		}
	}
	return action
}

// RecordDenial audits a request that was refused (forbidden) or found nothing in the
// caller's scope (not_found).
func (s *Store) RecordDenial(ctx context.Context, actor models.Actor, requestID, action, outcome string) error {
	session := s.For(actor, nil, Request{ID: requestID})
	return s.reads.commit(ctx, readEvent{event: session.event(action, outcome, s.now(), nil)})
}

// readLog commits the audit events of reads, many in one transaction.
type readLog struct {
	store   *Store
	queue   chan readEvent
	stopReq chan struct{}
	done    chan struct{}
}

type readEvent struct {
	event    auditRow
	session  *Session
	consents []consentRef
	permits  []permitRef
	opened   []openedRecord
	noun     string
	told     []models.Disclosure
	result   chan error
}

// maxBatch is how many reads share one commit at most.
const maxBatch = 128

func newReadLog(s *Store) *readLog {
	l := &readLog{store: s, queue: make(chan readEvent), stopReq: make(chan struct{}), done: make(chan struct{})}
	go l.run()
	return l
}

var errNoReadLog = models.Fail(models.KindUnavailable, "audit.stopped", "Records cannot be shown now, because reading them could not be recorded.")

// commit hands the event to the committer and waits until it is on disk.
func (l *readLog) commit(ctx context.Context, e readEvent) error {
	e.result = make(chan error, 1)
	select {
	case l.queue <- e:
	case <-l.done:
		return errNoReadLog
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-e.result // the committer always answers what it took
}

func (l *readLog) stopped() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *readLog) stop() {
	if !l.stopped() {
		close(l.stopReq)
		<-l.done
	}
}

func (l *readLog) run() {
	defer close(l.done)
	for {
		select {
		case e := <-l.queue:
			l.commitBatch(l.gather(e))
		case <-l.stopReq:
			return
		}
	}
}

// gather takes whatever else is waiting now; it never waits for more.
func (l *readLog) gather(first readEvent) []readEvent {
	batch := []readEvent{first}
	for len(batch) < maxBatch {
		select {
		case e := <-l.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

func (l *readLog) commitBatch(batch []readEvent) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var verdicts []error
	err := l.store.inTx(ctx, func(db *gorm.DB) error {
		var err error
		verdicts, err = recordReads(db, batch)
		return err
	})
	for i, e := range batch {
		if err != nil {
			e.result <- errNoReadLog.WithCause(err)
			continue
		}
		e.result <- verdicts[i]
	}
}

// recordReads inserts the events of one batch. A read whose consent is no longer in
// force, in the version it saw, is recorded as not found and answered so. The rows
// are locked in share mode: a withdrawal either waits for this commit or is seen by
// it, so no disclosure carries a sequence number after the withdrawal's.
func recordReads(db *gorm.DB, batch []readEvent) ([]error, error) {
	current, err := currentConsents(db, batch)
	if err != nil {
		return nil, err
	}
	permitted, err := currentPermits(db, batch)
	if err != nil {
		return nil, err
	}
	verdicts := make([]error, len(batch))
	events := make([]auditRow, len(batch))
	var told []models.Disclosure
	for i, e := range batch {
		events[i] = e.event
		for _, ref := range e.consents {
			if !current[ref] {
				verdicts[i] = models.NotFound(e.noun)
				events[i].Outcome = "not_found"
			}
		}
		for _, ref := range e.permits {
			if !permitted[ref] {
				verdicts[i] = models.NotFound(e.noun)
				events[i].Outcome = "not_found"
			}
		}
		if verdicts[i] == nil {
			told = append(told, e.told...)
			opened, err := recordOpened(db, e)
			if err != nil {
				return nil, err
			}
			events = append(events, opened...)
		}
	}
	if len(told) > 0 {
		if err := db.Create(&told).Error; err != nil {
			return nil, err
		}
	}
	return verdicts, db.Create(&events).Error
}

func currentConsents(db *gorm.DB, batch []readEvent) (map[consentRef]bool, error) {
	ids := []string{}
	for _, e := range batch {
		for _, ref := range e.consents {
			ids = append(ids, ref.ID)
		}
	}
	current := map[consentRef]bool{}
	if len(ids) == 0 {
		return current, nil
	}
	db = shared(db)
	var refs []consentRef
	err := db.Model(&models.Consent{}).Select("id", "version").Where("id IN ? AND state = ?", ids, models.ConsentGiven).Order("id").Find(&refs).Error
	for _, ref := range refs {
		current[ref] = true
	}
	return current, err
}

// shared locks what is looked up against changes until the end of the transaction, so that
// what relies on it has no sequence number after the change. SQLite has one writer anyway.
func shared(db *gorm.DB) *gorm.DB {
	if db.Name() == "postgres" {
		return db.Clauses(clause.Locking{Strength: "SHARE"})
	}
	return db
}

// AuditEvent is an event as an auditor sees it.
type AuditEvent struct {
	Seq            int64
	At             time.Time
	ActorID        models.UserID
	ActorRole      models.Role
	OrganisationID models.OrganisationID
	Action         string
	Outcome        string
	Objects        []string
	RequestID      string
}

// ListAuditEvents returns the trail, newest first, of one action when it is given. Reading it is itself an event.
func (s *Session) ListAuditEvents(ctx context.Context, action string, p Paging) (Page[AuditEvent], error) {
	var page Page[AuditEvent]
	err := s.readRecords(ctx, "audit.read", func(r *reading) error {
		q := s.scoped(r.Model(&auditRow{}), auditTable, models.CatAudit, models.Read)
		if action != "" {
			q = q.Where("action = ?", action)
		}
		rows, err := loadPage(s, q, "audit", "seq", p, func(e auditRow) string { return cursorInt(e.Seq) })
		page.Next = rows.Next
		for _, row := range rows.Items {
			page.Items = append(page.Items, AuditEvent(row))
		}
		return err
	})
	return page, err
}
