package store

import (
	"gorm.io/gorm"

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
	return t.preparedNoMore(spell, models.AnchorPlannedRelease, "release_decision")
}

// preparedNoMore cancels what counts from the planned release, for somebody who is free or
// whose stay ended otherwise; how it ended is the reason. What follows a release counts from it.
func (t *tx) preparedNoMore(spell *models.CustodySpell, anchors ...string) error {
	which := func() *gorm.DB {
		return t.Model(&models.Task{}).Where("client_id = ? AND state = ? AND anchor IN ?", spell.ClientID, models.TaskOpen, anchors)
	}
	if err := which().Update("reason", spell.ExitReason).Error; err != nil {
		return err
	}
	return t.settleTasks(which(), models.TaskCancelled)
}

// cancelTasksOf ends the tasks that others have only because a consent, which has ended or
// says less now, let them know of a release. What a civil society organisation was to do falls back to the health unit.
func (t *tx) cancelTasksOf(k *models.Consent) error {
	var tasks []models.Task
	err := t.Joins("JOIN release_cases rel ON rel.id = tasks.subject_id AND rel.client_id = ?", k.ClientID).
		Where("tasks.origin = ? AND tasks.state = ? AND tasks.organisation_id <> ? AND tasks.kind IN ?", models.OriginCustody, models.TaskOpen, k.OrganisationID,
			[]string{"release_ngo_contact", "release_clinic_contact"}).Order("tasks.id").Find(&tasks).Error
	if err != nil {
		return err
	}
	for i := range tasks {
		task := &tasks[i]
		if rests, err := t.restsOn(task, k); err != nil || !rests {
			if err != nil {
				return err
			}
			continue
		}
		if err := t.settleTasks(t.Where("id = ?", task.ID), models.TaskCancelled); err != nil {
			return err
		}
		if task.Kind != "release_ngo_contact" {
			continue
		}
		if err := t.custodyTask(models.Task{Kind: task.Kind, ClientID: k.ClientID, OrganisationID: k.OrganisationID, SubjectID: task.SubjectID, DueAt: task.DueAt}); err != nil {
			return err
		}
	}
	return nil
}

// restsOn reports whether an organisation had a task of a release by this consent alone: no
// consent in force lets it know, it accepted nothing, and the release did not fall to it.
func (t *tx) restsOn(task *models.Task, k *models.Consent) (bool, error) {
	var o models.Organisation
	if err := t.Where("id = ?", task.OrganisationID).Take(&o).Error; err != nil || !k.Names(o.ID, o.Kind) {
		return false, err
	}
	var given []models.Consent
	if err := t.Where("client_id = ? AND state = ?", k.ClientID, models.ConsentGiven).Find(&given).Error; err != nil {
		return false, err
	}
	for i := range given {
		if given[i].TellsRelease(&o, t.today) {
			return false, nil
		}
	}
	byDefault, err := t.exists(&models.ReleaseCase{}, "id = ? AND by_default AND receiver_id = ?", task.SubjectID, o.ID)
	if err != nil || byDefault {
		return false, err
	}
	accepted, err := t.exists(&models.Referral{}, "from_client_id = ? AND to_organisation_id = ? AND reason = ? AND to_client_id <> '' AND supervision_id = '' AND state NOT IN ?", k.ClientID, o.ID, models.ReasonRelease,
		[]string{models.ReferralCancelled, models.ReferralConsentWithdrawn})
	return !accepted || o.Kind == models.KindNGO, err
}
