package store

import (
	"jol/models"
)

// custodyTask makes a task of custody for an organisation about its own client: once for a
// subject. Its kind is of the code list task_kind, and its limit is hard.
func (t *tx) custodyTask(task models.Task) error {
	there, err := t.exists(&models.Task{}, "origin = ? AND subject_id = ? AND kind = ? AND organisation_id = ? AND client_id = ?",
		models.OriginCustody, task.SubjectID, task.Kind, task.OrganisationID, task.ClientID)
	if err != nil || there {
		return err
	}
	var episode []models.Episode
	if err := t.Select("id").Where("client_id = ? AND end_date = ''", task.ClientID).Limit(1).Find(&episode).Error; err != nil {
		return err
	}
	if len(episode) > 0 {
		task.EpisodeID = episode[0].ID
	}
	task.Origin, task.Hard, task.Basis = models.OriginCustody, true, "editorial"
	return t.addTask(newID(), &task)
}

// settleTasks ends the open tasks of a subject, or those of one kind: done, or cancelled
// because their reason has gone.
func (t *tx) settleTasks(client models.ClientID, subject, kind, state string) error {
	q := t.Where("client_id = ? AND origin = ? AND subject_id = ? AND state = ?", client, models.OriginCustody, subject, models.TaskOpen)
	if kind != "" {
		q = q.Where("kind = ?", kind)
	}
	var open []models.Task
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
