package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"gorm.io/gorm"

	"jol/models"
)

// EnrolledDevice is a device with its token, which is shown once and kept by nobody but the device.
type EnrolledDevice struct {
	models.Device
	Token string // empty on a replay: only its hash is kept
	Now   models.Clock
}

var (
	errDeviceRequired = models.Fail(models.KindForbidden, "device.required", "The Device-Token header is not the token of a device enrolled for you.")
	errTokenBound     = models.Fail(models.KindUnauthenticated, "token.device_required", "This token was used with a device: send the token of that device in the Device-Token header, or sign in anew.")
)

// EnrolDevice gives a user of the caller's scope a device.
func (s *Session) EnrolDevice(ctx context.Context, n models.NewDevice) (d *EnrolledDevice, out Outcome, err error) {
	if err := n.Check(); err != nil {
		return nil, Outcome{}, err
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	token := "jold_" + base64.RawURLEncoding.EncodeToString(secret)
	out, err = s.create(ctx, "device.create", func(tx *tx, id string, replayed bool) error {
		d = &EnrolledDevice{Now: s.store.opt.Clock}
		if replayed {
			return found(s.scoped(tx.DB, deviceTable, models.CatUser, models.Read).Where("devices.id = ?", id).Take(&d.Device).Error, "device")
		}
		var user models.User
		err = s.scoped(tx.DB, userTable, models.CatUser, models.Change).Where("users.id = ? AND users.active = ?", n.UserID, true).Take(&user).Error
		if err != nil && !models.IsKind(found(err, "user"), models.KindNotFound) {
			return err
		}
		var c models.Checks
		c.Require(err == nil, "/user", "device.user_unknown")
		if err := c.Err(); err != nil {
			return err
		}
		d.Token = token
		d.Device = models.Device{
			ID: id, OrganisationID: user.OrganisationID, UserID: user.ID, Label: n.Label, TokenHash: tokenHash(token),
			State: models.DeviceEnrolled, ExpiresAt: tx.now.Add(n.Life()), Version: 1, CreatedAt: tx.now,
		}
		tx.alsoTouched(string(user.ID))
		return tx.Create(&d.Device).Error
	})
	return d, out, err
}

// ListDevices returns the devices an administrator manages, newest first.
func (s *Session) ListDevices(ctx context.Context, p Paging) (Page[EnrolledDevice], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.Device{}), deviceTable, models.CatUser, models.Read)
	rows, err := loadPage(s, q, "devices", "devices.id", p, func(d models.Device) string { return d.ID })
	page := Page[EnrolledDevice]{Next: rows.Next}
	for _, d := range rows.Items {
		page.Items = append(page.Items, EnrolledDevice{Device: d, Now: s.store.opt.Clock})
	}
	return page, err
}

// ShutOutDevice ends a device from afar, and with it every token of its user: whoever holds
// the device may be signed in on it. It needs no base version, because nothing may stand in
// its way, and can be repeated.
func (s *Session) ShutOutDevice(ctx context.Context, id string) (d *EnrolledDevice, err error) {
	err = s.write(ctx, "device.shut_out", func(tx *tx) error {
		d = &EnrolledDevice{Now: s.store.opt.Clock}
		if err := found(s.scoped(tx.DB, deviceTable, models.CatUser, models.Change).Where("devices.id = ?", id).Take(&d.Device).Error, "device"); err != nil {
			return err
		}
		tx.audit(id, string(d.UserID))
		before := d.Version
		if d.ShutOut() {
			if err := changed(tx.Model(&d.Device).Where("version = ?", before).Select("state", "version").Updates(&d.Device)); err != nil {
				return err
			}
		}
		return tx.Model(&tokenRow{}).Where("user_id = ? AND revoked_at IS NULL", d.UserID).Update("revoked_at", tx.now).Error
	})
	return d, err
}

// onDevice returns the id of the device a request comes from. The first use with a device
// binds the bearer token to it: whoever copies the token from the telephone cannot use it
// elsewhere, and it ends when the device does.
func (s *Store) onDevice(ctx context.Context, actor models.Actor, bearer, bound, token string) (string, error) {
	d, err := s.deviceByToken(ctx, token)
	if err == nil && (d.UserID != actor.UserID || d.OrganisationID != actor.OrganisationID) {
		err = errDeviceRequired // as for an unknown token
	}
	if err == nil {
		err = d.Usable(s.now())
	}
	switch {
	case bound != "" && (models.IsKind(err, models.KindForbidden) || err == nil && d.ID != bound):
		return "", errTokenBound
	case err != nil:
		return "", err
	case bound == "":
		err = s.bindToken(ctx, actor, bearer, d.ID)
	}
	return d.ID, err
}

// bindToken writes down that a token was used with a device. Two requests may do so at once;
// one that ended meanwhile, or was bound to another device, is not taken.
func (s *Store) bindToken(ctx context.Context, actor models.Actor, bearer, device string) error {
	return s.inTx(ctx, func(db *gorm.DB) error {
		res := db.Model(&tokenRow{}).Where("hash = ? AND device_id IN ? AND revoked_at IS NULL", tokenHash(bearer), []string{"", device}).Update("device_id", device)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return errTokenBound
		}
		event := s.For(actor, nil, Request{}).event("token.bind", "ok", s.now(), []string{device})
		return db.Create(&[]auditRow{event}).Error
	})
}

// DeviceState tells a device, by its token alone, whether it must wipe itself: a device that
// was shut out has no bearer token any more to ask with.
func (a *Accounts) DeviceState(ctx context.Context, token string) (string, error) {
	d, err := a.store.deviceByToken(ctx, token)
	if err != nil {
		return "", err
	}
	return d.StateAt(a.store.now()), nil
}

func (s *Store) deviceByToken(ctx context.Context, token string) (*models.Device, error) {
	var devices []models.Device
	if err := s.read.WithContext(ctx).Session(&gorm.Session{NewDB: true}).Where("token_hash = ?", tokenHash(token)).Find(&devices).Error; err != nil {
		return nil, err
	}
	if token == "" || len(devices) == 0 {
		return nil, errDeviceRequired
	}
	return &devices[0], nil
}
