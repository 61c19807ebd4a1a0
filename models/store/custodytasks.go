package store

import (
	"time"

	"jol/models"
)

// custodyTask is a task that custody makes. Step is a code of the list custody_task, not
// a step of a protocol; the other columns are those of every task.
type custodyTask struct {
	ID             string `gorm:"primaryKey"`
	ClientID       models.ClientID
	OrganisationID models.OrganisationID
	EpisodeID      string
	Protocol       string
	Edition        string
	Step           string
	LimitID        string
	Anchor         string
	Origin         string
	SubjectID      string
	Role           string
	AssigneeID     models.UserID
	DueAt          *time.Time
	Hard           bool
	State          string
	Branch         string
	Reason         string
	SettledAt      *time.Time
	SettledBy      models.UserID
	Version        int64
	CreatedAt      time.Time
}

func (custodyTask) TableName() string { return "tasks" }

// addTask makes a task for an organisation about its own client: once for a subject.
func (t *tx) addTask(task custodyTask) error {
	there, err := t.exists(&custodyTask{}, "origin = 'custody' AND subject_id = ? AND step = ? AND organisation_id = ? AND client_id = ?", task.SubjectID, task.Step, task.OrganisationID, task.ClientID)
	if err != nil || there {
		return err
	}
	task.ID, task.Origin, task.State, task.Version, task.CreatedAt = newID(), "custody", "open", 1, t.now
	var episode []models.Episode
	if err := t.Select("id").Where("client_id = ? AND end_date = ''", task.ClientID).Limit(1).Find(&episode).Error; err != nil {
		return err
	}
	if len(episode) > 0 {
		task.EpisodeID = episode[0].ID
	}
	t.tell("task", task.ID, task.OrganisationID)
	return t.Create(&task).Error
}

// settleTasks ends the open tasks of a subject, or one of them: done, or cancelled because
// their reason has gone.
func (t *tx) settleTasks(client models.ClientID, subject, step, state string) error {
	q := t.Where("client_id = ? AND origin = 'custody' AND subject_id = ? AND state = 'open'", client, subject)
	if step != "" {
		q = q.Where("step = ?", step)
	}
	var open []custodyTask
	if err := q.Find(&open).Error; err != nil {
		return err
	}
	for i := range open {
		task := &open[i]
		task.State, task.SettledAt, task.SettledBy = state, &t.now, t.session.actor.UserID
		task.Version++
		if err := t.Model(task).Select("state", "settled_at", "settled_by", "version").Updates(task).Error; err != nil {
			return err
		}
		t.tell("task", task.ID, task.OrganisationID)
	}
	return nil
}
