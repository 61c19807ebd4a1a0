package storetest

import (
	"bytes"
	"testing"

	"jol/models"
	"jol/models/store"
)

// Who ran the former address of a webhook knows the key of that address, and of no other.
func TestDutyContact_ANewAddressHasANewKey(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		admin := c.As(models.RoleAdministrator, c.Ministry)
		d, _, err := admin.New().AddDutyContact(ctx, string(c.Clinic.ID), store.NewDutyContact{Channel: models.ChannelWebhook, Target: "https://duty.example.org/jol", Level: 1})
		must(t, err)
		was := admin.New().WebhookKey(*d)
		level, target := 2, "https://other.example.org/jol"
		d, err = admin.On(1).ChangeDutyContact(ctx, string(c.Clinic.ID), d.ID, models.DutyContactChange{Level: &level})
		must(t, err)
		if !bytes.Equal(was, admin.New().WebhookKey(*d)) {
			t.Error("the key changed without the address")
		}
		d, err = admin.On(2).ChangeDutyContact(ctx, string(c.Clinic.ID), d.ID, models.DutyContactChange{Target: &target})
		must(t, err)
		if bytes.Equal(was, admin.New().WebhookKey(*d)) {
			t.Error("the new address is signed with the key of the former")
		}
	})
}
