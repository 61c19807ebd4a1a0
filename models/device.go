package models

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Device is a telephone or a tablet that one user takes into the field. Its token opens
// nothing by itself: it stands beside the bearer token, and a bearer token that stood beside
// it once is good for nothing without it.
type Device struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	UserID         UserID
	Label          string // what is written on the back of it, screened
	TokenHash      string
	State          string // enrolled, shut_out
	ExpiresAt      time.Time
	Version        int64
	CreatedAt      time.Time
}

// States of a device. That it has expired is computed when it is looked at.
const (
	DeviceEnrolled = "enrolled"
	DeviceShutOut  = "shut_out"
	DeviceExpired  = "expired"
)

// Days a device may be used without enrolling it anew (basis: editorial).
const (
	DeviceDays    = 30
	MaxDeviceDays = 90
)

// NewDevice is what an administrator enrols.
type NewDevice struct {
	UserID UserID
	Label  string
	Days   int // 0: DeviceDays
}

// Check validates a new device.
func (n NewDevice) Check() error {
	var c Checks
	c.Require(n.UserID != "", "/user", "device.user_unknown")
	c.Require(n.Days >= 0 && n.Days <= MaxDeviceDays, "/days", "device.days_out_of_range")
	c.Require(strings.TrimSpace(n.Label) != "" && utf8.RuneCountInString(n.Label) <= 40, "/label", "device.label_length")
	CheckText(&c, "/label", n.Label)
	return c.Err()
}

// Life is how long the device may be used.
func (n NewDevice) Life() time.Duration {
	days := n.Days
	if days == 0 {
		days = DeviceDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// StateAt returns the state with expiry computed.
func (d *Device) StateAt(now time.Time) string {
	if d.State == DeviceEnrolled && !now.Before(d.ExpiresAt) {
		return DeviceExpired
	}
	return d.State
}

// Usable says whether an outbox may be sent from the device now, and if not why.
func (d *Device) Usable(now time.Time) error {
	switch d.StateAt(now) {
	case DeviceShutOut:
		return Fail(KindForbidden, "device.shut_out", "This device was shut out: delete everything it holds, then hand it to your administrator.")
	case DeviceExpired:
		return Fail(KindForbidden, "device.expired", "The enrolment of this device has run out; your administrator enrols it anew. Keep the outbox.")
	}
	return nil
}

// ShutOut ends the device from afar. Shutting out twice changes nothing.
func (d *Device) ShutOut() (changed bool) {
	if d.State == DeviceShutOut {
		return false
	}
	d.State = DeviceShutOut
	d.Version++
	return true
}
