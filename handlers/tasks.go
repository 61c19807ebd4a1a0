package handlers

import (
	"regexp"
	"slices"
	"time"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
)

// TaskView is a task of the caller's own organisation. Step is of the protocol edition
// that the episode is pinned to, and Title is its title; other work has a kind.
type TaskView struct {
	ID          string         `json:"id" cat:"task"`
	ClientCode  string         `json:"clientCode" cat:"task"`
	Episode     *string        `json:"episode" cat:"task"`
	Protocol    *string        `json:"protocol" cat:"task"`
	Edition     *string        `json:"edition" cat:"task"`
	Step        *string        `json:"step" cat:"task"`
	Kind        *string        `json:"kind" cat:"task"`
	Title       string         `json:"title" cat:"task"`
	DueAt       *time.Time     `json:"dueAt" cat:"task"` // null while nothing sets it
	Overdue     bool           `json:"overdue" cat:"task"`
	Hard        bool           `json:"hard" cat:"task"` // may not be passed
	Limit       *string        `json:"limit" cat:"task"`
	LimitBasis  *string        `json:"limitBasis" cat:"task"`
	Anchor      *string        `json:"anchor" cat:"task"`    // what the limit counts from
	Uncertain   bool           `json:"uncertain" cat:"task"` // holidays of a year are not known
	PausedDays  int            `json:"pausedDays" cat:"task"`
	State       string         `json:"state" cat:"task" enums:"open,done,skipped,cancelled"`
	Origin      string         `json:"origin" cat:"task" enums:"entry,branch,anchor,recurring,manual,consent,custody"`
	Roles       []models.Role  `json:"roles" cat:"task"` // who the step is for
	Assignee    *models.UserID `json:"assignee" cat:"task"`
	Branch      *string        `json:"branch" cat:"task"`
	DoneOn      *models.Date   `json:"doneOn" cat:"task"`
	Reason      *string        `json:"reason" cat:"task"`
	EscalatedAt *time.Time     `json:"escalatedAt" cat:"task"`
	SettledAt   *time.Time     `json:"settledAt" cat:"task"`
	DueBefore   []TaskDueView  `json:"dueBefore" cat:"task"` // what dueAt was before; only of a single task
	Allowed     []string       `json:"allowed" cat:"task"`
	Version     int64          `json:"version" cat:"task"`
}

// TaskDueView is a due time that a task had until it changed.
type TaskDueView struct {
	DueAt     *time.Time `json:"dueAt" cat:"task"`
	ChangedAt time.Time  `json:"changedAt" cat:"task"`
}

// titles finds the titles of steps in the editions that tasks are pinned to.
type titles struct {
	call     *Call
	lang     string
	catalogs map[string]*protocols.Catalog
}

func (c *Call) titles() (*titles, error) {
	lang, err := c.languageAmong(c.Protocols.Languages())
	return &titles{c, lang, map[string]*protocols.Catalog{}}, err
}

// of returns the title of a task. A step of an edition that cannot be read any more is
// called by its id: a task must not be lost from the list with it.
func (t *titles) of(task *models.Task) string {
	if task.Step == "" {
		return models.Label("task_kind", task.Kind)
	}
	key := task.Protocol + " " + task.Edition
	catalog, ok := t.catalogs[key]
	if !ok {
		if e, err := t.call.Editions.Find(task.Protocol, task.Edition); err == nil {
			if catalog, err = t.call.Editions.Read(t.call.Context, e); err != nil {
				catalog = nil
			}
		}
		t.catalogs[key] = catalog
	}
	if catalog != nil {
		if title, ok := catalog.StepTitle(task.Step, t.lang); ok {
			return title
		}
	}
	return task.Step
}

func (t *titles) view(s store.SeenTask) TaskView {
	v := TaskView{
		ID: s.ID, ClientCode: s.ClientCode, Episode: optional(s.EpisodeID), Protocol: optional(s.Protocol), Edition: optional(s.Edition),
		Step: optional(s.Step), Kind: optional(s.Kind), Title: t.of(&s.Task), DueAt: s.DueAt, Overdue: s.Overdue, Hard: s.Hard,
		Limit: optional(s.LimitID), LimitBasis: optional(s.Basis), Anchor: optional(s.Anchor), Uncertain: s.Uncertain, PausedDays: s.PausedDays,
		State: s.State, Origin: s.Origin, Roles: s.Roles, Assignee: optional(s.AssigneeID), Branch: optional(s.Branch), DoneOn: optional(s.DoneOn),
		Reason: optional(s.Reason), EscalatedAt: s.EscalatedAt, SettledAt: s.SettledAt, DueBefore: []TaskDueView{}, Allowed: s.Allowed(), Version: s.Version,
	}
	for _, d := range s.Dues {
		v.DueBefore = append(v.DueBefore, TaskDueView{d.DueAt, d.ChangedAt})
	}
	return v
}

// idShape is what ids and steps look like: anything else would find nothing.
var idShape = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// ListTasks lists what the organisation has to do, by due time; what has none comes last.
//
//	@Summary		Tasks
//	@Description	Open tasks of the caller's organisation. Days are civil days of the organisation; week is today and the six days after it. overdue is computed when it is read.
//	@Tags			tasks
//	@Security		bearer
//	@Produce		json
//	@Param			due				query		string	false	"when"	Enums(overdue, today, week)
//	@Param			state			query		string	false	"open when left out; the others need an episode"	Enums(open, done, skipped, cancelled)
//	@Param			step			query		string	false	"step id"
//	@Param			role			query		string	false	"role that the step is for"
//	@Param			assignee		query		string	false	"me, or a user id"
//	@Param			episode			query		string	false	"episode id"
//	@Param			lang			query		string	false	"language of the titles, before Accept-Language"
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Param			limit			query		int		false	"page size, 1 to 200"
//	@Param			cursor			query		string	false	"cursor of the page before"
//	@Success		200				{object}	Page[TaskView]
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/tasks [get]
func ListTasks(c *Call) error {
	f, err := c.taskFilter()
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	t, err := c.titles()
	if err != nil {
		return err
	}
	page, err := c.Store.ListTasks(c.Context, f, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, t.view)
}

// taskFilter reads what a list of tasks is narrowed to.
func (c *Call) taskFilter() (f store.TaskFilter, err error) {
	if f.Due, err = c.choice("due", oneOf("overdue", "today", "week")); err != nil {
		return f, err
	}
	if f.State, err = c.choice("state", oneOf(models.TaskMachine.States...)); err != nil {
		return f, err
	}
	role, err := c.choice("role", func(s string) bool { return slices.Contains(models.Roles, models.Role(s)) })
	if err != nil {
		return f, err
	}
	if f.Step, err = c.choice("step", idShape.MatchString); err != nil {
		return f, err
	}
	if f.Episode, err = c.choice("episode", idShape.MatchString); err != nil {
		return f, err
	}
	assignee, err := c.choice("assignee", idShape.MatchString)
	if err != nil {
		return f, err
	}
	f.Role, f.Assignee = models.Role(role), c.me(models.UserID(assignee))
	if f.State != "" && f.State != models.TaskOpen && f.Episode == "" {
		return f, invalid("/state", "task.state_needs_episode")
	}
	return f, nil
}

// GetTask returns one task with the due times it had before.
//
//	@Summary	One task
//	@Tags		tasks
//	@Security	bearer
//	@Produce	json
//	@Param		id				path		string	true	"task id"
//	@Param		lang			query		string	false	"language of the title, before Accept-Language"
//	@Param		Accept-Language	header		string	false	"preferred language"
//	@Success	200				{object}	TaskView
//	@Failure	default			{object}	ProblemView
//	@Router		/api/v1/tasks/{id} [get]
func GetTask(c *Call) error {
	t, err := c.titles()
	if err != nil {
		return err
	}
	task, err := c.Store.GetTask(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(task.Version, t.view(*task))
}

type taskRequest struct {
	Step     string        `json:"step" format:"slug" maxLength:"64"`       // a step of the episode's edition; or kind
	Kind     string        `json:"kind" extensions:"x-code-list=task_kind"` // what to do, where it is no step
	DueAt    *time.Time    `json:"dueAt"`                                   // when; or dueOn
	DueOn    models.Date   `json:"dueOn"`                                   // by the end of that day
	Assignee models.UserID `json:"assignee" maxLength:"200"`                // an active account of your organisation, or me
}

// CreateTask writes down work for a client.
//
//	@Summary	Add a task
//	@Tags		tasks
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string		true	"client code of your sector"
//	@Param		body	body		taskRequest	true	"a step of the edition the open episode follows, or a kind of code list task_kind; dueAt or dueOn; assignee me or a user id"
//	@Success	201		{object}	TaskView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/tasks [post]
func CreateTask(c *Call) error {
	in, err := bind[taskRequest](&c.Exchange)
	if err != nil {
		return err
	}
	t, err := c.titles()
	if err != nil {
		return err
	}
	task, out, err := c.Store.CreateTask(c.Context, c.Param("code"), models.NewTask{Step: in.Step, Kind: in.Kind, DueAt: in.DueAt, DueOn: in.DueOn, Assignee: c.me(in.Assignee)})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/tasks/"+task.ID, task.Version, t.view(*task))
}

// me lets a worker write "me" for their own id.
func (c *Call) me(id models.UserID) models.UserID {
	if id == "me" {
		return c.Actor.UserID
	}
	return id
}

// taskMoveRequest is the body of every action; each action reads its own fields and
// refuses the others.
type taskMoveRequest struct {
	Branch   string        `json:"branch" format:"slug" maxLength:"64"`              // completion: one of the step's branches; needed where the step asks a question
	On       models.Date   `json:"on"`                                               // completion: the day, today when left out
	Reason   string        `json:"reason" extensions:"x-code-list=task_skip_reason"` // skip: why; required there
	Assignee models.UserID `json:"assignee" maxLength:"200"`                         // assignment: me or a user id; empty takes it away
}

func (in taskMoveRequest) checkFields(action string) error {
	var c models.Checks
	c.Require(in.Branch == "" || action == "completion", "/branch", "body.unknown_field")
	c.Require(in.On == "" || action == "completion", "/on", "body.unknown_field")
	c.Require(in.Reason == "" || action == "skip", "/reason", "body.unknown_field")
	c.Require(in.Assignee == "" || action == "assignment", "/assignee", "body.unknown_field")
	return c.Err()
}

// MoveTask completes, skips, assigns or escalates a task.
//
//	@Summary		Move a task
//	@Description	completion (with the branch that was chosen; it plans what follows), skip (with a reason), assignment, escalation (the duty contact is told that something waits).
//	@Tags			tasks
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string			true	"task id"
//	@Param			action	path		string			true	"action"	Enums(completion, skip, assignment, escalation)
//	@Param			body	body		taskMoveRequest	false	"what the action says"
//	@Success		200		{object}	TaskView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/tasks/{id}/{action} [post]
func MoveTask(c *Call) error {
	action := c.Param("action")
	if err := models.TaskMachine.Unknown(action); err != nil {
		return err
	}
	in, err := bind[taskMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if err := in.checkFields(action); err != nil {
		return err
	}
	t, err := c.titles()
	if err != nil {
		return err
	}
	task, err := c.Store.MoveTask(c.Context, c.Param("id"), action, models.TaskMove{Branch: in.Branch, On: in.On, Reason: in.Reason, Assignee: c.me(in.Assignee)})
	if err != nil {
		return err
	}
	return c.Versioned(task.Version, t.view(*task))
}
