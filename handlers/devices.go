package handlers

import (
	"net/http"
	"time"

	"jol/models"
	"jol/models/store"
)

type deviceRequest struct {
	User  models.UserID `json:"user" validate:"required" format:"uuid"`   // who carries it
	Label string        `json:"label" validate:"required" maxLength:"40"` // what it is called
	Days  int           `json:"days" minimum:"0" maximum:"90"`            // how long it is enrolled; 30 when left out
}

// DeviceView is a device as an administrator sees it. Token is there once, in the answer
// that enrols it; only its hash is kept.
type DeviceView struct {
	ID           string                `json:"id" cat:"user"`
	User         models.UserID         `json:"user" cat:"user" swaggertype:"string"`
	Organisation models.OrganisationID `json:"organisation" cat:"user"`
	Label        string                `json:"label" cat:"user"`
	State        string                `json:"state" cat:"user" enums:"enrolled,shut_out,expired"`
	ExpiresAt    time.Time             `json:"expiresAt" cat:"user"`
	Token        *string               `json:"token" cat:"user"`
	CreatedAt    time.Time             `json:"createdAt" cat:"user"`
	Version      int64                 `json:"version" cat:"user"`
}

func deviceView(d store.EnrolledDevice) DeviceView {
	return DeviceView{
		ID: d.ID, User: d.UserID, Organisation: d.OrganisationID, Label: d.Label, State: d.StateAt(d.Now()), ExpiresAt: d.ExpiresAt,
		Token: optional(d.Token), CreatedAt: d.CreatedAt, Version: d.Version,
	}
}

// EnrolDevice gives a user a device for field work.
//
//	@Summary		Enrol a device
//	@Description	The token is in this answer and nowhere else; a repeated request gets null. An answer that was lost: shut the device out and enrol it anew.
//	@Tags			devices
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		deviceRequest	true	"whose it is, what is written on it, and for how many days (30, at most 90)"
//	@Success		201		{object}	DeviceView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/devices [post]
func EnrolDevice(c *Call) error {
	in, err := bind[deviceRequest](&c.Exchange)
	if err != nil {
		return err
	}
	d, out, err := c.Store.EnrolDevice(c.Context, models.NewDevice{UserID: in.User, Label: in.Label, Days: in.Days})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/devices/"+d.ID, d.Version, deviceView(*d))
}

// ListDevices lists the devices of the caller's organisation, or of the country.
//
//	@Summary	Devices
//	@Tags		devices
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[DeviceView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/devices [get]
func ListDevices(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListDevices(c.Context, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, deviceView)
}

// ShutOutDevice ends a device from afar and signs its user out everywhere.
//
//	@Summary		Shut a device out
//	@Description	Needs no If-Match and can be repeated. The device is told to wipe itself; every token of its user ends.
//	@Tags			devices
//	@Security		bearer
//	@Produce		json
//	@Param			id	path		string	true	"device id"
//	@Success		200	{object}	DeviceView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/devices/{id}/shut-out [post]
func ShutOutDevice(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	d, err := c.Store.ShutOutDevice(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, deviceView(*d))
}

// DeviceStateView tells a device what to do.
type DeviceStateView struct {
	State string `json:"state" enums:"enrolled,shut_out,expired"`
	Wipe  bool   `json:"wipe"` // delete everything the device holds, now
}

// GetDeviceState answers a device by its own token, without an account: one that was shut
// out has no other token left, and must still learn that it has to wipe itself.
//
//	@Summary		State of the asking device
//	@Description	Asked with the header Device-Token. 403 device.required: no such device.
//	@Tags			devices
//	@Produce		json
//	@Param			Device-Token	header		string	false	"token of the device"
//	@Success		200				{object}	DeviceStateView
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/device-state [get]
func GetDeviceState(c *PublicCall) error {
	state, err := c.Accounts.DeviceState(c.Context, c.Header.Get("Device-Token"))
	if err != nil {
		return err
	}
	c.Reply.Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, DeviceStateView{State: state, Wipe: state == models.DeviceShutOut})
}
