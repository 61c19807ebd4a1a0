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

// settleCustodyTasks ends the open tasks of a subject, or those of one kind.
func (t *tx) settleCustodyTasks(client models.ClientID, subject, kind, state string) error {
	q := t.Where("client_id = ? AND origin = ? AND subject_id = ?", client, models.OriginCustody, subject)
	if kind != "" {
		q = q.Where("kind = ?", kind)
	}
	return t.settleTasks(q, state)
}

// noReleaseHere takes back what was planned for a release from a stay that ended otherwise:
// who holds the person next plans anew, and the unit must not go on preparing.
func (t *tx) noReleaseHere(spell *models.CustodySpell) error {
	if err := t.closeCase(spell.ID); err != nil {
		return err
	}
	if err := t.settleCustodyTasks(spell.ClientID, spell.ID, "unplanned_release_preparation", models.TaskCancelled); err != nil {
		return err
	}
	return t.settleTasks(t.Where("client_id = ? AND anchor IN ?", spell.ClientID, []string{"planned_release_date", "release_decision"}), models.TaskCancelled)
}
