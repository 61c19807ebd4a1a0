package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenTask is a task as the session may see it.
type SeenTask struct {
	models.Task
	ClientCode string
	Overdue    bool
	Dues       []models.TaskDue // what the due time was before, where it was asked for
}

// taskRow is a task with what decides how it is shown. SuspendedFor and SuspendedAt are
// the episode's.
type taskRow struct {
	models.Task
	Code         string
	LocalNo      int
	SuspendedFor string
	SuspendedAt  *time.Time
}

// TaskFilter narrows a list of tasks; empty fields do not filter.
type TaskFilter struct {
	Due      string // overdue, today, week
	State    string // open when empty
	Step     string
	Role     models.Role
	Assignee models.UserID
	Episode  string
}

// taskQuery selects the tasks of the actor's own organisation that it may read or change.
func (s *Session) taskQuery(q *gorm.DB, verb models.Verb) *gorm.DB {
	q = q.Model(&models.Task{}).
		Select("tasks.*, tc.code, tc.local_no, COALESCE(te.suspended_for, '') AS suspended_for, te.suspended_at AS suspended_at").
		Joins("JOIN clients tc ON tc.id = tasks.client_id").
		Joins("LEFT JOIN episodes te ON te.id = tasks.episode_id")
	return s.scoped(q, taskTable, models.CatTask, verb).Where("tasks.organisation_id = ?", s.actor.OrganisationID)
}

func (s *Session) seeTask(row *taskRow) SeenTask {
	var hospital *time.Time
	if row.SuspendedFor == "hospital" {
		hospital = row.SuspendedAt
	}
	return SeenTask{Task: row.Task, ClientCode: models.CodeHandle(row.Code, row.LocalNo), Overdue: row.Overdue(s.store.now(), hospital)}
}

// ListTasks returns the organisation's tasks by due time; those without one come last.
// Days are civil days of the organisation: week is today and the six days after it.
func (s *Session) ListTasks(ctx context.Context, f TaskFilter, p Paging) (page Page[SeenTask], err error) {
	err = s.readRecords(ctx, "task.read", func(r *reading) error {
		rows, err := s.taskPage(r, f, p)
		if err != nil {
			return err
		}
		more := len(rows) > p.Limit
		if more {
			rows = rows[:p.Limit]
			page.Next = s.cursor("tasks", taskKey(&rows[p.Limit-1].Task))
		}
		page.Items = make([]SeenTask, len(rows))
		for i := range rows {
			page.Items[i] = s.seeTask(&rows[i])
			r.touched(rows[i].ID)
		}
		return nil
	})
	return page, err
}

// taskPage loads one row more than a page. Tasks with and without a due time are two
// stretches of an index, read one after the other: an order with NULLS LAST would sort.
func (s *Session) taskPage(r *reading, f TaskFilter, p Paging) (rows []taskRow, err error) {
	after, err := s.pageKey("tasks", p)
	if err != nil {
		return nil, err
	}
	dated, id := after == "", ""
	q := s.taskFilter(s.taskQuery(r.DB, models.Read), f, r.now)
	if due, rest, ok := strings.Cut(after, " "); ok {
		id = rest
		if ms, err := strconv.ParseInt(due, 10, 64); err == nil {
			dated = true
			q = q.Where("(tasks.due_at, tasks.id) > (?, ?)", time.UnixMilli(ms).UTC(), id)
		}
	}
	if dated {
		err := q.Where("tasks.due_at IS NOT NULL").Order("tasks.due_at, tasks.id").Limit(p.Limit + 1).Find(&rows).Error
		if err != nil || len(rows) > p.Limit || f.Due != "" {
			return rows, err
		}
		id = ""
	}
	var undated []taskRow
	err = s.taskFilter(s.taskQuery(r.Session(&gorm.Session{NewDB: true}), models.Read), f, r.now).
		Where("tasks.due_at IS NULL AND tasks.id > ?", id).Order("tasks.id").Limit(p.Limit + 1 - len(rows)).Find(&undated).Error
	return append(rows, undated...), err
}

func taskKey(t *models.Task) string {
	if t.DueAt == nil {
		return "- " + t.ID
	}
	return strconv.FormatInt(t.DueAt.UnixMilli(), 10) + " " + t.ID
}

// taskFilter adds the conditions of a filter. The state stands in the text, not among the
// values, because the indexes are for open tasks only.
func (s *Session) taskFilter(q *gorm.DB, f TaskFilter, now time.Time) *gorm.DB {
	if f.State == "" || f.State == models.TaskOpen {
		q = q.Where("tasks.state = 'open'")
	} else {
		q = q.Where("tasks.state = ?", f.State)
	}
	today := s.today()
	switch f.Due {
	case "overdue": // as Task.Overdue has it
		q = q.Where("tasks.due_at < ? AND (tasks.hard OR COALESCE(te.suspended_for, '') <> 'hospital' OR tasks.due_at < te.suspended_at)", now)
	case "today":
		q = q.Where("tasks.due_at >= ? AND tasks.due_at < ?", models.StartOfDay(today, s.actor.Zone), models.StartOfDay(today.AddDays(1), s.actor.Zone))
	case "week":
		q = q.Where("tasks.due_at >= ? AND tasks.due_at < ?", models.StartOfDay(today, s.actor.Zone), models.StartOfDay(today.AddDays(7), s.actor.Zone))
	}
	if f.Step != "" {
		q = q.Where("tasks.step = ?", f.Step)
	}
	if f.Role != "" {
		q = q.Where("tasks.roles LIKE ?", `%"`+string(f.Role)+`"%`) // a role checked against the list
	}
	if f.Assignee != "" {
		q = q.Where("tasks.assignee_id = ?", f.Assignee)
	}
	if f.Episode != "" {
		q = q.Where("tasks.episode_id = ?", f.Episode)
	}
	return q
}

// GetTask returns one task of the caller's own organisation and what its due time was before.
func (s *Session) GetTask(ctx context.Context, id string) (seen *SeenTask, err error) {
	err = s.readRecords(ctx, "task.read", func(r *reading) error {
		var row taskRow
		if err := found(s.taskQuery(r.DB, models.Read).Where("tasks.id = ?", id).Take(&row).Error, "task"); err != nil {
			return err
		}
		r.touched(id)
		one := s.seeTask(&row)
		seen = &one
		return r.Session(&gorm.Session{NewDB: true}).Where("task_id = ?", id).Order("version").Find(&seen.Dues).Error
	})
	return seen, err
}

// CreateTask writes down work for a client: a step of the edition that the client's open
// episode follows, or a kind of work, which needs no episode.
func (s *Session) CreateTask(ctx context.Context, handle string, n models.NewTask) (seen *SeenTask, out Outcome, err error) {
	if err := n.Check(s.store.now(), s.today()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "task.create", func(t *tx, id string, replayed bool) error {
		c, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		t.alsoTouched(string(c.ID))
		if !replayed {
			if err := t.manualTask(id, c, n); err != nil {
				return err
			}
		}
		seen, err = t.seenTask(id, models.Read)
		return err
	})
	return seen, out, err
}

func (t *tx) manualTask(id string, c *models.Client, n models.NewTask) error {
	e, err := t.openEpisodeOf(c.ID)
	if err != nil {
		return err
	}
	if err := t.checkAssignee(n.Assignee); err != nil {
		return err
	}
	task := &models.Task{ClientID: c.ID, OrganisationID: t.session.actor.OrganisationID, Kind: n.Kind}
	if e != nil {
		task.EpisodeID, task.Protocol, task.Edition = e.ID, e.Protocol, e.Edition
	}
	if n.Step != "" {
		if e == nil {
			return models.Fail(models.KindConflict, "task.no_open_episode", "A step belongs to the protocol of an open episode; the client has none here.")
		}
		p, err := t.planningFor(e)
		if err != nil {
			return err
		}
		drafts, err := p.drafts(models.PlanEvent{Steps: []string{n.Step}, Refuse: true}, p.facts)
		if err != nil {
			return err
		}
		*task = p.task(models.FirstDue(n.Step, drafts))
	}
	if due := n.Due(t.session.actor.Zone); due != nil { // the worker's own time goes before the limit's
		task.DueAt, task.LimitID, task.Anchor, task.Basis, task.Hard, task.Uncertain = due, "", "", "", false, false
	}
	task.Origin, task.AssigneeID = models.OriginManual, n.Assignee
	return t.addTask(id, task)
}

// checkAssignee holds an assignee to the organisation's own active accounts.
func (t *tx) checkAssignee(id models.UserID) error {
	if id == "" || id == t.session.actor.UserID {
		return nil
	}
	var n int64
	err := t.Model(&models.User{}).Where("id = ? AND organisation_id = ? AND active = ?", id, t.session.actor.OrganisationID, true).Count(&n).Error
	if err != nil {
		return err
	}
	var c models.Checks
	c.Require(n == 1, "/assignee", "task.assignee_unknown")
	return c.Err()
}

// seenTask loads a task inside the transaction, as the actor may see it.
func (t *tx) seenTask(id string, verb models.Verb) (*SeenTask, error) {
	row, err := t.task(id, verb)
	if err != nil {
		return nil, err
	}
	seen := t.session.seeTask(row)
	return &seen, nil
}

func (t *tx) task(id string, verb models.Verb) (*taskRow, error) {
	var row taskRow
	return &row, found(t.session.taskQuery(t.DB, verb).Where("tasks.id = ?", id).Take(&row).Error, "task")
}

// MoveTask makes one move of a task. Completing a step plans what follows it.
func (s *Session) MoveTask(ctx context.Context, id, action string, m models.TaskMove) (seen *SeenTask, err error) {
	if err := m.Check(action, s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "task."+action, func(t *tx) error {
		row, err := t.task(id, models.Change)
		if err != nil {
			return err
		}
		task := &row.Task
		if err := t.base(task.Version); err != nil {
			return err
		}
		if err := task.Do(action, m, s.actor.UserID, t.now, t.today); err != nil {
			return err
		}
		if action == "assignment" {
			if err := t.checkAssignee(m.Assignee); err != nil {
				return err
			}
		}
		t.audit(id)
		t.tell("task", id, task.OrganisationID)
		columns := []string{"state", "branch", "done_on", "reason", "assignee_id", "escalated_at", "settled_at", "settled_by", "version"}
		if err := changed(t.Model(task).Where("version = ?", s.req.Base).Select(columns).Updates(task)); err != nil {
			return err
		}
		switch action {
		case "completion":
			err = t.completed(task)
		case "escalation":
			err = t.notify(task.OrganisationID, "task_escalated", id, "")
		}
		if err != nil {
			return err
		}
		one := s.seeTask(row)
		seen = &one
		return nil
	})
	return seen, err
}

// completed plans what follows a step that was done. A question of the step is answered
// once, with the first of its tasks.
func (t *tx) completed(task *models.Task) error {
	if task.Step == "" {
		return models.NoBranch(task.Branch)
	}
	var e models.Episode
	if err := t.Where("id = ?", task.EpisodeID).Take(&e).Error; err != nil {
		return err
	}
	p, err := t.planningFor(&e)
	if err != nil {
		return err
	}
	return p.event(models.PlanEvent{Step: task.Step, Branch: task.Branch, Limit: task.LimitID, Refuse: !models.Answered(p.tasks, task)})
}
