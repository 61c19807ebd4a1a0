package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// ownCount is one count of an organisation's own rows as of a day: what had happened on
// the day and was recorded by until. A figure that the role may not read as own is left
// out; one that the records cannot tell for a past day has no value.
type ownCount struct {
	*Session
	r     *reading
	day   models.Date
	until time.Time
	past  bool // the day is over
	out   *models.OwnFigures
}

// GetOwnFigures counts the actor's own organisation as of a day, today when it is empty.
func (s *Session) GetOwnFigures(ctx context.Context, asOf models.Date) (*models.OwnFigures, error) {
	if asOf == "" {
		asOf = s.today()
	}
	if err := models.CheckAsOf(asOf, s.today()); err != nil {
		return nil, err
	}
	out := &models.OwnFigures{AsOf: asOf, Figures: []models.OwnFigure{}}
	err := s.readRecords(ctx, "own_figures.read", func(r *reading) error {
		if !s.grants.Through(models.CatOwnFigures, models.Read, models.Own) {
			return models.NotFound("own_figures")
		}
		c := &ownCount{Session: s, r: r, day: asOf, until: r.now, past: asOf < r.today, out: out}
		if c.past {
			c.until = models.StartOfDay(asOf.AddDays(1), s.actor.Zone).Add(-time.Millisecond)
		}
		out.KnownUntil = c.until
		for _, figure := range []func() error{c.episodes, c.tasks, c.sent, c.received, c.releases, c.completeness, c.emergencies} {
			if err := figure(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// rows begins a query of the organisation's own rows; ok is false where the role may not
// read them.
func (c *ownCount) rows(model any, t table, category models.Category) (q *gorm.DB, ok bool) {
	return c.ownRows(c.r.Session(&gorm.Session{NewDB: true}).Model(model), t, category)
}

// add appends figures of a category. One with a reason has no value for a past day.
func (c *ownCount) add(category models.Category, from models.Date, figures ...models.OwnFigure) {
	for _, f := range figures {
		f.Category, f.From = category, from
		if c.past && f.Reason != "" {
			f.Value, f.Of = nil, nil
		} else {
			f.Reason = ""
		}
		c.out.Figures = append(c.out.Figures, f)
	}
}

// whole is a plain count; notPast is why a past day does not have it, empty where it has.
func whole(name, part string, n int64, notPast string) models.OwnFigure {
	return models.OwnFigure{Name: name, Part: part, Value: &n, Reason: notPast}
}

// share is a count out of another.
func share(name, part string, n, of int64, notPast string) models.OwnFigure {
	return models.OwnFigure{Name: name, Part: part, Value: &n, Of: &of, Reason: notPast}
}

// episodes is the caseload. An end without the time of its recording is from before that
// was kept and counts as known on its day.
func (c *ownCount) episodes() error {
	q, ok := c.rows(&models.Episode{}, episodeTable, models.CatEpisode)
	if !ok {
		return nil
	}
	var rows []struct {
		State      string
		Structured bool
		N          int64
	}
	err := q.Select("episodes.state, episodes.structured, COUNT(*) AS n").
		Where("episodes.start_date <= ? AND episodes.created_at <= ?", c.day, c.until).
		Where("(episodes.end_date = '' OR episodes.end_date > ? OR episodes.closed_at > ?)", c.day, c.until).
		Group("episodes.state, episodes.structured").Scan(&rows).Error
	var open, structured int64
	states := map[string]int64{}
	for _, row := range rows {
		open += row.N
		states[row.State] += row.N
		if row.Structured {
			structured += row.N
		}
	}
	figures := []models.OwnFigure{whole("episodes_open", "", open, ""), share("episodes_open", "structured", structured, open, "")}
	for _, state := range models.OpenEpisodeStates() {
		figures = append(figures, share("episodes_open", state, states[state], open, models.ReasonStatesNotKept))
	}
	c.add(models.CatEpisode, "", figures...)
	return err
}

// taskOverdue is Task.Overdue, at a moment. It looks the episode up instead of joining it:
// a planner would read all episodes for an organisation with many tasks.
const taskOverdue = "tasks.due_at < ? AND (tasks.hard OR NOT EXISTS (SELECT 1 FROM episodes te WHERE te.id = tasks.episode_id" +
	" AND te.suspended_for = 'hospital' AND tasks.due_at >= te.suspended_at))"

// taskCounts are open tasks, those whose due time has passed, and of them those that run.
type taskCounts struct{ Open, PastDue, Overdue int64 }

// tasks counts what is open, and on a past day also what was settled since.
func (c *ownCount) tasks() error {
	if _, ok := c.rows(&models.Task{}, taskTable, models.CatTask); !ok {
		return nil
	}
	n, err := c.tasksWhere("tasks.state = 'open'") // in the text, for the index of open tasks
	if err != nil {
		return err
	}
	if c.past {
		since, err := c.tasksWhere("tasks.settled_at > ?", c.until)
		if err != nil {
			return err
		}
		n = taskCounts{Open: n.Open + since.Open, PastDue: n.PastDue + since.PastDue}
	}
	c.add(models.CatTask, "", whole("tasks_open", "", n.Open, ""), share("tasks_past_due", "", n.PastDue, n.Open, ""),
		share("tasks_overdue", "", n.Overdue, n.Open, models.ReasonHospitalNotKept))
	return nil
}

// tasksWhere counts tasks by the due time they had then: what a due time was is kept when
// it changes.
func (c *ownCount) tasksWhere(state string, args ...any) (n taskCounts, err error) {
	q, _ := c.rows(&models.Task{}, taskTable, models.CatTask)
	q = q.Where("tasks.created_at <= ?", c.until).Where(state, args...)
	if !c.past {
		q = q.Select("COUNT(*) AS open, COUNT(CASE WHEN tasks.due_at < ? THEN 1 END) AS past_due, COUNT(CASE WHEN "+taskOverdue+" THEN 1 END) AS overdue", c.until, c.until)
	} else {
		const was = "SELECT td.due_at FROM task_dues td WHERE td.task_id = tasks.id AND td.changed_at > ? ORDER BY td.version LIMIT 1"
		q = q.Select("COUNT(*) AS open, COUNT(CASE WHEN EXISTS ("+was+") THEN CASE WHEN ("+was+") < ? THEN 1 END WHEN tasks.due_at < ? THEN 1 END) AS past_due",
			c.until, c.until, c.until, c.until)
	}
	return n, q.Scan(&n).Error
}

// sent is who waits for care at another organisation, to which this one referred them. A
// referral that ended before the time of that was kept ended when it was attended, or sent.
func (c *ownCount) sent() error {
	q, ok := c.rows(&models.Referral{}, referralTable, models.CatReferral)
	if !ok {
		return nil
	}
	var n struct{ Waiting, Long, Unanswered, Late int64 }
	err := q.Select("COUNT(DISTINCT referrals.from_client_id) AS waiting, COUNT(DISTINCT CASE WHEN referrals.sent_at < ? THEN referrals.from_client_id END) AS long,"+
		" COUNT(CASE WHEN referrals.state IN ? THEN 1 END) AS unanswered, COUNT(CASE WHEN referrals.state IN ? AND referrals.answer_due < ? THEN 1 END) AS late",
		c.longAgo(), models.UnansweredReferralStates(), models.UnansweredReferralStates(), c.until).
		Where("referrals.sent_at <= ?", c.until).
		Where("(referrals.state IN ? OR referrals.settled_at > ? OR (referrals.settled_at IS NULL AND referrals.attended_on > ?))", models.OpenReferralStates, c.until, c.day).
		Scan(&n).Error
	c.add(models.CatReferral, "", whole("clients_waiting", "sent", n.Waiting, ""), share("clients_waiting_over_3_weeks", "sent", n.Long, n.Waiting, ""),
		whole("referrals_unanswered", "sent", n.Unanswered, models.ReasonAnswersNotKept), share("referrals_unanswered_past_limit", "sent", n.Late, n.Unanswered, models.ReasonAnswersNotKept))
	return err
}

// longAgo is the moment before which a referral was sent more than three weeks before the
// day, in whole civil days.
func (c *ownCount) longAgo() time.Time {
	return models.StartOfDay(c.day.AddDays(-models.WaitedLong), c.actor.Zone)
}

// received is who waits at this organisation's own door. The referral is both parties',
// and a receiver sees it while the consent, or the court duty, that it rests on is in force:
// only those are counted, and what they rest on is named, so that one ended meanwhile is
// noticed. What they let it see on a past day, nobody may ask for now.
func (c *ownCount) received() error {
	if _, ok := c.rows(&models.Referral{}, referralTable, models.CatReferral); !ok {
		return nil
	}
	var rows []referralRow
	if !c.past {
		q := c.referralQuery(c.r.Session(&gorm.Session{NewDB: true}), models.Read).Where("referrals.to_organisation_id = ?", c.actor.OrganisationID)
		err := q.Where("referrals.state IN ?", models.OpenReferralStates).
			Where("((k.state = ? AND k.from_date <= ? AND k.until_date >= ?) OR (referrals.consent_id IS NULL AND d.ended_at IS NULL AND d.from_date <= ? AND d.until_date >= ?))",
				models.ConsentGiven, c.day, c.day, c.day, c.day).Find(&rows).Error
		if err != nil {
			return err
		}
	}
	waiting, long := map[models.ClientID]bool{}, map[models.ClientID]bool{}
	var unanswered, late int64
	for i := range rows {
		row := &rows[i]
		if row.OnDuty() {
			c.r.permits = append(c.r.permits, permitRef{dutyTable, row.SupervisionID})
		} else {
			c.r.relied(row.consent())
		}
		waiting[row.FromClientID] = true
		if row.SentAt.Before(c.longAgo()) {
			long[row.FromClientID] = true
		}
		if slices.Contains(models.UnansweredReferralStates(), row.State) {
			unanswered++
			if row.AnswerDue.Before(c.until) {
				late++
			}
		}
	}
	people, lasting := int64(len(waiting)), int64(len(long))
	const why = models.ReasonConsentsDecide
	c.add(models.CatReferral, "", whole("clients_waiting", "received", people, why), share("clients_waiting_over_3_weeks", "received", lasting, people, why),
		whole("referrals_unanswered", "received", unanswered, why), share("referrals_unanswered_past_limit", "received", late, unanswered, why))
	return nil
}

// releases follows up who the unit released. It looks at the attendance of referrals it
// sent for the release and at nothing that another organisation recorded. A unit's year of
// releases is a few hundred rows; what became of each, the release case itself says.
func (c *ownCount) releases() error {
	q, ok := c.rows(&models.ReleaseCase{}, releaseCaseTable, models.CatReleaseCase)
	if !ok || c.actor.OrganisationKind != models.KindPrisonHealth {
		return nil
	}
	from := c.day.AddMonths(-models.OwnFiguresMonths).AddDays(1)
	var rows []struct {
		models.ReleaseCase
		Attended models.Date
	}
	err := q.Select("release_cases.id, release_cases.released_at, COALESCE(fr.attended_on, '') AS attended").
		Joins("JOIN custody_spells fs ON fs.id = release_cases.spell_id").
		Joins("LEFT JOIN referrals fr ON fr.from_client_id = release_cases.client_id AND fr.reason = 'release'"+
			" AND fr.attended_on <> '' AND fr.attended_on <= ? AND (fr.settled_at IS NULL OR fr.settled_at <= ?)", c.day, c.until).
		Where("release_cases.released_at >= ? AND release_cases.released_at <= ?", models.StartOfDay(from, c.actor.Zone), c.until).
		Where("(fs.end_recorded_at IS NULL OR fs.end_recorded_at <= ?)", c.until).Scan(&rows).Error
	seen, cases := map[string]models.Date{}, map[string]*models.ReleaseCase{}
	for i := range rows {
		row := &rows[i]
		cases[row.ID] = &row.ReleaseCase
		if first := seen[row.ID]; row.Attended >= models.DateOf(*row.ReleasedAt, c.actor.Zone) && (first == "" || row.Attended < first) {
			seen[row.ID] = row.Attended
		}
	}
	linked, pending := map[int]int64{}, map[int]int64{}
	for id, rc := range cases {
		for _, o := range rc.Outcomes(seen[id], c.day, c.actor.Zone) {
			switch o.Result {
			case models.CaseLinked:
				linked[o.Day]++
			case models.CasePending:
				pending[o.Day]++
			}
		}
	}
	released := int64(len(cases))
	figures := []models.OwnFigure{whole("released", "", released, "")}
	for _, day := range models.Milestones {
		part := "day_" + strconv.Itoa(day)
		figures = append(figures, share("released_linked", part, linked[day], released, ""), share("released_not_yet_due", part, pending[day], released, ""))
	}
	c.add(models.CatReleaseCase, from, figures...)
	return err
}

// ownItem is an item of TDI06 in SQL, over episodes and ax, the entry assessment.
type ownItem struct{ name, applies, filled string }

// tdiItemsSQL lists the items of TDI06 and when each is asked and answered, as
// indicators.itemFilled has it; a test holds one against the other.
func (s *Store) tdiItemsSQL() []ownItem {
	coded := func(name, value string) ownItem {
		return ownItem{name, "1 = 1", value + " NOT IN ('', '99')"}
	}
	asked := func(name, member string) ownItem { return coded(name, s.assessed(member)) }
	age := func(name, member, applies string) ownItem {
		return ownItem{name, applies, s.assessed(member) + " NOT IN ('', '0')"}
	}
	return []ownItem{
		coded("centre_type", "episodes.centre_type"), coded("previous_treatment", "episodes.previous_treatment"), coded("referral_source", "episodes.referral_source"),
		{"sex", "1 = 1", "episodes.sex <> ''"}, {"age", "1 = 1", "episodes.age_at_start >= 0"},
		asked("living_with", "livingWith"), asked("children", "children"), asked("living_where", "livingWhere"), asked("labour", "labour"),
		asked("education", "education"), coded("primary_drug", "episodes.primary_drug"), coded("route", "episodes.route"), asked("frequency", "frequency"),
		age("age_first_use", "ageFirstUse", "1 = 1"), asked("polydrug", "polydrug"), asked("ost", "ostStatus"),
		age("age_first_ost", "ageFirstOst", s.assessed("ostStatus")+" IN ('2', '3')"), coded("injecting", "episodes.injecting"),
		age("age_first_injection", "ageFirstInjection", "episodes.injecting IN ('2.1', '2.2', '2.3')"),
		asked("hiv_test", "hivTest"), asked("hcv_test", "hcvTest"), asked("sharing", "sharing"),
	}
}

func (s *Store) assessed(member string) string {
	return "CAST(" + s.jsonField("ax.data", member) + " AS TEXT)"
}

// entryAssessment joins the assessment that TDI counts for an episode: the earliest of
// those that stood, in the version that was known then. Client and episode say whose it is;
// with the organisation beside them SQLite reads all of its assessments for each episode.
const entryAssessment = "LEFT JOIN entries ax ON ax.client_id = episodes.client_id AND ax.kind = 'assessment' AND ax.on_date <= @day" +
	" AND ax.episode_id = episodes.id AND ax.created_at <= @until AND ax.correction <> @struck" +
	" AND NOT EXISTS (SELECT 1 FROM entries v WHERE v.entry_id = ax.entry_id AND v.version > ax.version AND v.created_at <= @until)" +
	" AND NOT EXISTS (SELECT 1 FROM entries b WHERE b.client_id = ax.client_id AND b.kind = 'assessment' AND b.on_date <= ax.on_date" +
	" AND b.episode_id = ax.episode_id AND b.created_at <= @until AND b.correction <> @struck AND (b.on_date < ax.on_date OR b.entry_id < ax.entry_id)" +
	" AND NOT EXISTS (SELECT 1 FROM entries w WHERE w.entry_id = b.entry_id AND w.version > b.version AND w.created_at <= @until))"

// completeness tells, the worst first, which items of a TDI entry are missing from the
// structured episodes for drugs that began in the twelve months. Every one is asked, so
// that all are counted here and not entrants alone, as in TDI06.
func (c *ownCount) completeness() error {
	q, ok := c.rows(&models.Episode{}, episodeTable, models.CatDiagnosis)
	if !ok || !c.grants.Through(models.CatEpisode, models.Read, models.Own) {
		return nil
	}
	from := c.day.AddMonths(-models.OwnFiguresMonths).AddDays(1)
	items := c.store.tdiItemsSQL()
	columns, counts := make([]string, 0, 2*len(items)), make([]int64, 2*len(items))
	into := make([]any, 0, 2*len(items))
	for i, item := range items {
		columns = append(columns, "COUNT(CASE WHEN "+item.applies+" AND "+item.filled+" THEN 1 END)", "COUNT(CASE WHEN "+item.applies+" THEN 1 END)")
		into = append(into, &counts[2*i], &counts[2*i+1])
	}
	err := q.Select(strings.Join(columns, ", ")).
		Joins(entryAssessment, map[string]any{"day": c.day, "until": c.until, "struck": models.EnteredInError}).
		Where("episodes.structured = ? AND episodes.primary_drug <> '80'", true).
		Where("episodes.start_date >= ? AND episodes.start_date <= ? AND episodes.created_at <= ?", from, c.day, c.until).
		Where("(episodes.end_reason <> '11' OR episodes.closed_at > ?)", c.until).Row().Scan(into...)
	figures := make([]models.OwnFigure, len(items))
	for i, item := range items {
		figures[i] = share("items_answered", item.name, counts[2*i], counts[2*i+1], "")
	}
	slices.SortStableFunc(figures, func(a, b models.OwnFigure) int { return cmp.Compare(*b.Of-*b.Value, *a.Of-*a.Value) })
	c.add(models.CatDiagnosis, from, figures...)
	return err
}

// emergencies are the uses of emergency access that nobody has reviewed.
func (c *ownCount) emergencies() error {
	q, ok := c.rows(&models.BreakGlass{}, breakGlassTable, models.CatBreakGlass)
	if !ok {
		return nil
	}
	var n struct{ Open, Late int64 }
	err := q.Select("COUNT(*) AS open, COUNT(CASE WHEN break_glass.review_due < ? THEN 1 END) AS late", c.until).
		Where("break_glass.started_at <= ? AND (break_glass.reviewed_at IS NULL OR break_glass.reviewed_at > ?)", c.until, c.until).Scan(&n).Error
	c.add(models.CatBreakGlass, "", whole("break_glass_unreviewed", "", n.Open, ""), share("break_glass_unreviewed_past_limit", "", n.Late, n.Open, ""))
	return err
}
